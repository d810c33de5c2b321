//! Average true range: Wilder's average of the true range.
//!
//! Seeded as TA-Lib is: the first value is the plain mean of the first `period` true ranges, the first bar having none.
//! A NaN gives NaN there, and at the next bar if it was the close; the average keeps its state.
//! Golden: TA-Lib `ATR`. Reference: Wilder, New Concepts in Technical Trading Systems (1978).

use super::true_range::{range_of_bar, true_ranges};
use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::blocks::FEW;
use crate::kernel::{Ema, Kernel, Step, boxed};

/// The average true range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Atr {
    /// How many true ranges the first average takes, and Wilder's period after that.
    pub period: usize,
}

impl Default for Atr {
    fn default() -> Self {
        Self { period: 14 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "atr",
    aliases: &[],
    about: "average true range",
    inputs: &[Input::HIGH, Input::LOW, Input::CLOSE],
    params: || vec![period(14)],
    outputs: &["atr"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Atr { period: args.count(0) })) },
};

impl Indicator for Atr {
    fn lookback(&self) -> usize {
        self.period.max(1)
    }

    fn settle(&self, eps: f64) -> usize {
        1 + Ema::settle(1.0 / self.period.max(1) as f64, self.period, eps)
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period))
    }
}

/// The average true range of bars.
pub fn atr(high: &[f64], low: &[f64], close: &[f64], period: usize, out: &mut [f64]) {
    State::new(period).bulk([high, low, close], [out]);
}

/// The last close and the average.
#[derive(Debug, Clone)]
pub struct State {
    last_close: f64,
    average: Ema,
    ranges: Vec<f64>,
}

keep!(State { last_close, average } scratch { ranges });

impl State {
    /// No bars yet.
    pub fn new(period: usize) -> Self {
        Self { last_close: f64::NAN, average: Ema::wilder(period), ranges: vec![f64::NAN; FEW] }
    }

    /// Takes a bar.
    #[inline]
    pub fn push(&mut self, high: f64, low: f64, close: f64) -> f64 {
        let range = range_of_bar(high, low, self.last_close);
        self.last_close = close;
        self.average.push(range)
    }

    /// Takes bars piece by piece: `work` gets the average, true ranges, closes, and room for values.
    #[inline]
    pub(crate) fn each(
        &mut self,
        [high, low, close]: [&[f64]; 3],
        out: &mut [f64],
        mut work: impl FnMut(&mut Ema, &[f64], &[f64], &mut [f64]),
    ) {
        let n = high.len().min(low.len()).min(close.len()).min(out.len());
        let mut at = 0;
        while at < n {
            // Pieces that end with a group.
            let rows = at..(at + self.average.whole(FEW)).min(n);
            at = rows.end;
            let (ranges, out, close) = (&mut self.ranges[..rows.len()], &mut out[rows.clone()], &close[rows.clone()]);
            true_ranges(&high[rows.clone()], &low[rows], close, &mut self.last_close, ranges);
            work(&mut self.average, ranges, close, out);
        }
    }
}

impl Step<3, 1> for State {
    #[inline]
    fn step(&mut self, [high, low, close]: [f64; 3]) -> [f64; 1] {
        [self.push(high, low, close)]
    }

    fn bulk(&mut self, inputs: [&[f64]; 3], [out]: [&mut [f64]; 1]) {
        self.each(inputs, out, |average, ranges, _, out| average.column(ranges, out));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_counts_and_the_first_bar_has_no_range() {
        let mut out = [0.0; 3];
        atr(&[10.0, 21.0, 21.0], &[9.0, 20.0, 20.0], &[10.0, 20.0, 20.0], 1, &mut out);
        assert!(out[0].is_nan());
        assert_eq!(out[1..], [11.0, 1.0]);
    }
}
