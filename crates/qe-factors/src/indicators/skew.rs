//! Sample skewness of the last `period` values, adjusted for bias: `sqrt(n (n - 1)) / (n - 2) * m3 / m2^1.5`.
//!
//! Windowed: a NaN is in every window that holds it and leaves with it. Where nothing moves it is NaN (0 / 0; pandas
//! says 0).
//! Golden: scipy `skew(bias=False)` of each window, which pandas `rolling.skew` agrees with. Reference: Joanes and
//! Gill, Comparing measures of sample skewness and kurtosis (1998), G1.

use super::{Args, Indicator, Input, Signature, period_from};
use crate::error::Result;
use crate::kernel::{Kernel, Step, Terms, Window, boxed, central_3, finite, powers};

/// The sample skewness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skew {
    /// How many rows.
    pub period: usize,
}

impl Default for Skew {
    fn default() -> Self {
        Self { period: 20 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "skew",
    aliases: &[],
    about: "sample skewness",
    inputs: &[Input::SERIES],
    params: || vec![period_from(3, 20)],
    outputs: &["skew"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Skew { period: args.count(0) })) },
};

impl Indicator for Skew {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period, first_row))
    }
}

/// The sample skewness of `x`, which begins at row 0.
pub fn skew(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(period, 0).bulk([x], [out]);
}

/// The window.
pub type State = Window<Skew, 1, 3>;

impl From<usize> for Skew {
    fn from(period: usize) -> Self {
        Self { period }
    }
}

impl Terms<1, 3, 1> for Skew {
    #[inline]
    fn terms(&self, [x]: [f64; 1], [anchor]: [f64; 1], _: f64) -> [f64; 3] {
        powers(x, anchor)
    }

    #[inline]
    fn finish(&self, sums: [f64; 3], _: [f64; 1], _: [f64; 1], _: f64) -> [f64; 1] {
        let n = self.period.max(1) as f64;
        let [m2, m3] = central_3(n, sums);
        [finite((n * (n - 1.0)).sqrt() / (n - 2.0) * (m3 / (m2 * m2.sqrt())))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::kernel::testing::{above_first, mean, offset_by_1e8};

    #[test]
    fn three_values_of_which_two_agree_have_the_most() {
        let mut out = [0.0; 5];
        skew(&[0.0, 0.0, 1.0, 2.0, 1e9], 3, &mut out);
        assert!((out[2] - 3.0_f64.sqrt()).abs() < 1e-14 && out[3].abs() < 1e-14);
        assert!((out[4] - 3.0_f64.sqrt()).abs() < 1e-9);
    }

    #[test]
    fn an_offset_costs_no_digits_and_an_outlier_leaves_no_trace() {
        offset_by_1e8(skew, |w| {
            let w = above_first(w);
            let (n, m) = (w.len() as f64, mean(&w));
            let [m2, m3] = [2, 3].map(|k| w.iter().map(|x| (x - m).powi(k)).sum::<f64>() / n);
            (n * (n - 1.0)).sqrt() / (n - 2.0) * m3 / m2.powf(1.5)
        });
    }
}
