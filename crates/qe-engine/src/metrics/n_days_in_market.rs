//! On how many days a position was held.
//!
//! As the run counted them. Always defined.
//! Golden: as it was put in.

use super::{Better, Metric, Unit};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "n_days_in_market",
    unit: Unit::Days,
    better: Better::Neither,
    about: "the number of days on which a position was held",
    compute: |p| Some(p.n_days_in_market as f64),
};

#[cfg(test)]
mod tests {
    use super::super::Performance;
    use super::*;

    #[test]
    fn it_is_what_the_run_counted() {
        let p = Performance { n_days_in_market: 7, n_nans: 3, ..Performance::default() };
        assert_eq!((METRIC.compute)(&p), Some(7.0));
        assert_eq!((METRIC.compute)(&Performance::default()), Some(0.0));
    }
}
