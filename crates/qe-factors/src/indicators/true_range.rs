//! True range: the widest of high less low and the distances of both from the close before.
//!
//! Windowed over two bars; the first bar has none. A NaN gives NaN there, and at the next bar if it was the close.
//! Golden: TA-Lib `TRANGE`. Reference: Wilder, New Concepts in Technical Trading Systems (1978).

use super::{Args, Indicator, Input, Signature};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Kernel, Step, boxed};

/// The true range.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TrueRange;

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "true_range",
    aliases: &["trange"],
    about: "true range",
    inputs: &[Input::HIGH, Input::LOW, Input::CLOSE],
    params: Vec::new,
    outputs: &["true_range"],
    build: |_: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(TrueRange)) },
};

impl Indicator for TrueRange {
    fn lookback(&self) -> usize {
        1
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new())
    }
}

/// The true range of bars.
pub fn true_range(high: &[f64], low: &[f64], close: &[f64], out: &mut [f64]) {
    State::new().bulk([high, low, close], [out]);
}

/// How far a price went, the close before included; NaN if any is.
#[inline]
pub(crate) fn range_of_bar(high: f64, low: f64, last_close: f64) -> f64 {
    let (up, down) = ((high - last_close).abs(), (low - last_close).abs());
    // A comparison with NaN takes what stands behind it: what is compared last carries a NaN of any of the three.
    let range = (high - low) + 0.0 * last_close;
    let widest = if up > range { up } else { range };
    if down > widest { down } else { widest }
}

/// The true ranges of bars, the close before the first of them being `last_close`; the last close is left there.
#[inline]
pub(crate) fn true_ranges(high: &[f64], low: &[f64], close: &[f64], last_close: &mut f64, out: &mut [f64]) {
    let n = high.len().min(low.len()).min(close.len()).min(out.len());
    let Some(last) = n.checked_sub(1) else { return };
    out[0] = range_of_bar(high[0], low[0], *last_close);
    for (((o, h), l), c) in out[1..n].iter_mut().zip(&high[1..n]).zip(&low[1..n]).zip(&close[..last]) {
        *o = range_of_bar(*h, *l, *c);
    }
    *last_close = close[last];
}

/// The last close.
#[derive(Debug, Clone)]
pub struct State {
    last_close: f64,
}

keep!(State { last_close });

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}

impl State {
    /// No bars yet.
    pub fn new() -> Self {
        Self { last_close: f64::NAN }
    }

    /// Takes a bar.
    #[inline]
    pub fn push(&mut self, high: f64, low: f64, close: f64) -> f64 {
        let range = range_of_bar(high, low, self.last_close);
        self.last_close = close;
        range
    }
}

impl Step<3, 1> for State {
    #[inline]
    fn step(&mut self, [high, low, close]: [f64; 3]) -> [f64; 1] {
        [self.push(high, low, close)]
    }

    fn bulk(&mut self, [high, low, close]: [&[f64]; 3], [out]: [&mut [f64]; 1]) {
        true_ranges(high, low, close, &mut self.last_close, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_counts_on_both_sides_and_a_nan_in_any_price_is_seen() {
        assert_eq!(range_of_bar(21.0, 20.0, 10.0), 11.0);
        assert_eq!(range_of_bar(21.0, 20.0, 30.0), 10.0);
        assert_eq!(range_of_bar(21.0, 20.0, 20.5), 1.0);
        for (high, low, last) in [(f64::NAN, 1.0, 1.0), (2.0, f64::NAN, 1.0), (2.0, 1.0, f64::NAN)] {
            assert!(range_of_bar(high, low, last).is_nan());
        }
    }
}
