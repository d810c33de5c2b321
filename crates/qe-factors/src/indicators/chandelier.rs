//! Chandelier exits: `mult` average true ranges below the highest high (`long`) and above the lowest low (`short`) of
//! the last `period` bars.
//!
//! The average is Wilder's of the same period, seeded as `atr`, so both begin after `period` bars.
//! A NaN gives NaN while it is in the window; the average keeps its state.
//! Golden: rolling extremes by pandas and TA-Lib's `ATR`. Reference: Le Beau, in Elder, Come Into My Trading Room
//! (2002).

use qe_core::param::Param;

use super::atr::{self, Atr};
use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::blocks::{Blockwise, column};
use crate::kernel::{Kernel, Step, WindowMax, WindowMin, boxed};

/// Chandelier exits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chandelier {
    /// How many bars, and Wilder's period.
    pub period: usize,
    /// How many average true ranges.
    pub mult: f64,
}

impl Default for Chandelier {
    fn default() -> Self {
        Self { period: 22, mult: 3.0 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "chandelier",
    aliases: &[],
    about: "chandelier exits, stops that hang from the extreme of a window",
    inputs: &[Input::HIGH, Input::LOW, Input::CLOSE],
    params: || vec![period(22), Param::float("mult", 0.0, 1000.0, 3.0).doc("how many average true ranges")],
    outputs: &["long", "short"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(Chandelier { period: args.count(0), mult: args.number(1) }))
    },
};

impl Indicator for Chandelier {
    fn lookback(&self) -> usize {
        self.period.max(1)
    }

    fn settle(&self, eps: f64) -> usize {
        Atr { period: self.period }.settle(eps / self.mult.max(1.0))
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self))
    }
}

/// Chandelier exits of bars.
pub fn chandelier(high: &[f64], low: &[f64], close: &[f64], params: Chandelier, out: [&mut [f64]; 2]) {
    State::new(params).bulk([high, low, close], out);
}

/// The extremes and the average true range.
#[derive(Debug, Clone)]
pub struct State {
    highest: WindowMax,
    lowest: WindowMin,
    atr: atr::State,
    mult: f64,
    ranges: Vec<f64>,
}

keep!(State { highest, lowest, atr } given { mult } scratch { ranges });

impl State {
    /// No bars yet.
    pub fn new(params: Chandelier) -> Self {
        Self {
            highest: WindowMax::new(params.period),
            lowest: WindowMin::new(params.period),
            atr: atr::State::new(params.period),
            mult: params.mult,
            ranges: column(),
        }
    }

    /// Takes a bar: long, short.
    #[inline]
    pub fn push(&mut self, high: f64, low: f64, close: f64) -> [f64; 2] {
        self.step([high, low, close])
    }
}

impl Blockwise<3, 2> for State {
    fn block(&mut self, [high, low, close]: [&[f64]; 3], [long, short]: [&mut [f64]; 2]) {
        let ranges = &mut self.ranges[..long.len()];
        self.atr.bulk([high, low, close], [&mut *ranges]);
        self.highest.bulk(high, long);
        self.lowest.bulk(low, short);
        for ((l, s), range) in long.iter_mut().zip(short).zip(&*ranges) {
            (*l, *s) = (*l - self.mult * range, *s + self.mult * range);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stops_hang_from_the_extremes() {
        let (high, low, close) = ([11.0; 40], [9.0; 40], [10.0; 40]);
        let mut out = [[0.0; 40]; 2];
        chandelier(&high, &low, &close, Chandelier { period: 8, mult: 3.0 }, out.each_mut().map(|o| &mut o[..]));
        assert!(out[0][7].is_nan());
        assert_eq!(out.map(|o| o[8]), [5.0, 15.0]);
    }
}
