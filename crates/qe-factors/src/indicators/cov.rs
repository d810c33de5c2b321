//! Sample covariance (n - 1) of `x` and `y` over the last `period` rows.
//!
//! Windowed: a NaN is in every window that holds it and leaves with it. Products are summed about a row of the
//! window, so a common offset costs no digits. Products that overflow give NaN.
//! Golden: numpy `cov(ddof=1)` of each window.

use super::{Args, Indicator, Input, Signature, period_from};
use crate::error::Result;
use crate::kernel::{Kernel, Step, Terms, Window, boxed, finite, sum_of_products};

/// The sample covariance of two columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cov {
    /// How many rows.
    pub period: usize,
}

impl Default for Cov {
    fn default() -> Self {
        Self { period: 20 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "cov",
    aliases: &["ts_cov", "covariance"],
    about: "sample covariance of two columns",
    inputs: &[Input::required("x"), Input::required("y")],
    params: || vec![period_from(2, 20)],
    outputs: &["cov"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Cov { period: args.count(0) })) },
};

impl Indicator for Cov {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period, first_row))
    }
}

/// The sample covariance of two columns of columns that begin at row 0.
pub fn cov(x: &[f64], y: &[f64], period: usize, out: &mut [f64]) {
    State::new(period, 0).bulk([x, y], [out]);
}

/// The window.
pub type State = Window<Cov, 2, 3>;

impl From<usize> for Cov {
    fn from(period: usize) -> Self {
        Self { period }
    }
}

impl Terms<2, 3, 1> for Cov {
    #[inline]
    fn terms(&self, [x, y]: [f64; 2], [anchor_x, anchor_y]: [f64; 2], _: f64) -> [f64; 3] {
        let (dx, dy) = (x - anchor_x, y - anchor_y);
        [dx, dy, dx * dy]
    }

    #[inline]
    fn finish(&self, sums: [f64; 3], _: [f64; 2], _: [f64; 2], _: f64) -> [f64; 1] {
        let n = self.period.max(1) as f64;
        [finite(sum_of_products(n, sums) * (1.0 / (n - 1.0)))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::kernel::testing::{offset_by_1e8, two_pass};

    #[test]
    fn it_is_the_sample_covariance() {
        let mut out = [0.0; 4];
        cov(&[1.0, 2.0, 3.0, 3.0], &[4.0, 2.0, 0.0, 0.0], 3, &mut out);
        assert!(out[1].is_nan());
        assert!((out[2] + 2.0).abs() < 1e-15 && (out[3] + 2.0 / 3.0).abs() < 1e-15, "{out:?}");
    }

    #[test]
    fn an_offset_costs_no_digits_and_an_outlier_leaves_no_trace() {
        offset_by_1e8(|x, period, out| cov(x, x, period, out), |w| two_pass(w, 1.0));
    }
}
