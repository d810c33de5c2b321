//! Resampling of arrays: find the rows of each bucket once, then put each column together on its own.

use std::borrow::Cow;
use std::ops::Range;

use qe_core::bars::{BarKind, Bars, OHLCV};
use qe_core::columns::{Axis, Column, Columns, Shared};
use qe_core::ticks::Ticks;
use qe_core::time::Timestamp;

use super::{Agg, Bucket, Bucketer, ResampleSpec, Side};
use crate::error::{Error, Result};

/// Coarser bars, and what was left out on the way.
#[derive(Debug, Clone)]
pub struct Resampled {
    /// The bars.
    pub bars: Bars,
    /// Rows that lay outside of the hours of trading.
    pub n_outside: usize,
}

/// Coarser bars from finer ones. Extra columns go by [`Agg::of_column`].
///
/// # Errors
/// When the source is no divisor of the target, or a bar reaches beyond the bucket that it opens in.
pub fn resample(bars: &Bars, spec: &ResampleSpec) -> Result<Resampled> {
    match bars.kind() {
        BarKind::Time(source) => spec.check_source(source)?,
        kind => {
            let reason = format!("bars of {kind} follow no clock");
            return Err(Error::spec("timeframe", reason, "resample the trades themselves"));
        }
    }
    let axis = bars.axis();
    let key = match spec.closed {
        Side::Left => axis.open(),
        Side::Right => axis.available(),
    };
    let runs = Runs::find(key, spec);
    let (opened, complete) = (runs.kept(axis.open()), runs.kept(axis.available()));
    if let Some((rows, bucket)) = runs.runs.iter().find(|(rows, b)| complete[rows.end - 1] > b.end) {
        let (from, to, end) = (opened[rows.end - 1], complete[rows.end - 1], bucket.end);
        return Err(Error::refused(
            format!("bar of {} at {}", bars.symbol(), Timestamp(from)),
            format!("it is complete at {}, beyond the end of its bucket at {}", Timestamp(to), Timestamp(end)),
            "resample from bars that start with the session, or choose other hours",
        ));
    }
    let columns = bars.columns().iter().map(|(name, column)| {
        let agg = Agg::of_column(name);
        let out: Column = match column {
            Column::F64(values) => runs.fold(values, agg).into(),
            Column::F32(_) => runs.fold(&column.to_f64(), agg).iter().map(|&v| v as f32).collect::<Shared<_>>().into(),
        };
        (name, out)
    });
    let available = runs.runs.iter().map(|(_, b)| b.end).collect();
    finish(bars.symbol(), spec, &runs, available, columns)
}

/// Bars from trades, with `trades` (how many), `buy_volume` (where the buyer was the aggressor) and `vwap` behind
/// the five columns. A bar is complete at the end of its bucket, or when its last trade was received if that is later.
///
/// # Errors
/// Only when the times of the buckets cannot form an axis, which sorted trades rule out.
pub fn resample_ticks(ticks: &Ticks, spec: &ResampleSpec) -> Result<Resampled> {
    let runs = Runs::find(ticks.time(), spec);
    let (price, size, side) = (runs.kept(ticks.price()), runs.kept(ticks.size()), runs.kept(ticks.side()));
    let per_run = |f: &dyn Fn(Range<usize>) -> f64| -> Column {
        runs.runs.iter().map(|(rows, _)| f(rows.clone())).collect::<Shared<_>>().into()
    };
    let columns = [
        (OHLCV[0], runs.fold(ticks.price(), Agg::First).into()),
        (OHLCV[1], runs.fold(ticks.price(), Agg::Max).into()),
        (OHLCV[2], runs.fold(ticks.price(), Agg::Min).into()),
        (OHLCV[3], runs.fold(ticks.price(), Agg::Last).into()),
        (OHLCV[4], runs.fold(ticks.size(), Agg::Sum).into()),
        ("trades", per_run(&|rows| rows.len() as f64)),
        ("buy_volume", per_run(&|rows| buy_volume(&size[rows.clone()], &side[rows]))),
        ("vwap", per_run(&|rows| vwap(&price[rows.clone()], &size[rows]))),
    ];
    // A trade that was received after the end of its bucket is not known before.
    let known = runs.kept(ticks.axis().available());
    let available = runs.runs.iter().map(|(rows, b)| b.end.max(known[rows.end - 1])).collect();
    finish(ticks.symbol(), spec, &runs, available, columns)
}

/// The sum of sizes where the buyer was the aggressor.
pub(super) fn buy_volume(size: &[f64], side: &[f64]) -> f64 {
    size.iter().zip(side).fold(0.0, |sum, (&size, &side)| if side > 0.0 && !size.is_nan() { sum + size } else { sum })
}

/// Mean price weighted by size; NaN without volume.
pub(super) fn vwap(price: &[f64], size: &[f64]) -> f64 {
    let (mut value, mut volume) = (0.0, 0.0);
    for (&p, &s) in price.iter().zip(size) {
        if !(p.is_nan() || s.is_nan()) {
            value += p * s;
            volume += s;
        }
    }
    if volume > 0.0 { value / volume } else { f64::NAN }
}

/// Puts the columns on the buckets' axis.
fn finish<'a>(
    symbol: &str,
    spec: &ResampleSpec,
    runs: &Runs,
    available: Shared<i64>,
    columns: impl IntoIterator<Item = (&'a str, Column)>,
) -> Result<Resampled> {
    let open: Shared<i64> = runs.runs.iter().map(|(_, b)| b.start).collect();
    let mut out = Columns::new(Axis::new(open, available)?);
    for (name, column) in columns {
        out.push(name, column)?;
    }
    Ok(Resampled { bars: Bars::from_columns(symbol, spec.timeframe, out)?, n_outside: runs.n_outside })
}

/// The rows of each bucket, as ranges over the rows that are kept.
struct Runs {
    /// The rows within trading hours, where leaving out the others breaks a bucket in two; `None` for all rows.
    kept: Option<Vec<Range<usize>>>,
    runs: Vec<(Range<usize>, Bucket)>,
    n_outside: usize,
}

impl Runs {
    /// Finds the buckets of ascending `key`s.
    fn find(key: &[i64], spec: &ResampleSpec) -> Self {
        let mut bucketer = Bucketer::new(spec);
        let mut runs: Vec<(Range<usize>, Bucket)> = Vec::new();
        let (mut row, mut n_inside, mut broken) = (0, 0, false);
        // How many rows the last bucket held: the next one probably holds as many.
        let mut guess = 1;
        while row < key.len() {
            let Some(bucket) = bucketer.bucket_of(key[row]) else {
                row += 1;
                continue;
            };
            let end = end_of_run(key, row, guess, |t| bucketer.still_holds(t));
            guess = end - row;
            n_inside += end - row;
            match runs.last_mut() {
                Some((rows, last)) if *last == bucket && rows.end == row => rows.end = end,
                last => {
                    broken |= last.is_some_and(|(_, b)| *b == bucket);
                    runs.push((row..end, bucket));
                }
            }
            row = end;
        }
        let mut found = Self { kept: None, runs, n_outside: key.len() - n_inside };
        if broken {
            found.close_up();
        }
        found
    }

    /// Counts rows without those outside of trading hours, so that every bucket is one range again.
    fn close_up(&mut self) {
        let pieces = std::mem::take(&mut self.runs);
        let mut at = 0;
        for (rows, bucket) in &pieces {
            let next = at + rows.len();
            match self.runs.last_mut() {
                Some((last, b)) if b == bucket => last.end = next,
                _ => self.runs.push((at..next, *bucket)),
            }
            at = next;
        }
        self.kept = Some(pieces.into_iter().map(|(rows, _)| rows).collect());
    }

    /// The values of the rows that are kept.
    fn kept<'a, T: Copy>(&self, values: &'a [T]) -> Cow<'a, [T]> {
        match &self.kept {
            None => Cow::Borrowed(values),
            Some(pieces) => pieces.iter().flat_map(|rows| &values[rows.clone()]).copied().collect(),
        }
    }

    /// One value per bucket.
    fn fold(&self, values: &[f64], agg: Agg) -> Shared<f64> {
        let values = self.kept(values);
        self.runs.iter().map(|(rows, _)| agg.of(&values[rows.clone()])).collect()
    }
}

/// The first row from `start` on that is not inside, where `start` is; found from `guess` on by doubling steps.
fn end_of_run(key: &[i64], start: usize, guess: usize, inside: impl Fn(i64) -> bool) -> usize {
    let probe = (start + guess).min(key.len());
    if !inside(key[probe - 1]) {
        return start + key[start..probe].partition_point(|&t| inside(t));
    }
    let (mut low, mut high, mut step) = (probe, probe, 1);
    while high < key.len() && inside(key[high]) {
        low = high + 1;
        high += step;
        step *= 2;
    }
    low + key[low..high.min(key.len())].partition_point(|&t| inside(t))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use qe_core::calendar::{Calendar, SessionHours};
    use qe_core::time::{Date, NANOS_PER_MINUTE};
    use qe_core::timeframe::Timeframe;

    /// One-minute bars at the given minutes; open is the row, so that every value says where it came from.
    fn minutes(open: Vec<i64>) -> Bars {
        let available: Vec<i64> = open.iter().map(|t| t + NANOS_PER_MINUTE).collect();
        let n = open.len();
        let row = |f: fn(f64) -> f64| (0..n).map(|i| f(i as f64)).collect::<Vec<f64>>();
        let ohlcv = [row(|i| i), row(|i| i + 0.5), row(|i| i - 0.5), row(|i| i + 0.25), row(|_| 1.0)];
        Bars::new("SPY", Timeframe::M1, Axis::new(open, available).unwrap(), ohlcv).unwrap()
    }

    /// All minutes of the sessions between two dates.
    fn session_minutes(from: &str, to: &str, calendar: &Calendar, hours: SessionHours) -> Vec<i64> {
        let (from, to) = (Date::parse(from).unwrap(), Date::parse(to).unwrap());
        (from.days()..to.days())
            .filter_map(|d| calendar.window(Date::from_days(d), hours))
            .flat_map(|w| (w.start..w.end).step_by(NANOS_PER_MINUTE as usize))
            .collect()
    }

    fn spec(tf: &str) -> ResampleSpec {
        ResampleSpec::new(Timeframe::parse(tf).unwrap(), Calendar::us_equities())
    }

    #[test]
    fn the_rules_of_the_seed_fall_out() {
        let calendar = Calendar::us_equities();
        let bars = minutes(session_minutes("2024-07-01", "2024-07-06", &calendar, SessionHours::Regular));
        assert_eq!(bars.len(), 3 * 390 + 210);
        for (tf, per_day, half) in [("5m", 78, 42), ("15m", 26, 14), ("1h", 7, 4), ("4h", 2, 1), ("1d", 1, 1)] {
            let out = resample(&bars, &spec(tf)).unwrap().bars;
            assert_eq!(out.len(), 3 * per_day + half, "{tf}");
            assert_eq!(out.volume().iter().sum::<f64>(), bars.len() as f64, "{tf}");
        }
        let direct = resample(&bars, &spec("4h")).unwrap().bars;
        let hourly = resample(&bars, &spec("1h")).unwrap().bars;
        let staged = resample(&hourly, &spec("4h")).unwrap().bars;
        assert_eq!(format!("{direct:?}"), format!("{staged:?}"), "4h from 1h is 4h from 1m");
    }

    #[test]
    fn a_missing_first_minute_moves_no_edge() {
        let mut times = session_minutes("2024-07-01", "2024-07-02", &Calendar::us_equities(), SessionHours::Regular);
        times.drain(0..3);
        times.drain(20..40);
        let out = resample(&minutes(times.clone()), &spec("15m")).unwrap().bars;
        assert_eq!(out.open_time()[0], times[0] - 3 * NANOS_PER_MINUTE);
        assert_eq!(out.volume()[..3], [12.0, 8.0, 2.0]);
        assert_eq!(out.open()[..3], [0.0, 12.0, 20.0]);
        assert_eq!(out.close()[..2], [11.25, 19.25]);
    }

    #[test]
    fn weeks_leave_out_the_hours_between_sessions() {
        let calendar = Calendar::us_equities();
        let bars = minutes(session_minutes("2024-07-01", "2024-07-06", &calendar, SessionHours::Extended));
        let out = resample(&bars, &spec("1w")).unwrap();
        assert_eq!(out.bars.len(), 1);
        assert_eq!(out.bars.volume(), [3.0 * 390.0 + 210.0]);
        assert_eq!(out.n_outside, bars.len() - (3 * 390 + 210));
        assert_eq!(out.bars.open(), [330.0], "the first minute of the regular session, 9:30, not 4:00");
    }

    #[test]
    fn upsampling_and_odd_multiples_are_refused() {
        let bars = minutes(vec![0]);
        let hourly = Bars::from_columns("X", Timeframe::H1, bars.columns().clone()).unwrap();
        assert!(resample(&hourly, &spec("15m")).unwrap_err().to_string().contains("upsampling"));
        assert!(resample(&hourly, &spec("90m")).unwrap_err().to_string().contains("not a whole number"));
        let daily = Bars::from_columns("X", Timeframe::D1, bars.columns().clone()).unwrap();
        assert!(resample(&daily, &spec("1h")).is_err());
        assert!(resample(&daily, &spec("1w")).is_ok());
    }

    #[test]
    fn a_bar_beyond_its_bucket_is_refused_by_name() {
        let open = session_minutes("2024-07-01", "2024-07-02", &Calendar::us_equities(), SessionHours::Regular);
        let late = vec![open[14]];
        let axis = Axis::new(late.clone(), vec![late[0] + 2 * NANOS_PER_MINUTE]).unwrap();
        let bars = Bars::new("SPY", Timeframe::M1, axis, [(); 5].map(|()| vec![1.0])).unwrap();
        let text = resample(&bars, &spec("15m")).unwrap_err().to_string();
        assert!(text.contains("bar of SPY at 2024-07-01T13:44:00Z"), "{text}");
    }

    #[test]
    fn trades_become_bars_with_flow_and_vwap() {
        let open = session_minutes("2024-07-01", "2024-07-02", &Calendar::us_equities(), SessionHours::Regular)[0];
        let times = vec![open - 1, open, open, open + NANOS_PER_MINUTE];
        let axis = Axis::instants(times).unwrap();
        let (price, size) = (vec![9.0, 10.0, 11.0, 12.0], vec![1.0, 1.0, 3.0, 2.0]);
        let ticks = Ticks::new("SPY", axis, price, size, vec![1.0, -1.0, 1.0, 0.0]).unwrap();
        let out = resample_ticks(&ticks, &spec("1m")).unwrap();
        assert_eq!((out.n_outside, out.bars.len()), (1, 2));
        let get = |name: &str| out.bars.columns().get(name).unwrap().to_f64().to_vec();
        assert_eq!(get("trades"), [2.0, 1.0]);
        assert_eq!(get("buy_volume"), [3.0, 0.0]);
        assert_eq!(get("vwap"), [10.75, 12.0]);
        let right = resample_ticks(&ticks, &spec("1m").closed(Side::Right)).unwrap();
        assert_eq!(right.bars.len(), 1, "the trade on the edge belongs to the minute before");
    }

    #[test]
    fn a_trade_without_price_or_size_counts_for_no_flow() {
        let n = f64::NAN;
        assert_eq!(buy_volume(&[1.0, n, 2.0, 4.0], &[1.0, 1.0, 1.0, -1.0]), 3.0);
        assert_eq!(vwap(&[10.0, n, 12.0, 99.0], &[1.0, 5.0, 3.0, n]), 11.5);
        assert!(vwap(&[n, 10.0], &[1.0, n]).is_nan());
    }

    #[test]
    fn a_trade_received_late_delays_its_bar() {
        let open = session_minutes("2024-07-01", "2024-07-02", &Calendar::us_equities(), SessionHours::Regular)[0];
        let minute = NANOS_PER_MINUTE;
        let times = vec![open, open + minute - 1, open + minute, open + 3 * minute];
        let received = vec![open + 5, open + minute + 7, open + minute + 8, open + 3 * minute];
        let n = || vec![1.0; 4];
        let ticks = Ticks::new("SPY", Axis::new(times, received).unwrap(), n(), n(), n()).unwrap();
        let out = resample_ticks(&ticks, &spec("1m")).unwrap().bars;
        assert_eq!(out.open_time(), [open, open + minute, open + 3 * minute]);
        assert_eq!(out.available(), [open + minute + 7, open + 2 * minute, open + 4 * minute]);
    }

    proptest! {
        /// Whatever minutes are missing: gap-free or not, closed left by opening and closed right by completion agree,
        /// buckets hold what a slow walk over the rows says, and a missing row is the same as a row of NaN.
        #[test]
        fn it_agrees_with_a_slow_walk(
            keep in prop::collection::vec(0_u8..4, 3 * 390 + 210),
            tf in prop::sample::select(vec!["1m", "5m", "15m", "1h", "4h", "1d", "1w", "7m"]),
        ) {
            let calendar = Calendar::us_equities();
            let all = session_minutes("2024-07-01", "2024-07-06", &calendar, SessionHours::Regular);
            let times: Vec<i64> = all.iter().zip(&keep).filter(|(_, k)| **k > 0).map(|(t, _)| *t).collect();
            prop_assume!(!times.is_empty());
            let bars = minutes(times.clone());
            let out = resample(&bars, &spec(tf)).unwrap().bars;
            let right = resample(&bars, &spec(tf).closed(Side::Right)).unwrap().bars;
            prop_assert_eq!(format!("{:?}", out.columns()), format!("{:?}", right.columns()));

            let mut slow: std::collections::BTreeMap<i64, Vec<usize>> = Default::default();
            for (row, &t) in times.iter().enumerate() {
                let b = Bucketer::new(&spec(tf)).bucket_of(t).unwrap();
                slow.entry(b.start).or_default().push(row);
            }
            prop_assert_eq!(out.open_time().to_vec(), slow.keys().copied().collect::<Vec<_>>());
            for (i, rows) in slow.values().enumerate() {
                prop_assert_eq!(out.open()[i], rows[0] as f64);
                prop_assert_eq!(out.high()[i], *rows.last().unwrap() as f64 + 0.5);
                prop_assert_eq!(out.low()[i], rows[0] as f64 - 0.5);
                prop_assert_eq!(out.volume()[i], rows.len() as f64);
            }
        }

        #[test]
        fn the_end_of_a_run_is_found_from_any_guess(len in 1_usize..200, inside in 1_usize..200, guess in 1_usize..300) {
            let key: Vec<i64> = (0..len as i64).collect();
            let limit = inside.min(len) as i64;
            prop_assert_eq!(end_of_run(&key, 0, guess, |t| t < limit), limit as usize);
        }
    }
}
