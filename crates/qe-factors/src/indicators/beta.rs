//! Slope of the least-squares line of `y` on `x` over the last `period` rows: `cov(x, y) / var(x)`, of the values as
//! given.
//!
//! Not TA-Lib's `BETA`, which regresses the changes of its columns. For a beta of returns give it returns.
//! Windowed: a NaN is in every window that holds it and leaves with it. Where `x` does not move it is NaN (0 / 0).
//! Golden: numpy `polyfit` of each window.

use super::{Args, Indicator, Input, Signature, period_from};
use crate::error::Result;
use crate::kernel::{Kernel, Step, Terms, Window, boxed, finite, sum_of_products, sum_of_squares};

/// The slope of one column on another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beta {
    /// How many rows.
    pub period: usize,
}

impl Default for Beta {
    fn default() -> Self {
        Self { period: 20 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "beta",
    aliases: &[],
    about: "slope of one column on another",
    inputs: &[Input::required("x"), Input::required("y")],
    params: || vec![period_from(2, 20)],
    outputs: &["beta"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Beta { period: args.count(0) })) },
};

impl Indicator for Beta {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period, first_row))
    }
}

/// The slope of one column on another of columns that begin at row 0.
pub fn beta(x: &[f64], y: &[f64], period: usize, out: &mut [f64]) {
    State::new(period, 0).bulk([x, y], [out]);
}

/// The window.
pub type State = Window<Beta, 2, 4>;

impl From<usize> for Beta {
    fn from(period: usize) -> Self {
        Self { period }
    }
}

impl Terms<2, 4, 1> for Beta {
    #[inline]
    fn terms(&self, [x, y]: [f64; 2], [anchor_x, anchor_y]: [f64; 2], _: f64) -> [f64; 4] {
        let (dx, dy) = (x - anchor_x, y - anchor_y);
        [dx, dy, dx * dx, dx * dy]
    }

    #[inline]
    fn finish(&self, [x, y, xx, xy]: [f64; 4], _: [f64; 2], _: [f64; 2], _: f64) -> [f64; 1] {
        let n = self.period.max(1) as f64;
        [finite(sum_of_products(n, [x, y, xy]) / sum_of_squares(n, [x, xx]))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::kernel::testing::offset_by_1e8;

    #[test]
    fn a_line_has_its_slope_and_a_constant_none() {
        let mut out = [0.0; 4];
        beta(&[1.0, 2.0, 4.0, 3.0], &[5.0, 8.0, 14.0, 11.0], 3, &mut out);
        assert!(out[1].is_nan() && out[2..].iter().all(|v| (v - 3.0).abs() < 1e-14));
        beta(&[0.1; 4], &[5.0, 8.0, 14.0, 11.0], 3, &mut out);
        assert!(out.iter().all(|v| v.is_nan()));
    }

    #[test]
    fn an_offset_costs_no_digits_and_an_outlier_leaves_no_trace() {
        let of = |x: &[f64], period: usize, out: &mut [f64]| {
            let y: Vec<f64> = x.iter().map(|v| (v - 1e8) * 3.0).collect();
            beta(x, &y, period, out);
        };
        offset_by_1e8(of, |_| 3.0);
    }
}
