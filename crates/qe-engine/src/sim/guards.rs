//! Rows in which nothing may be entered, or may be filled of what was decided before; the last rows of sessions, and rows
//! before which one ended without such a row: as bitmaps over the whole market.

use qe_core::calendar::SessionCursor;
use qe_data::events::{EventKind, Events};

use crate::error::{Error, Result};
use crate::market::Market;
use crate::program::Execution;

/// What the rules of sessions and events say, 64 rows a word; empty where there is no such rule.
#[derive(Debug, Default)]
pub(crate) struct Guards {
    pub(crate) no_entry: Vec<u64>,
    /// Rows after which nothing may be entered, for the session in which what follows lies is before an event.
    pub(crate) blackout: Vec<u64>,
    /// Rows that open in a session before an event: what is still on its way, or rests, enters nothing in them.
    pub(crate) opens_in_blackout: Vec<u64>,
    pub(crate) session_last: Vec<u64>,
    /// Rows whose open is the first price after the end of a session that no row ended.
    pub(crate) session_missed: Vec<u64>,
}

/// The first session's close that comes after a bar: of the session in which it opened, if the bar is not complete with
/// that or later. A bar that opens at that close or after it missed it.
#[inline]
pub(crate) fn next_close(cursor: &mut SessionCursor, open: i64, available: i64) -> i64 {
    let Some(session) = cursor.trading_session(open) else { return i64::MAX };
    // A bar outside of all sessions ends none.
    let is_its_last = session.open <= open && session.close <= available;
    let next = if is_its_last { cursor.trading_session(available) } else { Some(session) };
    next.map_or(i64::MAX, |session| session.close)
}

/// Whether a blackout begins with the end of a session: an event is due within so many sessions of the one that comes
/// after an instant, by what is known then. Within a session this is no other than the one before the instant.
pub(crate) fn begins_blackout(cursor: &mut SessionCursor, kinds: &[EventKind], now: i64, n_sessions: u32) -> bool {
    let is_boundary = cursor.session_number(now.saturating_sub(1)) != cursor.session_number(now);
    is_boundary && opens_in_blackout(cursor, kinds, now, n_sessions)
}

/// Whether what opens at an instant lies in a blackout: an event is due within so many sessions of that in which it opens, or
/// that comes next, by what is known then. Of the bars before it asks nothing: they may be missing.
pub(crate) fn opens_in_blackout(cursor: &mut SessionCursor, kinds: &[EventKind], now: i64, n_sessions: u32) -> bool {
    let next = cursor.session_number(now);
    let event = Events::us().next_due(kinds, now).map(|event| event.at.nanos());
    let due = event.and_then(|at| cursor.calendar().cursor().session_number(at));
    // What is not known to be far away is not known to be calm.
    let is_far = due.zip(next).is_some_and(|(due, next)| due > next + n_sessions as usize);
    !is_far
}

impl Guards {
    /// Whether there is no such row at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.no_entry.is_empty()
            && self.blackout.is_empty()
            && self.opens_in_blackout.is_empty()
            && self.session_last.is_empty()
            && self.session_missed.is_empty()
    }

    /// The rows that a strategy's rules mark in a market.
    ///
    /// # Errors
    /// When entries are to be held back before events, and the calendar of events knows of none to come in any row.
    pub(crate) fn new(market: &Market, execution: &Execution, kinds: &[EventKind]) -> Result<Self> {
        let mut guards = Self::default();
        let n_words = market.len().div_ceil(64);
        let axis = market.columns().axis();
        let mark = |words: &mut Vec<u64>, row: usize| {
            words.resize(n_words, 0);
            words[row / 64] |= 1 << (row % 64);
        };
        if execution.flat_at_session_end || execution.no_entry_last_bars > 0 {
            let mut cursor = market.calendar().cursor();
            // By the timeframe, not by the bars that there are: how short the shortest will be is known at the end alone.
            let length = market.timeframe().nanos().unwrap_or(i64::MAX);
            let last = i64::from(execution.no_entry_last_bars) - 1;
            let mut close = i64::MAX;
            for row in 0..market.len() {
                let (open, available) = (axis.open()[row], axis.available()[row]);
                if execution.flat_at_session_end {
                    if close <= open {
                        mark(&mut guards.session_missed, row);
                    }
                    close = next_close(&mut cursor, open, available);
                }
                // A bar outside of all sessions ends none.
                let Some(session) = cursor.session_at(open) else { continue };
                let left = session.close - available;
                if execution.flat_at_session_end && left <= 0 {
                    mark(&mut guards.session_last, row);
                }
                if last >= 0 && left <= last.saturating_mul(length) {
                    mark(&mut guards.no_entry, row);
                }
            }
        }
        if !kinds.is_empty() {
            let until = Events::us().sessions_until_next_column(kinds, axis, market.calendar()).to_f64();
            if until.iter().all(|n| n.is_nan()) {
                let names: Vec<String> = kinds.iter().map(|k| format!("{k:?}").to_lowercase()).collect();
                return Err(Error::Market {
                    place: format!("the blackout of {}", market.symbol()),
                    reason: format!("no {} is known to come in any of its bars", names.join(" or ")),
                    mend: "give bars within the calendar of events, or take the blackout out".into(),
                });
            }
            // What is not known to be far away is not known to be calm.
            let far = f64::from(execution.blackout_sessions);
            let (mut cursor, n) = (market.calendar().cursor(), execution.blackout_sessions);
            // What the row before told, and when.
            let (mut is_told, mut told_at) = (false, None);
            for (row, until) in until.iter().enumerate() {
                let (open, available) = (axis.open()[row], axis.available()[row]);
                // Of one instant there is one answer: only where time went by it is asked anew.
                let is_inside =
                    if told_at == Some(open) { is_told } else { opens_in_blackout(&mut cursor, kinds, open, n) };
                if is_inside {
                    mark(&mut guards.opens_in_blackout, row);
                }
                let is_near = until.is_nan() || *until <= far;
                if is_near {
                    mark(&mut guards.no_entry, row);
                }
                (is_told, told_at) = (is_near || begins_blackout(&mut cursor, kinds, available, n), Some(available));
                if is_told {
                    mark(&mut guards.blackout, row);
                }
            }
        }
        Ok(guards)
    }
}
