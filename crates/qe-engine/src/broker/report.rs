//! What came out: a ledger, orders with what became of them, events, worth at every instant.

use std::sync::Arc;

use qe_core::time::Date;
use serde::{Deserialize, Serialize};

use super::order::{Order, OrderId};
use super::purse::Moved;
use super::spec::Spec;
use crate::error::Result;
use crate::ledger::{Ledger, Refusal, Ruin};
use crate::market::Market;
use crate::metrics::summary::Summary;
use crate::metrics::{Performance, StepMoments, TradeFacts};
use crate::outcome::daily_returns;
use crate::trades::{Trade, trades_of};

/// What became of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// It waits for the order that it belongs to.
    Asleep,
    /// It is there.
    Open,
    /// It was filled as far as it was to be.
    Filled,
    /// It was taken back: by the strategy, its group, the broker.
    Cancelled,
    /// It was never there.
    Rejected,
    /// Its time was over.
    Expired,
}

impl OrderState {
    /// Whether something may still become of it.
    #[inline]
    pub fn is_alive(self) -> bool {
        matches!(self, Self::Asleep | Self::Open)
    }
}

/// An order and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OrderRecord {
    /// Its name.
    pub id: OrderId,
    /// As it was placed; of one that was replaced, as it was at last.
    pub order: Order,
    /// When it was placed, nanoseconds UTC.
    pub placed_at: i64,
    /// The bar in which, or after which, it was placed, was given other prices, or was woken by the order that it waited for;
    /// `None` before the first.
    pub placed_row: Option<u32>,
    /// What became of it.
    pub state: OrderState,
    /// When that was; `None` while it is there.
    pub ended_at: Option<i64>,
    /// Why, where it was not filled as it was asked for.
    pub why: Option<Refusal>,
    /// Units that were filled, below 0 sold.
    pub filled: f64,
    /// What was paid or received for each on average; `None` where nothing was filled.
    pub average_price: Option<f64>,
}

/// Something that was not as it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Noted {
    /// When, nanoseconds UTC.
    pub time: i64,
    /// The market.
    pub market: u32,
    /// The bar that was running, or the last that was complete.
    pub row: u32,
    /// The order; `None` for what the broker did by itself.
    pub order: Option<OrderId>,
    /// 1 for buying, -1 for selling; 0 where it is neither.
    pub side: f64,
    /// Why.
    pub why: Refusal,
}

/// A margin call.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MarginCall {
    /// When, nanoseconds UTC.
    pub time: i64,
    /// Worth.
    pub worth: f64,
    /// The gross value of all positions.
    pub gross: f64,
}

/// What came out.
#[derive(Debug, Clone)]
pub struct BrokerReport {
    /// How the broker worked.
    pub spec: Spec,
    /// What happened, a line for each market.
    pub ledger: Ledger,
    /// The order of each fill; number 0 for the broker's own.
    pub fill_orders: Vec<OrderId>,
    /// All orders, as they were placed.
    pub orders: Vec<OrderRecord>,
    /// What was not as it was asked for.
    pub events: Vec<Noted>,
    /// The instants at which some bar was complete.
    pub times: Vec<i64>,
    /// Worth at each of them.
    pub worth: Vec<f64>,
    /// What there was of cash at each of them.
    pub cash: Vec<f64>,
    /// Money that went into markets' own purses, and back.
    pub moves: Vec<Moved>,
    /// Margin calls.
    pub margin_calls: Vec<MarginCall>,
    /// The end of all trading, if it came to that.
    pub ruin: Option<Ruin>,
    /// Money that was traded over worth, cost and carry, and days with a position.
    pub turnover: f64,
    /// Spread, slippage and fees, in money.
    pub cost: f64,
    /// What was paid for holding.
    pub carry: f64,
    /// What exits are called.
    pub reasons: Vec<Arc<str>>,
    /// How many rows of each market were gone over.
    pub(super) n_rows: Vec<usize>,
}

impl BrokerReport {
    /// The round trips of a market, the open one last. It must be one of those that were run.
    pub fn trades(&self, market: usize, of: &Market) -> Vec<Trade> {
        let end = self.n_rows.get(market).copied().unwrap_or(0).min(of.len());
        trades_of(&self.ledger, market as u32, of, &self.reasons, end)
    }

    /// The round trips of all markets that are closed, in the order in which they closed, each with its market.
    pub(super) fn closed(&self, markets: &[Market]) -> Vec<(usize, Trade)> {
        let all = markets.iter().enumerate().flat_map(|(m, of)| self.trades(m, of).into_iter().map(move |t| (m, t)));
        let mut closed: Vec<(usize, Trade)> = all.filter(|(_, t)| t.exit_time.is_some()).collect();
        closed.sort_by_key(|(_, t)| t.exit_time);
        closed
    }

    /// Worth at the end of each day: of the days of the first market, the last instant in or before each.
    pub fn days(&self, markets: &[Market]) -> (Vec<Date>, Vec<f64>) {
        self.days_from(0, markets)
    }

    fn days_from(&self, from: usize, markets: &[Market]) -> (Vec<Date>, Vec<f64>) {
        let Some(first) = markets.first() else { return (Vec::new(), Vec::new()) };
        let mut cursor = first.calendar().cursor();
        let (mut dates, mut days): (Vec<Date>, Vec<f64>) = (Vec::new(), Vec::new());
        for (time, worth) in self.times.iter().zip(&self.worth).skip(from) {
            // What is complete at a session's close belongs to it.
            let date = cursor.day_of(time - 1);
            if dates.last() == Some(&date) {
                if let Some(day) = days.last_mut() {
                    *day = *worth;
                }
            } else {
                dates.push(date);
                days.push(*worth);
            }
        }
        (dates, days)
    }

    /// On how many days something was held at some time.
    fn days_in_market(&self, markets: &[Market]) -> u64 {
        let mut dates: Vec<Date> = Vec::new();
        for (m, market) in markets.iter().enumerate() {
            let day = |row: u32| market.day().get(row as usize).map_or(0, |day| *day as usize);
            for trade in self.trades(m, market) {
                dates.extend(&market.dates()[day(trade.entry_row)..=day(trade.exit_row)]);
            }
        }
        dates.sort_unstable();
        dates.dedup();
        dates.len() as u64
    }

    /// All metrics. The markets must be those that were run.
    ///
    /// # Errors
    /// Never at present: what is not defined is `None`.
    pub fn summary(&self, markets: &[Market]) -> Result<Summary> {
        self.summary_from(0, markets)
    }

    /// As [`BrokerReport::summary`], scored from an instant on, by its place among [`BrokerReport::times`].
    pub(crate) fn summary_from(&self, from: usize, markets: &[Market]) -> Result<Summary> {
        let (_, days) = self.days_from(from, markets);
        let mut daily = Vec::new();
        daily_returns(self.spec.capital, &days, &mut daily);
        let worth = self.worth.get(from..).unwrap_or(&[]);
        let mut steps = Vec::with_capacity(worth.len());
        daily_returns(self.spec.capital, worth, &mut steps);
        let closed: Vec<Trade> = self.closed(markets).into_iter().map(|(_, trade)| trade).collect();
        let facts = TradeFacts::of(&closed);
        let n_days_in_market = self.days_in_market(markets);
        Ok(Summary::of(&Performance {
            daily: &daily,
            days_per_year: markets.first().map_or(252.0, Market::days_per_year),
            steps: StepMoments::of(&steps),
            steps_per_year: markets.iter().map(Market::steps_per_year).fold(0.0, f64::max),
            trades: &facts,
            turnover_sum: self.turnover,
            cost_sum: self.cost + self.carry,
            start_equity: self.spec.capital,
            n_days_in_market,
            n_nans: markets.iter().map(|m| m.n_filled() as u64).sum(),
            total_return: days.last().map(|worth| worth / self.spec.capital - 1.0),
            sums: None,
            benchmark: None,
        }))
    }
}
