//! Bipower variation: `pi / 2` times the sum of products of neighbouring absolute logarithmic returns.
//!
//! Over the same `period` returns as [`super::realized_var`], so `period - 1` products: what is left of it without
//! jumps. A sum over the window, without a factor for its length, not made annual. Windowed: a NaN counts in its own
//! return and in the next one; a price that is not above zero has no return.
//! Golden: window by window in numpy. Reference: Barndorff-Nielsen and Shephard, Journal of Financial Econometrics 2
//! (2004).

use super::{Args, Indicator, Input, Signature, period_from};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Kernel, ScaledSum, Step, blocks, boxed, log_changes, log_ratio};

use std::f64::consts::FRAC_PI_2;

/// Bipower variation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bipower {
    /// How many returns, at least 2.
    pub period: usize,
}

impl Default for Bipower {
    fn default() -> Self {
        Self { period: 20 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "bipower",
    aliases: &[],
    about: "bipower variation of logarithmic returns",
    inputs: &[Input::SERIES],
    params: || vec![period_from(2, 20)],
    outputs: &["bipower"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Bipower { period: args.count(0) })) },
};

impl Indicator for Bipower {
    fn lookback(&self) -> usize {
        self.period.max(2)
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self, first_row))
    }
}

/// The bipower variation of `x`.
pub fn bipower(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(Bipower { period }, 0).bulk([x], [out]);
}

/// The last value, the last return and the window.
#[derive(Debug, Clone)]
pub struct State {
    last: f64,
    last_change: f64,
    window: ScaledSum,
}

keep!(State { last, last_change, window });

impl State {
    /// No rows yet; the first to come is row `first_row` of its data set.
    pub fn new(params: Bipower, first_row: u64) -> Self {
        Self {
            last: f64::NAN,
            last_change: f64::NAN,
            window: ScaledSum::new(params.period.max(2) - 1, FRAC_PI_2, first_row),
        }
    }

    /// Takes a row.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        let change = log_ratio(x, self.last);
        let product = (change * self.last_change).abs();
        (self.last, self.last_change) = (x, change);
        self.window.push(product)
    }
}

impl Step<1, 1> for State {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.push(x)]
    }

    fn bulk(&mut self, inputs: [&[f64]; 1], out: [&mut [f64]; 1]) {
        blocks(inputs, out, |[x], [out], [changes, products]| {
            self.last = log_changes(x, self.last, changes);
            let n = x.len();
            products[0] = (changes[0] * self.last_change).abs();
            for i in 1..n {
                products[i] = (changes[i] * changes[i - 1]).abs();
            }
            self.last_change = changes[n - 1];
            self.window.bulk(products, out);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_between_quiet_rows_leaves_nothing() {
        let mut out = [0.0; 6];
        bipower(&[1.0, 1.0, 2.0, 2.0, 4.0, 8.0], 2, &mut out);
        assert!(out[1].is_nan());
        assert_eq!(out[2..5], [0.0; 3]);
        assert!((out[5] - FRAC_PI_2 * 0.480_453_013_918_201_4).abs() < 1e-15);
    }
}
