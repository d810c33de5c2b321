//! Williams %R: how far the close lies below the highest high, in percent of the window's range, below 0.
//!
//! Where the window has no range it is 0, as in TA-Lib.
//! Windowed: a NaN is in every window that holds it and leaves with it.
//! Golden: TA-Lib `WILLR`.

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::blocks::{column, quotients_or_zero};
use crate::kernel::{
    Kernel, Step, Terms, Window, WindowMax, WindowMin, boxed, finite, higher, higher_present, lower, lower_present,
};

/// Williams %R.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Willr {
    /// How many bars.
    pub period: usize,
}

impl Default for Willr {
    fn default() -> Self {
        Self { period: 14 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "willr",
    aliases: &["williams_r"],
    about: "Williams %R, -100 to 0",
    inputs: &[Input::HIGH, Input::LOW, Input::CLOSE],
    params: || vec![period(14)],
    outputs: &["willr"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Willr { period: args.count(0) })) },
};

impl Indicator for Willr {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period, first_row))
    }
}

/// Williams %R of bars.
pub fn willr(high: &[f64], low: &[f64], close: &[f64], period: usize, out: &mut [f64]) {
    State::new(period, 0).bulk([high, low, close], [out]);
}

/// Where the close lies in the range of the last so many bars.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    highest: WindowMax,
    lowest: WindowMin,
    columns: [Vec<f64>; 2],
}

keep!(Place { highest, lowest } scratch { columns });

impl Place {
    /// No bars yet.
    pub(crate) fn new(period: usize) -> Self {
        Self {
            highest: WindowMax::new(period),
            lowest: WindowMin::new(period),
            columns: std::array::from_fn(|_| column()),
        }
    }

    /// Takes at most a block: the place in percent, counted up from the low for `top` 0 and down from the high for
    /// `top` 100 and so negative; 0 where there is no range.
    #[inline]
    pub(crate) fn block(&mut self, [high, low, close]: [&[f64]; 3], top: f64, out: &mut [f64]) {
        let [highest, lowest] = self.columns.each_mut().map(|c| &mut c[..out.len()]);
        self.highest.bulk(high, highest);
        self.lowest.bulk(low, lowest);
        let (n, from) = (out.len(), if top == 0.0 { &*lowest } else { &*highest });
        let (close, from, high, low) = (&close[..n], &from[..n], &highest[..n], &lowest[..n]);
        quotients_or_zero(out, 100.0, |i| (close[i] - from[i], high[i] - low[i]));
    }
}

/// The window.
pub type State = Window<Willr, 3, 2>;

impl From<usize> for Willr {
    fn from(period: usize) -> Self {
        Self { period }
    }
}

impl Terms<3, 2, 1> for Willr {
    #[inline]
    fn terms(&self, [high, low, _]: [f64; 3], _: [f64; 3], _: f64) -> [f64; 2] {
        [high, low]
    }

    fn empty(&self) -> [f64; 2] {
        [f64::NEG_INFINITY, f64::INFINITY]
    }

    #[inline]
    fn join(&self, older: [f64; 2], newer: [f64; 2]) -> [f64; 2] {
        [higher(older[0], newer[0]), lower(older[1], newer[1])]
    }

    const LOOKS: bool = true;

    const WIDE: bool = true;

    #[inline]
    fn join_present(&self, older: [f64; 2], newer: [f64; 2]) -> [f64; 2] {
        [higher_present(older[0], newer[0]), lower_present(older[1], newer[1])]
    }

    #[inline]
    fn finish(&self, [high, low]: [f64; 2], _: [f64; 3], [_, _, close]: [f64; 3], _: f64) -> [f64; 1] {
        let (below, range) = (close - high, high - low);
        let place = finite(below / range * 100.0);
        // What is no number must not become one.
        [if range == 0.0 { (below * 0.0).abs() } else { place }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_high_is_nothing_and_the_low_is_minus_a_hundred() {
        let (high, low) = ([4.0; 4], [0.0; 4]);
        let mut out = [0.0; 4];
        willr(&high, &low, &[1.0, 4.0, 0.0, 1.0], 2, &mut out);
        assert!(out[0].is_nan());
        assert_eq!(out[1..], [0.0, -100.0, -75.0]);
        willr(&high, &high, &high, 2, &mut out);
        assert_eq!(out[1..], [0.0; 3]);
    }
}
