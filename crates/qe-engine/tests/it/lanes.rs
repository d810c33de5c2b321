//! Whole runs on the widest vectors of the machine, on narrower ones, and on those that every machine has: the same
//! bits.

use std::sync::{Arc, Mutex, PoisonError};

use qe_core::eval::{Evaluator, Fidelity, Window};
use qe_core::par::{Pool, Threads};
use qe_core::point::PointTable;
use qe_core::testing::limit_lanes;
use qe_core::time::TimeRange;
use qe_core::timeframe::Timeframe;
use qe_data::market::MarketSpec;
use qe_engine::StrategySpec;
use qe_engine::batch::Warmup;
use qe_engine::market::Market;
use qe_engine::metrics::core_figures;
use qe_engine::outcome;
use qe_engine::run::{RunOptions, run};
use qe_engine::sweep::{Sweep, SweepOptions};

/// Crossings of averages, as in the sweep that is measured.
const CROSSINGS: &str = r#"
version = 1
name = "crossings"
[params]
fast = { kind = { int = { min = 5, max = 54, step = 5 } }, default = 5 }
slow = { kind = { int = { min = 60, max = 1800, step = 60 } }, default = 60 }
[entry]
long = "sma(close, $fast) > sma(close, $slow)"
[[exits]]
when = "sma(close, $fast) <= sma(close, $slow)"
[sizing]
fraction = "1"
limit_frac = 1.0
[costs]
spread_frac = 0.0006
"#;

/// Both sides, rules that remember, orders that rest, sizes by rule, costs of all kinds.
const RULES: &str = r#"
version = 1
name = "rules"
filters = [{ adx_trending = { period = 14, threshold = 15 } }]
[params]
period = { kind = { int = { min = 10, max = 50, step = 10 } }, default = 20 }
mult = { kind = { float = { min = 1.0, max = 3.0, step = 0.5 } }, default = 2.0 }
[entry]
long = { donchian_breakout_long = { period = "$period" } }
short = { donchian_breakout_short = { period = "$period" } }
[[exits]]
atr_trailing_stop = { mult = "$mult", period = 14 }
[[exits]]
percent_stop = { frac = 0.02, resting = true }
[[exits]]
percent_target = { frac = 0.03, resting = true }
[[exits]]
opposite_signal = {}
[[exits]]
time_stop = { bars = 60 }
[sizing]
volatility_scaled = { period = 14 }
[costs]
spread_frac = 0.0003
slippage_bps = 1.0
borrow_annual = 0.02
"#;

fn markets(timeframe: Timeframe) -> Vec<Arc<Market>> {
    let spec = MarketSpec { symbols: vec!["SPY".into(), "TLT".into()], years: 1, ..MarketSpec::default() };
    let market = qe_data::market::Market::generate(&spec, &Pool::inline()).unwrap();
    let bars = market.bars(timeframe).unwrap();
    bars.iter().map(|b| Arc::new(Market::new(b, market.calendar()).unwrap())).collect()
}

/// All bits of all that a sweep tells, its points that fail too.
fn sweep(text: &str, markets: &[Arc<Market>], threads: usize) -> Vec<u64> {
    let spec = StrategySpec::from_toml(text).unwrap();
    let pool = Pool::new(Threads::N(threads.try_into().unwrap())).unwrap();
    let options = SweepOptions { warmup: Warmup::Idle, ..SweepOptions::default() };
    let sweep = Sweep::new(&spec, markets.to_vec(), pool, options).unwrap();
    let points = PointTable::grid(sweep.params().to_vec(), 10_000).unwrap();
    let window = Window::one(TimeRange { start: 0, end: i64::MAX / 2 }).unwrap();
    let table = sweep.evaluate(&points, Fidelity::FULL, &window).unwrap();
    assert!(table.outcomes().iter().all(|o| o.reason().is_none()));
    let trades: f64 = table.metric("n_trades").unwrap().iter().sum();
    assert!(trades > points.len() as f64, "{trades} trades of {} points", points.len());
    table.metrics().iter().flat_map(|m| table.metric(m).unwrap().iter().map(|v| v.to_bits())).collect()
}

/// One run with its ledger, its curve and all its metrics.
fn alone(text: &str, market: &Market) -> Vec<u64> {
    let spec = StrategySpec::from_toml(text).unwrap();
    let report = run(&spec, market, &RunOptions::default()).unwrap();
    let f = &report.ledger.fills;
    let numbers = [&f.units, &f.price, &f.fee, &report.curve.equity, &report.daily];
    let mut bits: Vec<u64> = numbers.into_iter().flat_map(|x| x.iter().map(|v| v.to_bits())).collect();
    bits.extend(format!("{:?}", report.summary).into_bytes().into_iter().map(u64::from));
    bits
}

/// Figures of many runs at once.
fn figures() -> Vec<u64> {
    let mut stream = qe_core::rng::Stream::new(7, "lanes", 0);
    let returns: Vec<f64> = (0..37 * 501).map(|_| 0.02 * (stream.uniform() - 0.49)).collect();
    core_figures(&returns, 501, 252.0)
        .unwrap()
        .iter()
        .flat_map(|f| format!("{f:?}").into_bytes())
        .map(u64::from)
        .collect()
}

/// Vectors are limited for the whole process: one test at a time.
static LIMIT: Mutex<()> = Mutex::new(());

/// One point alone with its ledger, and in a batch of 5,000, on one thread and on two, on vectors of any width.
#[test]
fn one_point_has_one_answer() {
    let _limit = LIMIT.lock().unwrap_or_else(PoisonError::into_inner);
    let market = &markets(Timeframe::H1)[0];
    let start = market.columns().axis().open()[400];
    let window = Window::one(TimeRange { start, end: i64::MAX / 2 }).unwrap();
    let finer = |text: &str, ranges: [(&str, &str); 2]| {
        let text = ranges.into_iter().fold(text.to_owned(), |text, (coarse, fine)| {
            assert!(text.contains(coarse), "{coarse}");
            text.replace(coarse, fine)
        });
        StrategySpec::from_toml(&text).unwrap()
    };
    for spec in [
        finer(
            CROSSINGS,
            [
                ("min = 5, max = 54, step = 5", "min = 1, max = 50, step = 1"),
                ("min = 60, max = 1800, step = 60", "min = 60, max = 357, step = 3"),
            ],
        ),
        finer(
            RULES,
            [
                ("min = 10, max = 50, step = 10", "min = 10, max = 59, step = 1"),
                ("min = 1.0, max = 3.0, step = 0.5", "min = 1.0, max = 10.9, step = 0.1"),
            ],
        ),
    ] {
        let points = PointTable::grid(spec.params(), 5000).unwrap();
        assert_eq!(points.len(), 5000);
        let names: Vec<String> = points.params().iter().map(|p| p.name.clone()).collect();
        let batch = |n_threads: usize| {
            let pool = Pool::new(Threads::N(n_threads.try_into().unwrap())).unwrap();
            let sweep = Sweep::new(&spec, vec![market.clone()], pool, SweepOptions::default()).unwrap();
            let table = sweep.evaluate(&points, Fidelity::FULL, &window).unwrap();
            let figures = |name: &str| table.metric(name).unwrap().iter().map(|v| v.to_bits()).collect::<Vec<u64>>();
            outcome::NAMES.map(figures)
        };
        let alone = |point: usize| {
            let params = names.iter().cloned().zip(points.row(point).unwrap()).collect();
            let options = RunOptions { params, eval_start: Some(start), ..RunOptions::default() };
            let report = run(&spec, market, &options).unwrap();
            assert!(!report.ledger.fills.is_empty());
            report.outcome().map(f64::to_bits)
        };
        let wide = batch(1);
        let mut n_different = wide[0].clone();
        n_different.sort_unstable();
        n_different.dedup();
        assert!(n_different.len() > 1000, "{}", n_different.len());
        for most in [None, Some(4), Some(2)] {
            limit_lanes(most);
            let (one, two) = (batch(1), batch(2));
            let picked: Vec<_> = (0..5000).step_by(617).map(|point| (point, alone(point))).collect();
            limit_lanes(None);
            for (k, name) in outcome::NAMES.iter().enumerate() {
                assert!(one[k] == wide[k] && two[k] == wide[k], "{name} of {} with {most:?} lanes", spec.name);
                for (point, figures) in &picked {
                    assert_eq!(figures[k], wide[k][*point], "{name} of {} at {point}, {most:?} lanes", spec.name);
                }
            }
        }
    }
}

#[test]
fn wide_and_narrow_vectors_give_the_same_bits_of_whole_runs() {
    let _limit = LIMIT.lock().unwrap_or_else(PoisonError::into_inner);
    let (hours, quarters) = (markets(Timeframe::H1), markets(Timeframe::M15));
    let all = || {
        [
            sweep(CROSSINGS, &quarters[..1], 1),
            sweep(CROSSINGS, &hours, 2),
            sweep(RULES, &quarters, 1),
            alone(RULES, &quarters[0]),
            alone(CROSSINGS, &hours[1]),
            figures(),
        ]
    };
    let wide = all();
    for most in [4, 2] {
        limit_lanes(Some(most));
        let narrow = all();
        limit_lanes(None);
        for (i, (a, b)) in wide.iter().zip(&narrow).enumerate() {
            assert!(a.len() > 500 && a == b, "workload {i} has other bits with {most} lanes");
        }
    }
}
