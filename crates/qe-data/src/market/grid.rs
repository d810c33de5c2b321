//! The sessions of New York over a span of years, and their minutes on one axis.
//!
//! A full session has 390 minutes and a half day 210. All symbols of a market share the axis.

use std::ops::Range;

use qe_core::calendar::{Calendar, Session};
use qe_core::columns::Axis;
use qe_core::time::{Date, NANOS_PER_MINUTE};

use crate::error::{Error, Result};

/// Minutes of a full session.
pub(crate) const FULL: usize = 390;

/// Sessions and where their minutes stand on the axis.
#[derive(Debug, Clone)]
pub(crate) struct Grid {
    /// The calendar of New York.
    pub(crate) calendar: Calendar,
    /// The sessions, in order.
    pub(crate) sessions: Vec<Session>,
    /// The first minute of each session, and one entry more for the end.
    starts: Vec<usize>,
}

impl Grid {
    /// The sessions of `years` from `start`.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn new(start: Date, years: u32) -> Result<Self> {
        super::check_span(start, years)?;
        let calendar = Calendar::us_equities();
        let sessions: Vec<Session> = calendar.sessions(start, end_of(start, years)).collect();
        Self::of_sessions(calendar, sessions)
    }

    /// So many sessions from `start` on.
    ///
    /// # Errors
    /// When the calendar does not reach so far.
    pub(crate) fn first_sessions(start: Date, n: usize) -> Result<Self> {
        super::check_span(start, 1)?;
        let calendar = Calendar::us_equities();
        let sessions: Vec<Session> = calendar.sessions(start, calendar.valid_to()).take(n).collect();
        if sessions.len() < n {
            let reason = format!("{n} sessions from {start} reach beyond the calendar of New York");
            return Err(Error::spec("start", reason, format!("end by {}", calendar.valid_to())));
        }
        Self::of_sessions(calendar, sessions)
    }

    fn of_sessions(calendar: Calendar, sessions: Vec<Session>) -> Result<Self> {
        if sessions.is_empty() {
            return Err(Error::spec("start", "no session lies in the span", "choose a longer one"));
        }
        let mut starts = vec![0];
        let mut total = 0;
        for s in &sessions {
            total += (s.len_nanos() / NANOS_PER_MINUTE) as usize;
            starts.push(total);
        }
        Ok(Self { calendar, sessions, starts })
    }

    /// How many sessions.
    pub(crate) fn n_days(&self) -> usize {
        self.sessions.len()
    }

    /// How many minutes in all.
    pub(crate) fn n_minutes(&self) -> usize {
        self.starts[self.sessions.len()]
    }

    /// The minutes of a session.
    pub(crate) fn minutes(&self, day: usize) -> Range<usize> {
        self.starts[day]..self.starts[day + 1]
    }

    /// Opening and completion of every minute.
    ///
    /// # Errors
    /// Never for a calendar whose sessions ascend.
    pub(crate) fn minute_axis(&self) -> Result<Axis> {
        let mut open = Vec::with_capacity(self.n_minutes());
        for (day, s) in self.sessions.iter().enumerate() {
            open.extend((0..self.minutes(day).len() as i64).map(|m| s.open + m * NANOS_PER_MINUTE));
        }
        let available: Vec<i64> = open.iter().map(|t| t + NANOS_PER_MINUTE).collect();
        Ok(Axis::new(open, available)?)
    }

    /// One row for each session.
    ///
    /// # Errors
    /// Never for a calendar whose sessions ascend.
    pub(crate) fn day_axis(&self) -> Result<Axis> {
        let open: Vec<i64> = self.sessions.iter().map(|s| s.open).collect();
        let close: Vec<i64> = self.sessions.iter().map(|s| s.close).collect();
        Ok(Axis::new(open, close)?)
    }
}

/// The same day of the year, so many years on; 1 March for 29 February where there is none.
pub(crate) fn end_of(start: Date, years: u32) -> Date {
    let (y, m, d) = start.ymd();
    let year = y.saturating_add_unsigned(years);
    let end = Date::new(year, m, d).or_else(|_| Date::new(year, 3, 1));
    end.unwrap_or_else(|_| Date::from_days(i32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_days_have_fewer_minutes() {
        let grid = Grid::new(Date::new(2023, 1, 3).unwrap(), 1).unwrap();
        assert_eq!(grid.n_days(), 251);
        let eve = grid.sessions.iter().position(|s| s.date == Date::new(2023, 7, 3).unwrap()).unwrap();
        assert_eq!((grid.minutes(eve).len(), grid.minutes(0).len()), (210, FULL));
        assert_eq!(grid.n_minutes(), 249 * 390 + 2 * 210);
        let axis = grid.minute_axis().unwrap();
        assert_eq!(axis.len(), grid.n_minutes());
        assert_eq!(axis.available()[grid.minutes(eve).end - 1], grid.sessions[eve].close);
    }

    #[test]
    fn a_leap_day_ends_on_the_first_of_march() {
        assert_eq!(end_of(Date::new(2020, 2, 29).unwrap(), 1), Date::new(2021, 3, 1).unwrap());
        assert_eq!(Grid::first_sessions(Date::new(2020, 2, 29).unwrap(), 3).unwrap().n_days(), 3);
    }
}
