//! Gain-to-pain ratio: the sum of all days over the sum of the losing ones.
//!
//! `sum(r) / sum(max(-r, 0))`, which is `omega - 1`. Undefined where no day lost.
//! Reference: J. Schwager, "Hedge Fund Market Wizards" (2012), appendix A, there of months.
//! Golden: quantstats `gain_to_pain_ratio`.

use super::{Better, Metric, Unit, guard, omega::gained_and_lost};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "gain_to_pain",
    unit: Unit::Ratio,
    better: Better::Higher,
    about: "the sum of all days over the sum of losing days",
    compute: |p| gain_to_pain(p.daily),
};

/// The net of all days over what days lost.
pub fn gain_to_pain(daily: &[f64]) -> Option<f64> {
    let [gained, lost] = gained_and_lost(daily);
    guard::ratio(gained - lost, lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn net_over_losses() {
        assert_eq!(gain_to_pain(&[0.5, -0.25, 0.25]), Some(2.0));
        assert_eq!(gain_to_pain(&[-0.5, 0.25]), Some(-0.5));
    }

    #[test]
    fn without_a_loss_there_is_none() {
        assert_eq!((gain_to_pain(&[0.1]), gain_to_pain(&[])), (None, None));
    }
}
