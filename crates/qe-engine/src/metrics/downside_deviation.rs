//! Downside deviation: the annualised root mean square of what days lost.
//!
//! `sqrt(sum(min(r, 0)^2) / n) * sqrt(days_per_year)`, over *all* n days, those that gained as 0. Undefined without a
//! day.
//! Reference: F. Sortino and L. Price, J. of Investing 3 (1994).
//! Golden: empyrical `downside_risk` with the year of the run.

use qe_core::stats::sum_by;

use super::{Better, Metric, Unit, guard};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "downside_deviation",
    unit: Unit::Fraction,
    better: Better::Lower,
    about: "annualised root mean square of losing days, over all days",
    compute: |p| downside_deviation(p.daily, p.days_per_year),
};

/// The annualised deviation of `daily` below 0.
pub fn downside_deviation(daily: &[f64], days_per_year: f64) -> Option<f64> {
    of_squares(sum_by(daily, lost_squared), daily.len(), days_per_year)
}

/// The square of what a day lost. A NaN stays one.
pub(super) fn lost_squared(r: f64) -> f64 {
    let lost = if r > 0.0 { 0.0 } else { r };
    lost * lost
}

/// The deviation from the sum of [`lost_squared`] over `n` days.
pub(super) fn of_squares(sum: f64, n: usize, days_per_year: f64) -> Option<f64> {
    let mean = guard::ratio(sum, n as f64)?;
    guard::finite(mean.sqrt() * guard::per_year(days_per_year)?.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_that_gain_count_as_nothing_lost() {
        // The squares of 3 and 4 over four days: 25 / 4.
        assert!((downside_deviation(&[-0.03, 0.5, -0.04, 0.0], 4.0).unwrap() - 0.05).abs() < 1e-17);
        assert_eq!(downside_deviation(&[0.1, 0.2], 252.0), Some(0.0));
    }

    #[test]
    fn what_is_undefined_is_none() {
        assert_eq!((downside_deviation(&[], 252.0), downside_deviation(&[-0.1], 0.0)), (None, None));
        assert_eq!(downside_deviation(&[f64::NAN, 0.1], 252.0), None);
    }
}
