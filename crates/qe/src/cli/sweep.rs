//! `qe sweep`: one strategy at many points of its parameters, and the best of them.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueHint};
use qe_core::eval::{Evaluator, Fidelity, Window};
use qe_core::par::{Pool, Threads};
use qe_core::param::Value;
use qe_core::point::{Outcome, OutcomeTable, PointTable};
use qe_core::time::Timestamp;
use qe_data::frame::check_savable;
use qe_engine::StrategySpec;
use qe_engine::frame::{write_table, write_text};
use qe_engine::market::Market;
use qe_engine::outcome;
use qe_engine::results::MetricsTable;
use qe_engine::sweep::{MARKET, Sweep, SweepOptions};
use qe_factors::expr::Schema;

use super::Verdict;
use super::market::{Loaded, MarketArgs};
use super::output::Output;
use super::page;
use super::points::{draws, fixed, grid};
use super::reads::mended;
use super::strategy::{ProfileArg, read};
use super::sweep_report::SweepReport;
use crate::page::{SweepPage, SweepPageOptions};

/// Points that go through the engine between two steps of the progress bar.
const AT_ONCE: usize = 16_384;

/// `qe sweep`.
#[derive(Debug, Args)]
pub(crate) struct SweepArgs {
    /// A file (.toml or .json), or the name of a strategy that comes with the engine.
    #[arg(value_hint = ValueHint::AnyPath)]
    strategy: String,
    #[command(flatten)]
    market: MarketArgs,
    /// Every combination of the parameters' values: what is done if --points is not given.
    #[arg(long, conflicts_with = "points")]
    grid: bool,
    /// So many random draws instead.
    #[arg(long, value_name = "N")]
    points: Option<u64>,
    /// The seed of the draws.
    #[arg(long, requires = "points", default_value_t = 1)]
    seed: u64,
    /// A parameter that is the same at all points; as often as wanted.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    sets: Vec<String>,
    /// Under which settings, if not the strategy's own.
    #[arg(long, value_enum)]
    profile: Option<ProfileArg>,
    /// How many of the best are shown.
    #[arg(long, default_value_t = 20)]
    top: usize,
    /// The metric that points are ordered by.
    #[arg(long, value_name = "METRIC", default_value = "sharpe_daily")]
    by: String,
    /// Write all points with all metrics, as Parquet or CSV by the ending: the columns of docs/results.md.
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write a page of it: one HTML file that needs nothing else.
    #[arg(long, value_name = "FILE.html")]
    page: Option<PathBuf>,
    /// The parameter from left to right on the page; the one of most values, if nothing is said, unless those are too many
    /// to stand side by side.
    #[arg(long, value_name = "NAME", requires = "page")]
    x: Option<String>,
    /// The parameter from the bottom to the top.
    #[arg(long, value_name = "NAME", requires = "page")]
    y: Option<String>,
    /// How many threads; the results are the same for any number.
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// The most points.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    max_points: u64,
}

pub(crate) fn run(args: &SweepArgs, out: &Output) -> Result<Verdict> {
    let spec = read(&args.strategy, args.profile)?;
    let params = spec.params();
    fixed(&args.sets, &params)?;
    check_metric(&args.by)?;
    let target: Option<&Path> = args.out.as_deref();
    target.map_or(Ok(()), check_savable)?;
    args.page.as_deref().map_or(Ok(()), page::check)?;
    let targets: Vec<&Path> = target.into_iter().chain(args.page.as_deref()).collect();
    args.market.refuse_replacing(&targets, &args.strategy)?;
    let place = || args.strategy.clone();
    let loaded = args.market.load(&spec, out)?;
    let pool = Pool::new(NonZeroUsize::new(args.threads).map_or(Threads::All, Threads::N))?;
    let sweep = Sweep::new(&spec, loaded.markets.clone(), pool, SweepOptions::default());
    let sweep = sweep.map_err(mended).with_context(place)?;
    let fixed = fixed(&args.sets, sweep.params())?;
    for name in args.x.iter().chain(&args.y) {
        if !sweep.params().iter().any(|p| p.name == *name) {
            let names = sweep.params().iter().map(|p| p.name.as_str());
            return Err(qe_core::Error::unknown("parameter", name, names).into());
        }
    }
    let (points, n_repeated) = match args.points {
        None => (grid(sweep.params(), &fixed, args.max_points)?, 0),
        Some(n) if n == 0 || n > args.max_points => {
            bail!("--points {n}: give at least 1, and at most --max-points {}", args.max_points)
        }
        Some(n) => draws(sweep.params(), &fixed, n, args.seed)?,
    };
    let begin = Instant::now();
    let (outcomes, from) = evaluate(&sweep, &points, &loaded, out)?;
    let seconds = begin.elapsed().as_secs_f64();
    if let Some(path) = target {
        let window = Window::one(loaded.range(from.0))?;
        let mut rows = MetricsTable::new();
        // What a symbol's instrument is, files of bars do not say.
        rows.push_sweep(&sweep, &points, Fidelity::FULL, &window, &outcomes, |_| None)?;
        write_table(&rows.finish()?, path)?;
    }
    if let Some(path) = &args.page {
        let options = SweepPageOptions {
            by: args.by.clone(),
            x: args.x.clone(),
            y: args.y.clone(),
            scored: Some(loaded.range(from.0)),
            ..SweepPageOptions::default()
        };
        write_text(&SweepPage::of(&sweep, &points, &outcomes, &options)?.html(), path)?;
    }
    let mut told = SweepReport::new(&sweep, &points, &outcomes, from, (&args.by, args.top))?;
    (told.n_repeated, told.seconds) = (n_repeated, seconds);
    told.written.clone_from(&args.out);
    told.page.clone_from(&args.page);
    told.rows = loaded.left_out;
    out.result(&told, || told.text())?;
    Ok(Verdict::Good)
}

/// Fails unless the metric is one that sweeps tell.
fn check_metric(name: &str) -> Result<()> {
    match outcome::NAMES.contains(&name) {
        true => Ok(()),
        false => Err(qe_core::Error::unknown("metric", name, outcome::NAMES).into()),
    }
}

/// Runs all points, scored from the same instant on: the one that was asked for, or the first at which all are warm in
/// all markets.
pub(super) fn evaluate(
    sweep: &Sweep,
    points: &PointTable,
    loaded: &Loaded,
    out: &Output,
) -> Result<(OutcomeTable, Timestamp)> {
    let range = match loaded.from {
        Some(from) => loaded.range(from),
        None => loaded.range(first_warm(sweep, points)?),
    };
    let is_bare = |m: &&Arc<Market>| m.rows_in(range).is_empty();
    if let Some(market) = loaded.markets.iter().find(is_bare) {
        let from = Timestamp(range.start);
        match loaded.from {
            Some(_) if loaded.markets.iter().all(|m| is_bare(&m)) => {
                bail!("no bar of the data opens between --from and --to; give another stretch of time")
            }
            Some(_) => bail!("{}: no bar of it opens between --from and --to; leave it out", market.key()),
            None => bail!(
                "{}: no bar of it opens after {from}, when all markets are warm; leave it out, or give --from",
                market.key()
            ),
        }
    }
    let window = Window::one(range)?;
    let bar = out.bar(points.len() as u64, "sweeping");
    // Points of a market go together, so that they share what is computed over it.
    let market = points.params().iter().position(|p| p.name == MARKET);
    let market_of = |row: usize| market.and_then(|at| points.value(row, at)).map(|v| v.to_string());
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by_cached_key(|row| market_of(*row));
    let mut done = OutcomeTable::new(sweep.metrics().to_vec());
    for rows in order.chunks(AT_ONCE) {
        let mut part = PointTable::new(points.params().to_vec())?;
        for &row in rows {
            part.push(points.ids()[row], &points.row(row).unwrap_or_default())?;
        }
        done.append(sweep.evaluate(&part, Fidelity::FULL, &window)?)?;
        bar.inc(part.len() as u64);
    }
    bar.finish_and_clear();
    Ok((in_order(&done, &order)?, Timestamp(range.start)))
}

/// Outcomes of rows that were taken in some order, each in its row's place again.
fn in_order(done: &OutcomeTable, order: &[usize]) -> Result<OutcomeTable> {
    let mut place = vec![0; order.len()];
    order.iter().enumerate().for_each(|(at, &row)| place[row] = at);
    let metrics = done.metrics().iter().map(|name| done.metric(name)).collect::<Result<Vec<_>, _>>()?;
    let mut out = OutcomeTable::new(done.metrics().to_vec());
    for at in place {
        let id = done.ids()[at];
        match &done.outcomes()[at] {
            Outcome::Done => out.push_done(id, &metrics.iter().map(|values| values[at]).collect::<Vec<_>>())?,
            Outcome::Failed { reason } => out.push_failed(id, reason.clone()),
            Outcome::Pruned { reason } => out.push_pruned(id, reason.clone()),
        }
    }
    Ok(out)
}

/// When the first bar opens at which all points that can be run are warm, in all markets.
pub(super) fn first_warm(sweep: &Sweep, points: &PointTable) -> Result<i64> {
    // Markets that are alike, and points that differ in their market alone, are warm alike.
    let table = without_market(sweep, points)?;
    let mut known: Vec<(Schema, usize)> = Vec::new();
    let mut of_market = |market: &Arc<Market>| -> Result<i64> {
        let schema = market.schema();
        let lookback = match known.iter().find(|(other, _)| other.is_like(&schema)) {
            Some((_, lookback)) => *lookback,
            None => {
                let lookback = lookback(sweep.spec(), market, &table)?;
                known.push((schema, lookback));
                lookback
            }
        };
        let at = market.columns().axis().open().get(lookback).copied();
        at.with_context(|| {
            format!(
                "{}: some points need {lookback} bars to be warm, and there are {}; give more bars, or --from, and \
                 those that are not warm by then fail alone",
                market.key(),
                market.len()
            )
        })
    };
    let starts: Vec<i64> = sweep.markets().iter().map(&mut of_market).collect::<Result<_>>()?;
    Ok(starts.into_iter().max().unwrap_or(i64::MIN))
}

/// The distinct points, without the parameter that names their market.
fn without_market(sweep: &Sweep, points: &PointTable) -> Result<PointTable> {
    let own = sweep.spec().params();
    let columns: Vec<usize> =
        own.iter().filter_map(|p| points.params().iter().position(|other| other.name == p.name)).collect();
    let (mut table, mut seen) = (PointTable::new(own)?, HashSet::new());
    for row in 0..points.len() {
        let values: Vec<Value> = columns.iter().filter_map(|&i| points.value(row, i)).collect();
        if seen.insert(format!("{values:?}")) {
            table.push(points.ids()[row], &values)?;
        }
    }
    Ok(table)
}

/// The longest lookback of all points.
fn lookback(spec: &StrategySpec, market: &Market, points: &PointTable) -> Result<usize> {
    let mut longest = 0;
    for start in (0..points.len()).step_by(AT_ONCE) {
        let table = points.slice(start..points.len().min(start + AT_ONCE));
        let plan = spec.compile(&market.schema(), market.steps_per_year(), Some(&table)).map_err(mended)?;
        longest = plan.programs.iter().flatten().map(|p| p.lookback).fold(longest, usize::max);
    }
    Ok(longest)
}
