//! Sample standard deviation (n - 1) of the last `period` values.
//!
//! Windowed: a NaN is in every window that holds it and leaves with it. Squares are summed about a value of the
//! window, so a constant deviates by exactly 0 and a common offset costs no digits. Squares that overflow (deviations
//! beyond 1e153) give NaN.
//! Golden: numpy `std(ddof=1)` of each window. TA-Lib's `STDDEV` is [`std_pop`](super::std_pop).

use super::{Args, Indicator, Input, Signature, period_from};
use crate::error::Result;
use crate::kernel::{Kernel, Step, Variance, Window, boxed};

/// The sample standard deviation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Std {
    /// How many rows.
    pub period: usize,
}

impl Default for Std {
    fn default() -> Self {
        Self { period: 20 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "std",
    aliases: &["ts_std", "stddev"],
    about: "sample standard deviation",
    inputs: &[Input::SERIES],
    params: || vec![period_from(2, 20)],
    outputs: &["std"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Std { period: args.count(0) })) },
};

impl Indicator for Std {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period, first_row))
    }
}

/// The sample standard deviation of `x`, which begins at row 0.
pub fn std(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(period, 0).bulk([x], [out]);
}

/// The window.
pub type State = Window<Variance<1, true>, 1, 2>;

#[cfg(test)]
mod tests {
    use super::*;

    use crate::kernel::testing::{offset_by_1e8, two_pass};

    #[test]
    fn it_is_the_sample_deviation() {
        let mut out = [0.0; 4];
        std(&[1.0, 3.0, 3.0, 3.0], 2, &mut out);
        assert!(out[0].is_nan());
        assert_eq!(out[1..], [2.0_f64.sqrt(), 0.0, 0.0]);
    }

    #[test]
    fn an_offset_costs_no_digits_and_an_outlier_leaves_no_trace() {
        offset_by_1e8(std, |w| two_pass(w, 1.0).sqrt());
    }
}
