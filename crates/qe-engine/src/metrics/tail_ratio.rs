//! Tail ratio: how far the best days reach beside the worst.
//!
//! The size of the 95 % quantile of daily returns over that of the 5 % quantile, linear between two values (type 7).
//! Undefined without a day, and where the lower quantile is 0.
//! Golden: empyrical `tail_ratio`.

use qe_core::stats::quantiles;

use super::value_at_risk::TAIL_FRAC;
use super::{Better, Metric, Unit, guard};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "tail_ratio",
    unit: Unit::Ratio,
    better: Better::Higher,
    about: "the 95 % quantile of daily returns over the 5 % quantile, without signs",
    compute: |p| tail_ratio(p.daily, TAIL_FRAC),
};

/// The quantile at `1 - tail_frac` over that at `tail_frac`, without signs.
pub fn tail_ratio(daily: &[f64], tail_frac: f64) -> Option<f64> {
    match quantiles(guard::numbers(daily)?, &[1.0 - tail_frac, tail_frac])[..] {
        [Some(high), Some(low)] => guard::ratio(high.abs(), low.abs()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn high_over_low() {
        // -10 .. 30: the quantiles are the third from each end, -8 and 28.
        let daily: Vec<f64> = (-10..31).map(f64::from).collect();
        assert!((tail_ratio(&daily, 0.05).unwrap() - 3.5).abs() < 1e-12);
    }

    #[test]
    fn without_a_lower_tail_there_is_none() {
        assert_eq!((tail_ratio(&[0.0; 9], 0.05), tail_ratio(&[], 0.05)), (None, None));
        assert_eq!((tail_ratio(&[0.1, -0.1], 2.0), tail_ratio(&[0.1, f64::NAN], 0.05)), (None, None));
    }
}
