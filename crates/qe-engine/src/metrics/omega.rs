//! Omega ratio against 0: all gains over all losses of days.
//!
//! `sum(max(r, 0)) / sum(max(-r, 0))`. Undefined where no day lost.
//! Reference: C. Keating and W. Shadwick, "A Universal Performance Measure", J. Performance Measurement 6 (2002).
//! Golden: empyrical `omega_ratio` against 0.

use qe_core::stats::sums_by;

use super::{Better, Metric, Unit, guard};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "omega",
    unit: Unit::Ratio,
    better: Better::Higher,
    about: "the sum of gaining days over the sum of losing days",
    compute: |p| omega(p.daily),
};

/// Gains over losses.
pub fn omega(daily: &[f64]) -> Option<f64> {
    let [gained, lost] = gained_and_lost(daily);
    guard::ratio(gained, lost)
}

/// The sums of what days gained and of what days lost, both 0 or more; NaN where a return is.
pub(super) fn gained_and_lost(daily: &[f64]) -> [f64; 2] {
    sums_by(daily, |r| [if r < 0.0 { 0.0 } else { r }, if r > 0.0 { 0.0 } else { -r }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gains_over_losses() {
        assert_eq!(omega(&[0.5, -0.25, 0.25, 0.0]), Some(3.0));
        assert_eq!(omega(&[-0.25]), Some(0.0));
    }

    #[test]
    fn without_a_loss_there_is_none() {
        assert_eq!((omega(&[0.1]), omega(&[]), omega(&[0.1, -0.1, f64::NAN])), (None, None, None));
    }
}
