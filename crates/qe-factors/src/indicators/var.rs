//! Sample variance (n - 1) of the last `period` values.
//!
//! Windowed: a NaN is in every window that holds it and leaves with it. Squares are summed about a value of the
//! window, so a constant varies by exactly 0 and a common offset costs no digits. Squares that overflow (deviations
//! beyond 1e153) give NaN.
//! Golden: numpy `var(ddof=1)` of each window. TA-Lib's `VAR` is [`var_pop`](super::var_pop).

use super::{Args, Indicator, Input, Signature, period_from};
use crate::error::Result;
use crate::kernel::{Kernel, Step, Variance, Window, boxed};

/// The sample variance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Var {
    /// How many rows.
    pub period: usize,
}

impl Default for Var {
    fn default() -> Self {
        Self { period: 20 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "var",
    aliases: &["ts_var"],
    about: "sample variance",
    inputs: &[Input::SERIES],
    params: || vec![period_from(2, 20)],
    outputs: &["var"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Var { period: args.count(0) })) },
};

impl Indicator for Var {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period, first_row))
    }
}

/// The sample variance of `x`, which begins at row 0.
pub fn var(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(period, 0).bulk([x], [out]);
}

/// The window.
pub type State = Window<Variance<1, false>, 1, 2>;

#[cfg(test)]
mod tests {
    use super::*;

    use crate::kernel::testing::{offset_by_1e8, two_pass};

    #[test]
    fn it_is_the_sample_variance() {
        let mut out = [0.0; 4];
        var(&[1.0, 3.0, 5.0, 3.0], 3, &mut out);
        assert!(out[1].is_nan());
        assert_eq!(out[2], 4.0);
        assert!((out[3] - 4.0 / 3.0).abs() < 1e-15);
    }

    #[test]
    fn an_offset_costs_no_digits_and_an_outlier_leaves_no_trace() {
        offset_by_1e8(var, |w| two_pass(w, 1.0));
    }
}
