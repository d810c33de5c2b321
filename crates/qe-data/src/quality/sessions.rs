//! Rows against the calendar: gaps, rows outside of trading, bars off the grid.
//!
//! The calendar's sessions make the grid, so half days, holidays and changes of the clock are right and closed hours
//! are never missing. Intraday bars are expected in the regular session, on the grid that starts with the hours that
//! the data have; bars before and after hours may be there or not. A bar is there when any row opens within it. For
//! bars of days and longer a row belongs to the trading day of its stamp.

use qe_core::bars::Bars;
use qe_core::calendar::{Calendar, SessionHours};
use qe_core::time::{Date, TimeRange, Timestamp};
use qe_core::timeframe::Timeframe;

use super::report::Tally;

/// How many bars are expected and how many of those are missing.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Expected {
    pub(super) n: u64,
    pub(super) missing: u64,
}

/// The window of trading around ascending instants.
pub(super) struct Windows<'a> {
    calendar: &'a Calendar,
    hours: SessionHours,
    current: TimeRange,
}

impl<'a> Windows<'a> {
    pub(super) fn new(calendar: &'a Calendar, hours: SessionHours) -> Self {
        Self { calendar, hours, current: TimeRange::new(0, 0) }
    }

    /// The window that an instant lies in.
    pub(super) fn at(&mut self, t: i64) -> Option<TimeRange> {
        if !self.current.contains(t) {
            let date = self.calendar.zone().date_at(t);
            // An overnight session starts on the evening before its day.
            let days = [date, date.add_days(1)];
            self.current =
                days.into_iter().filter_map(|d| self.calendar.window(d, self.hours)).find(|w| w.contains(t))?;
        }
        Some(self.current)
    }
}

/// Rows outside of every window.
pub(super) fn outside(tally: &mut Tally<'_>, times: &[i64], calendar: &Calendar, hours: SessionHours) {
    let mut windows = Windows::new(calendar, hours);
    for (row, t) in times.iter().enumerate() {
        if windows.at(*t).is_none() {
            tally.hit(row, || "no trading at that time".to_owned());
        }
    }
}

/// Second bars of one day, week or month.
pub(super) fn second(tally: &mut Tally<'_>, times: &[i64], calendar: &Calendar, timeframe: Timeframe) {
    let mut last = None;
    for (row, t) in times.iter().enumerate() {
        let cell = cell_of(calendar, *t, timeframe);
        match cell {
            None => tally.hit(row, || "no trading day that the calendar knows".to_owned()),
            Some(c) if last == cell => {
                tally.hit(row, || format!("a second bar of the session at {}", Timestamp(c.start)));
            }
            Some(_) => {}
        }
        last = cell;
    }
}

/// Intraday bars that do not open on the grid.
pub(super) fn off_grid(tally: &mut Tally<'_>, times: &[i64], width: i64, calendar: &Calendar, hours: SessionHours) {
    let mut windows = Windows::new(calendar, hours);
    for (row, t) in times.iter().enumerate() {
        if let Some(window) = windows.at(*t) {
            let late = (t - window.start).rem_euclid(width);
            if late != 0 {
                tally.hit(row, || format!("{} ms after the grid", late / 1_000_000));
            }
        }
    }
}

/// Counts what is missing within `range`, or between the first and the last bar.
pub(super) fn gaps(
    tally: &mut Tally<'_>,
    bars: &Bars,
    calendar: &Calendar,
    hours: SessionHours,
    range: Option<TimeRange>,
) -> Result<Expected, String> {
    let Some(timeframe) = bars.timeframe() else {
        return Err(format!("bars of {} follow no clock", bars.kind()));
    };
    let times = bars.open_time();
    let Some(range) = range.or_else(|| span(times, calendar, timeframe, hours)) else {
        return Ok(Expected::default());
    };
    calendar.ensure_covers(range).map_err(|e| e.to_string())?;
    let mut walk = Walk { tally, times, row: 0, run: None, expected: Expected::default() };
    match timeframe.nanos() {
        Some(width) => {
            let zone = calendar.zone();
            let (from, to) = (zone.date_at(range.start).add_days(-1), zone.date_at(range.end).add_days(2));
            for session in calendar.sessions(from, to) {
                let Some(window) = calendar.window(session.date, hours) else { continue };
                // The first cell that reaches into the regular session.
                let lead = (session.open - window.start).div_euclid(width);
                let mut start = window.start + lead * width;
                while start < session.close {
                    let cell = TimeRange::new(start, start.saturating_add(width).min(window.end));
                    if range.contains(start) {
                        walk.expect(cell, |t| t);
                    }
                    start = cell.end.max(start + 1);
                    if cell.end == window.end {
                        break;
                    }
                }
            }
        }
        None => {
            let key = |t: i64| cell_of(calendar, t, timeframe).map_or(t, |c| c.start);
            let mut last = None;
            for session in calendar.sessions(local(calendar, range.start, -1), local(calendar, range.end, 2)) {
                let cell = calendar.bar_at(session.open, timeframe);
                if let Some(cell) = cell.filter(|c| Some(*c) != last && range.contains(c.start)) {
                    walk.expect(cell, key);
                }
                last = cell;
            }
        }
    }
    walk.flush();
    Ok(walk.expected)
}

/// The day of an instant, and some days on.
fn local(calendar: &Calendar, t: i64, days: i32) -> Date {
    calendar.zone().date_at(t).add_days(days)
}

/// The bar of days, weeks or months that a stamp belongs to.
fn cell_of(calendar: &Calendar, t: i64, timeframe: Timeframe) -> Option<TimeRange> {
    calendar.session(calendar.day_of(t)).and_then(|s| calendar.bar_at(s.open, timeframe))
}

/// From the bar of the first row to that of the last.
fn span(times: &[i64], calendar: &Calendar, timeframe: Timeframe, hours: SessionHours) -> Option<TimeRange> {
    let (first, last) = (*times.first()?, *times.last()?);
    let start = |t: i64| match timeframe.nanos() {
        None => cell_of(calendar, t, timeframe).map_or(t, |c| c.start),
        Some(width) => {
            let window = Windows::new(calendar, hours).at(t);
            window.map_or(t, |w| w.start + (t - w.start).div_euclid(width) * width)
        }
    };
    Some(TimeRange::new(start(first), start(last).saturating_add(1)))
}

/// A walk over rows and expected bars together.
struct Walk<'a, 'b> {
    tally: &'a mut Tally<'b>,
    times: &'a [i64],
    row: usize,
    /// The opening of the first and the last bar of a gap, how many, and the row behind.
    run: Option<(i64, i64, u64, usize)>,
    expected: Expected,
}

impl Walk<'_, '_> {
    /// The next bar that should be there.
    fn expect(&mut self, cell: TimeRange, key: impl Fn(i64) -> i64) {
        self.expected.n += 1;
        while self.times.get(self.row).is_some_and(|t| key(*t) < cell.start) {
            self.row += 1;
        }
        if self.times.get(self.row).is_some_and(|t| key(*t) < cell.end) {
            self.flush();
            return;
        }
        self.expected.missing += 1;
        match &mut self.run {
            // A row between two missing bars, before or after hours, does not end a gap.
            Some((_, last, n, _)) => (*last, *n) = (cell.start, *n + 1),
            None => self.run = Some((cell.start, cell.start, 1, self.row)),
        }
    }

    /// Ends a gap.
    fn flush(&mut self) {
        if let Some((first, last, n, row)) = self.run.take() {
            let detail = || match n {
                1 => "1 bar".to_owned(),
                n => format!("{n} bars, the last at {}", Timestamp(last)),
            };
            self.tally.hits(n, row, Some(first), detail);
        }
    }
}
