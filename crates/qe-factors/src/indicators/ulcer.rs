//! Ulcer index: the root of the mean of squared drawdowns in percent.
//!
//! Each drawdown is from the highest of the last `period` rows, and the mean is of the last `period` drawdowns, so a
//! value looks back over `2 * period - 1` rows. Windowed: a NaN leaves once both windows have passed it.
//! Golden: rolling maximum and mean by pandas. Reference: Martin and McCann, The Investor's Guide to Fidelity Funds
//! (1989).

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Kernel, RootMean, Step, blocks, boxed};

use super::drawdown;

/// The ulcer index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ulcer {
    /// How many rows, for the highest and for the mean.
    pub period: usize,
}

impl Default for Ulcer {
    fn default() -> Self {
        Self { period: 14 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "ulcer",
    aliases: &[],
    about: "ulcer index, in percent",
    inputs: &[Input::SERIES],
    params: || vec![period(14)],
    outputs: &["ulcer"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Ulcer { period: args.count(0) })) },
};

impl Indicator for Ulcer {
    fn lookback(&self) -> usize {
        2 * (self.period.max(1) - 1)
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self, first_row))
    }
}

/// The ulcer index of `x`.
pub fn ulcer(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(Ulcer { period }, 0).bulk([x], [out]);
}

/// The drawdowns and their mean.
#[derive(Debug, Clone)]
pub struct State {
    drawdown: drawdown::State,
    mean: RootMean,
}

keep!(State { drawdown, mean });

impl State {
    /// No rows yet; the first to come is row `first_row` of its data set.
    pub fn new(params: Ulcer, first_row: u64) -> Self {
        let drawdown = drawdown::State::new(drawdown::Drawdown { period: params.period }, first_row);
        Self { drawdown, mean: RootMean::new(params.period, 10_000.0, first_row) }
    }

    /// Takes a row.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        let below = self.drawdown.push(x);
        self.mean.push(below * below)
    }
}

impl Step<1, 1> for State {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.push(x)]
    }

    fn bulk(&mut self, inputs: [&[f64]; 1], out: [&mut [f64]; 1]) {
        blocks(inputs, out, |[x], [out], [falls]| {
            self.drawdown.bulk([x], [&mut *falls]);
            falls.iter_mut().for_each(|f| *f *= *f);
            self.mean.bulk(falls, out);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fall_by_a_tenth_that_stays() {
        let mut out = [0.0; 4];
        ulcer(&[10.0, 9.0, 10.0, 8.0], 2, &mut out);
        assert!(out[..2].iter().all(|v| v.is_nan()));
        assert!((out[2] - 50.0_f64.sqrt()).abs() < 1e-13 && (out[3] - 200.0_f64.sqrt()).abs() < 1e-13, "{out:?}");
    }
}
