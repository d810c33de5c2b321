//! Placing, changing and taking back orders: when each is due, and how long it is there.

use super::floor::{Floor, NONE, Notice, Slot, id_of};
use super::order::{Distance, GroupId, Order, OrderId, OrderKind, Quantity, TimeInForce};
use super::report::OrderState;
use super::strategy::{Update, What};
use crate::fills::At;
use crate::ledger::Refusal;
use crate::program::SizeKind;

/// So many orders for each market, and some, in one instant are placed by nobody who knows what they do.
const MOST_AT_ONCE: usize = 1_000;

/// So many orders that are over may stand among those that are there, before they are taken out.
const FEW: usize = 64;

impl Floor<'_> {
    /// Places an order; what is wrong with it is told, and written down.
    pub(super) fn submit(&mut self, order: Order) -> OrderId {
        self.n_placed += 1;
        let most = MOST_AT_ONCE * (self.pits.len() + 10);
        if self.n_placed > most {
            self.note(None, order.market as usize, order.side.sign(), Refusal::TooMany);
            return OrderId(0);
        }
        self.put(order)
    }

    /// Places an order, whoever gave it and however many there are.
    pub(super) fn put(&mut self, order: Order) -> OrderId {
        let at = self.slots.len() as u32;
        let market = order.market as usize;
        let fault = self.fault(&order);
        let mut slot = Slot {
            order,
            state: OrderState::Open,
            placed_at: self.now,
            base: -1,
            since: f64::NAN,
            left: match order.quantity {
                Quantity::Units(x) => x.abs(),
                _ => f64::NAN,
            },
            filled: 0.0,
            money: 0.0,
            due: 0,
            at: At::Open,
            until: NONE,
            best: [f64::NAN; 2],
            is_triggered: false,
            dry: NONE,
            ended_at: 0,
            why: None,
            waits: None,
            first_child: NONE,
            next_child: NONE,
        };
        if let Some(why) = fault {
            (slot.state, slot.why, slot.ended_at) = (OrderState::Rejected, Some(why), self.now);
            slot.base = self.pits.get(market).map_or(-1, |pit| pit.row() as i64);
            self.slots.push(slot);
            self.note(Some(at), market, order.side.sign(), why);
            self.notices.push_back(Notice::Order(Update { order: id_of(at), market, what: What::Rejected, why }));
            return id_of(at);
        }
        self.slots.push(slot);
        self.alive.push(at);
        self.n_alive += 1;
        if let Some(group) = order.oco {
            self.groups[group.0 as usize - 1].push(at);
        }
        self.date(at);
        match order.parent {
            Some(parent) => {
                let parent = parent.0 as usize - 1;
                self.slots[at as usize].next_child = self.slots[parent].first_child;
                self.slots[parent].first_child = at;
                self.slots[at as usize].state = OrderState::Asleep;
            }
            None => self.rest(at),
        }
        id_of(at)
    }

    /// Why an order cannot be placed.
    fn fault(&self, order: &Order) -> Option<Refusal> {
        if self.out.ruin.is_some() {
            return Some(Refusal::Ruined);
        }
        if order.market as usize >= self.pits.len() {
            return Some(Refusal::NoMarket);
        }
        let is_some = |x: f64| x.is_finite() && x > 0.0;
        let is_sized = match order.quantity {
            Quantity::Units(x) | Quantity::Value(x) | Quantity::Fraction(x) => is_some(x),
            Quantity::Sized { size, limit_frac, lot, min_units, .. } => {
                is_some(size) && limit_frac > 0.0 && lot >= 0.0 && lot.is_finite() && min_units.is_finite()
            }
            Quantity::TargetUnits(x) | Quantity::TargetValue(x) | Quantity::TargetWeight(x) => x.is_finite(),
            Quantity::All => true,
        };
        if !is_sized {
            return Some(Refusal::NoSize);
        }
        let has_levels = match order.kind {
            OrderKind::Market { .. } => true,
            OrderKind::Limit { price } | OrderKind::Stop { price } => price.is_finite(),
            OrderKind::StopLimit { stop, limit } => stop.is_finite() && limit.is_finite(),
            OrderKind::Trail { by: Distance::Price(x), best } => {
                x.is_finite() && x >= 0.0 && best.is_none_or(f64::is_finite)
            }
            OrderKind::Trail { by: Distance::Fraction(x), best } => {
                (0.0..1.0).contains(&x) && best.is_none_or(f64::is_finite)
            }
        };
        if !has_levels {
            return Some(Refusal::NoLevel);
        }
        if let OrderKind::Market { timing: Some(timing) } = order.kind
            && timing.fault().is_some()
        {
            return Some(Refusal::NoTiming);
        }
        if let Some(GroupId(group)) = order.oco
            && (group == 0 || group as usize > self.groups.len())
        {
            return Some(Refusal::NoGroup);
        }
        if let Some(OrderId(parent)) = order.parent {
            let slot = parent.checked_sub(1).and_then(|at| self.slots.get(at as usize));
            if !slot.is_some_and(|s| s.state.is_alive() && s.order.market == order.market) {
                return Some(Refusal::NoParent);
            }
        }
        None
    }

    /// The slot of an order that is still there.
    pub(super) fn alive(&self, id: OrderId) -> Option<u32> {
        let at = u32::try_from(id.0.checked_sub(1)?).ok()?;
        self.slots.get(at as usize).filter(|slot| slot.state.is_alive()).map(|_| at)
    }

    /// Takes an order back; `false` if it is over already, or of a margin call.
    pub(super) fn cancel(&mut self, id: OrderId) -> bool {
        let Some(at) = self.alive(id) else { return false };
        if self.is_kept(at) {
            return false;
        }
        self.end(at, OrderState::Cancelled, Some(Refusal::Cancelled));
        true
    }

    /// Gives an order that is still there other prices. It keeps its place.
    pub(super) fn replace(&mut self, id: OrderId, kind: OrderKind) -> bool {
        let Some(at) = self.alive(id) else { return false };
        if self.is_kept(at) {
            return false;
        }
        let slot = &self.slots[at as usize];
        let is_market = |kind: &OrderKind| matches!(kind, OrderKind::Market { .. });
        let order = Order { kind, ..slot.order };
        let check = Order { parent: None, ..order };
        if is_market(&kind) != is_market(&slot.order.kind) || self.fault(&check).is_some() {
            return false;
        }
        let until = slot.until;
        let slot = &mut self.slots[at as usize];
        slot.order = order;
        slot.is_triggered = false;
        if slot.state == OrderState::Open {
            self.date(at);
            if !matches!(order.tif, TimeInForce::AtOpen | TimeInForce::AtClose) {
                // It is there as long as it was to be.
                self.slots[at as usize].until = until;
            }
        }
        true
    }

    /// Gives an order that is still there another size; what was filled of it stays filled.
    pub(super) fn resize(&mut self, id: OrderId, quantity: Quantity) -> bool {
        let Some(at) = self.alive(id) else { return false };
        if self.is_kept(at) {
            return false;
        }
        let order = Order { quantity, parent: None, ..self.slots[at as usize].order };
        if self.fault(&order).is_some() {
            return false;
        }
        let slot = &mut self.slots[at as usize];
        slot.order.quantity = quantity;
        slot.left = match quantity {
            Quantity::Units(x) => x.abs(),
            _ => f64::NAN,
        };
        true
    }

    /// An order is over. Those that wait for it, and come to nothing with it, are too.
    pub(super) fn end(&mut self, at: u32, state: OrderState, why: Option<Refusal>) {
        let slot = &mut self.slots[at as usize];
        if !slot.state.is_alive() {
            return;
        }
        let was_asleep = slot.state == OrderState::Asleep;
        (slot.state, slot.why, slot.ended_at) = (state, why.or(slot.why), self.now);
        let (market, side) = (slot.order.market as usize, slot.order.side.sign());
        let mut child = slot.first_child;
        if !was_asleep {
            let resting = &mut self.pits[market].resting;
            if let Some(i) = resting.iter().position(|x| *x == at) {
                resting.remove(i);
            }
        }
        self.n_alive -= 1;
        if self.alive.len() > FEW && self.alive.len() > 2 * self.n_alive {
            let slots = &self.slots;
            self.alive.retain(|at| slots[*at as usize].state.is_alive());
        }
        if let Some(why) = why {
            // What the strategy does itself it knows.
            if why != Refusal::Cancelled {
                self.note(Some(at), market, side, why);
                let what = match state {
                    OrderState::Rejected => What::Rejected,
                    OrderState::Expired => What::Expired,
                    OrderState::Filled => What::Resized,
                    _ => What::Cancelled,
                };
                self.notices.push_back(Notice::Order(Update { order: id_of(at), market, what, why }));
            }
        }
        while child != NONE {
            // One that only closed what was held before never woke them.
            if self.slots[child as usize].state == OrderState::Asleep {
                self.end(child, OrderState::Cancelled, Some(Refusal::NoParent));
            }
            child = self.slots[child as usize].next_child;
        }
    }

    /// Tells that an order is not as it was asked for, and goes on.
    pub(super) fn mark(&mut self, at: u32, what: What, why: Refusal) {
        let slot = &mut self.slots[at as usize];
        match what {
            What::Waiting => slot.waits = Some(why),
            // A target that is filled in parts is cut by one bound in each of them, and that is one line.
            _ if slot.why == Some(why) && why != Refusal::Group => return,
            _ => slot.why = Some(why),
        }
        let (market, side) = (slot.order.market as usize, slot.order.side.sign());
        if why == Refusal::CappedByVolume {
            slot.dry = self.pits[market].row() as u32;
        }
        self.note(Some(at), market, side, why);
        self.notices.push_back(Notice::Order(Update { order: id_of(at), market, what, why }));
    }

    /// A new group.
    pub(super) fn group(&mut self) -> GroupId {
        self.groups.push(Vec::new());
        GroupId(self.groups.len() as u64)
    }
}

/// What a quantity counts, where it is a size.
pub(super) fn kind_of(quantity: Quantity) -> Option<(f64, SizeKind)> {
    match quantity {
        Quantity::Units(x) => Some((x, SizeKind::Units)),
        Quantity::Value(x) => Some((x, SizeKind::Value)),
        Quantity::Fraction(x) => Some((x, SizeKind::Fraction)),
        Quantity::Sized { size, kind, .. } => Some((size, kind)),
        _ => None,
    }
}
