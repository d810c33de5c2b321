//! Exponentially weighted volatility of logarithmic returns about zero, as RiskMetrics has it.
//!
//! `v = (1 - alpha) v + alpha r^2`, `sqrt(periods_per_year * v)`; `alpha` is `1 - lambda`, 0.06 for their 0.94.
//! Begins with the first square. A NaN gives NaN there and at the next value, whose return is unknown; the average
//! keeps its state.
//! Golden: `ewm(adjust=False)` of pandas. Reference: RiskMetrics Technical Document, 4th edition (1996), section 5.2.

use qe_core::param::Param;

use super::{Args, Indicator, Input, Signature, periods_per_year};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Ema, Kernel, Step, blocks, boxed, log_changes, log_ratio};

/// Exponentially weighted volatility.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EwmVol {
    /// The weight of the newest square, `1 - lambda`.
    pub alpha: f64,
    /// How many rows a year has, if the result is to be annual.
    pub periods_per_year: f64,
}

impl Default for EwmVol {
    fn default() -> Self {
        Self { alpha: 0.06, periods_per_year: 1.0 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "ewm_vol",
    aliases: &[],
    about: "exponentially weighted volatility about zero",
    inputs: &[Input::SERIES],
    params: || {
        vec![Param::float("alpha", 1e-6, 1.0, 0.06).log().doc("the weight of the newest square"), periods_per_year()]
    },
    outputs: &["ewm_vol"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(EwmVol { alpha: args.number(0), periods_per_year: args.number(1) }))
    },
};

impl Indicator for EwmVol {
    fn lookback(&self) -> usize {
        1
    }

    fn settle(&self, eps: f64) -> usize {
        1 + Ema::settle(self.alpha, 1, eps * eps)
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self))
    }
}

/// The exponentially weighted volatility of `x`.
pub fn ewm_vol(x: &[f64], alpha: f64, periods_per_year: f64, out: &mut [f64]) {
    State::new(EwmVol { alpha, periods_per_year }).bulk([x], [out]);
}

/// The last value and the average of squares.
#[derive(Debug, Clone)]
pub struct State {
    last: f64,
    variance: Ema,
    periods_per_year: f64,
}

keep!(State { last, variance } given { periods_per_year });

/// The root; 0 for what rounding put below it.
#[inline]
fn root(x: f64) -> f64 {
    if x < 0.0 { 0.0 } else { x.sqrt() }
}

impl State {
    /// No rows yet.
    pub fn new(params: EwmVol) -> Self {
        Self { last: f64::NAN, variance: Ema::new(params.alpha, 1), periods_per_year: params.periods_per_year }
    }

    /// Takes a row.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        let change = log_ratio(x, self.last);
        self.last = x;
        root(self.variance.push(change * change) * self.periods_per_year)
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
            let scale = self.periods_per_year;
            self.variance.bulk(x.len(), |i| changes[i] * changes[i], |i, v| out[i] = root(v * scale));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shock_fades_by_the_root_of_lambda() {
        let mut out = [0.0; 12];
        let mut x = [1.0; 12];
        x[0] = libm::exp(-0.1);
        ewm_vol(&x, 0.06, 4.0, &mut out);
        assert!(out[0].is_nan() && (out[1] - 0.2).abs() < 1e-15);
        assert!((1..11).all(|i| (out[i + 1] / out[i] - 0.94_f64.sqrt()).abs() < 1e-14), "{out:?}");
    }
}
