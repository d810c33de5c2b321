//! Historical conditional value at risk (expected shortfall): the mean loss of the worst days.
//!
//! Minus the mean of the `floor((n - 1) tail) + 1` smallest returns: those at or below the quantile of `value_at_risk`.
//! Those below the last of them are added in the order of days, then the last one as often as it is among them.
//! Undefined without a day.
//! Reference: C. Acerbi and D. Tasche, J. Banking & Finance 26 (2002).
//! Golden: empyrical `conditional_value_at_risk`, whose sign is the other.

use qe_core::stats::sum;

use super::value_at_risk::TAIL_FRAC;
use super::{Better, Metric, Unit, guard};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "cvar",
    unit: Unit::Fraction,
    better: Better::Lower,
    about: "the mean loss of the worst days, one in twenty, historical",
    compute: |p| cvar(p.daily, TAIL_FRAC),
};

/// The mean loss of the worst part `tail_frac` of days.
pub fn cvar(daily: &[f64], tail_frac: f64) -> Option<f64> {
    let count = n_tail(guard::numbers(daily)?.len(), tail_frac)?;
    let mut order = daily.to_vec();
    let (_, &mut last, _) = order.select_nth_unstable_by(count - 1, f64::total_cmp);
    let below: Vec<f64> = daily.iter().copied().filter(|r| *r < last).collect();
    of_tail(&below, last, count)
}

/// How many of `n` days are the tail; at least one.
pub(super) fn n_tail(n: usize, tail_frac: f64) -> Option<usize> {
    let inside = n > 0 && (0.0..=1.0).contains(&tail_frac);
    inside.then(|| ((n - 1) as f64 * tail_frac) as usize + 1)
}

/// The mean loss of `count` days: those `below` the last one, in order, and that one for the others.
pub(super) fn of_tail(below: &[f64], last: f64, count: usize) -> Option<f64> {
    let total = sum(below) + (count - below.len()) as f64 * last;
    guard::finite(0.0 - total / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_are_averaged() {
        let daily: Vec<f64> = (0..41).map(|i| -f64::from(i) / 100.0).collect();
        assert!((cvar(&daily, 0.05).unwrap() - 0.39).abs() < 1e-15);
        assert_eq!(cvar(&daily, 0.0), Some(0.4));
        assert!((cvar(&daily, 1.0).unwrap() - 0.2).abs() < 1e-15);
    }

    #[test]
    fn equal_days_count_as_often_as_they_are_in_the_tail() {
        // Three of five: -3, -1, -1 of -3, -1, -1, -1, 0.
        assert_eq!(cvar(&[-1.0, 0.0, -1.0, -3.0, -1.0], 0.5), Some(5.0 / 3.0));
    }

    #[test]
    fn what_is_undefined_is_none() {
        assert_eq!((cvar(&[], 0.05), cvar(&[0.1], -0.1), cvar(&[0.1, f64::NAN], 0.05)), (None, None, None));
    }
}
