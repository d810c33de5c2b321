//! Trades a year.
//!
//! `n_trades * days_per_year / n`. Undefined without a day.
//! Golden: the definition in numpy.

use super::{Better, Metric, Unit, guard};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "trades_per_year",
    unit: Unit::PerYear,
    better: Better::Neither,
    about: "closed trades a year",
    compute: |p| in_a_year(p.n_trades() as f64, p.daily.len(), p.days_per_year),
};

/// How much of `total` over `n_days` falls on a year.
pub fn in_a_year(total: f64, n_days: usize, days_per_year: f64) -> Option<f64> {
    guard::ratio(total * guard::per_year(days_per_year)?, n_days as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_year_counts_twice() {
        assert_eq!(in_a_year(10.0, 126, 252.0), Some(20.0));
        assert_eq!((in_a_year(0.0, 0, 252.0), in_a_year(1.0, 5, f64::NAN)), (None, None));
    }
}
