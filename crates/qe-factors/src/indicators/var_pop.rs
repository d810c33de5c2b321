//! Population variance (n) of the last `period` values.
//!
//! Windowed: a NaN is in every window that holds it and leaves with it. Squares are summed about a value of the
//! window, so a constant varies by exactly 0 and a common offset costs no digits. Squares that overflow (deviations
//! beyond 1e153) give NaN.
//! Golden: TA-Lib `VAR`.

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::kernel::{Kernel, Step, Variance, Window, boxed};

/// The population variance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VarPop {
    /// How many rows.
    pub period: usize,
}

impl Default for VarPop {
    fn default() -> Self {
        Self { period: 20 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "var_pop",
    aliases: &[],
    about: "population variance",
    inputs: &[Input::SERIES],
    params: || vec![period(20)],
    outputs: &["var_pop"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(VarPop { period: args.count(0) })) },
};

impl Indicator for VarPop {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period, first_row))
    }
}

/// The population variance of `x`, which begins at row 0.
pub fn var_pop(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(period, 0).bulk([x], [out]);
}

/// The window.
pub type State = Window<Variance<0, false>, 1, 2>;

#[cfg(test)]
mod tests {
    use super::*;

    use crate::kernel::testing::{offset_by_1e8, two_pass};

    #[test]
    fn it_is_the_population_variance() {
        let mut out = [0.0; 4];
        var_pop(&[1.0, 3.0, 5.0, 3.0], 2, &mut out);
        assert!(out[0].is_nan());
        assert_eq!(out[1..], [1.0, 1.0, 1.0]);
    }

    #[test]
    fn an_offset_costs_no_digits_and_an_outlier_leaves_no_trace() {
        offset_by_1e8(var_pop, |w| two_pass(w, 0.0));
    }
}
