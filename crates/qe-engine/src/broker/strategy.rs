//! What a strategy is to the broker, and what it is told.

use std::sync::Arc;

use qe_data::events::Event;

use super::desk::Desk;
use super::order::OrderId;
use super::seen::Seen;
use crate::error::Error;
use crate::ledger::{Cause, Refusal};

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

    /// Bars of these markets open at this instant. Nothing of them is known yet, nor their opens, but that the data have them:
    /// where bars without trades are left out, a clock would not tell so much. What is taken back now they do not fill; what is
    /// placed is there for their opens. Who wraps a strategy hands this on too: one that is data takes entries back here.
    fn on_open(&mut self, markets: &[u32], desk: &mut Desk<'_, '_>) {
        let _ = (markets, desk);
    }

    /// An order was filled, whole or in part. What is placed now is there from the price of the fill on.
    fn on_fill(&mut self, fill: &Filled, desk: &mut Desk<'_, '_>) {
        let _ = (fill, desk);
    }

    /// Something else became of an order.
    fn on_order(&mut self, update: &Update, desk: &mut Desk<'_, '_>) {
        let _ = (update, desk);
    }

    /// Why it cannot go on, if so: asked once it was told of all at an instant. The run ends with that error.
    fn fault(&mut self) -> Option<Error> {
        None
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
