//! How many bars a trade was held in the mean.
//!
//! Undefined without a trade.
//! Golden: the definition in numpy.

use super::{Better, Metric, TradeFacts, TradeSums, Unit, guard};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "avg_trade_bars",
    unit: Unit::Bars,
    better: Better::Neither,
    about: "mean number of bars that a trade was held",
    compute: |p| of_sums(&p.trade_sums()),
};

/// The mean number of bars of a trade.
pub fn avg_trade_bars(trades: &[TradeFacts]) -> Option<f64> {
    of_sums(&TradeSums::of(trades))
}

/// The same, of what trades came to together.
pub(crate) fn of_sums(sums: &TradeSums) -> Option<f64> {
    guard::ratio(sums.n_bars as f64, sums.n as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_mean() {
        let of = |n_bars| TradeFacts { n_bars, ..TradeFacts::default() };
        assert_eq!(avg_trade_bars(&[of(1), of(4), of(7), of(2)]), Some(3.5));
        assert_eq!(avg_trade_bars(&[]), None);
    }
}
