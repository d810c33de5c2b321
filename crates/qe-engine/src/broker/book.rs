//! A fill in the books: account, position, ledger, and the orders that belong to the one that was filled.

use super::floor::{Floor, NONE, Notice, Way, id_of};
use super::order::OrderId;
use super::report::OrderState;
use super::strategy::{Filled, What};
use crate::deal::{Deal, turned};
use crate::ledger::{Cause, Refusal};
use crate::sim::record::Fill;

impl Floor<'_> {
    /// Takes a fill into the account, the position and the ledger. What all is worth at its price is added up, if it is not
    /// given.
    #[expect(clippy::too_many_arguments, reason = "what a fill is")]
    pub(super) fn commit(
        &mut self,
        at: Option<u32>,
        market: usize,
        side: f64,
        deal: Deal,
        way: Way,
        cause: Cause,
        after: f64,
        worth: Option<f64>,
    ) {
        let Deal { units, price, fee, exposure } = deal;
        let equity = worth.unwrap_or_else(|| self.worth_at(market, way.raw));
        let money = side * exposure * price + fee;
        self.cash -= money;
        self.take_from_purse(market, money);
        self.out.turnover += turned(exposure * way.raw, equity);
        self.out.cost += (price - way.raw).abs() * exposure + fee;
        let pit = &mut self.pits[market];
        let before = pit.units;
        let multiplier = pit.market.multiplier();
        (pit.units, pit.exposure) = (after, after * multiplier);
        pit.traded += units;
        if before == 0.0 {
            pit.average = price;
            pit.entered = (way.row, way.how);
            let place = self.held.partition_point(|m| (*m as usize) < market);
            self.held.insert(place, market as u32);
        } else if before * side > 0.0 {
            pit.average = (pit.average * before.abs() + price * units) / after.abs();
        } else {
            pit.realised += before.signum() * (price - pit.average) * units * multiplier;
        }
        pit.realised -= fee;
        if after == 0.0 {
            pit.is_late = false;
            self.held.retain(|m| *m as usize != market);
        }
        let is_closing = before * side < 0.0;
        let slot = at.map(|at| &self.slots[at as usize]);
        let (row, strength) = match slot {
            // What rests to close is decided by the price that meets it.
            Some(slot) if slot.order.reduce_only && !self.queue_holds(slot) => (way.row, f64::NAN),
            Some(slot) => (slot.base.max(0) as usize, if is_closing { f64::NAN } else { slot.order.strength }),
            None => (way.row, f64::NAN),
        };
        let pit = &self.pits[market];
        let times = if way.phase == 0 { pit.opens } else { pit.known };
        let time = way.time.unwrap_or(times[way.row]);
        let package_id = slot.map_or(0, |slot| slot.order.package_id);
        self.out.ledger.push(
            market as u32,
            time,
            package_id,
            &Fill {
                row: way.row,
                units: side * units,
                raw: way.raw,
                price,
                fee,
                cash_after: self.cash,
                units_after: after,
                cause,
                phase: way.phase,
                is_ambiguous: way.is_ambiguous,
                signal_row: row,
                strength,
            },
        );
        let order = at.map_or(OrderId(0), id_of);
        self.out.fill_orders.push(order);
        self.notices.push_back(Notice::Fill(Filled {
            order,
            market,
            row: way.row,
            time,
            phase: way.phase,
            units: side * units,
            raw: way.raw,
            price,
            fee,
            held: after,
            cause,
            is_ambiguous: way.is_ambiguous,
        }));
        if let Some(at) = at {
            let slot = &mut self.slots[at as usize];
            slot.filled += side * units;
            slot.money += units * price;
            self.belongings(at, units, is_closing);
        }
        if after == 0.0 {
            self.sweep_closings(market, at);
        }
    }

    /// Whether an order is due at a time, and does not rest.
    fn queue_holds(&self, slot: &super::floor::Slot) -> bool {
        matches!(slot.order.kind, super::order::OrderKind::Market { .. })
    }

    /// What becomes of those that belong to an order of which so much was filled.
    fn belongings(&mut self, at: u32, units: f64, is_closing: bool) {
        let slot = &self.slots[at as usize];
        let (mut child, oco) = (slot.first_child, slot.order.oco);
        // What closed an older position has nothing to be protected.
        while child != NONE && !is_closing {
            let slot = &mut self.slots[child as usize];
            let next = slot.next_child;
            match slot.state {
                OrderState::Asleep => {
                    slot.state = OrderState::Open;
                    slot.left = units;
                    self.date(child);
                    self.rest(child);
                }
                OrderState::Open => slot.left += units,
                _ => {}
            }
            child = next;
        }
        let is_over = !self.is_part;
        // What is left of an entry that was closed by its bracket already would have nothing to protect it.
        let order = self.slots[at as usize].order;
        if let Some(parent) = order.parent.filter(|_| order.reduce_only && is_closing && is_over) {
            self.end(parent.0 as u32 - 1, OrderState::Cancelled, Some(Refusal::Group));
        }
        let Some(group) = oco else { return };
        for i in 0..self.groups[group.0 as usize - 1].len() {
            let other = self.groups[group.0 as usize - 1][i];
            if other == at || !self.slots[other as usize].state.is_alive() {
                continue;
            }
            let slot = &mut self.slots[other as usize];
            if !is_over && slot.left.is_nan() && slot.order.quantity.follows_position() {
                // What is held is less by as much, and so is this.
                continue;
            }
            if !is_over && slot.left > units {
                slot.left -= units;
                self.mark(other, What::Resized, Refusal::Group);
            } else {
                self.end(other, OrderState::Cancelled, Some(Refusal::Group));
            }
        }
    }

    /// Nothing is held any more: what rests to close it is over.
    fn sweep_closings(&mut self, market: usize, but: Option<u32>) {
        let mut i = 0;
        while let Some(&at) = self.pits[market].resting.get(i) {
            let slot = &self.slots[at as usize];
            if slot.order.reduce_only && Some(at) != but {
                self.end(at, OrderState::Cancelled, Some(Refusal::NothingHeld));
            } else {
                i += 1;
            }
        }
    }
}
