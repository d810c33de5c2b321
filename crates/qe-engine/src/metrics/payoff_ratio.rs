//! Payoff ratio: the average win over the average loss.
//!
//! `avg_win / avg_loss`. Undefined without a winning or without a losing trade.
//! Golden: quantstats `payoff_ratio` of the trades' returns.

use super::{Better, Metric, TradeFacts, Unit, avg_loss::avg_loss, avg_win::avg_win, guard};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "payoff_ratio",
    unit: Unit::Ratio,
    better: Better::Higher,
    about: "avg_win over avg_loss",
    compute: |p| payoff_ratio(p.trades),
};

/// The ratio of [`avg_win`] to [`avg_loss`].
pub fn payoff_ratio(trades: &[TradeFacts]) -> Option<f64> {
    guard::ratio(avg_win(trades)?, avg_loss(trades)?)
}

#[cfg(test)]
mod tests {
    use super::super::trade_means::results;
    use super::*;

    #[test]
    fn how_many_of_each_does_not_count() {
        assert_eq!(payoff_ratio(&results(&[500.0, -250.0, -250.0, 0.0, -250.0])), Some(2.0));
        assert_eq!(
            (payoff_ratio(&results(&[1.0])), payoff_ratio(&results(&[-1.0])), payoff_ratio(&[])),
            (None, None, None)
        );
    }
}
