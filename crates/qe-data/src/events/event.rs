//! One event, and reading it from a row of a table.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use qe_core::time::{Date, NANOS_PER_HOUR, NANOS_PER_MINUTE, Timestamp};
use qe_core::zone::Zone;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::csv::Row;
use crate::error::Result;

/// What is released.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// The US Consumer Price Index, `cpi`.
    Cpi,
    /// A statement of the Federal Open Market Committee, `fomc`.
    Fomc,
    /// Anything else, by its name in lower case.
    Other(String),
}

impl FromStr for EventKind {
    type Err = Infallible;
    fn from_str(text: &str) -> std::result::Result<Self, Infallible> {
        Ok(match text.trim().to_lowercase().as_str() {
            "cpi" => Self::Cpi,
            "fomc" => Self::Fomc,
            other => Self::Other(other.to_owned()),
        })
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Cpi => "cpi",
            Self::Fomc => "fomc",
            Self::Other(name) => name,
        })
    }
}

impl Serialize for EventKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EventKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        match String::deserialize(deserializer)?.parse() {
            Ok(kind) => Ok(kind),
            Err(never) => match never {},
        }
    }
}

/// What became of a row. It is hindsight: nothing before the release depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It was planned, and came.
    Scheduled,
    /// It came without having been planned.
    Unscheduled,
    /// It came at another time than was first planned; the first plan is a row of its own.
    Moved,
    /// It was planned, and nothing came.
    Cancelled,
    /// It was planned; the source does not say whether it came.
    Unconfirmed,
}

/// One release, as it was planned or as it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// What is released.
    pub kind: EventKind,
    /// The instant of the release.
    pub at: Timestamp,
    /// What became of it.
    pub status: Status,
    /// From when on the market could know that it was coming; its own instant if it came by surprise.
    pub known_at: Timestamp,
    /// From when on the market knew that nothing would come at that instant.
    #[serde(default)]
    pub withdrawn_at: Option<Timestamp>,
    /// Where the row comes from.
    #[serde(default)]
    pub source: String,
    /// What else there is to say.
    #[serde(default)]
    pub note: String,
}

impl Event {
    /// Whether it was known at `now`, and not withdrawn.
    pub fn is_known(&self, now: i64) -> bool {
        self.known_at.nanos() <= now && self.withdrawn_at.is_none_or(|t| now < t.nanos())
    }

    /// Whether it had happened at `now`.
    pub fn has_happened(&self, now: i64) -> bool {
        let came = matches!(self.status, Status::Scheduled | Status::Unscheduled | Status::Moved);
        came && self.at.nanos() <= now && self.withdrawn_at.is_none_or(|t| t > self.at)
    }
}

/// Reads one row.
pub(super) fn read(row: Row<'_>) -> Result<Event> {
    let zone = row.parse("zone", Zone::parse)?;
    let date = row.parse("date", Date::parse)?;
    let Some(wall) = wall_clock(date, row.needed("time")?) else {
        return Err(row.error("time", "it is no time of day", "write it like 08:30"));
    };
    let at = instant(zone, wall).ok_or_else(|| {
        let reason = format!("the clocks of {} show that time twice or not at all on {date}", zone.name());
        row.error("time", reason, "choose a time that exists once")
    })?;
    let when = |column: &str| -> Result<Timestamp> {
        let text = row.needed(column)?;
        // `YYYY-MM-DD HH:MM` is the clock of the zone; all else must name its offset.
        let local = text.split_once(' ').filter(|(_, time)| time.len() <= 5);
        match local {
            Some((day, time)) => {
                let wall = Date::parse(day).ok().and_then(|d| wall_clock(d, time));
                let at = wall.and_then(|w| instant(zone, w));
                at.ok_or_else(|| row.error(column, "it is no instant of that zone", "write it like 2024-12-01 00:00"))
            }
            None => row.parse(column, Timestamp::parse),
        }
    };
    let status = match row.needed("status")?.to_lowercase().as_str() {
        "scheduled" => Status::Scheduled,
        "unscheduled" => Status::Unscheduled,
        "moved" => Status::Moved,
        "cancelled" => Status::Cancelled,
        "unconfirmed" => Status::Unconfirmed,
        _ => {
            let mend = "write scheduled, unscheduled, moved, cancelled or unconfirmed";
            return Err(row.error("status", "there is no such status", mend));
        }
    };
    let withdrawn_at = match row.text("withdrawn_at") {
        "" => None,
        _ => Some(when("withdrawn_at")?),
    };
    let kind = match row.needed("kind")?.parse() {
        Ok(kind) => kind,
        Err(never) => match never {},
    };
    let (source, note) = (row.text("source").to_owned(), row.text("note").to_owned());
    Ok(Event { kind, at, status, known_at: when("known_at")?, withdrawn_at, source, note })
}

/// The wall nanoseconds of a day and a time `HH:MM`.
fn wall_clock(date: Date, time: &str) -> Option<i64> {
    let (hour, minute) = time.split_once(':')?;
    let part = |text: &str, end: i64| {
        let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<i64>().ok().filter(|n| digits && *n < end)
    };
    let of_day = part(hour, 24)? * NANOS_PER_HOUR + part(minute, 60)? * NANOS_PER_MINUTE;
    date.checked_midnight_utc()?.checked_add(of_day)
}

/// The one instant at which the clocks of a zone show that time.
fn instant(zone: Zone, wall: i64) -> Option<Timestamp> {
    zone.to_utc(wall).one().map(Timestamp)
}
