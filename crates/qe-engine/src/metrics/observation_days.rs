//! How many days the daily figures stand on.
//!
//! The number of daily returns: a gate asks for enough of them before it reads a Sharpe ratio. Always defined.
//! Golden: the number of rows, by pandas.

use super::{Better, Metric, Unit};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "observation_days",
    unit: Unit::Days,
    better: Better::Neither,
    about: "the number of daily returns",
    compute: |p| Some(p.daily.len() as f64),
};

#[cfg(test)]
mod tests {
    use super::super::Performance;
    use super::*;

    #[test]
    fn none_is_zero() {
        assert_eq!((METRIC.compute)(&Performance::default()), Some(0.0));
        assert_eq!((METRIC.compute)(&Performance { daily: &[0.1, 0.2], ..Performance::default() }), Some(2.0));
    }
}
