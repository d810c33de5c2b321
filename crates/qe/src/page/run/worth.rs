//! Worth bar by bar beside a benchmark, how far below its peak, and the deepest falls.

use std::ops::Range;

use qe_core::time::Timestamp;
use qe_engine::market::Market;
use qe_engine::metrics::{cagr, max_drawdown, sharpe, total_return};
use qe_engine::run::Report;
use qe_engine::{Error, Result};
use serde::Serialize;

use super::days::Days;
use crate::page::draw::Line;

/// What a run is compared with.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Benchmark {
    /// What it is called.
    pub name: String,
    /// Its daily returns, day by day of those that are scored.
    pub daily: Vec<f64>,
    /// What 1 became at each scored close, where it is known as finely as that.
    pub growth: Option<Vec<f64>>,
}

impl Benchmark {
    /// The run's own symbol, bought at the open of the first scored bar and held, without costs.
    ///
    /// # Errors
    /// When the market has no opens.
    pub fn buy_and_hold(report: &Report, market: &Market) -> Result<Self> {
        let rows = report.curve.rows.clone();
        let open = market.columns().get("open")?.value(rows.start);
        let base = if open.is_nan() { market.marks()[rows.start] } else { open };
        let growth: Vec<f64> = market.marks()[rows.clone()].iter().map(|mark| mark / base).collect();
        Ok(Self::held(market.symbol(), market, rows, growth))
    }

    /// Another symbol, bought at its open where that is the open of the first scored bar, and else at the last close that was
    /// known then; and held, without costs. At each scored close it is worth what was last known of it.
    ///
    /// # Errors
    /// When nothing is known of it when scoring begins.
    pub fn hold(report: &Report, market: &Market, other: &Market) -> Result<Self> {
        let rows = report.curve.rows.clone();
        let (own, axis) = (market.columns().axis(), other.columns().axis());
        let known =
            |at: i64| axis.available().partition_point(|t| *t <= at).checked_sub(1).map(|row| other.marks()[row]);
        let begin = own.open()[rows.start];
        let open = match axis.open().binary_search(&begin) {
            Ok(row) => Some(other.columns().get("open")?.value(row)).filter(|open| !open.is_nan()),
            Err(_) => None,
        };
        let Some(base) = open.or_else(|| known(begin)) else {
            return Err(Error::Market {
                place: format!("the benchmark {}", other.key()),
                reason: format!("nothing is known of it at {}, when scoring begins", Timestamp(begin)),
                mend: "give bars of it that begin earlier, or score from later on".into(),
            });
        };
        let growth = own.available()[rows.clone()].iter().map(|at| known(*at).unwrap_or(base) / base).collect();
        Ok(Self::held(other.symbol(), market, rows, growth))
    }

    fn held(symbol: &str, market: &Market, rows: Range<usize>, growth: Vec<f64>) -> Self {
        let mut before = 1.0;
        let mut r = |end: u32| {
            let now = growth[end as usize];
            let r = now / before - 1.0;
            before = now;
            r
        };
        let daily = Days::of(market, rows).ends.into_iter().map(&mut r).collect();
        Self { name: format!("buy and hold {symbol}"), daily, growth: Some(growth) }
    }

    /// What 1 became, at the bars at which it is known.
    pub(crate) fn line(&self, n: usize, ends: &[u32]) -> Line {
        match &self.growth {
            Some(growth) => Line::of(growth),
            None => {
                let mut worth = 1.0;
                let values = self.daily.iter().map(|r| {
                    worth *= 1.0 + r;
                    worth
                });
                let points: Vec<(u32, f64)> = ends.iter().copied().zip(values).collect();
                Line::of_points(n, points.into_iter())
            }
        }
    }
}

/// What a benchmark came to by itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Beside {
    /// What it is called.
    pub name: String,
    /// What was won over all.
    pub total_return: Option<f64>,
    /// The same a year.
    pub cagr: Option<f64>,
    /// The Sharpe ratio of daily returns, a year.
    pub sharpe_daily: Option<f64>,
    /// The deepest fall, at the ends of days.
    pub max_drawdown: Option<f64>,
}

impl Beside {
    pub(crate) fn of(benchmark: &Benchmark, days_per_year: f64) -> Self {
        let daily = &benchmark.daily;
        Self {
            name: benchmark.name.clone(),
            total_return: total_return(daily),
            cagr: cagr(daily, days_per_year),
            sharpe_daily: sharpe(daily, days_per_year),
            max_drawdown: max_drawdown(daily),
        }
    }
}

/// A stretch below the peak.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fall {
    /// How deep, as a fraction of the peak.
    pub depth: f64,
    /// The bar of the peak; `None` where that is the beginning.
    pub peak: Option<u32>,
    /// The bar of the lowest worth.
    pub trough: u32,
    /// The bar at which the peak was reached again, if it was.
    pub over: Option<u32>,
}

/// How far below the peak each bar is, 0 or less, and the deepest falls, the deepest first. The peak begins at the
/// capital.
pub(crate) fn underwater(capital: f64, equity: &[f64], n_falls: usize) -> (Vec<f64>, Vec<Fall>) {
    let (mut peak, mut peak_at) = (capital, None);
    let mut falls: Vec<Fall> = Vec::new();
    let mut is_open = false;
    let below = |(i, &worth): (usize, &f64)| {
        let i = i as u32;
        if worth >= peak {
            if is_open && let Some(fall) = falls.last_mut() {
                fall.over = Some(i);
            }
            (is_open, peak, peak_at) = (false, worth, Some(i));
            return 0.0;
        }
        let depth = (peak - worth) / peak;
        match falls.last_mut().filter(|_| is_open) {
            Some(fall) if depth > fall.depth => (fall.depth, fall.trough) = (depth, i),
            Some(_) => {}
            None => falls.push(Fall { depth, peak: peak_at, trough: i, over: None }),
        }
        is_open = true;
        -depth
    };
    let values = equity.iter().enumerate().map(below).collect();
    // Ties stay in the order of time.
    falls.sort_by(|a, b| b.depth.total_cmp(&a.depth));
    falls.truncate(n_falls);
    (values, falls)
}

/// What became of 1.
pub(crate) fn growth(capital: f64, equity: &[f64]) -> Line {
    Line::of_points(equity.len(), equity.iter().enumerate().map(|(i, worth)| (i as u32, worth / capital)))
}

/// The bars from a little before to a little after a stretch of them.
pub(crate) fn around(from: u32, to: u32, n: usize) -> Range<usize> {
    let room = ((to - from) as usize / 3).max(12);
    (from as usize).saturating_sub(room)..(to as usize + 1 + room).min(n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn falls_run_from_peak_to_peak_and_the_deepest_is_first() {
        let (under, falls) = underwater(100.0, &[90.0, 100.0, 120.0, 60.0, 90.0, 120.0, 108.0], 5);
        assert_eq!(under[..5], [-0.1, 0.0, 0.0, -0.5, -0.25]);
        assert_eq!(falls[0], Fall { depth: 0.5, peak: Some(2), trough: 3, over: Some(5) });
        assert_eq!(falls[1], Fall { depth: 0.1, peak: None, trough: 0, over: Some(1) });
        assert_eq!(falls[2], Fall { depth: 0.1, peak: Some(5), trough: 6, over: None });
        assert_eq!(underwater(100.0, &[100.0, 101.0], 5).1, []);
        assert_eq!(underwater(100.0, &[90.0, 100.0, 95.0], 1).1.len(), 1);
        assert_eq!(underwater(100.0, &[0.0, 0.0], 5).0, [-1.0, -1.0]);
    }

    #[test]
    fn what_lies_around_stays_within() {
        assert_eq!((around(3, 6, 100), around(50, 110, 100)), (0..19, 30..100));
    }

    #[test]
    fn a_benchmark_of_days_is_drawn_at_their_ends() {
        let benchmark = Benchmark { name: "b".into(), daily: vec![0.1, -0.5], growth: None };
        let line = benchmark.line(10, &[4, 9]);
        assert_eq!((line.at.as_slice(), line.values[0]), (&[4, 9][..], 1.1));
        assert!((line.values[1] - 0.55).abs() < 1e-12);
        let beside = Beside::of(&benchmark, 252.0);
        assert!((beside.total_return.unwrap() + 0.45).abs() < 1e-12);
        assert!((beside.max_drawdown.unwrap() - 0.5).abs() < 1e-12);
    }
}
