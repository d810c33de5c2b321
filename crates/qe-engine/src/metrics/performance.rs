//! What metrics are computed from: plain facts of a finished run.

use qe_core::stats::sums_by;

use super::guard;
use super::total_return::total_return;
use crate::trades::Trade;

/// One closed round trip, net of its costs.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TradeFacts {
    /// What it earned, in money.
    pub pnl: f64,
    /// What it earned, as a fraction of what was put in.
    pub return_frac: f64,
    /// How many bars it was held.
    pub n_bars: u64,
}

impl TradeFacts {
    /// The round trips that are closed, in their order.
    pub fn of(trades: &[Trade]) -> Vec<Self> {
        let closed = trades.iter().filter(|t| t.exit_time.is_some());
        let facts =
            |t: &Trade| Self { pnl: t.pnl, return_frac: t.pnl_frac, n_bars: u64::from(t.exit_row - t.entry_row) };
        closed.map(facts).collect()
    }

    /// Whether it earned money.
    pub fn won(&self) -> bool {
        self.pnl > 0.0
    }

    /// Whether it lost money. A trade that broke even neither won nor lost.
    pub fn lost(&self) -> bool {
        self.pnl < 0.0
    }
}

/// What is left of the returns per bar: their number, sum, and sum of squares.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct StepMoments {
    /// How many.
    pub n: u64,
    /// Their sum.
    pub sum: f64,
    /// The sum of their squares.
    pub sum_sq: f64,
}

impl StepMoments {
    /// The moments of `returns`, in the fixed order of [`mod@qe_core::stats::sum`].
    pub fn of(returns: &[f64]) -> Self {
        let [sum, sum_sq] = sums_by(returns, |r| [r, r * r]);
        Self { n: returns.len() as u64, sum, sum_sq }
    }
}

/// What all closed round trips came to together.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TradeSums {
    /// How many.
    pub n: u64,
    /// How many of them earned money.
    pub n_wins: u64,
    /// What those earned, in money.
    pub won: f64,
    /// What those that lost money lost, positive.
    pub lost: f64,
    /// How many bars they were held.
    pub n_bars: u64,
}

impl TradeSums {
    /// The sums of `trades`, in the fixed order of [`mod@qe_core::stats::sum`].
    pub fn of(trades: &[TradeFacts]) -> Self {
        let pnl: Vec<f64> = trades.iter().map(|t| t.pnl).collect();
        // A NaN is in both sums.
        let [won, lost] = sums_by(&pnl, |v| [if v < 0.0 { 0.0 } else { v }, if v > 0.0 { 0.0 } else { -v }]);
        Self {
            n: trades.len() as u64,
            n_wins: trades.iter().filter(|t| t.won()).count() as u64,
            won,
            lost,
            n_bars: trades.iter().fold(0, |n, t| n.saturating_add(t.n_bars)),
        }
    }
}

/// A finished run, as metrics see it. Everything is public, and nothing is checked: a metric that its facts do not
/// define is `None`.
///
/// A run that knows nothing of a fact leaves it at its default, by `..Performance::default()`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Performance<'a> {
    /// Daily returns of equity, the first one against the starting capital. No NaN.
    pub daily: &'a [f64],
    /// Sessions a year, from the calendar (`Calendar::sessions_per_year`).
    pub days_per_year: f64,
    /// The returns per bar.
    pub steps: StepMoments,
    /// Bars a year, from the calendar (`Calendar::periods_per_year`).
    pub steps_per_year: f64,
    /// Closed round trips, in the order in which they closed.
    pub trades: &'a [TradeFacts],
    /// What was traded, as multiples of equity: the sum of `abs(position - previous)`.
    pub turnover_sum: f64,
    /// All costs paid, in money.
    pub cost_sum: f64,
    /// Equity before the first bar, in money.
    pub start_equity: f64,
    /// Days on which a position was held at some time.
    pub n_days_in_market: u64,
    /// Values that were missing where one was needed.
    pub n_nans: u64,
    /// What was won of the capital, where the worth at the end is known; what `daily` multiply to is the same up to rounding.
    pub total_return: Option<f64>,
    /// What the round trips came to by the walk's own count of cash, where there is one: what a trade log of averages adds up
    /// to is the same up to rounding.
    pub sums: Option<TradeSums>,
    /// Daily returns of a benchmark, day by day beside `daily`.
    pub benchmark: Option<&'a [f64]>,
}

impl<'a> Performance<'a> {
    /// What was won of the capital; undefined without a day.
    pub fn total_return(&self) -> Option<f64> {
        let compounded = total_return(self.daily)?;
        guard::finite(self.total_return.unwrap_or(compounded))
    }

    /// What the round trips came to together: as the walk counted it, or by [`Performance::trades`].
    pub fn trade_sums(&self) -> TradeSums {
        self.sums.unwrap_or_else(|| TradeSums::of(self.trades))
    }

    /// How many round trips were closed.
    pub fn n_trades(&self) -> u64 {
        self.sums.map_or(self.trades.len() as u64, |sums| sums.n)
    }

    /// `daily` and the benchmark, where there is one of the same length.
    pub fn beside_benchmark(&self) -> Option<(&'a [f64], &'a [f64])> {
        self.benchmark.filter(|b| b.len() == self.daily.len()).map(|b| (self.daily, b))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_benchmark_of_another_length_is_none() {
        let p = Performance { daily: &[0.1, 0.2], benchmark: Some(&[0.0, 0.1]), ..Performance::default() };
        assert_eq!(p.beside_benchmark(), Some((&[0.1, 0.2][..], &[0.0, 0.1][..])));
        assert_eq!(Performance { benchmark: Some(&[0.1]), ..p }.beside_benchmark(), None);
        assert_eq!(Performance { benchmark: None, ..p }.beside_benchmark(), None);
    }

    #[test]
    fn what_was_counted_goes_before_what_the_log_adds_up_to() {
        let of = |pnl| TradeFacts { pnl, n_bars: 2, ..TradeFacts::default() };
        let trades = [of(3.0), of(-1.0), of(0.0), of(2.0)];
        let added = TradeSums { n: 4, n_wins: 2, won: 5.0, lost: 1.0, n_bars: 8 };
        let p = Performance { trades: &trades, ..Performance::default() };
        assert_eq!((p.trade_sums(), p.n_trades()), (added, 4));
        let counted = TradeSums { n: 5, ..added };
        let p = Performance { sums: Some(counted), ..p };
        assert_eq!((p.trade_sums(), p.n_trades()), (counted, 5));
    }

    #[test]
    fn breaking_even_is_neither() {
        let of = |pnl| TradeFacts { pnl, ..TradeFacts::default() };
        assert!(of(1.0).won() && of(-1.0).lost() && !of(0.0).won() && !of(0.0).lost());
        assert_eq!(StepMoments::of(&[1.0, -2.0, 4.0]), StepMoments { n: 3, sum: 3.0, sum_sq: 21.0 });
    }
}
