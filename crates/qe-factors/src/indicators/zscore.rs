//! How many sample standard deviations (n - 1) the newest value lies above the mean of the last `period` values.
//!
//! Windowed: a NaN is in every window that holds it and leaves with it. Where nothing moves it is NaN (0 / 0).
//! Golden: numpy, `(x - mean) / std(ddof=1)` of each window.

use super::{Args, Indicator, Input, Signature, period_from};
use crate::error::Result;
use crate::kernel::{Kernel, Step, Terms, Window, boxed, finite, powers, sum_of_squares};

/// The deviation from the mean in standard deviations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zscore {
    /// How many rows.
    pub period: usize,
}

impl Default for Zscore {
    fn default() -> Self {
        Self { period: 20 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "zscore",
    aliases: &[],
    about: "deviation from the mean in standard deviations",
    inputs: &[Input::SERIES],
    params: || vec![period_from(2, 20)],
    outputs: &["zscore"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Zscore { period: args.count(0) })) },
};

impl Indicator for Zscore {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period, first_row))
    }
}

/// The deviation from the mean in standard deviations of `x`, which begins at row 0.
pub fn zscore(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(period, 0).bulk([x], [out]);
}

/// The window.
pub type State = Window<Zscore, 1, 2>;

impl From<usize> for Zscore {
    fn from(period: usize) -> Self {
        Self { period }
    }
}

impl Terms<1, 2, 1> for Zscore {
    #[inline]
    fn terms(&self, [x]: [f64; 1], [anchor]: [f64; 1], _: f64) -> [f64; 2] {
        powers(x, anchor)
    }

    #[inline]
    fn finish(&self, sums: [f64; 2], [anchor]: [f64; 1], [x]: [f64; 1], _: f64) -> [f64; 1] {
        let n = self.period.max(1) as f64;
        let above = (x - anchor) - sums[0] * (1.0 / n);
        [finite(above / (sum_of_squares(n, sums) * (1.0 / (n - 1.0))).sqrt())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::kernel::testing::{above_first, mean, offset_by_1e8, two_pass};

    #[test]
    fn it_counts_deviations_and_a_constant_has_none() {
        let mut out = [0.0; 4];
        zscore(&[1.0, 2.0, 3.0, 3.0], 3, &mut out);
        assert_eq!(out[2], 1.0);
        zscore(&[0.1; 4], 3, &mut out);
        assert!(out.iter().all(|v| v.is_nan()));
    }

    #[test]
    fn an_offset_costs_no_digits_and_an_outlier_leaves_no_trace() {
        offset_by_1e8(zscore, |w| {
            let w = above_first(w);
            (w[w.len() - 1] - mean(&w)) / two_pass(&w, 1.0).sqrt()
        });
    }
}
