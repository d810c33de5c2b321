//! Mean, variance, skewness and kurtosis, by central moments that stay exact far from zero.
//!
//! Two passes: the mean first, then the powers of `x - mean`, with the rounding of the mean taken out again
//! (`m2 = s2 - n d^2`, where `d` is the mean of `x - mean`). Two [`Moments`] merge by Pébay's formulas.
//! *Population* figures divide by n (`scipy.stats.skew(bias=True)`); *sample* ones are corrected for it.
//!
//! NaN rule: `Some` is always a finite number. A NaN or infinity in the data, too few values, or no spread where
//! a spread is divided by, give `None`.
//! References: P. Pébay, Sandia report SAND2008-6212 (2008); D. Joanes and C. Gill, The Statistician 47 (1998).
//! Golden numbers: `moments.csv`, mpmath with 50 digits, checked there against SciPy.

use serde::{Deserialize, Serialize};

use super::sum::{Terms, sum, sums_of};
use crate::lanes::Eight;

/// Kurtosis as the fourth standardised moment: 3 for a normal distribution.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct RawKurtosis(pub f64);

/// Kurtosis above that of a normal distribution: 0 for a normal distribution.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct ExcessKurtosis(pub f64);

impl From<ExcessKurtosis> for RawKurtosis {
    fn from(k: ExcessKurtosis) -> Self {
        Self(k.0 + 3.0)
    }
}

impl From<RawKurtosis> for ExcessKurtosis {
    fn from(k: RawKurtosis) -> Self {
        Self(k.0 - 3.0)
    }
}

/// Count, mean, and the sums of the second to fourth powers of the deviations from the mean.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moments {
    /// How many values.
    pub n: u64,
    /// Their mean; 0 when there are none.
    pub mean: f64,
    /// The sum of squared deviations.
    pub m2: f64,
    /// The sum of cubed deviations.
    pub m3: f64,
    /// The sum of fourth powers of deviations.
    pub m4: f64,
}

/// The first four powers of what numbers are above the anchor.
#[derive(Clone, Copy)]
struct Powers {
    anchor: f64,
}

impl Terms<4> for Powers {
    #[inline(always)]
    fn of<V: Eight>(self, x: V) -> [V; 4] {
        let d = x.minus(V::all(self.anchor));
        let d2 = d.times(d);
        [d, d2, d2.times(d), d2.times(d2)]
    }
}

impl Moments {
    /// The moments of `x`.
    pub fn of(x: &[f64]) -> Self {
        Self::of_sum(x, sum(x))
    }

    /// The moments of `x`, where its [`sum()`] is at hand.
    pub fn of_sum(x: &[f64], total: f64) -> Self {
        if x.is_empty() {
            return Self::default();
        }
        let (count, n) = (x.len() as u64, x.len() as f64);
        let anchor = total / n;
        let [s1, s2, s3, s4] = sums_of(x, Powers { anchor });
        let d = s1 / n;
        let this = Self {
            n: count,
            mean: anchor + d,
            m2: (s2 - n * d * d).max(0.0),
            m3: s3 - 3.0 * d * s2 + 2.0 * n * d * d * d,
            m4: (s4 - 4.0 * d * s3 + 6.0 * d * d * s2 - 3.0 * n * d * d * d * d).max(0.0),
        };
        if this.spread_is_rounding() && x.iter().all(|v| *v == x[0]) {
            return Self { n: count, mean: x[0], ..Self::default() };
        }
        // `max` turns a NaN into 0, which would hide it.
        if this.mean.is_finite() && s2.is_finite() && s4.is_finite() {
            this
        } else {
            Self { n: count, mean: this.mean, m2: s2, m3: s3, m4: s4 }
        }
    }

    /// The moments of the values of both.
    #[must_use]
    pub fn merge(&self, other: &Self) -> Self {
        if self.n == 0 {
            return *other;
        }
        if other.n == 0 {
            return *self;
        }
        let (na, nb) = (self.n as f64, other.n as f64);
        let n = na + nb;
        let d = other.mean - self.mean;
        let (d_n, d2) = (d / n, d * d);
        Self {
            n: self.n + other.n,
            mean: self.mean + d_n * nb,
            m2: self.m2 + other.m2 + d2 * na * nb / n,
            m3: self.m3 + other.m3 + d2 * d_n * na * nb * (na - nb) / n + 3.0 * d_n * (na * other.m2 - nb * self.m2),
            m4: self.m4
                + other.m4
                + d2 * d_n * d_n * na * nb * (na * na - na * nb + nb * nb) / n
                + 6.0 * d_n * d_n * (na * na * other.m2 + nb * nb * self.m2)
                + 4.0 * d_n * (na * other.m3 - nb * self.m3),
        }
    }

    /// The mean; `None` without values.
    pub fn mean(&self) -> Option<f64> {
        (self.n > 0).then_some(self.mean).and_then(finite)
    }

    /// The variance with divisor `n - ddof`; `None` unless there are more than `ddof` values.
    pub fn var(&self, ddof: u64) -> Option<f64> {
        (self.n > ddof).then(|| self.m2 / (self.n - ddof) as f64).and_then(finite)
    }

    /// The standard deviation with divisor `n - ddof`; `None` unless there are more than `ddof` values.
    pub fn std(&self, ddof: u64) -> Option<f64> {
        self.var(ddof).map(f64::sqrt)
    }

    /// Skewness, divisor n (SciPy's default); `None` without spread.
    pub fn skew_population(&self) -> Option<f64> {
        let var = self.divisible_var()?;
        finite(self.m3 / self.n as f64 / (var * var.sqrt()))
    }

    /// Skewness corrected for sample size (G1 of Joanes and Gill); `None` below 3 values or without spread.
    pub fn skew_sample(&self) -> Option<f64> {
        if self.n < 3 {
            return None;
        }
        let n = self.n as f64;
        finite(self.skew_population()? * (n * (n - 1.0)).sqrt() / (n - 2.0))
    }

    /// Kurtosis, divisor n (SciPy's default plus 3); `None` without spread.
    pub fn kurtosis_population(&self) -> Option<RawKurtosis> {
        let var = self.divisible_var()?;
        finite(self.m4 / self.n as f64 / (var * var)).map(RawKurtosis)
    }

    /// Excess kurtosis corrected for sample size (G2 of Joanes and Gill); `None` below 4 values or without spread.
    pub fn kurtosis_sample(&self) -> Option<ExcessKurtosis> {
        if self.n < 4 {
            return None;
        }
        let n = self.n as f64;
        let g2 = ExcessKurtosis::from(self.kurtosis_population()?).0;
        finite((n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * g2 + 6.0)).map(ExcessKurtosis)
    }

    /// The population variance, when it is more than rounding noise of the mean.
    fn divisible_var(&self) -> Option<f64> {
        if self.n == 0 || self.spread_is_rounding() {
            return None;
        }
        finite(self.m2 / self.n as f64)
    }

    /// Whether the spread is no larger than the rounding of the mean: SciPy's rule.
    fn spread_is_rounding(&self) -> bool {
        let floor = f64::EPSILON * self.mean;
        self.m2 / self.n as f64 <= floor * floor
    }
}

/// The mean of `x`.
pub fn mean(x: &[f64]) -> Option<f64> {
    if x.is_empty() { None } else { finite(sum(x) / x.len() as f64) }
}

/// The variance of `x` with divisor `n - ddof`.
pub fn var(x: &[f64], ddof: u64) -> Option<f64> {
    Moments::of(x).var(ddof)
}

/// The standard deviation of `x` with divisor `n - ddof`.
pub fn std(x: &[f64], ddof: u64) -> Option<f64> {
    Moments::of(x).std(ddof)
}

/// Skewness of `x`, divisor n.
pub fn skew_population(x: &[f64]) -> Option<f64> {
    Moments::of(x).skew_population()
}

/// Skewness of `x`, corrected for sample size.
pub fn skew_sample(x: &[f64]) -> Option<f64> {
    Moments::of(x).skew_sample()
}

/// Raw kurtosis of `x`, divisor n.
pub fn kurtosis_population(x: &[f64]) -> Option<RawKurtosis> {
    Moments::of(x).kurtosis_population()
}

/// Excess kurtosis of `x`, corrected for sample size.
pub fn kurtosis_sample(x: &[f64]) -> Option<ExcessKurtosis> {
    Moments::of(x).kurtosis_sample()
}

/// The number itself when it is finite.
pub(crate) fn finite(v: f64) -> Option<f64> {
    v.is_finite().then_some(v)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stats::golden::{self, close, close_rel};

    #[test]
    fn moments_agree_with_fifty_digits() {
        for row in golden::rows(include_str!("../../../../data-fixtures/golden/stats/moments.csv")) {
            let x = row.nums("x");
            let tol = row.num("tol");
            let m = Moments::of(&x);
            let scale = x.iter().fold(0.0, |most: f64, v| most.max(v.abs()));
            assert!((m.mean().unwrap() - row.num("mean")).abs() <= 1e-15 * scale, "{row:?}");
            // Relative: against 1 every variance of returns would pass.
            close_rel(m.var(0).unwrap(), row.num("var0"), tol, &row);
            close_rel(m.var(1).unwrap(), row.num("var1"), tol, &row);
            close_rel(m.std(1).unwrap(), row.num("std1"), tol, &row);
            close(m.skew_population().unwrap(), row.num("skew_pop"), tol, &row);
            close(m.skew_sample().unwrap(), row.num("skew_sample"), tol, &row);
            close(m.kurtosis_population().unwrap().0, row.num("kurt_pop_raw"), tol, &row);
            close(m.kurtosis_sample().unwrap().0, row.num("kurt_sample_excess"), tol, &row);
        }
    }

    #[test]
    fn an_offset_of_1e8_costs_nothing() {
        // Multiples of 2^-20 stay exact at 1e8, so the two data sets have the same true moments.
        let base: Vec<f64> = golden::lcg(4000, 0.0).iter().map(|v| (v * 1_048_576.0).floor() / 1_048_576.0).collect();
        let far: Vec<f64> = base.iter().map(|v| v + 1e8).collect();
        let (a, b) = (Moments::of(&base), Moments::of(&far));
        close(b.var(1).unwrap(), a.var(1).unwrap(), 1e-13, &"var");
        close(b.skew_sample().unwrap(), a.skew_sample().unwrap(), 1e-9, &"skew");
        close(b.kurtosis_sample().unwrap().0, a.kurtosis_sample().unwrap().0, 1e-9, &"kurtosis");
    }

    #[test]
    fn what_is_undefined_is_none() {
        assert_eq!(mean(&[]), None);
        assert_eq!(var(&[1.0], 1), None);
        assert_eq!(var(&[1.0], 0), Some(0.0));
        assert_eq!(skew_population(&[0.1; 9]), None);
        assert_eq!(var(&[0.1; 9], 1), Some(0.0));
        assert_eq!(kurtosis_population(&[]), None);
        assert_eq!(skew_sample(&[1.0, 2.0]), None);
        assert_eq!(kurtosis_sample(&[1.0, 2.0, 4.0]), None);
        for bad in [f64::NAN, f64::INFINITY] {
            let x = [1.0, bad, 2.0, 5.0, 9.0];
            assert_eq!((mean(&x), std(&x, 1), skew_sample(&x), kurtosis_sample(&x)), (None, None, None, None));
        }
    }

    #[test]
    fn raw_and_excess_are_three_apart() {
        assert_eq!(ExcessKurtosis::from(RawKurtosis(10.0)), ExcessKurtosis(7.0));
        assert_eq!(RawKurtosis::from(ExcessKurtosis(-1.0)), RawKurtosis(2.0));
    }

    proptest! {
        #[test]
        fn merging_parts_gives_the_whole(x in prop::collection::vec(-100.0..100.0f64, 4..200), cut in 0.0..1.0f64) {
            let k = (x.len() as f64 * cut) as usize;
            let (a, b) = (Moments::of(&x[..k]).merge(&Moments::of(&x[k..])), Moments::of(&x));
            prop_assert_eq!(a.n, b.n);
            for (p, q, scale) in [(a.mean, b.mean, 1e2), (a.m2, b.m2, 1e4), (a.m3, b.m3, 1e6), (a.m4, b.m4, 1e8)] {
                prop_assert!((p - q).abs() <= 1e-12 * scale * x.len() as f64);
            }
        }
    }
}
