//! Parkinson's volatility: from highs and lows.
//!
//! `sqrt(periods_per_year * mean(ln(high / low)^2) / (4 ln 2))`. Windowed: a NaN leaves with its window.
//! Golden: window by window in numpy. Reference: Parkinson, Journal of Business 53 (1980).

use super::{Args, Indicator, Input, Signature, period, periods_per_year};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Kernel, RootMean, Step, blocks, boxed, log_ratio, log_ratios};

use std::f64::consts::LN_2;

/// Parkinson's volatility.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parkinson {
    /// How many rows.
    pub period: usize,
    /// How many rows a year has, if the result is to be annual.
    pub periods_per_year: f64,
}

impl Default for Parkinson {
    fn default() -> Self {
        Self { period: 20, periods_per_year: 1.0 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "parkinson",
    aliases: &[],
    about: "volatility from highs and lows",
    inputs: &[Input::HIGH, Input::LOW],
    params: || vec![period(20), periods_per_year()],
    outputs: &["parkinson"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(Parkinson { period: args.count(0), periods_per_year: args.number(1) }))
    },
};

impl Indicator for Parkinson {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self, first_row))
    }
}

/// Parkinson's volatility of bars.
pub fn parkinson(high: &[f64], low: &[f64], period: usize, periods_per_year: f64, out: &mut [f64]) {
    State::new(Parkinson { period, periods_per_year }, 0).bulk([high, low], [out]);
}

/// The window.
#[derive(Debug, Clone)]
pub struct State {
    window: RootMean,
}

keep!(State { window });

impl State {
    /// No bars yet; the first to come is row `first_row` of its data set.
    pub fn new(params: Parkinson, first_row: u64) -> Self {
        Self { window: RootMean::new(params.period, params.periods_per_year / (4.0 * LN_2), first_row) }
    }

    /// Takes a bar.
    #[inline]
    pub fn push(&mut self, high: f64, low: f64) -> f64 {
        let range = log_ratio(high, low);
        self.window.push(range * range)
    }
}

impl Step<2, 1> for State {
    #[inline]
    fn step(&mut self, [high, low]: [f64; 2]) -> [f64; 1] {
        [self.push(high, low)]
    }

    fn bulk(&mut self, inputs: [&[f64]; 2], out: [&mut [f64]; 1]) {
        blocks(inputs, out, |[high, low], [out], [terms]| {
            log_ratios(high, low, terms);
            terms.iter_mut().for_each(|t| *t *= *t);
            self.window.bulk(terms, out);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_one_size_is_that_size_by_a_constant() {
        let mut out = [0.0; 3];
        parkinson(&[libm::exp(0.02); 3], &[1.0; 3], 2, 4.0, &mut out);
        assert!(out[0].is_nan());
        // 0.02 * sqrt(4 / (4 ln 2))
        assert!(out[1..].iter().all(|v| (v - 0.024_022_448_175_728_997).abs() < 1e-15), "{out:?}");
    }
}
