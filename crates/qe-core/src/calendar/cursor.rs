//! Sessions for ascending instants, by compare only.

use super::{Calendar, Session};
use crate::time::Date;

/// Remembers the session that is open or comes next, so that rows in ascending order cost two compares each.
/// Instants may come in any order; only the speed differs.
#[derive(Debug, Clone)]
pub struct SessionCursor {
    calendar: Calendar,
    rank: usize,
    /// The close before `current`; both span the instants for which it is the right one.
    start: i64,
    current: Option<Session>,
}

impl SessionCursor {
    /// A cursor that has seen nothing yet.
    pub fn new(calendar: Calendar) -> Self {
        Self { calendar, rank: 0, start: 0, current: None }
    }

    /// The calendar.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The session of the trading day that an instant belongs to: the one that is open or comes next. `None` outside
    /// of the days that the calendar knows.
    #[inline]
    pub fn trading_session(&mut self, t: i64) -> Option<Session> {
        match self.current {
            Some(session) if self.start <= t && t < session.close => Some(session),
            _ => self.seek(t),
        }
    }

    /// As [`Calendar::session_at`].
    #[inline]
    pub fn session_at(&mut self, t: i64) -> Option<Session> {
        self.trading_session(t).filter(|s| s.open <= t)
    }

    /// As [`Calendar::day_of`].
    #[inline]
    pub fn day_of(&mut self, t: i64) -> Date {
        match self.trading_session(t) {
            Some(session) => session.date,
            None => self.calendar.zone().date_at(t),
        }
    }

    /// How many sessions of the calendar come before the one of [`Self::trading_session`]: a number that grows by one
    /// from each trading day to the next.
    #[inline]
    pub fn session_number(&mut self, t: i64) -> Option<usize> {
        self.trading_session(t).map(|_| self.rank)
    }

    /// Moves to the session of an instant, which is most often the next one.
    #[cold]
    fn seek(&mut self, t: i64) -> Option<Session> {
        if let Some(previous) = self.current.filter(|s| t >= s.close)
            && let Some(next) = self.calendar.session_at_rank(self.rank + 1).filter(|s| t < s.close)
        {
            (self.rank, self.start, self.current) = (self.rank + 1, previous.close, Some(next));
            return self.current;
        }
        self.current = None;
        let rank = self.calendar.rank_at(t)?;
        (self.start, self.rank) = (self.calendar.start_of_rank(rank)?, rank);
        self.current = self.calendar.session_at_rank(rank);
        self.current
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::calendar::CalendarSpec;
    use crate::time::{NANOS_PER_HOUR, TimeRange};
    use crate::zone::Zone;

    fn calendars() -> Vec<Calendar> {
        let overnight = CalendarSpec::new("overnight", Zone::Chicago, -420, 960);
        vec![Calendar::us_equities(), Calendar::crypto(), Calendar::custom(overnight).unwrap()]
    }

    fn check(calendar: &Calendar, cursor: &mut SessionCursor, t: i64) {
        assert_eq!(cursor.session_at(t), calendar.session_at(t), "{calendar} {t}");
        assert_eq!(cursor.day_of(t), calendar.day_of(t), "{calendar} {t}");
    }

    #[test]
    fn ascending_instants_agree_with_the_calendar() {
        let year = TimeRange::of_days(Date::from_civil(2012, 1, 1), Date::from_civil(2013, 1, 1));
        for calendar in calendars() {
            let mut cursor = calendar.cursor();
            let mut t = year.start;
            while t < year.end {
                check(&calendar, &mut cursor, t);
                t += NANOS_PER_HOUR / 2;
            }
            for session in calendar.sessions(Date::from_civil(2012, 1, 1), Date::from_civil(2013, 1, 1)) {
                for t in [session.open - 1, session.open, session.close - 1, session.close] {
                    check(&calendar, &mut cursor, t);
                }
            }
        }
    }

    #[test]
    fn session_numbers_grow_by_one() {
        let mut cursor = Calendar::us_equities().cursor();
        let days = (Date::from_civil(2024, 1, 1), Date::from_civil(2025, 1, 1));
        let numbers: Vec<_> =
            Calendar::us_equities().sessions(days.0, days.1).map(|s| cursor.session_number(s.open).unwrap()).collect();
        assert_eq!(numbers.len(), 252);
        assert!(numbers.windows(2).all(|w| w[1] == w[0] + 1));
    }

    proptest! {
        #[test]
        fn any_order_agrees_with_the_calendar(
            near in proptest::collection::vec(600_000_000..4_200_000_000_i64, 0..20),
            anywhere in proptest::collection::vec(any::<i64>(), 0..20),
        ) {
            let times = near.into_iter().map(|s| s * 1_000_000_000).chain(anywhere).chain([i64::MIN, i64::MAX, 0]);
            let times: Vec<i64> = times.collect();
            for calendar in calendars() {
                let mut cursor = calendar.cursor();
                times.iter().for_each(|t| check(&calendar, &mut cursor, *t));
            }
        }
    }
}
