//! Orders that rest, and that a bar meets when nothing of its volume is left: each is told so, once a bar.

use super::floor::Floor;
use super::path::Level;
use super::strategy::What;
use crate::fills::{Touched, limit_fill, stop_fill};
use crate::ledger::Refusal;

impl Floor<'_> {
    /// Tells what rests, and lies within a row that is complete, that the row's volume does not reach, if so.
    pub(super) fn tell_dry(&mut self, market: usize, row: usize) {
        if self.spec.volume_frac.is_none() || self.pits[market].room(row, self.spec.volume_frac) > 0.0 {
            return;
        }
        for at in self.pits[market].resting.clone() {
            // What was filled in part in this row was told.
            if self.slots[at as usize].dry != row as u32 && self.is_within(at, market, row) {
                self.mark(at, What::Waiting, Refusal::CappedByVolume);
            }
        }
    }

    /// Whether a row surely has the price that an order waits for: of the row in which it was placed, only what lies between
    /// that price and the close is known to have come after.
    fn is_within(&self, at: u32, market: usize, row: usize) -> bool {
        let (slot, pit) = (&self.slots[at as usize], &self.pits[market]);
        let own = pit.touched(row);
        let bar = if slot.base == row as i64 {
            let (since, close) = (slot.since, own.close);
            Touched { open: since, high: since.max(close), low: since.min(close), close }
        } else {
            own
        };
        let live = self.live(at, 0);
        let is_whole = [own.open, own.high, own.low, own.close].iter().all(|x| x.is_finite());
        if !bar.open.is_finite() || (live.is_closing && !is_whole) {
            return false;
        }
        if !self.is_on_way(at, market, row) || !live.may_trade(pit.units, pit.is_flat_start) {
            return false;
        }
        match live.level {
            Level::Limit(level) => limit_fill(bar, live.side, level).is_some(),
            Level::Stop(level) => stop_fill(bar, live.side, level).is_some(),
            Level::Trail(by) => stop_fill(bar, live.side, live.trail(by, live.best)).is_some(),
            Level::StopLimit(stop, limit) => {
                stop_fill(bar, live.side, stop).is_some() && limit_fill(bar, live.side, limit).is_some()
            }
        }
    }
}
