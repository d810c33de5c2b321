//! The worst day: the smallest daily return.
//!
//! Undefined without a day.
//! Golden: quantstats `worst`.

use super::{Better, Metric, Unit, guard};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "worst_day",
    unit: Unit::Fraction,
    better: Better::Higher,
    about: "the smallest daily return",
    compute: |p| worst_day(p.daily),
};

/// The smallest of the returns.
pub fn worst_day(daily: &[f64]) -> Option<f64> {
    guard::numbers(daily)?.iter().copied().reduce(f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_day_is_the_worst() {
        let days = [0.1, -0.3, 0.2, 0.0];
        assert_eq!(worst_day(&days), Some(days[1]));
        assert_eq!(worst_day(&[-0.1]), Some(-0.1));
    }

    #[test]
    fn what_is_undefined_is_none() {
        assert_eq!((worst_day(&[]), worst_day(&[0.1, f64::NAN])), (None, None));
    }
}
