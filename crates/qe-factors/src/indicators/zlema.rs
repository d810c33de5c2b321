//! Zero lag exponential moving average: the exponential average of `x + (x - x[lag rows ago])`, where
//! `lag = (period - 1) / 2`.
//!
//! Seeded with the plain mean of its first `period` values. A NaN gives NaN there and `lag` rows on, and leaves the
//! average as it is.
//! Golden: a plain loop in Python. Reference: Ehlers and Way.

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Ema, Kernel, Lag, Step, boxed};

/// The zero lag exponential moving average.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zlema {
    /// The period of the average, which gives the lag.
    pub period: usize,
}

impl Default for Zlema {
    fn default() -> Self {
        Self { period: 20 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "zlema",
    aliases: &[],
    about: "zero lag exponential moving average",
    inputs: &[Input::SERIES],
    params: || vec![period(20)],
    outputs: &["zlema"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Zlema { period: args.count(0) })) },
};

impl Indicator for Zlema {
    fn lookback(&self) -> usize {
        let period = self.period.max(1);
        (period - 1) / 2 + period - 1
    }

    fn settle(&self, eps: f64) -> usize {
        self.period / 2 + Ema::settle(2.0 / (self.period as f64 + 1.0), self.period, eps / 4.0)
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period))
    }
}

/// The zero lag exponential moving average of `x`.
pub fn zlema(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(period).bulk([x], [out]);
}

#[inline]
fn ahead(x: f64, old: f64) -> f64 {
    x + (x - old)
}

/// The last values and the average.
#[derive(Debug, Clone)]
pub struct State {
    lag: Lag,
    average: Ema,
}

keep!(State { lag, average });

impl State {
    /// No values yet.
    pub fn new(period: usize) -> Self {
        Self { lag: Lag::new((period.max(1) - 1) / 2), average: Ema::of_period(period) }
    }

    /// Takes a value.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        self.average.push(ahead(x, self.lag.push(x)))
    }
}

impl Step<1, 1> for State {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.push(x)]
    }

    fn bulk(&mut self, [x]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        self.lag.bulk(x, out, ahead);
        self.average.in_place(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_does_not_lag_behind_a_line() {
        let x: Vec<f64> = (0..500).map(f64::from).collect();
        let mut out = vec![0.0; 500];
        zlema(&x, 9, &mut out);
        assert!(out[11].is_nan() && !out[12].is_nan() && (out[499] - 499.0).abs() < 1e-9);
    }
}
