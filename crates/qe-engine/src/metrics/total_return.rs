//! Total return: what equity gained over the whole run, as a fraction of the starting capital.
//!
//! Of a run, its worth at the end over its capital, less 1. Of returns alone, `prod(1 + r) - 1`, multiplied day by day: the
//! same up to rounding. Undefined without a day.
//! Golden: empyrical `cum_returns_final`.

use super::{Better, Metric, Unit, path};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "total_return",
    unit: Unit::Fraction,
    better: Better::Higher,
    about: "what equity gained, as a fraction of the starting capital",
    compute: |p| p.total_return(),
};

/// The compounded return of all days.
pub fn total_return(daily: &[f64]) -> Option<f64> {
    Some(path::growth(daily)? - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn returns_compound() {
        assert_eq!(total_return(&[0.5, 0.5]), Some(1.25));
        assert_eq!(total_return(&[0.5, -0.5]), Some(-0.25));
        assert_eq!(total_return(&[0.0]), Some(0.0));
    }

    #[test]
    fn nothing_has_no_return() {
        assert_eq!((total_return(&[]), total_return(&[f64::NAN])), (None, None));
    }
}
