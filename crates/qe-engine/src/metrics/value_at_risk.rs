//! Historical value at risk: the daily loss that one day in twenty exceeds.
//!
//! Minus the 5 % quantile of daily returns, linear between two of them (type 7), so a loss is positive. Negative where
//! even such days gained. Undefined without a day.
//! Golden: empyrical `value_at_risk`, whose sign is the other.

use qe_core::stats::quantile;

use super::{Better, Metric, Unit, guard};

/// The part of days that the entries of this family call the tail.
pub const TAIL_FRAC: f64 = 0.05;

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "value_at_risk",
    unit: Unit::Fraction,
    better: Better::Lower,
    about: "the daily loss that one day in twenty exceeds, historical",
    compute: |p| value_at_risk(p.daily, TAIL_FRAC),
};

/// The loss that a part `tail_frac` of days exceeds.
pub fn value_at_risk(daily: &[f64], tail_frac: f64) -> Option<f64> {
    of_quantile(quantile(guard::numbers(daily)?, tail_frac)?)
}

/// The loss from the quantile. Never -0.
pub(super) fn of_quantile(quantile: f64) -> Option<f64> {
    guard::finite(0.0 - quantile)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lies_between_two_days() {
        // Of 0, -1, .. -40 % the 5 % quantile is the third worst; of ten values between the worst two.
        let daily: Vec<f64> = (0..41).map(|i| -f64::from(i) / 100.0).collect();
        assert_eq!(value_at_risk(&daily, 0.05), Some(0.38));
        assert!((value_at_risk(&daily[..11], 0.05).unwrap() - 0.095).abs() < 1e-15);
    }

    #[test]
    fn what_is_undefined_is_none() {
        assert_eq!((value_at_risk(&[], 0.05), value_at_risk(&[0.1], 1.5)), (None, None));
        assert_eq!(value_at_risk(&[0.1, f64::NAN, -0.2], 0.05), None);
        assert_eq!(value_at_risk(&[0.0; 3], 0.05).map(f64::to_bits), Some(0));
    }
}
