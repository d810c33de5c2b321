//! The best day: the largest daily return.
//!
//! Undefined without a day.
//! Golden: quantstats `best`.

use super::{Better, Metric, Unit, guard};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "best_day",
    unit: Unit::Fraction,
    better: Better::Higher,
    about: "the largest daily return",
    compute: |p| best_day(p.daily),
};

/// The largest of the returns.
pub fn best_day(daily: &[f64]) -> Option<f64> {
    guard::numbers(daily)?.iter().copied().reduce(f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_day_is_the_best() {
        let days = [0.1, -0.3, 0.2, 0.0];
        assert_eq!(best_day(&days), Some(days[2]));
        assert_eq!(best_day(&[-0.1]), Some(-0.1));
    }

    #[test]
    fn what_is_undefined_is_none() {
        assert_eq!((best_day(&[]), best_day(&[0.1, f64::NAN])), (None, None));
    }
}
