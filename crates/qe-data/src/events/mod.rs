//! Economic events, point in time: what was known of them when.
//!
//! Each [`Event`] carries the instant of its release, when it became known (`known_at`), and when it was withdrawn if
//! it was. At an instant `now` a row is *known* when `known_at <= now`, and *due* when it is known, not withdrawn by
//! `now`, and its release lies after `now`. Nothing else of a row is looked at before: an unscheduled meeting casts
//! no shadow on the days before it, and a meeting that was planned and then replaced stands in the way until it is
//! withdrawn. A release *happened* when its instant has passed, unless it was withdrawn before it, or turned out
//! cancelled or unconfirmed.
//!
//! **Sessions until** an event: 0 on the event's own session before the release, 1 on the session before that one,
//! and so on over holidays and weekends. **Sessions since**: 0 on the event's own session after the release, 1 on the
//! next. An event outside of sessions (before the open, on a Sunday) belongs to the next session. `now` belongs to the
//! session that it ends: a bar that is complete at the close still counts to that session, and what comes after the
//! close, at night or on a weekend, to the next.
//!
//! The shipped table, [`Events::us`], says in its head where each day comes from and which ones are doubtful.

mod column;
mod event;

use std::sync::OnceLock;

use qe_core::calendar::{Calendar, SessionCursor};
use qe_core::time::TimeRange;
use serde::{Deserialize, Serialize};

pub use self::event::{Event, EventKind, Status};
use crate::csv::Table;
use crate::error::{Error, Result};

/// The shipped table.
const US: &str = include_str!("us_fomc_cpi.csv");

/// The columns that a table cannot do without.
const COLUMNS: [&str; 6] = ["date", "time", "zone", "kind", "status", "known_at"];

/// Events in the order of their releases.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Event>", into = "Vec<Event>")]
pub struct Events {
    rows: Vec<Event>,
}

impl Events {
    /// A table from events in any order.
    ///
    /// # Errors
    /// When an event became known after its release, was withdrawn before it was known, or stands twice.
    pub fn new(mut rows: Vec<Event>) -> Result<Self> {
        rows.sort_by(|a, b| (a.at, &a.kind, a.known_at).cmp(&(b.at, &b.kind, b.known_at)));
        for e in &rows {
            let place = || format!("{} at {}", e.kind, e.at);
            if e.known_at > e.at {
                let reason = format!("it became known at {}, after its release", e.known_at);
                return Err(Error::spec(place(), reason, "write the release's own instant at the latest"));
            }
            if let Some(gone) = e.withdrawn_at.filter(|t| *t < e.known_at) {
                let reason = format!("it was withdrawn at {gone}, before it was known at {}", e.known_at);
                return Err(Error::spec(place(), reason, "correct one of the two"));
            }
        }
        if let Some(w) = rows.windows(2).find(|w| w[0].at == w[1].at && w[0].kind == w[1].kind) {
            let place = format!("{} at {}", w[0].kind, w[0].at);
            return Err(Error::spec(place, "it stands twice", "keep one row per event and instant"));
        }
        Ok(Self { rows })
    }

    /// Statements of the Federal Open Market Committee and releases of the Consumer Price Index, 2014 to 2025.
    pub fn us() -> &'static Self {
        static EVENTS: OnceLock<Events> = OnceLock::new();
        // A test reads the shipped table; it cannot fail here.
        EVENTS.get_or_init(|| Self::from_csv(US).unwrap_or_default())
    }

    /// Reads a table with the columns `date,time,zone,kind,status,known_at`, and `withdrawn_at`, `source` and `note`
    /// where there are any. `known_at` and `withdrawn_at` are `YYYY-MM-DD HH:MM` on the clock of `zone`, or RFC 3339.
    ///
    /// # Errors
    /// When a row cannot be read, naming row and column, and as [`Events::new`].
    pub fn from_csv(text: &str) -> Result<Self> {
        let table = Table::parse("events", text, &COLUMNS)?;
        Self::new(table.rows().map(event::read).collect::<Result<_>>()?)
    }

    /// All events, by release.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Event> {
        self.rows.iter()
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The events of some kinds only; of all kinds if none is named.
    #[must_use]
    pub fn of(&self, kinds: &[EventKind]) -> Self {
        Self { rows: self.rows.iter().filter(|e| is_of(e, kinds)).cloned().collect() }
    }

    /// The events released within a stretch, with those that were cancelled.
    pub fn between(&self, range: TimeRange) -> &[Event] {
        let start = self.rows.partition_point(|e| e.at.nanos() < range.start);
        let end = self.rows.partition_point(|e| e.at.nanos() < range.end);
        &self.rows[start..end.max(start)]
    }

    /// What was known at `now` and not withdrawn by then, past and to come.
    pub fn known(&self, now: i64) -> impl Iterator<Item = &Event> {
        self.rows.iter().filter(move |e| e.is_known(now))
    }

    /// The next release that was due at `now`.
    pub fn next_due(&self, kinds: &[EventKind], now: i64) -> Option<&Event> {
        let first = self.rows.partition_point(|e| e.at.nanos() <= now);
        self.rows[first..].iter().find(|e| is_of(e, kinds) && e.is_known(now))
    }

    /// The last release that had happened at `now`.
    pub fn last_happened(&self, kinds: &[EventKind], now: i64) -> Option<&Event> {
        let end = self.rows.partition_point(|e| e.at.nanos() <= now);
        self.rows[..end].iter().rev().find(|e| is_of(e, kinds) && e.has_happened(now))
    }

    /// How many sessions until the next release of some kinds (all kinds if none is named), by what was known at
    /// `now`. `None` where nothing is known to come, or outside of the calendar.
    pub fn sessions_until_next(&self, kinds: &[EventKind], now: i64, calendar: &Calendar) -> Option<u32> {
        let at = self.next_due(kinds, now)?.at.nanos();
        u32::try_from(distance(&mut calendar.cursor(), now.saturating_sub(1), at)?).ok()
    }

    /// How many sessions since the last release of some kinds, by what was known at `now`. `None` where none is
    /// known, or outside of the calendar.
    pub fn sessions_since_last(&self, kinds: &[EventKind], now: i64, calendar: &Calendar) -> Option<u32> {
        let at = self.last_happened(kinds, now)?.at.nanos();
        // A release at the very close belongs to the next session, and `now` at that close to the one before: 0.
        u32::try_from(distance(&mut calendar.cursor(), at, now.saturating_sub(1))?.max(0)).ok()
    }

    /// Whether a release is due within so many sessions; 0 means on this very session. `None` where no release is
    /// known to come, so that a table that ends, or says nothing, never looks like a calm time.
    pub fn blackout(&self, kinds: &[EventKind], now: i64, n_sessions: u32, calendar: &Calendar) -> Option<bool> {
        self.sessions_until_next(kinds, now, calendar).map(|n| n <= n_sessions)
    }
}

impl TryFrom<Vec<Event>> for Events {
    type Error = Error;
    fn try_from(rows: Vec<Event>) -> Result<Self> {
        Self::new(rows)
    }
}

impl From<Events> for Vec<Event> {
    fn from(events: Events) -> Self {
        events.rows
    }
}

fn is_of(event: &Event, kinds: &[EventKind]) -> bool {
    kinds.is_empty() || kinds.contains(&event.kind)
}

/// How many sessions from the one of `from` to the one of `to`; `None` outside of the calendar.
fn distance(cursor: &mut SessionCursor, from: i64, to: i64) -> Option<i64> {
    let (from, to) = (cursor.session_number(from)?, cursor.session_number(to)?);
    Some(i64::try_from(to).ok()? - i64::try_from(from).ok()?)
}

#[cfg(test)]
mod tests;
