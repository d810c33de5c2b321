//! Exposure: the part of days on which a position was held.
//!
//! `n_days_in_market / n`. Undefined without a day.
//! Golden: the definition in numpy.

use super::{Better, Metric, Unit, guard};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "exposure",
    unit: Unit::Fraction,
    better: Better::Neither,
    about: "part of days on which a position was held",
    compute: |p| guard::ratio(p.n_days_in_market as f64, p.daily.len() as f64),
};

#[cfg(test)]
mod tests {
    use super::super::Performance;
    use super::*;

    #[test]
    fn it_is_a_part_of_days() {
        let p = Performance { daily: &[0.0; 8], n_days_in_market: 6, ..Performance::default() };
        assert_eq!((METRIC.compute)(&p), Some(0.75));
        assert_eq!((METRIC.compute)(&Performance { daily: &[], ..p }), None);
    }
}
