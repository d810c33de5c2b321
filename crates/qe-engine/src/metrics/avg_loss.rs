//! Average loss: what trades that lost money lost in the mean, as a fraction of what was put in.
//!
//! Minus their mean return, so a loss is positive. Undefined without such a trade.
//! Golden: the definition in numpy.

use super::{Better, Metric, TradeFacts, Unit, trade_means::mean_trade_return};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "avg_loss",
    unit: Unit::Fraction,
    better: Better::Lower,
    about: "mean loss of losing trades, positive",
    compute: |p| avg_loss(p.trades),
};

/// The mean loss of losing trades.
pub fn avg_loss(trades: &[TradeFacts]) -> Option<f64> {
    mean_trade_return(trades, TradeFacts::lost).map(|r| -r)
}

#[cfg(test)]
mod tests {
    use super::super::trade_means::results;
    use super::*;

    #[test]
    fn a_loss_is_positive() {
        assert_eq!(avg_loss(&results(&[100.0, 0.0, -500.0, -250.0])), Some(0.375));
        assert_eq!((avg_loss(&results(&[0.0, 1.0])), avg_loss(&[])), (None, None));
    }
}
