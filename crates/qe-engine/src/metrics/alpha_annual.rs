//! Alpha: what a run earned a year beside its beta times the benchmark.
//!
//! The intercept of daily returns on the benchmark's, `mean(r) - beta mean(b)`, times `days_per_year`: added up over
//! the year, as the mean of `sharpe_daily` is, and not compounded. Undefined where `beta` is.
//! Reference: M. Jensen, J. of Finance 23 (1968).
//! Golden: the intercept of statsmodels `OLS`.

use qe_core::stats::mean;

use super::{Better, Metric, Unit, beta::beta, guard};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "alpha_annual",
    unit: Unit::Fraction,
    better: Better::Higher,
    about: "annualised intercept of daily returns on the benchmark's",
    compute: |p| p.beside_benchmark().and_then(|(r, b)| alpha_annual(r, b, p.days_per_year)),
};

/// The annualised intercept of `daily` on `benchmark`.
pub fn alpha_annual(daily: &[f64], benchmark: &[f64], days_per_year: f64) -> Option<f64> {
    let intercept = mean(daily)? - beta(daily, benchmark)? * mean(benchmark)?;
    guard::finite(intercept * guard::per_year(days_per_year)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_intercept_of_a_year() {
        let b = [0.01, -0.02, 0.03, 0.0];
        let r = b.map(|b| 0.001 - 1.5 * b);
        assert!((alpha_annual(&r, &b, 200.0).unwrap() - 0.2).abs() < 1e-14);
    }

    #[test]
    fn it_is_defined_where_beta_is() {
        assert_eq!(alpha_annual(&[0.1, 0.2], &[0.1, 0.1], 252.0), None);
        assert_eq!(alpha_annual(&[0.1, 0.2], &[0.1, 0.3], 0.0), None);
    }
}
