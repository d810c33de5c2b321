//! Win rate: the part of trades that earned money.
//!
//! Winning trades over *all* trades; one that broke even did not win. Undefined without a trade.
//! Golden: the definition in numpy.

use super::{Better, Metric, TradeFacts, TradeSums, Unit, guard};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "win_rate",
    unit: Unit::Fraction,
    better: Better::Higher,
    about: "part of all trades that earned money",
    compute: |p| of_sums(&p.trade_sums()),
};

/// The part of trades that won.
pub fn win_rate(trades: &[TradeFacts]) -> Option<f64> {
    of_sums(&TradeSums::of(trades))
}

/// The same, of what trades came to together.
pub(crate) fn of_sums(sums: &TradeSums) -> Option<f64> {
    guard::ratio(sums.n_wins as f64, sums.n as f64)
}

#[cfg(test)]
mod tests {
    use super::super::trade_means::results;
    use super::*;

    #[test]
    fn breaking_even_is_no_win() {
        assert_eq!(win_rate(&results(&[5.0, 0.0, -5.0, 5.0])), Some(0.5));
        assert_eq!((win_rate(&results(&[0.0])), win_rate(&[])), (Some(0.0), None));
    }
}
