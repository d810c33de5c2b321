//! Time zones of the exchanges, by rule.
//!
//! The offset of an instant is computed from the daylight-saving rules of its zone: no zone database is read and none
//! is compiled in. Rules go back as far as market data needs ([`Zone::exact_from`] says where), and no table is needed
//! before that: earlier instants are given standard time. The rules are those of the IANA database: United States
//! since 1976 (last Sunday of April), 1987 (first Sunday of April) and 2007 (second Sunday of March to first of
//! November); the European Union since 1981 (to the last Sunday of September) and 1996 (of October); the United
//! Kingdom with its own autumn date until 1995; China's summers of 1986 to 1991. Future years follow today's rules.
//!
//! Transitions never straddle a year here, because every zone with daylight saving lies north of the equator.
//! The golden offsets in `data-fixtures/golden/time/` come from Python's `zoneinfo`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, Result};
use crate::time::{
    Date, NANOS_PER_HOUR, NANOS_PER_MINUTE, NANOS_PER_SECOND, Timestamp, Weekday, deserialize_text,
    parse_offset_minutes,
};

/// A time zone. As text it is its IANA name, or an offset like `+05:30`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Zone {
    /// Universal time, `UTC`.
    Utc,
    /// A fixed offset, in minutes east of UTC, within a day.
    Fixed {
        /// Minutes east of UTC.
        minutes: i16,
    },
    /// `Europe/Berlin`.
    Berlin,
    /// `America/Chicago`.
    Chicago,
    /// `America/Denver`.
    Denver,
    /// `Asia/Hong_Kong`.
    HongKong,
    /// `Asia/Kolkata`.
    Kolkata,
    /// `Europe/London`.
    London,
    /// `America/Los_Angeles`.
    LosAngeles,
    /// `America/New_York`.
    NewYork,
    /// `Europe/Paris`.
    Paris,
    /// `Asia/Shanghai`.
    Shanghai,
    /// `Asia/Singapore`.
    Singapore,
    /// `Asia/Tokyo`.
    Tokyo,
    /// `America/Toronto`.
    Toronto,
    /// `Europe/Zurich`.
    Zurich,
}

/// What a wall-clock time means in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Local {
    /// One instant.
    One(i64),
    /// The clock was set back and showed this time twice: the earlier and the later instant.
    Ambiguous(i64, i64),
    /// The clock was set forward and never showed this time.
    Missing {
        /// The last instant before the gap.
        before: i64,
        /// The first instant after the gap.
        after: i64,
    },
}

impl Local {
    /// The instant if there is exactly one.
    pub const fn one(self) -> Option<i64> {
        match self {
            Self::One(t) => Some(t),
            _ => None,
        }
    }

    /// The first instant at which the clock shows this time or a later one.
    pub const fn earliest(self) -> i64 {
        match self {
            Self::One(t) | Self::Ambiguous(t, _) | Self::Missing { after: t, .. } => t,
        }
    }

    /// The last instant at which the clock shows this time; after a gap, the first instant after it.
    pub const fn latest(self) -> i64 {
        match self {
            Self::One(t) | Self::Ambiguous(_, t) | Self::Missing { after: t, .. } => t,
        }
    }
}

/// Who decides when clocks change.
#[derive(Clone, Copy)]
enum Summer {
    Never,
    UnitedStates,
    European,
    British,
    Chinese,
}

/// The named zones, in alphabetical order of their variants, with offset in minutes, rule and first exact day.
const NAMED: [(Zone, &str, i64, Summer, Date); 15] = [
    (Zone::Utc, "UTC", 0, Summer::Never, Date::from_days(i32::MIN)),
    (Zone::Berlin, "Europe/Berlin", 60, Summer::European, Date::from_civil(1981, 1, 1)),
    (Zone::Chicago, "America/Chicago", -360, Summer::UnitedStates, Date::from_civil(1976, 1, 1)),
    (Zone::Denver, "America/Denver", -420, Summer::UnitedStates, Date::from_civil(1976, 1, 1)),
    (Zone::HongKong, "Asia/Hong_Kong", 480, Summer::Never, Date::from_civil(1980, 1, 1)),
    (Zone::Kolkata, "Asia/Kolkata", 330, Summer::Never, Date::from_civil(1946, 1, 1)),
    (Zone::London, "Europe/London", 0, Summer::British, Date::from_civil(1981, 1, 1)),
    (Zone::LosAngeles, "America/Los_Angeles", -480, Summer::UnitedStates, Date::from_civil(1976, 1, 1)),
    (Zone::NewYork, "America/New_York", -300, Summer::UnitedStates, Date::from_civil(1976, 1, 1)),
    (Zone::Paris, "Europe/Paris", 60, Summer::European, Date::from_civil(1981, 1, 1)),
    (Zone::Shanghai, "Asia/Shanghai", 480, Summer::Chinese, Date::from_civil(1950, 1, 1)),
    (Zone::Singapore, "Asia/Singapore", 480, Summer::Never, Date::from_civil(1982, 1, 2)),
    (Zone::Tokyo, "Asia/Tokyo", 540, Summer::Never, Date::from_civil(1952, 1, 1)),
    (Zone::Toronto, "America/Toronto", -300, Summer::UnitedStates, Date::from_civil(1976, 1, 1)),
    (Zone::Zurich, "Europe/Zurich", 60, Summer::European, Date::from_civil(1981, 1, 1)),
];

/// Other names that people and feeds use.
const ALIASES: [(&str, Zone); 17] = [
    ("Z", Zone::Utc),
    ("GMT", Zone::Utc),
    ("Etc/UTC", Zone::Utc),
    ("Etc/GMT", Zone::Utc),
    ("US/Eastern", Zone::NewYork),
    ("US/Central", Zone::Chicago),
    ("US/Mountain", Zone::Denver),
    ("US/Pacific", Zone::LosAngeles),
    ("new_york", Zone::NewYork),
    ("chicago", Zone::Chicago),
    ("london", Zone::London),
    ("berlin", Zone::Berlin),
    ("tokyo", Zone::Tokyo),
    ("hong_kong", Zone::HongKong),
    ("Hongkong", Zone::HongKong),
    ("Japan", Zone::Tokyo),
    ("Asia/Calcutta", Zone::Kolkata),
];

impl Zone {
    /// A fixed offset of so many minutes east of UTC, within a day. Zero is [`Zone::Utc`].
    pub fn fixed(minutes: i32) -> Result<Self> {
        match i16::try_from(minutes) {
            Ok(0) => Ok(Self::Utc),
            Ok(minutes) if minutes.abs() < 1_440 => Ok(Self::Fixed { minutes }),
            _ => Err(Error::invalid(
                "zone offset",
                format_args!("{minutes} minutes"),
                "an offset is shorter than a day",
                "write minutes east of UTC, such as 330",
            )),
        }
    }

    /// All zones with a name.
    pub fn named() -> impl Iterator<Item = Zone> {
        NAMED.iter().map(|row| row.0)
    }

    /// Reads an IANA name (in any case), a common alias such as `US/Eastern`, or an offset like `+05:30`.
    pub fn parse(text: &str) -> Result<Self> {
        let trimmed = text.trim();
        let names = NAMED.iter().map(|row| (row.1, row.0)).chain(ALIASES);
        for (name, zone) in names {
            if name.eq_ignore_ascii_case(trimmed) {
                return Ok(zone);
            }
        }
        if trimmed.starts_with(['+', '-']) {
            let minutes = parse_offset_minutes(trimmed.as_bytes()).ok_or_else(|| {
                Error::parse("a time zone", text, "the offset is not hours and minutes", "write it like +05:30")
            })?;
            return Self::fixed(minutes);
        }
        Err(Error::unknown("time zone", text, NAMED.iter().map(|row| row.1)))
    }

    /// Its IANA name, or its offset like `+05:30`.
    pub fn name(self) -> String {
        match self {
            Self::Fixed { minutes } => {
                let sign = if minutes < 0 { '-' } else { '+' };
                let minutes = minutes.unsigned_abs();
                format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
            named => named.row().1.to_owned(),
        }
    }

    /// The first day from which on the rules here are the ones that were in force. Before it, standard time is
    /// assumed all year.
    pub fn exact_from(self) -> Date {
        self.row().4
    }

    /// Nanoseconds that the clocks of this zone are ahead of UTC at an instant. Some 25 ns of arithmetic; for
    /// ascending rows see [`ZoneCursor`].
    pub fn offset_at(self, utc: i64) -> i64 {
        let (standard, rule) = self.standard();
        if matches!(rule, Summer::Never) {
            return standard;
        }
        // The last instant belongs to the summer that 64 bits cut off.
        let utc = utc.min(i64::MAX - 1);
        match summer(rule, standard, Date::of_nanos(utc).year()) {
            Some((from, until)) if from <= utc && utc < until => standard + NANOS_PER_HOUR,
            _ => standard,
        }
    }

    /// The offset at an instant, and a stretch of time around it over which that offset holds.
    pub fn offset_span(self, utc: i64) -> (i64, i64, i64) {
        let (standard, rule) = self.standard();
        if matches!(rule, Summer::Never) {
            return (standard, i64::MIN, i64::MAX);
        }
        let utc = utc.min(i64::MAX - 1);
        let year = Date::of_nanos(utc).year();
        let new_year = Date::from_civil(year, 1, 1).midnight_utc();
        let next_year = Date::from_civil(year + 1, 1, 1).midnight_utc();
        match summer(rule, standard, year) {
            Some((from, _)) if utc < from => (standard, new_year, from),
            Some((from, until)) if utc < until => (standard + NANOS_PER_HOUR, from, until),
            Some((_, until)) => (standard, until, next_year),
            None => (standard, new_year, next_year),
        }
    }

    /// The wall clock of this zone at an instant, as nanoseconds since 1970-01-01 of that clock.
    pub fn to_local(self, utc: i64) -> i64 {
        utc.saturating_add(self.offset_at(utc))
    }

    /// The local day an instant lies in.
    pub fn date_at(self, utc: i64) -> Date {
        Date::of_nanos(self.to_local(utc))
    }

    /// The instant, or instants, at which the wall clock of this zone shows `local` nanoseconds.
    pub fn to_utc(self, local: i64) -> Local {
        let (standard, rule) = self.standard();
        let late = local.saturating_sub(standard);
        if matches!(rule, Summer::Never) {
            return Local::One(late);
        }
        let early = local.saturating_sub(standard + NANOS_PER_HOUR);
        let summer_time = self.offset_at(early) != standard;
        let standard_time = self.offset_at(late) == standard;
        match (summer_time, standard_time) {
            (true, true) => Local::Ambiguous(early, late),
            (true, false) => Local::One(early),
            (false, true) => Local::One(late),
            (false, false) => {
                let (_, after, _) = self.offset_span(late);
                Local::Missing { before: after - 1, after }
            }
        }
    }

    /// Its row among the named zones; a fixed offset borrows the one of UTC.
    fn row(self) -> &'static (Zone, &'static str, i64, Summer, Date) {
        match self {
            Self::Utc | Self::Fixed { .. } => &NAMED[0],
            Self::Berlin => &NAMED[1],
            Self::Chicago => &NAMED[2],
            Self::Denver => &NAMED[3],
            Self::HongKong => &NAMED[4],
            Self::Kolkata => &NAMED[5],
            Self::London => &NAMED[6],
            Self::LosAngeles => &NAMED[7],
            Self::NewYork => &NAMED[8],
            Self::Paris => &NAMED[9],
            Self::Shanghai => &NAMED[10],
            Self::Singapore => &NAMED[11],
            Self::Tokyo => &NAMED[12],
            Self::Toronto => &NAMED[13],
            Self::Zurich => &NAMED[14],
        }
    }

    /// Standard offset in nanoseconds, and the rule of its summer time.
    fn standard(self) -> (i64, Summer) {
        match self {
            Self::Fixed { minutes } => (i64::from(minutes) * NANOS_PER_MINUTE, Summer::Never),
            named => {
                let row = named.row();
                (row.2 * NANOS_PER_MINUTE, row.3)
            }
        }
    }
}

/// First instant of summer time in a year and the first after it, in nanoseconds UTC.
fn summer(rule: Summer, standard: i64, year: i32) -> Option<(i64, i64)> {
    const TWO: i64 = 2 * NANOS_PER_HOUR;
    let utc = |date: Date, clock: i64| date.midnight_utc().saturating_add(clock);
    // Clocks change at two in the morning of the clock that is in force.
    let at_two = |from: Date, until: Date| (utc(from, TWO - standard), utc(until, TWO - standard - NANOS_PER_HOUR));
    let at_one_utc = |from: Date, until: Date| (utc(from, NANOS_PER_HOUR), utc(until, NANOS_PER_HOUR));
    let sunday = |month, day| sunday_from(year, month, day);
    match rule {
        Summer::Never => None,
        Summer::UnitedStates => match year {
            2007.. => Some(at_two(sunday(3, 8), sunday(11, 1))),
            1987.. => Some(at_two(sunday(4, 1), sunday(10, 25))),
            1976.. => Some(at_two(sunday(4, 24), sunday(10, 25))),
            _ => None,
        },
        Summer::European => match year {
            1996.. => Some(at_one_utc(sunday(3, 25), sunday(10, 25))),
            1981.. => Some(at_one_utc(sunday(3, 25), sunday(9, 24))),
            _ => None,
        },
        Summer::British => match year {
            1996.. => Some(at_one_utc(sunday(3, 25), sunday(10, 25))),
            1990.. => Some(at_one_utc(sunday(3, 25), sunday(10, 22))),
            1981.. => Some(at_one_utc(sunday(3, 25), sunday(10, 23))),
            _ => None,
        },
        Summer::Chinese => match year {
            1987..=1991 => Some(at_two(sunday(4, 11), sunday(9, 11))),
            1986 => Some(at_two(sunday(5, 4), sunday(9, 11))),
            _ => None,
        },
    }
}

/// The first Sunday on or after a day.
const fn sunday_from(year: i32, month: u32, day: u32) -> Date {
    let date = Date::from_civil(year, month, day);
    date.add_days(Weekday::Sun as i32 - date.weekday() as i32)
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name())
    }
}

impl FromStr for Zone {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_text(deserializer, "a time zone like \"America/New_York\"", Self::parse)
    }
}

/// The offset of a zone for ascending instants: a compare per row, and a computation three times a year. Instants may
/// come in any order; only the speed differs.
#[derive(Debug, Clone)]
pub struct ZoneCursor {
    zone: Zone,
    offset: i64,
    from: i64,
    until: i64,
}

impl ZoneCursor {
    /// A cursor that has seen nothing yet.
    pub const fn new(zone: Zone) -> Self {
        Self { zone, offset: 0, from: 0, until: 0 }
    }

    /// The zone.
    pub const fn zone(&self) -> Zone {
        self.zone
    }

    /// As [`Zone::offset_at`].
    #[inline]
    pub fn offset_at(&mut self, utc: i64) -> i64 {
        if utc < self.from || utc >= self.until {
            (self.offset, self.from, self.until) = self.zone.offset_span(utc);
        }
        self.offset
    }

    /// As [`Zone::to_local`].
    #[inline]
    pub fn to_local(&mut self, utc: i64) -> i64 {
        utc.saturating_add(self.offset_at(utc))
    }
}

/// An instant as the wall clock of a zone shows it, with the offset: `2024-03-28T09:30:00-04:00`.
pub fn local_text(zone: Zone, utc: i64) -> String {
    let wall = Timestamp(zone.to_local(utc)).to_string();
    let offset = zone.offset_at(utc) / NANOS_PER_SECOND;
    let sign = if offset < 0 { '-' } else { '+' };
    let minutes = offset.unsigned_abs() / 60;
    format!("{}{sign}{:02}:{:02}", wall.trim_end_matches('Z'), minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> i64 {
        Timestamp::parse(text).unwrap().0
    }

    fn hours(zone: Zone, text: &str) -> i64 {
        zone.offset_at(at(text)) / NANOS_PER_HOUR
    }

    /// Transitions as the IANA database (2025b) lists them: instant, hours before, hours from then on.
    #[test]
    fn known_transitions() {
        for (zone, text, before, after) in [
            (Zone::NewYork, "2024-03-10T07:00:00Z", -5, -4),
            (Zone::NewYork, "2024-11-03T06:00:00Z", -4, -5),
            (Zone::NewYork, "2007-03-11T07:00:00Z", -5, -4),
            (Zone::NewYork, "2007-11-04T06:00:00Z", -4, -5),
            (Zone::NewYork, "2006-04-02T07:00:00Z", -5, -4),
            (Zone::NewYork, "2006-10-29T06:00:00Z", -4, -5),
            (Zone::NewYork, "1987-04-05T07:00:00Z", -5, -4),
            (Zone::NewYork, "1986-04-27T07:00:00Z", -5, -4),
            (Zone::NewYork, "1986-10-26T06:00:00Z", -4, -5),
            (Zone::NewYork, "1976-04-25T07:00:00Z", -5, -4),
            (Zone::Chicago, "2024-03-10T08:00:00Z", -6, -5),
            (Zone::Chicago, "2024-11-03T07:00:00Z", -5, -6),
            (Zone::LosAngeles, "2024-03-10T10:00:00Z", -8, -7),
            (Zone::London, "2024-03-31T01:00:00Z", 0, 1),
            (Zone::London, "2024-10-27T01:00:00Z", 1, 0),
            (Zone::London, "1995-10-22T01:00:00Z", 1, 0),
            (Zone::London, "1989-10-29T01:00:00Z", 1, 0),
            (Zone::London, "1981-10-25T01:00:00Z", 1, 0),
            (Zone::Berlin, "2024-03-31T01:00:00Z", 1, 2),
            (Zone::Berlin, "2024-10-27T01:00:00Z", 2, 1),
            (Zone::Berlin, "1995-09-24T01:00:00Z", 2, 1),
            (Zone::Berlin, "1996-10-27T01:00:00Z", 2, 1),
            (Zone::Shanghai, "1986-05-03T18:00:00Z", 8, 9),
            (Zone::Shanghai, "1991-09-14T17:00:00Z", 9, 8),
        ] {
            let t = at(text);
            let got = (zone.offset_at(t - 1) / NANOS_PER_HOUR, zone.offset_at(t) / NANOS_PER_HOUR);
            assert_eq!(got, (before, after), "{zone} {text}");
        }
    }

    #[test]
    fn zones_without_summer_time_stand_still() {
        for (zone, h) in
            [(Zone::Tokyo, 9), (Zone::HongKong, 8), (Zone::Singapore, 8), (Zone::Utc, 0), (Zone::Shanghai, 8)]
        {
            for text in ["2024-01-15", "2024-07-15", "1995-07-15"] {
                assert_eq!(hours(zone, text), h, "{zone} {text}");
            }
        }
        assert_eq!(Zone::Kolkata.offset_at(0), 330 * NANOS_PER_MINUTE);
    }

    #[test]
    fn an_hour_that_comes_twice_and_one_that_never_comes() {
        assert_eq!(
            Zone::NewYork.to_utc(at("2024-11-03T01:30:00Z")),
            Local::Ambiguous(at("2024-11-03T05:30:00Z"), at("2024-11-03T06:30:00Z"))
        );
        let gap = at("2024-03-10T07:00:00Z");
        for text in ["2024-03-10T02:00:00Z", "2024-03-10T02:30:00Z", "2024-03-10T02:59:59.999999999Z"] {
            let got = Zone::NewYork.to_utc(at(text));
            assert_eq!(got, Local::Missing { before: gap - 1, after: gap }, "{text}");
            assert_eq!((got.one(), got.earliest(), got.latest()), (None, gap, gap));
        }
        assert_eq!(Zone::NewYork.to_utc(at("2024-03-10T03:00:00Z")), Local::One(gap));
        assert_eq!(Zone::NewYork.to_utc(at("2024-03-10T01:59:59Z")), Local::One(gap - NANOS_PER_SECOND));
        assert_eq!(Zone::NewYork.to_utc(at("2024-11-03T00:59:59Z")), Local::One(at("2024-11-03T04:59:59Z")));
        assert_eq!(Zone::NewYork.to_utc(at("2024-11-03T02:00:00Z")), Local::One(at("2024-11-03T07:00:00Z")));
        assert_eq!(
            Zone::London.to_utc(at("2024-03-31T01:30:00Z")),
            Local::Missing { before: at("2024-03-31T01:00:00Z") - 1, after: at("2024-03-31T01:00:00Z") }
        );
        assert_eq!(
            Zone::Berlin.to_utc(at("2024-10-27T02:30:00Z")),
            Local::Ambiguous(at("2024-10-27T00:30:00Z"), at("2024-10-27T01:30:00Z"))
        );
    }

    #[test]
    fn names_round_trip_and_bad_ones_are_explained() {
        for zone in Zone::named().chain([Zone::Fixed { minutes: 330 }, Zone::Fixed { minutes: -570 }]) {
            assert_eq!(Zone::parse(&zone.name()).unwrap(), zone);
            assert_eq!(zone.row().0 == zone, !matches!(zone, Zone::Fixed { .. }));
            let json = serde_json::to_string(&zone).unwrap();
            assert_eq!(serde_json::from_str::<Zone>(&json).unwrap(), zone);
        }
        assert_eq!(Zone::Fixed { minutes: -570 }.name(), "-09:30");
        assert_eq!(Zone::parse("us/eastern").unwrap(), Zone::NewYork);
        assert_eq!(Zone::parse("+00:00").unwrap(), Zone::Utc);
        for (text, part) in [
            ("America/NewYork", "did you mean \"America/New_York\""),
            ("+25:00", "+05:30"),
            ("+5", "+05:30"),
            ("", "there are"),
        ] {
            let message = Zone::parse(text).unwrap_err().to_string();
            assert!(message.contains(part) && message.contains(&format!("{text:?}")), "{text}: {message}");
        }
        assert!(Zone::fixed(1_440).is_err() && Zone::fixed(i32::MIN).is_err() && Zone::fixed(-1_439).is_ok());
    }

    #[test]
    fn local_text_carries_the_offset() {
        assert_eq!(local_text(Zone::NewYork, at("2024-03-28T13:30:00Z")), "2024-03-28T09:30:00-04:00");
        assert_eq!(local_text(Zone::Utc, 0), "1970-01-01T00:00:00+00:00");
    }

    /// The rows of a golden file as a zone and its whole seconds.
    fn golden(name: &str) -> Vec<(Zone, Vec<i64>)> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data-fixtures/golden/time/");
        let text = std::fs::read_to_string(format!("{folder}{name}")).unwrap();
        let rows = text.lines().filter(|line| !line.starts_with('#')).skip(1).map(|line| {
            let (zone, seconds) = line.split_once(',').unwrap();
            (Zone::parse(zone).unwrap(), seconds.split(',').map(|n| n.parse().unwrap()).collect())
        });
        rows.collect()
    }

    /// All changes of all zones from their first exact day to 2050: none differs, none is missing and none is extra.
    #[test]
    fn golden_transitions() {
        let rows = golden("zone_transitions.csv");
        for zone in Zone::named().filter(|z| *z != Zone::Utc) {
            let changes: Vec<&[i64]> = rows.iter().filter(|(z, _)| *z == zone).map(|(_, row)| row.as_slice()).collect();
            let mut ours: Vec<[i64; 3]> = Vec::new();
            let mut t = zone.exact_from().midnight_utc();
            while t < at("2051-01-01") {
                let (offset, _, until) = zone.offset_span(t);
                let next = zone.offset_at(until);
                if next != offset && until < at("2051-01-01") {
                    ours.push([until, offset, next].map(|n| n / NANOS_PER_SECOND));
                }
                t = until;
            }
            assert_eq!(ours, changes, "{zone}");
        }
        assert!(rows.len() > 1_000);
    }

    #[test]
    fn golden_offsets() {
        let rows = golden("zone_offsets.csv");
        for (zone, row) in &rows {
            assert_eq!(zone.offset_at(row[0] * NANOS_PER_SECOND), row[1] * NANOS_PER_SECOND, "{zone} {row:?}");
        }
        assert!(rows.len() >= 300 * (NAMED.len() - 1));
    }

    fn any_zone() -> impl Strategy<Value = Zone> {
        prop_oneof![
            proptest::sample::select(Zone::named().collect::<Vec<_>>()),
            (-1_439..1_440_i16).prop_map(|minutes| Zone::Fixed { minutes }),
        ]
    }

    proptest! {
        #[test]
        fn local_time_leads_back(zone in any_zone(), utc in at("1950-01-01")..at("2200-01-01")) {
            match zone.to_utc(zone.to_local(utc)) {
                Local::One(t) => prop_assert_eq!(t, utc),
                Local::Ambiguous(a, b) => {
                    prop_assert!(a == utc || b == utc);
                    prop_assert_eq!(b - a, NANOS_PER_HOUR);
                    prop_assert_eq!(zone.to_local(a), zone.to_local(b));
                }
                Local::Missing { .. } => prop_assert!(false, "a time that was shown cannot be missing"),
            }
        }

        #[test]
        fn a_missing_time_lies_in_a_gap(zone in any_zone(), year in 1976..2100_i32, second in 0..366 * 86_400_i64) {
            let local = Date::from_civil(year, 1, 1).midnight_utc() + second * NANOS_PER_SECOND;
            match zone.to_utc(local) {
                Local::Missing { before, after } => {
                    prop_assert_eq!(before + 1, after);
                    prop_assert!(zone.to_local(before) < local && local < zone.to_local(after) + NANOS_PER_HOUR);
                    prop_assert_eq!(zone.offset_at(after) - zone.offset_at(before), NANOS_PER_HOUR);
                }
                Local::One(t) => prop_assert_eq!(zone.to_local(t), local),
                Local::Ambiguous(a, b) => {
                    prop_assert_eq!((zone.to_local(a), zone.to_local(b)), (local, local));
                }
            }
        }

        #[test]
        fn the_cursor_agrees_in_any_order(zone in any_zone(), times in proptest::collection::vec(any::<i64>(), 1..40)) {
            let mut cursor = ZoneCursor::new(zone);
            for t in times.into_iter().chain([i64::MIN, i64::MAX, 0, 0]) {
                prop_assert_eq!(cursor.offset_at(t), zone.offset_at(t));
                prop_assert_eq!(cursor.to_local(t), zone.to_local(t));
                let (offset, from, until) = zone.offset_span(t);
                prop_assert_eq!((offset, zone.offset_at(from), zone.offset_at(until - 1)), (offset, offset, offset));
                prop_assert!(from <= t && (t < until || t == i64::MAX));
            }
        }

        #[test]
        fn nothing_panics(zone in any_zone(), t: i64, text in ".*") {
            for t in [t, i64::MIN, i64::MAX] {
                let _ = (zone.to_utc(t), zone.to_local(t), zone.date_at(t), local_text(zone, t));
            }
            let _ = Zone::parse(&text);
        }
    }
}
