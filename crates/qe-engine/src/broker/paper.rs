//! A report as the seed's paper trader gives it, under its own names.
//!
//! Reference: the seed's `Backtester` and `PaperTrader`. What is not defined there (a win rate without trades) is `None` here.

use std::sync::Arc;

use serde::Serialize;

use super::order::Side;
use super::report::BrokerReport;
use crate::market::Market;
use crate::metrics::TradeFacts;
use crate::trades::Trade;

/// An order that was filled.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PaperOrder {
    /// The ticker.
    pub symbol: Arc<str>,
    /// Whether it bought or sold.
    pub side: Side,
    /// How many units.
    pub qty: f64,
    /// What was paid or received for each.
    pub price: f64,
    /// When, nanoseconds UTC.
    pub timestamp: i64,
}

/// A round trip that is closed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PaperTrade {
    /// The ticker.
    pub symbol: Arc<str>,
    /// The side of the position: buying opened a long one.
    pub side: Side,
    /// The most units that were held.
    pub qty: f64,
    /// What was paid or received for each on the way in.
    pub entry: f64,
    /// What was received or paid for each on the way out.
    pub exit: f64,
    /// What it won, all costs included.
    pub pnl: f64,
    /// When it was closed, nanoseconds UTC.
    pub timestamp: i64,
}

/// Worth at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PaperPoint {
    /// When, nanoseconds UTC.
    pub time: i64,
    /// Worth.
    pub equity: f64,
}

/// A report under the seed's names.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PaperReport {
    /// What was won of the money at the beginning, in percent.
    pub return_pct: f64,
    /// The deepest fall of worth from a peak, in percent of the peak.
    pub max_drawdown: f64,
    /// How many round trips were closed.
    pub total_trades: usize,
    /// The share of them that won money; `None` without any.
    pub win_rate: Option<f64>,
    /// What those that won made on average.
    pub avg_win: Option<f64>,
    /// What those that lost lost on average, below 0.
    pub avg_loss: Option<f64>,
    /// What was won over what was lost.
    pub profit_factor: Option<f64>,
    /// Worth at each instant at which a bar was complete.
    pub equity_curve: Vec<PaperPoint>,
    /// Round trips that are closed, in the order in which they closed.
    pub trade_history: Vec<PaperTrade>,
    /// Orders that were filled, in the order of their fills.
    pub orders: Vec<PaperOrder>,
}

impl BrokerReport {
    /// The report as the seed's paper trader gives it. The markets must be those that were run.
    pub fn paper(&self, markets: &[Market]) -> PaperReport {
        let closed = self.closed(markets);
        let facts = TradeFacts::of(&closed.iter().map(|(_, t)| t.clone()).collect::<Vec<Trade>>());
        let of = |is: fn(&TradeFacts) -> bool| {
            let pnl: Vec<f64> = facts.iter().filter(|t| is(t)).map(|t| t.pnl).collect();
            (pnl.len(), pnl.iter().sum::<f64>())
        };
        let ((n_wins, won), (n_losses, lost)) = (of(TradeFacts::won), of(TradeFacts::lost));
        let (mut peak, mut fall) = (self.spec.capital, 0.0_f64);
        for worth in &self.worth {
            peak = peak.max(*worth);
            fall = fall.max((peak - worth) / peak);
        }
        let mean = |n: usize, sum: f64| (n > 0).then(|| sum / n as f64);
        let last = self.worth.last().copied().unwrap_or(self.spec.capital);
        let f = &self.ledger.fills;
        PaperReport {
            return_pct: 100.0 * (last / self.spec.capital - 1.0),
            max_drawdown: 100.0 * fall,
            total_trades: facts.len(),
            win_rate: mean(facts.len(), n_wins as f64),
            avg_win: mean(n_wins, won),
            avg_loss: mean(n_losses, lost),
            profit_factor: (lost < 0.0).then(|| won / -lost),
            equity_curve: self
                .times
                .iter()
                .zip(&self.worth)
                .map(|(t, w)| PaperPoint { time: *t, equity: *w })
                .collect(),
            trade_history: closed
                .iter()
                .map(|(m, t)| PaperTrade {
                    symbol: markets[*m].line().symbol.clone(),
                    side: Side::of(t.side),
                    qty: t.units,
                    entry: t.entry_price,
                    exit: t.exit_price,
                    pnl: t.pnl,
                    timestamp: t.exit_time.unwrap_or_default(),
                })
                .collect(),
            orders: (0..f.len())
                .map(|i| PaperOrder {
                    symbol: self.ledger.lines[f.line[i] as usize].symbol.clone(),
                    side: Side::of(f.units[i]),
                    qty: f.units[i].abs(),
                    price: f.price[i],
                    timestamp: f.time[i],
                })
                .collect(),
        }
    }
}
