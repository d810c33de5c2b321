//! Ehlers' relative strength index on a Laguerre filter: rises over rises and falls between its four stages, 0 to 1.
//!
//! With `g = 1 - alpha`: `l0 = alpha * x + g * l0`, and each further stage
//! `l[k] = -g * l[k-1] + old l[k-1] + g * l[k]`. All stages begin at the first value, so the
//! first row has none; it is NaN where all stages are equal. A NaN gives NaN there and leaves the stages as they are.
//! Golden: a plain loop in Python. Reference: Ehlers, Cybernetic Analysis for Stocks and Futures (2004).

use qe_core::param::Param;

use super::{Args, Indicator, Input, Signature};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Ema, Kernel, Step, boxed, finite};

/// The relative strength index on a Laguerre filter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LaguerreRsi {
    /// The weight of the newest value, 1 less Ehlers' gamma.
    pub alpha: f64,
}

impl Default for LaguerreRsi {
    fn default() -> Self {
        Self { alpha: 0.5 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "laguerre_rsi",
    aliases: &[],
    about: "relative strength index on a Laguerre filter, 0 to 1",
    inputs: &[Input::SERIES],
    params: || vec![Param::float("alpha", 0.01, 1.0, 0.5).doc("the weight of the newest value")],
    outputs: &["laguerre_rsi"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(LaguerreRsi { alpha: args.number(0) })) },
};

impl Indicator for LaguerreRsi {
    fn lookback(&self) -> usize {
        1
    }

    fn settle(&self, eps: f64) -> usize {
        1 + 6 * Ema::settle(self.alpha, 1, eps * 1e-3)
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.alpha))
    }
}

/// The relative strength index of `x` on a Laguerre filter.
pub fn laguerre_rsi(x: &[f64], alpha: f64, out: &mut [f64]) {
    State::new(alpha).bulk([x], [out]);
}

/// The four stages.
#[derive(Debug, Clone)]
pub struct State {
    alpha: f64,
    stages: Option<[f64; 4]>,
}

keep!(State { stages } given { alpha });

impl State {
    /// No values yet.
    pub fn new(alpha: f64) -> Self {
        Self { alpha, stages: None }
    }

    /// Takes a value.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        if !x.is_finite() {
            return f64::NAN;
        }
        let Some(old) = self.stages else {
            self.stages = Some([x; 4]);
            return f64::NAN;
        };
        let g = 1.0 - self.alpha;
        // As differences, so that a constant stays what it is.
        let l0 = old[0] + (x - old[0]) * self.alpha;
        let l1 = old[0] + (old[1] - l0) * g;
        let l2 = old[1] + (old[2] - l1) * g;
        let l3 = old[2] + (old[3] - l2) * g;
        if !(l0 + l1 + (l2 + l3)).is_finite() {
            return f64::NAN;
        }
        self.stages = Some([l0, l1, l2, l3]);
        let falls = [l0 - l1, l1 - l2, l2 - l3];
        let up: f64 = falls.iter().map(|d| d.max(0.0)).sum();
        let all: f64 = falls.iter().map(|d| d.abs()).sum();
        finite(up / all)
    }
}

impl Step<1, 1> for State {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.push(x)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_one_where_all_rises_and_undefined_where_nothing_moves() {
        let mut out = [0.0; 40];
        let x: Vec<f64> = (0..40).map(|i| f64::from(i * i)).collect();
        laguerre_rsi(&x, 0.5, &mut out);
        assert!(out[0].is_nan() && out[39] == 1.0);
        laguerre_rsi(&[0.1; 40], 0.3, &mut out);
        assert!(out.iter().all(|v| v.is_nan()));
    }
}
