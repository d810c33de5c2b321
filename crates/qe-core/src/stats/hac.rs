//! Long-run variance, and the error of a mean of dependent data.
//!
//! Autocovariance `g[j] = (1/n) sum (x[t] - m)(x[t-j] - m)`; long-run variance by Newey and West with Bartlett
//! weights, `g[0] + 2 sum_{j=1..L} (1 - j/(L+1)) g[j]`, never negative; standard error of the mean
//! `sqrt(lrv / n)`, without a small-sample factor. The lag L is given, or floor(4 (n/100)^(2/9)), or the
//! AR(1) plug-in of Andrews, floor(1.1447 (a n)^(1/3)) with `a = 4 r^2 / ((1-r)^2 (1+r)^2)`, where r is the AR(1)
//! coefficient, held in [-0.97, 0.97]. L is at most n - 1.
//!
//! NaN rule: a NaN or infinity, fewer than two values, or (where a spread is divided by) no spread, give `None`.
//! References: Newey and West, Econometrica 55 (1987) and Rev. Econ. Stud. 61 (1994); Andrews, Econometrica 59 (1991).
//! Golden numbers: `hac.csv`: statsmodels `OLS(...).fit(cov_type="HAC")` and `acf`; the lag rules are worked in NumPy.

use serde::{Deserialize, Serialize};

use super::moments::finite;
use super::sum::{dot, sum};

/// How many autocovariances the long-run variance takes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HacLag {
    /// This many.
    Fixed(usize),
    /// `floor(4 (n/100)^(2/9))`.
    #[default]
    NeweyWest,
    /// The AR(1) plug-in of Andrews.
    Andrews,
}

impl HacLag {
    /// The lag for these data; `None` when the data have no spread to estimate it from.
    pub fn resolve(self, x: &[f64]) -> Option<usize> {
        let n = x.len() as f64;
        let lag = match self {
            Self::Fixed(lag) => lag,
            Self::NeweyWest => libm::floor(4.0 * libm::pow(n / 100.0, 2.0 / 9.0)) as usize,
            Self::Andrews => {
                let d = centred(x)?;
                let (now, before) = (&d[1..], &d[..d.len() - 1]);
                let r = finite(dot(now, before) / dot(before, before))?.clamp(-0.97, 0.97);
                let a = 4.0 * r * r / ((1.0 - r) * (1.0 - r) * (1.0 + r) * (1.0 + r));
                libm::floor(1.1447 * libm::cbrt(a * n)) as usize
            }
        };
        Some(lag.min(x.len().saturating_sub(1)))
    }
}

/// A mean with an error that knows about dependence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HacMean {
    /// How many values.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// Standard error of the mean.
    pub std_error: f64,
    /// `mean / std_error`.
    pub t_stat: f64,
    /// The lag that was used.
    pub lag: usize,
}

/// Autocorrelations at lags `0..=max_lag`, divisor n; those at lags of n and more are 0.
pub fn autocorrelations(x: &[f64], max_lag: usize) -> Option<Vec<f64>> {
    let d = centred(x)?;
    let var = dot(&d, &d);
    if !has_spread(x, var) {
        return None;
    }
    (0..=max_lag).map(|j| finite(lagged(&d, j) / var)).collect()
}

/// The long-run variance of `x`.
pub fn long_run_variance(x: &[f64], lag: HacLag) -> Option<f64> {
    let lag = lag.resolve(x)?;
    let d = centred(x)?;
    let weighted = |j: usize| (1.0 - j as f64 / (lag as f64 + 1.0)) * lagged(&d, j);
    let total = dot(&d, &d) + 2.0 * (1..=lag).map(weighted).sum::<f64>();
    finite(total / x.len() as f64).map(|v| v.max(0.0))
}

/// The mean of `x` with its HAC standard error and t-statistic; `None` when the error would be 0.
pub fn hac_mean(x: &[f64], lag: HacLag) -> Option<HacMean> {
    let lag = lag.resolve(x)?;
    let lrv = long_run_variance(x, HacLag::Fixed(lag))?;
    let n = x.len();
    if !has_spread(x, lrv * n as f64) {
        return None;
    }
    let (mean, std_error) = (sum(x) / n as f64, (lrv / n as f64).sqrt());
    Some(HacMean { n, mean, std_error, t_stat: finite(mean / std_error)?, lag })
}

/// The deviations from the mean; `None` below two values or when they are not finite.
fn centred(x: &[f64]) -> Option<Vec<f64>> {
    if x.len() < 2 {
        return None;
    }
    let mean = finite(sum(x) / x.len() as f64)?;
    Some(x.iter().map(|v| v - mean).collect())
}

/// The sum of products `j` apart.
fn lagged(d: &[f64], j: usize) -> f64 {
    if j >= d.len() { 0.0 } else { dot(&d[j..], &d[..d.len() - j]) }
}

/// Whether a sum of squares is more than the rounding of the mean.
fn has_spread(x: &[f64], sum_of_squares: f64) -> bool {
    let floor = f64::EPSILON * sum(x) / x.len() as f64;
    sum_of_squares / x.len() as f64 > floor * floor
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::golden::{self, close};

    #[test]
    fn errors_agree_with_statsmodels() {
        for row in golden::rows(include_str!("../../../../data-fixtures/golden/stats/hac.csv")) {
            let x = row.nums("x");
            let lag = match row.text("rule") {
                "newey_west" => HacLag::NeweyWest,
                "andrews" => HacLag::Andrews,
                _ => HacLag::Fixed(row.num("lag") as usize),
            };
            let m = hac_mean(&x, lag).unwrap();
            assert_eq!(m.lag, row.num("lag") as usize, "{row:?}");
            close(m.mean, row.num("mean"), 1e-14, &row);
            close(m.std_error, row.num("std_error"), 1e-13, &row);
            close(m.t_stat, row.num("t_stat"), 1e-12, &row);
            close(long_run_variance(&x, lag).unwrap(), row.num("lrv"), 1e-13, &row);
            let acf = autocorrelations(&x, 5).unwrap();
            acf.iter().zip(row.nums("acf")).for_each(|(g, w)| close(*g, w, 1e-13, &row));
        }
    }

    #[test]
    fn the_plug_in_has_its_constant() {
        // A random walk has its coefficient held at 0.97: 1.1447 (1077.5 n)^(1/3) is 544.7.
        let mut level = 0.0;
        let walk: Vec<f64> = golden::lcg(100_000, -0.5).iter().map(|u| (level += u, level).1).collect();
        assert_eq!(HacLag::Andrews.resolve(&walk), Some(544));
    }

    #[test]
    fn what_is_undefined_is_none() {
        for lag in [HacLag::Fixed(3), HacLag::NeweyWest, HacLag::Andrews] {
            assert_eq!(hac_mean(&[], lag), None);
            assert_eq!(hac_mean(&[1.0], lag), None);
            assert_eq!(hac_mean(&[0.1; 40], lag), None);
            assert_eq!(hac_mean(&[1.0, f64::NAN, 2.0], lag), None);
        }
        assert_eq!(autocorrelations(&[0.1; 7], 2), None);
        assert_eq!(autocorrelations(&[1.0, -1.0], 3).unwrap(), [1.0, -0.5, 0.0, 0.0]);
        assert_eq!(hac_mean(&[1.0, 2.0, 4.0], HacLag::Fixed(99)).map(|m| m.lag), Some(2));
    }
}
