//! Keltner channels: an exponential average of the close, and `mult` average true ranges above and below.
//!
//! The average of the close has `period`, seeded as `ema` (TA-Lib's); that of the true range is Wilder's of
//! `atr_period`, seeded as `atr`. All three begin together, where both averages are there.
//! A bar with a NaN gives NaN in all three, and so does the bar after a NaN close; the averages keep their state.
//! Golden: from TA-Lib's `EMA` and `ATR`. Reference: Linda Raschke's form of Keltner's channels.

use qe_core::param::Param;

use super::atr::{self, Atr};
use super::{Args, Indicator, Input, Signature, named_period, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::blocks::{Blockwise, column};
use crate::kernel::{Ema, Kernel, Step, boxed};

/// Keltner channels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Keltner {
    /// The period of the average of the close.
    pub period: usize,
    /// Wilder's period of the average true range.
    pub atr_period: usize,
    /// How many average true ranges.
    pub mult: f64,
}

impl Default for Keltner {
    fn default() -> Self {
        Self { period: 20, atr_period: 10, mult: 2.0 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "keltner",
    aliases: &[],
    about: "Keltner channels",
    inputs: &[Input::HIGH, Input::LOW, Input::CLOSE],
    params: || {
        vec![
            period(20),
            named_period("atr_period", 10),
            Param::float("mult", 0.0, 1000.0, 2.0).doc("how many average true ranges"),
        ]
    },
    outputs: &["upper", "middle", "lower"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(Keltner { period: args.count(0), atr_period: args.count(1), mult: args.number(2) }))
    },
};

impl Indicator for Keltner {
    fn lookback(&self) -> usize {
        (self.period.max(1) - 1).max(self.atr_period.max(1))
    }

    fn settle(&self, eps: f64) -> usize {
        let middle = Ema::settle(2.0 / (self.period.max(1) as f64 + 1.0), self.period, eps);
        middle.max(Atr { period: self.atr_period }.settle(eps / self.mult.max(1.0)))
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self))
    }
}

/// Keltner channels of bars.
pub fn keltner(high: &[f64], low: &[f64], close: &[f64], params: Keltner, out: [&mut [f64]; 3]) {
    State::new(params).bulk([high, low, close], out);
}

/// Both averages.
#[derive(Debug, Clone)]
pub struct State {
    middle: Ema,
    atr: atr::State,
    mult: f64,
    ranges: Vec<f64>,
}

keep!(State { middle, atr } given { mult } scratch { ranges });

impl State {
    /// No bars yet.
    pub fn new(params: Keltner) -> Self {
        let (middle, atr) = (Ema::of_period(params.period.max(1)), atr::State::new(params.atr_period));
        Self { middle, atr, mult: params.mult, ranges: column() }
    }

    /// Takes a bar: upper, middle, lower.
    #[inline]
    pub fn push(&mut self, high: f64, low: f64, close: f64) -> [f64; 3] {
        self.step([high, low, close])
    }
}

impl Blockwise<3, 3> for State {
    fn block(&mut self, [high, low, close]: [&[f64]; 3], [upper, middle, lower]: [&mut [f64]; 3]) {
        let n = upper.len();
        let (close, middle, ranges) = (&close[..n], &mut middle[..n], &mut self.ranges[..n]);
        self.atr.bulk([high, low, close], [&mut *ranges]);
        self.middle.column(close, middle);
        for (((u, m), l), range) in upper.iter_mut().zip(middle).zip(lower).zip(&*ranges) {
            let width = self.mult * range;
            (*u, *l) = (*m + width, *m - width);
            // The middle is missing where the width is.
            *m += 0.0 * width;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_even_bars_the_channel_is_as_wide_as_the_bars_say() {
        let (high, low, close) = ([11.0; 40], [9.0; 40], [10.0; 40]);
        let mut out = [[0.0; 40]; 3];
        let params = Keltner { period: 8, atr_period: 12, mult: 2.0 };
        keltner(&high, &low, &close, params, out.each_mut().map(|o| &mut o[..]));
        assert!(out.iter().all(|o| o[..12].iter().all(|v| v.is_nan())));
        assert_eq!(out.map(|o| o[39]), [14.0, 10.0, 6.0]);
    }
}
