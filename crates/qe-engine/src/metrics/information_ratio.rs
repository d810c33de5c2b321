//! Information ratio: the Sharpe ratio of what a run earned beyond its benchmark, annualised.
//!
//! `mean(r - b) * days_per_year / tracking_error`. Undefined without a benchmark of the same days, below two days, and
//! where the tracking error is below the floor of `sharpe_daily`.
//! Reference: T. Goodwin, "The Information Ratio", Financial Analysts Journal 54 (1998).
//! Golden: empyrical `excess_sharpe`, annualised.

use super::sharpe_daily::sharpe;
use super::tracking_error::beyond;
use super::{Better, Metric, Unit};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "information_ratio",
    unit: Unit::Ratio,
    better: Better::Higher,
    about: "annualised mean return beyond the benchmark's over the tracking error",
    compute: |p| p.beside_benchmark().and_then(|(r, b)| information_ratio(r, b, p.days_per_year)),
};

/// The annualised ratio of `daily - benchmark`.
pub fn information_ratio(daily: &[f64], benchmark: &[f64], days_per_year: f64) -> Option<f64> {
    sharpe(&beyond(daily, benchmark)?, days_per_year)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_benchmark_is_taken_off() {
        // Beyond it: 1, 2, 3 %.
        let ratio = information_ratio(&[0.02, 0.01, 0.04], &[0.01, -0.01, 0.01], 4.0).unwrap();
        assert!((ratio - 4.0).abs() < 1e-13);
    }

    #[test]
    fn the_benchmark_itself_has_none() {
        assert_eq!(information_ratio(&[0.5, 0.25], &[0.5, 0.25], 252.0), None);
        assert_eq!(information_ratio(&[0.5, 0.25], &[0.5], 252.0), None);
    }
}
