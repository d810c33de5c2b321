//! Standard error of `sharpe_daily` that knows about dependence, skewness and tails.
//!
//! Lo's GMM form: with s the ratio of a day and v the variance with divisor n, each day adds
//! `(r - mean) / std - s ((r - mean)^2 - v) / (2 v)`; the error is the root of the long-run variance of these (Newey
//! and West, Bartlett weights, lag `floor(4 (n/100)^(2/9))`) over n, times `sqrt(days_per_year)`. For independent
//! normal days it is `sqrt((1 + s^2 / 2) / n)`. Undefined where `sharpe_daily` is, and where the error would be 0.
//! Reference: A. Lo, "The Statistics of Sharpe Ratios", Financial Analysts Journal 58 (2002).
//! Golden: statsmodels `S_hac_simple` of mean and variance, then the gradient of their ratio.

use qe_core::stats::{HacLag, Moments, hac_mean};

use super::sharpe_daily::sharpe;
use super::{Better, Metric, Unit, guard};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "sharpe_hac_error",
    unit: Unit::Ratio,
    better: Better::Lower,
    about: "standard error of sharpe_daily by Lo (2002) with the weights of Newey and West",
    compute: |p| sharpe_hac_error(p.daily, p.days_per_year, HacLag::NeweyWest),
};

/// The standard error of [`sharpe`].
pub fn sharpe_hac_error(daily: &[f64], days_per_year: f64, lag: HacLag) -> Option<f64> {
    sharpe(daily, days_per_year)?;
    let m = Moments::of(daily);
    let (mean, var, std) = (m.mean()?, m.var(0)?, m.std(1)?);
    let of_day = mean / std;
    let influence: Vec<f64> = daily
        .iter()
        .map(|r| {
            let d = r - mean;
            d / std - of_day * (d * d - var) / (2.0 * var)
        })
        .collect();
    guard::finite(hac_mean(&influence, lag)?.std_error * guard::per_year(days_per_year)?.sqrt())
}

#[cfg(test)]
mod tests {
    use qe_core::stats::normal_ppf;

    use super::*;

    #[test]
    fn independent_normal_days_have_the_error_of_the_paper() {
        // Lo's table of `sqrt((1 + s^2 / 2) / T)`: ratio, months, error to three places.
        for (ratio, months, error) in [(0.5, 60.0, 0.137), (1.5, 60.0, 0.188), (3.0, 24.0, 0.479), (1.0, 12.0, 0.354)] {
            let n = 20_000;
            let daily: Vec<f64> = (0..n).map(|i| ratio + normal_ppf((f64::from(i) + 0.5) / f64::from(n))).collect();
            let got = sharpe_hac_error(&daily, 1.0, HacLag::Fixed(0)).unwrap() * (f64::from(n) / months).sqrt();
            assert!((got - error).abs() < 1e-3, "{ratio}: {got}");
        }
    }

    #[test]
    fn it_is_defined_where_the_ratio_is() {
        assert_eq!(sharpe_hac_error(&[0.001; 50], 252.0, HacLag::NeweyWest), None);
        assert_eq!(sharpe_hac_error(&[0.1], 252.0, HacLag::NeweyWest), None);
        assert_eq!(sharpe_hac_error(&[0.1, f64::NAN, 0.2], 252.0, HacLag::NeweyWest), None);
    }
}
