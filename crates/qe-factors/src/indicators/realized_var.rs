//! Realized variance: the sum of the squares of the last `period` logarithmic returns.
//!
//! A sum over the window, not a rate: it is not made annual.
//! Windowed: a NaN counts in its own return and in the next one; a price that is not above zero has no return.
//! Golden: window by window in numpy. Reference: Andersen and Bollerslev, International Economic Review 39 (1998).

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Kernel, ScaledSum, Step, blocks, boxed, log_changes, log_ratio};

/// Realized variance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RealizedVar {
    /// How many returns.
    pub period: usize,
}

impl Default for RealizedVar {
    fn default() -> Self {
        Self { period: 20 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "realized_var",
    aliases: &[],
    about: "sum of squared logarithmic returns",
    inputs: &[Input::SERIES],
    params: || vec![period(20)],
    outputs: &["realized_var"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(RealizedVar { period: args.count(0) })) },
};

impl Indicator for RealizedVar {
    fn lookback(&self) -> usize {
        self.period.max(1)
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self, first_row))
    }
}

/// The realized variance of `x`.
pub fn realized_var(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(RealizedVar { period }, 0).bulk([x], [out]);
}

/// The last value and the window.
#[derive(Debug, Clone)]
pub struct State {
    last: f64,
    window: ScaledSum,
}

keep!(State { last, window });

impl State {
    /// No rows yet; the first to come is row `first_row` of its data set.
    pub fn new(params: RealizedVar, first_row: u64) -> Self {
        Self { last: f64::NAN, window: ScaledSum::new(params.period, 1.0, first_row) }
    }

    /// Takes a row.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        let change = log_ratio(x, self.last);
        self.last = x;
        self.window.push(change * change)
    }
}

impl Step<1, 1> for State {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.push(x)]
    }

    fn bulk(&mut self, inputs: [&[f64]; 1], out: [&mut [f64]; 1]) {
        blocks(inputs, out, |[x], [out], [changes]| {
            self.last = log_changes(x, self.last, changes);
            changes.iter_mut().for_each(|r| *r *= *r);
            self.window.bulk(changes, out);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_add_up() {
        let (mut out, up) = ([0.0; 3], libm::exp(0.5));
        realized_var(&[1.0, up, 1.0], 2, &mut out);
        assert!(out[1].is_nan() && (out[2] - 0.5).abs() < 1e-15);
    }
}
