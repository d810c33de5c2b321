//! Skewness of daily returns, with divisor n.
//!
//! The third moment about the mean over the deviation cubed, not corrected for sample size: the form that the
//! probabilistic Sharpe ratio asks for. Undefined without spread.
//! Golden: SciPy `skew`.

use qe_core::stats::skew_population;

use super::{Better, Metric, Unit};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "skew",
    unit: Unit::Ratio,
    better: Better::Higher,
    about: "skewness of daily returns, divisor n",
    compute: |p| skew(p.daily),
};

/// The skewness of `daily`.
pub fn skew(daily: &[f64]) -> Option<f64> {
    skew_population(daily)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_far_day_makes_it() {
        // Three at 0 and one at 4: deviations -1, -1, -1, 3; 24/4 over 3^1.5.
        assert!((skew(&[0.0, 0.0, 0.0, 4.0]).unwrap() - 6.0 / 27_f64.sqrt()).abs() < 1e-15);
        assert_eq!(skew(&[-1.0, 0.0, 1.0]), Some(0.0));
    }

    #[test]
    fn without_spread_there_is_none() {
        assert_eq!((skew(&[0.1; 9]), skew(&[])), (None, None));
    }
}
