//! Expectancy: the mean return of a trade, as a fraction of what was put in.
//!
//! Undefined without a trade.
//! Golden: the definition in numpy.

use super::{Better, Metric, TradeFacts, Unit, trade_means::mean_trade_return};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "expectancy",
    unit: Unit::Fraction,
    better: Better::Higher,
    about: "mean return of a trade",
    compute: |p| expectancy(p.trades),
};

/// The mean return of all trades.
pub fn expectancy(trades: &[TradeFacts]) -> Option<f64> {
    mean_trade_return(trades, |_| true)
}

#[cfg(test)]
mod tests {
    use super::super::trade_means::results;
    use super::*;

    #[test]
    fn all_trades_count() {
        assert_eq!(expectancy(&results(&[500.0, 0.0, -250.0, 250.0])), Some(0.125));
        assert_eq!(expectancy(&[]), None);
    }
}
