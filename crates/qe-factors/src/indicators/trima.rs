//! Triangular moving average: weights that rise to the middle of the window and fall again. It is a simple average of
//! a simple average; their periods are both `(period + 1) / 2`, or for an even period half of it and one more.
//!
//! Windowed: a NaN is in every window that holds it and leaves with it.
//! Golden: TA-Lib `TRIMA`.

use super::{Args, Indicator, Input, Signature, period, sma};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Kernel, Step, boxed};

/// The triangular moving average.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trima {
    /// How many rows.
    pub period: usize,
}

impl Default for Trima {
    fn default() -> Self {
        Self { period: 20 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "trima",
    aliases: &[],
    about: "triangular moving average",
    inputs: &[Input::SERIES],
    params: || vec![period(20)],
    outputs: &["trima"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Trima { period: args.count(0) })) },
};

impl Indicator for Trima {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period, first_row))
    }
}

/// The triangular moving average of `x`, which begins at row 0.
pub fn trima(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(period, 0).bulk([x], [out]);
}

/// How many rows go through all steps before the next ones: they stay in cache.
const CHUNK: usize = 4096;

/// The two averages.
#[derive(Debug, Clone)]
pub struct State {
    first: sma::State,
    second: sma::State,
    once: Vec<f64>,
}

keep!(State { first, second } scratch { once });

impl State {
    /// No values yet; the first to come is row `first_row` of its data set.
    pub fn new(period: usize, first_row: u64) -> Self {
        let short = period.max(1).div_ceil(2);
        let long = period.max(1) + 1 - short;
        let [first, second] = [long, short].map(|period| sma::State::new(period, first_row));
        Self { first, second, once: Vec::new() }
    }

    /// Takes a value.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        self.second.push(self.first.push(x))
    }
}

impl Step<1, 1> for State {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.push(x)]
    }

    fn bulk(&mut self, [x]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        self.once.resize(x.len().min(CHUNK), 0.0);
        for (x, out) in x.chunks(CHUNK).zip(out.chunks_mut(CHUNK)) {
            let once = &mut self.once[..x.len()];
            self.first.bulk([x], [&mut *once]);
            self.second.bulk([&*once], [out]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_weighs_most() {
        let mut out = [0.0; 9];
        let x = [0.0, 0.0, 0.0, 0.0, 12.0, 0.0, 0.0, 0.0, 0.0];
        trima(&x, 4, &mut out);
        for (row, want) in [(3, 0.0), (4, 2.0), (5, 4.0), (6, 4.0), (7, 2.0), (8, 0.0)] {
            assert!((out[row] - want).abs() < 1e-14, "{out:?}");
        }
        assert!(out[2].is_nan());
    }

    #[test]
    fn a_constant_is_its_own_mean() {
        let mut out = vec![0.0; 200];
        trima(&[0.1; 200], 7, &mut out);
        assert!(out[6..].iter().all(|&v| v == 0.1));
    }
}
