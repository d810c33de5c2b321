//! Vertical horizontal filter: the range of the last `period` values over the sum of the last `period` steps.
//!
//! Near 1 where the series goes one way, near 0 where it only shakes; NaN where nothing moves. Windowed: a NaN is in
//! every window that reads it and leaves with it.
//! Golden: pandas `rolling`. Reference: White, Futures (1991).

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::{BLOCK, Extremes, Kernel, Step, Sum, TwoSided, boxed, finite};

/// The vertical horizontal filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vhf {
    /// How many values and how many steps.
    pub period: usize,
}

impl Default for Vhf {
    fn default() -> Self {
        Self { period: 28 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "vhf",
    aliases: &[],
    about: "vertical horizontal filter: range over the sum of steps",
    inputs: &[Input::SERIES],
    params: || vec![period(28)],
    outputs: &["vhf"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Vhf { period: args.count(0) })) },
};

impl Indicator for Vhf {
    fn lookback(&self) -> usize {
        self.period.max(1)
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period, first_row))
    }
}

/// The vertical horizontal filter of `x`.
pub fn vhf(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(period, 0).bulk([x], [out]);
}

/// The range and the steps of the window.
#[derive(Debug, Clone)]
pub struct State {
    last: f64,
    range: TwoSided<Extremes>,
    steps: TwoSided<Sum>,
}

keep!(State { last, range, steps });

impl State {
    /// No values yet; the first to come is row `first_row` of its data set.
    pub fn new(period: usize, first_row: u64) -> Self {
        let (range, steps) = (TwoSided::new(Extremes, period, first_row), TwoSided::new(Sum, period, first_row));
        Self { last: f64::NAN, range, steps }
    }

    /// Takes a value.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        let (low, high) = self.range.push(x).unwrap_or((f64::NAN, f64::NAN));
        let step = (x - std::mem::replace(&mut self.last, x)).abs();
        self.steps.push(step).map_or(f64::NAN, |steps| finite((high - low) / steps))
    }
}

impl Step<1, 1> for State {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.push(x)]
    }

    fn bulk(&mut self, [x]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let (mut step, mut sum) = ([0.0; BLOCK], [0.0; BLOCK]);
        for (x, out) in x.chunks(BLOCK).zip(out.chunks_mut(BLOCK)) {
            let n = x.len();
            let (step, sum) = (&mut step[..n], &mut sum[..n]);
            step[0] = (x[0] - self.last).abs();
            for (step, pair) in step[1..].iter_mut().zip(x.windows(2)) {
                *step = (pair[1] - pair[0]).abs();
            }
            self.last = x[n - 1];
            self.range.bulk(n, |i| x[i], |i, ends| out[i] = ends.map_or(f64::NAN, |(low, high)| high - low));
            self.steps.bulk(n, |i| step[i], |i, s| sum[i] = s.unwrap_or(f64::NAN));
            for (o, &steps) in out.iter_mut().zip(&*sum) {
                *o = finite(*o / steps);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_a_line_all_steps_but_the_oldest_make_the_range() {
        let x: Vec<f64> = (0..30).map(f64::from).collect();
        let mut out = [0.0; 30];
        vhf(&x, 5, &mut out);
        assert!(out[4].is_nan() && out[5..].iter().all(|&v| v == 0.8));
    }
}
