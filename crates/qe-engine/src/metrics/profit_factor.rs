//! Profit factor: what winning trades earned over what losing trades lost, in money.
//!
//! Undefined without a losing trade; 0 where no trade won.
//! Golden: quantstats `profit_factor` of the trades' results.

use super::{Better, Metric, TradeFacts, TradeSums, Unit, guard};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "profit_factor",
    unit: Unit::Ratio,
    better: Better::Higher,
    about: "money won over money lost by trades",
    compute: |p| of_sums(&p.trade_sums()),
};

/// Money won over money lost.
pub fn profit_factor(trades: &[TradeFacts]) -> Option<f64> {
    of_sums(&TradeSums::of(trades))
}

/// The same, of what trades came to together.
pub(crate) fn of_sums(sums: &TradeSums) -> Option<f64> {
    guard::ratio(sums.won, sums.lost)
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
