//! A book of any shape along the path of a bar.
//!
//! Prices go from point to point; of the orders that lie on the way, the nearest is met first. Both orders of prices are
//! followed as long as they meet the same order at the same price next. Where they differ, the policy chooses, by what the
//! market's position would be worth at the close, before fees. Rules: docs/broker.md, "Within a bar".

use super::floor::{Floor, Way};
use super::order::{Distance, GroupId, OrderKind, Quantity, TimeInForce};
use super::place::kind_of;
use super::strategy::BarStrategy;
use crate::fills::{Entered, Hit, PathPolicy, Touched, Within, limit_fill, stop_fill};
use crate::program::SizeKind;

/// More fills than this within one bar are those of a strategy that never ends.
const MOST_IN_BAR: usize = 100_000;

/// What an order waits for.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Level {
    Limit(f64),
    Stop(f64),
    /// A stop, and the limit that it becomes.
    StopLimit(f64, f64),
    Trail(Distance),
}

/// An order as it lies on the way.
#[derive(Debug, Clone, Copy)]
struct Live {
    at: u32,
    side: f64,
    level: Level,
    best: f64,
    is_closing: bool,
    from_flat: bool,
    /// Units, or NaN.
    left: f64,
    oco: Option<GroupId>,
}

/// Where a way is: on the way to one of the bar's four prices.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor {
    to: usize,
    price: f64,
}

/// An order that is met.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Met {
    at: u32,
    price: f64,
    to: usize,
    /// Whether its level is what was met, and not the price of the moment.
    is_level: bool,
    is_limit: bool,
    /// Whether it only becomes a limit.
    is_trigger: bool,
}

impl Live {
    /// The level of a stop that trails.
    fn trail(&self, by: Distance, best: f64) -> f64 {
        match by {
            Distance::Price(x) => best - -self.side * x,
            Distance::Fraction(x) => best * (1.0 + self.side * x),
        }
    }

    /// At what price it is met between two prices, and whether that is its level.
    fn met(&self, from: f64, to: f64, best: f64) -> Option<(f64, bool)> {
        let s = self.side;
        // Prices are turned so that it buys: a limit is met from above, a stop from below.
        let (x, y) = (s * from, s * to);
        match self.level {
            Level::Limit(level) => {
                let level = s * level;
                match level >= x {
                    true => Some((from, false)),
                    false => (y <= level).then_some((s * level, true)),
                }
            }
            Level::Stop(level) | Level::StopLimit(level, _) => {
                let level = s * level;
                match level <= x {
                    true => Some((from, false)),
                    false => (y >= level).then_some((s * level, true)),
                }
            }
            Level::Trail(by) => {
                let level = s * self.trail(by, best);
                if level < x {
                    return Some((from, false));
                }
                // At the very price from which it hangs it is not met on the way in its favour.
                (y >= x && y >= level).then_some((s * level, true))
            }
        }
    }

    /// What comes first at one price.
    fn rank(&self) -> u8 {
        match self.level {
            Level::Limit(_) if self.is_closing => 0,
            Level::Trail(_) => 2,
            _ => 1,
        }
    }

    fn may_trade(&self, held: f64, is_flat_start: bool) -> bool {
        !(self.is_closing && held * self.side >= 0.0) && !(self.from_flat && (held != 0.0 || !is_flat_start))
    }
}

/// The next order that is met along a way.
fn next(lives: &[Live], held: f64, is_flat_start: bool, points: [f64; 4], cursor: Cursor) -> Option<Met> {
    let (mut high, mut low) = (cursor.price, cursor.price);
    let mut from = cursor.price;
    for (to, &y) in points.iter().enumerate().skip(cursor.to) {
        let mut first: Option<(f64, u8, Met)> = None;
        for live in lives.iter().filter(|live| live.may_trade(held, is_flat_start)) {
            let best = if live.side < 0.0 { live.best.max(high) } else { live.best.min(low) };
            let Some((price, is_level)) = live.met(from, y, best) else { continue };
            let (far, rank) = ((price - from).abs(), live.rank());
            if first.is_none_or(|(d, r, _)| far < d || (far == d && rank < r)) {
                let is_limit = matches!(live.level, Level::Limit(_));
                let is_trigger = matches!(live.level, Level::StopLimit(..));
                first = Some((far, rank, Met { at: live.at, price, to, is_level, is_limit, is_trigger }));
            }
        }
        if let Some((_, _, met)) = first {
            return Some(met);
        }
        (high, low, from) = (high.max(y), low.min(y), y);
    }
    None
}

impl Floor<'_> {
    /// The orders that lie on a way.
    fn lives(&self, market: usize, row: usize, way: usize) -> Vec<Live> {
        let resting = self.pits[market].resting.iter();
        resting.filter(|at| self.is_on_way(**at, market, row)).map(|at| self.live(*at, way)).collect()
    }

    fn live(&self, at: u32, way: usize) -> Live {
        let slot = &self.slots[at as usize];
        let level = match slot.order.kind {
            OrderKind::Limit { price } => Level::Limit(price),
            OrderKind::Stop { price } => Level::Stop(price),
            OrderKind::StopLimit { limit, .. } if slot.is_triggered => Level::Limit(limit),
            OrderKind::StopLimit { stop, limit } => Level::StopLimit(stop, limit),
            OrderKind::Trail { by, .. } => Level::Trail(by),
            OrderKind::Market { .. } => Level::Limit(f64::NAN),
        };
        Live {
            at,
            side: slot.order.side.sign(),
            level,
            best: slot.best[way],
            is_closing: slot.order.reduce_only,
            from_flat: slot.order.from_flat,
            left: slot.left,
            oco: slot.order.oco,
        }
    }

    /// Whether an order is there on the way of a bar, whatever is held.
    fn is_on_way(&self, at: u32, market: usize, row: usize) -> bool {
        let slot = &self.slots[at as usize];
        let is_placed = slot.base < row as i64 || (slot.base == row as i64 && !slot.since.is_nan());
        let is_in_time = match slot.order.tif {
            TimeInForce::Gtd(until) => self.pits[market].known[row] <= until,
            TimeInForce::Ioc | TimeInForce::Fok => false,
            _ => slot.until >= row as u32,
        };
        if !is_placed || !is_in_time {
            return false;
        }
        // What the price of its beginning is at or beyond does not rest in the row in which it was placed.
        let is_new = slot.base == row as i64 && slot.order.reduce_only;
        let s = slot.order.side.sign();
        !is_new
            || match slot.order.kind {
                OrderKind::Stop { price } => s * slot.since < s * price,
                OrderKind::Limit { price } => s * slot.since > s * price,
                _ => true,
            }
    }

    /// The order that an open meets first, and whether it is a maker.
    pub(super) fn met_at(&mut self, market: usize, row: usize, open: f64, is_whole: bool) -> Option<(u32, bool)> {
        loop {
            let (held, is_flat_start) = (self.pits[market].units, self.pits[market].is_flat_start);
            let mut first: Option<(u8, f64, u8, Live)> = None;
            for &at in &self.pits[market].resting {
                let slot = &self.slots[at as usize];
                let is_first_price =
                    matches!(slot.order.tif, TimeInForce::Ioc | TimeInForce::Fok) && slot.base < row as i64;
                let is_late = matches!(slot.order.tif, TimeInForce::Gtd(until) if self.pits[market].opens[row] > until);
                let is_timed = matches!(slot.order.tif, TimeInForce::Gtd(_)) && slot.base < row as i64 && !is_late;
                if !(is_first_price || is_timed || self.is_on_way(at, market, row)) || is_late {
                    continue;
                }
                let live = self.live(at, 0);
                // What rests to close looks at bars that have all four prices, and was there before.
                if live.is_closing && (!is_whole || slot.base == row as i64) {
                    continue;
                }
                if !live.may_trade(held, is_flat_start) {
                    continue;
                }
                let s = live.side;
                let level = match live.level {
                    Level::Trail(by) => live.trail(by, live.best),
                    Level::Limit(level) | Level::Stop(level) | Level::StopLimit(level, _) => level,
                };
                let is_met = match live.level {
                    Level::Limit(level) => s * level >= s * open,
                    _ => s * level <= s * open,
                };
                if !is_met {
                    continue;
                }
                let class = match (live.is_closing, live.level) {
                    (true, Level::Limit(_)) => 0,
                    (true, _) => 1,
                    _ => 2,
                };
                // Of stops, the one that is nearest to where the price came from.
                let near = if class == 1 { s * level } else { 0.0 };
                let rank = live.rank();
                if first.as_ref().is_none_or(|(c, n, r, _)| (class, near, rank) < (*c, *n, *r)) {
                    first = Some((class, near, rank, live));
                }
            }
            let (.., live) = first?;
            if matches!(live.level, Level::StopLimit(..)) {
                self.slots[live.at as usize].is_triggered = true;
                continue;
            }
            return Some((live.at, live.is_closing && matches!(live.level, Level::Limit(_))));
        }
    }

    /// Follows a book of any shape along a row that is complete, from one of its bars on.
    pub(super) fn follow_path<S: BarStrategy>(&mut self, market: usize, row: usize, from: usize, strategy: &mut S) {
        let pit = &self.pits[market];
        let bars = Within::new(pit.market, row, pit.touched(row), self.spec.path);
        let (open, is_long) = (bars.bar(from).open, pit.units > 0.0);
        let entered = if pit.entered.0 == row && pit.units != 0.0 { pit.entered.1 } else { Entered::Before };
        // On which leg of each way an order lies that was met in the bar.
        let cursors = match entered {
            Entered::Before | Entered::AtOpen => [Cursor { to: 1, price: open }; 2],
            Entered::ByLimit(price) => legs(price, !is_long),
            Entered::ByStop(price) => legs(price, is_long),
        };
        self.follow_from(market, row, (&bars, from), cursors, None, strategy);
    }

    /// Follows what is there after a fill that [`crate::fills`] found along a row.
    pub(super) fn follow_rest<S: BarStrategy>(
        &mut self,
        market: usize,
        row: usize,
        after: Option<(usize, Hit)>,
        strategy: &mut S,
    ) {
        let Some((from, hit)) = after else { return };
        let pit = &self.pits[market];
        let bars = Within::new(pit.market, row, pit.touched(row), self.spec.path);
        let cursors = hit.n_ahead.map(|n| Cursor { to: 4 - usize::from(n.clamp(1, 4)), price: hit.price });
        let cursors = cursors.map(|c| Cursor { to: c.to.max(1), ..c });
        let chosen = hit.is_ambiguous.then_some(usize::from(!hit.is_high_first));
        self.follow_from(market, row, (&bars, from), cursors, chosen, strategy);
    }

    fn follow_from<S: BarStrategy>(
        &mut self,
        market: usize,
        row: usize,
        (bars, from): (&Within<'_>, usize),
        mut cursors: [Cursor; 2],
        mut chosen: Option<usize>,
        strategy: &mut S,
    ) {
        let mut n_met = 0;
        for bar in from..bars.len() {
            let b = bars.bar(bar);
            if !(b.open.is_finite() && b.high.is_finite() && b.low.is_finite() && b.close.is_finite()) {
                self.meet_part(market, row, b, bars.time(bar), strategy);
                continue;
            }
            let points = [[b.open, b.high, b.low, b.close], [b.open, b.low, b.high, b.close]];
            let way = |raw: f64, is_maker: bool, is_ambiguous: bool, how: Entered| {
                let time = bars.time(bar);
                Way { row, raw, phase: 1, is_maker, is_ambiguous, time, how }
            };
            if bar > from {
                (cursors, chosen) = ([Cursor { to: 1, price: b.open }; 2], None);
                while let Some((at, is_maker)) = self.met_at(market, row, b.open, true).filter(|_| n_met < MOST_IN_BAR)
                {
                    n_met += 1;
                    self.pits[market].price = b.open;
                    let before = self.slots[at as usize].filled;
                    self.execute(at, way(b.open, is_maker, false, Entered::AtOpen));
                    let slot = &self.slots[at as usize];
                    let is_stuck = slot.state.is_alive() && slot.filled == before;
                    self.tell(strategy);
                    if is_stuck || self.pits[market].room(row, self.spec.volume_frac) == 0.0 {
                        return;
                    }
                }
            }
            while n_met < MOST_IN_BAR && self.pits[market].room(row, self.spec.volume_frac) > 0.0 {
                n_met += 1;
                let (held, is_flat) = (self.pits[market].units, self.pits[market].is_flat_start);
                let met = [0, 1].map(|p| {
                    let is_followed = chosen.is_none_or(|c| c == p);
                    is_followed.then(|| next(&self.lives(market, row, p), held, is_flat, points[p], cursors[p]))
                });
                let met = match (chosen, met) {
                    (Some(p), met) => met[p].flatten(),
                    (None, [Some(a), Some(b)]) => {
                        let what = |m: Option<Met>| m.map(|m| (m.at, m.price, m.is_level));
                        if what(a) != what(b) {
                            self.undecided(market, row);
                            chosen = Some(self.choose(market, row, points, cursors));
                            continue;
                        }
                        a.map(|a| (a, b)).map(|(a, b)| {
                            // Each way goes on from its own leg.
                            cursors[1] = Cursor { to: b.map_or(4, |b| b.to), ..cursors[1] };
                            a
                        })
                    }
                    _ => None,
                };
                let Some(met) = met else { break };
                for p in 0..2 {
                    if chosen.is_some_and(|c| c != p) {
                        continue;
                    }
                    let to = if p == 1 && chosen.is_none() { cursors[1].to } else { met.to };
                    self.hang(market, p, points[p], cursors[p], to, met.price);
                    cursors[p] = Cursor { to, price: met.price };
                }
                if met.is_trigger {
                    self.slots[met.at as usize].is_triggered = true;
                    continue;
                }
                let is_closing = self.slots[met.at as usize].order.reduce_only;
                let is_maker = met.is_limit && (met.is_level || is_closing);
                let how = if met.is_limit { Entered::ByLimit(met.price) } else { Entered::ByStop(met.price) };
                self.pits[market].price = met.price;
                let before = self.slots[met.at as usize].filled;
                self.execute(met.at, way(met.price, is_maker, chosen.is_some(), how));
                let slot = &self.slots[met.at as usize];
                let is_stuck = slot.state.is_alive() && slot.filled == before;
                self.tell(strategy);
                if is_stuck {
                    return;
                }
            }
            for p in 0..2 {
                if chosen.is_none_or(|c| c == p) {
                    self.hang(market, p, points[p], cursors[p], 4, b.close);
                }
            }
            if let Some(c) = chosen {
                for i in 0..self.pits[market].resting.len() {
                    let at = self.pits[market].resting[i] as usize;
                    self.slots[at].best = [self.slots[at].best[c]; 2];
                }
            }
        }
    }

    /// Fills what opens a position in a bar that has not all its prices: what closes looks at whole bars only.
    fn meet_part<S: BarStrategy>(
        &mut self,
        market: usize,
        row: usize,
        bar: Touched,
        time: Option<i64>,
        strategy: &mut S,
    ) {
        for at in self.pits[market].resting.clone() {
            let slot = &self.slots[at as usize];
            if !slot.state.is_alive() || !bar.open.is_finite() || !self.is_on_way(at, market, row) {
                continue;
            }
            let (live, pit) = (self.live(at, 0), &self.pits[market]);
            if live.is_closing || !live.may_trade(pit.units, pit.is_flat_start) {
                continue;
            }
            let (raw, is_limit) = match live.level {
                Level::Limit(level) => (limit_fill(bar, live.side, level), true),
                Level::Stop(level) => (stop_fill(bar, live.side, level), false),
                _ => (None, false),
            };
            let Some(raw) = raw else { continue };
            let is_maker = is_limit && raw != bar.open;
            self.pits[market].price = raw;
            let how = if is_limit { Entered::ByLimit(raw) } else { Entered::ByStop(raw) };
            self.execute(at, Way { row, raw, phase: 1, is_maker, is_ambiguous: false, time, how });
            self.tell(strategy);
        }
    }

    /// Lets what trails see the prices of a way up to one of them.
    fn hang(&mut self, market: usize, way: usize, points: [f64; 4], cursor: Cursor, to: usize, price: f64) {
        let passed = points.get(cursor.to..to).unwrap_or(&[]);
        let all = passed.iter().copied().chain([cursor.price, price]);
        let (high, low) = all.fold((price, price), |(h, l), x| (h.max(x), l.min(x)));
        for i in 0..self.pits[market].resting.len() {
            let slot = &mut self.slots[self.pits[market].resting[i] as usize];
            let best = slot.best[way];
            slot.best[way] = if slot.order.side.sign() < 0.0 { best.max(high) } else { best.min(low) };
        }
    }

    /// Which of the two ways is taken.
    fn choose(&self, market: usize, row: usize, points: [[f64; 4]; 2], cursors: [Cursor; 2]) -> usize {
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
            while child != super::floor::NONE {
                let slot = &self.slots[child as usize];
                let is_beyond = match slot.order.kind {
                    OrderKind::Stop { price } => live.side * met.price <= live.side * price,
                    OrderKind::Limit { price } => live.side * met.price >= live.side * price,
                    _ => false,
                };
                if slot.state == super::report::OrderState::Asleep && !is_beyond {
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

/// Where the two ways are at a price that was met on the way up, or down.
fn legs(price: f64, is_up: bool) -> [Cursor; 2] {
    let (high_first, low_first) = if is_up { (1, 2) } else { (2, 1) };
    [Cursor { to: high_first, price }, Cursor { to: low_first, price }]
}
