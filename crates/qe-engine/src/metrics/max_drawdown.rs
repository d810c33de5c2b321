//! Maximum drawdown: the deepest fall from a peak of equity, as a fraction of the peak.
//!
//! The largest `(peak - equity) / peak` at the end of a day; the starting capital is the first peak. Equity that only
//! rose has 0. It is more than 1 where equity fell below zero. Undefined without a day.
//! Golden: empyrical `max_drawdown`, whose sign is the other.

use super::{Better, Metric, Unit, path};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "max_drawdown",
    unit: Unit::Fraction,
    better: Better::Lower,
    about: "the deepest fall from a peak, as a fraction of the peak",
    compute: |p| max_drawdown(p.daily),
};

/// The deepest drawdown, 0 or more.
pub fn max_drawdown(daily: &[f64]) -> Option<f64> {
    path::growth(daily)?;
    Some(path::drawdowns(daily).fold(0.0, f64::max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_counts_and_not_the_last() {
        assert_eq!(max_drawdown(&[1.0, -0.5, 1.0, -0.25]), Some(0.5));
        assert_eq!(max_drawdown(&[0.1, 0.2]), Some(0.0));
    }

    #[test]
    fn the_starting_capital_is_a_peak() {
        assert_eq!(max_drawdown(&[-0.25, 0.1]), Some(0.25));
        assert_eq!((max_drawdown(&[]), max_drawdown(&[f64::NAN, 0.1])), (None, None));
    }
}
