//! Means over some of the trades.

use qe_core::stats::mean;

use super::TradeFacts;

/// The mean return of the trades that `keep` keeps, as a fraction of what was put in; undefined without one.
pub fn mean_trade_return(trades: &[TradeFacts], keep: impl Fn(&TradeFacts) -> bool) -> Option<f64> {
    let kept: Vec<f64> = trades.iter().filter(|t| keep(t)).map(|t| t.return_frac).collect();
    mean(&kept)
}

/// The part of trades that `keep` keeps; undefined without a trade.
pub fn part_of_trades(trades: &[TradeFacts], keep: impl Fn(&TradeFacts) -> bool) -> Option<f64> {
    super::guard::ratio(trades.iter().filter(|t| keep(t)).count() as f64, trades.len() as f64)
}

/// Trades with these results, in money and as fractions of 1000, for the tests of the family.
#[cfg(test)]
pub(super) fn results(pnl: &[f64]) -> Vec<TradeFacts> {
    pnl.iter().map(|&pnl| TradeFacts { pnl, return_frac: pnl / 1000.0, n_bars: 3 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_kept_counts() {
        let trades = results(&[500.0, -250.0, 0.0, 250.0]);
        assert_eq!(
            (mean_trade_return(&trades, TradeFacts::won), part_of_trades(&trades, TradeFacts::won)),
            (Some(0.375), Some(0.5))
        );
        assert_eq!((mean_trade_return(&[], TradeFacts::won), part_of_trades(&[], TradeFacts::won)), (None, None));
    }
}
