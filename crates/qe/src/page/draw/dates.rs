//! The axis of bars: where years, months, weeks or days begin, and the day of each column.

use qe_core::time::{Date, NANOS_PER_MINUTE, Timestamp};
use serde::Serialize;

use super::reduce::N_COLUMNS;

/// The most marks of an axis.
const MOST: usize = 10;

/// A mark of the axis.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TimeTick {
    /// The bar.
    pub at: u32,
    /// What is written there.
    pub label: String,
    /// Whether it is left out where there is little room.
    pub is_minor: bool,
}

/// The bars of a run in time: they stand side by side, and no room is left for nights and holidays.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct TimeAxis {
    /// How many bars.
    pub n: usize,
    /// Its marks.
    pub ticks: Vec<TimeTick>,
    /// The day of each column of a drawing, in days since 1970-01-01.
    pub days: Vec<i32>,
}

/// How a day is put among others of its year, month or week, and how that is called.
struct Unit {
    key: fn(Date) -> i64,
    label: fn(Date) -> String,
}

fn month(d: Date) -> i64 {
    i64::from(d.year()) * 12 + i64::from(d.month()) - 1
}

fn of_day(d: Date) -> String {
    let (_, month, day) = d.ymd();
    format!("{month:02}-{day:02}")
}

fn of_month(d: Date) -> String {
    format!("{}-{:02}", d.year(), d.month())
}

fn of_year(d: Date) -> String {
    d.year().to_string()
}

/// From the shortest to the longest.
const UNITS: [Unit; 10] = [
    Unit { key: |d| i64::from(d.days()), label: of_day },
    Unit { key: |d| i64::from(d.monday().days()), label: of_day },
    Unit { key: month, label: of_month },
    Unit { key: |d| month(d).div_euclid(3), label: of_month },
    Unit { key: |d| i64::from(d.year()), label: of_year },
    Unit { key: |d| i64::from(d.year()).div_euclid(2), label: of_year },
    Unit { key: |d| i64::from(d.year()).div_euclid(5), label: of_year },
    Unit { key: |d| i64::from(d.year()).div_euclid(20), label: of_year },
    Unit { key: |d| i64::from(d.year()).div_euclid(100), label: of_year },
    Unit { key: |d| i64::from(d.year()).div_euclid(1000), label: of_year },
];

impl TimeAxis {
    /// Of bars that open at these times, on these days, each of which begins with a bar.
    pub fn of(open: &[i64], dates: &[Date], begins: &[u32]) -> Self {
        let n = open.len();
        let mut axis = Self { n, ..Self::default() };
        let places = if n > 2 * N_COLUMNS { N_COLUMNS } else { n };
        let mut day = 0;
        for column in 0..places {
            let row = (column as u64 * n as u64 / places as u64) as u32;
            while begins.get(day + 1).is_some_and(|b| *b <= row) {
                day += 1;
            }
            axis.days.extend(dates.get(day).map(|d| d.days()));
        }
        let mut ticks = match dates.len() {
            0 | 1 => hours(open),
            _ => days(dates, begins),
        };
        // The first stretch is cut off where the run begins: its mark goes, if it stands in the way of the next.
        if let [first, second, ..] = ticks.as_slice()
            && (second.0 - first.0) as usize * 8 < n
        {
            ticks.remove(0);
        }
        let ticks = ticks.into_iter().enumerate();
        axis.ticks = ticks.map(|(i, (at, label))| TimeTick { at, label, is_minor: i % 2 == 1 }).collect();
        axis
    }
}

/// The beginnings of the shortest unit of which there are few.
fn days(dates: &[Date], begins: &[u32]) -> Vec<(u32, String)> {
    let mut ticks = Vec::new();
    for Unit { key, label } in UNITS {
        ticks.clear();
        let mut before = None;
        for (date, begin) in dates.iter().zip(begins) {
            let now = key(*date);
            if before != Some(now) {
                before = Some(now);
                ticks.push((*begin, label(*date)));
                if ticks.len() > MOST {
                    break;
                }
            }
        }
        if ticks.len() <= MOST {
            break;
        }
    }
    ticks
}

/// The times of some bars of one day, UTC.
fn hours(open: &[i64]) -> Vec<(u32, String)> {
    let every = open.len().div_ceil(MOST - 2).max(1);
    let label = |at: i64| {
        let minutes = (at - Timestamp(at).date_utc().midnight_utc()).div_euclid(NANOS_PER_MINUTE);
        format!("{:02}:{:02}", minutes / 60, minutes % 60)
    };
    open.iter().enumerate().step_by(every).map(|(i, at)| (i as u32, label(*at))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &TimeAxis) -> Vec<&str> {
        axis.ticks.iter().map(|t| t.label.as_str()).collect()
    }

    /// Two bars on each of these days.
    fn axis(from: &str, n_days: i32) -> TimeAxis {
        let first = Date::parse(from).unwrap();
        let dates: Vec<Date> = (0..n_days).map(|i| first.add_days(i)).collect();
        let open: Vec<i64> =
            dates.iter().flat_map(|d| [d.midnight_utc(), d.midnight_utc() + 3_600_000_000_000]).collect();
        let begins: Vec<u32> = (0..n_days as u32).map(|i| 2 * i).collect();
        TimeAxis::of(&open, &dates, &begins)
    }

    #[test]
    fn marks_are_few_and_stand_where_something_begins() {
        assert_eq!(labels(&axis("2024-01-30", 3)), ["01-30", "01-31", "02-01"]);
        assert_eq!(labels(&axis("2024-01-01", 91)), ["2024-01", "2024-02", "2024-03"]);
        let years = axis("2018-12-20", 5 * 365);
        assert_eq!(labels(&years), ["2019", "2020", "2021", "2022", "2023"]);
        assert_eq!((years.ticks[0].at, years.ticks[1].is_minor), (24, true));
        assert!(labels(&axis("1950-01-01", 80 * 365)).len() <= MOST);
    }

    #[test]
    fn a_day_has_hours_and_nothing_has_nothing() {
        assert_eq!(labels(&axis("2024-01-30", 1)), ["00:00", "01:00"]);
        assert_eq!(TimeAxis::of(&[], &[], &[]), TimeAxis::default());
    }

    #[test]
    fn each_column_knows_its_day() {
        let few = axis("2024-01-30", 3);
        let first = Date::parse("2024-01-30").unwrap().days();
        assert_eq!(few.days, [first, first, first + 1, first + 1, first + 2, first + 2]);
        let many = axis("2010-01-01", 3000);
        assert_eq!((many.days.len(), many.days[0] + 2997), (N_COLUMNS, many.days[999]));
    }
}
