//! What pandas makes of the same bars, trades, actions and times.
//!
//! The generators in `data-fixtures/gen/data` draw their inputs from the linear congruential generator below; the
//! tests draw them again, so that a table holds results alone.

use qe_core::bars::{BarKind, Bars, OHLCV};
use qe_core::calendar::{Calendar, SessionHours};
use qe_core::columns::{Axis, Columns};
use qe_core::ticks::Ticks;
use qe_core::time::{NANOS_PER_MINUTE, NANOS_PER_SECOND};
use qe_core::timeframe::Timeframe;
use qe_data::adjust::{Actions, Adjustment, adjust};
use qe_data::asof::{AsOf, asof};
use qe_data::resample::{ResampleSpec, Side, activity_bars, resample, resample_ticks};

use crate::sample::day;

const DAYS: [&str; 7] =
    ["2024-03-08", "2024-03-11", "2024-07-03", "2024-07-05", "2024-11-01", "2024-11-04", "2024-11-29"];

/// A golden table: its header, the names of its columns, its cells.
pub(crate) struct Golden {
    head: String,
    names: Vec<&'static str>,
    rows: Vec<Vec<&'static str>>,
}

impl Golden {
    pub(crate) fn read(text: &'static str) -> Self {
        let head = text.lines().take_while(|l| l.starts_with('#')).collect::<Vec<_>>().join("\n");
        let mut lines = text.lines().filter(|l| !l.starts_with('#')).map(|l| l.split(',').collect::<Vec<_>>());
        let names = lines.next().unwrap();
        let rows: Vec<_> = lines.collect();
        assert!(!rows.is_empty() && rows.iter().all(|r| r.len() == names.len()));
        Self { head, names, rows }
    }

    pub(crate) fn text(&self, name: &str) -> Vec<&'static str> {
        let at = self.names.iter().position(|n| *n == name).unwrap();
        self.rows.iter().map(|r| r[at]).collect()
    }

    pub(crate) fn num(&self, name: &str) -> Vec<f64> {
        self.text(name).into_iter().map(|t| t.parse().unwrap()).collect()
    }

    /// The rows in which some columns hold these texts.
    fn filter(&self, wanted: &[(&str, &str)]) -> Self {
        let holds =
            |row: &[&str]| wanted.iter().all(|(n, v)| row[self.names.iter().position(|m| m == n).unwrap()] == *v);
        let rows: Vec<_> = self.rows.iter().filter(|r| holds(r)).cloned().collect();
        assert!(!rows.is_empty(), "{wanted:?}");
        Self { head: self.head.clone(), names: self.names.clone(), rows }
    }
}

/// Uniform numbers, as the generators draw them.
fn uniforms(mut state: u64) -> impl FnMut() -> f64 {
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Missing values count as equal, all others must be equal to the bit.
fn assert_same(got: &[f64], want: &[f64], what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    let odd = got.iter().zip(want).position(|(g, w)| g != w && !(g.is_nan() && w.is_nan()));
    assert!(odd.is_none(), "{what}: row {odd:?}, {:?} {:?}", odd.map(|i| got[i]), odd.map(|i| want[i]));
}

fn assert_bars(bars: &Bars, want: &Golden, scale: i64, times: [&str; 2], what: &str) {
    let seconds = |t: &[i64]| t.iter().map(|t| (t / scale) as f64).collect::<Vec<_>>();
    assert!(bars.open_time().iter().chain(bars.available()).all(|t| t % scale == 0));
    assert_same(&seconds(bars.open_time()), &want.num(times[0]), what);
    assert_same(&seconds(bars.available()), &want.num(times[1]), what);
    for (name, got) in OHLCV.into_iter().zip([bars.open(), bars.high(), bars.low(), bars.close(), bars.volume()]) {
        assert_same(got, &want.num(name), &format!("{what} {name}"));
    }
}

#[test]
fn minutes_become_the_bars_that_pandas_makes() {
    let (calendar, mut u) = (Calendar::us_equities(), uniforms(42));
    let (mut times, mut columns) = (Vec::new(), [(); 5].map(|()| Vec::new()));
    for name in DAYS {
        let window = calendar.window(day(name), SessionHours::Regular).unwrap();
        for at in (window.start..window.end).step_by(NANOS_PER_MINUTE as usize) {
            let [keep, a, b, up, down, size] = [(); 6].map(|()| u());
            let (open, close) = (100.0 + a, 100.0 + b);
            if keep >= 0.16 {
                times.push(at);
                let row = [open, open.max(close) + up, open.min(close) - down, close, (size * 1000.0).floor()];
                columns.iter_mut().zip(row).for_each(|(c, v)| c.push(v));
            }
        }
    }
    let available: Vec<i64> = times.iter().map(|t| t + NANOS_PER_MINUTE).collect();
    let bars = Bars::new("X", Timeframe::M1, Axis::new(times, available).unwrap(), columns).unwrap();
    let golden = Golden::read(include_str!("../../../../data-fixtures/golden/data/resample_bars.csv"));
    for rule in ["5m", "15m", "1h", "4h", "1d"] {
        for (closed, side) in [("left", Side::Left), ("right", Side::Right)] {
            let spec = ResampleSpec::new(Timeframe::parse(rule).unwrap(), calendar.clone()).closed(side);
            let got = resample(&bars, &spec).unwrap();
            let want = golden.filter(&[("rule", rule), ("closed", closed)]);
            assert_bars(&got.bars, &want, NANOS_PER_SECOND, ["open_s", "end_s"], &format!("{rule} {closed}"));
            assert_eq!(got.n_outside, 0);
        }
    }
}

#[test]
fn trades_become_the_bars_that_pandas_makes() {
    let (calendar, mut u) = (Calendar::us_equities(), uniforms(7));
    let (mut times, mut price, mut size) = (Vec::new(), Vec::new(), Vec::new());
    for name in DAYS {
        let window = calendar.window(day(name), SessionHours::Regular).unwrap();
        for at in (window.start..=window.end).step_by(7_500_000_000) {
            let [keep, p, s] = [(); 3].map(|()| u());
            if keep >= 0.9 {
                times.push(at);
                price.push(100.0 + (p * 400.0).floor() / 4.0);
                size.push(1.0 + (s * 50.0).floor());
            }
        }
    }
    let n = times.len();
    let on_edge = times.iter().filter(|t| *t % (300 * NANOS_PER_SECOND) == 0).count();
    assert!(on_edge > 10, "trades on the edges of buckets tell left from right");
    let ticks = Ticks::new("X", Axis::instants(times).unwrap(), price, size, vec![0.0; n]).unwrap();
    let golden = Golden::read(include_str!("../../../../data-fixtures/golden/data/resample_trades.csv"));
    for rule in ["5m", "1h"] {
        for (closed, side) in [("left", Side::Left), ("right", Side::Right)] {
            let spec = ResampleSpec::new(Timeframe::parse(rule).unwrap(), calendar.clone()).closed(side);
            let want = golden.filter(&[("rule", rule), ("closed", closed)]);
            let got = resample_ticks(&ticks, &spec).unwrap().bars;
            assert_bars(&got, &want, NANOS_PER_SECOND, ["open_s", "end_s"], &format!("{rule} {closed}"));
        }
    }
}

#[test]
fn activity_closes_the_bars_that_a_walk_in_fractions_closes() {
    let mut u = uniforms(2013);
    let (mut at, mut quarters) = (0, 6400.0);
    let (mut times, mut price, mut size) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..4000 {
        let [wait, step, s] = [(); 3].map(|()| u());
        at += (wait * 3.0) as i64;
        quarters += (step * 3.0).floor() - 1.0;
        times.push(at);
        price.push(quarters / 4.0);
        size.push(1.0 + (s * s * 60.0).floor());
    }
    let ticks = Ticks::new("ES", Axis::instants(times).unwrap(), price, size, vec![0.0; 4000]).unwrap();
    let golden = Golden::read(include_str!("../../../../data-fixtures/golden/data/activity_bars.csv"));
    for (kind, name, threshold) in [
        (BarKind::Ticks(7), "ticks", "7.0"),
        (BarKind::Ticks(64), "ticks", "64.0"),
        (BarKind::Volume(333.0), "volume", "333.0"),
        (BarKind::Volume(100.5), "volume", "100.5"),
        (BarKind::Dollars(123_456.7), "dollars", "123456.7"),
        (BarKind::Dollars(50_000.0), "dollars", "50000.0"),
    ] {
        let want = golden.filter(&[("kind", name), ("threshold", threshold)]);
        let (bars, left) = activity_bars(&ticks, kind).unwrap();
        assert_bars(&bars, &want, 1, ["opened", "known"], &format!("{kind}"));
        let trades = bars.columns().get("trades").unwrap().to_f64();
        assert_same(&trades, &want.num("trades"), name);
        assert_eq!(left, 4000 - trades.iter().sum::<f64>() as usize);
    }
}

#[test]
fn adjusted_prices_are_chained_returns() {
    let golden = Golden::read(include_str!("../../../../data-fixtures/golden/data/adjust.csv"));
    let calendar = Calendar::us_equities();
    let sessions: Vec<_> = golden.text("date").iter().map(|d| calendar.session(day(d)).unwrap()).collect();
    let axis = Axis::new(
        sessions.iter().map(|s| s.open).collect::<Vec<_>>(),
        sessions.iter().map(|s| s.close).collect::<Vec<_>>(),
    );
    let close = golden.num("close");
    let ohlcv = [close.clone(), close.clone(), close.clone(), close, golden.num("volume")];
    let bars = Bars::new("X", Timeframe::D1, axis.unwrap(), ohlcv).unwrap();
    let listed = golden.head.split_once("actions=").unwrap().1;
    let rows: String = listed.split(';').map(|a| format!("X,{}\n", a.trim_matches('|').replace('|', ","))).collect();
    let actions = Actions::from_csv(&format!("symbol,ex_date,kind,value\n{rows}")).unwrap();
    assert_eq!(actions.len(), 8);
    for (mode, column) in [(Adjustment::Split, "split_close"), (Adjustment::Total, "total_close")] {
        let out = adjust(&bars, &actions, mode, None, &calendar).unwrap().adjusted;
        for (row, (got, want)) in out.close().iter().zip(golden.num(column)).enumerate() {
            assert!((got / want - 1.0).abs() < 1e-12, "{column} row {row}: {got} {want}");
        }
        for (got, want) in out.volume().iter().zip(golden.num("split_volume")) {
            assert!((got / want - 1.0).abs() < 1e-12, "{got} {want}");
        }
    }
}

#[test]
fn what_was_known_is_what_merge_asof_finds() {
    let golden = Golden::read(include_str!("../../../../data-fixtures/golden/data/asof.csv"));
    let times = |name| golden.num(name).into_iter().filter(|t| !t.is_nan()).map(|t| t as i64).collect::<Vec<_>>();
    // Rows open long before they are known, which must not matter.
    let table = |known: Vec<i64>| Columns::new(Axis::new(vec![0; known.len()], known).unwrap());
    let slow = table(times("slow_known"));
    let n = slow.len();
    let slow = slow.with("value", (0..n).map(|i| i as f64).collect::<Vec<_>>()).unwrap();
    let fast = table(times("known"));
    for (how, column) in
        [(AsOf::new("s_"), "any"), (AsOf::new("s_").max_age(25), "within_25"), (AsOf::new("s_").max_age(0), "within_0")]
    {
        let out = asof(&fast, &slow, &how).unwrap();
        assert_same(&out.get("s_value").unwrap().to_f64(), &golden.num(column), column);
        let age: Vec<f64> = golden.num("age").iter().map(|ns| ns / 1e9).collect();
        assert_same(&out.get("s_age_s").unwrap().to_f64(), &age, "age");
    }
}
