//! A book of any shape along the path of a bar.
//!
//! Prices go from point to point; of the orders that lie on the way, the nearest is met first. Both orders of prices are
//! followed as long as they meet the same order at the same price next. Where they differ, the policy chooses, by what the
//! market's position would be worth at the close, before fees. Rules: docs/broker.md, "Within a bar".

use super::floor::Floor;
use super::order::{Distance, GroupId, OrderKind, TimeInForce};
use crate::fills::Touched;

/// What an order waits for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Level {
    Limit(f64),
    Stop(f64),
    /// A stop, and the limit that it becomes.
    StopLimit(f64, f64),
    Trail(Distance),
}

/// An order as it lies on the way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Live {
    pub(super) at: u32,
    pub(super) side: f64,
    pub(super) level: Level,
    pub(super) best: f64,
    pub(super) is_closing: bool,
    pub(super) from_flat: bool,
    /// Units, or NaN.
    pub(super) left: f64,
    pub(super) oco: Option<GroupId>,
}

/// Where a way is: on the way to one of the bar's four prices.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor {
    pub(super) to: usize,
    pub(super) price: f64,
}

/// An order that is met.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Met {
    pub(super) at: u32,
    pub(super) price: f64,
    pub(super) to: usize,
    /// Whether its level is what was met, and not the price of the moment.
    pub(super) is_level: bool,
    pub(super) is_limit: bool,
    /// Whether it only becomes a limit.
    pub(super) is_trigger: bool,
}

impl Live {
    /// The level of a stop that trails.
    pub(super) fn trail(&self, by: Distance, best: f64) -> f64 {
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
    pub(super) fn rank(&self) -> u8 {
        match self.level {
            Level::Limit(_) if self.is_closing => 0,
            Level::Trail(_) => 2,
            _ => 1,
        }
    }

    pub(super) fn may_trade(&self, held: f64, is_flat_start: bool) -> bool {
        !(self.is_closing && held * self.side >= 0.0) && !(self.from_flat && (held != 0.0 || !is_flat_start))
    }
}

/// The next order that is met along a way.
pub(super) fn next(lives: &[Live], held: f64, is_flat_start: bool, points: [f64; 4], cursor: Cursor) -> Option<Met> {
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
    pub(super) fn lives(&self, market: usize, row: usize, way: usize) -> Vec<Live> {
        let resting = self.pits[market].resting.iter();
        resting.filter(|at| self.is_on_way(**at, market, row)).map(|at| self.live(*at, way)).collect()
    }

    /// The orders that a row meets if nothing else rests, whichever of its extremes comes first.
    pub(super) fn met_alone(&self, market: usize, row: usize, own: Touched) -> Vec<u32> {
        let (pit, Touched { open, high, low, close }) = (&self.pits[market], own);
        let ways = [[open, high, low, close], [open, low, high, close]];
        let is_met_on = |at: u32, way: usize| {
            let (mut live, mut cursor) = (self.live(at, way), Cursor { to: 0, price: open });
            loop {
                match (next(&[live], pit.units, pit.is_flat_start, ways[way], cursor), live.level) {
                    // It is a limit from there on.
                    (Some(met), Level::StopLimit(_, limit)) => {
                        live.level = Level::Limit(limit);
                        cursor = Cursor { to: met.to, price: met.price };
                    }
                    (met, _) => return met.is_some(),
                }
            }
        };
        let is_met = |at: &u32| (0..ways.len()).any(|way| is_met_on(*at, way));
        pit.resting.iter().copied().filter(|at| self.is_on_way(*at, market, row)).filter(is_met).collect()
    }

    pub(super) fn live(&self, at: u32, way: usize) -> Live {
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
    pub(super) fn is_on_way(&self, at: u32, market: usize, row: usize) -> bool {
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
}
