//! System quality number: the t-statistic of the trades' results.
//!
//! `sqrt(n) * mean(pnl) / std(pnl)`, n - 1 in the deviation, n not held at 100. Undefined below two trades, and where
//! all results are alike.
//! Reference: V. Tharp, "The Definitive Guide to Position Sizing" (2008).
//! Golden: SciPy `ttest_1samp` against 0.

use qe_core::stats::Moments;

use super::{Better, Metric, TradeFacts, Unit, guard};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "sqn",
    unit: Unit::Ratio,
    better: Better::Higher,
    about: "system quality number: the t-statistic of the trades' results",
    compute: |p| sqn(p.trades),
};

/// The t-statistic of the trades' results.
pub fn sqn(trades: &[TradeFacts]) -> Option<f64> {
    let pnl: Vec<f64> = trades.iter().map(|t| t.pnl).collect();
    let m = Moments::of(&pnl);
    guard::ratio((m.n as f64).sqrt() * m.mean()?, m.std(1)?)
}

#[cfg(test)]
mod tests {
    use super::super::trade_means::results;
    use super::*;

    #[test]
    fn it_grows_with_the_root_of_the_number() {
        // Mean 2, deviation 1, three trades.
        assert!((sqn(&results(&[1.0, 2.0, 3.0])).unwrap() - 2.0 * 3_f64.sqrt()).abs() < 1e-14);
    }

    #[test]
    fn without_spread_there_is_none() {
        assert_eq!((sqn(&results(&[0.1; 7])), sqn(&results(&[1.0])), sqn(&[])), (None, None, None));
    }
}
