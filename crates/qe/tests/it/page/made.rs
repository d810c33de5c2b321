//! Markets, runs and sweeps that the tests of pages look at.

use std::sync::Arc;

use qe::page::{RunPage, RunPageOptions};
use qe::prelude::{Axis, Bars, Calendar, Pool, Report, RunOptions, StrategySpec, Timeframe, run};
use qe_data::market::MarketSpec;
use qe_engine::market::Market;

/// 2024-01-30, midnight UTC.
pub(crate) const BEGIN: i64 = 1_706_572_800_000_000_000;

/// Bars of open, high, low and close, one after the other, day and night.
pub(crate) fn market_of(symbol: &str, timeframe: Timeframe, rows: &[[f64; 4]]) -> Market {
    let step = timeframe.nanos().unwrap_or(86_400_000_000_000);
    let open: Vec<i64> = (0..rows.len() as i64).map(|i| BEGIN + i * step).collect();
    let known: Vec<i64> = open.iter().map(|t| t + step).collect();
    let column = |k: usize| rows.iter().map(|r| r[k]).collect::<Vec<f64>>();
    let columns = [column(0), column(1), column(2), column(3), vec![1000.0; rows.len()]];
    let bars = Bars::new(symbol, timeframe, Axis::new(open, known).unwrap(), columns).unwrap();
    Market::new(&bars, &Calendar::crypto()).unwrap()
}

/// Bars of these closes: they open at the last close, and reach a little beyond both.
pub(crate) fn market_of_closes(timeframe: Timeframe, closes: &[f64]) -> Market {
    let row = |i: usize| {
        let (open, close) = (closes[i.saturating_sub(1)], closes[i]);
        [open, open.max(close) * 1.001, open.min(close) * 0.999, close]
    };
    market_of("TEST", timeframe, &(0..closes.len()).map(row).collect::<Vec<_>>())
}

/// A specification of these lines, under version and name.
pub(crate) fn spec(lines: &str) -> StrategySpec {
    StrategySpec::from_toml(&format!("version = 1\nname = \"test\"\n{lines}")).unwrap()
}

pub(crate) fn report(lines: &str, market: &Market) -> Report {
    run(&spec(lines), market, &RunOptions::default()).unwrap()
}

pub(crate) fn page(report: &Report, market: &Market) -> RunPage {
    RunPage::of(report, market, &RunPageOptions::default()).unwrap()
}

/// Simulated bars of a fund over a year.
pub(crate) fn simulated(symbol: &str, timeframe: Timeframe) -> Arc<Market> {
    let spec = MarketSpec { symbols: vec![symbol.into()], years: 1, ..MarketSpec::default() };
    let market = qe_data::market::Market::generate(&spec, &Pool::inline()).unwrap();
    let bars = market.bars(timeframe).unwrap();
    Arc::new(Market::new(&bars[0], market.calendar()).unwrap())
}

/// As [`BUSY`], with a stop and a target that one bar reaches both.
pub(crate) fn tight() -> String {
    BUSY.replace("min = 1.0, max = 3.0", "min = 0.2, max = 3.2")
        .replace("default = 2.0", "default = 0.2")
        .replace("target_mult = 3.0", "target_mult = 0.2")
}

/// Both sides, stops and targets within bars, a parameter of each kind.
pub(crate) const BUSY: &str = r#"
require = ["$fast < $slow"]
[params]
fast = { kind = { int = { min = 2, max = 10, step = 2 } }, default = 4, doc = "bars of the fast average" }
slow = { kind = { int = { min = 6, max = 30, step = 6 } }, default = 12 }
mult = { kind = { float = { min = 1.0, max = 3.0, step = 1.0 } }, default = 2.0 }
[entry]
long = "cross_above(sma(close, $fast), sma(close, $slow))"
short = "cross_below(sma(close, $fast), sma(close, $slow))"
[[exits]]
bracket = { stop_mult = "$mult", target_mult = 3.0, period = 14 }
[[exits]]
time_stop = { bars = 12 }
"#;
