//! Place of the lowest of the last `period` values: 0 is the oldest row of the window, `period - 1` the newest. Of
//! equal values the earliest counts. (As numpy's `argmin` of the window; some papers count from 1.)
//!
//! Windowed: a NaN is in every window that holds it and leaves with it.
//! Golden: numpy `argmin` of each window.

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::kernel::{self, Kernel, PlaceOf, Step, Window, boxed};

/// The place of the lowest value in its window, 0 the oldest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argmin {
    /// How many rows.
    pub period: usize,
}

impl Default for Argmin {
    fn default() -> Self {
        Self { period: 20 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "argmin",
    aliases: &["ts_argmin"],
    about: "place of the lowest value in its window, 0 the oldest",
    inputs: &[Input::SERIES],
    params: || vec![period(20)],
    outputs: &["argmin"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Argmin { period: args.count(0) })) },
};

impl Indicator for Argmin {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period, first_row))
    }
}

/// The place of the lowest value in its window, 0 the oldest of `x`, which begins at row 0.
pub fn argmin(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(period, 0).bulk([x], [out]);
}

/// The window.
pub type State = Window<PlaceOf<kernel::Min>, 1, 2>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_from_the_oldest_and_the_earliest_wins() {
        let mut out = [0.0; 5];
        argmin(&[4.0, 1.0, 2.0, 2.0, 3.0], 3, &mut out);
        assert!(out[1].is_nan());
        assert_eq!(out[2..], [1.0, 0.0, 0.0]);
        argmin(&[3.0, f64::NAN, 1.0, 1.0, 1.0], 2, &mut out);
        assert!(out[..3].iter().all(|v| v.is_nan()));
        assert_eq!(out[3..], [0.0, 0.0]);
    }
}
