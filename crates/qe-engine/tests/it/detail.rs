//! What rests in the market, followed along bars of a lower timeframe.

use qe_core::bars::Bars;
use qe_core::calendar::Calendar;
use qe_core::columns::Axis;
use qe_core::par::Pool;
use qe_core::rng::Stream;
use qe_core::time::Date;
use qe_core::timeframe::Timeframe;
use qe_engine::StrategySpec;
use qe_engine::batch::{Stretch, Warmup};
use qe_engine::fills::PathPolicy;
use qe_engine::market::Market;
use qe_engine::range::over_policies;
use qe_engine::run::{Report, RunOptions, run};
use qe_engine::sweep::{Sweep, SweepOptions};

const MINUTE: i64 = 60_000_000_000;

/// Bars of so many minutes each, at these opening times.
fn bars(symbol: &str, timeframe: Timeframe, minutes: i64, open: Vec<i64>, rows: &[[f64; 4]]) -> Bars {
    let known: Vec<i64> = open.iter().map(|t| t + minutes * MINUTE).collect();
    let column = |k: usize| rows.iter().map(|r| r[k]).collect::<Vec<f64>>();
    let volume = vec![1.0; rows.len()];
    let columns = [column(0), column(1), column(2), column(3), volume];
    Bars::new(symbol, timeframe, Axis::new(open, known).unwrap(), columns).unwrap()
}

fn start() -> i64 {
    Date::new(2024, 1, 1).unwrap().midnight_utc()
}

fn hours(rows: &[[f64; 4]]) -> Bars {
    let open = (0..rows.len() as i64).map(|i| start() + i * 60 * MINUTE).collect();
    bars("X", Timeframe::H1, 60, open, rows)
}

/// Minutes that go from price to price along the points of each hour, in small steps.
fn minutes(rows: &[[f64; 4]], is_high_first: bool) -> Bars {
    const STEPS: usize = 18;
    let (mut open, mut fine) = (Vec::new(), Vec::new());
    for (i, &[o, h, l, c]) in rows.iter().enumerate() {
        let points = if is_high_first { [o, h, l, c] } else { [o, l, h, c] };
        let mut at = start() + i as i64 * 60 * MINUTE;
        for leg in points.windows(2) {
            let price = |step: usize| match step {
                0 => leg[0],
                STEPS => leg[1],
                step => leg[0] + (leg[1] - leg[0]) * (step as f64 / STEPS as f64),
            };
            for step in 0..STEPS {
                let (a, b) = (price(step), price(step + 1));
                open.push(at);
                fine.push([a, a.max(b), a.min(b), b]);
                at += MINUTE;
            }
        }
    }
    bars("X", Timeframe::M1, 1, open, &fine)
}

fn rows(seed: u64, n: usize) -> Vec<[f64; 4]> {
    let mut r = Stream::new(seed, "detail", 0);
    let mut last = 1000.0;
    let mut step = move |of: u64| r.below(of) as f64;
    (0..n)
        .map(|_| {
            let open = last + if step(4) == 0.0 { step(21) - 10.0 } else { 0.0 };
            last = open + step(25) - 12.0;
            [open, open.max(last) + step(9), open.min(last) - step(9), last]
        })
        .collect()
}

fn spec(text: &str, path: &str) -> StrategySpec {
    let text = format!("version = 1\nname = \"detail\"\n{text}\n[execution]\npath = \"{path}\"\nleverage = 10.0\n");
    StrategySpec::from_toml(&text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

const BOTH: &str = "[entry]\nlong = \"close > close[1]\"\nshort = \"close < close[2]\"\n";
const SIZE: &str = "[sizing]\nunits = \"3\"\nlimit_frac = \"inf\"\n[costs]\nspread_frac = 0.001\ntaker_fee_bps = 2.0\n";

/// What was filled: all but when within the bar.
fn fills(report: &Report) -> Vec<String> {
    let f = &report.ledger.fills;
    let cause = |i: usize| format!("{:?} {:?}", f.cause[i], f.phase[i]);
    (0..f.len()).map(|i| format!("{} {} {} {} {}", f.row[i], f.units[i], f.raw[i], f.price[i], cause(i))).collect()
}

/// Minutes that go high first are the policy `open_high_low_close`, those that go low first the other.
#[test]
fn minutes_along_a_path_are_that_path() {
    let stop = "[[exits]]\nstop = \"entry.price - pos.side * 9\"\n";
    let target = "[[exits]]\ntarget = \"entry.price + pos.side * 11\"\n";
    let exits = [
        format!("{stop}{target}"),
        format!("{stop}[[exits]]\nwhen = \"pos.bars >= 4\"\n"),
        format!("{target}[[exits]]\nstop = \"max_since_entry(close) - 14\"\nside = \"long\"\n"),
        format!("{stop}{target}[[exits]]\ntrail = \"6\"\n"),
        "[[exits]]\ntrail = \"4 + 0 * close\"\n".to_owned(),
    ];
    let orders = [
        "",
        "[entry.order.limit]\nlong = \"close - 5\"\nshort = \"close + 5\"\nbars = 2\n",
        "[entry.order.stop]\nlong = \"close + 4\"\nshort = \"close - 4\"\nbars = 3\n",
    ];
    let (mut n_fills, mut n_parted) = (0, 0);
    for seed in 0..12 {
        let rows = rows(seed, 300);
        let plain = Market::new(&hours(&rows), &Calendar::crypto()).unwrap();
        let detail = [true, false].map(|high| plain.clone().with_detail(&minutes(&rows, high)).unwrap());
        for (o, order) in orders.iter().enumerate() {
            // A position that was entered within a bar has a better memory of it in detail: no trail.
            for exits in &exits[..if o == 0 { 5 } else { 3 }] {
                let text = format!("{BOTH}{order}{exits}{SIZE}");
                let by_path = ["open_high_low_close", "open_low_high_close"]
                    .map(|path| fills(&run(&spec(&text, path), &plain, &RunOptions::default()).unwrap()));
                let along = spec(&text, "lower_timeframe");
                for (market, wanted) in detail.iter().zip(&by_path) {
                    let report = run(&along, market, &RunOptions::default()).unwrap();
                    let got = fills(&report);
                    let first = (0..got.len().max(wanted.len())).find(|&i| got.get(i) != wanted.get(i));
                    let at = |list: &[String]| first.map(|i| list[i.saturating_sub(1)..list.len().min(i + 2)].to_vec());
                    assert_eq!(at(&got), at(wanted), "seed {seed}\n{text}");
                    n_fills += got.len();
                    // When: the minute is known of what is filled within a bar.
                    let f = &report.ledger.fills;
                    for i in 0..f.len() {
                        let open = start() + i64::from(f.row[i]) * 60 * MINUTE;
                        let within = f.time[i] - open;
                        match f.phase[i] {
                            0 => assert_eq!(within, 0),
                            1 => assert!((MINUTE..=54 * MINUTE).contains(&within) && within % MINUTE == 0),
                            _ => assert_eq!(within, 60 * MINUTE),
                        }
                    }
                }
                n_parted += usize::from(by_path[0] != by_path[1]);
            }
        }
    }
    assert!(n_fills > 50_000 && n_parted > 50, "{n_fills} {n_parted}");
}

/// Both 95 and 105 are touched in row 2: the minutes say which came first.
const UNDECIDED: [[f64; 4]; 3] =
    [[100.0, 100.0, 100.0, 100.0], [100.0, 101.0, 99.0, 101.0], [101.0, 106.0, 94.0, 101.0]];

const STOP_AND_TARGET: &str = "[entry]\nlong = \"close == 100\"\n[[exits]]\nstop = \"95\"\n[[exits]]\ntarget = \"105\"\n\
    [sizing]\nunits = \"10\"\nlimit_frac = \"inf\"\n[costs]\nspread_frac = 0.0\n";

#[test]
fn what_minutes_decide_is_not_undecided() {
    let plain = Market::new(&hours(&UNDECIDED), &Calendar::crypto()).unwrap();
    let pnl = |market: &Market, path: &str| {
        let report = run(&spec(STOP_AND_TARGET, path), market, &RunOptions::default()).unwrap();
        (report.trades[0].pnl, report.trades[0].is_undecided)
    };
    assert_eq!(pnl(&plain, "pessimistic"), (-50.0, true));
    let detail = |high: bool| plain.clone().with_detail(&minutes(&UNDECIDED, high)).unwrap();
    assert_eq!(pnl(&detail(true), "lower_timeframe"), (50.0, false));
    assert_eq!(pnl(&detail(false), "lower_timeframe"), (-50.0, false));
    // A minute that touches both is undecided as a bar is; a row without minutes is its own bar.
    let wild = bars("X", Timeframe::M1, 1, vec![start() + 120 * MINUTE], &[[101.0, 106.0, 94.0, 101.0]]);
    assert_eq!(pnl(&plain.clone().with_detail(&wild).unwrap(), "lower_timeframe"), (-50.0, true));
    let none = bars("X", Timeframe::M1, 1, vec![start() + 60 * MINUTE], &[[100.0, 101.0, 99.0, 101.0]]);
    assert_eq!(pnl(&plain.clone().with_detail(&none).unwrap(), "lower_timeframe"), (-50.0, true));
    // Other policies do not look at it.
    assert_eq!(pnl(&detail(true), "pessimistic"), (-50.0, true));
    // It is part of what the data are.
    assert_ne!(plain.id().unwrap(), detail(true).id().unwrap());
    assert_ne!(detail(false).id().unwrap(), detail(true).id().unwrap());
}

#[test]
fn the_range_over_policies_knows_what_minutes_decide() {
    let plain = Market::new(&hours(&UNDECIDED), &Calendar::crypto()).unwrap();
    let range = |market: &Market, path: &str| {
        let plan = spec(STOP_AND_TARGET, path).compile(&market.schema(), market.steps_per_year(), None).unwrap();
        let stretch = Stretch { rows: 0..market.len(), warmup: Warmup::Idle, daily: false, max_bytes: 1 << 20 };
        over_policies(&plan, 0, market, &stretch, 100).unwrap()
    };
    // Five policies, and each with its undecided bar turned.
    let bare = range(&plain, "pessimistic");
    assert_eq!(bare.ways.len(), 10);
    assert!(bare.ways.iter().all(|way| way.policy != PathPolicy::LowerTimeframe));
    for (is_high_first, pnl) in [(true, 50.0), (false, -50.0)] {
        let market = plain.clone().with_detail(&minutes(&UNDECIDED, is_high_first)).unwrap();
        // Whatever the strategy asks for itself.
        for path in ["pessimistic", "lower_timeframe"] {
            let found = range(&market, path);
            let along: Vec<_> = found.ways.iter().filter(|w| w.policy == PathPolicy::LowerTimeframe).collect();
            let [way] = along[..] else { panic!("{along:?}") };
            assert_eq!((way.pnl, way.turned, way.n_trades, way.n_undecided), (pnl, None, 1, 0));
            assert_eq!(found.ways[5], *way);
            let others = found.ways.iter().filter(|w| w.policy != PathPolicy::LowerTimeframe);
            assert!(others.eq(&bare.ways));
        }
    }
    // A minute that touches both does not say either: it is turned like a bar.
    let wild = bars("X", Timeframe::M1, 1, vec![start() + 120 * MINUTE], &[[101.0, 106.0, 94.0, 101.0]]);
    let found = range(&plain.clone().with_detail(&wild).unwrap(), "pessimistic");
    let along = found.ways.iter().filter(|w| w.policy == PathPolicy::LowerTimeframe).map(|w| (w.turned, w.pnl));
    assert_eq!(along.collect::<Vec<_>>(), [(None, -50.0), (Some(2), 50.0)]);
}

#[test]
fn detail_that_cannot_be_says_why() {
    let rows = rows(1, 20);
    let plain = Market::new(&hours(&rows), &Calendar::crypto()).unwrap();
    let said = |fine: &Bars| plain.clone().with_detail(fine).unwrap_err().to_string();
    let one = |symbol: &str, price: f64| bars(symbol, Timeframe::M1, 1, vec![start()], &[[price; 4]]);
    assert!(said(&one("Y", rows[0][0])).contains("it is of Y; give bars of the same symbol"));
    assert!(said(&hours(&rows)).contains("give bars of a lower timeframe"));
    assert!(said(&one("X", rows[0][1] + 1.0)).contains("row 0, in which it is"));
    let text = format!("{BOTH}[[exits]]\nstop = \"entry.price - pos.side * 9\"\n{SIZE}");
    let along = spec(&text, "lower_timeframe");
    let without = run(&along, &plain, &RunOptions::default()).unwrap_err().to_string();
    assert!(without.contains("execution.path on X 1h") && without.contains("Market::with_detail"), "{without}");
    let markets = vec![std::sync::Arc::new(plain.clone())];
    assert!(Sweep::new(&along, markets, Pool::inline(), SweepOptions::default()).is_err());
    // Minutes before, after and between the bars are left out; an empty detail is none.
    let outside = bars("X", Timeframe::M1, 1, vec![start() - MINUTE, start() + 1200 * MINUTE], &[[1.0; 4]; 2]);
    let market = plain.clone().with_detail(&outside).unwrap();
    let pessimistic = run(&spec(&text, "pessimistic"), &plain, &RunOptions::default()).unwrap();
    assert_eq!(fills(&run(&along, &market, &RunOptions::default()).unwrap()), fills(&pessimistic));
}
