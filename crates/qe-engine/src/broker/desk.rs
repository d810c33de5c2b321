//! Where a strategy stands: what it has, and what it may do.

use super::floor::{Floor, id_of};
use super::order::{GroupId, Order, OrderId, OrderKind, Quantity, Side};
use super::report::OrderState;
use super::ticket::Ticket;
use crate::ledger::{Cause, Refusal};

/// Where a strategy stands: what it has, and what it may do.
pub struct Desk<'d, 'a> {
    pub(super) floor: &'d mut Floor<'a>,
}

/// What is held of a market.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Position {
    /// Units, below 0 short.
    pub units: f64,
    /// What was paid or received for each on average, costs of the price included; 0 where nothing is held.
    pub average_price: f64,
    /// What it is worth at the last price, be the market marked at another, over what was paid; fees are not in it.
    pub unrealised: f64,
    /// What was won in this market by what is closed, fees included.
    pub realised: f64,
}

/// An order that is there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OpenOrder {
    /// Its name.
    pub id: OrderId,
    /// What it asks.
    pub order: Order,
    /// Whether it waits for another order.
    pub is_asleep: bool,
    /// Units that were filled of it, below 0 sold.
    pub filled: f64,
}

impl<'a> Desk<'_, 'a> {
    /// The instant, nanoseconds UTC.
    pub fn now(&self) -> i64 {
        self.floor.now
    }

    /// Cash.
    pub fn cash(&self) -> f64 {
        self.floor.cash
    }

    /// Worth at the last prices: while a strategy is told of bars, their closes; of a market with marks of its own, at those.
    pub fn equity(&self) -> f64 {
        self.floor.worth()
    }

    /// Worth at the last mark.
    pub fn last_worth(&self) -> f64 {
        self.floor.equity
    }

    /// Whether all is lost.
    pub fn is_ruined(&self) -> bool {
        self.floor.out.ruin.is_some()
    }

    /// The last price of a market; NaN before the first, and where there is no such market.
    pub fn price(&self, market: usize) -> f64 {
        self.floor.pits.get(market).map_or(f64::NAN, |pit| pit.price)
    }

    /// Units held of a market, below 0 short; 0 where there is no such market.
    #[inline]
    pub fn units(&self, market: usize) -> f64 {
        self.floor.pits.get(market).map_or(0.0, |pit| pit.units)
    }

    /// What is held of a market; nothing where there is no such market.
    pub fn position(&self, market: usize) -> Position {
        let Some(pit) = self.floor.pits.get(market) else { return Position::default() };
        let is_flat = pit.units == 0.0;
        Position {
            units: pit.units,
            average_price: if is_flat { 0.0 } else { pit.average },
            unrealised: if is_flat { 0.0 } else { pit.exposure * (pit.price - pit.average) },
            realised: pit.realised,
        }
    }

    /// The orders that are there, as they were placed.
    pub fn open_orders(&self) -> Vec<OpenOrder> {
        self.floor.alive.iter().filter_map(|at| self.order(id_of(*at))).collect()
    }

    /// An order, if it is still there.
    pub fn order(&self, id: OrderId) -> Option<OpenOrder> {
        let slot = &self.floor.slots[self.floor.alive(id)? as usize];
        let is_asleep = slot.state == OrderState::Asleep;
        Some(OpenOrder { id, order: slot.order, is_asleep, filled: slot.filled })
    }

    /// Places an order. What is wrong with it is a record, and told by `on_order`.
    #[inline]
    pub fn submit(&mut self, order: Order) -> OrderId {
        self.floor.submit(order)
    }

    /// Takes an order back; `false` if it is over already, or never was; and, with a record, if a margin call closes by it.
    pub fn cancel(&mut self, id: OrderId) -> bool {
        self.floor.cancel(id)
    }

    /// Takes back all orders of a market, but for those of a margin call, which is a record.
    pub fn cancel_all(&mut self, market: usize) {
        let is_of = |at: &u32| self.floor.slots[*at as usize].order.market as usize == market;
        let all: Vec<u32> = self.floor.alive.iter().copied().filter(is_of).collect();
        for at in all {
            self.floor.cancel(id_of(at));
        }
    }

    /// Gives an order that is still there other prices: it keeps its name and its place. `false` if it is over, or the kind
    /// is no price, or one of the two is an order at the market; and, with a record, if a margin call closes by it.
    #[inline]
    pub fn replace(&mut self, id: OrderId, kind: OrderKind) -> bool {
        self.floor.replace(id, kind)
    }

    /// Gives an order that is still there another size; `false` as for [`Desk::replace`].
    pub fn resize(&mut self, id: OrderId, quantity: Quantity) -> bool {
        self.floor.resize(id, quantity)
    }

    /// Writes down that something in a market is not as it was to be.
    pub(crate) fn note(&mut self, market: usize, side: f64, why: Refusal) {
        self.floor.note(None, market, side, why);
    }

    /// As [`Desk::note`], of a row: also of one that is about to open.
    pub(crate) fn note_at(&mut self, market: usize, row: usize, side: f64, why: Refusal) {
        self.floor.note_at(None, market, row, side, why);
    }

    /// How many rows of a market are complete: the number of the one that opens next.
    pub(crate) fn next_row(&self, market: usize) -> usize {
        self.floor.pits.get(market).map_or(0, |pit| pit.next)
    }

    /// A new group: of its orders, one that is filled cancels the others.
    pub fn group(&mut self) -> GroupId {
        self.floor.group()
    }

    /// The number of a new package, for what belongs together, as the legs of a structure.
    pub fn package(&mut self) -> u64 {
        self.floor.n_packages += 1;
        self.floor.n_packages
    }

    /// An order to buy, at the market if nothing else is said.
    pub fn buy(&mut self, market: usize, quantity: impl Into<Quantity>) -> Ticket<'_, 'a> {
        self.ticket(Order::market(market as u32, Side::Buy, quantity.into()))
    }

    /// An order to sell.
    pub fn sell(&mut self, market: usize, quantity: impl Into<Quantity>) -> Ticket<'_, 'a> {
        self.ticket(Order::market(market as u32, Side::Sell, quantity.into()))
    }

    /// An order that closes what is held of a market when it is filled.
    pub fn close(&mut self, market: usize) -> Ticket<'_, 'a> {
        let side = Side::of(-self.units(market));
        let order = Order::market(market as u32, side, Quantity::All);
        self.ticket(Order { reduce_only: true, cause: Cause::Close, ..order })
    }

    /// An order after which this share of worth is held, below 0 short.
    pub fn target_weight(&mut self, market: usize, weight: f64) -> Ticket<'_, 'a> {
        self.target(market, Quantity::TargetWeight(weight))
    }

    /// An order after which so much is held: one of the targets among quantities.
    pub fn target(&mut self, market: usize, quantity: Quantity) -> Ticket<'_, 'a> {
        let order = Order::market(market as u32, Side::Buy, quantity);
        self.ticket(Order { cause: Cause::Weight, ..order })
    }

    fn ticket(&mut self, order: Order) -> Ticket<'_, 'a> {
        Ticket::new(self.floor, order)
    }
}
