//! Turnover a year, in multiples of equity.
//!
//! `turnover_sum * days_per_year / n`, where a purchase and its sale count as two. Undefined without a day.
//! Golden: the definition in numpy.

use super::{Better, Metric, Unit, trades_per_year::in_a_year};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "turnover_annual",
    unit: Unit::PerYear,
    better: Better::Lower,
    about: "what was traded in a year, in multiples of equity",
    compute: |p| in_a_year(p.turnover_sum, p.daily.len(), p.days_per_year),
};

#[cfg(test)]
mod tests {
    use super::super::Performance;
    use super::*;

    #[test]
    fn it_is_of_a_year() {
        let p = Performance { daily: &[0.0; 5], days_per_year: 10.0, turnover_sum: 3.0, ..Performance::default() };
        assert_eq!((METRIC.compute)(&p), Some(6.0));
        assert_eq!((METRIC.compute)(&Performance { daily: &[], ..p }), None);
    }
}
