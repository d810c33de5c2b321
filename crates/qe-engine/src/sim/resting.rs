//! What rests in the market: entry orders, stops, targets and trailing stops along a bar's path.

use super::record::{Cause, Record, Refusal};
use super::state::{Frame, Walk, Way, What, at_side, touched};
use crate::fills::{Entered, Exit as Hit, Resting, hit_or_other, limit_fill, stop_fill};

impl Walk {
    /// Fills an entry order that rests, if the bar meets it.
    pub(super) fn fill_waiting(&mut self, f: Frame<'_>, row: usize, days: &mut [f64], record: &mut impl Record) {
        let Some(waiting) = self.waiting else { return };
        if row <= waiting.entry.signal_row {
            return;
        }
        let side = waiting.entry.side;
        let bar = touched(f, row);
        let met = if self.position.is_some() || f.market.is_blocked(row) || !bar.open.is_finite() {
            None
        } else if waiting.is_stop {
            stop_fill(bar, side, waiting.level)
        } else {
            limit_fill(bar, side, waiting.level)
        };
        if let Some(raw) = met {
            self.waiting = None;
            let is_gap = raw == bar.open;
            let way =
                Way { row, raw, phase: u8::from(!is_gap), is_maker: !waiting.is_stop && !is_gap, is_ambiguous: false };
            if !self.enter(f, way, waiting.entry, days, record) {
                self.decided = 0.0;
            } else if !is_gap {
                let entered = if waiting.is_stop { Entered::ByStop(raw) } else { Entered::ByLimit(raw) };
                self.fill_resting_as(f, row, entered, days, record);
            }
        } else if row >= waiting.until {
            self.waiting = None;
            self.unbegin(side);
            self.mark_to(f, row, days);
            if self.account.ruin.is_none() {
                self.refuse(row, side, Refusal::Expired, record);
                self.decided = 0.0;
            }
        }
    }

    /// Fills what rests to close the position, if the bar meets it.
    #[inline]
    pub(super) fn fill_resting(&mut self, f: Frame<'_>, row: usize, days: &mut [f64], record: &mut impl Record) {
        if let Some(position) = &self.position
            && self.has_resting[at_side(position.side)]
        {
            let entered = match (position.row < row, position.phase) {
                (true, _) => Entered::Before,
                (false, 0) => Entered::AtOpen,
                // Within its bar it was looked at when it was entered.
                _ => return,
            };
            self.fill_resting_as(f, row, entered, days, record);
        }
    }

    #[inline]
    pub(super) fn fill_resting_as(
        &mut self,
        f: Frame<'_>,
        row: usize,
        entered: Entered,
        days: &mut [f64],
        record: &mut impl Record,
    ) {
        let Some(position) = &self.position else { return };
        let (side, levels, bar) = (position.side, self.levels, touched(f, row));
        let is_far = if side > 0.0 {
            !(bar.low <= levels.stop || bar.high >= levels.target)
        } else {
            !(bar.high >= levels.stop || bar.low <= levels.target)
        };
        if (is_far && levels.trail.is_nan()) || f.market.is_blocked(row) {
            return;
        }
        let best = if side > 0.0 { position.high } else { position.low };
        let orders = Resting { side, stop: levels.stop, target: levels.target, trail: levels.trail, best, entered };
        let hit = hit_or_other(bar, orders, f.plan.execution.path, f.flip == Some(row));
        if matches!(hit, Err(true) | Ok(crate::fills::Hit { is_ambiguous: true, .. })) {
            self.mark_to(f, row, days);
            if let Some(position) = &mut self.position {
                record.undecided(row);
                position.is_undecided = true;
            }
        }
        match hit {
            Err(_) => {}
            Ok(hit) => {
                let (which, is_maker) = match hit.what {
                    Hit::Stop => (0, false),
                    Hit::Target => (1, true),
                    Hit::Trail => (2, false),
                };
                let phase = u8::from(!hit.is_at_open);
                let way = Way { row, raw: hit.price, phase, is_maker, is_ambiguous: hit.is_ambiguous };
                self.exit(f, way, Cause::Exit(levels.reasons[which]), row, days, record);
                // An exit that was on its way has nothing left to close.
                if let Some(at) = self.orders.iter().position(|o| matches!(o.what, What::Exit(..))) {
                    self.orders.remove(at);
                } else if self.orders.is_empty() && self.waiting.is_none() {
                    self.decided = 0.0;
                }
            }
        }
    }
}
