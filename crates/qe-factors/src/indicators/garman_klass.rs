//! Garman and Klass's volatility: from highs and lows, less what the move from open to close explains.
//!
//! `sqrt(periods_per_year * mean(ln(high / low)^2 / 2 - (2 ln 2 - 1) ln(close / open)^2))`, their practical form.
//! Windowed: a NaN leaves with its window. Bars whose close lies outside their range may have none: NaN.
//! Golden: window by window in numpy. Reference: Garman and Klass, Journal of Business 53 (1980).

use super::{Args, Indicator, Input, Signature, period, periods_per_year};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Kernel, RootMean, Step, blocks, boxed, log_ratio, log_ratios};

use std::f64::consts::LN_2;

/// Garman and Klass's volatility.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GarmanKlass {
    /// How many rows.
    pub period: usize,
    /// How many rows a year has, if the result is to be annual.
    pub periods_per_year: f64,
}

impl Default for GarmanKlass {
    fn default() -> Self {
        Self { period: 20, periods_per_year: 1.0 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "garman_klass",
    aliases: &[],
    about: "volatility from open, high, low and close",
    inputs: &[Input::OPEN, Input::HIGH, Input::LOW, Input::CLOSE],
    params: || vec![period(20), periods_per_year()],
    outputs: &["garman_klass"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(GarmanKlass { period: args.count(0), periods_per_year: args.number(1) }))
    },
};

impl Indicator for GarmanKlass {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self, first_row))
    }
}

/// Garman and Klass's volatility of bars.
pub fn garman_klass(
    open: &[f64],
    high: &[f64],
    low: &[f64],
    close: &[f64],
    period: usize,
    periods_per_year: f64,
    out: &mut [f64],
) {
    State::new(GarmanKlass { period, periods_per_year }, 0).bulk([open, high, low, close], [out]);
}

/// The window.
#[derive(Debug, Clone)]
pub struct State {
    window: RootMean,
}

keep!(State { window });

#[inline]
fn term(range: f64, body: f64) -> f64 {
    0.5 * (range * range) - (2.0 * LN_2 - 1.0) * (body * body)
}

impl State {
    /// No bars yet; the first to come is row `first_row` of its data set.
    pub fn new(params: GarmanKlass, first_row: u64) -> Self {
        Self { window: RootMean::new(params.period, params.periods_per_year, first_row) }
    }

    /// Takes a bar.
    #[inline]
    pub fn push(&mut self, open: f64, high: f64, low: f64, close: f64) -> f64 {
        self.window.push(term(log_ratio(high, low), log_ratio(close, open)))
    }
}

impl Step<4, 1> for State {
    #[inline]
    fn step(&mut self, [open, high, low, close]: [f64; 4]) -> [f64; 1] {
        [self.push(open, high, low, close)]
    }

    fn bulk(&mut self, inputs: [&[f64]; 4], out: [&mut [f64]; 1]) {
        blocks(inputs, out, |[open, high, low, close], [out], [ranges, bodies]| {
            log_ratios(high, low, ranges);
            log_ratios(close, open, bodies);
            ranges.iter_mut().zip(bodies).for_each(|(range, body)| *range = term(*range, *body));
            self.window.bulk(ranges, out);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_that_closes_where_it_opened_counts_by_its_range() {
        let (mut out, high) = ([0.0; 2], [libm::exp(0.02); 2]);
        garman_klass(&[1.0; 2], &high, &[1.0; 2], &[1.0; 2], 1, 2.0, &mut out);
        assert!(out.iter().all(|v| (v - 0.02).abs() < 1e-16), "{out:?}");
    }
}
