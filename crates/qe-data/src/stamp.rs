//! Reading the time stamps that people write, and putting rows in their place on the calendar.
//!
//! A stamp may be an instant (it names a zone, or counts from 1970), a wall-clock time in a zone that the
//! specification names, or a day. [`Placer`] turns it into the time a row opened and the time it was complete.

#[cfg(feature = "frame")]
use qe_core::time::NANOS_PER_DAY;
use qe_core::time::{Date, NANOS_PER_SECOND, TimeRange};
use qe_core::zone::{Local, Zone};

use crate::resample::{Bucketer, ResampleSpec, Side};
use crate::spec::{DataKind, DataSpec, TimeUnit};
use qe_core::calendar::{Calendar, SessionHours};

/// What a stamp says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamp {
    /// An instant, nanoseconds UTC.
    Instant(i64),
    /// A reading of a clock on the wall, as if it were UTC.
    Wall(i64),
    /// A day.
    Day(Date),
}

impl Stamp {
    /// Reads a stamp: RFC 3339 with or without a zone, `2024-01-02`, `20240102`, with `T` or a space before
    /// `09:30`, `09:30:00.5` or `093000`, or a count since 1970 in s, ms, us or ns.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let bytes = text.as_bytes();
        // A count from before 1970 has a sign in front.
        let unsigned = bytes.strip_prefix(b"-").unwrap_or(bytes);
        let digits = unsigned.iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == unsigned.len() {
            return match (digits, text.parse::<i64>().ok()?) {
                (8, 0..) => Date::parse(text).ok().map(Self::Day),
                (14, n) if (19_000_000_000_000..22_000_000_000_000).contains(&n) => {
                    let date = Date::parse(&text[..8]).ok()?;
                    Some(Self::Wall(date.midnight_utc().checked_add(time_of_day(&text[8..])?)?))
                }
                (0..8, _) => None,
                (_, n) => n.checked_mul(TimeUnit::guess(n).nanos()).map(Self::Instant),
            };
        }
        let at = bytes.iter().position(|b| matches!(b, b' ' | b'T' | b't')).unwrap_or(bytes.len());
        let (day, rest) = (text.get(..at)?, text.get(at + 1..).unwrap_or("").trim());
        let date = match day.replace('/', "-") {
            d if d.len() == 8 || d.find('-') == Some(4) => Date::parse(&d).ok()?,
            _ => return None,
        };
        if rest.is_empty() {
            return Some(Self::Day(date));
        }
        let zone = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
        let wall = date.checked_midnight_utc()?.checked_add(time_of_day(rest.get(..zone)?.trim())?)?;
        match &rest[zone..] {
            "" => Some(Self::Wall(wall)),
            offset => wall.checked_sub(offset_nanos(offset)?).map(Self::Instant),
        }
    }

    /// What the clock shows, as if it were UTC: to tell how far two stamps are apart.
    #[cfg(feature = "frame")]
    pub(crate) fn reading(self) -> i64 {
        match self {
            Self::Instant(at) | Self::Wall(at) => at,
            Self::Day(date) => date.checked_midnight_utc().unwrap_or(i64::MAX),
        }
    }

    /// The instant, for clocks in `zone`; `None` for an hour that the clocks skipped. Of an hour that they showed
    /// twice, the first is meant.
    pub fn instant(self, zone: Zone) -> Option<i64> {
        let wall = match self {
            Self::Instant(at) => return Some(at),
            Self::Wall(wall) => wall,
            Self::Day(date) => date.checked_midnight_utc()?,
        };
        match zone.to_utc(wall) {
            Local::One(at) | Local::Ambiguous(at, _) => Some(at),
            Local::Missing { .. } => None,
        }
    }
}

/// Nanoseconds since midnight of `09:30`, `0930`, `09:30:15`, `093015` or `09:30:15.25`.
fn time_of_day(text: &str) -> Option<i64> {
    let (clock, fraction) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let digits: String = clock.chars().filter(|c| *c != ':').collect();
    let colons = clock.len() - digits.len();
    let plain = digits.bytes().all(|b| b.is_ascii_digit()) && fraction.bytes().all(|b| b.is_ascii_digit());
    if !plain || fraction.len() > 9 || !matches!((digits.len(), colons), (4, 0 | 1) | (6, 0 | 2)) {
        return None;
    }
    let part = |at: usize| digits.get(at..at + 2).and_then(|d| d.parse::<i64>().ok());
    let (h, m, s) = (part(0)?, part(2)?, part(4).unwrap_or(0));
    let ns = format!("{fraction:0<9}").parse::<i64>().ok()?;
    (h < 24 && m < 60 && s < 60).then_some((h * 3600 + m * 60 + s) * NANOS_PER_SECOND + ns)
}

/// Nanoseconds east of UTC of `Z`, `+05:30`, `-0400` or `+01`.
fn offset_nanos(text: &str) -> Option<i64> {
    if text.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let digits: String = text[1..].chars().filter(|c| *c != ':').collect();
    let padded = if digits.len() == 2 { format!("{digits}00") } else { digits };
    (padded.len() == 4).then(|| time_of_day(&padded)).flatten().map(|ns| sign * ns)
}

/// When a row opened and when it was complete, nanoseconds UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its beginning.
    pub open: i64,
    /// Its completion.
    pub available: i64,
}

/// Puts rows in their place on the calendar.
///
/// A bar that the opening or the close of a session cuts is kept with the part inside: New York's hourly bar of 9:00
/// opens at 9:30, the one of 15:30 is complete at 16:00. A daily bar opens and is complete with its session.
#[derive(Debug, Clone)]
pub struct Placer {
    kind: DataKind,
    stamp: Side,
    width: Option<i64>,
    hours: SessionHours,
    calendar: Calendar,
    coarse: Bucketer,
    range: TimeRange,
    window: TimeRange,
}

impl Placer {
    /// A placer for the rows of a specification.
    pub fn new(spec: &DataSpec) -> Self {
        let hours = match spec.hours {
            SessionHours::All => SessionHours::Regular,
            hours => hours,
        };
        let coarse = ResampleSpec::new(spec.timeframe, spec.calendar.clone()).hours(hours);
        Self {
            kind: spec.kind,
            stamp: spec.time.stamp,
            width: spec.timeframe.nanos(),
            hours: spec.hours,
            calendar: spec.calendar.clone(),
            coarse: Bucketer::new(&coarse),
            range: spec.range(),
            window: TimeRange { start: 0, end: 0 },
        }
    }

    /// Whether rows are events, which open and are complete at once.
    fn is_event(&self) -> bool {
        matches!(self.kind, DataKind::Trades | DataKind::Quotes)
    }

    /// Whether a row is a whole session or more.
    pub fn is_coarse(&self) -> bool {
        !self.is_event() && self.width.is_none()
    }

    /// The place of a row stamped at an instant; `None` outside of the hours or the range that are wanted. A day or
    /// more goes by [`Placer::day`].
    #[inline]
    pub fn instant(&mut self, at: i64) -> Option<Place> {
        let width = if self.is_event() { 0 } else { self.width.unwrap_or(0) };
        let open = if self.stamp == Side::Right { at.checked_sub(width)? } else { at };
        let end = open.checked_add(width)?;
        let place = if self.hours == SessionHours::All {
            Place { open, available: end }
        } else {
            if !(self.window.contains(open) && end <= self.window.end) {
                self.window = self.find_window(open, end)?;
            }
            Place { open: open.max(self.window.start), available: end.min(self.window.end) }
        };
        self.range.contains(place.open).then_some(place)
    }

    /// For rows that are all wanted whatever the calendar says: how long one is. It opens at its stamp then.
    pub fn all_as_stamped(&self) -> Option<i64> {
        let plain = self.hours == SessionHours::All && self.range == TimeRange::ALL && self.stamp == Side::Left;
        let width = if self.is_event() { Some(0) } else { self.width };
        width.filter(|_| plain)
    }

    /// The place of a row of whole sessions, named after a day.
    pub fn day(&mut self, date: Date) -> Option<Place> {
        let bucket = self.coarse.bucket_of_day(date)?;
        let place = Place { open: bucket.start, available: bucket.end };
        self.range.contains(place.open).then_some(place)
    }

    /// The day that a coarse row is named after, by its stamp on the clocks of `zone`.
    pub fn day_of(&self, stamp: Stamp, zone: Zone) -> Option<Date> {
        let date = match stamp {
            Stamp::Day(date) => date,
            Stamp::Wall(wall) => Date::of_nanos(if self.stamp == Side::Right { wall.checked_sub(1)? } else { wall }),
            Stamp::Instant(at) => zone.date_at(if self.stamp == Side::Right { at.checked_sub(1)? } else { at }),
        };
        Some(date)
    }

    /// The trading hours that `[open, end)` meets, the instant `open` alone for an event.
    fn find_window(&self, open: i64, end: i64) -> Option<TimeRange> {
        let date = self.calendar.zone().date_at(open);
        [date, date.add_days(1), date.add_days(-1)]
            .into_iter()
            .filter_map(|d| self.calendar.window(d, self.hours))
            .find(|w| w.contains(open) || (open < w.start && end > w.start))
    }
}

/// How far a row's stamp may lie from the opening that it is put at: the length of a bar, and for whole sessions, which
/// may be named after any of their days, the length of their group.
#[cfg(feature = "frame")]
pub(crate) fn placing_slack(spec: &DataSpec) -> i64 {
    match (spec.kind, spec.timeframe.nanos()) {
        (DataKind::Trades | DataKind::Quotes, _) => 0,
        (_, Some(width)) => width,
        (_, None) => spec.timeframe.nominal_nanos().saturating_mul(2).saturating_add(10 * NANOS_PER_DAY),
    }
}

/// The first and the last day that a partition with rows of `spec` may be named after, both included; `None` for no
/// limit. Without a partition zone, both UTC's and the calendar's days are meant.
#[cfg(feature = "frame")]
pub(crate) fn partition_days(spec: &DataSpec) -> Option<(Date, Date)> {
    let range = spec.range();
    if range == TimeRange::ALL {
        return None;
    }
    let zone = spec.calendar.zone();
    let far = |date: Option<Date>, default: i32| date.unwrap_or(Date::from_days(default));
    let slack = placing_slack(spec);
    let is_coarse = Placer::new(spec).is_coarse();
    // The hours of trading are tighter than the days: the last bar of a month opens before midnight everywhere.
    let by_hours = spec.hours != SessionHours::All && !is_coarse;
    let tight = |date: Date| spec.calendar.window(date, spec.hours);
    // A bar that the opening cuts is filed under the stamp before it, and one stamped at its end under that.
    let early = if by_hours || is_coarse { slack } else { 0 };
    let late = if spec.time.stamp == Side::Right || is_coarse { slack } else { 0 };
    let first = (range.start > i64::MIN).then(|| {
        let day = zone.date_at(range.start);
        let session = spec.calendar.session_on_or_after(day).and_then(|s| tight(s.date));
        let from = session.filter(|_| by_hours).map_or(range.start, |w| w.start.max(range.start));
        names(from.saturating_sub(early), spec, zone).0
    });
    let last = (range.end < i64::MAX).then(|| {
        let before = range.end.saturating_sub(1);
        let session = spec.calendar.session_on_or_before(zone.date_at(before)).and_then(|s| tight(s.date));
        let to = session.filter(|_| by_hours).map_or(before, |w| (w.end - 1).min(before));
        names(to.saturating_add(late), spec, zone).1
    });
    Some((far(first, -1_000_000), far(last, 1_000_000)))
}

/// The earliest and the latest day that an instant may be filed under.
#[cfg(feature = "frame")]
fn names(at: i64, spec: &DataSpec, zone: Zone) -> (Date, Date) {
    match spec.partition_zone {
        Some(zone) => (zone.date_at(at), zone.date_at(at)),
        None => {
            let (a, b) = (zone.date_at(at), Zone::Utc.date_at(at));
            (a.min(b), a.max(b))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use qe_core::time::Timestamp;
    use qe_core::timeframe::Timeframe;

    fn at(text: &str) -> i64 {
        Timestamp::parse(text).unwrap().nanos()
    }

    fn day(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    #[test]
    fn stamps_are_read_as_people_write_them() {
        let wall = at("2024-03-05T09:30:00Z");
        for text in ["2024-03-05 09:30", "2024-03-05T09:30:00", "20240305 093000", "2024/03/05 0930", "20240305093000"]
        {
            assert_eq!(Stamp::parse(text), Some(Stamp::Wall(wall)), "{text}");
        }
        for text in [
            "2024-03-05T09:30:00Z",
            "2024-03-05 04:30:00-05:00",
            "2024-03-05T15:00+0530",
            "2024-03-05 10:30:00+01",
            "1709631000",
            "1709631000000",
            "1709631000000000",
            "1709631000000000000",
        ] {
            assert_eq!(Stamp::parse(text), Some(Stamp::Instant(wall)), "{text}");
        }
        let early = at("1950-01-01T00:00:00Z");
        for text in ["-631152000", "-631152000000", "-631152000000000", "-631152000000000000"] {
            assert_eq!(Stamp::parse(text), Some(Stamp::Instant(early)), "{text}");
        }
        for text in ["-", "--5", "-20240305", "-20240305093000"] {
            assert!(!matches!(Stamp::parse(text), Some(Stamp::Day(_) | Stamp::Wall(_))), "{text}");
        }
        assert_eq!(Stamp::parse("2024-03-05"), Some(Stamp::Day(day("2024-03-05"))));
        assert_eq!(Stamp::parse("20240305"), Some(Stamp::Day(day("2024-03-05"))));
        for text in ["", "x", "2024-13-05", "2024-03-05 25:00", "03/05/2024", "2024-03-05 9:30:61", "12345", "é4-03-05"]
        {
            assert_eq!(Stamp::parse(text), None, "{text}");
        }
        assert_eq!(Stamp::parse("2024-03-05 09:30:00.25"), Some(Stamp::Wall(wall + 250_000_000)));
    }

    #[test]
    fn walls_follow_their_zone_and_a_skipped_hour_is_none() {
        let wall = |text| Stamp::parse(text).unwrap();
        assert_eq!(wall("2024-03-08 09:30").instant(Zone::NewYork), Some(at("2024-03-08T14:30:00Z")));
        assert_eq!(wall("2024-03-11 09:30").instant(Zone::NewYork), Some(at("2024-03-11T13:30:00Z")));
        assert_eq!(wall("2024-03-10 02:30").instant(Zone::NewYork), None);
        assert_eq!(wall("2024-11-03 01:30").instant(Zone::NewYork), Some(at("2024-11-03T05:30:00Z")));
    }

    #[test]
    fn bars_are_cut_to_their_session() {
        let spec = DataSpec::bars(["x"], Timeframe::H1);
        let mut placer = Placer::new(&spec);
        let place = |a: &str, b: &str| Some(Place { open: at(a), available: at(b) });
        // July: New York is four hours behind UTC.
        assert_eq!(
            placer.instant(at("2024-07-02T13:00:00Z")),
            place("2024-07-02T13:30:00Z", "2024-07-02T14:00:00Z"),
            "the bar of 9:00 holds trades from 9:30 on"
        );
        assert_eq!(placer.instant(at("2024-07-02T19:30:00Z")), place("2024-07-02T19:30:00Z", "2024-07-02T20:00:00Z"));
        assert_eq!(placer.instant(at("2024-07-02T20:00:00Z")), None);
        assert_eq!(placer.instant(at("2024-07-02T12:30:00Z")), None, "it ends as trading begins");
        assert_eq!(placer.instant(at("2024-07-04T15:00:00Z")), None);
        let mut all = Placer::new(&DataSpec { hours: SessionHours::All, ..spec.clone() });
        assert_eq!(all.instant(at("2024-07-04T15:00:00Z")), place("2024-07-04T15:00:00Z", "2024-07-04T16:00:00Z"));
        let closing = crate::spec::TimeSpec { stamp: Side::Right, ..Default::default() };
        let mut late = Placer::new(&DataSpec { time: closing, ..spec });
        assert_eq!(late.instant(at("2024-07-02T15:30:00Z")), place("2024-07-02T14:30:00Z", "2024-07-02T15:30:00Z"));
    }

    #[test]
    fn daily_bars_are_known_at_the_close() {
        let mut placer = Placer::new(&DataSpec::bars(["x"], Timeframe::D1));
        let half = placer.day(day("2024-07-03")).unwrap();
        assert_eq!(Timestamp(half.available).to_string(), "2024-07-03T17:00:00Z");
        assert_eq!(placer.day(day("2024-07-04")), None);
        // Midnight in New York, as some vendors stamp days in UTC.
        let stamp = Stamp::Instant(at("2024-07-03T04:00:00Z"));
        assert_eq!(placer.day_of(stamp, Zone::Utc), Some(day("2024-07-03")));
        let closing = crate::spec::TimeSpec { stamp: Side::Right, ..Default::default() };
        let crypto = DataSpec { calendar: Calendar::crypto(), time: closing, ..DataSpec::bars(["x"], Timeframe::D1) };
        let stamp = Stamp::Instant(at("2024-07-04T00:00:00Z"));
        assert_eq!(Placer::new(&crypto).day_of(stamp, Zone::Utc), Some(day("2024-07-03")));
        let wall = Stamp::Wall(at("2024-07-04T00:00:00Z"));
        assert_eq!(Placer::new(&crypto).day_of(wall, Zone::Utc), Some(day("2024-07-03")));
        let mut month = Placer::new(&DataSpec::bars(["x"], Timeframe::MO1));
        assert_eq!(Timestamp(month.day(day("2024-09-01")).unwrap().open).to_string(), "2024-09-03T13:30:00Z");
    }

    #[cfg(feature = "frame")]
    #[test]
    fn a_month_of_regular_sessions_lies_in_one_partition() {
        let march = DataSpec::bars(["x"], Timeframe::M1).between(day("2024-03-01"), day("2024-04-01"));
        // The 29th was Good Friday, and the 30th a Saturday.
        assert_eq!(partition_days(&march), Some((day("2024-03-01"), day("2024-03-28"))));
        let all = DataSpec { hours: SessionHours::All, ..march.clone() };
        assert_eq!(partition_days(&all), Some((day("2024-03-01"), day("2024-04-01"))), "UTC's day may be the next");
        let told = DataSpec { partition_zone: Some(Zone::NewYork), ..all };
        assert_eq!(partition_days(&told), Some((day("2024-03-01"), day("2024-03-31"))));
        assert_eq!(partition_days(&DataSpec::bars(["x"], Timeframe::M1)), None);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,30}") {
            let _ = Stamp::parse(&text);
        }

        #[test]
        fn odd_digits_never_panic(text in "[0-9:T zZ+\\-./]{0,30}") {
            if let Some(stamp) = Stamp::parse(&text) {
                let _ = stamp.instant(Zone::NewYork);
            }
        }

        #[test]
        fn no_instant_panics(t in any::<i64>(), right in any::<bool>()) {
            let stamp = if right { Side::Right } else { Side::Left };
            let time = crate::spec::TimeSpec { stamp, ..Default::default() };
            let spec = DataSpec { time, ..DataSpec::bars(["x"], Timeframe::H1) };
            if let Some(place) = Placer::new(&spec).instant(t) {
                prop_assert!(place.open < place.available);
            }
        }
    }
}
