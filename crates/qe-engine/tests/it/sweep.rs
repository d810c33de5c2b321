//! Strategies over the simulated market: alone, in sweeps, on threads, over windows.

use std::sync::{Arc, Mutex};

use qe_core::eval::{Evaluator, Fidelity, Window};
use qe_core::par::{Pool, Threads};
use qe_core::param::Value;
use qe_core::point::PointTable;
use qe_core::time::{Date, TimeRange};
use qe_core::timeframe::Timeframe;
use qe_data::market::MarketSpec;
use qe_engine::batch::Warmup;
use qe_engine::blocks::{Block, BlockStats};
use qe_engine::market::Market;
use qe_engine::run::{RunOptions, run};
use qe_engine::sweep::{Sweep, SweepOptions};
use qe_engine::{StrategySpec, strategies};

/// Simulated hours of two funds over a year.
fn markets(timeframe: Timeframe) -> Vec<Arc<Market>> {
    let spec = MarketSpec { symbols: vec!["SPY".into(), "TLT".into()], years: 1, ..MarketSpec::default() };
    let market = qe_data::market::Market::generate(&spec, &Pool::inline()).unwrap();
    let bars = market.bars(timeframe).unwrap();
    bars.iter().map(|b| Arc::new(Market::new(b, market.calendar()).unwrap())).collect()
}

const CROSSING: &str = r#"
version = 1
name = "crossing"
require = ["$fast < $slow"]

[params]
fast = { kind = { int = { min = 3, max = 30, step = 3 } }, default = 6 }
slow = { kind = { int = { min = 5, max = 65, step = 10 } }, default = 25 }

[entry]
long = "sma(close, $fast) > sma(close, $slow)"

[[exits]]
when = "sma(close, $fast) < sma(close, $slow)"

[sizing]
fraction = "1"
limit_frac = 1.0
"#;

#[test]
fn every_strategy_of_the_seeds_runs_and_its_money_adds_up() {
    for market in markets(Timeframe::M15) {
        for name in strategies::names() {
            let spec = strategies::by_name(name).unwrap();
            let report = run(&spec, &market, &RunOptions::default()).unwrap();
            let f = &report.ledger.fills;
            let paid: f64 = (0..f.len()).map(|i| f.units[i] * f.price[i] + f.fee[i]).sum();
            let carried: f64 = report.ledger.carries.iter().map(|c| c.money).sum();
            let held = f.held.last().copied().unwrap_or(0.0);
            let close = market.columns().get("close").unwrap().to_f64();
            let last = close[report.curve.rows.end - 1];
            let worth = report.ledger.capital - paid - carried + held * last;
            let told = report.figures.equity;
            assert!((worth - told).abs() < 1e-9 * told, "{name}: {worth} {told}");
            assert!((report.curve.equity.last().unwrap() - told).abs() < 1e-9 * told, "{name}");
            let pnl: f64 = report.trades.iter().map(|t| t.pnl).sum();
            assert!((pnl - (told - report.ledger.capital)).abs() < 1e-7, "{name}: {pnl}");
        }
    }
}

#[test]
fn the_signal_of_a_weight_is_the_weight() {
    let market = &markets(Timeframe::H1)[0];
    let text = "version = 1\nname = \"w\"\n[sizing]\ntarget_weight = { weight = \"if(close > close[1], 0.5, -0.25)\" }\n\
                limit_frac = 1\n[costs]\n";
    let report = run(&StrategySpec::from_toml(text).unwrap(), market, &RunOptions::default()).unwrap();
    let aligned = report.aligned(market).unwrap();
    let signal = aligned.get("signal").unwrap().to_f64();
    let close = market.columns().get("close").unwrap().to_f64();
    let first = report.curve.rows.start;
    for (i, signal) in signal.iter().enumerate().skip(1) {
        let is_up = close[first + i] > close[first + i - 1];
        assert_eq!(*signal, if is_up { 0.5 } else { -0.25 }, "row {i}");
    }
    assert!(signal.len() > 100);
}

#[test]
fn a_run_bar_by_bar_is_what_its_figures_say() {
    for name in ["SimpleSMA", "DonchianBreakout", "StochRSIMeanReversion"] {
        let market = &markets(Timeframe::H1)[0];
        let report = run(&strategies::by_name(name).unwrap(), market, &RunOptions::default()).unwrap();
        let aligned = report.aligned(market).unwrap();
        let column = |name: &str| aligned.get(name).unwrap().to_f64();
        let (net, gross, cost) = (column("net_return"), column("gross_return"), column("cost"));
        let grown: f64 = net.iter().map(|r| 1.0 + r).product();
        assert!((grown - 1.0 - report.figures.total_return).abs() < 1e-9, "{name}");
        let deepest = column("drawdown").iter().copied().fold(0.0, f64::max);
        assert!((deepest - report.figures.max_drawdown).abs() < 1e-12, "{name}");
        (0..net.len()).for_each(|i| assert!((gross[i] - cost[i] - net[i]).abs() < 1e-15));
        // What is held moves with the market, but for costs: between fills, position before times the asset's return.
        let (position, asset) = (column("position"), column("asset_return"));
        let filled: std::collections::BTreeSet<u32> = report.ledger.fills.row.iter().copied().collect();
        let first = report.curve.rows.start;
        let quiet = (1..net.len()).filter(|i| !filled.contains(&((first + i) as u32)) && cost[*i] == 0.0);
        let worst = quiet.map(|i| (net[i] - position[i - 1] * asset[i]).abs()).fold(0.0, f64::max);
        assert!(worst < 1e-12, "{name}: {worst}");
        // Every entry was signalled when it was decided.
        let signal = column("signal");
        for trade in report.trades.iter().filter(|t| t.entry_row as usize > first) {
            let fill = report.ledger.fills.row.iter().position(|r| *r == trade.entry_row);
            let decided = fill.map(|i| report.ledger.fills.signal_row[i] as usize);
            if let Some(row) = decided.filter(|row| *row >= first) {
                assert!(signal[row - first] != 0.0, "{name}: row {row}");
            }
        }
    }
}

#[test]
fn a_point_has_the_same_bits_alone_in_groups_and_on_threads() {
    let spec = StrategySpec::from_toml(CROSSING).unwrap();
    let markets = markets(Timeframe::H1);
    let sweep = |threads: usize, group: usize, max_bytes: usize| {
        let pool = Pool::new(Threads::N(threads.try_into().unwrap())).unwrap();
        let options = SweepOptions { group, max_bytes, ..SweepOptions::default() };
        Sweep::new(&spec, markets.clone(), pool, options).unwrap()
    };
    let window =
        Window::one(TimeRange { start: Date::new(2019, 2, 1).unwrap().midnight_utc(), end: i64::MAX / 2 }).unwrap();
    let one = sweep(1, 4096, 256 << 20);
    let points = PointTable::grid(one.params().to_vec(), 10_000).unwrap();
    assert_eq!(points.len(), 10 * 7 * 2);
    let expected = one.evaluate(&points, Fidelity::FULL, &window).unwrap();
    for (threads, group, max_bytes) in [(2, 4096, 256 << 20), (1, 1, 1 << 20), (2, 7, 850_000)] {
        let got = sweep(threads, group, max_bytes).evaluate(&points, Fidelity::FULL, &window).unwrap();
        for name in expected.metrics() {
            let bits = |t: &qe_core::point::OutcomeTable| -> Vec<u64> {
                t.metric(name).unwrap().iter().map(|v| v.to_bits()).collect()
            };
            assert_eq!(bits(&got), bits(&expected), "{name}");
        }
    }
    // What is too little for a point says how much it takes.
    let text = sweep(2, 7, 1 << 16).evaluate(&points, Fidelity::FULL, &window).unwrap_err().to_string();
    assert!(text.contains("one point of crossing over") && text.contains("and 65536 are allowed"), "{text}");
    // Markets whose points are not the same share no plan.
    let mut some = PointTable::new(one.params().to_vec()).unwrap();
    let kept: Vec<usize> = (0..points.len()).filter(|row| row * 7 % 5 != 0).collect();
    kept.iter().for_each(|&row| some.push(row as u64, &points.row(row).unwrap()).unwrap());
    let told = sweep(2, 16, 1 << 20).evaluate(&some, Fidelity::FULL, &window).unwrap();
    for name in expected.metrics() {
        let (told, expected) = (told.metric(name).unwrap(), expected.metric(name).unwrap());
        assert!(kept.iter().zip(told).all(|(row, told)| told.to_bits() == expected[*row].to_bits()), "{name}");
    }
    // Alone, with its ledger.
    let start = window.hull().start;
    for row in [3, 40, 97, 139] {
        let values = points.row(row).unwrap();
        let market = markets.iter().find(|m| values[2] == Value::Text(m.key())).unwrap();
        let params = [("fast".to_owned(), values[0].clone()), ("slow".to_owned(), values[1].clone())].into();
        let options = RunOptions { params, eval_start: Some(start), ..RunOptions::default() };
        let alone = run(&spec, market, &options);
        match expected.outcomes()[row].reason() {
            Some(reason) => assert!(alone.unwrap_err().to_string().contains(reason), "{reason}"),
            None => {
                let alone = alone.unwrap();
                let told = expected.metric("total_return").unwrap()[row];
                assert_eq!(alone.figures.total_return.to_bits(), told.to_bits());
                assert_eq!(expected.metric("sharpe_daily").unwrap()[row], alone.summary.get("sharpe_daily").unwrap());
                assert_eq!(
                    expected.metric("max_drawdown_bars").unwrap()[row].to_bits(),
                    alone.figures.max_drawdown.to_bits()
                );
            }
        }
    }
}

#[test]
fn points_that_cannot_be_run_say_why_and_the_others_go_on() {
    let spec = StrategySpec::from_toml(CROSSING).unwrap();
    let sweep = Sweep::new(&spec, markets(Timeframe::H1), Pool::inline(), SweepOptions::default()).unwrap();
    let mut points = PointTable::new(sweep.params().to_vec()).unwrap();
    for (id, fast, slow) in [(7, 6, 25), (8, 30, 15), (9, 9, 65)] {
        points.push(id, &[Value::Int(fast), Value::Int(slow), Value::Text("TLT 1h".into())]).unwrap();
    }
    // Forty hours after the data begin.
    let axis = sweep.markets()[1].columns().axis();
    let window = Window::one(TimeRange { start: axis.open()[40], end: i64::MAX / 2 }).unwrap();
    let table = sweep.evaluate(&points, Fidelity::FULL, &window).unwrap();
    assert_eq!(table.ids(), [7, 8, 9]);
    let reasons: Vec<_> = table.outcomes().iter().map(|o| o.reason().unwrap_or("done")).collect();
    assert_eq!(reasons[0], "done");
    assert!(reasons[1].starts_with("invalid_point") && reasons[1].contains("$fast < $slow"), "{}", reasons[1]);
    assert!(reasons[2].starts_with("insufficient_warmup") && reasons[2].contains("40"), "{}", reasons[2]);
    assert!(table.metric("n_trades").unwrap()[0] > 10.0);
    // Nothing in the window is a reason too.
    let none = Window::one(TimeRange { start: 0, end: 10 }).unwrap();
    let table = sweep.evaluate(&points, Fidelity::FULL, &none).unwrap();
    assert!(table.outcomes()[0].reason().unwrap().starts_with("empty_window"));
}

#[test]
fn points_that_differ_in_an_idle_parameter_share_their_bits() {
    let spec = strategies::by_name("StochRSIMeanReversion").unwrap();
    let sweep =
        Sweep::new(&spec, markets(Timeframe::H1)[..1].to_vec(), Pool::inline(), SweepOptions::default()).unwrap();
    let names: Vec<&str> = sweep.params().iter().map(|p| p.name.as_str()).collect();
    let mut points = PointTable::new(sweep.params().to_vec()).unwrap();
    // The threshold is idle where the filter is skipped, and is not where it is used.
    for (id, skip, threshold) in [(0, true, 20), (1, true, 30), (2, false, 20), (3, false, 30)] {
        let value = |p: &qe_core::param::Param| match p.name.as_str() {
            "skip_adx_filter" => Value::Bool(skip),
            "adx_threshold" => Value::Int(threshold),
            _ => p.default.clone(),
        };
        let row: Vec<Value> = sweep.params().iter().map(value).collect();
        points.push(id, &row).unwrap();
    }
    assert!(names.contains(&"adx_threshold"));
    let start = sweep.markets()[0].columns().axis().open()[60];
    let window = Window::one(TimeRange { start, end: i64::MAX / 2 }).unwrap();
    let table = sweep.evaluate(&points, Fidelity::FULL, &window).unwrap();
    let n = table.metric("n_trades").unwrap();
    let equity = table.metric("final_equity").unwrap();
    assert!(n[0] > 20.0 && equity[0].to_bits() == equity[1].to_bits() && n[0] == n[1]);
    assert!(n[2] < n[3] && n[3] <= n[0], "{n:?}");
}

#[test]
fn stretches_of_a_window_follow_each_other() {
    let spec = StrategySpec::from_toml(CROSSING).unwrap();
    let sweep =
        Sweep::new(&spec, markets(Timeframe::H1)[..1].to_vec(), Pool::inline(), SweepOptions::default()).unwrap();
    let day = |m: u32| Date::new(2019, m, 1).unwrap().midnight_utc();
    let points = points_of(&sweep);
    let of = |ranges: &[(u32, u32)]| {
        let ranges = ranges.iter().map(|(a, b)| TimeRange { start: day(*a), end: day(*b) }).collect();
        sweep.evaluate(&points, Fidelity::FULL, &Window::of(ranges).unwrap()).unwrap()
    };
    let (first, second, both) = (of(&[(3, 5)]), of(&[(7, 9)]), of(&[(3, 5), (7, 9)]));
    let done = |i: usize| both.outcomes()[i].reason().is_none();
    for i in (0..points.len()).filter(|i| done(*i)) {
        let of = |t: &qe_core::point::OutcomeTable, name: &str| t.metric(name).unwrap()[i];
        let product = (1.0 + of(&first, "total_return")) * (1.0 + of(&second, "total_return")) - 1.0;
        assert!((product - of(&both, "total_return")).abs() < 1e-12);
        for name in ["n_trades", "observation_days", "n_steps", "n_days_in_market"] {
            assert_eq!(of(&first, name) + of(&second, name), of(&both, name), "{name}");
        }
        let fall = |table| of(table, "max_drawdown_bars");
        assert!(fall(&both) >= fall(&first).max(fall(&second)));
    }
    // Half of the bars that the window has.
    let market = &sweep.markets()[0];
    let whole = Window::one(TimeRange { start: market.columns().axis().open()[70], end: i64::MAX / 2 }).unwrap();
    let half = sweep.evaluate(&points, Fidelity::new(0.5).unwrap(), &whole).unwrap();
    let done = half.outcomes().iter().rposition(|o| o.reason().is_none()).unwrap();
    assert_eq!(half.metric("n_steps").unwrap()[done], ((market.len() - 70) as f64 / 2.0).ceil());
}

#[test]
fn blocks_add_up_to_the_days() {
    let spec = StrategySpec::from_toml(CROSSING).unwrap();
    let sweep = Sweep::new(&spec, markets(Timeframe::H1), Pool::inline(), SweepOptions::default()).unwrap();
    let points = points_of(&sweep);
    let start = sweep.markets()[0].columns().axis().open()[70];
    let window = Window::one(TimeRange { start, end: i64::MAX / 2 }).unwrap();
    let mut stats = BlockStats::new(16, 1 << 20, None).unwrap();
    let table = sweep.evaluate_in_blocks(&points, Fidelity::FULL, &window, &mut stats).unwrap();
    let mut i = 0;
    stats
        .each(|id, blocks| {
            assert_eq!(id, points.ids()[i]);
            let all = blocks.iter().copied().fold(Block::EMPTY, Block::and);
            if table.outcomes()[i].reason().is_none() {
                assert_eq!(all.n, table.metric("observation_days").unwrap()[i]);
                let mean = table.metric("daily_mean").unwrap()[i];
                assert!((all.sum / all.n - mean).abs() < 1e-15);
                let std = table.metric("daily_std").unwrap()[i];
                let var = (all.sum_sq - all.n * mean * mean) / (all.n - 1.0);
                assert!((var.sqrt() - std).abs() < 1e-12);
            } else {
                assert_eq!(all.n, 0.0);
            }
            i += 1;
        })
        .unwrap();
    assert_eq!(i, points.len());
}

#[test]
fn what_is_told_and_not_kept_is_what_is_kept() {
    let spec = StrategySpec::from_toml(CROSSING).unwrap();
    let markets = markets(Timeframe::H1);
    let window = Window::one(TimeRange { start: markets[0].columns().axis().open()[40], end: i64::MAX / 2 }).unwrap();
    for (threads, group) in [(Threads::ONE, 2560), (Threads::N(2.try_into().unwrap()), 7)] {
        let options = SweepOptions { group, ..SweepOptions::default() };
        let pool = || Pool::new(threads).unwrap();
        let sweep = Sweep::new(&spec, markets.clone(), pool(), options).unwrap();
        let points = points_of(&sweep);
        let table = sweep.evaluate(&points, Fidelity::FULL, &window).unwrap();
        let told = Mutex::new(vec![None; points.len()]);
        let keep = |row: usize, of: Result<&[f64], &str>| {
            let of = of.map(|x| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>()).map_err(str::to_owned);
            assert!(told.lock().unwrap()[row].replace(of).is_none(), "row {row} is told twice");
            Ok(())
        };
        sweep.evaluate_each(&points, Fidelity::FULL, &window, keep).unwrap();
        let (mut n_done, metrics) = (0, sweep.metrics());
        for (row, of) in told.into_inner().unwrap().into_iter().enumerate() {
            match (of.unwrap(), table.outcomes()[row].reason()) {
                (Ok(values), None) => {
                    n_done += 1;
                    let kept = metrics.iter().map(|name| table.metric(name).unwrap()[row].to_bits());
                    assert_eq!(values, kept.collect::<Vec<_>>());
                }
                (Err(reason), Some(kept)) => assert_eq!(reason, kept),
                (told, kept) => panic!("row {row}: {told:?} is told, and {kept:?} kept"),
            }
        }
        assert!(n_done > 40 && n_done < points.len(), "{n_done}");
        // A kernel's figures of one market, too; what fails in telling ends it.
        let (one, rows) = (&markets[0], 40..markets[0].len());
        let alone = Sweep::new(&spec, markets[..1].to_vec(), pool(), options).unwrap();
        let points = points_of(&alone);
        let kept = alone.figures(&points, one, rows.clone()).unwrap();
        let told = Mutex::new(vec![None; points.len()]);
        let keep = |row: usize, of| {
            assert!(told.lock().unwrap()[row].replace(of).is_none(), "row {row} is told twice");
            Ok(())
        };
        alone.figures_of_each(&points, one, rows.clone(), keep).unwrap();
        assert_eq!(told.into_inner().unwrap().into_iter().map(Option::unwrap).collect::<Vec<_>>(), kept);
        let full = || qe_engine::Error::Market {
            place: "the disk".into(),
            reason: "it is full".into(),
            mend: "free some of it".into(),
        };
        let error = alone.figures_of_each(&points, one, rows, |_, _| Err(full())).unwrap_err();
        assert_eq!(error.to_string(), full().to_string());
        let error = sweep.evaluate_each(&points_of(&sweep), Fidelity::FULL, &window, |_, _| Err(full())).unwrap_err();
        assert_eq!(error.to_string(), full().to_string());
    }
}

fn points_of(sweep: &Sweep) -> PointTable {
    PointTable::grid(sweep.params().to_vec(), 1000).unwrap()
}

#[test]
fn a_sweep_keeps_the_contract_of_evaluators() {
    let spec = StrategySpec::from_toml(CROSSING).unwrap();
    for n_markets in [1, 2] {
        let markets = markets(Timeframe::H1)[..n_markets].to_vec();
        let window =
            Window::one(TimeRange { start: markets[0].columns().axis().open()[40], end: i64::MAX / 2 }).unwrap();
        let make =
            |threads| Sweep::new(&spec, markets.clone(), Pool::new(threads).unwrap(), SweepOptions::default()).unwrap();
        // Points that fail are among them: fast beyond slow, and those that are not warm after forty bars.
        let points = PointTable::grid(make(Threads::ONE).params().to_vec(), 1000).unwrap();
        qe_core::testing::check_evaluator(make, &points, &window);
    }
}

#[test]
fn each_row_of_a_sweep_has_the_identity_of_its_run_alone() {
    let spec = StrategySpec::from_toml(CROSSING).unwrap();
    let markets = markets(Timeframe::H1);
    let sweep = Sweep::new(&spec, markets.clone(), Pool::inline(), SweepOptions::default()).unwrap();
    let points = points_of(&sweep);
    let range =
        TimeRange { start: markets[0].columns().axis().open()[80], end: markets[0].columns().axis().open()[900] };
    let window = Window::one(range).unwrap();
    let table = sweep.evaluate(&points, Fidelity::FULL, &window).unwrap();
    let mut ids = std::collections::BTreeSet::new();
    for row in 0..points.len() {
        let identity = sweep.identity(&points, row, Fidelity::FULL, &window).unwrap();
        assert!(ids.insert(identity.run_id), "row {row} has the id of another");
        let values = points.row(row).unwrap();
        let market = markets.iter().find(|m| values[2] == Value::Text(m.key())).unwrap();
        let params = [("fast".to_owned(), values[0].clone()), ("slow".to_owned(), values[1].clone())].into();
        let options =
            RunOptions { params, eval_start: Some(range.start), eval_end: Some(range.end), ..RunOptions::default() };
        match run(&spec, market, &options) {
            Ok(report) => assert_eq!(identity, report.identity),
            Err(_) => assert!(table.outcomes()[row].reason().is_some()),
        }
    }
    assert!(table.outcomes().iter().filter(|o| o.reason().is_none()).count() > 80);
    // Less of the data, other stretches and another sweep's points are other runs, or none.
    let of = |fidelity: f64, ranges: Vec<TimeRange>| {
        let window = Window::of(ranges).unwrap();
        sweep.identity(&points, 3, Fidelity::new(fidelity).unwrap(), &window).unwrap()
    };
    let half = range.start + (range.end - range.start) / 2;
    let cut = half + 30 * 86_400_000_000_000;
    let [first, second] = [(range.start, half), (cut, range.end)].map(|(start, end)| TimeRange { start, end });
    let both = of(1.0, vec![first, second]);
    assert_eq!((both.stretches.len(), of(1.0, vec![range]).stretches.len()), (2, 0));
    assert_eq!((both.eval_start, both.end), (of(1.0, vec![range]).eval_start, of(1.0, vec![range]).end));
    let ids = [of(1.0, vec![range]), of(0.5, vec![range]), of(1.0, vec![first]), both].map(|i| i.run_id);
    assert!((0..4).all(|i| !ids[..i].contains(&ids[i])));
    // Where points may wait, those that are warm are the same runs; those that are not are others, and tell it.
    let early = Window::one(TimeRange { start: markets[0].columns().axis().open()[40], ..range }).unwrap();
    let options = SweepOptions { warmup: Warmup::Idle, ..SweepOptions::default() };
    let waits = Sweep::new(&spec, markets.clone(), Pool::inline(), options).unwrap();
    let failed = sweep.evaluate(&points, Fidelity::FULL, &early).unwrap();
    let (mut n_warm, mut n_waiting) = (0, 0);
    for (row, outcome) in failed.outcomes().iter().enumerate() {
        let [a, b] = [&sweep, &waits].map(|s| s.identity(&points, row, Fidelity::FULL, &early).unwrap());
        let is_cold = outcome.reason().is_some_and(|reason| reason.contains("insufficient_warmup"));
        assert_eq!((a.run_id != b.run_id, b.warmup == Warmup::Idle, a.warmup), (is_cold, is_cold, Warmup::Required));
        *(if is_cold { &mut n_waiting } else { &mut n_warm }) += 1;
    }
    assert!(n_warm > 20 && n_waiting > 20, "{n_warm} {n_waiting}");
    assert!(sweep.identity(&points, points.len(), Fidelity::FULL, &window).is_err());
    let empty = Window::one(TimeRange { start: 0, end: 10 }).unwrap();
    let text = sweep.identity(&points, 0, Fidelity::FULL, &empty).unwrap_err().to_string();
    assert!(text.contains("no bar is scored"), "{text}");
}

#[test]
fn a_run_is_told_apart_by_all_that_changes_it() {
    let spec = StrategySpec::from_toml(CROSSING).unwrap();
    let market = &markets(Timeframe::H1)[0];
    let id = |spec: &StrategySpec, options: &RunOptions| run(spec, market, options).unwrap().identity;
    let first = id(&spec, &RunOptions::default());
    assert_eq!(first.run_id, id(&spec, &RunOptions::default()).run_id);
    assert!(!first.is_same_bar && first.symbol == "SPY" && first.frequency == "1h");
    let other = RunOptions { params: [("fast".to_owned(), Value::Int(9))].into(), ..RunOptions::default() };
    assert_ne!(first.run_id, id(&spec, &other).run_id);
    assert_eq!(first.skeleton_id, id(&spec, &other).skeleton_id);
    let later = RunOptions { eval_start: Some(market.columns().axis().open()[100]), ..RunOptions::default() };
    assert_ne!(first.run_id, id(&spec, &later).run_id);
    let close = CROSSING.replace("[sizing]", "[execution]\nfill = \"signal_close\"\n[sizing]");
    let close = id(&StrategySpec::from_toml(&close).unwrap(), &RunOptions::default());
    assert!(close.is_same_bar && close.run_id != first.run_id && close.skeleton_id == first.skeleton_id);
    let named = StrategySpec { name: "another name".into(), ..spec.clone() };
    assert_eq!(first.run_id, id(&named, &RunOptions::default()).run_id);
    let unknown = RunOptions { params: [("fat".to_owned(), Value::Int(9))].into(), ..RunOptions::default() };
    let text = run(&spec, market, &unknown).unwrap_err().to_string();
    assert!(text.contains("did you mean \"fast\""), "{text}");
}
