//! Along the two ways of a bar: both as long as they agree, then the one that the policy chooses.

use super::floor::{Floor, Way};
use super::path::{Cursor, Level, Met, next};
use super::strategy::BarStrategy;
use crate::fills::{Entered, Hit, Touched, Within, limit_fill, stop_fill};
use crate::ledger::Refusal;

/// More fills than this within one bar are those of a strategy that never ends; that the rest is left is a record.
const MOST_IN_BAR: usize = 100_000;

impl Floor<'_> {
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
                    self.pits[market].set_price(b.open);
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
                let is_maker = met.is_limit;
                let how = if met.is_limit { Entered::ByLimit(met.price) } else { Entered::ByStop(met.price) };
                self.pits[market].set_price(met.price);
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
        if n_met >= MOST_IN_BAR {
            self.note(None, market, 0.0, Refusal::TooMany);
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
            let is_maker = is_limit;
            self.pits[market].set_price(raw);
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
}

/// Where the two ways are at a price that was met on the way up, or down.
fn legs(price: f64, is_up: bool) -> [Cursor; 2] {
    let (high_first, low_first) = if is_up { (1, 2) } else { (2, 1) };
    [Cursor { to: high_first, price }, Cursor { to: low_first, price }]
}
