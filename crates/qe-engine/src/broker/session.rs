//! The ends of sessions, where the broker is flat at them: at the close of a session's last bar, or late.
//!
//! Data may lack that bar, or it may not fill. That the session is over is known by the clock then, when the next bar opens:
//! what is still held is closed at that open, before anything else is filled there.

use super::floor::{Floor, Way};
use crate::deal;
use crate::fills::{At, Entered};
use crate::ledger::{Cause, Refusal};
use crate::sim::section::is_set;

impl Floor<'_> {
    /// Closes what is held at the close of a session's last bar, and takes back what is on its way.
    pub(super) fn end_session(&mut self, market: usize) {
        let pit = &self.pits[market];
        if pit.session_last.is_empty() || !is_set(&pit.session_last, pit.next) {
            return;
        }
        if pit.units != 0.0 {
            self.close_at(market, At::Close, Cause::SessionEnd);
        }
        self.over(market);
    }

    /// Looks whether a session ended before the row that opens, and no row was its last.
    pub(super) fn miss_session(&mut self, market: usize) {
        let pit = &self.pits[market];
        if !pit.session_missed.is_empty() && is_set(&pit.session_missed, pit.next) {
            self.over(market);
        }
    }

    /// A session is over: what is still held is late, and without that nothing is on its way any more.
    fn over(&mut self, market: usize) {
        let pit = &mut self.pits[market];
        pit.is_late = pit.units != 0.0;
        if !pit.is_late {
            self.end_all(Some(market), Refusal::SessionEnd);
        }
    }

    /// Closes what is held of a session that is over, at the open of a row; where it has none, at its close.
    pub(super) fn close_late(&mut self, market: usize, at: At) {
        let pit = &self.pits[market];
        if !pit.is_late {
            return;
        }
        // One record a row: where it has an open, or may not fill at all, its close is not tried.
        let is_by_open = pit.market.is_blocked(pit.next) || !pit.prices[0][pit.next].is_nan();
        if is_by_open == (at == At::Open) {
            self.close_at(market, at, Cause::SessionMissed);
            self.over(market);
        }
    }

    /// Closes what is held at the open or the close of the row that a market is in, as far as may be; what may not is told.
    fn close_at(&mut self, market: usize, at: At, cause: Cause) {
        let pit = &self.pits[market];
        let (row, units) = (pit.next, pit.units);
        let (raw, phase) = if at == At::Open { (pit.prices[0][row], 0) } else { (pit.prices[3][row], 2) };
        let side = units.signum();
        let is_blocked = pit.market.is_blocked(row);
        if is_blocked || raw.is_nan() {
            let why = if is_blocked { Refusal::Blocked } else { Refusal::NoPrice };
            return self.note(None, market, side, why);
        }
        let closed = units.abs().min(pit.room(row, self.spec.volume_frac));
        let (is_maker, is_ambiguous) = (false, false);
        let way = Way { row, raw, phase, is_maker, is_ambiguous, time: None, how: Entered::Before };
        if closed > 0.0 {
            let deal = deal::close(self.place(market, way), side, closed);
            let after = if closed == units.abs() { 0.0 } else { units - side * closed };
            self.commit(None, market, -side, deal, way, cause, after, None);
        }
        if closed < units.abs() {
            self.note(None, market, side, Refusal::CappedByVolume);
        }
    }
}
