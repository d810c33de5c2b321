//! Average drawdown: the mean depth of all stretches below a peak.
//!
//! Each stretch counts once, by its deepest day; one that has not ended counts too. Undefined where equity never fell.
//! Golden: the definition in pandas.

use qe_core::stats::mean;

use super::{Better, Metric, Unit, path};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "avg_drawdown",
    unit: Unit::Fraction,
    better: Better::Lower,
    about: "mean depth of the stretches below a peak",
    compute: |p| avg_drawdown(p.daily),
};

/// The mean of the depths of all stretches below a peak.
pub fn avg_drawdown(daily: &[f64]) -> Option<f64> {
    let depths: Vec<f64> = path::spells(daily)?.iter().map(|s| s.depth).collect();
    mean(&depths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stretch_counts_once() {
        // Depths 0.5 (two days) and 0.25 (one day, not ended).
        assert_eq!(avg_drawdown(&[-0.5, 0.5, 1.0, -0.25]), Some(0.375));
    }

    #[test]
    fn without_a_fall_there_is_none() {
        assert_eq!((avg_drawdown(&[0.1, 0.0]), avg_drawdown(&[])), (None, None));
    }
}
