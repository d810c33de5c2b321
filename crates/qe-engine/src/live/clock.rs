//! What sessions and events say of a row, as `sim::guards` says it of a whole market: without what comes later.

use qe_core::calendar::SessionCursor;
use qe_data::events::{EventKind, Events};

use super::tape::Tape;
use super::{Bar, Feed};
use crate::program::StrategyPlan;
use crate::sim::guards::{begins_blackout, next_close, opens_in_blackout};

/// Sessions and events, as far as a strategy asks.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    cursor: SessionCursor,
    /// The first session's close after the last row: what opens then missed it. Only where positions are closed at it.
    next_close: i64,
    is_flat: bool,
    /// How long the last bars of a session are together, in which nothing is entered, but for the last.
    last_nanos: Option<i64>,
    blackout: Vec<EventKind>,
    blackout_sessions: u32,
    /// The trading day of the last row, and how many there were before it.
    day: Option<i32>,
    n_days: u32,
    /// Up to and with this day nothing is entered.
    cool_day: Option<u32>,
}

/// What they say of a row.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Told {
    pub(super) is_session_last: bool,
    /// Whether a session ended before it without its last row.
    pub(super) is_session_missed: bool,
    pub(super) is_no_entry: bool,
    /// Whether nothing may be entered after it, for an event is near then.
    pub(super) is_blackout: bool,
    /// Whether nothing that was decided before may be entered in it: it opened when an event was near.
    pub(super) opens_in_blackout: bool,
}

impl Clock {
    /// None where a strategy asks nothing.
    pub(super) fn new(plan: &StrategyPlan, feed: &Feed, cooldown_sessions: u32) -> Option<Self> {
        let x = &plan.execution;
        let asks = x.flat_at_session_end || x.no_entry_last_bars > 0 || !plan.blackout_events.is_empty();
        (asks || cooldown_sessions > 0).then(|| Self {
            cursor: feed.calendar.cursor(),
            next_close: i64::MAX,
            is_flat: x.flat_at_session_end,
            last_nanos: last_nanos(x.no_entry_last_bars, feed),
            blackout: plan.blackout_events.clone(),
            blackout_sessions: x.blackout_sessions,
            day: None,
            n_days: 0,
            cool_day: None,
        })
    }

    /// Nothing is entered in so many sessions after that of an exit.
    pub(super) fn cool(&mut self, n_sessions: u32, at: i64) {
        let until = self.day_of(at).saturating_add(n_sessions);
        self.cool_day = Some(self.cool_day.map_or(until, |d| d.max(until)));
    }

    /// The number of the day of an instant, which is not before that of the last row, unless it is told late.
    fn day_of(&mut self, open: i64) -> u32 {
        let date = self.cursor.day_of(open).days();
        if self.day.is_some_and(|day| day < date) { self.n_days + 1 } else { self.n_days }
    }

    /// Whether what opens at an instant lies in a blackout.
    pub(super) fn opens_in_blackout(&mut self, at: i64) -> bool {
        !self.blackout.is_empty() && opens_in_blackout(&mut self.cursor, &self.blackout, at, self.blackout_sessions)
    }

    /// Writes or reads what changes of it.
    pub(super) fn keep(&mut self, tape: &mut Tape) {
        tape.option(&mut self.day, &0, |tape, day| {
            let mut word = i64::from(*day);
            tape.time(&mut word);
            *day = word as i32;
        });
        tape.time(&mut self.next_close);
        tape.small(&mut self.n_days);
        tape.option(&mut self.cool_day, &0, Tape::small);
    }

    /// A row is complete.
    pub(super) fn see(&mut self, bar: &Bar<'_>) -> Told {
        let date = self.cursor.day_of(bar.open_time).days();
        if self.day.is_some_and(|day| day != date) {
            self.n_days += 1;
        }
        self.day = Some(date);
        let mut told = Told::default();
        if let Some(session) = self.cursor.session_at(bar.open_time) {
            let left = session.close - bar.available;
            told.is_session_last = left <= 0;
            told.is_no_entry = self.last_nanos.is_some_and(|last| left <= last);
        }
        if self.is_flat {
            told.is_session_missed = self.next_close <= bar.open_time;
            self.next_close = next_close(&mut self.cursor, bar.open_time, bar.available);
        }
        told.is_no_entry |= self.cool_day.is_some_and(|day| self.n_days <= day);
        if !self.blackout.is_empty() {
            told.opens_in_blackout = self.opens_in_blackout(bar.open_time);
            let (kinds, now, n) = (&self.blackout, bar.available, self.blackout_sessions);
            // What is not known to be far away is not known to be calm.
            let is_near = Events::us().blackout(kinds, now, n, self.cursor.calendar()) != Some(false);
            told.is_no_entry |= is_near;
            told.is_blackout = is_near || begins_blackout(&mut self.cursor, kinds, now, n);
        }
        told
    }
}

/// What lies between the ends of the first and the last of a session's last so many bars.
fn last_nanos(n_bars: u32, feed: &Feed) -> Option<i64> {
    // By the timeframe, as `sim::guards`.
    let length = feed.timeframe.nanos().unwrap_or(i64::MAX);
    (n_bars > 0).then(|| i64::from(n_bars - 1).saturating_mul(length))
}
