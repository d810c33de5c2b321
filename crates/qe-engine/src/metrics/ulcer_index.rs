//! Ulcer index: the root mean square of the drawdowns of all days.
//!
//! `sqrt(sum(drawdown^2) / n)`, a fraction; days at the peak count as 0. Undefined without a day.
//! Reference: P. Martin and B. McCann, "The Investor's Guide to Fidelity Funds" (1989).
//! Golden: the definition in pandas.

use qe_core::stats::sum_by;

use super::{Better, Metric, Unit, guard, path};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "ulcer_index",
    unit: Unit::Fraction,
    better: Better::Lower,
    about: "root mean square of the drawdowns of all days",
    compute: |p| ulcer_index(p.daily),
};

/// The root mean square drawdown.
pub fn ulcer_index(daily: &[f64]) -> Option<f64> {
    path::growth(daily)?;
    let depths: Vec<f64> = path::drawdowns(daily).collect();
    guard::finite((sum_by(&depths, |d| d * d) / depths.len() as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_at_the_peak_count() {
        // Drawdowns 0.5, 0, 0, 0: the root of 0.25 / 4.
        assert_eq!(ulcer_index(&[-0.5, 1.0, 0.0, 1.0]), Some(0.25));
        assert_eq!((ulcer_index(&[0.1]), ulcer_index(&[])), (Some(0.0), None));
    }
}
