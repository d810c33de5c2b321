//! Sums of windows by a factor: means, and the roots that most estimators of volatility come to.

use super::finite;
use super::two_sided::{Sum, TwoSided};
use crate::keep;

/// A window's sum, times a factor.
#[derive(Debug, Clone)]
pub(crate) struct ScaledSum {
    sum: TwoSided<Sum>,
    scale: f64,
}

keep!(ScaledSum { sum } given { scale });

impl ScaledSum {
    /// `scale` times the sum of `period` values.
    pub(crate) fn new(period: usize, scale: f64, first_row: u64) -> Self {
        Self { sum: TwoSided::new(Sum, period, first_row), scale }
    }

    #[inline]
    pub(crate) fn push(&mut self, x: f64) -> f64 {
        finite(self.sum.push(x).unwrap_or(f64::NAN) * self.scale)
    }

    #[inline]
    pub(crate) fn bulk(&mut self, x: &[f64], out: &mut [f64]) {
        let n = x.len().min(out.len());
        let (x, out) = (&x[..n], &mut out[..n]);
        self.sum.bulk(n, |i| x[i], |i, s| out[i] = s.unwrap_or(f64::NAN));
        let scale = self.scale;
        out.iter_mut().for_each(|o| *o = finite(*o * scale));
    }
}

/// The root of a window's mean, times a factor.
#[derive(Debug, Clone)]
pub(crate) struct RootMean(ScaledSum);

keep!(RootMean(mean));

impl RootMean {
    /// The root of `mult` times the mean of `period` values.
    pub(crate) fn new(period: usize, mult: f64, first_row: u64) -> Self {
        Self(ScaledSum::new(period, mult / period.max(1) as f64, first_row))
    }

    #[inline]
    pub(crate) fn push(&mut self, x: f64) -> f64 {
        self.0.push(x).sqrt()
    }

    #[inline]
    pub(crate) fn bulk(&mut self, x: &[f64], out: &mut [f64]) {
        self.0.bulk(x, out);
        out.iter_mut().for_each(|o| *o = o.sqrt());
    }
}
