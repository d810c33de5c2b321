//! Sortino ratio: annualised mean return over annualised downside deviation.
//!
//! `mean(r) * days_per_year / downside_deviation`, the target being 0. Undefined without a day, and where no day lost
//! or the deviation is below the floor of `sharpe_daily`.
//! Reference: T. Rollinger and S. Hoffman, "Sortino: A 'Sharper' Ratio", Red Rock Capital (2013).
//! Golden: empyrical `sortino_ratio` with the year of the run.

use qe_core::stats::{Moments, sum_by};

use super::downside_deviation::{lost_squared, of_squares};
use super::sharpe_daily::is_floored;
use super::{Better, Metric, Unit, guard};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "sortino",
    unit: Unit::Ratio,
    better: Better::Higher,
    about: "annualised mean return over downside deviation",
    compute: |p| sortino(p.daily, p.days_per_year),
};

/// The annualised Sortino ratio against 0.
pub fn sortino(daily: &[f64], days_per_year: f64) -> Option<f64> {
    of_parts(&Moments::of(daily), sum_by(daily, lost_squared), days_per_year)
}

/// The ratio of days with these moments, whose losses' squares sum to `lost_sq`.
pub(super) fn of_parts(m: &Moments, lost_sq: f64, days_per_year: f64) -> Option<f64> {
    let down = of_squares(lost_sq, m.n as usize, days_per_year)?;
    if is_floored(down) { None } else { guard::ratio(m.mean()? * days_per_year, down) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_paper() {
        // Rollinger and Hoffman, page 3: yearly returns in percent, target 0, ratio 4.417.
        let yearly = [17.0, 15.0, 23.0, -5.0, 12.0, 9.0, 13.0, -4.0].map(|r| r / 100.0);
        assert!((sortino(&yearly, 1.0).unwrap() - 4.417).abs() < 5e-4);
    }

    #[test]
    fn without_a_loss_there_is_none() {
        assert_eq!(sortino(&[0.1, 0.2, 0.0], 252.0), None);
        assert_eq!((sortino(&[], 252.0), sortino(&[0.1, -0.1], 0.0)), (None, None));
    }
}
