//! Rogers and Satchell's volatility: from open, high, low and close, whatever the drift.
//!
//! `sqrt(periods_per_year * mean(ln(h/o) ln(h/c) + ln(l/o) ln(l/c)))`, with `ln(h/c) = ln(h/o) - ln(c/o)`.
//! Windowed: a NaN leaves with its window. Bars whose close lies outside their range may have none: NaN.
//! Golden: window by window in numpy. Reference: Rogers and Satchell, Annals of Applied Probability 1 (1991).

use super::{Args, Indicator, Input, Signature, period, periods_per_year};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Kernel, RootMean, Step, blocks, boxed, log_ratio, log_ratios};

/// Rogers and Satchell's volatility.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RogersSatchell {
    /// How many rows.
    pub period: usize,
    /// How many rows a year has, if the result is to be annual.
    pub periods_per_year: f64,
}

impl Default for RogersSatchell {
    fn default() -> Self {
        Self { period: 20, periods_per_year: 1.0 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "rogers_satchell",
    aliases: &[],
    about: "volatility from open, high, low and close, free of drift",
    inputs: &[Input::OPEN, Input::HIGH, Input::LOW, Input::CLOSE],
    params: || vec![period(20), periods_per_year()],
    outputs: &["rogers_satchell"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(RogersSatchell { period: args.count(0), periods_per_year: args.number(1) }))
    },
};

impl Indicator for RogersSatchell {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self, first_row))
    }
}

/// Rogers and Satchell's volatility of bars.
pub fn rogers_satchell(
    open: &[f64],
    high: &[f64],
    low: &[f64],
    close: &[f64],
    period: usize,
    periods_per_year: f64,
    out: &mut [f64],
) {
    State::new(RogersSatchell { period, periods_per_year }, 0).bulk([open, high, low, close], [out]);
}

/// The window.
#[derive(Debug, Clone)]
pub struct State {
    window: RootMean,
}

keep!(State { window });

/// From the logarithms of high, low and close over the open.
#[inline]
pub(crate) fn term(up: f64, down: f64, body: f64) -> f64 {
    up * (up - body) + down * (down - body)
}

impl State {
    /// No bars yet; the first to come is row `first_row` of its data set.
    pub fn new(params: RogersSatchell, first_row: u64) -> Self {
        Self { window: RootMean::new(params.period, params.periods_per_year, first_row) }
    }

    /// Takes a bar.
    #[inline]
    pub fn push(&mut self, open: f64, high: f64, low: f64, close: f64) -> f64 {
        self.window.push(term(log_ratio(high, open), log_ratio(low, open), log_ratio(close, open)))
    }
}

impl Step<4, 1> for State {
    #[inline]
    fn step(&mut self, [open, high, low, close]: [f64; 4]) -> [f64; 1] {
        [self.push(open, high, low, close)]
    }

    fn bulk(&mut self, inputs: [&[f64]; 4], out: [&mut [f64]; 1]) {
        blocks(inputs, out, |[open, high, low, close], [out], [ups, downs, bodies]| {
            log_ratios(high, open, ups);
            log_ratios(low, open, downs);
            log_ratios(close, open, bodies);
            for (i, up) in ups.iter_mut().enumerate() {
                *up = term(*up, downs[i], bodies[i]);
            }
            self.window.bulk(ups, out);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_that_only_rises_has_none() {
        let mut out = [0.0; 2];
        rogers_satchell(&[1.0; 2], &[1.01; 2], &[1.0; 2], &[1.01; 2], 1, 1.0, &mut out);
        assert_eq!(out, [0.0; 2]);
        let (high, low) = ([libm::exp(0.02); 2], [libm::exp(-0.02); 2]);
        rogers_satchell(&[1.0; 2], &high, &low, &[1.0; 2], 1, 2.0, &mut out);
        assert!(out.iter().all(|v| (v - 0.04).abs() < 1e-16), "{out:?}");
    }
}
