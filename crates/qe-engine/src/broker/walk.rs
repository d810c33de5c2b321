//! What rests in a market, as its bars come: at an open, and along the path of a bar that is complete.
//!
//! A book of the shape that strategies that are data have (one order that opens, or at most a stop, a target and a trailing
//! stop that close all of a position) is followed by their code, [`crate::fills`]. Any other is followed by [`super::path`].

use super::floor::{Floor, Way};
use super::order::{Distance, OrderKind, TimeInForce};
use super::report::OrderState;
use super::strategy::{BarStrategy, What};
use crate::fills::{Entered, Exit, Resting, Touched, Within, follow, hit_or_other, limit_fill, may_be_met, stop_fill};
use crate::ledger::Refusal;

/// What rests in a market.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// Nothing that can be met.
    Nothing,
    /// One order that opens a position.
    Entry { at: u32, side: f64, level: f64, is_stop: bool },
    /// Orders that close all of the position: stop, target, trailing stop.
    Exits { orders: Resting, of: [u32; 3] },
    /// Anything else.
    Other,
}

impl Floor<'_> {
    /// Whether an order that rests may be met in a row.
    #[inline]
    pub(super) fn is_there(&self, at: u32, market: usize, row: usize) -> bool {
        let slot = &self.slots[at as usize];
        let is_placed = slot.base < row as i64 || (slot.base == row as i64 && !slot.since.is_nan());
        if !is_placed || slot.until < row as u32 || slot.state != OrderState::Open {
            return false;
        }
        let pit = &self.pits[market];
        let side = slot.order.side.sign();
        if slot.order.reduce_only && pit.units * side >= 0.0 {
            return false;
        }
        !(slot.order.from_flat && (pit.units != 0.0 || !pit.is_flat_start))
    }

    /// What rests in a market in a row.
    #[inline]
    pub(super) fn shape(&self, market: usize, row: usize) -> Shape {
        let pit = &self.pits[market];
        if pit.resting.is_empty() {
            return Shape::Nothing;
        }
        let held = pit.units;
        let entered = if pit.entered.0 == row && held != 0.0 { pit.entered.1 } else { Entered::Before };
        let from = match entered {
            Entered::Before => f64::NAN,
            Entered::AtOpen => pit.price,
            Entered::ByLimit(price) | Entered::ByStop(price) => price,
        };
        let side = if held < 0.0 { -1.0 } else { 1.0 };
        let (stop, target, trail, best) = (f64::NAN, f64::NAN, f64::NAN, f64::NAN);
        let mut orders = Resting { side, stop, target, trail, best, entered };
        let (mut of, mut entry, mut n_exits) = ([u32::MAX; 3], None, 0);
        for &at in &pit.resting {
            if !self.is_there(at, market, row) {
                continue;
            }
            let slot = &self.slots[at as usize];
            if slot.order.tif.is_at_first() {
                return Shape::Other;
            }
            if let TimeInForce::Gtd(_) = slot.order.tif {
                return Shape::Other;
            }
            if slot.order.reduce_only {
                let is_all = slot.left.is_nan() || slot.left >= held.abs();
                let is_with = if slot.base == row as i64 { slot.since == from } else { from.is_nan() };
                let place = match slot.order.kind {
                    OrderKind::Stop { price } => (0, price),
                    OrderKind::Limit { price } => (1, price),
                    OrderKind::Trail { by: Distance::Price(by), .. } => (2, by),
                    _ => return Shape::Other,
                };
                if !is_all || !is_with || of[place.0] != u32::MAX {
                    return Shape::Other;
                }
                of[place.0] = at;
                n_exits += 1;
                match place {
                    (0, level) => orders.stop = level,
                    (1, level) => orders.target = level,
                    (_, by) => (orders.trail, orders.best) = (by, slot.best[0]),
                }
            } else {
                let (level, is_stop) = match slot.order.kind {
                    OrderKind::Limit { price } => (price, false),
                    OrderKind::Stop { price } => (price, true),
                    _ => return Shape::Other,
                };
                if entry.is_some() || held != 0.0 || slot.base == row as i64 {
                    return Shape::Other;
                }
                entry = Some(Shape::Entry { at, side: slot.order.side.sign(), level, is_stop });
            }
        }
        match (entry, n_exits) {
            (None, 0) => Shape::Nothing,
            (Some(entry), 0) => entry,
            (None, _) => Shape::Exits { orders, of },
            _ => Shape::Other,
        }
    }

    /// Fills what rests and is met by the open of a row.
    pub(super) fn meet_open<S: BarStrategy>(&mut self, market: usize, strategy: &mut S) {
        let row = self.pits[market].next;
        let open = self.pits[market].prices[0][row];
        if self.pits[market].market.is_blocked(row) || open.is_nan() {
            return;
        }
        let way =
            Way { row, raw: open, phase: 0, is_maker: false, is_ambiguous: false, time: None, how: Entered::AtOpen };
        self.walking = Some(market);
        while !self.pits[market].resting.is_empty()
            && self.pits[market].room(row, self.spec.volume_frac) > 0.0
            && self.out.ruin.is_none()
        {
            let bar = Touched { open, high: open, low: open, close: open };
            let is_whole = self.pits[market].prices.iter().all(|x| x[row].is_finite());
            let met = match self.shape(market, row) {
                Shape::Nothing => None,
                Shape::Entry { at, side, level, is_stop } => {
                    let fill = if is_stop { stop_fill } else { limit_fill };
                    fill(bar, side, level).map(|_| (at, !is_stop))
                }
                // What was entered at this very open is followed along the bar.
                Shape::Exits { orders, of } if orders.entered == Entered::Before && is_whole => {
                    let hit = if may_be_met(&orders, bar) {
                        hit_or_other(bar, orders, self.spec.path, false).ok().filter(|hit| hit.is_at_open)
                    } else {
                        None
                    };
                    hit.map(|hit| (of[place_of(hit.what)], hit.what == Exit::Target))
                }
                Shape::Exits { .. } => None,
                Shape::Other => self.met_at(market, row, open, is_whole),
            };
            let Some((at, is_maker)) = met else { break };
            let before = self.slots[at as usize].filled;
            self.execute(at, Way { is_maker, ..way });
            let slot = &self.slots[at as usize];
            let is_stuck = slot.state.is_alive() && slot.filled == before;
            self.tell(strategy);
            if is_stuck {
                break;
            }
        }
        self.walking = None;
    }

    /// Follows what rests along a row that is complete.
    pub(super) fn follow_row<S: BarStrategy>(&mut self, market: usize, strategy: &mut S) {
        let row = self.pits[market].next;
        let pit = &self.pits[market];
        if pit.resting.is_empty() {
            return;
        }
        let own = pit.touched(row);
        if pit.market.is_blocked(row) {
            return self.tell_blocked(market, row, own, strategy);
        }
        self.walking = Some(market);
        let mut from = 0;
        loop {
            if self.pits[market].room(row, self.spec.volume_frac) == 0.0 {
                break;
            }
            match self.shape(market, row) {
                Shape::Nothing => break,
                Shape::Entry { at, side, level, is_stop } => {
                    let bars = Within::new(self.pits[market].market, row, own, self.spec.path);
                    let fill = if is_stop { stop_fill } else { limit_fill };
                    let met = (from..bars.len()).find_map(|at| {
                        let bar = bars.bar(at);
                        let raw = fill(bar, side, level).filter(|_| bar.open.is_finite());
                        raw.map(|raw| (at, raw, raw == bar.open))
                    });
                    let Some((bar, raw, is_gap)) = met else { break };
                    let how = match (is_gap, is_stop) {
                        (true, _) => Entered::AtOpen,
                        (false, true) => Entered::ByStop(raw),
                        (false, false) => Entered::ByLimit(raw),
                    };
                    let phase = u8::from(!(is_gap && bar == 0));
                    let time = bars.time(bar).filter(|_| phase == 1);
                    let way = Way { row, raw, phase, is_maker: !is_stop, is_ambiguous: false, time, how };
                    from = bar;
                    self.pits[market].set_price(raw);
                    self.execute(at, way);
                    let is_stuck = self.pits[market].units == 0.0 && self.slots[at as usize].state.is_alive();
                    self.tell(strategy);
                    if is_stuck {
                        break;
                    }
                }
                Shape::Exits { orders, of } => {
                    if !may_be_met(&orders, own) {
                        break;
                    }
                    let bars = Within::new(self.pits[market].market, row, own, self.spec.path);
                    let followed = follow(&bars, from, orders, self.spec.path, false);
                    if followed.is_undecided {
                        self.undecided(market, row);
                    }
                    let Some((hit, at)) = followed.hit else { break };
                    let phase = u8::from(!(hit.is_at_open && at == 0));
                    let time = bars.time(at).filter(|_| phase == 1);
                    let way = Way {
                        row,
                        raw: hit.price,
                        phase,
                        is_maker: hit.what == Exit::Target,
                        is_ambiguous: hit.is_ambiguous,
                        time,
                        how: Entered::Before,
                    };
                    self.pits[market].set_price(hit.price);
                    self.execute(of[place_of(hit.what)], way);
                    self.tell(strategy);
                    // What is placed now lies on the rest of a way that this shape does not tell.
                    if !self.pits[market].resting.is_empty() {
                        self.follow_rest(market, row, Some((at, hit)), strategy);
                    }
                    break;
                }
                Shape::Other => {
                    self.follow_path(market, row, from, strategy);
                    break;
                }
            }
        }
        self.tell_dry(market, row);
        self.walking = None;
        self.hang_on(market, row, own);
    }

    /// Tells what a row would have met of what rests, if anything could be filled in it.
    #[cold]
    fn tell_blocked<S: BarStrategy>(&mut self, market: usize, row: usize, own: Touched, strategy: &mut S) {
        let bars = Within::new(self.pits[market].market, row, own, self.spec.path);
        let met: Vec<u32> = match self.shape(market, row) {
            Shape::Nothing => Vec::new(),
            Shape::Entry { at, side, level, is_stop } => {
                let fill = if is_stop { stop_fill } else { limit_fill };
                let mut bars = (0..bars.len()).map(|at| bars.bar(at)).filter(|bar| bar.open.is_finite());
                bars.find_map(|bar| fill(bar, side, level)).map(|_| at).into_iter().collect()
            }
            Shape::Exits { orders, .. } if !may_be_met(&orders, own) => Vec::new(),
            Shape::Exits { orders, of } => {
                let followed = follow(&bars, 0, orders, self.spec.path, false);
                followed.hit.map(|(hit, _)| of[place_of(hit.what)]).into_iter().collect()
            }
            // Each as if it were alone.
            Shape::Other if own.is_whole() => self.met_alone(market, row, own),
            Shape::Other => Vec::new(),
        };
        for at in met {
            self.mark(at, What::Waiting, Refusal::Blocked);
        }
        self.tell(strategy);
    }

    /// What trails hangs on the best price of the row.
    fn hang_on(&mut self, market: usize, row: usize, own: Touched) {
        for i in 0..self.pits[market].resting.len() {
            let at = self.pits[market].resting[i];
            let pit = &self.pits[market];
            let slot = &mut self.slots[at as usize];
            let OrderKind::Trail { best: given, .. } = slot.order.kind else { continue };
            let is_buy = slot.order.side.sign() > 0.0;
            let is_new = slot.base == row as i64;
            if is_new && slot.since.is_nan() {
                continue;
            }
            // Of the row in which it was placed, only the close is known to have come after, unless that was at its open.
            let is_whole = !is_new || slot.since == pit.prices[0][row];
            let before = if is_new { given.unwrap_or(slot.since) } else { slot.best[0] };
            let seen = match (is_whole, is_buy) {
                (true, false) => own.high,
                (true, true) => own.low,
                (false, _) => own.close,
            };
            let best = if is_buy { before.min(seen) } else { before.max(seen) };
            slot.best = [best; 2];
        }
    }

    /// Writes down that a row did not say which way it went.
    pub(super) fn undecided(&mut self, market: usize, row: usize) {
        let n_fills = self.out.ledger.fills.len() as u32;
        let undecided = &mut self.out.ledger.undecided;
        if undecided.last().is_none_or(|u| (u.line, u.row) != (market as u32, row as u32)) {
            undecided.push(crate::ledger::Undecided { line: market as u32, row: row as u32, n_fills });
        }
    }

    /// Orders whose time is over with a row that is complete.
    pub(super) fn expire(&mut self, market: usize, row: usize) {
        let mut i = 0;
        while let Some(&at) = self.pits[market].resting.get(i) {
            let (slot, pit, row) = (&self.slots[at as usize], &self.pits[market], row as u32);
            let is_late = match slot.order.tif {
                TimeInForce::Gtd(until) => pit.known[row as usize] > until,
                TimeInForce::Day => {
                    slot.until < row || (slot.until == row && pit.is_session_over(pit.market.day()[row as usize], row))
                }
                _ => slot.until <= row,
            };
            if is_late {
                self.end(at, OrderState::Expired, Some(Refusal::Expired));
            } else {
                i += 1;
            }
        }
    }
}

/// Which of stop, target and trailing stop.
fn place_of(what: Exit) -> usize {
    match what {
        Exit::Stop => 0,
        Exit::Target => 1,
        Exit::Trail => 2,
    }
}
