//! Logarithmic return: `ln(x / x[lag rows ago])`.
//!
//! Windowed: a NaN gives NaN there and `lag` rows later; so does a price that is not above zero.
//! Golden: `log` and `shift` in pandas.

use qe_core::param::Param;

use super::{Args, Indicator, Input, MAX_PERIOD, Signature};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Kernel, Lag, Step, blocks, boxed, log_ratio, log_ratios};

/// The logarithmic return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogReturn {
    /// Over how many rows.
    pub lag: usize,
}

impl Default for LogReturn {
    fn default() -> Self {
        Self { lag: 1 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "log_return",
    aliases: &[],
    about: "logarithmic return over some rows",
    inputs: &[Input::SERIES],
    params: || vec![Param::int("lag", 1, MAX_PERIOD, 1).log().doc("how many rows lie between")],
    outputs: &["log_return"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(LogReturn { lag: args.count(0) })) },
};

impl Indicator for LogReturn {
    fn lookback(&self) -> usize {
        self.lag.max(1)
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self))
    }
}

/// The logarithmic return of `x` over `lag` rows.
pub fn log_return(x: &[f64], lag: usize, out: &mut [f64]) {
    State::new(LogReturn { lag }).bulk([x], [out]);
}

/// The last values.
#[derive(Debug, Clone)]
pub struct State {
    before: Lag,
}

keep!(State { before });

impl State {
    /// No rows yet.
    pub fn new(params: LogReturn) -> Self {
        Self { before: Lag::new(params.lag) }
    }

    /// Takes a row.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        log_ratio(x, self.before.push(x))
    }
}

impl Step<1, 1> for State {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.push(x)]
    }

    fn bulk(&mut self, inputs: [&[f64]; 1], out: [&mut [f64]; 1]) {
        blocks(inputs, out, |[x], [out], [before]| {
            self.before.bulk(x, before, |_, old| old);
            log_ratios(x, before, out);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubling_is_the_logarithm_of_two() {
        let mut out = [0.0; 4];
        log_return(&[1.0, 5.0, 2.0, 5.0], 2, &mut out);
        assert!(out[..2].iter().all(|v| v.is_nan()));
        assert!((out[2] - std::f64::consts::LN_2).abs() < 1e-16 && out[3] == 0.0);
    }
}
