//! The scored days of a run: their dates and bars, the table of months, and what rolls over them.

use std::ops::Range;

use qe_core::time::Date;
use qe_engine::market::Market;
use qe_engine::metrics::{beta, sharpe};
use serde::Serialize;

use crate::page::draw::Line;

/// The days of some bars.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Days {
    pub(crate) dates: Vec<Date>,
    /// The first bar of each, counted from the first that is scored.
    pub(crate) begins: Vec<u32>,
    /// The last bar of each.
    pub(crate) ends: Vec<u32>,
}

impl Days {
    pub(crate) fn of(market: &Market, rows: Range<usize>) -> Self {
        let mut days = Self::default();
        let mut cursor = market.calendar().cursor();
        for (row, &at) in (0..).zip(&market.columns().axis().open()[rows]) {
            let date = cursor.day_of(at);
            if days.dates.last() != Some(&date) {
                days.dates.push(date);
                days.begins.push(row);
                days.ends.push(row);
            }
            if let Some(end) = days.ends.last_mut() {
                *end = row;
            }
        }
        days
    }
}

/// A year of the table of months.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Year {
    /// Which.
    pub year: i32,
    /// What was won in each month, as a fraction of what there was; `None` where no day of it was scored.
    pub months: [Option<f64>; 12],
    /// In the whole year, as far as it was scored.
    pub total: f64,
}

/// Daily returns by month, compounded.
pub(crate) fn years(dates: &[Date], daily: &[f64]) -> Vec<Year> {
    let mut years: Vec<Year> = Vec::new();
    for (date, r) in dates.iter().zip(daily) {
        let (year, month, _) = date.ymd();
        if years.last().map(|y| y.year) != Some(year) {
            years.push(Year { year, months: [None; 12], total: 0.0 });
        }
        let Some(last) = years.last_mut() else { continue };
        last.total = (1.0 + last.total) * (1.0 + r) - 1.0;
        if let Some(month) = last.months.get_mut(month as usize - 1) {
            *month = Some((1.0 + month.unwrap_or(0.0)) * (1.0 + r) - 1.0);
        }
    }
    years
}

/// Figures of the last so many days, day by day.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Rolling {
    /// How many days; 0 where there are too few to roll over.
    pub n_days: usize,
    /// The Sharpe ratio, a year.
    pub sharpe: Line,
    /// Beta to the benchmark.
    pub beta: Line,
}

/// The lengths over which is rolled, where nobody says: the longest of which there are two at least.
const LENGTHS: [usize; 4] = [126, 63, 21, 5];

impl Rolling {
    /// Over days that end with these of `n` bars.
    pub(crate) fn of(
        wanted: Option<usize>,
        (daily, benchmark): (&[f64], &[f64]),
        days_per_year: f64,
        (n, ends): (usize, &[u32]),
    ) -> Self {
        let longest = LENGTHS.into_iter().find(|length| daily.len() >= 2 * length);
        let n_days = wanted.or(longest).filter(|w| (2..=daily.len()).contains(w));
        let Some(n_days) = n_days else { return Self::default() };
        let over = |figure: &dyn Fn(Range<usize>) -> Option<f64>| {
            let value = |last: usize| figure(last + 1 - n_days..last + 1).unwrap_or(f64::NAN);
            let values = (n_days - 1..daily.len()).map(value);
            let points: Vec<(u32, f64)> = ends[n_days - 1..].iter().copied().zip(values).collect();
            Line::of_points(n, points.into_iter())
        };
        let sharpe = over(&|days| sharpe(&daily[days], days_per_year));
        let beta = over(&|days| beta(daily.get(days.clone())?, benchmark.get(days)?));
        Self { n_days, sharpe, beta }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    #[test]
    fn months_and_years_compound() {
        let dates = ["2023-12-28", "2023-12-29", "2024-01-02", "2024-03-01"].map(date);
        let table = years(&dates, &[0.5, -0.5, 0.1, 0.2]);
        assert_eq!(table.len(), 2);
        assert_eq!((table[0].year, table[0].months[11], table[0].total), (2023, Some(-0.25), -0.25));
        assert!((table[1].total - 0.32).abs() < 1e-12 && table[1].months[1].is_none());
        assert!((table[1].months[2].unwrap() - 0.2).abs() < 1e-12);
    }

    #[test]
    fn what_rolls_looks_back_and_never_ahead() {
        // Two days up and down by turns, then twice as much of the benchmark.
        let benchmark = [0.01, -0.01, 0.02, -0.02, 0.01, 0.03];
        let daily = [0.0, 0.0, 0.0, -0.04, 0.02, 0.06];
        let ends: Vec<u32> = (0..6).map(|i| 10 * i + 9).collect();
        let rolling = Rolling::of(Some(3), (&daily, &benchmark), 252.0, (60, &ends));
        assert_eq!(rolling.beta.at, [29, 39, 49, 59]);
        assert_eq!(rolling.beta.values[0], 0.0);
        assert!((rolling.beta.values[3] - 2.0).abs() < 1e-12);
        // Nothing moved in the first three days.
        assert!(rolling.sharpe.values[0].is_nan() && rolling.sharpe.values[3] > 0.0);
        assert_eq!(Rolling::of(None, (&daily, &benchmark), 252.0, (60, &ends)), Rolling::default());
        assert_eq!(Rolling::of(Some(7), (&daily, &benchmark), 252.0, (60, &ends)), Rolling::default());
    }
}
