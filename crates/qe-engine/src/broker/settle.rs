//! Filling an order: how many units, at what price, for what fee, and what becomes of those that belong to it.

use super::floor::{Floor, NONE, Notice, Way, id_of};
use super::order::{OrderId, Quantity, TimeInForce};
use super::place::kind_of;
use super::report::OrderState;
use super::strategy::{Filled, What};
use crate::deal::{self, At, Deal};
use crate::ledger::{Cause, Refusal};
use crate::program::{Size, SizeKind, Source};
use crate::sim::record::Fill;

/// How much an order trades, above 0 on its side.
enum Want {
    /// So many units.
    Units(f64),
    /// What a size comes to.
    Sized(f64, Size),
}

impl Floor<'_> {
    /// Fills an order at a price, as far as it can be filled there.
    pub(super) fn execute(&mut self, at: u32, way: Way) {
        let order = self.slots[at as usize].order;
        let market = order.market as usize;
        if let Quantity::TargetWeight(weight) = order.quantity {
            return self.execute_weight(at, way, weight);
        }
        let held = self.pits[market].units;
        let place = self.place(market, way);
        let mut side = order.side.sign();
        let left = self.slots[at as usize].left;
        let want = match order.quantity {
            _ if left.is_finite() => Want::Units(left),
            Quantity::All | Quantity::TargetUnits(_) | Quantity::TargetValue(_) => {
                let to = match order.quantity {
                    Quantity::TargetUnits(units) => units,
                    Quantity::TargetValue(value) => value / (way.raw * place.market.multiplier()),
                    _ => 0.0,
                };
                let gap = to - held;
                if gap == 0.0 || gap.is_nan() {
                    let why = (order.quantity == Quantity::All).then_some(Refusal::NothingHeld);
                    let state = if why.is_some() { OrderState::Cancelled } else { OrderState::Filled };
                    return self.end(at, state, why);
                }
                let is_due = matches!(order.kind, super::order::OrderKind::Market { .. });
                if !is_due && gap * side < 0.0 {
                    return self.end(at, OrderState::Cancelled, Some(Refusal::OtherSide));
                }
                side = if gap < 0.0 { -1.0 } else { 1.0 };
                Want::Units(gap.abs())
            }
            quantity => {
                let (number, size) = self.size_of(quantity);
                if held * side < 0.0 {
                    let equity = self.stake_at(market, way.raw);
                    let price = way.raw * (1.0 + side * place.half) * place.market.multiplier();
                    let free = Size { limit_frac: f64::INFINITY, ..size };
                    let no_cap = f64::INFINITY;
                    Want::Units(free.units(number, equity, price, way.is_maker, no_cap, place.costs).0)
                } else {
                    Want::Sized(number, size)
                }
            }
        };
        if let Want::Units(units) = want
            && (units.is_nan() || units <= 0.0)
        {
            return self.end(at, OrderState::Rejected, Some(Refusal::NoSize));
        }
        let closing = match want {
            Want::Units(units) if held * side < 0.0 => units.min(held.abs()),
            _ => 0.0,
        };
        if order.reduce_only && (held == 0.0 || held * side > 0.0) {
            return self.end(at, OrderState::Cancelled, Some(Refusal::NothingHeld));
        }
        if order.from_flat && held != 0.0 {
            return self.end(at, OrderState::Cancelled, Some(Refusal::NotFlat));
        }
        if let Want::Units(units) = want
            && order.reduce_only
            && units > held.abs() * (1.0 + 1e-12)
        {
            self.mark(at, What::Resized, Refusal::NothingHeld);
        }
        // What is to be opened, and why less of it, or nothing, is.
        let mut capped = None;
        let opening = match &want {
            _ if order.reduce_only => Ok(0.0),
            Want::Units(units) if *units > closing => {
                let rest = units - closing;
                let lot = 0.0;
                let size = Size { kind: SizeKind::Units, lot, ..self.size_of(Quantity::Units(rest)).1 };
                self.opening(place, market, side, rest, &size, held == 0.0 || closing > 0.0, &mut capped)
            }
            Want::Units(_) => Ok(0.0),
            Want::Sized(number, size) => self.opening(place, market, side, *number, size, held == 0.0, &mut capped),
        };
        let (opening, refused) = match opening {
            Ok(units) => (units, None),
            Err(why) => (0.0, Some(why)),
        };
        let asked = match want {
            Want::Units(units) if order.reduce_only => units.min(held.abs()),
            Want::Units(units) => units,
            Want::Sized(..) => opening,
        };
        let room = self.pits[market].room(way.row, self.spec.volume_frac);
        let allowed = closing + opening;
        let total = allowed.min(room);
        let is_whole = total >= allowed;
        if order.tif == TimeInForce::Fok && (!is_whole || refused.is_some() || capped.is_some()) {
            let why = refused.or(capped).unwrap_or(Refusal::NotFilled);
            return self.end(at, OrderState::Cancelled, Some(why));
        }
        if let Some(why) = capped {
            self.mark(at, What::Resized, why);
        }
        if let Some(why) = refused
            && closing == 0.0
        {
            return self.end(at, OrderState::Rejected, Some(why));
        }
        self.is_part = !is_whole;
        if total > 0.0 {
            self.trade(at, way, side, (closing.min(total), (total - closing).max(0.0)), &want);
        }
        let is_alive = self.slots[at as usize].state.is_alive();
        if is_whole || !is_alive {
            let state = if refused.is_some() { OrderState::Cancelled } else { OrderState::Filled };
            return self.end(at, state, refused);
        }
        let slot = &mut self.slots[at as usize];
        if !matches!(order.quantity, Quantity::All | Quantity::TargetUnits(_) | Quantity::TargetValue(_)) {
            slot.left = asked.min(allowed) - total;
        }
        if matches!(order.tif, TimeInForce::Ioc | TimeInForce::Fok | TimeInForce::AtOpen | TimeInForce::AtClose) {
            return self.end(at, OrderState::Cancelled, Some(Refusal::NotFilled));
        }
        self.mark(at, What::Waiting, Refusal::CappedByVolume);
    }

    /// The number and the bounds of a size.
    fn size_of(&self, quantity: Quantity) -> (f64, Size) {
        let (number, kind) = kind_of(quantity).unwrap_or((f64::NAN, SizeKind::Units));
        // Where markets have purses, a limit is one of the whole account: it is looked at with the others.
        let own = self.spec.position_limit_frac.filter(|_| self.purses.is_empty()).unwrap_or(f64::INFINITY);
        let (limit_frac, lot, min_units) = match quantity {
            Quantity::Sized { limit_frac, lot, min_units, .. } => (limit_frac.min(own), lot, min_units),
            _ => (own, 0.0, 0.0),
        };
        (number, Size { kind, source: Source::Number(number), scale: None, limit_frac, lot, min_units })
    }

    /// At most this share of worth may be held in all, besides what is held; and what to call it.
    pub(super) fn most(&self) -> (f64, Refusal) {
        match self.spec.gross_limit_frac {
            Some(limit) if limit < self.spec.leverage => (limit, Refusal::CappedByGross),
            _ => (self.spec.leverage, Refusal::CappedByLeverage),
        }
    }

    /// How many units a size opens, or why none.
    #[expect(clippy::too_many_arguments, reason = "what is opened hangs on all of them")]
    fn opening(
        &self,
        place: At<'_>,
        market: usize,
        side: f64,
        number: f64,
        size: &Size,
        is_new: bool,
        capped: &mut Option<Refusal>,
    ) -> Result<f64, Refusal> {
        if is_new && let Some(why) = place.market.entry_refusal(place.row, side) {
            return Err(why);
        }
        let equity = self.stake_at(market, place.raw);
        let own = if is_new { 0.0 } else { (self.pits[market].exposure * place.raw).abs() };
        let (share, limit_frac, name) = self.room_of_stake(market, place.raw, own, size);
        let size = Size { limit_frac, ..*size };
        let (deal, why) = deal::open(place, side, &size, number, equity, share);
        *capped = why.map(|why| if why == Refusal::CappedByLeverage { name } else { why });
        deal.map(|deal| deal.units)
    }

    /// Trades: first what closes, then what opens, at one price.
    fn trade(&mut self, at: u32, way: Way, side: f64, parts: (f64, f64), want: &Want) {
        let order = self.slots[at as usize].order;
        let market = order.market as usize;
        let place = self.place(market, way);
        let held = self.pits[market].units;
        let (closing, opening) = parts;
        if opening == 0.0 {
            let deal = deal::close(place, -side, closing);
            let cause = if order.cause == Cause::Entry { Cause::Close } else { order.cause };
            let after = left_of(held, side * closing);
            return self.commit(Some(at), market, side, deal, way, cause, after);
        }
        if closing == 0.0 {
            // As it was found, with no other bounds.
            let size = match want {
                Want::Sized(_, size) => *size,
                Want::Units(_) => self.size_of(Quantity::Units(opening)).1,
            };
            let free = Size { kind: SizeKind::Units, limit_frac: f64::INFINITY, lot: 0.0, min_units: 0.0, ..size };
            let equity = self.stake_at(market, way.raw);
            let (deal, _) = deal::open(place, side, &free, opening, equity, f64::INFINITY);
            let deal = match deal {
                Ok(deal) => deal,
                Err(why) => return self.end(at, OrderState::Rejected, Some(why)),
            };
            let cause = if order.cause == Cause::Close { Cause::Entry } else { order.cause };
            return self.commit(Some(at), market, side, deal, way, cause, held + side * deal.units);
        }
        let all = deal::close(place, -side, closing + opening);
        let share = closing / (closing + opening);
        let fee = all.fee * share;
        let multiplier = place.market.multiplier();
        if all.price <= 0.0 {
            // Nothing is opened by a sale that brings nothing.
            let deal = deal::close(place, -side, closing);
            return self.commit(Some(at), market, side, deal, way, order.cause, 0.0);
        }
        let part = |units: f64, fee: f64| Deal { units, price: all.price, fee, exposure: units * multiplier };
        let cause = if order.cause == Cause::Entry { Cause::Opposite } else { order.cause };
        self.commit(Some(at), market, side, part(closing, fee), way, cause, 0.0);
        self.commit(Some(at), market, side, part(opening, all.fee - fee), way, Cause::Entry, side * opening);
    }

    /// Trades to a weight, as strategies that are data do.
    fn execute_weight(&mut self, at: u32, way: Way, weight: f64) {
        let order = self.slots[at as usize].order;
        let market = order.market as usize;
        let held = self.pits[market].units;
        let (_, size) = self.size_of(Quantity::TargetWeight(weight));
        let (share, own, name) = self.room_of_stake(market, way.raw, 0.0, &size);
        let share = share.max(0.0);
        let (share, name) = if own < share { (own.max(0.0), Refusal::CappedByLimit) } else { (share, name) };
        let mut weight = weight;
        if weight.abs() > share {
            // A position that stands is not made smaller for others that grew.
            self.mark(at, What::Resized, name);
            weight = share.copysign(weight);
        }
        let mut is_whole = true;
        if held != 0.0 && weight * held < 0.0 {
            is_whole = self.trade_to(at, way, 0.0, order.cause);
            if is_whole && self.slots[at as usize].state.is_alive() {
                is_whole = self.trade_to(at, way, weight, Cause::Entry);
            }
        } else {
            let cause = if held == 0.0 { Cause::Entry } else { order.cause };
            is_whole &= self.trade_to(at, way, weight, cause);
        }
        if is_whole {
            self.end(at, OrderState::Filled, None);
        } else if matches!(order.tif, TimeInForce::Ioc | TimeInForce::Fok | TimeInForce::AtOpen | TimeInForce::AtClose)
        {
            self.end(at, OrderState::Cancelled, Some(Refusal::NotFilled));
        } else {
            self.mark(at, What::Waiting, Refusal::CappedByVolume);
        }
    }

    /// Trades to a weight of one side; `false` if the bar's volume does not reach.
    fn trade_to(&mut self, at: u32, way: Way, weight: f64, cause: Cause) -> bool {
        let market = self.slots[at as usize].order.market as usize;
        let equity = self.stake_at(market, way.raw);
        let place = self.place(market, way);
        let held = self.pits[market].units;
        let Some(mut gap) = deal::gap(place, held, weight, equity, false) else { return true };
        let room = self.pits[market].room(way.row, self.spec.volume_frac);
        let is_whole = gap.units.abs() <= room;
        self.is_part = !is_whole;
        if !is_whole {
            if room == 0.0 || self.slots[at as usize].order.tif == TimeInForce::Fok {
                return false;
            }
            (gap.units, gap.is_none) = (room.copysign(gap.units), false);
        }
        match deal::weigh(place, gap, held == 0.0, false) {
            Ok(Deal { units, price, fee, exposure }) => {
                let after = if gap.is_none { 0.0 } else { held + units };
                let side = if units < 0.0 { -1.0 } else { 1.0 };
                let deal = Deal { units: units.abs(), price, fee, exposure: exposure.abs() };
                self.commit(Some(at), market, side, deal, way, cause, after);
            }
            Err((_, why)) => {
                self.end(at, OrderState::Rejected, Some(why));
                return true;
            }
        }
        is_whole
    }

    /// Takes a fill into the account, the position and the ledger.
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
    ) {
        let Deal { units, price, fee, exposure } = deal;
        let equity = self.worth_at(market, way.raw);
        let money = side * exposure * price + fee;
        self.cash -= money;
        self.take_from_purse(market, money);
        self.out.turnover += exposure * way.raw / equity;
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
        self.out.ledger.fills.push(
            market as u32,
            time,
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
        let Some(group) = oco else { return };
        let is_over = !self.is_part;
        for i in 0..self.groups[group.0 as usize - 1].len() {
            let other = self.groups[group.0 as usize - 1][i];
            if other == at || !self.slots[other as usize].state.is_alive() {
                continue;
            }
            let slot = &mut self.slots[other as usize];
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

/// What is left of a position after a trade against it: to the bit nothing, where rounding alone leaves something.
fn left_of(held: f64, traded: f64) -> f64 {
    let left = held + traded;
    if left.abs() <= 1e-12 * held.abs() { 0.0 } else { left }
}
