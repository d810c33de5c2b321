//! Triple exponential moving average: `3 * e1 - 3 * e2 + e3`, each the average of the one before.
//!
//! Each average is seeded as TA-Lib does, with the plain mean of the first `period` values that it is given.
//! A NaN gives NaN there and leaves the averages as they are.
//! Golden: TA-Lib `TEMA`. Reference: Mulloy, Technical Analysis of Stocks and Commodities 12 (1994).

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Chain, Ema, Kernel, Step, boxed};

/// The triple exponential moving average.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tema {
    /// The period of each average.
    pub period: usize,
}

impl Default for Tema {
    fn default() -> Self {
        Self { period: 20 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "tema",
    aliases: &[],
    about: "triple exponential moving average",
    inputs: &[Input::SERIES],
    params: || vec![period(20)],
    outputs: &["tema"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Tema { period: args.count(0) })) },
};

impl Indicator for Tema {
    fn lookback(&self) -> usize {
        3 * (self.period.max(1) - 1)
    }

    fn settle(&self, eps: f64) -> usize {
        3 * Ema::settle(2.0 / (self.period as f64 + 1.0), self.period, eps / 8.0)
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period))
    }
}

/// The triple exponential moving average of `x`.
pub fn tema(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(period).bulk([x], [out]);
}

/// The averages, each of the one before.
#[derive(Debug, Clone)]
pub struct State(Chain<3, 0>);

keep!(State(chain));

impl State {
    /// No values yet.
    pub fn new(period: usize) -> Self {
        Self(Chain::new(period, [3.0, -3.0, 1.0]))
    }

    /// Takes a value.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        self.0.push(x)
    }
}

impl Step<1, 1> for State {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.push(x)]
    }

    fn bulk(&mut self, [x]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        self.0.column(x, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_does_not_lag_behind_a_line() {
        let x: Vec<f64> = (0..500).map(f64::from).collect();
        let mut out = vec![0.0; 500];
        tema(&x, 9, &mut out);
        assert!(out[23].is_nan() && !out[24].is_nan());
        assert!((out[499] - 499.0).abs() < 1e-9, "{}", out[499]);
    }
}
