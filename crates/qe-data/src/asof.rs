//! Joining a slower table onto a faster one by what was known when.
//!
//! Each fast row gets the last slow row whose *availability* is not after its own. Opening times play no part: an
//! hourly bar that opened at 10:00 is seen by no minute bar before it is complete at 11:00, and a bar that is
//! complete in the same instant as the hour sees it. Where several slow rows became known in one instant, the last
//! one counts. A slow row older than `max_age` gives NaN; its age still shows, in the column `<prefix>age_s`, in
//! seconds between the two availabilities, NaN where nothing was known yet.
//!
//! The fast columns keep their memory; slow columns are gathered into new memory of the same width. Both
//! availabilities never step back, which an [`Axis`](qe_core::columns::Axis) guarantees, so one pass does it.

use qe_core::columns::{Column, Columns, Shared};
use qe_core::time::NANOS_PER_SECOND;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The row that stands for "nothing known".
pub const NO_ROW: u32 = u32::MAX;

/// How to join.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AsOf {
    /// The oldest that a slow row may be, in nanoseconds since it became known; any age without one.
    pub max_age: Option<i64>,
    /// What the names of the slow columns get in front.
    pub prefix: String,
}

impl AsOf {
    /// Any age, and names with `prefix` in front.
    pub fn new(prefix: impl Into<String>) -> Self {
        Self { max_age: None, prefix: prefix.into() }
    }

    /// The same, with nothing older than so many nanoseconds.
    #[must_use]
    pub fn max_age(mut self, nanos: i64) -> Self {
        self.max_age = Some(nanos);
        self
    }
}

/// For each fast row the last slow row known by then, or [`NO_ROW`]. Both must not step back.
pub fn asof_rows(fast_available: &[i64], slow_available: &[i64], out: &mut [u32]) {
    let mut known = 0;
    for (row, now) in out.iter_mut().zip(fast_available) {
        while slow_available.get(known).is_some_and(|t| t <= now) {
            known += 1;
        }
        *row = u32::try_from(known).map_or(NO_ROW, |n| n.wrapping_sub(1));
    }
}

/// The fast columns, and behind them the slow ones as they were known at each fast row, and their age.
///
/// # Errors
/// When a name is taken, the greatest age is below zero, or the slow side has more than four billion rows.
pub fn asof(fast: &Columns, slow: &Columns, how: &AsOf) -> Result<Columns> {
    if let Some(age) = how.max_age.filter(|age| *age < 0) {
        return Err(Error::spec("max_age", format!("{age} ns is below zero"), "write 0 or more"));
    }
    if u32::try_from(slow.len()).is_err() || slow.len() >= NO_ROW as usize {
        let reason = format!("{} rows are more than fit into 32 bits", slow.len());
        return Err(Error::spec("slow", reason, "join a shorter stretch at a time"));
    }
    let mut out = fast.clone();
    let age_name = format!("{}age_s", how.prefix);
    let names: Vec<String> = slow.names().map(|n| format!("{}{n}", how.prefix)).chain([age_name]).collect();
    if let Some((i, name)) =
        names.iter().enumerate().find(|(i, n)| fast.index_of(n).is_some() || names[..*i].contains(n))
    {
        let whose = if fast.index_of(name).is_some() { "the fast side" } else { "the slow side" };
        return Err(Error::spec(
            format!("column {name:?}"),
            format!(
                "{whose} has one of that name already{}",
                if i + 1 == names.len() { ", and it is the age's" } else { "" }
            ),
            format!("join with another prefix than {:?}", how.prefix),
        ));
    }
    let (now, then) = (fast.axis().available(), slow.axis().available());
    let mut rows = vec![NO_ROW; fast.len()];
    asof_rows(now, then, &mut rows);
    let age_ns = |i: usize, row: u32| then.get(row as usize).map(|t| now[i].saturating_sub(*t));
    let age: Vec<f64> = rows
        .iter()
        .enumerate()
        .map(|(i, row)| age_ns(i, *row).map_or(f64::NAN, |ns| ns as f64 / NANOS_PER_SECOND as f64))
        .collect();
    if let Some(limit) = how.max_age {
        for (i, row) in rows.iter_mut().enumerate() {
            if age_ns(i, *row).is_some_and(|ns| ns > limit) {
                *row = NO_ROW;
            }
        }
    }
    // A side that lines up row for row needs no new memory.
    let same = rows.len() == slow.len() && rows.iter().enumerate().all(|(i, row)| i == *row as usize);
    for ((_, column), name) in slow.iter().zip(&names) {
        out.push(name.as_str(), if same { column.clone() } else { gather(column, &rows) })?;
    }
    out.push(names[names.len() - 1].as_str(), age)?;
    Ok(out)
}

/// The values of some rows; NaN where there is none.
fn gather(column: &Column, rows: &[u32]) -> Column {
    match column {
        Column::F64(v) => {
            let v: &[f64] = v;
            rows.iter().map(|r| v.get(*r as usize).copied().unwrap_or(f64::NAN)).collect::<Shared<f64>>().into()
        }
        Column::F32(v) => {
            let v: &[f32] = v;
            rows.iter().map(|r| v.get(*r as usize).copied().unwrap_or(f32::NAN)).collect::<Shared<f32>>().into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use qe_core::columns::Axis;
    use qe_core::time::{NANOS_PER_HOUR, NANOS_PER_MINUTE};

    fn bars(width: i64, n: i64) -> Columns {
        let open: Vec<i64> = (0..n).map(|i| i * width).collect();
        let available: Vec<i64> = open.iter().map(|t| t + width).collect();
        let value: Vec<f64> = (0..n).map(|i| i as f64).collect();
        Columns::new(Axis::new(open, available).unwrap()).with("close", value).unwrap()
    }

    fn values(columns: &Columns, name: &str) -> Vec<f64> {
        columns.get(name).unwrap().to_f64().to_vec()
    }

    #[test]
    fn an_hour_is_seen_when_it_is_complete_and_not_when_it_opens() {
        let (minutes, hours) = (bars(NANOS_PER_MINUTE, 150), bars(NANOS_PER_HOUR, 3));
        let out = asof(&minutes, &hours, &AsOf::new("h1_")).unwrap();
        let (hour, age) = (values(&out, "h1_close"), values(&out, "h1_age_s"));
        assert!(hour[..59].iter().all(|v| v.is_nan()) && age[..59].iter().all(|v| v.is_nan()));
        assert_eq!((hour[59], age[59]), (0.0, 0.0), "complete in the same instant");
        assert_eq!((hour[118], age[118]), (0.0, 59.0 * 60.0));
        assert_eq!((hour[119], hour[149]), (1.0, 1.0));
        assert!(out.get("close").unwrap().to_f64().is_same(&minutes.get("close").unwrap().to_f64()), "shared");
        assert_eq!(out.names().collect::<Vec<_>>(), ["close", "h1_close", "h1_age_s"]);
    }

    #[test]
    fn what_is_too_old_is_missing_and_its_age_shows() {
        let out = asof(&bars(1, 10), &bars(4, 1), &AsOf::new("x_").max_age(2)).unwrap();
        let seen: Vec<usize> = (0..10).filter(|i| !values(&out, "x_close")[*i].is_nan()).collect();
        assert_eq!(seen, [3, 4, 5]);
        assert_eq!(values(&out, "x_age_s")[9], 6e-9);
        assert!(asof(&bars(1, 1), &bars(1, 1), &AsOf::new("x_").max_age(-1)).is_err());
    }

    #[test]
    fn names_that_clash_are_errors() {
        let err = asof(&bars(1, 3), &bars(1, 3), &AsOf::default()).unwrap_err().to_string();
        assert!(err.contains("column \"close\"") && err.contains("another prefix"), "{err}");
        let aged = bars(1, 3).with("age_s", vec![0.0; 3]).unwrap();
        let err = asof(&bars(2, 3), &aged, &AsOf::new("y_")).unwrap_err().to_string();
        assert!(err.contains("\"y_age_s\"") && err.contains("the slow side"), "{err}");
    }

    #[test]
    fn widths_are_kept_and_rows_that_line_up_share_memory() {
        let slow = bars(1, 5).with("f", vec![1.0_f32, 2.0, 3.0, 4.0, 5.0]).unwrap();
        let fast = bars(1, 5).slice(1..4);
        let out = asof(&fast, &slow, &AsOf::new("s_")).unwrap();
        assert!(matches!(out.get("s_f").unwrap(), Column::F32(v) if v[..] == [2.0, 3.0, 4.0]));
        assert_eq!(out.first_row(), 1);
        let same = asof(&bars(1, 5), &slow, &AsOf::new("s_")).unwrap();
        assert!(same.get("s_close").unwrap().to_f64().is_same(&slow.get("close").unwrap().to_f64()));
        let none = asof(&bars(1, 5), &slow.slice(0..0), &AsOf::new("s_")).unwrap();
        assert!(values(&none, "s_f").iter().all(|v| v.is_nan()));
        assert_eq!(asof(&fast.slice(0..0), &slow, &AsOf::new("s_")).unwrap().len(), 0);
    }

    fn table(mut times: Vec<(i64, i64)>) -> Columns {
        // Opening and delay; the availability is made not to step back.
        times.sort_unstable();
        let open: Vec<i64> = times.iter().map(|t| t.0).collect();
        let available: Vec<i64> = times
            .iter()
            .scan(i64::MIN, |last, (open, delay)| {
                *last = (*last).max(open + delay);
                Some(*last)
            })
            .collect();
        let value = (0..open.len()).map(|i| i as f64).collect::<Vec<f64>>();
        Columns::new(Axis::new(open, available).unwrap()).with("v", value).unwrap()
    }

    fn bits(columns: &Columns, rows: usize) -> Vec<Vec<u64>> {
        columns.iter().map(|(_, c)| (0..rows).map(|r| c.value(r).to_bits()).collect()).collect()
    }

    proptest! {
        #[test]
        fn it_agrees_with_looking_at_every_row(
            fast in proptest::collection::vec((0i64..100, 0i64..10), 0..40),
            slow in proptest::collection::vec((0i64..100, 0i64..30), 0..20), max_age in proptest::option::of(0i64..40),
        ) {
            let (fast, slow) = (table(fast), table(slow));
            let out = asof(&fast, &slow, &AsOf { max_age, prefix: "s_".into() }).unwrap();
            for i in 0..fast.len() {
                let now = fast.axis().available()[i];
                let row = (0..slow.len()).rev().find(|r| slow.axis().available()[*r] <= now);
                let age = row.map(|r| now - slow.axis().available()[r]);
                let fresh = row.filter(|_| age.is_some_and(|a| max_age.is_none_or(|m| a <= m)));
                let want = fresh.map_or(f64::NAN, |r| slow.get("v").unwrap().value(r));
                prop_assert_eq!(out.get("s_v").unwrap().value(i).to_bits(), want.to_bits());
                let want = age.map_or(f64::NAN, |a| a as f64 / 1e9);
                prop_assert_eq!(out.get("s_age_s").unwrap().value(i).to_bits(), want.to_bits());
            }
        }

        #[test]
        fn the_future_of_either_side_changes_nothing(
            fast in proptest::collection::vec((0i64..100, 0i64..10), 1..40),
            slow in proptest::collection::vec((0i64..100, 0i64..30), 0..20), cut in 0usize..40,
        ) {
            let (fast, slow) = (table(fast), table(slow));
            let how = AsOf::new("s_");
            let whole = asof(&fast, &slow, &how).unwrap();
            let rows = cut.min(fast.len());
            let short = asof(&fast.slice(..rows), &slow, &how).unwrap();
            prop_assert_eq!(bits(&short, rows), bits(&whole, rows));
            let known = rows.checked_sub(1).map_or(0, |r| slow.axis().known_at(fast.axis().available()[r]));
            let short = asof(&fast, &slow.slice(..known), &how).unwrap();
            prop_assert_eq!(bits(&short, rows), bits(&whole, rows));
        }
    }
}
