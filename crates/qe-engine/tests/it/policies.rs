//! What hangs on what bars do not tell, and what sessions, events and profiles rule.

use qe_core::bars::Bars;
use qe_core::calendar::Calendar;
use qe_core::columns::Axis;
use qe_core::par::Pool;
use qe_core::time::Date;
use qe_core::timeframe::Timeframe;
use qe_data::events::{EventKind, Events};
use qe_data::market::MarketSpec;
use qe_engine::StrategySpec;
use qe_engine::batch::{Stretch, Warmup};
use qe_engine::fills::PathPolicy;
use qe_engine::ledger::{Cause, Refusal};
use qe_engine::market::Market;
use qe_engine::range::over_policies;
use qe_engine::run::{RunOptions, run};

/// Hours of a market that never sleeps, by their four prices.
fn hours(rows: &[[f64; 4]]) -> Market {
    hours_from(2024, rows)
}

fn hours_from(year: i32, rows: &[[f64; 4]]) -> Market {
    let hour = 3_600_000_000_000_i64;
    let start = Date::new(year, 1, 1).unwrap().midnight_utc();
    let open: Vec<i64> = (0..rows.len() as i64).map(|i| start + i * hour).collect();
    let axis = Axis::new(open.clone(), open.iter().map(|t| t + hour).collect::<Vec<_>>()).unwrap();
    let column = |k: usize| rows.iter().map(|r| r[k]).collect::<Vec<f64>>();
    let ones = vec![1.0; rows.len()];
    let bars = Bars::new("X", Timeframe::H1, axis, [column(0), column(1), column(2), column(3), ones]).unwrap();
    Market::new(&bars, &Calendar::crypto()).unwrap()
}

const BRACKET: &str = r#"
version = 1
name = "bracket"
[entry]
long = "close == 100"
[[exits]]
stop = "95"
[[exits]]
target = "105"
[sizing]
units = "10"
limit_frac = "inf"
[costs]
spread_frac = 0.0
"#;

#[test]
fn an_undecided_bar_spans_the_range_and_a_decided_one_does_not() {
    // In at 100 in row 1; row 2 touches both 95 and 105.
    let both = hours(&[
        [100.0, 100.0, 100.0, 100.0],
        [100.0, 101.0, 99.0, 101.0],
        [101.0, 106.0, 94.0, 101.0],
        [101.0, 102.0, 100.5, 101.0],
    ]);
    let spec = StrategySpec::from_toml(BRACKET).unwrap();
    let range = |market: &Market| {
        let plan = spec.compile(&market.schema(), market.steps_per_year(), None).unwrap();
        let stretch = Stretch { rows: 0..market.len(), warmup: Warmup::Idle, daily: false, max_bytes: 1 << 20 };
        over_policies(&plan, 0, market, &stretch, 100).unwrap()
    };
    let found = range(&both);
    assert_eq!((found.pnl.low, found.pnl.high), (-50.0, 50.0));
    assert_eq!((found.undecided_frac, found.n_not_turned), (1.0, 0));
    let pnl = |policy: PathPolicy, turned: Option<u32>| {
        found.ways.iter().find(|w| w.policy == policy && w.turned == turned).map(|w| w.pnl)
    };
    assert_eq!(pnl(PathPolicy::Pessimistic, None), Some(-50.0));
    assert_eq!(pnl(PathPolicy::Pessimistic, Some(2)), Some(50.0));
    assert_eq!(pnl(PathPolicy::Optimistic, None), Some(50.0));
    assert_eq!(pnl(PathPolicy::Optimistic, Some(2)), Some(-50.0));
    assert_eq!(
        (pnl(PathPolicy::OpenHighLowClose, None), pnl(PathPolicy::OpenLowHighClose, None)),
        (Some(50.0), Some(-50.0))
    );
    // The open of 101 is nearer to the high.
    assert_eq!(pnl(PathPolicy::NearestExtreme, None), Some(50.0));
    assert_eq!(found.ways.len(), 10);
    // Here only the stop is touched: no policy moves anything.
    let stopped =
        range(&hours(&[[100.0, 100.0, 100.0, 100.0], [100.0, 101.0, 99.0, 101.0], [101.0, 102.0, 94.0, 96.0]]));
    assert_eq!((stopped.pnl.low, stopped.pnl.high, stopped.undecided_frac, stopped.ways.len()), (-50.0, -50.0, 0.0, 5));
    // A gap through the stop fills at the open, as NUMERICS says: long from 100, stop 97.5, next open 85 fills at 85.
    let gap = BRACKET.replace("\"95\"", "\"97.5\"");
    let market = hours(&[[100.0, 100.0, 100.0, 100.0], [100.0, 101.0, 99.0, 101.0], [85.0, 86.0, 80.0, 84.0]]);
    let report = run(&StrategySpec::from_toml(&gap).unwrap(), &market, &RunOptions::default()).unwrap();
    assert_eq!((report.trades[0].exit_raw, report.trades[0].pnl), (85.0, -150.0));
}

#[test]
fn turned_bars_are_as_many_as_are_allowed() {
    let rows: Vec<[f64; 4]> = (0..60)
        .map(|i| match i % 3 {
            0 => [100.0, 100.0, 100.0, 100.0],
            1 => [100.0, 101.0, 99.0, 101.0],
            _ => [101.0, 106.0, 94.0, 101.0],
        })
        .collect();
    let market = hours(&rows);
    let spec = StrategySpec::from_toml(BRACKET).unwrap();
    let plan = spec.compile(&market.schema(), market.steps_per_year(), None).unwrap();
    let stretch = Stretch { rows: 0..market.len(), warmup: Warmup::Idle, daily: false, max_bytes: 1 << 20 };
    let all = over_policies(&plan, 0, &market, &stretch, 1000).unwrap();
    let few = over_policies(&plan, 0, &market, &stretch, 3).unwrap();
    assert_eq!((all.ways.len(), all.n_not_turned), (5 + 5 * 20, 0));
    assert_eq!((few.ways.len(), few.n_not_turned), (5 + 5 * 3, 5 * 17));
    // Twenty trades of 50: all lost, all won. One turned makes 100.
    assert_eq!((all.pnl.low, all.pnl.high), (-1000.0, 1000.0));
    assert!(all.ways.iter().any(|w| w.policy == PathPolicy::Pessimistic && w.pnl == -900.0));
}

fn simulated(timeframe: Timeframe) -> Market {
    let spec = MarketSpec { symbols: vec!["SPY".into()], years: 1, ..MarketSpec::default() };
    let market = qe_data::market::Market::generate(&spec, &Pool::inline()).unwrap();
    Market::new(&market.bars(timeframe).unwrap()[0], market.calendar()).unwrap()
}

const BUSY: &str = r#"
version = 1
name = "busy"
[entry]
long = "close > close[1]"
[[exits]]
time_stop = { bars = 5 }
[sizing]
fraction = "0.5"
limit_frac = 1.0
"#;

#[test]
fn sessions_end_flat_and_their_last_bars_enter_nothing() {
    let market = simulated(Timeframe::M15);
    let text = format!("{BUSY}\n[session]\nflat_at_end = true\nno_entry_last_bars = 3\n");
    let report = run(&StrategySpec::from_toml(&text).unwrap(), &market, &RunOptions::default()).unwrap();
    let (axis, calendar) = (market.columns().axis(), market.calendar());
    let f = &report.ledger.fills;
    let mut n_ended = 0;
    for i in 0..f.len() {
        let row = f.row[i] as usize;
        let session = calendar.session_at(axis.open()[row]).unwrap();
        match f.cause[i] {
            Cause::Entry => {
                let decided = f.signal_row[i] as usize;
                // Three bars are left at least when it is decided.
                assert!(session.close - axis.available()[decided] >= 3 * 900_000_000_000, "row {row}");
            }
            Cause::SessionEnd => {
                assert_eq!((axis.available()[row], f.phase[i]), (session.close, 2));
                n_ended += 1;
            }
            _ => {}
        }
    }
    assert!(n_ended > 50, "{n_ended}");
    for trade in &report.trades {
        let day = |row: u32| calendar.day_of(axis.open()[row as usize]);
        assert_eq!(day(trade.entry_row), day(trade.exit_row), "no position is held overnight");
    }
}

#[test]
fn what_a_session_without_its_last_bar_left_open_is_closed_at_the_next_open() {
    // A full day, a half day and a full day of US equities, at 15:55 of the first and 12:55 of the second nothing is there:
    // rows 0 to 76, 77 to 117, 118 to 195. Each bar is of one price, 1000 and its row.
    let calendar = Calendar::us_equities();
    let step = 300_000_000_000;
    let days = calendar.sessions(Date::new(2019, 11, 27).unwrap(), Date::new(2019, 12, 3).unwrap());
    let times = days.enumerate().flat_map(|(i, s)| {
        let n = (s.close - s.open) / step - i64::from(i < 2);
        (0..n).map(move |bar| s.open + bar * step)
    });
    let times: Vec<i64> = times.collect();
    assert_eq!(times.len(), 77 + 41 + 78);
    let known: Vec<i64> = times.iter().map(|t| t + step).collect();
    let price: Vec<f64> = (0..times.len()).map(|row| 1000.0 + row as f64).collect();
    let prices = [price.clone(), price.clone(), price.clone(), price.clone(), vec![1.0; price.len()]];
    let bars = Bars::new("X", Timeframe::M5, Axis::new(times, known).unwrap(), prices).unwrap();
    let market = Market::new(&bars, &calendar).unwrap();
    // In at the open of row 6; of row 78, of which the order of row 77 is; and of row 119.
    let text = r#"
        version = 1
        name = "flat"
        [entry]
        long = "close == 1005 or close == 1077 or close == 1118"
        [[exits]]
        stop = "1000"
        [sizing]
        units = "1"
        limit_frac = "inf"
        [session]
        flat_at_end = true
        [costs]
        spread_frac = 0.002
    "#;
    let report = run(&StrategySpec::from_toml(text).unwrap(), &market, &RunOptions::default()).unwrap();
    let f = &report.ledger.fills;
    let told: Vec<_> = (0..f.len()).map(|i| (f.row[i], f.phase[i], f.units[i], f.cause[i])).collect();
    let expected = [
        (6, 0, 1.0, Cause::Entry),
        (77, 0, -1.0, Cause::SessionMissed),
        (78, 0, 1.0, Cause::Entry),
        (118, 0, -1.0, Cause::SessionMissed),
        (119, 0, 1.0, Cause::Entry),
        (195, 2, -1.0, Cause::SessionEnd),
    ];
    assert_eq!(told, expected);
    // At the market: 1077 and 1118 less half the spread.
    assert!((f.price[1] - 1077.0 * 0.999).abs() < 1e-9 && (f.price[3] - 1118.0 * 0.999).abs() < 1e-9);
    let reasons: Vec<_> = report.trades.iter().map(|t| t.reason.as_deref().unwrap()).collect();
    assert_eq!(reasons, ["session_missed", "session_missed", "session_end"]);
    // What was decided in the last bar there is of a session ends with it.
    let late = text.replace("close == 1005 or close == 1077 or close == 1118", "close == 1076");
    let report = run(&StrategySpec::from_toml(&late).unwrap(), &market, &RunOptions::default()).unwrap();
    assert!(report.ledger.fills.is_empty());
}

#[test]
fn nothing_is_entered_in_the_two_sessions_before_an_event() {
    let market = simulated(Timeframe::H1);
    let text = format!("{BUSY}\n[session]\nblackout = {{ events = [\"fomc\", \"cpi\"], sessions = 2 }}\n");
    let report = run(&StrategySpec::from_toml(&text).unwrap(), &market, &RunOptions::default()).unwrap();
    let plain = run(&StrategySpec::from_toml(BUSY).unwrap(), &market, &RunOptions::default()).unwrap();
    let (axis, calendar) = (market.columns().axis(), market.calendar());
    let near = |row: u32| {
        let now = axis.available()[row as usize];
        Events::us().blackout(&[EventKind::Fomc, EventKind::Cpi], now, 2, calendar) != Some(false)
    };
    let entries = |r: &qe_engine::run::Report| -> Vec<u32> {
        let f = &r.ledger.fills;
        (0..f.len()).filter(|i| f.cause[*i] == Cause::Entry).map(|i| f.signal_row[i]).collect()
    };
    assert!(entries(&plain).into_iter().filter(|row| near(*row)).count() > 20);
    assert_eq!(entries(&report).into_iter().filter(|row| near(*row)).count(), 0);
    assert!(entries(&report).len() > 50);
    // Where no event is known to come there is no calm either: that is an error, not a silence.
    let far = hours_from(2060, &[[100.0; 4]; 10]);
    let error = run(&StrategySpec::from_toml(&text).unwrap(), &far, &RunOptions::default()).unwrap_err().to_string();
    assert!(error.contains("no fomc or cpi is known to come"), "{error}");
}

/// However long an order is on its way or rests: it is the row of the fill that counts.
#[test]
fn nothing_is_filled_in_a_session_before_an_event() {
    let whole = simulated(Timeframe::H1);
    let thin = thinned(&whole);
    // Where bars are missing before a blackout, even an order for the next price may be on its way into it.
    nothing_is_filled_before_events(&whole, false);
    nothing_is_filled_before_events(&thin, true);
}

/// The market without the last bar of any session, and without every seventh session.
fn thinned(market: &Market) -> Market {
    let (axis, calendar) = (market.columns().axis(), market.calendar());
    let mut days: Vec<Date> = axis.open().iter().map(|t| calendar.day_of(*t)).collect();
    let of_rows = days.clone();
    days.dedup();
    let stays = |row: &usize| {
        let day = days.partition_point(|day| *day < of_rows[*row]);
        let is_last = calendar.session(of_rows[*row]).is_some_and(|s| s.close == axis.available()[*row]);
        day % 7 != 3 && !is_last
    };
    let rows: Vec<usize> = (0..market.len()).filter(stays).collect();
    let times = |of: &[i64]| rows.iter().map(|row| of[*row]).collect::<Vec<_>>();
    let column = |name: &str| {
        let values = market.columns().get(name).unwrap().to_f64();
        rows.iter().map(|row| values[*row]).collect::<Vec<f64>>()
    };
    let axis = Axis::new(times(axis.open()), times(axis.available())).unwrap();
    let prices = ["open", "high", "low", "close", "volume"].map(column);
    Market::new(&Bars::new("SPY", market.timeframe(), axis, prices).unwrap(), calendar).unwrap()
}

fn nothing_is_filled_before_events(market: &Market, is_thin: bool) {
    let (axis, calendar) = (market.columns().axis(), market.calendar());
    let kinds = [EventKind::Fomc, EventKind::Cpi];
    // Of the session in which it is filled, by what is known then. A close is the end of its session.
    let is_before = |(row, phase): (u32, u8), n_sessions: usize| {
        let (now, day) = match (axis.open()[row as usize], axis.available()[row as usize]) {
            (_, close) if phase == 2 => (close, calendar.day_of(close - 1)),
            (open, _) => (open, calendar.day_of(open)),
        };
        let is_next = |e: &&qe_data::events::Event| kinds.contains(&e.kind) && e.at.nanos() > now && e.is_known(now);
        let event = Events::us().iter().find(is_next).unwrap();
        calendar.count_sessions(day, calendar.day_of(event.at.nanos())) <= n_sessions
    };
    let entries = |text: &str| -> (Vec<(u32, u8)>, usize) {
        let report = run(&StrategySpec::from_toml(text).unwrap(), market, &RunOptions::default()).unwrap();
        let f = &report.ledger.fills;
        let rows = (0..f.len()).filter(|i| f.cause[*i] == Cause::Entry).map(|i| (f.row[i], f.phase[i])).collect();
        (rows, report.ledger.refused.iter().filter(|r| r.why == Refusal::Blackout).count())
    };
    let fill = |fill: &str| format!("{BUSY}\n[execution]\nfill = {fill}\n");
    let resting =
        |kind: &str, level: &str| format!("{BUSY}\n[entry.order.{kind}]\nlong = \"close * {level}\"\nbars = 30\n");
    let weights = BUSY.split("[entry]").next().unwrap().to_owned()
        + "[sizing]\ntarget_weight = { weight = \"if(close > close[1], 0.9, 0)\" }\nlimit_frac = 1.0\n";
    let slow_weights = format!("{weights}[execution]\nfill = {{ at = \"open\", delay = 4 }}\n");
    for (text, takes_back) in [
        (fill("\"next_open\""), false),
        (fill("\"signal_close\""), false),
        (fill("{ at = \"open\", delay = 1, count = \"sessions\" }"), true),
        (fill("{ at = \"close\", delay = 2, count = \"sessions\" }"), true),
        (fill("{ at = \"close\", delay = 9 }"), true),
        (resting("limit", "0.995"), true),
        (resting("stop", "1.005"), true),
        (weights, false),
        (slow_weights, true),
    ] {
        let (mut n_of_all, mut n_plain) = (0, 0);
        let (plain, _) = entries(&text);
        for n in [0, 2] {
            let blackout = format!("[session]\nblackout = {{ events = [\"fomc\", \"cpi\"], sessions = {n} }}\n");
            let (rows, n_taken_back) = entries(&format!("{text}{blackout}"));
            let n_before = plain.iter().filter(|row| is_before(**row, n)).count();
            n_plain += n_before;
            let inside: Vec<_> = rows.iter().copied().filter(|row| is_before(*row, n)).collect();
            assert!(inside.is_empty(), "{n} sessions: {inside:?} of {} in {text}", rows.len());
            assert!(rows.len() > 15, "{n} sessions: {} in {text}", rows.len());
            n_of_all += n_taken_back;
            if is_thin {
                continue;
            }
            // With the close of a session its events are over.
            let is_after = n == 0 && text.contains("delay = 2, count");
            assert!((n_before > 0) != is_after, "{text}");
            assert_eq!(n_taken_back > 0, takes_back, "{n} sessions: {n_taken_back} in {text}");
        }
        assert!(n_plain > 0, "{text}");
        assert_eq!(n_of_all > 0, takes_back || (is_thin && !text.contains("signal_close")), "{n_of_all} in {text}");
    }
}

#[test]
fn the_discovery_profile_is_the_seed_s_and_cannot_be_bent() {
    let text = format!("profile = \"discovery\"\n{}", BUSY.trim_start());
    let spec = StrategySpec::from_toml(&text).unwrap();
    let report = run(&spec, &simulated(Timeframe::H1), &RunOptions::default()).unwrap();
    let f = &report.ledger.fills;
    assert!(report.identity.is_same_bar);
    assert_eq!(report.ledger.capital, 10_000.0);
    for i in 0..f.len() {
        // Half of 0.0003 on each side, at the close of the signal's own bar.
        let factor = if f.units[i] > 0.0 { 1.00015 } else { 0.99985 };
        assert!((f.price[i] / f.raw[i] - factor).abs() < 1e-12);
        assert_eq!((f.row[i], f.phase[i], f.fee[i]), (f.signal_row[i], 2, 0.0));
    }
    let bent = format!("{text}\n[costs]\nspread_frac = 0.0001\n");
    let error = StrategySpec::from_toml(&bent)
        .and_then(|s| run(&s, &simulated(Timeframe::H1), &RunOptions::default()).map(|_| ()))
        .unwrap_err()
        .to_string();
    assert!(error.contains("costs") && error.contains("discovery"), "{error}");
}
