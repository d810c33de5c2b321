//! Bringing the rows of one symbol into order: sorted, each time once, gaps as the specification says.

use qe_core::columns::{Axis, Shared};
use qe_core::time::Timestamp;

use crate::error::{Error, Result};
use crate::quality::Intake;
use crate::spec::{DataKind, DataSpec, Duplicates, Gaps, Unsorted};
use crate::stamp::Placer;

/// The place of a row that is put in for a bar that is missing.
const ABSENT: u32 = u32::MAX;

/// Which rows to take, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rows {
    /// All of them, as they are.
    All,
    /// These; [`ABSENT`] stands for a row of NaN.
    Take(Vec<u32>),
}

impl Rows {
    /// The values in order.
    pub(crate) fn of(&self, values: Shared<f64>) -> Shared<f64> {
        match self {
            Self::All => values,
            Self::Take(rows) => rows.iter().map(|&r| values.get(r as usize).copied().unwrap_or(f64::NAN)).collect(),
        }
    }

    /// The values in order, in single precision.
    pub(crate) fn of_f32(&self, values: Shared<f32>) -> Shared<f32> {
        match self {
            Self::All => values,
            Self::Take(rows) => rows.iter().map(|&r| values.get(r as usize).copied().unwrap_or(f32::NAN)).collect(),
        }
    }
}

/// Puts rows in order and counts what had to be done.
pub(crate) fn arrange(
    symbol: &str,
    open: Shared<i64>,
    available: Shared<i64>,
    spec: &DataSpec,
    intake: &mut Intake,
) -> Result<(Axis, Rows)> {
    if open.len() >= ABSENT as usize {
        let reason = format!("{} rows are more than one table holds", open.len());
        return Err(Error::refused(symbol, reason, "load a shorter range"));
    }
    let events = matches!(spec.kind, DataKind::Trades | DataKind::Quotes);
    let sorted = open.windows(2).all(|w| w[0] < w[1] || (events && w[0] == w[1]));
    if sorted && spec.gaps == Gaps::Keep && available.is_sorted() {
        return Ok((Axis::new(open, available)?, Rows::All));
    }
    let mut rows: Vec<u32> = (0..open.len() as u32).collect();
    let at = |r: u32| open[r as usize];
    let n_unsorted = open.windows(2).filter(|w| w[1] < w[0]).count();
    if n_unsorted > 0 {
        if spec.unsorted == Unsorted::Fail {
            let row = open.windows(2).position(|w| w[1] < w[0]).unwrap_or(0) + 1;
            let (now, before) = (Timestamp(open[row]), Timestamp(open[row - 1]));
            return Err(Error::refused(
                format!("{symbol}, row {}", row + 1),
                format!("{now} comes after {before}; {n_unsorted} rows step back in time"),
                "sort the file, or load with unsorted = \"sort\"",
            ));
        }
        rows.sort_by_key(|&r| at(r));
        intake.n_unsorted += n_unsorted as u64;
    }
    if !events {
        drop_repeats(symbol, &mut rows, &at, spec.duplicates, intake)?;
    }
    if spec.gaps != Gaps::Keep {
        return fill(symbol, &rows, &open, &available, spec, intake);
    }
    let axis = Axis::new(
        rows.iter().map(|&r| at(r)).collect::<Vec<_>>(),
        rows.iter().map(|&r| available[r as usize]).collect::<Vec<_>>(),
    )?;
    Ok((axis, Rows::Take(rows)))
}

/// Leaves one row per opening time, by the policy.
fn drop_repeats(
    symbol: &str,
    rows: &mut Vec<u32>,
    at: &impl Fn(u32) -> i64,
    policy: Duplicates,
    intake: &mut Intake,
) -> Result<()> {
    let n_repeats = rows.windows(2).filter(|w| at(w[0]) == at(w[1])).count();
    if n_repeats == 0 {
        return Ok(());
    }
    match policy {
        Duplicates::Fail => {
            let w = rows.windows(2).find(|w| at(w[0]) == at(w[1])).unwrap_or(&[0, 0]);
            return Err(Error::refused(
                // Not by its number: rows of the file may have been left out before.
                symbol,
                format!("two rows open at {}; {n_repeats} rows repeat a time", Timestamp(at(w[0]))),
                "mend the file, or load with duplicates = \"keep_first\" or \"keep_last\"",
            ));
        }
        Duplicates::KeepFirst => rows.dedup_by_key(|r| at(*r)),
        Duplicates::KeepLast => {
            rows.reverse();
            rows.dedup_by_key(|r| at(*r));
            rows.reverse();
        }
    }
    intake.n_duplicates += n_repeats as u64;
    Ok(())
}

/// Holds the rows against the bars that the calendar expects between the first and the last of them.
fn fill(
    symbol: &str,
    rows: &[u32],
    open: &[i64],
    available: &[i64],
    spec: &DataSpec,
    intake: &mut Intake,
) -> Result<(Axis, Rows)> {
    let at = |r: u32| open[r as usize];
    let expected = expected_opens(rows.first().map(|&r| at(r)), rows.last().map(|&r| at(r)), spec);
    check_on_grid(symbol, rows.iter().map(|&r| at(r)), &expected)?;
    let (mut axis_open, mut axis_available, mut out) = (Vec::new(), Vec::new(), Vec::new());
    let (mut n_missing, mut first_missing) = (0_u64, None);
    let mut next = rows.iter().copied().peekable();
    for (slot, end) in expected {
        while let Some(r) = next.next_if(|&r| at(r) < slot) {
            axis_open.push(at(r));
            axis_available.push(available[r as usize]);
            out.push(r);
        }
        let row = next.next_if(|&r| at(r) == slot);
        if row.is_none() {
            n_missing += 1;
            first_missing.get_or_insert(slot);
        }
        axis_open.push(slot);
        axis_available.push(row.map_or(end, |r| available[r as usize]));
        out.push(row.unwrap_or(ABSENT));
    }
    for r in next {
        axis_open.push(at(r));
        axis_available.push(available[r as usize]);
        out.push(r);
    }
    if let (Gaps::Fail, Some(slot)) = (spec.gaps, first_missing) {
        return Err(Error::refused(
            symbol,
            format!("{n_missing} bars are missing, the first at {}", Timestamp(slot)),
            "complete the data, or load with gaps = \"keep\" or \"nan\"",
        ));
    }
    intake.n_filled += n_missing;
    Ok((Axis::new(axis_open, axis_available)?, Rows::Take(out)))
}

/// Fails at the first row that opens within an expected bar, and not with it: of bars cut by another grid (hourly ones
/// from full hours, where sessions open at half past) nobody can say which are missing.
fn check_on_grid(symbol: &str, opens: impl Iterator<Item = i64>, expected: &[(i64, i64)]) -> Result<()> {
    let mut next = 0;
    for at in opens {
        next += expected[next..].partition_point(|(_, end)| *end <= at);
        if let Some((start, _)) = expected.get(next).filter(|(start, _)| *start < at) {
            return Err(Error::refused(
                symbol,
                format!("the bar at {} lies within the one expected at {}", Timestamp(at), Timestamp(*start)),
                "load with gaps = \"keep\": these bars are not cut from the opening of the session",
            ));
        }
    }
    Ok(())
}

/// Beginning and end of each bar that the calendar expects from `first` to `last`.
fn expected_opens(first: Option<i64>, last: Option<i64>, spec: &DataSpec) -> Vec<(i64, i64)> {
    let (Some(first), Some(last)) = (first, last) else { return Vec::new() };
    let calendar = &spec.calendar;
    let (from, to) = (calendar.zone().date_at(first), calendar.zone().date_at(last).add_days(2));
    // Bars of a day and more stand where the placer puts them.
    let mut placer = Placer::new(spec);
    let mut slots = Vec::new();
    for session in calendar.sessions(from, to) {
        let Some(window) = calendar.window(session.date, spec.hours) else { continue };
        match spec.timeframe.nanos() {
            None => slots.extend(placer.day(session.date).map(|p| (p.open, p.available))),
            Some(width) => {
                let starts = (window.start..window.end).step_by(width.max(1) as usize);
                slots.extend(starts.map(|s| (s, (s + width).min(window.end))));
            }
        }
    }
    slots.retain(|(s, _)| (first..=last).contains(s));
    slots.dedup();
    slots
}

#[cfg(test)]
mod tests {
    use super::*;
    use qe_core::time::NANOS_PER_MINUTE;
    use qe_core::timeframe::Timeframe;

    fn run(minutes: &[i64], spec: &DataSpec) -> Result<(Vec<i64>, Rows, Intake)> {
        let base = Timestamp::parse("2024-07-02T13:30:00Z").unwrap().nanos();
        let open: Shared<i64> = minutes.iter().map(|m| base + m * NANOS_PER_MINUTE).collect();
        let available: Shared<i64> = open.iter().map(|t| t + NANOS_PER_MINUTE).collect();
        let mut intake = Intake::default();
        let (axis, rows) = arrange("SPY", open, available, spec, &mut intake)?;
        let minutes = axis.open().iter().map(|t| (t - base) / NANOS_PER_MINUTE).collect();
        Ok((minutes, rows, intake))
    }

    fn spec() -> DataSpec {
        DataSpec::bars(["x"], Timeframe::M1)
    }

    #[test]
    fn rows_in_order_are_shared_as_they_are() {
        let (minutes, rows, intake) = run(&[0, 1, 5], &spec()).unwrap();
        assert_eq!((minutes, rows, intake.n_unsorted), (vec![0, 1, 5], Rows::All, 0));
    }

    #[test]
    fn rows_out_of_order_are_sorted_and_counted_or_refused_by_place() {
        let (minutes, rows, intake) = run(&[2, 0, 1], &spec()).unwrap();
        assert_eq!((minutes, rows, intake.n_unsorted), (vec![0, 1, 2], Rows::Take(vec![1, 2, 0]), 1));
        let strict = DataSpec { unsorted: Unsorted::Fail, ..spec() };
        let text = run(&[0, 2, 1], &strict).unwrap_err().to_string();
        assert!(text.contains("SPY, row 3: 2024-07-02T13:31:00Z comes after 2024-07-02T13:32:00Z"), "{text}");
    }

    #[test]
    fn repeated_times_follow_the_policy() {
        let text = run(&[0, 1, 1], &spec()).unwrap_err().to_string();
        assert!(text.contains("two rows open at 2024-07-02T13:31:00Z") && text.contains("keep_last"), "{text}");
        let keep = |duplicates| run(&[1, 0, 1, 1], &DataSpec { duplicates, ..spec() }).unwrap();
        assert_eq!(keep(Duplicates::KeepFirst).1, Rows::Take(vec![1, 0]));
        assert_eq!(keep(Duplicates::KeepLast).1, Rows::Take(vec![1, 3]));
        assert_eq!(keep(Duplicates::KeepLast).2.n_duplicates, 2);
    }

    #[test]
    fn trades_may_share_an_instant() {
        let events = DataSpec::events(["x"], DataKind::Trades);
        assert_eq!(run(&[0, 1, 1], &events).unwrap().1, Rows::All);
        assert_eq!(run(&[1, 0, 1], &events).unwrap().1, Rows::Take(vec![1, 0, 2]), "equal times keep their order");
    }

    #[test]
    fn gaps_become_rows_of_nan_or_an_error() {
        let nan = DataSpec { gaps: Gaps::Nan, ..spec() };
        let (minutes, rows, intake) = run(&[0, 1, 4], &nan).unwrap();
        assert_eq!((minutes, intake.n_filled), (vec![0, 1, 2, 3, 4], 2));
        let values = rows.of(vec![10.0, 11.0, 14.0].into());
        assert!(values[2].is_nan() && values[3].is_nan());
        assert_eq!((values[1], values[4]), (11.0, 14.0));
        let text = run(&[0, 1, 4], &DataSpec { gaps: Gaps::Fail, ..spec() }).unwrap_err().to_string();
        assert!(text.contains("2 bars are missing, the first at 2024-07-02T13:32:00Z"), "{text}");
        // 3 July closed at 13:00 in New York, and the 4th was a holiday: minute 390 is the night.
        let (minutes, _, intake) = run(&[389, 1440, 1440 * 3], &nan).unwrap();
        assert_eq!((minutes.len(), intake.n_filled), (1 + 210 + 1, 209));
    }

    #[test]
    fn bars_of_another_grid_have_no_known_gaps() {
        // New York's hourly bars of 9:00 (cut to 9:30), 10:00 and 11:00, by the minute since 9:30.
        let hourly = DataSpec { timeframe: Timeframe::H1, gaps: Gaps::Nan, ..spec() };
        let text = run(&[0, 30, 90], &hourly).unwrap_err().to_string();
        assert!(text.contains("2024-07-02T14:00:00Z lies within the one expected at 2024-07-02T13:30:00Z"), "{text}");
        assert_eq!(run(&[0, 60, 180], &hourly).unwrap().0, [0, 60, 120, 180]);
        // Before hours there is no grid to be off.
        assert_eq!(run(&[-17, 0, 60], &hourly).unwrap().0, [-17, 0, 60]);
    }

    #[test]
    fn whole_days_and_weeks_are_complete_where_the_loader_puts_them() {
        let hours = [qe_core::calendar::SessionHours::Regular, qe_core::calendar::SessionHours::All];
        for (hours, tf) in hours.into_iter().flat_map(|h| [(h, Timeframe::D1), (h, Timeframe::W1)]) {
            let fail = DataSpec { timeframe: tf, hours, gaps: Gaps::Fail, ..spec() };
            let mut placer = Placer::new(&fail);
            let days = (0..21).map(|d| qe_core::time::Date::new(2024, 7, 1).unwrap().add_days(d));
            let mut places: Vec<_> = days.filter_map(|d| placer.day(d)).collect();
            places.dedup();
            let run = |places: &[crate::stamp::Place]| {
                let (open, available) = places.iter().map(|p| (p.open, p.available)).unzip::<_, _, Vec<_>, Vec<_>>();
                arrange("SPY", open.into(), available.into(), &fail, &mut Intake::default())
            };
            assert_eq!(run(&places).unwrap().0.len(), places.len(), "{tf} {hours:?}");
            places.remove(1);
            assert!(run(&places).unwrap_err().to_string().contains("1 bars are missing"), "{tf} {hours:?}");
        }
    }

    #[test]
    fn nothing_stays_nothing() {
        for gaps in [Gaps::Keep, Gaps::Nan, Gaps::Fail] {
            assert!(run(&[], &DataSpec { gaps, ..spec() }).unwrap().0.is_empty());
        }
    }
}
