//! How many trades were closed.
//!
//! Always defined.
//! Golden: the number of rows, by numpy.

use super::{Better, Metric, Unit};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "n_trades",
    unit: Unit::Count,
    better: Better::Neither,
    about: "the number of closed trades",
    compute: |p| Some(p.n_trades() as f64),
};

#[cfg(test)]
mod tests {
    use super::super::{Performance, trade_means::results};
    use super::*;

    #[test]
    fn none_is_zero() {
        assert_eq!((METRIC.compute)(&Performance::default()), Some(0.0));
        let trades = results(&[1.0, 2.0]);
        assert_eq!((METRIC.compute)(&Performance { trades: &trades, ..Performance::default() }), Some(2.0));
    }
}
