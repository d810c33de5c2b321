//! Calmar ratio: growth a year over the maximum drawdown.
//!
//! `cagr / max_drawdown`, both over the whole run. Undefined where equity never fell, and where there is no rate.
//! Reference: T. Young, "Calmar Ratio: A Smoother Tool", Futures (October 1991), there over 36 months.
//! Golden: empyrical `calmar_ratio` with the year of the run.

use super::{Better, Metric, Unit, cagr, guard, max_drawdown::max_drawdown};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "calmar",
    unit: Unit::Ratio,
    better: Better::Higher,
    about: "cagr over max_drawdown",
    compute: |p| guard::ratio(cagr::of_run(p)?, max_drawdown(p.daily)?),
};

/// The ratio of [`mod@cagr`] to [`max_drawdown`].
pub fn calmar(daily: &[f64], days_per_year: f64) -> Option<f64> {
    guard::ratio(cagr::cagr(daily, days_per_year)?, max_drawdown(daily)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_over_depth() {
        // 1, 2, 1.5, 4 in a year of three days: growth 3, a fall of a quarter.
        assert!((calmar(&[1.0, -0.25, 5.0 / 3.0], 3.0).unwrap() - 12.0).abs() < 1e-13);
    }

    #[test]
    fn without_a_fall_there_is_none() {
        assert_eq!((calmar(&[0.1, 0.1], 252.0), calmar(&[], 252.0)), (None, None));
        assert_eq!(calmar(&[0.1, -1.5], 252.0), None);
    }
}
