//! How many bars a calendar makes, nominally (for annualisation) and actually (for completeness of data).
//!
//! Intraday bars are cut from the open of their session, and the last one of a session may be shorter. Bars of days
//! count sessions from the calendar's first, so that they do not depend on where data starts; bars of weeks start
//! with Monday's week and bars of months with the calendar month, counted from 1970 and from the year 0.

use super::{Calendar, Session};
use crate::time::{NANOS_PER_MINUTE, TimeRange};
use crate::timeframe::{Timeframe, Unit};

impl Calendar {
    /// Sessions in a nominal year: 252 for US equities, 365 for crypto.
    pub fn sessions_per_year(&self) -> f64 {
        self.0.sessions_per_year
    }

    /// Bars that a full session makes; of a timeframe of several sessions, the part of a bar.
    pub fn bars_per_session(&self, timeframe: Timeframe) -> f64 {
        match timeframe.nanos() {
            Some(width) => {
                let session = i64::from(self.0.close_minute - self.0.open_minute) * NANOS_PER_MINUTE;
                bars_in(session, width) as f64
            }
            None if timeframe.unit() == Unit::Day => 1.0 / f64::from(timeframe.n()),
            None => self.periods_per_year(timeframe) / self.0.sessions_per_year,
        }
    }

    /// Bars in a nominal year, for annualising: 6,552 of 15 minutes for US equities, 52 weeks, 12 months.
    pub fn periods_per_year(&self, timeframe: Timeframe) -> f64 {
        let n = f64::from(timeframe.n());
        match timeframe.unit() {
            Unit::Day => self.0.sessions_per_year / n,
            Unit::Week => 52.0 / n,
            Unit::Month => 12.0 / n,
            _ => self.0.sessions_per_year * self.bars_per_session(timeframe),
        }
    }

    /// How many bars open within a range, with holidays and short days as they were. So two ranges that meet have
    /// together what one over both has. Days that the calendar does not know have none; see
    /// [`Calendar::ensure_covers`].
    pub fn expected_bars(&self, range: TimeRange, timeframe: Timeframe) -> usize {
        if range.is_empty() {
            return 0;
        }
        let Some(width) = timeframe.nanos() else {
            let (first, last) = (self.opened_before(range.start), self.opened_before(range.end));
            if timeframe.unit() == Unit::Day {
                let n = timeframe.n() as usize;
                return last.div_ceil(n) - first.div_ceil(n);
            }
            return (first..last).filter(|rank| self.starts_bar(*rank, timeframe)).count();
        };
        let mut count = 0;
        let mut rank = self.closed_by(range.start);
        while let Some(session) = self.session_at_rank(rank).filter(|s| s.open < range.end) {
            let bars_before = |t: i64| bars_in(t.min(session.close).saturating_sub(session.open), width);
            count += bars_before(range.end) - bars_before(range.start);
            rank += 1;
        }
        count
    }

    /// The bar that an instant lies in, from its open to its close. An intraday bar ends with its session at the
    /// latest; a bar of days, weeks or months reaches from its first session's open to its last one's close.
    pub fn bar_at(&self, t: i64, timeframe: Timeframe) -> Option<TimeRange> {
        let rank = self.rank_at(t)?;
        let session = self.session_at_rank(rank)?;
        if let Some(width) = timeframe.nanos() {
            let start = session.open.checked_add(t.checked_sub(session.open)?.div_euclid(width).checked_mul(width)?)?;
            let bar = TimeRange { start, end: start.saturating_add(width).min(session.close) };
            return session.contains(t).then_some(bar);
        }
        let (mut first, mut last) = (rank, rank);
        while !self.starts_bar(first, timeframe) {
            first -= 1;
        }
        while self.session_at_rank(last + 1).is_some() && !self.starts_bar(last + 1, timeframe) {
            last += 1;
        }
        let bar = TimeRange { start: self.session_at_rank(first)?.open, end: self.session_at_rank(last)?.close };
        bar.contains(t).then_some(bar)
    }

    /// How many sessions open before an instant.
    fn opened_before(&self, t: i64) -> usize {
        let rank = self.closed_by(t);
        rank + usize::from(self.session_at_rank(rank).is_some_and(|s| s.open < t))
    }

    /// Whether a session is the first of a bar of days, weeks or months. The first session of all is.
    fn starts_bar(&self, rank: usize, timeframe: Timeframe) -> bool {
        let n = timeframe.n();
        if timeframe.unit() == Unit::Day {
            return rank.is_multiple_of(n as usize);
        }
        let bucket = |session: Session| {
            let whole = if timeframe.unit() == Unit::Week {
                // 1969-12-29 was a Monday.
                (i64::from(session.date.days()) + 3).div_euclid(7)
            } else {
                let (year, month, _) = session.date.ymd();
                i64::from(year) * 12 + i64::from(month) - 1
            };
            whole.div_euclid(i64::from(n))
        };
        let previous = rank.checked_sub(1).and_then(|r| self.session_at_rank(r));
        previous.map(bucket) != self.session_at_rank(rank).map(bucket)
    }
}

/// How many bars of a width open in the first so many nanoseconds of a session.
const fn bars_in(nanos: i64, width: i64) -> usize {
    if nanos <= 0 { 0 } else { ((nanos - 1) / width + 1) as usize }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::calendar::CalendarSpec;
    use crate::time::{Date, Timestamp};
    use crate::zone::Zone;

    fn tf(text: &str) -> Timeframe {
        Timeframe::parse(text).unwrap()
    }

    fn days(from: &str, to: &str) -> TimeRange {
        TimeRange::of_days(Date::parse(from).unwrap(), Date::parse(to).unwrap())
    }

    /// The numbers of ruling R9.
    #[test]
    fn nominal_numbers() {
        let (equities, crypto) = (Calendar::us_equities(), Calendar::crypto());
        for (text, per_session, per_year) in [
            ("1m", 390.0, 98_280.0),
            ("5m", 78.0, 19_656.0),
            ("15m", 26.0, 6_552.0),
            ("1h", 7.0, 1_764.0),
            ("4h", 2.0, 504.0),
            ("24h", 1.0, 252.0),
            ("1d", 1.0, 252.0),
            ("2d", 0.5, 126.0),
            ("1w", 52.0 / 252.0, 52.0),
            ("1mo", 12.0 / 252.0, 12.0),
        ] {
            assert_eq!(equities.bars_per_session(tf(text)), per_session, "{text}");
            assert_eq!(equities.periods_per_year(tf(text)), per_year, "{text}");
        }
        for (text, per_year) in [("5m", 105_120.0), ("1h", 8_760.0), ("1d", 365.0), ("1w", 52.0), ("1mo", 12.0)] {
            assert_eq!(crypto.periods_per_year(tf(text)), per_year, "{text}");
        }
        assert_eq!((equities.sessions_per_year(), crypto.sessions_per_year()), (252.0, 365.0));
    }

    #[test]
    fn actual_numbers() {
        let (equities, crypto) = (Calendar::us_equities(), Calendar::crypto());
        for (from, to, text, bars) in [
            ("2024-01-01", "2025-01-01", "1d", 252),
            ("2024-01-01", "2025-01-01", "1w", 53),
            ("2024-01-01", "2025-01-01", "1mo", 12),
            // 249 full sessions and three of 13:00.
            ("2024-01-01", "2025-01-01", "5m", 249 * 78 + 3 * 42),
            ("2024-01-01", "2025-01-01", "1h", 249 * 7 + 3 * 4),
            ("2024-11-29", "2024-11-30", "1h", 4),
            ("2024-11-29", "2024-11-30", "4h", 1),
            ("2024-11-28", "2024-11-29", "5m", 0),
            ("2024-12-23", "2024-12-28", "15m", 26 + 14 + 26 + 26),
            ("1980-01-01", "1990-01-01", "1d", 0),
            ("2024-01-02", "2024-01-02", "5m", 0),
            ("2024-01-03", "2024-01-02", "5m", 0),
        ] {
            assert_eq!(equities.expected_bars(days(from, to), tf(text)), bars, "{from} {to} {text}");
        }
        assert_eq!(crypto.expected_bars(days("2024-01-01", "2025-01-01"), tf("5m")), 366 * 288);
        assert_eq!(crypto.expected_bars(days("2024-02-01", "2024-03-01"), tf("1d")), 29);
        assert_eq!(crypto.expected_bars(days("2024-02-01", "2024-03-01"), tf("1w")), 4);
        assert_eq!(equities.expected_bars(TimeRange::ALL, tf("1mo")), 111 * 12);
        assert!(crypto.expected_bars(TimeRange::ALL, tf("1ms")) > 1_000_000_000_000);
    }

    #[test]
    fn bars_have_ends() {
        let equities = Calendar::us_equities();
        let bar = |t: &str, text: &str| {
            let range = equities.bar_at(Timestamp::parse(t).unwrap().0, tf(text));
            range.map(|r| r.to_string()).unwrap_or_default()
        };
        assert_eq!(bar("2024-03-28T13:34:59Z", "5m"), "[2024-03-28T13:30:00Z, 2024-03-28T13:35:00Z)");
        assert_eq!(bar("2024-03-28T19:45:00Z", "1h"), "[2024-03-28T19:30:00Z, 2024-03-28T20:00:00Z)");
        assert_eq!(bar("2024-03-28T20:00:00Z", "1h"), "");
        assert_eq!(bar("2024-03-28T15:00:00Z", "1d"), "[2024-03-28T13:30:00Z, 2024-03-28T20:00:00Z)");
        assert_eq!(bar("2024-03-27T23:00:00Z", "1w"), "[2024-03-25T13:30:00Z, 2024-03-28T20:00:00Z)");
        assert_eq!(bar("2024-03-29T15:00:00Z", "1w"), "");
        assert_eq!(bar("2024-03-02T15:00:00Z", "1mo"), "[2024-03-01T14:30:00Z, 2024-03-28T20:00:00Z)");
        assert_eq!(bar("1989-12-29T15:00:00Z", "1d"), "");
    }

    fn any_timeframe() -> impl Strategy<Value = Timeframe> {
        proptest::sample::select(vec!["7m", "15m", "1h", "4h", "24h", "1d", "2d", "5d", "1w", "2w", "1mo", "3mo"])
            .prop_map(tf)
    }

    fn any_calendar() -> impl Strategy<Value = Calendar> {
        let overnight = CalendarSpec::new("overnight", Zone::Chicago, -420, 960);
        let all = vec![Calendar::us_equities(), Calendar::crypto(), Calendar::custom(overnight).unwrap()];
        proptest::sample::select(all)
    }

    proptest! {
        #[test]
        fn ranges_that_meet_add_up(
            calendar in any_calendar(), timeframe in any_timeframe(),
            mut at in proptest::array::uniform3(600_000_000..2_000_000_000_i64),
        ) {
            at.sort_unstable();
            let [a, b, c] = at.map(|s| s * 1_000_000_000);
            let count = |from, to| calendar.expected_bars(TimeRange::new(from, to), timeframe);
            prop_assert_eq!(count(a, b) + count(b, c), count(a, c));
        }

        #[test]
        fn a_bar_is_expected_once_and_holds_what_asked_for_it(
            calendar in any_calendar(), timeframe in any_timeframe(), second in 640_000_000..2_000_000_000_i64,
        ) {
            let t = second * 1_000_000_000;
            if let Some(bar) = calendar.bar_at(t, timeframe) {
                prop_assert!(bar.contains(t));
                prop_assert_eq!(calendar.expected_bars(bar, timeframe), 1);
                prop_assert_eq!(calendar.bar_at(bar.start, timeframe), Some(bar));
                prop_assert_eq!(calendar.bar_at(bar.end - 1, timeframe), Some(bar));
            } else if timeframe.is_intraday() {
                prop_assert_eq!(calendar.session_at(t), None);
            }
        }

        #[test]
        fn no_instant_panics(calendar in any_calendar(), timeframe in any_timeframe(), start: i64, end: i64) {
            for t in [start, end, i64::MIN, i64::MAX] {
                let _ = calendar.bar_at(t, timeframe);
            }
            let _ = calendar.expected_bars(TimeRange::new(start, end), timeframe);
        }
    }
}
