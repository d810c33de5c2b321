//! Instants, days and half-open ranges of time, as plain integers.
//!
//! An instant is an `i64` of nanoseconds UTC since 1970-01-01, which reaches from 1677-09-21 to 2262-04-11; a day
//! is an `i32` of days since 1970-01-01. Leap seconds do not exist here, as they do not in any market data feed.
//! The civil arithmetic is the usual one for the proleptic Gregorian calendar: a year starts in March, so that the
//! leap day comes last, and 400 years are one era of 146,097 days.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::error::{Error, Result};

/// Nanoseconds in a millisecond.
pub const NANOS_PER_MILLISECOND: i64 = 1_000_000;
/// Nanoseconds in a second.
pub const NANOS_PER_SECOND: i64 = 1_000_000_000;
/// Nanoseconds in a minute.
pub const NANOS_PER_MINUTE: i64 = 60 * NANOS_PER_SECOND;
/// Nanoseconds in an hour.
pub const NANOS_PER_HOUR: i64 = 60 * NANOS_PER_MINUTE;
/// Nanoseconds in a day of 24 hours.
pub const NANOS_PER_DAY: i64 = 24 * NANOS_PER_HOUR;

const DATE_MEND: &str = "write a day like 2024-03-28 or 20240328";
const TIMESTAMP_MEND: &str = "write an instant like 2024-03-28T13:30:00Z or 2024-03-28T09:30:00-04:00, or a plain day";

/// An instant: nanoseconds UTC since 1970-01-01. As text it is RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The first instant that can be held, in 1677.
    pub const MIN: Self = Self(i64::MIN);
    /// The last instant that can be held, in 2262.
    pub const MAX: Self = Self(i64::MAX);
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// Reads RFC 3339: `2024-03-28T13:30:00Z`, with `T` or a space, with `Z` or an offset, with up to nine digits of
    /// fraction. A plain day is its midnight UTC. A time without `Z` or an offset is refused, because it could mean
    /// anything.
    pub fn parse(text: &str) -> Result<Self> {
        let bad = |reason: &str| Error::parse("an instant", text, reason, TIMESTAMP_MEND);
        let outside = || bad("it lies outside of 1677-09-21 to 2262-04-11, which nanoseconds in 64 bits reach");
        let bytes = text.as_bytes();
        if bytes.len() <= 10 {
            let date = Date::parse(text).map_err(|e| match e {
                Error::Parse { reason, .. } => bad(&reason),
                other => other,
            })?;
            return date.checked_midnight_utc().map(Self).ok_or_else(outside);
        }
        let date = text.get(..10).ok_or_else(|| bad("it is not plain ASCII"))?;
        let date = Date::parse(date).map_err(|e| match e {
            Error::Parse { reason, .. } => bad(&reason),
            other => other,
        })?;
        if bytes[4] != b'-' || !matches!(bytes[10], b'T' | b't' | b' ') {
            return Err(bad("the day YYYY-MM-DD must be followed by T or a space, and the time"));
        }
        let clock = bytes.get(11..19).filter(|c| c[2] == b':' && c[5] == b':');
        let clock = clock.ok_or_else(|| bad("after the day a time HH:MM:SS is needed"))?;
        let two = |at: usize| digits(&clock[at..at + 2]).ok_or_else(|| bad("after the day a time HH:MM:SS is needed"));
        let (hour, minute, second) = (two(0)?, two(3)?, two(6)?);
        if hour > 23 || minute > 59 || second > 59 {
            return Err(bad("there is no such time of day (leap seconds are not kept)"));
        }
        let mut rest = &bytes[19..];
        let mut fraction = 0_i64;
        if let Some((b'.' | b',', tail)) = rest.split_first() {
            let length = tail.iter().take_while(|b| b.is_ascii_digit()).count();
            if length == 0 || length > 9 {
                return Err(bad("a fraction of a second has one to nine digits"));
            }
            let scale = 10_i64.pow(9 - length as u32);
            fraction = digits(&tail[..length]).ok_or_else(|| bad("a fraction of a second is digits"))? * scale;
            rest = &tail[length..];
        }
        let offset = match rest {
            [b'Z' | b'z'] => 0,
            [] => return Err(bad("it does not say in which zone, so it could be any of 24 hours")),
            _ => parse_offset_minutes(rest).ok_or_else(|| bad("the zone must be Z or an offset like -04:00"))?,
        };
        let seconds = i64::from(date.0) * 86_400 + hour * 3_600 + minute * 60 + second - i64::from(offset) * 60;
        let nanos = i128::from(seconds) * i128::from(NANOS_PER_SECOND) + i128::from(fraction);
        i64::try_from(nanos).map(Self).map_err(|_| outside())
    }

    /// Nanoseconds since 1970-01-01.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// The UTC day this instant lies in.
    pub const fn date_utc(self) -> Date {
        Date::of_nanos(self.0)
    }

    /// Midnight UTC of a day. Days that nanoseconds do not reach give the first or last instant; ask
    /// [`Date::checked_midnight_utc`] where that could happen.
    pub const fn from_date(date: Date) -> Self {
        Self(date.midnight_utc())
    }

    /// This instant and so many nanoseconds, or `None` beyond what can be held.
    pub const fn checked_add(self, nanos: i64) -> Option<Self> {
        match self.0.checked_add(nanos) {
            Some(n) => Some(Self(n)),
            None => None,
        }
    }

    /// This instant less so many nanoseconds, or `None` beyond what can be held.
    pub const fn checked_sub(self, nanos: i64) -> Option<Self> {
        match self.0.checked_sub(nanos) {
            Some(n) => Some(Self(n)),
            None => None,
        }
    }

    /// Nanoseconds from `earlier` to this instant, or `None` beyond what can be held.
    pub const fn checked_since(self, earlier: Self) -> Option<i64> {
        self.0.checked_sub(earlier.0)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.rem_euclid(NANOS_PER_DAY);
        let seconds = nanos / NANOS_PER_SECOND;
        let (h, m, s) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        let mut text = format!("{}T{h:02}:{m:02}:{s:02}", self.date_utc());
        let fraction = nanos % NANOS_PER_SECOND;
        if fraction != 0 {
            let digits = format!("{fraction:09}");
            text.push('.');
            text.push_str(digits.trim_end_matches('0'));
        }
        text.push('Z');
        f.pad(&text)
    }
}

impl FromStr for Timestamp {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl From<Date> for Timestamp {
    fn from(date: Date) -> Self {
        Self::from_date(date)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_text(deserializer, "an instant as RFC 3339 text", Self::parse)
    }
}

/// A civil day: days since 1970-01-01. As text it is `YYYY-MM-DD`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Date(i32);

impl Date {
    /// The day with this year (0 to 9999), month (1 to 12) and day of the month.
    pub fn new(y: i32, m: u32, d: u32) -> Result<Date> {
        let reason = if !(0..=9999).contains(&y) {
            "the year must be within 0 and 9999".to_owned()
        } else if !(1..=12).contains(&m) {
            "the month must be within 1 and 12".to_owned()
        } else if d < 1 || d > days_in_month(y, m) {
            format!("that month has the days 1 to {}", days_in_month(y, m))
        } else {
            return Ok(Self::from_civil(y, m, d));
        };
        Err(Error::invalid("date", format_args!("{y:04}-{m:02}-{d:02}"), reason, DATE_MEND))
    }

    /// The day so many days after 1970-01-01.
    pub const fn from_days(days: i32) -> Date {
        Self(days)
    }

    /// Days since 1970-01-01.
    pub const fn days(self) -> i32 {
        self.0
    }

    /// A day from parts that are known to be right.
    pub(crate) const fn from_civil(y: i32, m: u32, d: u32) -> Date {
        let y = (if m <= 2 { y - 1 } else { y }) as i64;
        let era = y.div_euclid(400);
        let year_of_era = y.rem_euclid(400);
        let month_from_march = ((m + 9) % 12) as i64;
        let day_of_year = (153 * month_from_march + 2) / 5 + d as i64 - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Self((era * 146_097 + day_of_era - 719_468) as i32)
    }

    /// Year, month (1 to 12) and day of the month.
    pub const fn ymd(self) -> (i32, u32, u32) {
        let z = self.0 as i64 + 719_468;
        let era = z.div_euclid(146_097);
        let day_of_era = z.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u32;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 } as u32;
        let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
        (year as i32, month, day)
    }

    /// The year.
    pub const fn year(self) -> i32 {
        self.ymd().0
    }

    /// The month, 1 to 12.
    pub const fn month(self) -> u32 {
        self.ymd().1
    }

    /// The day of the month, from 1.
    pub const fn day(self) -> u32 {
        self.ymd().2
    }

    /// The day of the week.
    pub const fn weekday(self) -> Weekday {
        Weekday::ALL[(self.0 as i64 + 3).rem_euclid(7) as usize]
    }

    /// The day so many days later, or earlier if negative. It stops at the first and last day that can be held.
    pub const fn add_days(self, n: i32) -> Date {
        Self(self.0.saturating_add(n))
    }

    /// The first day of this day's month.
    pub const fn first_of_month(self) -> Date {
        Self(self.0.saturating_sub(self.day() as i32 - 1))
    }

    /// Monday of this day's week.
    pub const fn monday(self) -> Date {
        Self(self.0.saturating_sub(self.weekday() as i32))
    }

    /// Reads `YYYY-MM-DD` or `YYYYMMDD`.
    pub fn parse(text: &str) -> Result<Date> {
        let bad = |reason: String| Error::parse("a date", text, reason, DATE_MEND);
        let bytes = text.as_bytes();
        let parts = match bytes.len() {
            10 if bytes[4] == b'-' && bytes[7] == b'-' => [&bytes[..4], &bytes[5..7], &bytes[8..]],
            8 => [&bytes[..4], &bytes[4..6], &bytes[6..]],
            _ => return Err(bad("it is neither YYYY-MM-DD nor YYYYMMDD".to_owned())),
        };
        let [Some(y), Some(m), Some(d)] = parts.map(digits) else {
            return Err(bad("year, month and day must be digits".to_owned()));
        };
        Self::new(y as i32, m as u32, d as u32).map_err(|e| match e {
            Error::Invalid { reason, .. } => bad(reason),
            other => other,
        })
    }

    /// Midnight UTC at which this day starts. Days that nanoseconds do not reach (before 1677-09-22 and after
    /// 2262-04-11) give the first or last instant.
    pub const fn midnight_utc(self) -> i64 {
        (self.0 as i64).saturating_mul(NANOS_PER_DAY)
    }

    /// Midnight UTC at which this day starts, or `None` where nanoseconds do not reach it.
    pub const fn checked_midnight_utc(self) -> Option<i64> {
        (self.0 as i64).checked_mul(NANOS_PER_DAY)
    }

    /// The day an instant lies in, reading it as UTC. Give it wall nanoseconds to get the local day.
    pub const fn of_nanos(nanos: i64) -> Date {
        Self(nanos.div_euclid(NANOS_PER_DAY) as i32)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (y, m, d) = self.ymd();
        if (0..=9999).contains(&y) {
            f.pad(&format!("{y:04}-{m:02}-{d:02}"))
        } else {
            f.pad(&format!("{y:+05}-{m:02}-{d:02}"))
        }
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Date({self})")
    }
}

impl FromStr for Date {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_text(deserializer, "a day as YYYY-MM-DD", Self::parse)
    }
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

impl Weekday {
    /// All seven, from Monday.
    pub const ALL: [Self; 7] = [Self::Mon, Self::Tue, Self::Wed, Self::Thu, Self::Fri, Self::Sat, Self::Sun];

    /// 0 for Monday to 6 for Sunday.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Whether it is Saturday or Sunday.
    pub const fn is_weekend(self) -> bool {
        matches!(self, Self::Sat | Self::Sun)
    }
}

impl fmt::Display for Weekday {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// A half-open stretch of time: `start <= t < end`, in nanoseconds UTC. As text its ends are RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeRange {
    /// The first instant inside.
    #[serde(with = "as_timestamp")]
    pub start: i64,
    /// The first instant that is outside again.
    #[serde(with = "as_timestamp")]
    pub end: i64,
}

impl TimeRange {
    /// All of time.
    pub const ALL: Self = Self { start: i64::MIN, end: i64::MAX };

    /// From `start` up to, and without, `end`.
    pub const fn new(start: i64, end: i64) -> Self {
        Self { start, end }
    }

    /// The UTC days from `from` up to, and without, `to`.
    pub const fn of_days(from: Date, to: Date) -> Self {
        Self { start: from.midnight_utc(), end: to.midnight_utc() }
    }

    /// Whether an instant lies inside.
    pub const fn contains(self, t: i64) -> bool {
        self.start <= t && t < self.end
    }

    /// Whether another range lies wholly inside. An empty one lies in every range.
    pub const fn encloses(self, other: Self) -> bool {
        other.is_empty() || (self.start <= other.start && other.end <= self.end)
    }

    /// What both have in common; empty where they do not meet.
    pub const fn intersect(self, other: Self) -> Self {
        let start = if self.start > other.start { self.start } else { other.start };
        let end = if self.end < other.end { self.end } else { other.end };
        Self { start, end: if end < start { start } else { end } }
    }

    /// Whether nothing lies inside.
    pub const fn is_empty(self) -> bool {
        self.end <= self.start
    }

    /// Nanoseconds inside. A range too long for 64 bits gives the largest number.
    pub const fn len_nanos(self) -> i64 {
        if self.is_empty() { 0 } else { self.end.saturating_sub(self.start) }
    }
}

impl fmt::Display for TimeRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("[{}, {})", Timestamp(self.start), Timestamp(self.end)))
    }
}

/// Nanoseconds that are written as RFC 3339.
pub(crate) mod as_timestamp {
    use super::{Deserialize, Deserializer, Result, Serialize, Serializer, Timestamp};

    pub(crate) fn serialize<S: Serializer>(nanos: &i64, serializer: S) -> Result<S::Ok, S::Error> {
        Timestamp(*nanos).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
        Timestamp::deserialize(deserializer).map(|t| t.0)
    }
}

/// The days of a month.
const fn days_in_month(y: i32, m: u32) -> u32 {
    match m {
        4 | 6 | 9 | 11 => 30,
        2 if y % 4 == 0 && (y % 100 != 0 || y % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// At most nine ASCII digits as a number.
fn digits(bytes: &[u8]) -> Option<i64> {
    if bytes.is_empty() || bytes.len() > 9 {
        return None;
    }
    bytes.iter().try_fold(0_i64, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
}

/// Minutes east of UTC from `+05:30`, `+0530` or `+05`.
pub(crate) fn parse_offset_minutes(bytes: &[u8]) -> Option<i32> {
    let (sign, rest) = bytes.split_first()?;
    let (h, m) = match rest {
        [a, b] => (digits(&[*a, *b])?, 0),
        [a, b, c, d] | [a, b, b':', c, d] => (digits(&[*a, *b])?, digits(&[*c, *d])?),
        _ => return None,
    };
    if h > 23 || m > 59 {
        return None;
    }
    let minutes = (h * 60 + m) as i32;
    match sign {
        b'+' => Some(minutes),
        b'-' => Some(-minutes),
        _ => None,
    }
}

/// Reads a value from its text, for a `Deserialize`.
pub(crate) fn deserialize_text<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    expecting: &'static str,
    parse: fn(&str) -> Result<T>,
) -> Result<T, D::Error> {
    struct Text<T>(&'static str, fn(&str) -> Result<T>);

    impl<T> Visitor<'_> for Text<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            (self.1)(text).map_err(E::custom)
        }
    }

    deserializer.deserialize_str(Text(expecting, parse))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_instants_are_read() {
        for (text, nanos) in [
            ("1970-01-01", 0),
            ("19700102", NANOS_PER_DAY),
            ("1970-01-01T00:00:00Z", 0),
            ("2001-09-09T01:46:40Z", 1_000_000_000 * NANOS_PER_SECOND),
            ("2001-09-09 01:46:40z", 1_000_000_000 * NANOS_PER_SECOND),
            ("2001-09-09T03:46:40.5+02:00", 1_000_000_000 * NANOS_PER_SECOND + 500_000_000),
            ("2001-09-08t20:46:40.000000001-0500", 1_000_000_000 * NANOS_PER_SECOND + 1),
            ("2001-09-09 01:46:40+00", 1_000_000_000 * NANOS_PER_SECOND),
            ("1969-12-31T23:59:59.999999999Z", -1),
            ("2262-04-11T23:47:16.854775807Z", i64::MAX),
            ("1677-09-21T00:12:43.145224192Z", i64::MIN),
        ] {
            assert_eq!(Timestamp::parse(text).map(|t| t.0), Ok(nanos), "{text}");
        }
    }

    #[test]
    fn instants_are_printed_with_a_fraction_only_where_there_is_one() {
        assert_eq!(Timestamp(0).to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(Timestamp(1_500_000_000).to_string(), "1970-01-01T00:00:01.5Z");
        assert_eq!(Timestamp(-1).to_string(), "1969-12-31T23:59:59.999999999Z");
        assert_eq!(Timestamp::MAX.to_string(), "2262-04-11T23:47:16.854775807Z");
        assert_eq!(Timestamp::MIN.to_string(), "1677-09-21T00:12:43.145224192Z");
        assert_eq!(format!("{:>22}|", Timestamp(0)), "  1970-01-01T00:00:00Z|");
    }

    #[test]
    fn bad_instants_say_what_is_wrong_and_how_to_mend_it() {
        for (text, reason) in [
            ("", "neither YYYY-MM-DD nor YYYYMMDD"),
            ("yesterday", "neither YYYY-MM-DD nor YYYYMMDD"),
            ("2024-03-28T13:30:00", "does not say in which zone"),
            ("2024-03-28T13:30Z", "a time HH:MM:SS is needed"),
            ("2024-03-28T24:00:00Z", "no such time of day"),
            ("2024-03-28T23:59:60Z", "no such time of day"),
            ("2024-02-30T00:00:00Z", "days 1 to 29"),
            ("2024-13-01", "month must be within 1 and 12"),
            ("2024-03-28T13:30:00.Z", "one to nine digits"),
            ("2024-03-28T13:30:00.1234567890Z", "one to nine digits"),
            ("2024-03-28T13:30:00+25:00", "Z or an offset"),
            ("2024-03-28T13:30:00Zulu", "Z or an offset"),
            ("2024-03-28X13:30:00Z", "followed by T or a space"),
            ("9999-12-31T00:00:00Z", "outside of 1677-09-21 to 2262-04-11"),
            ("2262-04-11T23:47:16.854775808Z", "outside of"),
            ("0000-01-01", "outside of"),
            ("2024-03-2é13:30:00Z", "not plain ASCII"),
        ] {
            let message = Timestamp::parse(text).unwrap_err().to_string();
            assert!(message.contains(reason), "{text}: {message}");
            assert!(message.contains(&format!("{text:?}")), "{message}");
            assert!(message.contains("2024-03-28T13:30:00Z"), "{message}");
        }
    }

    #[test]
    fn known_days() {
        for (y, m, d, days, weekday) in [
            (1970, 1, 1, 0, Weekday::Thu),
            (2000, 2, 29, 11_016, Weekday::Tue),
            (1969, 12, 31, -1, Weekday::Wed),
            (2024, 3, 10, 19_792, Weekday::Sun),
            (1900, 3, 1, -25_508, Weekday::Thu),
            (0, 1, 1, -719_528, Weekday::Sat),
            (9999, 12, 31, 2_932_896, Weekday::Fri),
        ] {
            let date = Date::new(y, m, d).unwrap();
            assert_eq!((date.days(), date.ymd(), date.weekday()), (days, (y, m, d), weekday));
        }
        assert_eq!(Date::parse("2024-02-29").unwrap().add_days(1).to_string(), "2024-03-01");
        assert_eq!(Date::parse("2024-02-29").unwrap().first_of_month().to_string(), "2024-02-01");
        assert_eq!(Date::parse("2024-03-10").unwrap().monday().to_string(), "2024-03-04");
        assert_eq!(Date::parse("2024-03-04").unwrap().monday().to_string(), "2024-03-04");
    }

    #[test]
    fn days_that_do_not_exist_are_refused() {
        for (y, m, d) in
            [(2023, 2, 29), (1900, 2, 29), (2024, 4, 31), (2024, 0, 1), (2024, 1, 0), (10_000, 1, 1), (-1, 1, 1)]
        {
            assert!(Date::new(y, m, d).is_err(), "{y} {m} {d}");
        }
        assert!(Date::new(i32::MIN, u32::MAX, u32::MAX).is_err());
        assert!(Date::new(i32::MAX, 1, 1).is_err());
        let message = Date::parse("2024-02-30").unwrap_err().to_string();
        assert!(message.contains("\"2024-02-30\"") && message.contains("1 to 29"), "{message}");
    }

    #[test]
    fn the_ends_of_time_do_not_panic() {
        for days in [i32::MIN, i32::MAX] {
            let date = Date::from_days(days);
            let _ = (date.to_string(), date.weekday(), date.monday(), date.first_of_month(), date.midnight_utc());
            assert_eq!(date.checked_midnight_utc(), None);
        }
        assert_eq!(Date::from_days(i32::MAX).add_days(1), Date::from_days(i32::MAX));
        assert_eq!(Date::of_nanos(i64::MIN).to_string(), "1677-09-21");
        assert_eq!(Date::of_nanos(-1).to_string(), "1969-12-31");
        assert_eq!(Timestamp::MAX.checked_add(1), None);
        assert_eq!(Timestamp::MIN.checked_sub(1), None);
        assert_eq!(Timestamp::MAX.checked_since(Timestamp::MIN), None);
        assert_eq!(Timestamp(5).checked_since(Timestamp(3)), Some(2));
        assert_eq!(TimeRange::ALL.len_nanos(), i64::MAX);
    }

    #[test]
    fn ranges_are_half_open() {
        let range = TimeRange::new(10, 20);
        assert!(range.contains(10) && range.contains(19) && !range.contains(20) && !range.contains(9));
        assert_eq!(range.intersect(TimeRange::new(15, 30)), TimeRange::new(15, 20));
        assert!(range.intersect(TimeRange::new(20, 30)).is_empty());
        assert!(range.intersect(TimeRange::new(40, 30)).is_empty());
        assert_eq!(range.intersect(TimeRange::ALL), range);
        assert!(TimeRange::ALL.encloses(range) && !range.encloses(TimeRange::ALL));
        assert_eq!(range.len_nanos(), 10);
    }

    #[test]
    fn serde_writes_text() {
        let range = TimeRange::new(0, NANOS_PER_DAY);
        let json = serde_json::to_string(&range).unwrap();
        assert_eq!(json, r#"{"start":"1970-01-01T00:00:00Z","end":"1970-01-02T00:00:00Z"}"#);
        assert_eq!(serde_json::from_str::<TimeRange>(&json).unwrap(), range);
        let days: TimeRange = serde_json::from_str(r#"{"start":"1970-01-01","end":"1970-01-02"}"#).unwrap();
        assert_eq!(days, range);
        let json = serde_json::to_string(&TimeRange::ALL).unwrap();
        assert_eq!(serde_json::from_str::<TimeRange>(&json).unwrap(), TimeRange::ALL);
        assert_eq!(serde_json::to_string(&Date::from_days(0)).unwrap(), "\"1970-01-01\"");
        assert_eq!(serde_json::from_str::<Date>("\"19700101\"").unwrap(), Date::from_days(0));
        assert_eq!(serde_json::from_str::<Weekday>("\"mon\"").unwrap(), Weekday::Mon);
        let message = serde_json::from_str::<Timestamp>("\"noon\"").unwrap_err().to_string();
        assert!(message.contains("\"noon\""), "{message}");
        assert!(serde_json::from_str::<Timestamp>("12").unwrap_err().to_string().contains("RFC 3339"));
    }

    #[test]
    fn every_day_of_a_thousand_years_follows_the_one_before() {
        let mut date = Date::new(1600, 1, 1).unwrap();
        let (mut y, mut m, mut d) = (1600, 1, 1);
        while y < 2600 {
            assert_eq!(date.ymd(), (y, m, d));
            assert_eq!(Date::new(y, m, d).unwrap(), date);
            date = date.add_days(1);
            d += 1;
            if d > days_in_month(y, m) {
                (m, d) = (m + 1, 1);
            }
            if m > 12 {
                (y, m) = (y + 1, 1);
            }
        }
    }

    proptest! {
        #[test]
        fn instants_round_trip(nanos: i64) {
            prop_assert_eq!(Timestamp::parse(&Timestamp(nanos).to_string()), Ok(Timestamp(nanos)));
        }

        #[test]
        fn days_round_trip(days in -719_528..=2_932_896_i32) {
            let date = Date::from_days(days);
            let (y, m, d) = date.ymd();
            prop_assert_eq!(Date::new(y, m, d), Ok(date));
            prop_assert_eq!(Date::parse(&date.to_string()), Ok(date));
        }

        #[test]
        fn no_text_panics(text in ".*", shaped in "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ].{0,24}") {
            for t in [text, shaped] {
                let _ = Date::parse(&t);
                if let Err(e) = Timestamp::parse(&t) {
                    let quoted = format!("{t:?}");
                    prop_assert!(e.to_string().contains(&quoted));
                }
            }
        }
    }
}
