//! Average win: the mean return of trades that earned money, as a fraction of what was put in.
//!
//! Undefined without such a trade.
//! Golden: the definition in numpy.

use super::{Better, Metric, TradeFacts, Unit, trade_means::mean_trade_return};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "avg_win",
    unit: Unit::Fraction,
    better: Better::Higher,
    about: "mean return of winning trades",
    compute: |p| avg_win(p.trades),
};

/// The mean return of winning trades.
pub fn avg_win(trades: &[TradeFacts]) -> Option<f64> {
    mean_trade_return(trades, TradeFacts::won)
}

#[cfg(test)]
mod tests {
    use super::super::trade_means::results;
    use super::*;

    #[test]
    fn breaking_even_is_no_win() {
        assert_eq!(avg_win(&results(&[500.0, 0.0, -100.0, 250.0])), Some(0.375));
        assert_eq!((avg_win(&results(&[0.0, -1.0])), avg_win(&[])), (None, None));
    }
}
