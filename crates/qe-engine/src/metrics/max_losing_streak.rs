//! The most losing trades in a row.
//!
//! In the order in which trades closed; one that broke even ends a streak. Undefined without a trade.
//! Golden: the definition in pandas.

use super::{Better, Metric, TradeFacts, Unit};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "max_losing_streak",
    unit: Unit::Count,
    better: Better::Lower,
    about: "the most losing trades in a row",
    compute: |p| max_losing_streak(p.trades),
};

/// The longest run of losing trades.
pub fn max_losing_streak(trades: &[TradeFacts]) -> Option<f64> {
    let longest = trades.split(|t| !t.lost()).map(<[TradeFacts]>::len).max()?;
    (!trades.is_empty()).then_some(longest as f64)
}

#[cfg(test)]
mod tests {
    use super::super::trade_means::results;
    use super::*;

    #[test]
    fn breaking_even_ends_it() {
        assert_eq!(max_losing_streak(&results(&[-1.0, -1.0, 0.0, -1.0, 1.0])), Some(2.0));
        assert_eq!((max_losing_streak(&results(&[1.0])), max_losing_streak(&[])), (Some(0.0), None));
    }
}
