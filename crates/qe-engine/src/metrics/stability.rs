//! Stability: how straight the logarithm of equity rises or falls.
//!
//! R squared of a line through `ln(equity)` against the number of the day, the first day's end being the first point.
//! Near 1 is a straight line, whichever way it leads. Undefined below two days, where equity reached zero, and where it
//! never moved.
//! Golden: empyrical `stability_of_timeseries`.

use qe_core::stats::pearson;

use super::{Better, Metric, Unit, guard};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "stability",
    unit: Unit::Fraction,
    better: Better::Higher,
    about: "R squared of log equity against time",
    compute: |p| stability(p.daily),
};

/// R squared of log equity against time.
pub fn stability(daily: &[f64]) -> Option<f64> {
    if guard::numbers(daily)?.iter().any(|r| *r <= -1.0) {
        return None;
    }
    let mut level = 0.0;
    let log: Vec<f64> = daily.iter().map(|r| (level += libm::log1p(*r), level).1).collect();
    let days: Vec<f64> = (0..daily.len()).map(|i| i as f64).collect();
    let r = pearson(&days, &log)?;
    guard::finite(r * r)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_growth_is_a_straight_line() {
        assert!((stability(&[0.01; 50]).unwrap() - 1.0).abs() < 1e-14);
        assert!((stability(&[-0.01; 50]).unwrap() - 1.0).abs() < 1e-14);
    }

    #[test]
    fn a_zigzag_is_none() {
        // Levels 1, 0, 1 in logs of 2: no slope at all.
        assert!(stability(&[1.0, -0.5, 1.0]).unwrap() < 1e-30);
    }

    #[test]
    fn what_is_undefined_is_none() {
        assert_eq!((stability(&[]), stability(&[0.1]), stability(&[0.0; 5])), (None, None, None));
        assert_eq!((stability(&[0.1, -1.0, 0.1]), stability(&[0.1, f64::NAN])), (None, None));
    }
}
