//! Margin calls: below the maintenance margin all that is there is taken back, and what is held is closed at the next open.
//!
//! The orders that close are the broker's own: a strategy can neither take them back nor change them.

use super::floor::Floor;
use super::order::{Order, OrderKind, Quantity, Side};
use super::report::MarginCall;
use crate::fills::FillTiming;
use crate::ledger::{Cause, Refusal};

impl Floor<'_> {
    /// Below the maintenance margin, closes all that is not on its way out by an earlier call.
    pub(super) fn ask_margin(&mut self, worth: f64) {
        let held = self.held.iter().map(|m| &self.pits[*m as usize]);
        let gross: f64 = held.map(|pit| (pit.exposure * pit.mark).abs()).sum();
        let slots = &self.slots;
        self.called.retain(|at| slots[*at as usize].state.is_alive());
        if worth >= self.spec.maintenance_frac * gross {
            return;
        }
        let is_called = |market: u32| self.called.iter().any(|at| self.slots[*at as usize].order.market == market);
        let markets: Vec<u32> = self.held.iter().copied().filter(|m| !is_called(*m)).collect();
        if markets.is_empty() {
            return;
        }
        self.out.margin_calls.push(MarginCall { time: self.now, worth, gross });
        self.end_all(None, Refusal::MarginCall);
        for market in markets {
            let side = Side::of(-self.pits[market as usize].units);
            let order = Order::market(market, side, Quantity::All);
            let kind = OrderKind::Market { timing: Some(FillTiming::NEXT_OPEN) };
            let at = self.slots.len() as u32;
            // However many orders the strategy placed at this instant.
            self.put(Order { kind, reduce_only: true, cause: Cause::MarginCall, ..order });
            self.called.push(at);
        }
    }

    /// Whether an order is of a margin call: that a strategy tried to take it back, or to change it, is a record.
    pub(super) fn is_kept(&mut self, at: u32) -> bool {
        let is_kept = self.called.contains(&at);
        if is_kept {
            let order = self.slots[at as usize].order;
            self.note(Some(at), order.market as usize, order.side.sign(), Refusal::MarginCall);
        }
        is_kept
    }
}
