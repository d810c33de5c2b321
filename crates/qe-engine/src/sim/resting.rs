//! What rests in the market: entry orders, stops, targets and trailing stops along a bar's path.

use super::record::{Cause, Record, Refusal};
use super::state::{Frame, Walk, Way, touched};
use crate::fills::{Entered, Exit as Hit, Resting, Within, follow, limit_fill, may_be_met, stop_fill};
use crate::mind::{Levels, at_side};

impl Walk {
    /// Fills an entry order that rests, if the bar meets it.
    pub(super) fn fill_waiting(&mut self, f: Frame<'_>, row: usize, days: &mut [f64], record: &mut impl Record) {
        let Some(waiting) = self.mind.waiting else { return };
        if row <= waiting.entry.signal_row {
            return;
        }
        let side = waiting.entry.side;
        let bars = Within::new(f.market, row, touched(f, row), f.plan.execution.path);
        let met = (0..bars.len()).find_map(|at| {
            let bar = bars.bar(at);
            let fill = if waiting.is_stop { stop_fill } else { limit_fill };
            fill(bar, side, waiting.level).filter(|_| bar.open.is_finite()).map(|raw| (at, raw, raw == bar.open))
        });
        let (is_flat, is_blocked) = (self.mind.position.is_none(), f.market.is_blocked(row));
        let may_fill = is_flat && !is_blocked;
        if is_flat && is_blocked && met.is_some() {
            self.mark_to(f, row, days);
            if self.account.ruin.is_none() {
                self.refuse(row, side, Refusal::Blocked, record);
            }
        }
        if let Some((at, raw, is_gap)) = met.filter(|_| may_fill) {
            self.mind.waiting = None;
            let is_at_open = is_gap && at == 0;
            let is_maker = !waiting.is_stop;
            let way = Way { row, raw, phase: u8::from(!is_at_open), is_maker, is_ambiguous: false };
            if !self.enter(f, way, waiting.entry, days, record) {
                self.mind.decided = 0.0;
            } else if !is_at_open {
                tell(&bars, at, record);
                let entered = match (is_gap, waiting.is_stop) {
                    (true, _) => Entered::AtOpen,
                    (false, true) => Entered::ByStop(raw),
                    (false, false) => Entered::ByLimit(raw),
                };
                self.fill_resting_from(f, (row, at), entered, days, record);
                // Bars after that of the entry are known to have come after it.
                if let (Some(position), Within::Fine(_)) = (&mut self.mind.position, &bars) {
                    for bar in (at + 1..bars.len()).map(|at| bars.bar(at)) {
                        (position.high, position.low) = (position.high.max(bar.high), position.low.min(bar.low));
                    }
                }
            }
        } else if row >= waiting.until {
            self.mind.waiting = None;
            self.mind.unbegin(side);
            self.mark_to(f, row, days);
            if self.account.ruin.is_none() {
                self.refuse(row, side, Refusal::Expired, record);
                self.mind.decided = 0.0;
            }
        }
    }

    /// Fills what rests to close the position, if the bar meets it.
    #[inline]
    pub(super) fn fill_resting(&mut self, f: Frame<'_>, row: usize, days: &mut [f64], record: &mut impl Record) {
        if let Some(position) = &self.mind.position
            && self.mind.has_resting[at_side(position.side)]
        {
            let entered = match (position.row < row, position.phase) {
                (true, _) => Entered::Before,
                (false, 0) => Entered::AtOpen,
                // Within its bar it was looked at when it was entered.
                _ => return,
            };
            self.fill_resting_from(f, (row, 0), entered, days, record);
        }
    }

    /// Follows what rests along a row, from one of the bars within it on, in which the position was entered so.
    #[inline]
    fn fill_resting_from(
        &mut self,
        f: Frame<'_>,
        (row, from): (usize, usize),
        entered: Entered,
        days: &mut [f64],
        record: &mut impl Record,
    ) {
        let Some(position) = &self.mind.position else { return };
        let (side, levels) = (position.side, self.mind.levels);
        let best = if side > 0.0 { position.high } else { position.low };
        let orders = Resting { side, stop: levels.stop, target: levels.target, trail: levels.trail, best, entered };
        let own = touched(f, row);
        if !may_be_met(&orders, own) {
            return;
        }
        let policy = f.plan.execution.path;
        let bars = Within::new(f.market, row, own, policy);
        if f.market.is_blocked(row) {
            if follow(&bars, from, orders, policy, false).hit.is_some() {
                self.mark_to(f, row, days);
                if self.account.ruin.is_none() {
                    self.refuse(row, side, Refusal::Blocked, record);
                }
            }
            return;
        }
        let followed = follow(&bars, from, orders, policy, f.flip == Some(row));
        if followed.is_undecided {
            self.mark_to(f, row, days);
            if let Some(position) = self.mind.position.as_mut() {
                record.undecided(row);
                position.is_undecided = true;
            }
        }
        if let Some((hit, at)) = followed.hit {
            let (which, is_maker) = match hit.what {
                Hit::Stop => (0, false),
                Hit::Target => (1, true),
                Hit::Trail => (2, false),
            };
            let is_at_open = hit.is_at_open && at == 0;
            let phase = u8::from(!is_at_open);
            let way = Way { row, raw: hit.price, phase, is_maker, is_ambiguous: hit.is_ambiguous };
            self.exit(f, way, Cause::Exit(levels.reasons[which]), row, days, record);
            if !is_at_open && self.account.ruin.is_none() {
                tell(&bars, at, record);
            }
            self.mind.left_by_level();
        }
    }
}

impl Levels {
    /// The level that is met from above, and that which is met from below.
    #[inline]
    pub(super) fn below_and_above(&self, side: f64) -> [f64; 2] {
        if side > 0.0 { [self.stop, self.target] } else { [self.target, self.stop] }
    }
}

/// Tells when something was filled.
fn tell(bars: &Within<'_>, at: usize, record: &mut impl Record) {
    if let Some(time) = bars.time(at) {
        record.at(time);
    }
}
