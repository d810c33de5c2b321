//! Normalised average true range: `100 * atr / close`.
//!
//! Seeded as `atr`, and so as TA-Lib is. A close of 0 gives 0, as in TA-Lib. For a period of 1 TA-Lib gives the true
//! range itself, not in percent of anything; ours is in percent there too.
//! A NaN gives NaN there, and at the next bar if it was the close; the average keeps its state.
//! Golden: TA-Lib `NATR`.

use super::atr::{self, Atr};
use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::blocks::quotient_or_zero;
use crate::kernel::{GROUP, Kernel, Made, Step, boxed};

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
pub struct State(atr::State);

keep!(State(range));

impl State {
    /// No bars yet.
    pub fn new(period: usize) -> Self {
        Self(atr::State::new(period))
    }

    /// Takes a bar.
    #[inline]
    pub fn push(&mut self, high: f64, low: f64, close: f64) -> f64 {
        percent(self.0.push(high, low, close), close)
    }
}

#[inline]
fn percent(average: f64, close: f64) -> f64 {
    quotient_or_zero(average, close) * 100.0
}

/// Averages in percent of closes, made beside the averages.
struct OfClose<'a>(&'a [f64]);

impl Made for OfClose<'_> {
    #[inline(always)]
    fn group(&mut self, at: usize, _: &[f64; GROUP], averages: [f64; GROUP]) -> ([f64; GROUP], [f64; GROUP]) {
        let close = &self.0[at..at + GROUP];
        let shares: [f64; GROUP] = std::array::from_fn(|k| averages[k] / close[k]);
        // A close of 0 gives no number, and the rows come again.
        (shares.map(|share| share * 100.0), shares)
    }

    #[inline(always)]
    fn one(&mut self, at: usize, _: f64, average: f64) -> f64 {
        percent(average, self.0[at])
    }
}

impl Step<3, 1> for State {
    #[inline]
    fn step(&mut self, [high, low, close]: [f64; 3]) -> [f64; 1] {
        [self.push(high, low, close)]
    }

    fn bulk(&mut self, inputs: [&[f64]; 3], [out]: [&mut [f64]; 1]) {
        self.0.each(inputs, out, |average, ranges, close, out| average.column_with(ranges, out, &mut OfClose(close)));
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
