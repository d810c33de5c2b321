//! Sample excess kurtosis of the last `period` values, adjusted for bias:
//! `(n - 1) / ((n - 2) (n - 3)) * ((n + 1) m4 / m2^2 - 3 (n - 1))`; a normal distribution has 0.
//!
//! Windowed: a NaN is in every window that holds it and leaves with it. Where nothing moves it is NaN (0 / 0; pandas
//! says -3).
//! Golden: scipy `kurtosis(bias=False)` of each window, which pandas `rolling.kurt` agrees with. Reference: Joanes
//! and Gill, Comparing measures of sample skewness and kurtosis (1998), G2.

use super::{Args, Indicator, Input, Signature, period_from};
use crate::error::Result;
use crate::kernel::{Kernel, Step, Terms, Window, boxed, central_4, finite, powers};

/// The sample excess kurtosis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kurt {
    /// How many rows.
    pub period: usize,
}

impl Default for Kurt {
    fn default() -> Self {
        Self { period: 20 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "kurt",
    aliases: &[],
    about: "sample excess kurtosis",
    inputs: &[Input::SERIES],
    params: || vec![period_from(4, 20)],
    outputs: &["kurt"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Kurt { period: args.count(0) })) },
};

impl Indicator for Kurt {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period, first_row))
    }
}

/// The sample excess kurtosis of `x`, which begins at row 0.
pub fn kurt(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(period, 0).bulk([x], [out]);
}

/// The window.
pub type State = Window<Kurt, 1, 4>;

impl From<usize> for Kurt {
    fn from(period: usize) -> Self {
        Self { period }
    }
}

impl Terms<1, 4, 1> for Kurt {
    #[inline]
    fn terms(&self, [x]: [f64; 1], [anchor]: [f64; 1], _: f64) -> [f64; 4] {
        powers(x, anchor)
    }

    #[inline]
    fn finish(&self, sums: [f64; 4], _: [f64; 1], _: [f64; 1], _: f64) -> [f64; 1] {
        let n = self.period.max(1) as f64;
        let [m2, _, m4] = central_4(n, sums);
        let scale = (n - 1.0) / ((n - 2.0) * (n - 3.0));
        [finite(scale * ((n + 1.0) * (m4 / (m2 * m2)) - 3.0 * (n - 1.0)))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::kernel::testing::{above_first, mean, offset_by_1e8};

    #[test]
    fn one_that_differs_has_the_most() {
        let mut out = [0.0; 5];
        kurt(&[0.0, 0.0, 0.0, 1.0, 1.0], 4, &mut out);
        assert!((out[3] - 4.0).abs() < 1e-13 && (out[4] + 6.0).abs() < 1e-13, "{out:?}");
    }

    #[test]
    fn an_offset_costs_no_digits_and_an_outlier_leaves_no_trace() {
        offset_by_1e8(kurt, |w| {
            let w = above_first(w);
            let (n, m) = (w.len() as f64, mean(&w));
            let [m2, m4] = [2, 4].map(|k| w.iter().map(|x| (x - m).powi(k)).sum::<f64>() / n);
            (n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * m4 / (m2 * m2) - 3.0 * (n - 1.0))
        });
    }
}
