//! Supertrend: a band of `mult` average true ranges below the middle of bars while the trend is up, above it while it
//! is down.
//!
//! The lower band rises with `(high + low) / 2 - mult * atr` and falls only after a close below it; the upper one is
//! its mirror. The trend turns down when the close is below the lower band and up when it is above the upper one; it
//! begins up. `direction` is 1 or -1, `line` the band that counts. The average is Wilder's, seeded as `atr`.
//! A bar with a NaN gives NaN, and so does the bar after a NaN close; bands and trend stay as they were. What came
//! before the first row may matter forever: `settle` has no bound.
//! Golden: a loop in Python written from the definition, over TA-Lib's `ATR`.

use qe_core::param::Param;

use super::atr;
use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::blocks::{column, in_blocks};
use crate::kernel::{Kernel, Step, boxed};

/// The supertrend.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Supertrend {
    /// Wilder's period of the average true range.
    pub period: usize,
    /// How many average true ranges.
    pub mult: f64,
}

impl Default for Supertrend {
    fn default() -> Self {
        Self { period: 10, mult: 3.0 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "supertrend",
    aliases: &[],
    about: "trailing bands of average true range around the middle of bars",
    inputs: &[Input::HIGH, Input::LOW, Input::CLOSE],
    params: || vec![period(10), Param::float("mult", 0.0, 1000.0, 3.0).doc("how many average true ranges")],
    outputs: &["line", "direction", "upper", "lower"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(Supertrend { period: args.count(0), mult: args.number(1) }))
    },
};

impl Indicator for Supertrend {
    fn lookback(&self) -> usize {
        self.period.max(1)
    }

    fn settle(&self, _: f64) -> usize {
        usize::MAX
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self))
    }
}

/// The supertrend of bars.
pub fn supertrend(high: &[f64], low: &[f64], close: &[f64], params: Supertrend, out: [&mut [f64]; 4]) {
    State::new(params).bulk([high, low, close], out);
}

/// The average true range, the bands and the trend.
#[derive(Debug, Clone)]
pub struct State {
    atr: atr::State,
    ranges: Vec<f64>,
    bands: Bands,
}

keep!(State { atr, bands } scratch { ranges });

/// The bands and the trend.
#[derive(Debug, Clone)]
struct Bands {
    mult: f64,
    upper: f64,
    lower: f64,
    last_close: f64,
    is_up: bool,
}

keep!(Bands { upper, lower, last_close, is_up } given { mult });

impl Bands {
    #[inline]
    fn push(&mut self, high: f64, low: f64, close: f64, atr: f64) -> [f64; 4] {
        let (middle, width) = ((high + low) / 2.0, self.mult * atr);
        let (upper, lower) = (middle + width, middle - width);
        if !(upper + lower + close).is_finite() {
            return [f64::NAN; 4];
        }
        // A band that is not there yet gives way: comparisons with NaN are false.
        let stays_above = upper >= self.upper && self.last_close <= self.upper;
        let stays_below = lower <= self.lower && self.last_close >= self.lower;
        self.upper = if stays_above { self.upper } else { upper };
        self.lower = if stays_below { self.lower } else { lower };
        self.last_close = close;
        self.is_up = if self.is_up { close >= self.lower } else { close > self.upper };
        let (line, direction) = if self.is_up { (self.lower, 1.0) } else { (self.upper, -1.0) };
        [line, direction, self.upper, self.lower]
    }
}

impl State {
    /// No bars yet.
    pub fn new(params: Supertrend) -> Self {
        let (upper, lower, last_close) = (f64::NAN, f64::NAN, f64::NAN);
        let bands = Bands { mult: params.mult, upper, lower, last_close, is_up: true };
        Self { atr: atr::State::new(params.period), ranges: column(), bands }
    }

    /// Takes a bar: line, direction, upper and lower band.
    #[inline]
    pub fn push(&mut self, high: f64, low: f64, close: f64) -> [f64; 4] {
        let atr = self.atr.push(high, low, close);
        self.bands.push(high, low, close, atr)
    }
}

impl Step<3, 4> for State {
    #[inline]
    fn step(&mut self, [high, low, close]: [f64; 3]) -> [f64; 4] {
        self.push(high, low, close)
    }

    fn bulk(&mut self, inputs: [&[f64]; 3], out: [&mut [f64]; 4]) {
        in_blocks(inputs, out, |[high, low, close], [line, direction, upper, lower]| {
            let ranges = &mut self.ranges[..line.len()];
            self.atr.bulk([high, low, close], [&mut *ranges]);
            for i in 0..line.len() {
                [line[i], direction[i], upper[i], lower[i]] = self.bands.push(high[i], low[i], close[i], ranges[i]);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_close_in_and_a_close_beyond_turns_the_trend() {
        let close = [10.0, 10.0, 12.0, 12.0, 4.0, 4.0];
        let (high, low) = (close.map(|c| c + 1.0), close.map(|c| c - 1.0));
        let mut out = [[0.0; 6]; 4];
        supertrend(&high, &low, &close, Supertrend { period: 1, mult: 1.0 }, out.each_mut().map(|o| &mut o[..]));
        // True ranges are 2, 3, 2, 9 and 2.
        assert_eq!(out[1][1..], [1.0, 1.0, 1.0, -1.0, -1.0]);
        assert_eq!(out[3][1..5], [8.0, 9.0, 10.0, 10.0]);
        assert_eq!(out[0][4..], [12.0, 6.0]);
    }
}
