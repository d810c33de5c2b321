//! Normalised average true range: `100 * atr / close`.
//!
//! Seeded as `atr`, and so as TA-Lib is. A close of 0 gives 0, as in TA-Lib. For a period of 1 TA-Lib gives the true
//! range itself, not in percent of anything; ours is in percent there too.
//! A NaN gives NaN there, and at the next bar if it was the close; the average keeps its state.
//! Golden: TA-Lib `NATR`.

use super::atr::{self, Atr};
use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::kernel::blocks::{BLOCK, in_blocks, quotient_or_zero, quotients_or_zero};
use crate::kernel::{Kernel, Step, boxed};

/// The average true range in percent of the close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Natr {
    /// How many true ranges the first average takes, and Wilder's period after that.
    pub period: usize,
}

impl Default for Natr {
    fn default() -> Self {
        Self { period: 14 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "natr",
    aliases: &[],
    about: "average true range in percent of the close",
    inputs: &[Input::HIGH, Input::LOW, Input::CLOSE],
    params: || vec![period(14)],
    outputs: &["natr"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Natr { period: args.count(0) })) },
};

impl Indicator for Natr {
    fn lookback(&self) -> usize {
        self.period.max(1)
    }

    fn settle(&self, eps: f64) -> usize {
        Atr { period: self.period }.settle(eps)
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period))
    }
}

/// The average true range in percent of the close of bars.
pub fn natr(high: &[f64], low: &[f64], close: &[f64], period: usize, out: &mut [f64]) {
    State::new(period).bulk([high, low, close], [out]);
}

/// The average true range.
#[derive(Debug, Clone)]
pub struct State {
    atr: atr::State,
    ranges: Vec<f64>,
}

impl State {
    /// No bars yet.
    pub fn new(period: usize) -> Self {
        Self { atr: atr::State::new(period), ranges: vec![f64::NAN; BLOCK] }
    }

    /// Takes a bar.
    #[inline]
    pub fn push(&mut self, high: f64, low: f64, close: f64) -> f64 {
        quotient_or_zero(self.atr.push(high, low, close), close) * 100.0
    }
}

impl Step<3, 1> for State {
    #[inline]
    fn step(&mut self, [high, low, close]: [f64; 3]) -> [f64; 1] {
        [self.push(high, low, close)]
    }

    fn bulk(&mut self, inputs: [&[f64]; 3], out: [&mut [f64]; 1]) {
        in_blocks(inputs, out, |[high, low, close], [out]| {
            let ranges = &mut self.ranges[..out.len()];
            self.atr.bulk([high, low, close], [&mut *ranges]);
            quotients_or_zero(out, 100.0, |i| (ranges[i], close[i]));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_in_percent_and_a_close_of_nothing_gives_nothing() {
        let mut out = [0.0; 3];
        natr(&[10.0, 10.0, 1.0], &[9.0, 9.0, -1.0], &[10.0, 10.0, 0.0], 1, &mut out);
        assert_eq!(out[1..], [10.0, 0.0]);
    }
}
