//! Weighted moving average: weights `period` for the newest value down to 1 for the oldest, divided by their sum.
//!
//! Windowed: a NaN is in every window that holds it and leaves with it. The mean is taken of what the values lie
//! above one of them, so a constant is its own mean to the bit.
//! Golden: TA-Lib `WMA`.

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Kernel, Step, Terms, WindowFold, boxed, finite};

/// The linearly weighted moving average.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wma {
    /// How many rows.
    pub period: usize,
}

impl Default for Wma {
    fn default() -> Self {
        Self { period: 20 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "wma",
    aliases: &["decay_linear"],
    about: "linearly weighted moving average",
    inputs: &[Input::SERIES],
    params: || vec![period(20)],
    outputs: &["wma"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Wma { period: args.count(0) })) },
};

impl Indicator for Wma {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period, first_row))
    }
}

/// The linearly weighted moving average of `x`, which begins at row 0.
pub fn wma(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(period, 0).bulk([x], [out]);
}

impl Terms<1, 2, 1> for Wma {
    #[inline]
    fn terms(&self, [x]: [f64; 1], [anchor]: [f64; 1], t: f64) -> [f64; 2] {
        let d = x - anchor;
        [d, d * t]
    }

    const WIDE: bool = true;

    #[inline]
    fn finish(&self, [sum, by_time]: [f64; 2], [anchor]: [f64; 1], _: [f64; 1], t: f64) -> [f64; 1] {
        let n = self.period.max(1) as f64;
        // The weight of row `s` is `s - (t - n)`.
        let weighted = by_time - (t - n) * sum;
        let weights = n * (n + 1.0) / 2.0;
        // One rounding for whole numbers, none for a constant: what the anchor misses by is 0 for the first, and all that
        // stands beside it for the second.
        let level = anchor * weights;
        let missed = anchor - level / weights;
        [finite((level + weighted) / weights + missed)]
    }
}

/// The sums of the window.
#[derive(Debug, Clone)]
pub struct State(WindowFold<Wma, 1, 2, 1>);

keep!(State(window));

impl State {
    /// No rows yet; the first to come is row `first_row` of its data set.
    pub fn new(period: usize, first_row: u64) -> Self {
        Self(WindowFold::new(Wma { period }, period, first_row))
    }

    /// Takes a row.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        self.0.push([x])[0]
    }
}

impl Step<1, 1> for State {
    #[inline]
    fn step(&mut self, row: [f64; 1]) -> [f64; 1] {
        self.0.push(row)
    }

    fn bulk(&mut self, inputs: [&[f64]; 1], out: [&mut [f64]; 1]) {
        self.0.bulk(inputs, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_weighs_most() {
        let mut out = [0.0; 5];
        wma(&[1.0, 2.0, 6.0, 0.0, 5.0], 3, &mut out);
        for (row, want) in [(2, 23.0 / 6.0), (3, 14.0 / 6.0), (4, 21.0 / 6.0)] {
            assert!((out[row] - want).abs() < 1e-14, "{out:?}");
        }
    }

    #[test]
    fn a_constant_is_its_own_mean_and_a_line_lags_by_a_third() {
        let mut out = vec![0.0; 300];
        wma(&[0.1; 300], 7, &mut out);
        assert!(out[6..].iter().all(|&v| v == 0.1));
        let line: Vec<f64> = (0..300).map(f64::from).collect();
        wma(&line, 7, &mut out);
        assert!(line.iter().zip(&out).skip(6).all(|(x, v)| (x - 2.0 - v).abs() < 1e-10));
    }
}
