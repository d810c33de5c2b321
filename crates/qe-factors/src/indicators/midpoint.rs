//! Midpoint of the last `period` values: half the sum of the highest and the lowest.
//!
//! Windowed: a NaN is in every window that holds it and leaves with it.
//! Golden: TA-Lib `MIDPOINT`.

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::kernel::{Kernel, Step, Terms, Window, boxed, finite, higher, higher_present, lower, lower_present};

/// The midpoint of the highest and the lowest value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Midpoint {
    /// How many rows.
    pub period: usize,
}

impl Default for Midpoint {
    fn default() -> Self {
        Self { period: 14 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "midpoint",
    aliases: &[],
    about: "midpoint of the highest and the lowest value",
    inputs: &[Input::SERIES],
    params: || vec![period(14)],
    outputs: &["midpoint"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Midpoint { period: args.count(0) })) },
};

impl Indicator for Midpoint {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period, first_row))
    }
}

/// The midpoint of the highest and the lowest value of `x`, which begins at row 0.
pub fn midpoint(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(period, 0).bulk([x], [out]);
}

/// The window.
pub type State = Window<Midpoint, 1, 2>;

impl From<usize> for Midpoint {
    fn from(period: usize) -> Self {
        Self { period }
    }
}

impl Terms<1, 2, 1> for Midpoint {
    #[inline]
    fn terms(&self, [x]: [f64; 1], _: [f64; 1], _: f64) -> [f64; 2] {
        [x, x]
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
    fn finish(&self, [high, low]: [f64; 2], _: [f64; 1], _: [f64; 1], _: f64) -> [f64; 1] {
        [finite((high + low) / 2.0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lies_between_the_extremes() {
        let mut out = [0.0; 4];
        midpoint(&[1.0, 5.0, 2.0, 3.0], 2, &mut out);
        assert!(out[0].is_nan());
        assert_eq!(out[1..], [3.0, 3.5, 2.5]);
    }
}
