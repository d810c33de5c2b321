//! Simple moving average: the mean of the last `period` values.
//!
//! Windowed: a NaN is in every window that holds it and leaves with it. The mean is taken of what the values lie
//! above one of them, so a constant is its own mean to the bit, whatever it is. A mean whose distances overflow is
//! NaN.
//! Golden: TA-Lib `SMA`.

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::kernel::{Kernel, Step, Terms, Window, boxed, finite};

/// The simple moving average.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sma {
    /// How many rows.
    pub period: usize,
}

impl Default for Sma {
    fn default() -> Self {
        Self { period: 20 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "sma",
    aliases: &["ma", "ts_mean"],
    about: "simple moving average",
    inputs: &[Input::SERIES],
    params: || vec![period(20)],
    outputs: &["sma"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Sma { period: args.count(0) })) },
};

impl Indicator for Sma {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period, first_row))
    }
}

/// The simple moving average of `x`, which begins at row 0.
pub fn sma(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(period, 0).bulk([x], [out]);
}

/// The window.
pub type State = Window<Sma, 1, 1>;

impl From<usize> for Sma {
    fn from(period: usize) -> Self {
        Self { period }
    }
}

impl Terms<1, 1, 1> for Sma {
    const WIDE: bool = true;

    #[inline]
    fn terms(&self, [x]: [f64; 1], [anchor]: [f64; 1], _: f64) -> [f64; 1] {
        [x - anchor]
    }

    #[inline]
    fn finish(&self, [sum]: [f64; 1], [anchor]: [f64; 1], _: [f64; 1], _: f64) -> [f64; 1] {
        // One reciprocal for all rows is twice as fast as a division for each.
        [finite(anchor + sum * (1.0 / self.period.max(1) as f64))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_mean_of_the_window() {
        let mut out = [0.0; 5];
        sma(&[1.0, 2.0, 6.0, 4.0, 5.0], 3, &mut out);
        assert!(out[0].is_nan() && out[1].is_nan());
        assert_eq!(out[2..], [3.0, 4.0, 5.0]);
    }

    #[test]
    fn a_constant_is_its_own_mean() {
        for period in 1..200 {
            let mut out = vec![0.0; 400];
            sma(&[0.1; 400], period, &mut out);
            assert!(out[period - 1..].iter().all(|&v| v == 0.1), "{period}");
        }
    }
}
