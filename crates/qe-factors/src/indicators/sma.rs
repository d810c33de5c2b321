//! Simple moving average: the mean of the last `period` values.
//!
//! Windowed: a NaN is in every window that holds it and leaves with it. Sums are folded from two sides, so an outlier
//! leaves no trace either, and the sum of a constant divided by the period is that constant.
//! Golden: TA-Lib `SMA`.

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::kernel::{Kernel, Step, Sum, TwoSided, boxed};

/// The simple moving average.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sma {
    /// How many values.
    pub period: usize,
}

impl Default for Sma {
    fn default() -> Self {
        Self { period: 20 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "sma",
    aliases: &["ma", "ts_mean"],
    about: "simple moving average",
    inputs: &[Input::SERIES],
    params: || vec![period(20)],
    outputs: &["sma"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Sma { period: args.count(0) })) },
};

impl Indicator for Sma {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period, first_row))
    }
}

/// The simple moving average of `x`, which begins at row 0.
pub fn sma(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(period, 0).bulk([x], [out]);
}

/// The running sum.
#[derive(Debug, Clone)]
pub struct State {
    sum: TwoSided<Sum>,
    n: f64,
}

impl State {
    /// No values yet; the first to come is row `first_row` of its data set.
    pub fn new(period: usize, first_row: u64) -> Self {
        Self { sum: TwoSided::new(Sum, period, first_row), n: period.max(1) as f64 }
    }

    /// Takes a value.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        self.sum.push(x).map_or(f64::NAN, |s| s / self.n)
    }
}

impl Step<1, 1> for State {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.push(x)]
    }

    fn bulk(&mut self, [x]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let n = x.len().min(out.len());
        self.sum.bulk(n, |i| x[i], |i, s| out[i] = s.unwrap_or(f64::NAN));
        out[..n].iter_mut().for_each(|o| *o /= self.n);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_mean_of_the_window() {
        let mut out = [0.0; 5];
        sma(&[1.0, 2.0, 6.0, 4.0, 5.0], 3, &mut out);
        assert!(out[0].is_nan() && out[1].is_nan());
        assert_eq!(out[2..], [3.0, 4.0, 5.0]);
    }

    #[test]
    fn a_constant_is_its_own_mean() {
        for period in 1..200 {
            let mut out = vec![0.0; 400];
            sma(&[5.0; 400], period, &mut out);
            assert!(out[period - 1..].iter().all(|&v| v == 5.0), "{period}");
        }
    }
}
