//! What an open meets of a book of any shape.

use super::floor::Floor;
use super::order::TimeInForce;
use super::path::{Level, Live};

impl Floor<'_> {
    /// The order that an open meets first, and whether it is a maker.
    pub(super) fn met_at(&mut self, market: usize, row: usize, open: f64, is_whole: bool) -> Option<(u32, bool)> {
        loop {
            let (held, is_flat_start) = (self.pits[market].units, self.pits[market].is_flat_start);
            let mut first: Option<(u8, f64, u8, Live)> = None;
            for &at in &self.pits[market].resting {
                let slot = &self.slots[at as usize];
                let is_first_price = slot.order.tif.is_at_first() && slot.base < row as i64;
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
            return Some((live.at, matches!(live.level, Level::Limit(_))));
        }
    }
}
