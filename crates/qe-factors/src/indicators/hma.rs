//! Hull's moving average: a weighted average, over the root of the period, of twice the weighted average of half the
//! period less that of all of it. Halves and roots are rounded down.
//!
//! Windowed: a NaN is in every window that holds it and leaves with it.
//! Golden: the definition in numpy, weighted averages by dot products. Reference: Alan Hull (2005).

use super::{Args, Indicator, Input, Signature, period, wma};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Kernel, Step, boxed};

/// The Hull's moving average.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hma {
    /// How many rows.
    pub period: usize,
}

impl Default for Hma {
    fn default() -> Self {
        Self { period: 16 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "hma",
    aliases: &[],
    about: "Hull's moving average",
    inputs: &[Input::SERIES],
    params: || vec![period(16)],
    outputs: &["hma"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Hma { period: args.count(0) })) },
};

impl Indicator for Hma {
    fn lookback(&self) -> usize {
        self.period.max(1) + self.period.max(1).isqrt() - 2
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period, first_row))
    }
}

/// The Hull's moving average of `x`, which begins at row 0.
pub fn hma(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(period, 0).bulk([x], [out]);
}

/// How many rows go through all steps before the next ones: they stay in cache.
const CHUNK: usize = 4096;

/// The three averages.
#[derive(Debug, Clone)]
pub struct State {
    half: wma::State,
    whole: wma::State,
    last: wma::State,
    halves: Vec<f64>,
    wholes: Vec<f64>,
}

keep!(State { half, whole, last } scratch { halves, wholes });

impl State {
    /// No values yet; the first to come is row `first_row` of its data set.
    pub fn new(period: usize, first_row: u64) -> Self {
        Self {
            half: wma::State::new(period / 2, first_row),
            whole: wma::State::new(period, first_row),
            last: wma::State::new(period.isqrt(), first_row),
            halves: Vec::new(),
            wholes: Vec::new(),
        }
    }

    /// Takes a value.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        let (half, whole) = (self.half.push(x), self.whole.push(x));
        self.last.push(2.0 * half - whole)
    }
}

impl Step<1, 1> for State {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.push(x)]
    }

    fn bulk(&mut self, [x]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        self.halves.resize(x.len().min(CHUNK), 0.0);
        self.wholes.resize(x.len().min(CHUNK), 0.0);
        for (x, out) in x.chunks(CHUNK).zip(out.chunks_mut(CHUNK)) {
            let (half, whole) = (&mut self.halves[..x.len()], &mut self.wholes[..x.len()]);
            self.half.bulk([x], [&mut *half]);
            self.whole.bulk([x], [&mut *whole]);
            for (half, whole) in half.iter_mut().zip(whole) {
                *half = 2.0 * *half - *whole;
            }
            self.last.bulk([&*half], [out]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_a_line_it_hardly_lags() {
        let line: Vec<f64> = (0..200).map(f64::from).collect();
        let mut out = vec![0.0; 200];
        hma(&line, 16, &mut out);
        // A weighted average of period n lags a line by (n - 1) / 3: twice 7 / 3 less 5, and 1 more.
        let lag = 14.0 / 3.0 - 5.0 + 1.0;
        assert!((18..200).all(|i| (out[i] - (line[i] - lag)).abs() < 1e-10) && out[17].is_nan());
    }
}
