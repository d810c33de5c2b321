//! Up capture: how much of its benchmark a run earned on days when the benchmark rose.
//!
//! The mean daily return over the benchmark's, both of days with `b > 0`. Means and not compounded: days apart do not
//! make a path. Undefined without a benchmark of the same days, and where it never rose.
//! Reference: C. Bacon, "Practical Portfolio Performance Measurement and Attribution", 2nd ed. (2008), chapter 4.
//! Golden: the definition in numpy.

use qe_core::stats::pair_sums_by;

use super::{Better, Metric, Unit, guard};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "up_capture",
    unit: Unit::Ratio,
    better: Better::Higher,
    about: "mean return over the benchmark's, of days when the benchmark rose",
    compute: |p| p.beside_benchmark().and_then(|(r, b)| up_capture(r, b)),
};

/// The part of the benchmark's return that was earned while it rose.
pub fn up_capture(daily: &[f64], benchmark: &[f64]) -> Option<f64> {
    // The number of days is the same above and below.
    let [own, theirs] = pair_sums_by(daily, benchmark, |r, b| if b > 0.0 { [r, b] } else { [0.0 * r, 0.0 * b] });
    guard::ratio(own, theirs)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: [f64; 5] = [0.5, -0.25, 0.125, 0.75, -0.125];
    const THEIRS: [f64; 5] = [1.0, -0.5, 0.25, 0.0, -0.25];

    #[test]
    fn days_of_the_other_side_do_not_count() {
        assert_eq!(up_capture(&OWN, &THEIRS), Some(0.5));
        assert_eq!(up_capture(&[9.0, -1.0, 9.0, 9.0, -1.0].map(|r: f64| r.min(0.5)), &THEIRS), Some(0.8));
    }

    #[test]
    fn what_is_undefined_is_none() {
        assert_eq!((up_capture(&[0.1], &[0.0]), up_capture(&[0.1, 0.2], &[0.1])), (None, None));
        assert_eq!((up_capture(&[], &[]), up_capture(&[0.1, f64::NAN], &[0.1, -0.1])), (None, None));
    }
}
