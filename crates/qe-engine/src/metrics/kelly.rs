//! Kelly fraction of the trades: the part of capital that grows fastest, were they bets.
//!
//! `p_win - p_lose / payoff_ratio`; a trade that broke even is in neither part. It is negative for a game that loses.
//! Undefined without a winning or without a losing trade.
//! Reference: J. Kelly, Bell System Technical Journal 35 (1956).
//! Golden: the definition in numpy.

use super::trade_means::part_of_trades;
use super::{Better, Metric, TradeFacts, Unit, guard, payoff_ratio::payoff_ratio};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "kelly",
    unit: Unit::Fraction,
    better: Better::Higher,
    about: "the Kelly fraction of the trades as bets",
    compute: |p| kelly(p.trades),
};

/// The Kelly fraction.
pub fn kelly(trades: &[TradeFacts]) -> Option<f64> {
    let (won, lost) = (part_of_trades(trades, TradeFacts::won)?, part_of_trades(trades, TradeFacts::lost)?);
    Some(won - guard::ratio(lost, payoff_ratio(trades)?)?)
}

#[cfg(test)]
mod tests {
    use super::super::trade_means::results;
    use super::*;

    #[test]
    fn even_money_is_the_edge() {
        // Kelly's own case: even money, three of four won, half of the capital.
        assert_eq!(kelly(&results(&[1.0, 1.0, -1.0, 1.0])), Some(0.5));
        assert_eq!(kelly(&results(&[2.0, -1.0])), Some(0.25));
        assert_eq!(kelly(&results(&[2.0, 0.0, -1.0, 0.0])), Some(0.125));
    }

    #[test]
    fn without_both_there_is_none() {
        assert_eq!((kelly(&results(&[1.0])), kelly(&results(&[-1.0])), kelly(&[])), (None, None, None));
    }
}
