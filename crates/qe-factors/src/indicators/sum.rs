//! Sum of the last `period` values.
//!
//! Windowed: a NaN is in every window that holds it and leaves with it. Values are folded from two sides and never
//! subtracted, so an outlier leaves no trace. A sum that overflows is NaN.
//! Golden: TA-Lib `SUM`.

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::kernel::{Kernel, Step, Terms, Window, boxed, finite};

/// The rolling sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sum {
    /// How many rows.
    pub period: usize,
}

impl Default for Sum {
    fn default() -> Self {
        Self { period: 20 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "sum",
    aliases: &["ts_sum"],
    about: "rolling sum",
    inputs: &[Input::SERIES],
    params: || vec![period(20)],
    outputs: &["sum"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Sum { period: args.count(0) })) },
};

impl Indicator for Sum {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period, first_row))
    }
}

/// The rolling sum of `x`, which begins at row 0.
pub fn sum(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(period, 0).bulk([x], [out]);
}

/// The window.
pub type State = Window<Sum, 1, 1>;

impl From<usize> for Sum {
    fn from(period: usize) -> Self {
        Self { period }
    }
}

impl Terms<1, 1, 1> for Sum {
    #[inline]
    fn terms(&self, [x]: [f64; 1], _: [f64; 1], _: f64) -> [f64; 1] {
        [x]
    }

    const WIDE: bool = true;

    #[inline]
    fn finish(&self, [sum]: [f64; 1], _: [f64; 1], _: [f64; 1], _: f64) -> [f64; 1] {
        [finite(sum)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_sum_of_the_window() {
        let mut out = [0.0; 5];
        sum(&[1.0, 2.0, 6.0, f64::MAX, f64::MAX], 2, &mut out);
        assert!(out[0].is_nan() && out[4].is_nan());
        assert_eq!(out[1..4], [3.0, 8.0, f64::MAX]);
    }
}
