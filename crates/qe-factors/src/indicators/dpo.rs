//! Detrended price oscillator: the value `period / 2 + 1` rows ago less the mean of the last `period` values.
//!
//! The causal form: the older value against the mean of today, never today's value against a mean that lies ahead.
//! Windowed: a NaN is in every row that reads it and leaves with it.
//! Golden: pandas `rolling` and `shift`.

use super::{Args, Indicator, Input, Signature, period, sma};
use crate::error::Result;
use crate::keep;
use crate::kernel::{BLOCK, Kernel, Lag, Step, boxed, finite};

/// The detrended price oscillator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dpo {
    /// How many values make the mean.
    pub period: usize,
}

impl Default for Dpo {
    fn default() -> Self {
        Self { period: 20 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "dpo",
    aliases: &[],
    about: "detrended price oscillator: an older value less the mean",
    inputs: &[Input::SERIES],
    params: || vec![period(20)],
    outputs: &["dpo"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Dpo { period: args.count(0) })) },
};

impl Indicator for Dpo {
    fn lookback(&self) -> usize {
        let period = self.period.max(1);
        (period - 1).max(period / 2 + 1)
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period, first_row))
    }
}

/// The detrended price oscillator of `x`.
pub fn dpo(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(period, 0).bulk([x], [out]);
}

/// The mean and the last values.
#[derive(Debug, Clone)]
pub struct State {
    mean: sma::State,
    lag: Lag,
}

keep!(State { mean, lag });

impl State {
    /// No values yet; the first to come is row `first_row` of its data set.
    pub fn new(period: usize, first_row: u64) -> Self {
        Self { mean: sma::State::new(period, first_row), lag: Lag::new(period.max(1) / 2 + 1) }
    }

    /// Takes a value.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        finite(self.lag.push(x) - self.mean.push(x))
    }
}

impl Step<1, 1> for State {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.push(x)]
    }

    fn bulk(&mut self, [x]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        self.lag.bulk(x, out, |_, old| old);
        let mut mean = [0.0; BLOCK];
        for (x, out) in x.chunks(BLOCK).zip(out.chunks_mut(BLOCK)) {
            let mean = &mut mean[..x.len()];
            self.mean.bulk([x], [&mut *mean]);
            for (o, &mut mean) in out.iter_mut().zip(mean) {
                *o = finite(*o - mean);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_a_line_it_is_how_far_the_older_value_is_from_the_middle() {
        let x: Vec<f64> = (0..30).map(f64::from).collect();
        let mut out = [0.0; 30];
        dpo(&x, 8, &mut out);
        assert!(out[6].is_nan() && out[7..].iter().all(|&v| v == -1.5));
    }
}
