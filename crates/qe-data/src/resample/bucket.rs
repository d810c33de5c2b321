//! Which bucket an instant falls into.

use qe_core::calendar::Calendar;
use qe_core::time::{Date, TimeRange};
use qe_core::timeframe::Unit;

use super::{ResampleSpec, Side};

/// One bucket: where it starts and where it ends, nanoseconds UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket {
    /// Its start: the opening time of its bar.
    pub start: i64,
    /// Its end: when its bar is complete.
    pub end: i64,
}

/// Finds the buckets of instants; cheap when instants come in order.
#[derive(Debug, Clone)]
pub struct Bucketer {
    spec: ResampleSpec,
    /// The stretch of the day that buckets are counted from, where the last instant fell into one.
    window: TimeRange,
    bucket: Bucket,
}

impl Bucketer {
    /// A finder of the buckets of `spec`.
    pub fn new(spec: &ResampleSpec) -> Self {
        let (window, bucket) = (TimeRange { start: 0, end: 0 }, Bucket { start: 0, end: 0 });
        Self { spec: spec.clone(), window, bucket }
    }

    /// The bucket of an instant; `None` outside of the hours of trading.
    #[inline]
    pub fn bucket_of(&mut self, at: i64) -> Option<Bucket> {
        match self.spec.closed {
            Side::Left => self.holding(at),
            // (start, end] holds `at` where [start, end) holds the nanosecond before; the opening instant of a
            // session has no such bucket and belongs to the first one.
            Side::Right => self.holding(at.saturating_sub(1)).or_else(|| self.holding(at)),
        }
    }

    /// The bucket of a day, for buckets of whole sessions; `None` where no session falls into it.
    pub fn bucket_of_day(&mut self, date: Date) -> Option<Bucket> {
        coarse(&self.spec, date, None)
    }

    /// Whether a later instant is still in the bucket that was found last, and in the same session.
    #[inline]
    pub fn still_holds(&self, at: i64) -> bool {
        let limit = self.bucket.end.min(self.window.end);
        match self.spec.closed {
            Side::Left => at < limit,
            Side::Right => at <= limit,
        }
    }

    /// The bucket `[start, end)` that holds `at`.
    fn holding(&mut self, at: i64) -> Option<Bucket> {
        if at >= self.bucket.start && at < self.bucket.end && self.window.contains(at) {
            return Some(self.bucket);
        }
        if !self.window.contains(at) {
            let (date, window) = window_at(&self.spec, at)?;
            self.window = window;
            if self.spec.timeframe.nanos().is_none() {
                self.bucket = coarse(&self.spec, date, Some(window))?;
                return Some(self.bucket);
            }
        }
        if let Some(width) = self.spec.timeframe.nanos() {
            let start = self.window.start + (at - self.window.start).div_euclid(width) * width;
            self.bucket = Bucket { start, end: start.saturating_add(width).min(self.window.end) };
        }
        Some(self.bucket)
    }
}

/// The trading hours that hold `at`, with their date.
fn window_at(spec: &ResampleSpec, at: i64) -> Option<(Date, TimeRange)> {
    // A window may begin on the evening before its date or end on the morning after it.
    let date = spec.calendar.zone().date_at(at);
    [date, date.add_days(1), date.add_days(-1)]
        .into_iter()
        .filter_map(|d| spec.calendar.window(d, spec.hours).map(|w| (d, w)))
        .find(|(_, w)| w.contains(at))
}

/// The bucket of whole sessions around `date`: from the first one's start to the last one's end. The window that led
/// to the day is part of it whatever the calendar says.
fn coarse(spec: &ResampleSpec, date: Date, window: Option<TimeRange>) -> Option<Bucket> {
    let (first, after) = group(&spec.calendar, date, spec.timeframe.n(), spec.timeframe.unit());
    let mut sessions =
        (first.days()..after.days()).map(Date::from_days).filter_map(|d| spec.calendar.window(d, spec.hours));
    let earliest = sessions.next().or(window)?;
    let latest = sessions.next_back().unwrap_or(earliest);
    let led = window.unwrap_or(earliest);
    Some(Bucket { start: earliest.start.min(led.start), end: latest.end.max(led.end) })
}

/// The days of the group of sessions that `date` falls into: the first, and the day after the last.
fn group(calendar: &Calendar, date: Date, n: u32, unit: Unit) -> (Date, Date) {
    let n = n.max(1) as i32;
    match unit {
        Unit::Week => {
            // Day -3 of 1970 was a Monday; the calendar counts weeks from there too.
            let weeks = (date.days() + 3).div_euclid(7 * n);
            (Date::from_days(weeks * 7 * n - 3), Date::from_days((weeks + 1) * 7 * n - 3))
        }
        Unit::Month => {
            let (y, m, _) = date.ymd();
            let months = (y * 12 + m as i32 - 1).div_euclid(n) * n;
            (first_of(months), first_of(months + n))
        }
        _ if n == 1 => (date, date.add_days(1)),
        _ => {
            // Sessions are counted from the calendar's first, as `Calendar::bar_at` does, so that no group depends
            // on the data.
            let ordinal = calendar.count_sessions(calendar.valid_from(), date) as i64 % i64::from(n);
            let own = calendar.session_on_or_after(date).map_or(date, |s| s.date);
            let first = calendar.shift(own, -ordinal).map_or(own, |s| s.date);
            let last = calendar.shift(first, i64::from(n) - 1).map(|s| s.date);
            let last = last.or_else(|| Some(calendar.session_on_or_before(calendar.valid_to())?.date)).unwrap_or(own);
            (first, last.add_days(1))
        }
    }
}

/// The first day of a month counted from year 0.
fn first_of(months: i32) -> Date {
    Date::new(months.div_euclid(12), months.rem_euclid(12) as u32 + 1, 1).unwrap_or(Date::from_days(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use qe_core::calendar::SessionHours;
    use qe_core::time::Timestamp;
    use qe_core::timeframe::Timeframe;

    fn at(text: &str) -> i64 {
        Timestamp::parse(text).unwrap().nanos()
    }

    fn buckets(tf: &str, calendar: Calendar, hours: SessionHours) -> Bucketer {
        Bucketer::new(&ResampleSpec::new(Timeframe::parse(tf).unwrap(), calendar).hours(hours))
    }

    fn span(b: Option<Bucket>) -> Option<(String, String)> {
        b.map(|b| (Timestamp(b.start).to_string(), Timestamp(b.end).to_string()))
    }

    fn pair(a: &str, b: &str) -> Option<(String, String)> {
        Some((a.to_owned(), b.to_owned()))
    }

    #[test]
    fn the_first_hour_begins_at_the_opening_in_winter_and_in_summer() {
        let mut b = buckets("1h", Calendar::us_equities(), SessionHours::Regular);
        // The Friday before and the Monday after clocks went forward on 10 March 2024.
        let winter = b.bucket_of(at("2024-03-08T14:31:00Z"));
        assert_eq!(span(winter), pair("2024-03-08T14:30:00Z", "2024-03-08T15:30:00Z"));
        let summer = b.bucket_of(at("2024-03-11T13:31:00Z"));
        assert_eq!(span(summer), pair("2024-03-11T13:30:00Z", "2024-03-11T14:30:00Z"));
        assert_eq!(b.bucket_of(at("2024-03-11T13:29:59Z")), None);
    }

    #[test]
    fn the_last_bucket_ends_at_the_close_and_half_days_are_short() {
        let mut b = buckets("4h", Calendar::us_equities(), SessionHours::Regular);
        let afternoon = b.bucket_of(at("2024-07-02T19:00:00Z"));
        assert_eq!(span(afternoon), pair("2024-07-02T17:30:00Z", "2024-07-02T20:00:00Z"));
        // 3 July 2024 closed at 13:00 in New York.
        let half = b.bucket_of(at("2024-07-03T14:00:00Z"));
        assert_eq!(span(half), pair("2024-07-03T13:30:00Z", "2024-07-03T17:00:00Z"));
        assert_eq!(b.bucket_of(at("2024-07-03T17:00:00Z")), None);
        assert_eq!(b.bucket_of(at("2024-07-04T15:00:00Z")), None, "a holiday");
    }

    #[test]
    fn a_closed_right_end_takes_the_edge_and_the_opening_instant() {
        let spec = ResampleSpec::new(Timeframe::M15, Calendar::us_equities()).closed(Side::Right);
        let mut b = Bucketer::new(&spec);
        let first = b.bucket_of(at("2024-07-02T13:30:00Z"));
        assert_eq!(span(first), pair("2024-07-02T13:30:00Z", "2024-07-02T13:45:00Z"));
        assert_eq!(b.bucket_of(at("2024-07-02T13:45:00Z")), first);
        let last = b.bucket_of(at("2024-07-02T20:00:00Z"));
        assert_eq!(span(last), pair("2024-07-02T19:45:00Z", "2024-07-02T20:00:00Z"));
    }

    #[test]
    fn around_the_clock_days_begin_at_midnight() {
        let mut b = buckets("4h", Calendar::crypto(), SessionHours::Regular);
        let night = b.bucket_of(at("2024-01-06T23:59:59.999999999Z"));
        assert_eq!(span(night), pair("2024-01-06T20:00:00Z", "2024-01-07T00:00:00Z"));
    }

    #[test]
    fn coarse_buckets_are_made_of_sessions() {
        let mut day = buckets("1d", Calendar::us_equities(), SessionHours::Regular);
        let d = day.bucket_of(at("2024-07-02T15:00:00Z"));
        assert_eq!(span(d), pair("2024-07-02T13:30:00Z", "2024-07-02T20:00:00Z"));
        let mut week = buckets("1w", Calendar::us_equities(), SessionHours::Regular);
        // Monday 1 July to Friday 5 July 2024, with a holiday on Thursday.
        let w = week.bucket_of(at("2024-07-03T15:00:00Z"));
        assert_eq!(span(w), pair("2024-07-01T13:30:00Z", "2024-07-05T20:00:00Z"));
        assert_eq!(week.bucket_of(at("2024-07-03T15:00:00Z")), w);
        let mut month = buckets("3mo", Calendar::us_equities(), SessionHours::Regular);
        let q = month.bucket_of(at("2024-05-15T15:00:00Z"));
        assert_eq!(span(q), pair("2024-04-01T13:30:00Z", "2024-06-28T20:00:00Z"));
    }

    #[test]
    fn groups_of_days_are_counted_from_the_first_session_of_the_calendar() {
        let mut b = buckets("2d", Calendar::us_equities(), SessionHours::Regular);
        // 1990 had 253 sessions: its last one makes a bar with the first of 1991.
        let first = b.bucket_of(at("1990-01-03T15:00:00Z"));
        assert_eq!(span(first), pair("1990-01-02T14:30:00Z", "1990-01-03T21:00:00Z"));
        let over = pair("1990-12-31T14:30:00Z", "1991-01-02T21:00:00Z");
        assert_eq!(span(b.bucket_of(at("1990-12-31T15:00:00Z"))), over);
        assert_eq!(span(b.bucket_of(at("1991-01-02T15:00:00Z"))), over);
        // A day without a session belongs to the next one's group.
        let day = |text| Date::parse(text).unwrap();
        assert_eq!(span(b.bucket_of_day(day("1991-01-01"))), over);
        assert_eq!(span(b.bucket_of_day(day("1990-01-01"))), span(first));
    }

    proptest! {
        /// One definition of a bar in the whole workspace: completeness and annualisation count the calendar's bars.
        #[test]
        fn buckets_are_the_bars_of_the_calendar(
            second in 640_000_000_i64..4_100_000_000,
            tf in prop::sample::select(vec!["7m", "1h", "4h", "24h", "1d", "2d", "5d", "1w", "2w", "3w", "1mo", "3mo", "5mo"]),
            which in 0..3_usize,
        ) {
            let overnight = qe_core::calendar::CalendarSpec::new("overnight", qe_core::zone::Zone::Chicago, -420, 960);
            let all = [Calendar::us_equities(), Calendar::crypto(), Calendar::custom(overnight).unwrap()];
            let (calendar, at) = (all[which].clone(), second * 1_000_000_000);
            let got = buckets(tf, calendar.clone(), SessionHours::Regular).bucket_of(at);
            let inside = calendar.session_at(at).is_some();
            let want = calendar.bar_at(at, Timeframe::parse(tf).unwrap()).filter(|_| inside);
            prop_assert_eq!(got.map(|b| (b.start, b.end)), want.map(|r| (r.start, r.end)));
        }

        /// The bucket of an instant holds it, and is the same whatever was asked before.
        #[test]
        fn buckets_do_not_depend_on_what_was_asked_before(
            times in prop::collection::vec(631_152_000_i64..1_893_456_000, 1..40),
            minutes in prop::sample::select(vec!["1m", "5m", "15m", "1h", "4h", "1d", "1w", "1mo", "7m"]),
            hours in prop::sample::select(vec![SessionHours::Regular, SessionHours::Extended, SessionHours::All]),
            right in any::<bool>(),
        ) {
            let side = if right { Side::Right } else { Side::Left };
            let spec = ResampleSpec::new(Timeframe::parse(minutes).unwrap(), Calendar::us_equities())
                .hours(hours).closed(side);
            let mut running = Bucketer::new(&spec);
            for t in times {
                let t = t * 1_000_000_000;
                let fresh = Bucketer::new(&spec).bucket_of(t);
                prop_assert_eq!(running.bucket_of(t), fresh);
                if let Some(b) = fresh {
                    prop_assert!(b.start <= t && t <= b.end && b.start < b.end);
                }
            }
        }
    }
}
