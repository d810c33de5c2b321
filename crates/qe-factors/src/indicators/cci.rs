//! Commodity channel index: how far the typical price lies from its mean, in units of 0.015 mean absolute deviations.
//!
//! The typical price is `(high + low + close) / 3`. Where all typical prices of the window are one, it is 0, as in
//! TA-Lib. Means are taken of distances from the newest price, so a large common offset costs no digits. No way is
//! known to follow a mean absolute deviation in fewer steps than about one per value and row, short of trees: time
//! grows with the period.
//! Windowed: a NaN is in every window that holds it and leaves with it.
//! Golden: TA-Lib `CCI`. Reference: Lambert, Commodity Channel Index (1980).

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::kernel::blocks::{BLOCK, Blockwise, column, quotient_or_zero};
use crate::kernel::{Keep, Kernel, Step, Tape, boxed};

/// The commodity channel index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cci {
    /// How many bars.
    pub period: usize,
}

impl Default for Cci {
    fn default() -> Self {
        Self { period: 14 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "cci",
    aliases: &[],
    about: "commodity channel index",
    inputs: &[Input::HIGH, Input::LOW, Input::CLOSE],
    params: || vec![period(14)],
    outputs: &["cci"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Cci { period: args.count(0) })) },
};

impl Indicator for Cci {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period))
    }
}

/// The commodity channel index of bars.
pub fn cci(high: &[f64], low: &[f64], close: &[f64], period: usize, out: &mut [f64]) {
    State::new(period).bulk([high, low, close], [out]);
}

/// The typical prices of the window and some more.
#[derive(Debug, Clone)]
pub struct State {
    period: usize,
    prices: Vec<f64>,
    /// Where the next price goes.
    at: usize,
    means: Vec<f64>,
}

/// The prices of the window, wherever they stand.
impl Keep for State {
    fn keep(&mut self, tape: &mut Tape<'_>) {
        let Self { period, prices, at, means: _ } = self;
        let reach = *period - 1;
        prices.copy_within(*at - reach..*at, 0);
        *at = reach;
        prices[..reach].keep(tape);
    }
}

impl State {
    /// No bars yet.
    pub fn new(period: usize) -> Self {
        let period = period.max(1);
        let reach = period - 1;
        Self { period, prices: vec![f64::NAN; reach + reach.max(BLOCK)], at: reach, means: column() }
    }

    /// Takes a bar.
    #[inline]
    pub fn push(&mut self, high: f64, low: f64, close: f64) -> f64 {
        self.step([high, low, close])[0]
    }
}

impl Blockwise<3, 1> for State {
    fn block(&mut self, [high, low, close]: [&[f64]; 3], [out]: [&mut [f64]; 1]) {
        let (n, reach) = (out.len(), self.period - 1);
        if self.at + n > self.prices.len() {
            self.prices.copy_within(self.at - reach..self.at, 0);
            self.at = reach;
        }
        for (((p, h), l), c) in self.prices[self.at..][..n].iter_mut().zip(high).zip(low).zip(close) {
            *p = (h + l + c) / 3.0;
        }
        let newest = &self.prices[self.at..][..n];
        let means = &mut self.means[..n];
        means.fill(0.0);
        for age in (0..self.period).rev() {
            let older = &self.prices[self.at - age..][..n];
            for ((m, o), p) in means.iter_mut().zip(older).zip(newest) {
                *m += o - p;
            }
        }
        means.iter_mut().for_each(|m| *m /= self.period as f64);
        out.fill(0.0);
        for age in (0..self.period).rev() {
            let older = &self.prices[self.at - age..][..n];
            for (((d, o), p), m) in out.iter_mut().zip(older).zip(newest).zip(&*means) {
                *d += ((o - p) - m).abs();
            }
        }
        for (o, m) in out.iter_mut().zip(&*means) {
            // The newest price is no distance from itself, so its distance from the mean is the mean's from it.
            *o = quotient_or_zero(-m, 0.015 * (*o / self.period as f64));
        }
        self.at += n;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_is_nothing_and_an_offset_costs_no_digits() {
        let wave: Vec<f64> = (0..200).map(|i| f64::from(i * i % 37)).collect();
        let (mut out, mut far) = (vec![0.0; 200], vec![0.0; 200]);
        cci(&[0.1; 200], &[0.1; 200], &[0.1; 200], 14, &mut out);
        assert!(out[12].is_nan() && out[13..].iter().all(|v| *v == 0.0));
        cci(&wave, &wave, &wave, 14, &mut out);
        // A common offset that is a multiple of 3 leaves typical prices whole numbers.
        let shifted: Vec<f64> = wave.iter().map(|v| v + 3e8).collect();
        cci(&shifted, &shifted, &shifted, 14, &mut far);
        assert!((13..200).all(|i| (out[i] - far[i]).abs() <= 1e-9 * out[i].abs().max(1.0)));
        let (mean, x) = (wave[..14].iter().sum::<f64>() / 14.0, wave[13]);
        let deviation = wave[..14].iter().map(|v| (v - mean).abs()).sum::<f64>() / 14.0;
        assert!((out[13] - (x - mean) / (0.015 * deviation)).abs() < 1e-9);
    }
}
