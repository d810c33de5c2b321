//! How long the maximum drawdown lasted: the days of the stretch that holds the deepest fall.
//!
//! Days that ended below the peak, up to the one that reached it again, or to the end of the run; the first of equally
//! deep stretches. 0 where equity never fell. Undefined without a day.
//! Golden: the definition in pandas.

use super::{Better, Metric, Unit, path};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "max_drawdown_days",
    unit: Unit::Days,
    better: Better::Lower,
    about: "days below the peak of the deepest drawdown",
    compute: |p| max_drawdown_days(p.daily),
};

/// The days of the stretch with the deepest fall.
pub fn max_drawdown_days(daily: &[f64]) -> Option<f64> {
    let spells = path::spells(daily)?;
    let deepest = spells.iter().reduce(|a, b| if b.depth > a.depth { b } else { a });
    Some(deepest.map_or(0, |s| s.n_days) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_counts_and_not_the_longest() {
        assert_eq!(max_drawdown_days(&[-0.5, 1.0, -0.01, 0.0, 0.0]), Some(1.0));
        assert_eq!(max_drawdown_days(&[-0.5, 0.0, 1.0, -0.5, 1.0]), Some(2.0));
        assert_eq!((max_drawdown_days(&[0.1]), max_drawdown_days(&[])), (Some(0.0), None));
    }
}
