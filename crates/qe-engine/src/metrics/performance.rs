//! What metrics are computed from: plain facts of a finished run.

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
        let [sum, sum_sq] = qe_core::stats::sums_by(returns, |r| [r, r * r]);
        Self { n: returns.len() as u64, sum, sum_sq }
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
    /// Daily returns of a benchmark, day by day beside `daily`.
    pub benchmark: Option<&'a [f64]>,
}

impl<'a> Performance<'a> {
    /// What was won of the capital; undefined without a day.
    pub fn total_return(&self) -> Option<f64> {
        let compounded = total_return(self.daily)?;
        guard::finite(self.total_return.unwrap_or(compounded))
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
    fn breaking_even_is_neither() {
        let of = |pnl| TradeFacts { pnl, ..TradeFacts::default() };
        assert!(of(1.0).won() && of(-1.0).lost() && !of(0.0).won() && !of(0.0).lost());
        assert_eq!(StepMoments::of(&[1.0, -2.0, 4.0]), StepMoments { n: 3, sum: 3.0, sum_sq: 21.0 });
    }
}
