//! One case of the engine benches as a process of its own, so that its peak memory is its own: prints one line of JSON.
//! The scripts under `benches/peers` run these beside the peers.
//!
//! Bars come as a file of raw numbers: open, high, low, close and volume one after the other, as many rows of each. What a
//! case gives goes to a file of raw numbers too, if one is named.
#![expect(clippy::print_stdout, reason = "the figures are this program's output")]

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use benches::breakout;
use benches::case::{peak_bytes, read_numbers, save, timed};
use benches::plain;
use qe_core::bars::Bars;
use qe_core::calendar::Calendar;
use qe_core::columns::Axis;
use qe_core::par::{Pool, Threads};
use qe_core::param::Param;
use qe_core::point::PointTable;
use qe_core::time::Date;
use qe_core::timeframe::Timeframe;
use qe_engine::batch::{Stretch, Warmup, run_with_ledger};
use qe_engine::market::Market;
use qe_engine::metrics::batch::core_figures;
use qe_engine::sweep::{Sweep, SweepOptions};
use qe_engine::{Error, StrategySpec};

type Outcome = Result<String, Box<dyn std::error::Error>>;

const USAGE: &str = "engine_case sweep BARS RUNS THREADS N_POINTS_MULT [OUT]
engine_case breakout BARS RUNS close|resting [OUT]
engine_case metrics RETURNS RUNS N_DAYS [OUT]
engine_case plain-sweep BARS RUNS N_POINTS_MULT [OUT]
engine_case plain-breakout BARS RUNS close|resting [OUT]";

const NANOS_PER_MINUTE: i64 = 60_000_000_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let said = match words.as_slice() {
        ["sweep", bars, runs, threads, mult, out @ ..] => {
            sweep(bars, runs.parse()?, threads.parse()?, mult.parse()?, out.first().copied())?
        }
        ["breakout", bars, runs, kind @ ("close" | "resting"), out @ ..] => {
            breakout(bars, runs.parse()?, *kind == "resting", out.first().copied())?
        }
        ["metrics", returns, runs, n_days, out @ ..] => {
            metrics(returns, runs.parse()?, n_days.parse()?, out.first().copied())?
        }
        ["plain-sweep", bars, runs, mult, out @ ..] => {
            plain_sweep(bars, runs.parse()?, mult.parse()?, out.first().copied())?
        }
        ["plain-breakout", bars, runs, kind @ ("close" | "resting"), out @ ..] => {
            plain_breakout(bars, runs.parse()?, *kind == "resting", out.first().copied())?
        }
        _ => return Err(USAGE.into()),
    };
    println!("{{\"case\":\"{}\",{said},\"peak_bytes\":{}}}", words[0], peak_bytes());
    Ok(())
}

/// Bars of a file: in the sessions of US equities, or of minutes around the clock.
fn market(path: &str, is_around_the_clock: bool) -> Result<Market, Box<dyn std::error::Error>> {
    let x = read_numbers(path)?;
    let n = x.len() / 5;
    let (calendar, timeframe, minutes) = if is_around_the_clock {
        (Calendar::crypto(), Timeframe::M1, 1)
    } else {
        (Calendar::us_equities(), Timeframe::M5, 5)
    };
    let step = minutes * NANOS_PER_MINUTE;
    let mut open = Vec::with_capacity(n);
    let mut session = calendar.session_on_or_after(Date::new(1995, 1, 1)?);
    while let Some(s) = session.filter(|_| open.len() < n) {
        // Longer files than the calendar has sessions go on around the clock.
        open.extend((0..).map(|i| s.open + i * step).take_while(|t| *t < s.close).take(n - open.len()));
        session = calendar.next_session(s.date);
    }
    let mut last = open.last().copied().unwrap_or(0);
    open.resize_with(n, || {
        last += step;
        last
    });
    let available: Vec<i64> = open.iter().map(|t| t + step).collect();
    let columns: [Vec<f64>; 5] = std::array::from_fn(|i| x[i * n..(i + 1) * n].to_vec());
    let bars = Bars::new("X", timeframe, Axis::new(open, available)?, columns)?;
    Ok(Market::new(&bars, &calendar)?)
}

/// Crossings of two averages, thousands of them: text to figures.
fn sweep(bars: &str, runs: usize, threads: usize, mult: i64, out: Option<&str>) -> Outcome {
    const SPEC: &str = r#"
        version = 1
        name = "crossings"
        [params]
        fast = { kind = { int = { min = 1, max = 1000 } }, default = 5 }
        slow = { kind = { int = { min = 1, max = 100000 } }, default = 60 }
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
    let spec = StrategySpec::from_toml(SPEC)?;
    let market = Arc::new(market(bars, false)?);
    let threads = NonZeroUsize::new(threads).ok_or("give one thread or more")?;
    let options = SweepOptions { warmup: Warmup::Idle, max_bytes: 128 << 20, ..SweepOptions::default() };
    let sweep = Sweep::new(&spec, vec![Arc::clone(&market)], Pool::new(Threads::N(threads))?, options)?;
    let (seconds, rows) = timed(runs, || {
        let params = [Param::int("fast", 5, 54, 5), Param::int("slow", 60, 59 + 100 * mult, 60)];
        let points = PointTable::grid(params, 10_000_000)?;
        // Of each point what is asked for is kept, and no more.
        let rows = Mutex::new(vec![[0.0; 4]; points.len()]);
        sweep.figures_of_each(&points, &market, 0..market.len(), |point, told| {
            let failed = |reason| Error::Market { place: format!("point {point}"), reason, mend: "mend it".into() };
            let figures = told.map_err(failed)?;
            let sharpe = figures.sharpe_step(19_656.0).unwrap_or(f64::NAN);
            let row = [sharpe, figures.max_drawdown, figures.total_return, figures.n_trades() as f64];
            rows.lock().unwrap_or_else(PoisonError::into_inner)[point] = row;
            Ok(())
        })?;
        Ok(rows.into_inner().unwrap_or_else(PoisonError::into_inner))
    })?;
    save(out, rows.as_flattened())?;
    Ok(format!("{seconds},\"points\":{},\"threads\":{threads}", rows.len()))
}

/// A breakout with a stop that ratchets, and its full ledger: text to fills.
fn breakout(bars: &str, runs: usize, is_resting: bool, out: Option<&str>) -> Outcome {
    let market = market(bars, true)?;
    let (seconds, (figures, ledger)) = timed(runs, || {
        let spec = StrategySpec::from_toml(&breakout::text(is_resting))?;
        let plan = spec.compile(&market.schema(), market.steps_per_year(), None)?;
        let stretch = Stretch { rows: 0..market.len(), warmup: Warmup::Idle, daily: false, max_bytes: 256 << 20 };
        Ok(run_with_ledger(&plan, 0, &market, &stretch)?)
    })?;
    let f = &ledger.fills;
    let (mut rows, mut pnl) = (Vec::new(), 0.0);
    for i in (0..f.len() / 2).map(|trade| 2 * trade) {
        rows.extend([f64::from(f.row[i]), f.raw[i], f64::from(f.row[i + 1]), f.raw[i + 1]]);
        pnl += f.price[i + 1] - f.price[i];
    }
    save(out, &rows)?;
    Ok(format!("{seconds},\"trades\":{},\"total_pnl\":{pnl:?}", figures.n_trades()))
}

/// Nine figures of many strategies.
fn metrics(returns: &str, runs: usize, n_days: usize, out: Option<&str>) -> Outcome {
    let returns = read_numbers(returns)?;
    let (seconds, figures) = timed(runs, || Ok(core_figures(&returns, n_days, 252.0)?))?;
    let undefined = |x: Option<f64>| x.unwrap_or(f64::NAN);
    let row = |f: &qe_engine::metrics::batch::CoreFigures| {
        [f.sharpe, f.sortino, f.vol_annual, f.max_drawdown, f.calmar, f.skew, f.kurtosis, f.value_at_risk, f.cvar]
            .map(undefined)
    };
    save(out, &figures.iter().flat_map(row).collect::<Vec<_>>())?;
    Ok(format!("{seconds},\"n_strategies\":{}", figures.len()))
}

/// The columns of a file of bars: open, high, low, close, volume.
fn columns(x: &[f64]) -> [&[f64]; 5] {
    let n = x.len() / 5;
    std::array::from_fn(|i| &x[i * n..(i + 1) * n])
}

/// As [`sweep`], by a plain loop on one thread: arrays to figures.
fn plain_sweep(bars: &str, runs: usize, mult: usize, out: Option<&str>) -> Outcome {
    let x = read_numbers(bars)?;
    let [open, _, _, close, _] = columns(&x);
    let (fast, slow): (Vec<usize>, Vec<usize>) = ((5..55).collect(), (60..60 + 100 * mult).collect());
    let (seconds, told) = timed(runs, || Ok(plain::crossings(open, close, &fast, &slow, 19_656.0)))?;
    save(out, told.as_flattened())?;
    Ok(format!("{seconds},\"points\":{}", told.len()))
}

/// As [`breakout()`], by a plain loop: arrays to trades.
fn plain_breakout(bars: &str, runs: usize, is_resting: bool, out: Option<&str>) -> Outcome {
    let x = read_numbers(bars)?;
    let [open, high, low, close, _] = columns(&x);
    let (seconds, trades) = timed(runs, || Ok(plain::breakout(open, high, low, close, is_resting)))?;
    let rows: Vec<f64> = trades.iter().flat_map(|[row, price, to, at]| [*row, *price, *to, *at]).collect();
    save(out, &rows)?;
    let pnl: f64 = trades.iter().map(|[_, price, _, at]| at * 0.9997 - price * 1.0003).sum();
    Ok(format!("{seconds},\"trades\":{},\"total_pnl\":{pnl:?}", trades.len()))
}
