//! Volatility: the annualised standard deviation of daily returns.
//!
//! `std(r) * sqrt(days_per_year)`, with n - 1 in the deviation. Undefined below two days. Days that are all alike have
//! a volatility of 0, which is a number.
//! Golden: empyrical `annual_volatility` with the year of the run.

use qe_core::stats::Moments;

use super::{Better, Metric, Unit, guard};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "vol_annual",
    unit: Unit::Fraction,
    better: Better::Lower,
    about: "annualised standard deviation of daily returns, divisor n - 1",
    compute: |p| vol_annual(p.daily, p.days_per_year),
};

/// The annualised deviation of `daily`.
pub fn vol_annual(daily: &[f64], days_per_year: f64) -> Option<f64> {
    of_moments(&Moments::of(daily), days_per_year)
}

/// The annualised deviation of returns with these moments.
pub(crate) fn of_moments(m: &Moments, per_year: f64) -> Option<f64> {
    guard::finite(m.std(1)? * guard::per_year(per_year)?.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_divisor_is_one_less() {
        // Deviations -1, 0, 1 % around the mean: variance 2/2 of a squared percent.
        assert!((vol_annual(&[0.01, 0.02, 0.03], 4.0).unwrap() - 0.02).abs() < 1e-17);
        assert_eq!(vol_annual(&[0.1; 5], 252.0), Some(0.0));
    }

    #[test]
    fn one_day_does_not_vary() {
        assert_eq!((vol_annual(&[0.1], 252.0), vol_annual(&[], 252.0)), (None, None));
        assert_eq!(vol_annual(&[0.1, 0.2], f64::NAN), None);
    }
}
