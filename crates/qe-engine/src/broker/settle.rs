//! Filling an order: how many units close and open, and at what price.

use super::floor::{Floor, Way};
use super::order::{Quantity, TimeInForce};
use super::place::kind_of;
use super::report::OrderState;
use super::strategy::What;
use crate::deal::{self, At, Deal};
use crate::ledger::{Cause, Refusal};
use crate::program::{Size, SizeKind, Source};

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
        // Why less is opened or closed than was asked for, or nothing.
        let mut capped = None;
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
                    let (units, rounded) = free.units(number, equity, price, way.is_maker, no_cap, place.costs);
                    capped = rounded;
                    Want::Units(units)
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
            capped = Some(Refusal::NothingHeld);
        }
        let opening = match &want {
            _ if order.reduce_only => Ok(0.0),
            Want::Units(units) if *units > closing => {
                let rest = units - closing;
                let size = Size { kind: SizeKind::Units, ..self.size_of(order.quantity).1 };
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
        let is_cut = capped.is_some_and(|why| !matches!(why, Refusal::RoundedToLot | Refusal::NothingHeld));
        if order.tif == TimeInForce::Fok && (!is_whole || refused.is_some() || is_cut) {
            let why = refused.or(capped.filter(|_| is_cut)).unwrap_or(Refusal::NotFilled);
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
            self.trade(at, way, side, (closing.min(total), (total - closing).max(0.0)));
        }
        let is_alive = self.slots[at as usize].state.is_alive();
        if is_whole || !is_alive {
            let state = if refused.is_some() { OrderState::Cancelled } else { OrderState::Filled };
            return self.end(at, state, refused);
        }
        if let Some(why) = refused {
            // What closes goes on, and nothing is opened behind it.
            self.mark(at, What::Resized, why);
        }
        let slot = &mut self.slots[at as usize];
        if !matches!(order.quantity, Quantity::All | Quantity::TargetUnits(_) | Quantity::TargetValue(_)) {
            slot.left = asked.min(allowed) - total;
        }
        if order.tif.is_once() {
            return self.end(at, OrderState::Cancelled, Some(Refusal::NotFilled));
        }
        self.mark(at, What::Waiting, Refusal::CappedByVolume);
    }

    /// The number and the bounds of a size.
    pub(super) fn size_of(&self, quantity: Quantity) -> (f64, Size) {
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
        let own = if is_new { 0.0 } else { (self.pits[market].exposure * place.raw).abs() };
        let room = self.room_of_stake(market, place.raw, own, size);
        let size = Size { limit_frac: room.limit, ..*size };
        let (deal, why) = deal::open(place, side, &size, number, room.stake, room.share);
        *capped = why.map(|why| if why == Refusal::CappedByLeverage { room.name } else { why }).or(*capped);
        deal.map(|deal| deal.units)
    }

    /// Trades: first what closes, then what opens, at one price.
    fn trade(&mut self, at: u32, way: Way, side: f64, (closing, opening): (f64, f64)) {
        let order = self.slots[at as usize].order;
        let market = order.market as usize;
        let place = self.place(market, way);
        let held = self.pits[market].units;
        if opening == 0.0 {
            let deal = deal::close(place, -side, closing);
            let cause = if order.cause == Cause::Entry { Cause::Close } else { order.cause };
            let after = left_of(held, side * closing);
            return self.commit(Some(at), market, side, deal, way, cause, after, None);
        }
        if closing == 0.0 {
            // As it was found, with no other bounds.
            let free = Size { limit_frac: f64::INFINITY, ..self.size_of(Quantity::Units(opening)).1 };
            let equity = self.stake_at(market, way.raw);
            let (deal, _) = deal::open(place, side, &free, opening, equity, f64::INFINITY);
            let deal = match deal {
                Ok(deal) => deal,
                Err(why) => return self.end(at, OrderState::Rejected, Some(why)),
            };
            let cause = if order.cause == Cause::Close { Cause::Entry } else { order.cause };
            return self.commit(Some(at), market, side, deal, way, cause, held + side * deal.units, None);
        }
        let all = deal::close(place, -side, closing + opening);
        let share = closing / (closing + opening);
        let fee = all.fee * share;
        let multiplier = place.market.multiplier();
        if all.price <= 0.0 {
            // Nothing is opened by a sale that brings nothing.
            let deal = deal::close(place, -side, closing);
            self.commit(Some(at), market, side, deal, way, order.cause, 0.0, None);
            return self.end(at, OrderState::Cancelled, Some(Refusal::NoSize));
        }
        let part = |units: f64, fee: f64| Deal { units, price: all.price, fee, exposure: units * multiplier };
        let cause = if order.cause == Cause::Entry { Cause::Opposite } else { order.cause };
        self.commit(Some(at), market, side, part(closing, fee), way, cause, 0.0, None);
        self.commit(Some(at), market, side, part(opening, all.fee - fee), way, Cause::Entry, side * opening, None);
    }
}

/// What is left of a position after a trade against it: to the bit nothing, where rounding alone leaves something.
fn left_of(held: f64, traded: f64) -> f64 {
    let left = held + traded;
    if left.abs() <= 1e-12 * held.abs() { 0.0 } else { left }
}
