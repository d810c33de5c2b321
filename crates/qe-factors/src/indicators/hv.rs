//! Historical volatility: the sample standard deviation (n - 1) of the last `period` logarithmic returns of the
//! close.
//!
//! `sqrt(periods_per_year * sum((r - mean)^2) / (period - 1))`, `r = ln(close / last close)`. Windowed, from a local
//! origin, so that neither a trend nor an outlier that has left costs digits. A NaN counts in its own return and in
//! the next one; a price that is not above zero has no return.
//! Golden: rolling `std` of numpy's logarithms, window by window.

use super::{Args, Indicator, Input, Signature, period_from, periods_per_year};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Kernel, Moments, Part, Step, TwoSided, blocks, boxed, log_changes, log_ratio};

/// Close-to-close volatility.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hv {
    /// How many returns, at least 2.
    pub period: usize,
    /// How many rows a year has, if the result is to be annual.
    pub periods_per_year: f64,
}

impl Default for Hv {
    fn default() -> Self {
        Self { period: 20, periods_per_year: 1.0 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "hv",
    aliases: &[],
    about: "close-to-close volatility",
    inputs: &[Input::SERIES],
    params: || vec![period_from(2, 20), periods_per_year()],
    outputs: &["hv"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(Hv { period: args.count(0), periods_per_year: args.number(1) }))
    },
};

impl Indicator for Hv {
    fn lookback(&self) -> usize {
        self.period.max(1)
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self, first_row))
    }
}

/// The volatility of the logarithmic returns of `x`.
pub fn hv(x: &[f64], period: usize, periods_per_year: f64, out: &mut [f64]) {
    State::new(Hv { period, periods_per_year }, 0).bulk([x], [out]);
}

/// The last close and the window.
#[derive(Debug, Clone)]
pub struct State {
    last: f64,
    window: TwoSided<Moments>,
    periods_per_year: f64,
}

keep!(State { last, window } given { periods_per_year });

impl State {
    /// No closes yet; the first to come is row `first_row` of its data set.
    pub fn new(params: Hv, first_row: u64) -> Self {
        let window = TwoSided::new(Moments, params.period, first_row);
        Self { last: f64::NAN, window, periods_per_year: params.periods_per_year }
    }

    /// Takes a close.
    #[inline]
    pub fn push(&mut self, close: f64) -> f64 {
        let change = log_ratio(close, self.last);
        self.last = close;
        let scale = self.periods_per_year;
        self.window.push(change).map_or(f64::NAN, |p| (p.variance() * scale).sqrt())
    }
}

impl Step<1, 1> for State {
    #[inline]
    fn step(&mut self, [close]: [f64; 1]) -> [f64; 1] {
        [self.push(close)]
    }

    fn bulk(&mut self, inputs: [&[f64]; 1], out: [&mut [f64]; 1]) {
        let scale = self.periods_per_year;
        blocks(inputs, out, |[close], [out], [changes]| {
            self.last = log_changes(close, self.last, changes);
            let emit = |i: usize, p: Option<Part>| out[i] = p.map_or(f64::NAN, |p| p.variance());
            self.window.bulk(close.len(), |i| changes[i], emit);
            out.iter_mut().for_each(|o| *o = (*o * scale).sqrt());
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_returns_of_one_size_and_opposite_sign() {
        let (mut out, up) = ([0.0; 4], libm::exp(0.01));
        hv(&[1.0, up, 1.0, up], 2, 252.0, &mut out);
        assert!(out[0].is_nan() && out[1].is_nan());
        let want = (2.0 * 0.01_f64.powi(2) * 252.0).sqrt();
        assert!(out[2..].iter().all(|v| (v - want).abs() < 1e-13), "{out:?}");
    }

    #[test]
    fn a_steady_rise_has_none_and_a_high_price_costs_no_digits() {
        let steady: Vec<f64> = (0..40).map(|i| libm::exp(f64::from(i) * 0.5)).collect();
        let mut out = vec![0.0; 40];
        hv(&steady, 20, 1.0, &mut out);
        assert!(out[20..].iter().all(|v| *v < 1e-15), "{out:?}");
        // A hundred million and a little: the returns are about 1e-8, and as exact as the prices.
        let x: Vec<f64> =
            (0..200).map(|i: i32| 1e8 + libm::floor(1e3 * libm::sin(f64::from(i * i))) / 1024.0).collect();
        let mut out = vec![0.0; 200];
        hv(&x, 20, 1.0, &mut out);
        let r: Vec<f64> = x.windows(2).map(|w| libm::log1p((w[1] - w[0]) / w[0])).collect();
        for i in 20..200 {
            let w = &r[i - 20..i];
            let mean = w.iter().sum::<f64>() / 20.0;
            let want = (w.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 19.0).sqrt();
            assert!((out[i] - want).abs() <= 1e-9 * want, "{i}: {} {want}", out[i]);
        }
    }
}
