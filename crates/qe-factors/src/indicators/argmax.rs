//! Place of the highest of the last `period` values: 0 is the oldest row of the window, `period - 1` the newest. Of
//! equal values the earliest counts. (As numpy's `argmax` of the window; some papers count from 1.)
//!
//! Windowed: a NaN is in every window that holds it and leaves with it.
//! Golden: numpy `argmax` of each window.

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::kernel::{Kernel, Step, Terms, Window, boxed, higher_at, higher_present};

/// The place of the highest value in its window, 0 the oldest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argmax {
    /// How many rows.
    pub period: usize,
}

impl Default for Argmax {
    fn default() -> Self {
        Self { period: 20 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "argmax",
    aliases: &["ts_argmax"],
    about: "place of the highest value in its window, 0 the oldest",
    inputs: &[Input::SERIES],
    params: || vec![period(20)],
    outputs: &["argmax"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Argmax { period: args.count(0) })) },
};

impl Indicator for Argmax {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period, first_row))
    }
}

/// The place of the highest value in its window, 0 the oldest of `x`, which begins at row 0.
pub fn argmax(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(period, 0).bulk([x], [out]);
}

/// The window.
pub type State = Window<Argmax, 1, 2>;

impl From<usize> for Argmax {
    fn from(period: usize) -> Self {
        Self { period }
    }
}

impl Terms<1, 2, 1> for Argmax {
    #[inline]
    fn terms(&self, [x]: [f64; 1], _: [f64; 1], t: f64) -> [f64; 2] {
        [x, t]
    }

    fn empty(&self) -> [f64; 2] {
        [f64::NEG_INFINITY, 0.0]
    }

    #[inline]
    fn join(&self, older: [f64; 2], newer: [f64; 2]) -> [f64; 2] {
        higher_at(older, newer)
    }

    const LOOKS: bool = true;

    #[inline]
    fn join_present(&self, older: [f64; 2], newer: [f64; 2]) -> [f64; 2] {
        let newer_is = newer[0] > older[0];
        [higher_present(older[0], newer[0]), if newer_is { newer[1] } else { older[1] }]
    }

    #[inline]
    fn finish(&self, [extreme, at]: [f64; 2], _: [f64; 1], _: [f64; 1], t: f64) -> [f64; 1] {
        let oldest = t - (self.period.max(1) as f64 - 1.0);
        [if extreme.is_nan() { f64::NAN } else { at - oldest }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_from_the_oldest_and_the_earliest_wins() {
        let mut out = [0.0; 5];
        argmax(&[1.0, 5.0, 2.0, 2.0, 3.0], 3, &mut out);
        assert!(out[1].is_nan());
        assert_eq!(out[2..], [1.0, 0.0, 2.0]);
        argmax(&[3.0, f64::NAN, 1.0, 1.0, 1.0], 2, &mut out);
        assert!(out[..3].iter().all(|v| v.is_nan()));
        assert_eq!(out[3..], [0.0, 0.0]);
    }
}
