//! Orders that are due at an open or a close.

use super::floor::{Floor, Way};
use super::order::{OrderKind, Quantity, TimeInForce};
use super::report::OrderState;
use super::spec::Processing;
use super::strategy::{BarStrategy, What};
use crate::fills::{At, Entered};
use crate::ledger::Refusal;

impl Floor<'_> {
    /// Fills what is due at the opens, or the closes, of the rows that markets are in; `false` if nothing was. `row_of` says
    /// that row, if a market has such a price at this instant.
    pub(super) fn fill_due<S: BarStrategy>(
        &mut self,
        at: At,
        row_of: impl Fn(&Self, usize) -> Option<usize>,
        strategy: &mut S,
    ) -> bool {
        if self.queue.is_empty() {
            return false;
        }
        let is_due = |floor: &Self, order: u32| {
            let slot = &floor.slots[order as usize];
            let row = row_of(floor, slot.order.market as usize)?;
            let is_due = slot.state == OrderState::Open && slot.at == at && slot.due <= row as u32;
            // An order at a later price than its own waits for that price of the rows that follow.
            (is_due && !floor.waits_behind(order, row)).then_some(row)
        };
        let mut due: Vec<u32> = self.queue.iter().copied().filter(|order| is_due(self, *order).is_some()).collect();
        if self.spec.processing == Processing::SellsFirst && due.len() > 1 {
            // Nothing is filled while they are sorted: without purses all sizes are of one worth.
            let worth = if self.purses.is_empty() { self.worth() } else { f64::NAN };
            // Orders of one market stay as they were placed: what closes a short position comes before what opens the next.
            let mut buys: Vec<u32> = Vec::new();
            let mut is_later = |order: &u32| {
                let market = self.slots[*order as usize].order.market;
                if !buys.contains(&market) && !self.is_sale(*order, worth) {
                    buys.push(market);
                }
                buys.contains(&market)
            };
            let (later, mut first): (Vec<u32>, Vec<u32>) = due.into_iter().partition(|order| is_later(order));
            first.extend(later);
            due = first;
        }
        let is_some = !due.is_empty();
        for order in due {
            if let Some(row) = is_due(self, order) {
                self.fill_one(order, row, at, strategy);
            }
        }
        let slots = &self.slots;
        self.queue.retain(|at| slots[*at as usize].state == OrderState::Open);
        self.is_waiting &= !self.queue.is_empty();
        is_some
    }

    /// Whether one that was placed before, and waits for a row that can be traded, is to come first.
    fn waits_behind(&self, order: u32, row: usize) -> bool {
        if !self.is_waiting {
            return false;
        }
        let slot = &self.slots[order as usize];
        self.queue.iter().take_while(|other| **other != order).any(|other| {
            let other = &self.slots[*other as usize];
            other.order.market == slot.order.market
                && other.state == OrderState::Open
                && other.at == slot.at
                && other.due > row as u32
                && matches!(other.waits, Some(Refusal::Blocked | Refusal::NoPrice))
        })
    }

    /// Whether an order sells, as prices are now, all being worth so much. A weight is one of what it is filled on: the
    /// market's own stake, where it has a purse.
    fn is_sale(&self, at: u32, worth: f64) -> bool {
        let order = self.slots[at as usize].order;
        let pit = &self.pits[order.market as usize];
        let each = pit.price * pit.market.multiplier();
        let to = match order.quantity {
            Quantity::TargetUnits(units) => units,
            Quantity::TargetValue(value) => value / each,
            Quantity::TargetWeight(weight) => {
                let stake =
                    if self.purses.is_empty() { worth } else { self.stake_at(order.market as usize, pit.price) };
                weight * stake.max(0.0) / each
            }
            Quantity::All => 0.0,
            _ => return order.side.sign() < 0.0,
        };
        to < pit.units
    }

    /// Fills an order that is due, or says why not.
    fn fill_one<S: BarStrategy>(&mut self, at: u32, row: usize, price: At, strategy: &mut S) {
        let slot = &self.slots[at as usize];
        let order = slot.order;
        let market = order.market as usize;
        let is_over = match order.tif {
            TimeInForce::Gtd(until) => self.now > until,
            TimeInForce::Bars(_) | TimeInForce::Day => slot.until < row as u32,
            _ => false,
        };
        if is_over {
            self.end(at, OrderState::Expired, Some(Refusal::Expired));
            return self.tell(strategy);
        }
        let pit = &self.pits[market];
        let raw = if price == At::Open { pit.prices[0][row] } else { pit.prices[3][row] };
        let refused = if pit.market.is_blocked(row) {
            Some(Refusal::Blocked)
        } else if raw.is_nan() {
            Some(Refusal::NoPrice)
        } else {
            None
        };
        if let Some(why) = refused {
            if order.tif.is_once() {
                self.end(at, OrderState::Cancelled, Some(why));
            } else {
                // It waits for a bar that can be traded, and what follows it waits too.
                self.mark(at, What::Waiting, why);
                self.is_waiting = true;
                self.wait(at, market, row);
            }
            return self.tell(strategy);
        }
        let s = order.side.sign();
        let is_met = match order.kind {
            OrderKind::Market { .. } => true,
            OrderKind::Limit { price } => s * raw <= s * price,
            OrderKind::Stop { price } => s * raw >= s * price,
            OrderKind::StopLimit { stop, limit } => s * raw >= s * stop && s * raw <= s * limit,
            OrderKind::Trail { .. } => false,
        };
        if !is_met {
            self.end(at, OrderState::Expired, Some(Refusal::Expired));
            return self.tell(strategy);
        }
        let (phase, how) = match price {
            At::Open => (0, Entered::AtOpen),
            At::Close => (2, Entered::Before),
        };
        let is_maker = matches!(order.kind, OrderKind::Limit { .. } | OrderKind::StopLimit { .. });
        self.execute(at, Way { row, raw, phase, is_maker, is_ambiguous: false, time: None, how });
        if self.slots[at as usize].state.is_alive() {
            // The rest waits for the next bar.
            self.slots[at as usize].due = row as u32 + 1;
        }
        self.tell(strategy);
    }

    /// What is due in a market, from an order on, waits for the next row.
    fn wait(&mut self, from: u32, market: usize, row: usize) {
        for at in self.queue.iter().copied().filter(|at| *at >= from) {
            let slot = &mut self.slots[at as usize];
            if slot.order.market as usize == market {
                slot.due = slot.due.max(row as u32 + 1);
            }
        }
    }
}
