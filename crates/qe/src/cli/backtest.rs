//! `qe backtest`: one strategy over one symbol, and what it came to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use qe_core::param::Value;
use qe_core::point::PointTable;
use qe_core::time::Timestamp;
use qe_engine::StrategySpec;
use qe_engine::batch::{Stretch, Warmup};
use qe_engine::leak::{self, LeakOptions};
use qe_engine::market::Market;
use qe_engine::program::StrategyPlan;
use qe_engine::range::over_policies;
use qe_engine::run::{self, RunOptions};

use super::Verdict;
use super::backtest_report::{BacktestReport, Leaks};
use super::market::{Loaded, MarketArgs};
use super::output::Output;
use super::points::fixed;
use super::reads::mended;
use super::records;
use super::strategy::{ProfileArg, read};

/// How many undecided bars are turned, of each path policy.
const MAX_TURNED: usize = 200;

/// `qe backtest`.
#[derive(Debug, Args)]
pub(crate) struct BacktestArgs {
    /// A file (.toml or .json), or the name of a strategy that comes with the engine.
    strategy: String,
    #[command(flatten)]
    market: MarketArgs,
    /// A parameter that is not as by default; as often as wanted.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    sets: Vec<String>,
    /// Under which settings, if not the strategy's own.
    #[arg(long, value_enum)]
    profile: Option<ProfileArg>,
    /// Write the round trips.
    #[arg(long, value_name = "FILE.csv")]
    trades: Option<PathBuf>,
    /// Write every fill.
    #[arg(long, value_name = "FILE.csv")]
    fills: Option<PathBuf>,
    /// Write worth at each close.
    #[arg(long, value_name = "FILE.csv")]
    equity: Option<PathBuf>,
    /// Run it under every rule for the order of prices within a bar, too, and show the range.
    #[arg(long)]
    policies: bool,
    /// Run it on data that end earlier, or are others from some bar on, too: up to there it must have done the same.
    #[arg(long)]
    leaks: bool,
}

pub(crate) fn run(args: &BacktestArgs, out: &Output) -> Result<Verdict> {
    let spec = read(&args.strategy, args.profile)?;
    let params = fixed(&args.sets, &spec.params())?;
    let targets: Vec<&Path> = [&args.trades, &args.fills, &args.equity].into_iter().flatten().map(|p| &**p).collect();
    targets.iter().try_for_each(|target| records::check(target))?;
    args.market.refuse_replacing(&targets, &args.strategy)?;
    let (market, loaded) = args.market.load_one(&spec, out)?;
    let options = RunOptions { params, eval_start: loaded.from, eval_end: loaded.to, ..RunOptions::default() };
    let place = || args.strategy.clone();
    let plan = plan(&spec, &market, &options.params).with_context(place)?;
    check_stretch(&plan, &market, &loaded)?;
    let report = run::run(&spec, &market, &options).map_err(mended)?;
    let policies = match args.policies {
        true => {
            let bar = out.bar(1, "policies");
            let rows = report.curve.rows.clone();
            let stretch = Stretch { rows, warmup: Warmup::Required, daily: false, max_bytes: 256 << 20 };
            let range = over_policies(&plan, 0, &market, &stretch, MAX_TURNED)?;
            bar.finish_and_clear();
            Some(range)
        }
        false => None,
    };
    let leaks = match args.leaks {
        true => {
            let bar = out.bar(1, "leaks");
            let found = leak::of_spec(&spec, &market, &LeakOptions { run: options, ..LeakOptions::default() });
            bar.finish_and_clear();
            Some(Leaks::of(&found.map_err(mended)?))
        }
        false => None,
    };
    let is_clean = leaks.as_ref().is_none_or(Leaks::is_clean);
    if let Some(path) = &args.trades {
        records::write(path, &records::trades(&report))?;
    }
    if let Some(path) = &args.fills {
        records::write(path, &records::fills(&report, &plan.reasons))?;
    }
    if let Some(path) = &args.equity {
        records::write(path, &records::equity(&report, &market))?;
    }
    let written = targets.iter().map(|p| p.to_path_buf()).collect();
    let told = BacktestReport::new(report, market.n_filled(), policies, leaks, written)?;
    out.result(&told, || told.text())?;
    Ok(if is_clean { Verdict::Good } else { Verdict::Bad })
}

/// The plan of one point.
fn plan(spec: &StrategySpec, market: &Market, set: &BTreeMap<String, Value>) -> Result<StrategyPlan> {
    let params = spec.params();
    let values: Vec<Value> = params.iter().map(|p| set.get(&p.name).unwrap_or(&p.default).clone()).collect();
    let mut points = PointTable::new(params)?;
    points.push(0, &values)?;
    spec.compile(&market.schema(), market.steps_per_year(), Some(&points)).map_err(mended)
}

/// Fails if the stretch that was asked for has no bar, or begins before the strategy is warm.
fn check_stretch(plan: &StrategyPlan, market: &Market, loaded: &Loaded) -> Result<()> {
    if loaded.from.is_none() && loaded.to.is_none() {
        return Ok(());
    }
    let rows = market.rows_in(loaded.range(i64::MIN));
    let open = market.columns().axis().open();
    if rows.is_empty() {
        let [first, last] = [open[0], open[open.len() - 1]].map(Timestamp);
        bail!("--from, --to: no bar of {} opens between them; its bars are of {first} to {last}", market.key());
    }
    let lookback = plan.programs.iter().flatten().map(|p| p.lookback).max().unwrap_or(0);
    if loaded.from.is_some() && rows.start < lookback {
        let mend = match open.get(lookback) {
            Some(at) => format!("give {} or later, or earlier data", Timestamp(*at)),
            None => "give more data".to_owned(),
        };
        bail!("--from: the strategy needs {lookback} bars before it to be warm, and there are {}; {mend}", rows.start);
    }
    Ok(())
}
