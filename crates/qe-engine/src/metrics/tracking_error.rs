//! Tracking error: the annualised deviation of the daily returns beyond a benchmark's.
//!
//! `std(r - b) * sqrt(days_per_year)`, with n - 1 in the deviation. Undefined without a benchmark of the same days, and
//! below two days.
//! Golden: the definition in numpy.

use super::vol_annual::vol_annual;
use super::{Better, Metric, Unit};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "tracking_error",
    unit: Unit::Fraction,
    better: Better::Lower,
    about: "annualised deviation of daily returns beyond the benchmark's",
    compute: |p| p.beside_benchmark().and_then(|(r, b)| tracking_error(r, b, p.days_per_year)),
};

/// The annualised deviation of `daily - benchmark`.
pub fn tracking_error(daily: &[f64], benchmark: &[f64], days_per_year: f64) -> Option<f64> {
    vol_annual(&beyond(daily, benchmark)?, days_per_year)
}

/// The returns beyond the benchmark's, day by day; undefined where their numbers differ.
pub(super) fn beyond(daily: &[f64], benchmark: &[f64]) -> Option<Vec<f64>> {
    (daily.len() == benchmark.len()).then(|| daily.iter().zip(benchmark).map(|(r, b)| r - b).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_measured() {
        let error = tracking_error(&[0.02, 0.02, 0.02], &[0.01, 0.0, -0.01], 4.0).unwrap();
        assert!((error - 0.02).abs() < 1e-17);
        assert_eq!(tracking_error(&[0.5, 0.25], &[0.5, 0.25], 252.0), Some(0.0));
    }

    #[test]
    fn what_is_undefined_is_none() {
        assert_eq!(tracking_error(&[0.1, 0.2], &[0.1], 252.0), None);
        assert_eq!(tracking_error(&[0.1], &[0.1], 252.0), None);
    }
}
