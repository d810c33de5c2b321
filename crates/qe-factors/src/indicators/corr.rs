//! Pearson's correlation of `x` and `y` over the last `period` rows.
//!
//! Windowed: a NaN is in every window that holds it and leaves with it. Where either does not move there is none, and
//! it is NaN (TA-Lib gives 0). Within rounding of 1 or -1 it is that number, so that lines agree whatever their slope.
//! Golden: TA-Lib `CORREL`.

use super::{Args, Indicator, Input, Signature, period_from};
use crate::error::Result;
use crate::kernel::{Kernel, Step, Terms, Window, boxed, sum_of_products, sum_of_squares};

/// How far rounding may carry a correlation from its ends.
const ROUNDING: f64 = 1e-12;

/// The correlation of two columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Corr {
    /// How many rows.
    pub period: usize,
}

impl Default for Corr {
    fn default() -> Self {
        Self { period: 20 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "corr",
    aliases: &["ts_corr", "correlation"],
    about: "correlation of two columns",
    inputs: &[Input::required("x"), Input::required("y")],
    params: || vec![period_from(2, 20)],
    outputs: &["corr"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Corr { period: args.count(0) })) },
};

impl Indicator for Corr {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period, first_row))
    }
}

/// The correlation of two columns of columns that begin at row 0.
pub fn corr(x: &[f64], y: &[f64], period: usize, out: &mut [f64]) {
    State::new(period, 0).bulk([x, y], [out]);
}

/// The window.
pub type State = Window<Corr, 2, 5>;

impl From<usize> for Corr {
    fn from(period: usize) -> Self {
        Self { period }
    }
}

impl Terms<2, 5, 1> for Corr {
    #[inline]
    fn terms(&self, [x, y]: [f64; 2], [anchor_x, anchor_y]: [f64; 2], _: f64) -> [f64; 5] {
        let (dx, dy) = (x - anchor_x, y - anchor_y);
        [dx, dy, dx * dx, dy * dy, dx * dy]
    }

    #[inline]
    fn finish(&self, [x, y, xx, yy, xy]: [f64; 5], _: [f64; 2], _: [f64; 2], _: f64) -> [f64; 1] {
        let n = self.period.max(1) as f64;
        let scale = sum_of_squares(n, [x, xx]).sqrt() * sum_of_squares(n, [y, yy]).sqrt();
        let r = sum_of_products(n, [x, y, xy]) / scale;
        let r = if scale == 0.0 { f64::NAN } else { r };
        let r = if r > 1.0 - ROUNDING { 1.0 } else { r };
        [if r < ROUNDING - 1.0 { -1.0 } else { r }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::kernel::testing::{mean, offset_by_1e8};

    #[test]
    fn lines_agree_or_oppose_and_with_a_constant_there_is_none() {
        let (x, y, mut out) = ([1.0, 2.0, 4.0, 8.0], [-1.0, -2.0, -4.0, -8.0], [0.0; 4]);
        for (a, b, want) in [(x, x, 1.0), (x, y, -1.0)] {
            corr(&a, &b, 3, &mut out);
            assert!(out[1].is_nan() && out[2..].iter().all(|v| *v == want), "{out:?}");
        }
        corr(&x, &[0.1; 4], 3, &mut out);
        assert!(out.iter().all(|v| v.is_nan()), "{out:?}");
    }

    #[test]
    fn an_offset_costs_no_digits_and_an_outlier_leaves_no_trace() {
        let of = |x: &[f64], period: usize, out: &mut [f64]| {
            let y: Vec<f64> = x.iter().map(|v| (v - 1e8) * (v - 1e8)).collect();
            corr(x, &y, period, out);
        };
        offset_by_1e8(of, |w| {
            let y: Vec<f64> = w.iter().map(|v| (v - 1e8) * (v - 1e8)).collect();
            let (mx, my) = (mean(w), mean(&y));
            let co =
                |a: &[f64], ma: f64, b: &[f64], mb: f64| a.iter().zip(b).map(|(a, b)| (a - ma) * (b - mb)).sum::<f64>();
            co(w, mx, &y, my) / (co(w, mx, w, mx) * co(&y, my, &y, my)).sqrt()
        });
    }
}
