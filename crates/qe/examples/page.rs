//! A run page of five years of five-minute bars, and a sweep page of some 1,700 points, both timed:
//! `cargo run --release -p qe --no-default-features --example page -- out`.
//!
//! Writes `run.html` and `sweep.html` into the folder that is named (the current one, if none is).
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use qe::page::{RunPage, RunPageOptions, SweepPage, SweepPageOptions, TIMES, cost_stress};
use qe::prelude::*;
use qe_core::eval::{Evaluator, Fidelity, Window};
use qe_core::point::PointTable;
use qe_engine::batch::{Stretch, Warmup};
use qe_engine::market::Market as Traded;
use qe_engine::range::over_policies;

/// Some two thousand round trips on both sides, with a stop and a target within bars.
const STRATEGY: &str = r#"
version = 1
name = "Pullback in a trend"
[params.fast_period]
default = 20
kind = { int = { min = 5, max = 60, step = 5 } }
[params.slow_period]
default = 120
kind = { int = { min = 60, max = 300, step = 20 } }
[params.sl_atr]
default = 3.0
kind = { float = { min = 1.0, max = 6.0, step = 0.5 } }
[entry]
long = "cross_above(close, sma(close, $fast_period)) and close > sma(close, $slow_period)"
short = "cross_below(close, sma(close, $fast_period)) and close < sma(close, $slow_period)"
[[exits]]
bracket = { stop_mult = "$sl_atr", target_mult = 5.0, period = 14 }
[[exits]]
time_stop = { bars = 36 }
[costs]
spread_frac = 0.00004
taker_fee_bps = 0.1
"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".into()));
    std::fs::create_dir_all(&folder)?;
    let of_spy = MarketSpec { symbols: vec!["SPY".into()], years: 6, ..MarketSpec::default() };
    let simulated = Market::generate(&of_spy, &Pool::inline())?;
    let bars = simulated.bars(Timeframe::M5)?.remove(0);
    let columns = bars.columns().slice(0..98_280.min(bars.len()));
    let bars = Bars::from_columns("SPY", Timeframe::M5, columns)?;
    let market = Arc::new(Traded::new(&bars, simulated.calendar())?);
    let spec = StrategySpec::from_toml(STRATEGY)?;

    let options = RunOptions::default();
    let report = run(&spec, &market, &options)?;
    let plan = spec.compile(&market.schema(), market.steps_per_year(), None)?;
    let rows = report.curve.rows.clone();
    let stretch = Stretch { rows, warmup: Warmup::Required, daily: false, max_bytes: 256 << 20 };
    let page_options = RunPageOptions {
        policies: Some(over_policies(&plan, 0, &market, &stretch, 20)?),
        stress: Some(cost_stress(&spec, &market, &options, &TIMES)?),
        ..RunPageOptions::default()
    };
    let told = timed(&folder.join("run.html"), || Ok(RunPage::of(&report, &market, &page_options)?.html()))?;
    println!("{told}: {} bars, {} round trips", market.len(), report.trades.len());

    let sweep = Sweep::new(&spec, vec![Arc::clone(&market)], Pool::new(Threads::All)?, SweepOptions::default())?;
    let points = PointTable::grid(sweep.params().to_vec(), 10_000)?;
    // From the third day on, all points are warm.
    let scored = TimeRange { start: bars.open_time()[400], end: i64::MAX };
    let outcomes = sweep.evaluate(&points, Fidelity::FULL, &Window::one(scored)?)?;
    let page_options = SweepPageOptions { scored: Some(scored), ..SweepPageOptions::default() };
    let told =
        timed(&folder.join("sweep.html"), || Ok(SweepPage::of(&sweep, &points, &outcomes, &page_options)?.html()))?;
    println!("{told}: {} points", points.len());
    Ok(())
}

/// Makes and writes a page five times, and says how large it is and how long that took.
fn timed(
    path: &Path,
    page: impl Fn() -> Result<String, Box<dyn std::error::Error>>,
) -> Result<String, Box<dyn std::error::Error>> {
    let (mut best, mut worst, mut n_bytes) = (f64::INFINITY, 0.0_f64, 0);
    for _ in 0..5 {
        let begin = Instant::now();
        let html = page()?;
        std::fs::write(path, &html)?;
        let seconds = begin.elapsed().as_secs_f64();
        (best, worst) = (best.min(seconds), worst.max(seconds));
        n_bytes = html.len();
    }
    let (kilobytes, best, worst) = (n_bytes as f64 / 1e3, 1e3 * best, 1e3 * worst);
    Ok(format!("{}: {kilobytes:.0} kB, made and written in {best:.1} to {worst:.1} ms", path.display()))
}
