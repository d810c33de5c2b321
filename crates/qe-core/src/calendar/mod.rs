//! When an exchange trades: its sessions, to the nanosecond, and the counts that annualisation needs.
//!
//! Day counts and periods per year come from here and are never literals elsewhere. Two calendars are built in:
//! `us_equities` (New York's holidays and short days from 1990, projected by today's rules to the year 2100) and
//! `crypto` (every UTC day); any other is a [`CalendarSpec`]. All sessions of a calendar stand in one sorted table
//! with the number of sessions before each day, so that every question about a day is one look-up. Outside of
//! [`Calendar::valid_from`] to [`Calendar::valid_to`] there are no sessions; [`Calendar::ensure_covers`] says so in words.

mod bars;
mod cursor;
mod nyse;
mod spec;

use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use self::cursor::SessionCursor;
pub use self::spec::CalendarSpec;
use crate::error::{Error, Result};
use crate::time::{Date, NANOS_PER_DAY, NANOS_PER_MINUTE, TimeRange, Timestamp, as_timestamp};
use crate::zone::Zone;

/// The built-in calendars, by their names.
pub const BUILT_IN: [&str; 2] = ["crypto", "us_equities"];

/// Other names of the built-in calendars.
const ALIASES: [(&str, &str); 7] = [
    ("24/7", "crypto"),
    ("always", "crypto"),
    ("ARCX", "us_equities"),
    ("NASDAQ", "us_equities"),
    ("NYSE", "us_equities"),
    ("XNAS", "us_equities"),
    ("XNYS", "us_equities"),
];

/// One trading session: `open <= t < close`, in nanoseconds UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// The day it is named after.
    pub date: Date,
    /// Its first instant.
    #[serde(with = "as_timestamp")]
    pub open: i64,
    /// The first instant after it.
    #[serde(with = "as_timestamp")]
    pub close: i64,
    /// Whether it closes earlier than usual.
    pub early_close: bool,
}

impl Session {
    /// From open to close.
    pub const fn range(&self) -> TimeRange {
        TimeRange { start: self.open, end: self.close }
    }

    /// Whether an instant lies inside.
    pub const fn contains(&self, t: i64) -> bool {
        self.open <= t && t < self.close
    }

    /// Nanoseconds from open to close.
    pub const fn len_nanos(&self) -> i64 {
        self.close - self.open
    }
}

/// Which part of a trading day is meant. Each holds the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionHours {
    /// From open to close.
    #[default]
    Regular,
    /// With trading before and after hours; New York's is 4:00 to 20:00, and to 17:00 where the close is at 13:00.
    Extended,
    /// The local day of the session from midnight to midnight.
    All,
}

/// The sessions of an exchange. Cloning is cheap.
///
/// As text a built-in calendar is its name; another is its whole [`CalendarSpec`].
#[derive(Clone)]
pub struct Calendar(Arc<Inner>);

struct Inner {
    name: String,
    zone: Zone,
    open_minute: i32,
    close_minute: i32,
    extended_open_minute: i32,
    extended_close_minute: i32,
    sessions_per_year: f64,
    valid_from: Date,
    valid_to: Date,
    days: CalendarDays,
    custom: Option<CalendarSpec>,
}

/// The days of a calendar that have a session.
enum CalendarDays {
    /// Every one, from midnight to midnight UTC.
    Every,
    /// Those in `sessions`; `before[i]` of them precede the day `i` days after the first.
    Table { sessions: Vec<Session>, before: Vec<u32> },
}

/// The table of sessions of the days from `from` to `to`.
fn table(
    from: Date,
    to: Date,
    zone: Zone,
    open_minute: i32,
    close_minute: i32,
    early_close_minute: impl Fn(Date) -> Option<i32>,
    is_closed: impl Fn(Date) -> bool,
) -> CalendarDays {
    let mut sessions = Vec::new();
    let mut before = vec![0];
    for day in from.days()..to.days() {
        let date = Date::from_days(day);
        if !is_closed(date) {
            let early = early_close_minute(date);
            let open = instant(zone, date, open_minute);
            let close = instant(zone, date, early.unwrap_or(close_minute));
            // A session that lies wholly within the hour that spring skips does not happen.
            if open < close {
                sessions.push(Session { date, open, close, early_close: early.is_some() });
            }
        }
        before.push(sessions.len() as u32);
    }
    CalendarDays::Table { sessions, before }
}

/// The instant of a wall-clock minute of a day.
fn instant(zone: Zone, date: Date, minute: i32) -> i64 {
    zone.to_utc(date.midnight_utc().saturating_add(i64::from(minute) * NANOS_PER_MINUTE)).earliest()
}

impl Calendar {
    /// Stocks and funds in the United States: 9:30 to 16:00 in New York, from 1990 to 2100.
    pub fn us_equities() -> Self {
        static CALENDAR: OnceLock<Calendar> = OnceLock::new();
        let build = || {
            Self(Arc::new(Inner {
                name: "us_equities".to_owned(),
                zone: Zone::NewYork,
                open_minute: nyse::OPEN_MINUTE,
                close_minute: nyse::CLOSE_MINUTE,
                extended_open_minute: nyse::EXTENDED_OPEN_MINUTE,
                extended_close_minute: nyse::EXTENDED_CLOSE_MINUTE,
                sessions_per_year: 252.0,
                valid_from: nyse::VALID_FROM,
                valid_to: nyse::VALID_TO,
                days: nyse::days(),
                custom: None,
            }))
        };
        CALENDAR.get_or_init(build).clone()
    }

    /// Always open: every UTC day is a session, as far as nanoseconds reach.
    pub fn crypto() -> Self {
        static CALENDAR: OnceLock<Calendar> = OnceLock::new();
        let build = || {
            Self(Arc::new(Inner {
                name: "crypto".to_owned(),
                zone: Zone::Utc,
                open_minute: 0,
                close_minute: 1_440,
                extended_open_minute: 0,
                extended_close_minute: 1_440,
                sessions_per_year: 365.0,
                valid_from: Date::of_nanos(i64::MIN).add_days(1),
                valid_to: Date::of_nanos(i64::MAX),
                days: CalendarDays::Every,
                custom: None,
            }))
        };
        CALENDAR.get_or_init(build).clone()
    }

    /// A calendar from its parts.
    pub fn custom(spec: CalendarSpec) -> Result<Self> {
        let spec = spec.check()?;
        let (open_minute, close_minute) = (spec.open_minute, spec.close_minute);
        let early = |date: Date| spec.early_closes.get(&date).copied();
        let closed = |date: Date| spec.is_closed(date);
        Ok(Self(Arc::new(Inner {
            name: spec.name.clone(),
            zone: spec.zone,
            open_minute,
            close_minute,
            extended_open_minute: spec.extended_open_minute.unwrap_or(open_minute),
            extended_close_minute: spec.extended_close_minute.unwrap_or(close_minute),
            sessions_per_year: spec.sessions_per_year.unwrap_or(252.0),
            valid_from: spec.valid_from,
            valid_to: spec.valid_to,
            days: table(spec.valid_from, spec.valid_to, spec.zone, open_minute, close_minute, early, closed),
            custom: Some(spec),
        })))
    }

    /// A built-in calendar by its name or an alias (`XNYS`, `NYSE`, `24/7`), in any case.
    pub fn by_name(name: &str) -> Result<Self> {
        let wanted = name.trim();
        let alias = ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(wanted)).map(|(_, of)| *of);
        match alias.unwrap_or(wanted).to_ascii_lowercase().as_str() {
            "us_equities" => Ok(Self::us_equities()),
            "crypto" => Ok(Self::crypto()),
            _ => {
                let known = BUILT_IN.into_iter().chain(ALIASES.iter().map(|(alias, _)| *alias));
                Err(Error::unknown("calendar", name, known))
            }
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The zone of the exchange.
    pub fn zone(&self) -> Zone {
        self.0.zone
    }

    /// The first day that it knows.
    pub fn valid_from(&self) -> Date {
        self.0.valid_from
    }

    /// The first day that it no longer knows.
    pub fn valid_to(&self) -> Date {
        self.0.valid_to
    }

    /// Whether it knows a day. Of the others it says neither that they have a session nor that they have none.
    pub fn covers(&self, date: Date) -> bool {
        self.0.valid_from <= date && date < self.0.valid_to
    }

    /// Refuses a range that reaches beyond the days it knows.
    pub fn ensure_covers(&self, range: TimeRange) -> Result<()> {
        let ends = [range.start, range.end.saturating_sub(1)];
        let beyond = ends.into_iter().find(|t| !self.covers(self.0.zone.date_at(*t)));
        match beyond.filter(|_| !range.is_empty()) {
            None => Ok(()),
            Some(t) => Err(Error::invalid(
                format!("calendar {}", self.0.name),
                Timestamp(t),
                format!("sessions are known from {} to {}", self.0.valid_from, self.0.valid_to.add_days(-1)),
                "choose a range inside, or describe your own calendar",
            )),
        }
    }

    /// Whether a day has a session.
    pub fn is_session(&self, date: Date) -> bool {
        self.session(date).is_some()
    }

    /// The session of a day; `None` on weekends and holidays and outside of the days it knows.
    pub fn session(&self, date: Date) -> Option<Session> {
        if !self.covers(date) {
            return None;
        }
        self.session_at_rank(self.rank(date)).filter(|s| s.date == date)
    }

    /// The session that an instant lies in: `open <= t < close`.
    pub fn session_at(&self, t: i64) -> Option<Session> {
        self.rank_at(t).and_then(|rank| self.session_at_rank(rank)).filter(|s| s.contains(t))
    }

    /// The first session after a day.
    pub fn next_session(&self, date: Date) -> Option<Session> {
        self.shift(date, 1)
    }

    /// The last session before a day.
    pub fn previous_session(&self, date: Date) -> Option<Session> {
        self.shift(date, -1)
    }

    /// The session of a day, or else the first after it.
    pub fn session_on_or_after(&self, date: Date) -> Option<Session> {
        self.session_at_rank(self.rank(date))
    }

    /// The session of a day, or else the last before it.
    pub fn session_on_or_before(&self, date: Date) -> Option<Session> {
        self.session_at_rank(self.rank(date.add_days(1)).checked_sub(1)?)
    }

    /// So many sessions on from a day: 1 is the first after it, -1 the last before it, 0 its own.
    pub fn shift(&self, date: Date, n: i64) -> Option<Session> {
        let rank = match n {
            0 => return self.session(date),
            1.. => self.rank(date.add_days(1)).checked_add(usize::try_from(n - 1).ok()?)?,
            _ => self.rank(date).checked_sub(usize::try_from(n.unsigned_abs()).ok()?)?,
        };
        self.session_at_rank(rank)
    }

    /// The sessions of the days from `from` up to, and without, `to`.
    pub fn sessions(&self, from: Date, to: Date) -> impl DoubleEndedIterator<Item = Session> + '_ {
        (self.rank(from)..self.rank(to)).filter_map(|rank| self.session_at_rank(rank))
    }

    /// How many sessions the days from `from` up to, and without, `to` have.
    pub fn count_sessions(&self, from: Date, to: Date) -> usize {
        self.rank(to).saturating_sub(self.rank(from))
    }

    /// The trading day of an instant. A close ends a day, so that what happens after it, at night or on a weekend
    /// belongs to the next session; for `crypto` it is the UTC day. The close itself is already the next day: ask
    /// for a bar by its open, or by the nanosecond before its end. Outside of the days it knows it is the local day.
    pub fn day_of(&self, t: i64) -> Date {
        match self.rank_at(t).and_then(|rank| self.session_at_rank(rank)) {
            Some(session) => session.date,
            None => self.0.zone.date_at(t),
        }
    }

    /// Why a day that is no weekend has no session.
    pub fn holiday_name(&self, date: Date) -> Option<&str> {
        match (&self.0.custom, &self.0.days) {
            (Some(spec), _) => spec.holidays.get(&date).map(String::as_str),
            (None, CalendarDays::Every) => None,
            (None, CalendarDays::Table { .. }) => nyse::holiday_name(date),
        }
    }

    /// The stretch of time in which the session of a day trades; `None` where there is no session.
    pub fn window(&self, date: Date, hours: SessionHours) -> Option<TimeRange> {
        let session = self.session(date)?;
        let c = &*self.0;
        let after_hours = i64::from(c.extended_close_minute - c.close_minute) * NANOS_PER_MINUTE;
        let extended = TimeRange {
            start: if c.extended_open_minute == c.open_minute {
                session.open
            } else {
                instant(c.zone, date, c.extended_open_minute)
            },
            end: session.close.saturating_add(after_hours),
        };
        Some(match hours {
            SessionHours::Regular => session.range(),
            SessionHours::Extended => extended,
            SessionHours::All => TimeRange {
                start: extended.start.min(instant(c.zone, date, 0)),
                end: extended.end.max(instant(c.zone, date, 1_440)),
            },
        })
    }

    /// Whether an instant lies in such a window of any session.
    pub fn is_open(&self, t: i64, hours: SessionHours) -> bool {
        if hours == SessionHours::Regular {
            return self.session_at(t).is_some();
        }
        let date = self.0.zone.date_at(t);
        // A window may start the evening before its day, and never ends after it.
        [date, date.add_days(1)].into_iter().any(|d| self.window(d, hours).is_some_and(|w| w.contains(t)))
    }

    /// A cursor over ascending instants.
    pub fn cursor(&self) -> SessionCursor {
        SessionCursor::new(self.clone())
    }

    /// How many sessions come before a day.
    fn rank(&self, date: Date) -> usize {
        let last = i64::from(self.0.valid_to.days()) - i64::from(self.0.valid_from.days());
        let day = (i64::from(date.days()) - i64::from(self.0.valid_from.days())).clamp(0, last) as usize;
        match &self.0.days {
            CalendarDays::Every => day,
            CalendarDays::Table { sessions, before } => before.get(day).map_or(sessions.len(), |n| *n as usize),
        }
    }

    /// The session with so many before it.
    fn session_at_rank(&self, rank: usize) -> Option<Session> {
        match &self.0.days {
            CalendarDays::Every => {
                let date = self.0.valid_from.add_days(i32::try_from(rank).ok()?);
                let open = date.midnight_utc();
                let session = || Session { date, open, close: open.saturating_add(NANOS_PER_DAY), early_close: false };
                (date < self.0.valid_to).then(session)
            }
            CalendarDays::Table { sessions, .. } => sessions.get(rank).copied(),
        }
    }

    /// How many sessions have closed at an instant: the rank of the one that is open or comes next.
    fn closed_by(&self, t: i64) -> usize {
        // No session closes after the end of its day, so all of earlier days have closed, and of later ones none.
        let rank = self.rank(self.0.zone.date_at(t));
        rank + usize::from(self.session_at_rank(rank).is_some_and(|s| s.close <= t))
    }

    /// As [`Self::closed_by`], or `None` for an instant outside of the days it knows.
    fn rank_at(&self, t: i64) -> Option<usize> {
        let rank = self.closed_by(t);
        let known = t >= self.start_of_rank(rank)? && rank < self.rank(self.0.valid_to);
        known.then_some(rank)
    }

    /// The instant from which on a session is the one that comes next.
    fn start_of_rank(&self, rank: usize) -> Option<i64> {
        match rank.checked_sub(1) {
            Some(previous) => self.session_at_rank(previous).map(|s| s.close),
            None => {
                let midnight = instant(self.0.zone, self.0.valid_from, 0);
                self.session_at_rank(0).map(|s| s.open.min(midnight))
            }
        }
    }
}

impl PartialEq for Calendar {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || (self.0.name == other.0.name && self.0.custom == other.0.custom)
    }
}

impl fmt::Debug for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Calendar({})", self.0.name)
    }
}

impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.name)
    }
}

impl Serialize for Calendar {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0.custom {
            Some(spec) => spec.serialize(serializer),
            None => serializer.serialize_str(&self.0.name),
        }
    }
}

impl<'de> Deserialize<'de> for Calendar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrSpec;

        impl<'de> Visitor<'de> for NameOrSpec {
            type Value = Calendar;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a calendar (us_equities, crypto) or a description of one")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Calendar, E> {
                Calendar::by_name(name).map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Calendar, A::Error> {
                let spec = CalendarSpec::deserialize(MapAccessDeserializer::new(map))?;
                Calendar::custom(spec).map_err(de::Error::custom)
            }
        }

        deserializer.deserialize_any(NameOrSpec)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::{NANOS_PER_HOUR, Weekday};

    fn day(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    fn at(text: &str) -> i64 {
        Timestamp::parse(text).unwrap().0
    }

    fn hours(session: &Session) -> String {
        let clock = |t: i64| Timestamp(t).to_string()[11..16].to_owned();
        format!("{}-{}{}", clock(session.open), clock(session.close), if session.early_close { "!" } else { "" })
    }

    fn overnight() -> Calendar {
        static CALENDAR: OnceLock<Calendar> = OnceLock::new();
        let build = || Calendar::custom(CalendarSpec::new("overnight", Zone::Chicago, -420, 960)).unwrap();
        CALENDAR.get_or_init(build).clone()
    }

    /// Every session from 1990 to 2026, from the list that exchange_calendars 4.13.2 makes.
    #[test]
    fn every_session_of_the_real_list() {
        let Ok(root) = std::env::var("QE_REAL_DATA") else { return };
        let path = std::path::Path::new(&root).join("events/nyse_sessions_1990_2026.csv");
        let text = std::fs::read_to_string(path).unwrap();
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("session,open_utc,close_utc,early_close"));
        let listed = lines.map(|line| {
            let f: Vec<&str> = line.split(',').collect();
            Session { date: day(f[0]), open: at(f[1]), close: at(f[2]), early_close: f[3] == "True" }
        });
        let listed: Vec<Session> = listed.collect();
        let ours: Vec<Session> = Calendar::us_equities().sessions(day("1990-01-01"), day("2027-01-01")).collect();
        assert!(listed.len() > 9_000);
        for (a, b) in ours.iter().zip(&listed) {
            assert_eq!(a, b);
        }
        assert_eq!(ours.len(), listed.len());
    }

    /// Trading days of the years from 1990 to 2026; exchange_calendars 4.13.2 counts the same.
    #[test]
    fn sessions_of_known_years() {
        let counts = [
            253, 253, 254, 253, 252, 252, 254, 253, 252, 252, 252, 248, 252, 252, 252, 252, 251, 251, 253, 252, 252,
            252, 250, 252, 252, 252, 252, 251, 251, 252, 253, 252, 251, 250, 252, 250, 251,
        ];
        let calendar = Calendar::us_equities();
        for (year, count) in (1990..).zip(counts) {
            let (from, to) = (Date::from_civil(year, 1, 1), Date::from_civil(year + 1, 1, 1));
            assert_eq!(calendar.count_sessions(from, to), count, "{year}");
            assert_eq!(calendar.sessions(from, to).count(), count, "{year}");
        }
        assert_eq!(Calendar::crypto().count_sessions(day("2024-01-01"), day("2025-01-01")), 366);
        assert_eq!(calendar.count_sessions(day("2025-01-01"), day("2024-01-01")), 0);
    }

    #[test]
    fn sessions_around_clock_changes_and_short_days() {
        let calendar = Calendar::us_equities();
        for (date, text) in [
            ("2024-03-08", "14:30-21:00"),
            ("2024-03-11", "13:30-20:00"),
            ("2024-11-01", "13:30-20:00"),
            ("2024-11-04", "14:30-21:00"),
            ("2006-03-31", "14:30-21:00"),
            ("2006-04-03", "13:30-20:00"),
            ("2006-10-30", "14:30-21:00"),
            ("2007-03-12", "13:30-20:00"),
            ("2024-07-03", "13:30-17:00!"),
            ("2024-11-29", "14:30-18:00!"),
            ("2024-12-24", "14:30-18:00!"),
            ("1990-12-24", "14:30-19:00!"),
            ("1992-11-27", "14:30-19:00!"),
            ("1993-11-26", "14:30-18:00!"),
            ("1991-11-29", "14:30-21:00"),
            ("1996-07-05", "13:30-17:00!"),
            ("2002-07-03", "13:30-20:00"),
            ("2002-07-05", "13:30-17:00!"),
            ("2013-07-03", "13:30-17:00!"),
            ("2013-07-05", "13:30-20:00"),
            ("1994-07-05", "13:30-20:00"),
            ("2003-12-26", "14:30-18:00!"),
            ("1999-12-31", "14:30-18:00!"),
            ("2025-07-03", "13:30-17:00!"),
            ("2026-07-02", "13:30-20:00"),
            ("2026-11-27", "14:30-18:00!"),
            ("2026-12-24", "14:30-18:00!"),
            ("2027-11-26", "14:30-18:00!"),
            ("2028-07-03", "13:30-17:00!"),
        ] {
            assert_eq!(calendar.session(day(date)).map(|s| hours(&s)).as_deref(), Some(text), "{date}");
        }
        for date in ["2024-03-29", "2024-03-30", "2001-09-11", "2012-10-30", "2021-12-24", "1989-12-29", "2101-01-03"] {
            assert_eq!(calendar.session(day(date)), None, "{date}");
        }
        assert!(calendar.is_session(day("2021-12-31")) && calendar.is_session(day("2100-12-31")));
    }

    #[test]
    fn neighbours() {
        let calendar = Calendar::us_equities();
        let date = |s: Option<Session>| s.map(|s| s.date.to_string()).unwrap_or_default();
        assert_eq!(date(calendar.next_session(day("2024-03-28"))), "2024-04-01");
        assert_eq!(date(calendar.next_session(day("2024-03-30"))), "2024-04-01");
        assert_eq!(date(calendar.previous_session(day("2024-04-01"))), "2024-03-28");
        assert_eq!(date(calendar.previous_session(day("2024-03-30"))), "2024-03-28");
        assert_eq!(date(calendar.session_on_or_after(day("2024-03-28"))), "2024-03-28");
        assert_eq!(date(calendar.session_on_or_after(day("2024-03-29"))), "2024-04-01");
        assert_eq!(date(calendar.session_on_or_before(day("2024-03-28"))), "2024-03-28");
        assert_eq!(date(calendar.session_on_or_before(day("2024-03-31"))), "2024-03-28");
        assert_eq!(date(calendar.shift(day("2024-03-28"), 5)), "2024-04-05");
        assert_eq!(date(calendar.shift(day("2024-04-05"), -5)), "2024-03-28");
        assert_eq!(date(calendar.shift(day("2024-03-29"), 0)), "");
        assert_eq!(date(calendar.session_on_or_after(day("1970-01-01"))), "1990-01-02");
        assert_eq!(date(calendar.previous_session(day("1990-01-02"))), "");
        assert_eq!(date(calendar.next_session(day("2100-12-31"))), "");
        assert_eq!(date(calendar.session_on_or_before(day("2200-01-01"))), "2100-12-31");
        for n in [i64::MIN, i64::MAX] {
            assert_eq!(calendar.shift(day("2024-03-28"), n), None);
        }
    }

    #[test]
    fn a_close_ends_the_trading_day() {
        let calendar = Calendar::us_equities();
        for (t, session, trading_day) in [
            ("2024-03-28T13:29:59Z", "", "2024-03-28"),
            ("2024-03-28T13:30:00Z", "2024-03-28", "2024-03-28"),
            ("2024-03-28T19:59:59.999999999Z", "2024-03-28", "2024-03-28"),
            ("2024-03-28T20:00:00Z", "", "2024-04-01"),
            ("2024-03-29T15:00:00Z", "", "2024-04-01"),
            ("2024-03-31T23:59:59Z", "", "2024-04-01"),
            ("2024-11-29T18:00:00Z", "", "2024-12-02"),
            // Outside of what is known: the local day.
            ("1989-12-29T15:00:00Z", "", "1989-12-29"),
            ("2101-01-03T02:00:00Z", "", "2101-01-02"),
            ("2100-12-31T22:00:00Z", "", "2100-12-31"),
        ] {
            let got = calendar.session_at(at(t)).map(|s| s.date.to_string()).unwrap_or_default();
            assert_eq!((got.as_str(), calendar.day_of(at(t)).to_string().as_str()), (session, trading_day), "{t}");
        }
        let crypto = Calendar::crypto();
        assert_eq!(crypto.day_of(at("2024-03-30T23:59:59Z")), day("2024-03-30"));
        assert_eq!(crypto.day_of(at("2024-03-31T00:00:00Z")), day("2024-03-31"));
    }

    #[test]
    fn windows_hold_each_other() {
        let calendar = Calendar::us_equities();
        let window = |date, hours| calendar.window(day(date), hours).map(|w| w.to_string()).unwrap_or_default();
        for (date, hours, text) in [
            ("2024-03-28", SessionHours::Regular, "[2024-03-28T13:30:00Z, 2024-03-28T20:00:00Z)"),
            ("2024-03-28", SessionHours::Extended, "[2024-03-28T08:00:00Z, 2024-03-29T00:00:00Z)"),
            ("2024-03-28", SessionHours::All, "[2024-03-28T04:00:00Z, 2024-03-29T04:00:00Z)"),
            ("2024-11-29", SessionHours::Extended, "[2024-11-29T09:00:00Z, 2024-11-29T22:00:00Z)"),
            ("2024-03-29", SessionHours::All, ""),
        ] {
            assert_eq!(window(date, hours), text, "{date} {hours:?}");
        }
        for calendar in [Calendar::us_equities(), Calendar::crypto(), overnight()] {
            for session in calendar.sessions(day("2024-01-01"), day("2025-01-01")) {
                let [regular, extended, all] = [SessionHours::Regular, SessionHours::Extended, SessionHours::All]
                    .map(|h| calendar.window(session.date, h).unwrap());
                assert!(extended.encloses(regular) && all.encloses(extended), "{calendar} {session:?}");
                assert!(calendar.is_open(extended.start, SessionHours::Extended));
                assert!(calendar.is_open(all.end - 1, SessionHours::All));
            }
        }
        assert!(!calendar.is_open(at("2024-11-29T22:00:00Z"), SessionHours::Extended));
        assert!(calendar.is_open(at("2024-11-29T21:59:59Z"), SessionHours::Extended));
        assert!(!calendar.is_open(at("2024-11-29T18:00:00Z"), SessionHours::Regular));
    }

    #[test]
    fn sessions_that_open_the_evening_before() {
        let calendar = overnight();
        let monday = calendar.session(day("2024-03-11")).unwrap();
        assert_eq!(monday.open, at("2024-03-10T22:00:00Z"));
        assert_eq!(monday.close, at("2024-03-11T21:00:00Z"));
        assert_eq!(calendar.session_at(at("2024-03-10T23:00:00Z")), Some(monday));
        assert_eq!(calendar.session_at(at("2024-03-11T21:30:00Z")), None);
        assert_eq!(calendar.day_of(at("2024-03-11T21:30:00Z")), day("2024-03-12"));
    }

    #[test]
    fn custom_calendars_keep_their_holidays() {
        let mut spec = CalendarSpec::new("xtks", Zone::Tokyo, 540, 900);
        spec.holidays.insert(day("2024-01-02"), "Market holiday".to_owned());
        spec.early_closes.insert(day("2024-01-04"), 690);
        let calendar = Calendar::custom(spec).unwrap();
        assert_eq!(calendar.session(day("2024-01-02")), None);
        assert_eq!(calendar.holiday_name(day("2024-01-02")), Some("Market holiday"));
        assert_eq!(hours(&calendar.session(day("2024-01-04")).unwrap()), "00:00-02:30!");
        assert_eq!((calendar.name(), calendar.zone()), ("xtks", Zone::Tokyo));
        assert_eq!(calendar.sessions_per_year(), 252.0);
        let json = serde_json::to_string(&calendar).unwrap();
        assert_eq!(serde_json::from_str::<Calendar>(&json).unwrap(), calendar);
        assert_ne!(calendar, Calendar::us_equities());
    }

    #[test]
    fn names_lead_to_calendars() {
        for (name, canonical) in
            [("us_equities", "us_equities"), ("xnys", "us_equities"), ("24/7", "crypto"), (" Crypto ", "crypto")]
        {
            assert_eq!(Calendar::by_name(name).unwrap().name(), canonical);
        }
        for name in BUILT_IN {
            let calendar = Calendar::by_name(name).unwrap();
            let json = serde_json::to_string(&calendar).unwrap();
            assert_eq!(json, format!("{name:?}"));
            assert_eq!(serde_json::from_str::<Calendar>(&json).unwrap(), calendar);
        }
        let message = Calendar::by_name("us_equity").unwrap_err().to_string();
        assert!(message.contains("did you mean \"us_equities\""), "{message}");
        assert!(serde_json::from_str::<Calendar>("5").unwrap_err().to_string().contains("the name of a calendar"));
    }

    #[test]
    fn what_is_not_known_is_said() {
        let calendar = Calendar::us_equities();
        assert!(calendar.ensure_covers(TimeRange::of_days(day("1990-01-02"), day("2026-12-31"))).is_ok());
        assert!(calendar.ensure_covers(TimeRange::new(5, 5)).is_ok());
        let range = TimeRange::of_days(day("1985-01-02"), day("2020-01-01"));
        let message = calendar.ensure_covers(range).unwrap_err().to_string();
        assert!(message.contains("1985-01-02") && message.contains("from 1990-01-01 to 2100-12-31"), "{message}");
        assert!(calendar.ensure_covers(TimeRange::ALL).is_err());
        assert!(Calendar::crypto().ensure_covers(TimeRange::of_days(day("1700-01-01"), day("2200-01-01"))).is_ok());
    }

    proptest! {
        #[test]
        fn look_ups_agree_with_a_walk_over_the_sessions(second in 631_152_000..4_000_000_000_i64) {
            let t = second * 1_000_000_000;
            for calendar in [Calendar::us_equities(), Calendar::crypto(), overnight()] {
                let date = Date::of_nanos(t);
                let near: Vec<Session> = calendar.sessions(date.add_days(-12), date.add_days(12)).collect();
                prop_assert!(near.windows(2).all(|w| w[0].date < w[1].date && w[0].close <= w[1].open));
                prop_assert_eq!(calendar.session_at(t), near.iter().find(|s| s.contains(t)).copied());
                if date.year() > 1990 {
                    prop_assert_eq!(calendar.day_of(t), near.iter().find(|s| s.close > t).unwrap().date);
                }
                for s in &near {
                    prop_assert_eq!(calendar.session(s.date), Some(*s));
                    prop_assert!(s.len_nanos() <= 24 * NANOS_PER_HOUR);
                    prop_assert!(calendar.name() == "crypto" || s.date.weekday() < Weekday::Sat);
                }
            }
        }

        #[test]
        fn nothing_panics(t: i64, days: i32, n: i64, name in ".*") {
            for calendar in [Calendar::us_equities(), Calendar::crypto(), overnight()] {
                for t in [t, i64::MIN, i64::MAX] {
                    let _ = (calendar.session_at(t), calendar.day_of(t), calendar.is_open(t, SessionHours::All));
                    let _ = calendar.ensure_covers(TimeRange::new(t, i64::MAX));
                }
                for date in [days, i32::MIN, i32::MAX].map(Date::from_days) {
                    let _ = (calendar.session(date), calendar.next_session(date), calendar.previous_session(date));
                    let _ = (calendar.session_on_or_before(date), calendar.shift(date, n), calendar.holiday_name(date));
                    let _ = (calendar.window(date, SessionHours::All), calendar.count_sessions(date, Date::from_days(0)));
                }
            }
            let _ = Calendar::by_name(&name);
        }
    }
}
