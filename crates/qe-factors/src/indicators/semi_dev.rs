//! Downside deviation: the root of the mean of squared falls, rises counting as 0, of logarithmic returns.
//!
//! `sqrt(periods_per_year * sum(min(r, 0)^2) / period)`, against 0, all returns counted.
//! Windowed: a NaN counts in its own return and in the next one; a price that is not above zero has no return.
//! Golden: window by window in numpy. Reference: Sortino and van der Meer, Journal of Portfolio Management 17 (1991).

use super::{Args, Indicator, Input, Signature, period, periods_per_year};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Kernel, RootMean, Step, blocks, boxed, log_changes, log_ratio};

/// Downside deviation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SemiDev {
    /// How many returns.
    pub period: usize,
    /// How many rows a year has, if the result is to be annual.
    pub periods_per_year: f64,
}

impl Default for SemiDev {
    fn default() -> Self {
        Self { period: 20, periods_per_year: 1.0 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "semi_dev",
    aliases: &[],
    about: "downside deviation of logarithmic returns",
    inputs: &[Input::SERIES],
    params: || vec![period(20), periods_per_year()],
    outputs: &["semi_dev"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(SemiDev { period: args.count(0), periods_per_year: args.number(1) }))
    },
};

impl Indicator for SemiDev {
    fn lookback(&self) -> usize {
        self.period.max(1)
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self, first_row))
    }
}

/// The downside deviation of `x`.
pub fn semi_dev(x: &[f64], period: usize, periods_per_year: f64, out: &mut [f64]) {
    State::new(SemiDev { period, periods_per_year }, 0).bulk([x], [out]);
}

/// The last value and the window.
#[derive(Debug, Clone)]
pub struct State {
    last: f64,
    window: RootMean,
}

keep!(State { last, window });

/// The square of a fall; NaN stays.
#[inline]
fn fall(change: f64) -> f64 {
    let fall = if change > 0.0 { 0.0 } else { change };
    fall * fall
}

impl State {
    /// No rows yet; the first to come is row `first_row` of its data set.
    pub fn new(params: SemiDev, first_row: u64) -> Self {
        Self { last: f64::NAN, window: RootMean::new(params.period, params.periods_per_year, first_row) }
    }

    /// Takes a row.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        let change = log_ratio(x, self.last);
        self.last = x;
        self.window.push(fall(change))
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
            changes.iter_mut().for_each(|r| *r = fall(*r));
            self.window.bulk(changes, out);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rises_count_as_nothing() {
        let (mut out, down) = ([0.0; 4], libm::exp(-0.02));
        semi_dev(&[1.0, down, 1.0, 2.0], 2, 2.0, &mut out);
        assert!((out[2] - 0.02).abs() < 1e-15 && out[3] == 0.0, "{out:?}");
    }
}
