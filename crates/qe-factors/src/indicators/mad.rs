//! Mean absolute deviation of the last `period` values from their mean.
//!
//! Windowed: a NaN is in every window that holds it and leaves with it. Every row looks at its whole window: no
//! cheaper way is known that leaves no trace of what has left.
//! Golden: numpy, `mean(abs(w - mean(w)))` of each window.

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Kernel, Span, Step, boxed, finite, sum_by_fours};

/// The mean absolute deviation from the mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mad {
    /// How many rows.
    pub period: usize,
}

impl Default for Mad {
    fn default() -> Self {
        Self { period: 20 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "mad",
    aliases: &[],
    about: "mean absolute deviation from the mean",
    inputs: &[Input::SERIES],
    params: || vec![period(20)],
    outputs: &["mad"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Mad { period: args.count(0) })) },
};

impl Indicator for Mad {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period))
    }
}

/// The mean absolute deviation from the mean of `x`.
pub fn mad(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(period).bulk([x], [out]);
}

/// The window.
#[derive(Debug, Clone)]
pub struct State(Span);

keep!(State(window));

impl State {
    /// No values yet.
    pub fn new(period: usize) -> Self {
        Self(Span::new(period))
    }

    /// Takes a value.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        self.0.push(x).map_or(f64::NAN, of_window)
    }
}

#[inline]
fn of_window(w: &[f64]) -> f64 {
    let (n, first) = (w.len() as f64, w[0]);
    let mean = sum_by_fours(w, |_, x| x - first) / n;
    finite(sum_by_fours(w, |_, x| ((x - first) - mean).abs()) / n)
}

impl Step<1, 1> for State {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.push(x)]
    }

    fn bulk(&mut self, [x]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let n = x.len().min(out.len());
        self.0.bulk(&x[..n], |i, w| out[i] = w.map_or(f64::NAN, of_window));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_mean_distance_from_the_mean() {
        let mut out = [0.0; 5];
        mad(&[1.0, 2.0, 3.0, 7.0, 7.0], 3, &mut out);
        assert!(out[1].is_nan());
        assert_eq!(out[2], 2.0 / 3.0);
        assert!((out[3] - 2.0).abs() < 1e-15 && (out[4] - 16.0 / 9.0).abs() < 1e-15, "{out:?}");
    }

    #[test]
    fn an_offset_costs_no_digits() {
        use crate::kernel::testing::{above_first, mean, offset_by_1e8};
        offset_by_1e8(mad, |w| {
            let w = above_first(w);
            let m = mean(&w);
            w.iter().map(|x| (x - m).abs()).sum::<f64>() / w.len() as f64
        });
    }
}
