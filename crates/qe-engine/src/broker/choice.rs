//! Which of the two ways a bar takes, where they differ: what the policy says, by what the position is worth at the close.

use super::floor::{Floor, NONE};
use super::order::{OrderKind, Quantity};
use super::path::{Cursor, Level, Live, next};
use super::place::kind_of;
use super::report::OrderState;
use crate::fills::PathPolicy;
use crate::program::SizeKind;

impl Floor<'_> {
    /// Which of the two ways is taken.
    pub(super) fn choose(&self, market: usize, row: usize, points: [[f64; 4]; 2], cursors: [Cursor; 2]) -> usize {
        let [open, high, low, close] = points[0];
        let is_short = self.pits[market].units < 0.0;
        // The way on which the favourable end comes first, and what the two are worth.
        let first = usize::from(is_short);
        let worth = [0, 1].map(|p| self.worth_along(market, row, p, points[p], cursors[p], close));
        let (a, b) = (worth[first], worth[1 - first]);
        let worse = if a <= b { first } else { 1 - first };
        match self.spec.path {
            PathPolicy::Pessimistic | PathPolicy::LowerTimeframe => worse,
            PathPolicy::Optimistic => {
                if a >= b {
                    first
                } else {
                    1 - first
                }
            }
            PathPolicy::OpenHighLowClose => 0,
            PathPolicy::OpenLowHighClose => 1,
            PathPolicy::NearestExtreme => {
                let (up, down) = (high - open, open - low);
                match up.partial_cmp(&down) {
                    Some(std::cmp::Ordering::Less) => 0,
                    Some(std::cmp::Ordering::Greater) => 1,
                    _ => worse,
                }
            }
        }
    }

    /// What the market's position comes to at the close along a way, before fees, if nothing is placed on it.
    fn worth_along(
        &self,
        market: usize,
        row: usize,
        way: usize,
        points: [f64; 4],
        mut cursor: Cursor,
        close: f64,
    ) -> f64 {
        let pit = &self.pits[market];
        let (mut held, mut money) = (pit.units, 0.0);
        let mut lives = self.lives(market, row, way);
        for _ in 0..64 + 4 * lives.len() {
            let Some(met) = next(&lives, held, pit.is_flat_start, points, cursor) else { break };
            let passed = points.get(cursor.to..met.to).unwrap_or(&[]);
            let all = passed.iter().copied().chain([cursor.price, met.price]);
            let (high, low) = all.fold((met.price, met.price), |(h, l), x| (h.max(x), l.min(x)));
            for live in &mut lives {
                live.best = if live.side < 0.0 { live.best.max(high) } else { live.best.min(low) };
            }
            cursor = Cursor { to: met.to, price: met.price };
            let Some(i) = lives.iter().position(|live| live.at == met.at) else { break };
            let live = lives[i];
            if let Level::StopLimit(_, limit) = live.level {
                lives[i].level = Level::Limit(limit);
                continue;
            }
            let mut units = live.side * self.guess(&live, held, met.price, market);
            if live.is_closing {
                units = units.abs().min(held.abs()).copysign(live.side);
            }
            money -= units * met.price;
            held += units;
            lives.remove(i);
            if live.oco.is_some() {
                lives.retain(|other| other.oco != live.oco);
            }
            let mut child = self.slots[live.at as usize].first_child;
            while child != NONE {
                let slot = &self.slots[child as usize];
                let is_beyond = match slot.order.kind {
                    OrderKind::Stop { price } => live.side * met.price <= live.side * price,
                    OrderKind::Limit { price } => live.side * met.price >= live.side * price,
                    _ => false,
                };
                if slot.state == OrderState::Asleep && !is_beyond {
                    lives.push(Live { best: met.price, left: units.abs(), ..self.live(child, way) });
                }
                child = slot.next_child;
            }
            if held == 0.0 {
                lives.retain(|other| !other.is_closing);
            }
        }
        money + held * close
    }

    /// How many units an order comes to at a price, costs and limits left out.
    fn guess(&self, live: &Live, held: f64, price: f64, market: usize) -> f64 {
        if live.left.is_finite() {
            return live.left;
        }
        let each = price * self.pits[market].market.multiplier();
        let equity = self.stake_at(market, price);
        let target = |units: f64| ((units - held) * live.side).max(0.0);
        let quantity = self.slots[live.at as usize].order.quantity;
        match quantity {
            Quantity::All => held.abs(),
            Quantity::TargetUnits(units) => target(units),
            Quantity::TargetValue(value) => target(value / each),
            Quantity::TargetWeight(weight) => target(weight * equity / each),
            _ => match kind_of(quantity) {
                Some((x, SizeKind::Units)) => x,
                Some((x, SizeKind::Value)) => x / each,
                Some((x, SizeKind::Fraction)) => x * equity / each,
                None => 0.0,
            },
        }
    }
}
