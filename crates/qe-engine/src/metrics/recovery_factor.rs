//! Recovery factor: total return over the maximum drawdown.
//!
//! `total_return / max_drawdown`: how many times the run earned its deepest fall. Undefined where equity never fell.
//! Golden: empyrical `cum_returns_final` over `max_drawdown`.

use super::{Better, Metric, Unit, guard, max_drawdown::max_drawdown, total_return::total_return};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "recovery_factor",
    unit: Unit::Ratio,
    better: Better::Higher,
    about: "total_return over max_drawdown",
    compute: |p| guard::ratio(p.total_return()?, max_drawdown(p.daily)?),
};

/// The ratio of [`total_return`] to [`max_drawdown`].
pub fn recovery_factor(daily: &[f64]) -> Option<f64> {
    guard::ratio(total_return(daily)?, max_drawdown(daily)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_keeps_its_sign() {
        // 2, 1, 4: a gain of 3 after a fall of a half.
        assert_eq!(recovery_factor(&[1.0, -0.5, 3.0]), Some(6.0));
        assert_eq!(recovery_factor(&[-0.5, 0.5]), Some(-0.5));
    }

    #[test]
    fn without_a_fall_there_is_none() {
        assert_eq!((recovery_factor(&[0.1]), recovery_factor(&[])), (None, None));
    }
}
