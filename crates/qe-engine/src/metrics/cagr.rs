//! Compound annual growth rate.
//!
//! `prod(1 + r) ^ (days_per_year / n) - 1`: a year is the calendar's number of sessions. All lost is -1; below zero
//! (debt) there is no rate. Undefined without a day.
//! Golden: empyrical `cagr` with the year of the run.

use super::{Better, Metric, Performance, Unit, guard, path};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "cagr",
    unit: Unit::Fraction,
    better: Better::Higher,
    about: "the constant yearly return that gives the total return",
    compute: |p| of_run(p),
};

/// The yearly return that compounds to that of `daily`.
pub fn cagr(daily: &[f64], days_per_year: f64) -> Option<f64> {
    of_growth(path::growth(daily)?, daily.len(), days_per_year)
}

/// The yearly return of a run.
pub(super) fn of_run(p: &Performance<'_>) -> Option<f64> {
    of_growth(1.0 + p.total_return()?, p.daily.len(), p.days_per_year)
}

/// The yearly return, where 1 became `growth` in `n` days.
pub(crate) fn of_growth(growth: f64, n: usize, days_per_year: f64) -> Option<f64> {
    if n == 0 || growth < 0.0 {
        return None;
    }
    guard::finite(libm::pow(growth, guard::per_year(days_per_year)? / n as f64) - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_years_are_a_square_root() {
        let daily = [0.0, 0.21, 0.0, 0.0];
        assert!((cagr(&daily, 2.0).unwrap() - 0.1).abs() < 1e-15);
        // Half a year is squared.
        assert!((cagr(&daily, 8.0).unwrap() - 0.4641).abs() < 1e-15);
    }

    #[test]
    fn ruin_is_minus_one_and_debt_has_no_rate() {
        assert_eq!(cagr(&[0.1, -1.0], 252.0), Some(-1.0));
        assert_eq!(cagr(&[0.1, -1.1], 252.0), None);
        assert_eq!((cagr(&[], 252.0), cagr(&[0.1], 0.0)), (None, None));
    }
}
