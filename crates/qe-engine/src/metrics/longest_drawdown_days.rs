//! The longest stretch of days below a peak, however shallow.
//!
//! Days that ended below the peak, up to the one that reached it again, or to the end of the run. 0 where equity never
//! fell. Undefined without a day.
//! Golden: the definition in pandas.

use super::{Better, Metric, Unit, path};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "longest_drawdown_days",
    unit: Unit::Days,
    better: Better::Lower,
    about: "the most days in a row below a peak",
    compute: |p| longest_drawdown_days(p.daily),
};

/// The most days in a row below a peak.
pub fn longest_drawdown_days(daily: &[f64]) -> Option<f64> {
    Some(path::spells(daily)?.iter().map(|s| s.n_days).max().unwrap_or(0) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_counts_and_not_the_deepest() {
        assert_eq!(longest_drawdown_days(&[-0.5, 1.0, -0.01, 0.0, 0.0]), Some(3.0));
        assert_eq!((longest_drawdown_days(&[0.1]), longest_drawdown_days(&[])), (Some(0.0), None));
    }
}
