//! What a strategy is to the broker, and what it is told.

use std::cell::OnceCell;
use std::sync::Arc;

use qe_core::columns::Shared;
use qe_data::events::Event;

use super::desk::Desk;
use super::order::OrderId;
use crate::error::Result;
use crate::ledger::{Cause, Refusal};
use crate::market::Market;

/// A strategy as code: for what a specification cannot say.
pub trait BarStrategy {
    /// What its exits are called, by the number in [`Cause::Exit`].
    fn reasons(&self) -> Vec<Arc<str>> {
        Vec::new()
    }

    /// Before the first bar.
    fn on_start(&mut self, desk: &mut Desk<'_, '_>) {
        let _ = desk;
    }

    /// Bars became complete: all that did at this instant.
    fn on_bars(&mut self, seen: &Seen<'_>, desk: &mut Desk<'_, '_>);

    /// An event of the economic calendar came.
    fn on_event(&mut self, event: &Event, desk: &mut Desk<'_, '_>) {
        let _ = (event, desk);
    }

    /// An order was filled, whole or in part. What is placed now is there from the price of the fill on.
    fn on_fill(&mut self, fill: &Filled, desk: &mut Desk<'_, '_>) {
        let _ = (fill, desk);
    }

    /// Something else became of an order.
    fn on_order(&mut self, update: &Update, desk: &mut Desk<'_, '_>) {
        let _ = (update, desk);
    }

    /// After the last bar.
    fn on_end(&mut self, desk: &mut Desk<'_, '_>) {
        let _ = desk;
    }
}

/// A fill, as a strategy is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Filled {
    /// The order; of number 0 for the broker's own.
    pub order: OrderId,
    /// The market.
    pub market: usize,
    /// The bar.
    pub row: usize,
    /// When, as ledgers tell it.
    pub time: i64,
    /// At the bar's open (0), within it (1), at its close (2).
    pub phase: u8,
    /// Units, below 0 for a sale.
    pub units: f64,
    /// The market's price.
    pub raw: f64,
    /// What was paid or received for each unit.
    pub price: f64,
    /// Fees, in money.
    pub fee: f64,
    /// Units held after it.
    pub held: f64,
    /// Why.
    pub cause: Cause,
    /// Whether the bar could not decide it.
    pub is_ambiguous: bool,
}

/// What became of an order, beside a fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// It was never there.
    Rejected,
    /// Its time is over.
    Expired,
    /// It was taken back: by the strategy, its group, the broker.
    Cancelled,
    /// It is smaller than it was asked for.
    Resized,
    /// It waits for a bar that can be traded.
    Waiting,
}

/// Something that became of an order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Update {
    /// The order.
    pub order: OrderId,
    /// The market.
    pub market: usize,
    /// What.
    pub what: What,
    /// Why.
    pub why: Refusal,
}

/// Columns of markets as slices, made when they are first asked for.
pub(super) struct Hall<'a> {
    pub(super) markets: &'a [Market],
    columns: Vec<Vec<OnceCell<Shared<f64>>>>,
}

impl<'a> Hall<'a> {
    pub(super) fn new(markets: &'a [Market]) -> Self {
        let cells = |m: &Market| (0..m.columns().names().len()).map(|_| OnceCell::new()).collect();
        Self { markets, columns: markets.iter().map(cells).collect() }
    }
}

/// What is known: the bars that became complete at this instant, and all before.
pub struct Seen<'a> {
    pub(super) hall: &'a Hall<'a>,
    pub(super) now: i64,
    /// How many rows of each market are complete.
    pub(super) known: &'a [usize],
    /// The markets that have a new bar.
    pub(super) fresh: &'a [u32],
}

impl Seen<'_> {
    /// The instant, nanoseconds UTC.
    #[inline]
    pub fn now(&self) -> i64 {
        self.now
    }

    /// The bars that became complete, in the order of the markets.
    #[inline]
    pub fn bars(&self) -> impl ExactSizeIterator<Item = Bar<'_>> {
        self.fresh.iter().map(|m| self.bar_of(*m as usize, self.known[*m as usize] - 1))
    }

    /// The last bar of a market that is complete, if there is one and such a market.
    #[inline]
    pub fn bar(&self, market: usize) -> Option<Bar<'_>> {
        let row = self.known.get(market)?.checked_sub(1)?;
        Some(self.bar_of(market, row))
    }

    #[inline]
    fn bar_of(&self, market: usize, row: usize) -> Bar<'_> {
        Bar { of: &self.hall.markets[market], market, row }
    }

    /// Whether a market has a new bar at this instant.
    pub fn is_fresh(&self, market: usize) -> bool {
        self.fresh.iter().any(|m| *m as usize == market)
    }

    /// How many rows of a market are complete; 0 if there is no such market.
    #[inline]
    pub fn n_rows(&self, market: usize) -> usize {
        self.known.get(market).copied().unwrap_or(0)
    }

    /// How many markets there are.
    pub fn n_markets(&self) -> usize {
        self.known.len()
    }

    /// Closes of a market, up to and with the last bar that is complete; empty if there is no such market.
    #[inline]
    pub fn closes(&self, market: usize) -> &[f64] {
        match self.hall.markets.get(market) {
            Some(m) => &m.close()[..self.known[market]],
            None => &[],
        }
    }

    /// A column of a market by its name, up to and with the last bar that is complete.
    ///
    /// # Errors
    /// When there is no such market or column.
    pub fn column(&self, market: usize, name: &str) -> Result<&[f64]> {
        let of = self.hall.markets.get(market).ok_or_else(|| crate::error::Error::Market {
            place: format!("market {market}"),
            reason: format!("there are {}", self.hall.markets.len()),
            mend: "count from 0".into(),
        })?;
        let idx = of.columns().index_of(name).unwrap_or(usize::MAX);
        match self.column_at(market, idx) {
            Some(column) => Ok(column),
            None => Err(of.columns().get(name).err().map_or_else(
                || crate::error::Error::Market {
                    place: format!("column {name}"),
                    reason: "it is not there".into(),
                    mend: "give the name of a column".into(),
                },
                Into::into,
            )),
        }
    }

    /// As [`Seen::column`], by its place among the market's columns: for what is read at every bar.
    #[inline]
    pub fn column_at(&self, market: usize, idx: usize) -> Option<&[f64]> {
        let cell = self.hall.columns.get(market)?.get(idx)?;
        let of = &self.hall.markets[market];
        let column = match cell.get() {
            Some(column) => column,
            None => {
                let column = of.columns().at(idx)?.to_f64();
                cell.get_or_init(|| column)
            }
        };
        Some(&column[..self.known[market]])
    }
}

/// A bar that is complete.
#[derive(Clone, Copy)]
pub struct Bar<'a> {
    of: &'a Market,
    /// The market.
    pub market: usize,
    /// The row.
    pub row: usize,
}

impl<'a> Bar<'a> {
    /// Whose.
    pub fn symbol(&self) -> &'a str {
        self.of.symbol()
    }

    /// When it opened.
    pub fn open_time(&self) -> i64 {
        self.of.columns().axis().open()[self.row]
    }

    /// Its first price; NaN where it is missing, as of the other prices.
    #[inline]
    pub fn open(&self) -> f64 {
        self.of.open()[self.row]
    }

    /// Its highest price.
    #[inline]
    pub fn high(&self) -> f64 {
        self.of.high()[self.row]
    }

    /// Its lowest price.
    #[inline]
    pub fn low(&self) -> f64 {
        self.of.low()[self.row]
    }

    /// Its last price.
    #[inline]
    pub fn close(&self) -> f64 {
        self.of.close()[self.row]
    }

    /// What was traded in it; NaN where that is not known.
    pub fn volume(&self) -> f64 {
        let column = self.of.columns().get("volume");
        column.map_or(f64::NAN, |c| c.value(self.row))
    }

    /// Whether it is the last of its session.
    pub fn is_session_last(&self) -> bool {
        let axis = self.of.columns().axis();
        let session = self.of.calendar().session_at(axis.open()[self.row]);
        session.is_some_and(|s| s.close <= axis.available()[self.row])
    }
}
