//! Trading to a weight, as strategies that are data do.

use super::floor::{Floor, Way};
use super::order::{OrderKind, Quantity, TimeInForce};
use super::report::OrderState;
use super::strategy::What;
use crate::deal::{self, Deal};
use crate::ledger::{Cause, Refusal};

impl Floor<'_> {
    /// Trades to a weight, as strategies that are data do.
    pub(super) fn execute_weight(&mut self, at: u32, way: Way, weight: f64) {
        let order = self.slots[at as usize].order;
        let market = order.market as usize;
        let held = self.pits[market].units;
        let each = way.raw * self.pits[market].market.multiplier();
        let stake = self.stake_at(market, way.raw);
        let rests = !matches!(order.kind, OrderKind::Market { .. });
        let is_other = |weight: f64| rests && (weight * stake / each - held) * order.side.sign() < 0.0;
        let (_, size) = self.size_of(Quantity::TargetWeight(weight));
        let room = self.room_of_stake(market, way.raw, 0.0, &size);
        let share = room.share.max(0.0);
        let (share, name) =
            if room.limit < share { (room.limit.max(0.0), Refusal::CappedByLimit) } else { (share, room.name) };
        let worth = (room.stake, room.worth);
        let mut weight = weight;
        // Also where a bound leaves less than is held.
        if is_other(weight) || is_other(weight.abs().min(share).copysign(weight)) {
            return self.end(at, OrderState::Cancelled, Some(Refusal::OtherSide));
        }
        if weight.abs() > share {
            // A position that stands is not made smaller for others that grew.
            self.mark(at, What::Resized, name);
            weight = share.copysign(weight);
        }
        let mut is_whole = true;
        if held != 0.0 && weight * held < 0.0 {
            is_whole = self.trade_to(at, way, 0.0, order.cause, worth);
            if is_whole && self.slots[at as usize].state.is_alive() {
                let worth = (self.stake_at(market, way.raw), self.worth_at(market, way.raw));
                is_whole = self.trade_to(at, way, weight, Cause::Entry, worth);
            }
        } else {
            let cause = if held == 0.0 { Cause::Entry } else { order.cause };
            is_whole &= self.trade_to(at, way, weight, cause, worth);
        }
        if is_whole {
            self.end(at, OrderState::Filled, None);
        } else if order.tif.is_once() {
            self.end(at, OrderState::Cancelled, Some(Refusal::NotFilled));
        } else {
            self.mark(at, What::Waiting, Refusal::CappedByVolume);
        }
    }

    /// Trades to a weight of one side, what it is of and all being worth so much; `false` if the bar's volume does not reach.
    fn trade_to(&mut self, at: u32, way: Way, weight: f64, cause: Cause, (stake, worth): (f64, f64)) -> bool {
        let market = self.slots[at as usize].order.market as usize;
        let place = self.place(market, way);
        let held = self.pits[market].units;
        let Some(mut gap) = deal::gap(place, held, weight, stake, false) else {
            if deal::missed(place, held, weight, stake).is_some() {
                let slot = &self.slots[at as usize];
                let state = if slot.filled == 0.0 { OrderState::Rejected } else { OrderState::Cancelled };
                self.end(at, state, Some(Refusal::NoSize));
            }
            return true;
        };
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
                self.commit(Some(at), market, side, deal, way, cause, after, Some(worth));
            }
            Err((_, why)) => {
                self.end(at, OrderState::Rejected, Some(why));
                return true;
            }
        }
        is_whole
    }
}
