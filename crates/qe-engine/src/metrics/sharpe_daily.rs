//! Sharpe ratio of daily returns, annualised: the figure that gates read.
//!
//! `mean(r) * days_per_year / (std(r) * sqrt(days_per_year))`, with n - 1 in the deviation; `sharpe_method` is
//! `daily_agg_v1`. Nothing is taken off for cash: give excess returns where you want them. Undefined below two days,
//! and where the volatility is below [`VOL_FLOOR_ANNUAL`]: returns that hardly vary are those of a run that did
//! nothing, or rounding, and their quotient says nothing. `vol_floor_applied` of the summary says so.
//! Reference: W. Sharpe, "The Sharpe Ratio", J. Portfolio Management 21 (1994).
//! Golden: empyrical `sharpe_ratio` with the year of the run.

use qe_core::stats::Moments;

use super::{Better, Metric, Unit, guard, vol_annual};

/// An annual volatility below this is none: a ten-thousandth of a basis point.
pub const VOL_FLOOR_ANNUAL: f64 = 1e-8;

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "sharpe_daily",
    unit: Unit::Ratio,
    better: Better::Higher,
    about: "annualised mean of daily returns over their annualised deviation",
    compute: |p| sharpe(p.daily, p.days_per_year),
};

/// The annualised Sharpe ratio of returns of which there are `per_year` in a year.
pub fn sharpe(returns: &[f64], per_year: f64) -> Option<f64> {
    of_moments(&Moments::of(returns), per_year)
}

/// The annualised Sharpe ratio of returns with these moments.
pub(crate) fn of_moments(m: &Moments, per_year: f64) -> Option<f64> {
    let vol = vol_annual::of_moments(m, per_year)?;
    if is_floored(vol) { None } else { guard::ratio(m.mean()? * per_year, vol) }
}

/// Whether a volatility is too small to divide by.
pub(crate) fn is_floored(vol_annual: f64) -> bool {
    vol_annual < VOL_FLOOR_ANNUAL
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_over_deviation_annualised() {
        // Mean 2 %, deviation 1 %: 2 a day, 4 at four days a year.
        assert!((sharpe(&[0.01, 0.02, 0.03], 4.0).unwrap() - 4.0).abs() < 1e-14);
        assert!((sharpe(&[-0.01, -0.02, -0.03], 4.0).unwrap() + 4.0).abs() < 1e-14);
    }

    #[test]
    fn a_run_that_does_nothing_has_none() {
        assert_eq!(sharpe(&[0.0; 100], 252.0), None);
        assert_eq!(sharpe(&[0.001; 100], 252.0), None);
        assert_eq!((sharpe(&[0.01], 252.0), sharpe(&[], 252.0)), (None, None));
    }

    #[test]
    fn the_floor_is_where_it_says() {
        // A deviation of about 1 of the unit: 0.9e-8 a year is below the floor, 1.1e-8 above.
        let of = |unit: f64| sharpe(&[1.0 + unit, 1.0, 1.0 - unit].map(|v| v * 1e-3), 1.0);
        assert_eq!(of(0.9e-5), None);
        assert!((of(1.1e-5).unwrap() * 1.1e-5 - 1.0).abs() < 1e-6);
    }
}
