//! Profit factor: what winning trades earned over what losing trades lost, in money.
//!
//! Undefined without a losing trade; 0 where no trade won.
//! Golden: quantstats `profit_factor` of the trades' results.

use qe_core::stats::sums_by;

use super::{Better, Metric, TradeFacts, Unit, guard};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "profit_factor",
    unit: Unit::Ratio,
    better: Better::Higher,
    about: "money won over money lost by trades",
    compute: |p| profit_factor(p.trades),
};

/// Money won over money lost.
pub fn profit_factor(trades: &[TradeFacts]) -> Option<f64> {
    let pnl: Vec<f64> = trades.iter().map(|t| t.pnl).collect();
    let [won, lost] = sums_by(&pnl, |v| [if v < 0.0 { 0.0 } else { v }, if v > 0.0 { 0.0 } else { -v }]);
    guard::ratio(won, lost)
}

#[cfg(test)]
mod tests {
    use super::super::trade_means::results;
    use super::*;

    #[test]
    fn money_over_money() {
        assert_eq!(profit_factor(&results(&[500.0, -125.0, 0.0, -125.0])), Some(2.0));
        assert_eq!(profit_factor(&results(&[-125.0])), Some(0.0));
    }

    #[test]
    fn without_a_loss_there_is_none() {
        assert_eq!((profit_factor(&results(&[1.0, 0.0])), profit_factor(&[])), (None, None));
    }
}
