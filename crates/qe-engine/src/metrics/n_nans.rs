//! How many values were missing where one was needed.
//!
//! As the run counted them. Always defined.
//! Golden: as it was put in.

use super::{Better, Metric, Unit};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "n_nans",
    unit: Unit::Count,
    better: Better::Lower,
    about: "the number of values that were missing where one was needed",
    compute: |p| Some(p.n_nans as f64),
};

#[cfg(test)]
mod tests {
    use super::super::Performance;
    use super::*;

    #[test]
    fn it_is_what_the_run_counted() {
        let p = Performance { n_nans: 7, n_days_in_market: 3, ..Performance::default() };
        assert_eq!((METRIC.compute)(&p), Some(7.0));
        assert_eq!((METRIC.compute)(&Performance::default()), Some(0.0));
    }
}
