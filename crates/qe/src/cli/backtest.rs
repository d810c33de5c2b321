//! `qe backtest`: one strategy over one symbol, and what it came to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueHint};
use qe_core::instrument::AssetClass;
use qe_core::param::Value;
use qe_core::point::PointTable;
use qe_core::time::Timestamp;
use qe_engine::StrategySpec;
use qe_engine::frame::{RunFiles, write_run, write_text};
use qe_engine::leak::{self, LeakOptions};
use qe_engine::market::Market;
use qe_engine::program::StrategyPlan;
use qe_engine::results::RunManifest;
use qe_engine::run::{self, RunOptions};

use super::Verdict;
use super::backtest_report::{BacktestReport, Leaks};
use super::market::{Loaded, MarketArgs};
use super::output::Output;
use super::page;
use super::points::fixed;
use super::reads::mended;
use super::records;
use super::strategy::{ProfileArg, read};

/// What can be traded, in the words of names of files.
const CLASSES: [&str; 8] = ["equity", "etf", "index", "future", "option", "crypto", "perpetual", "forex"];

/// A class by its word, which the parser of arguments has checked.
fn class(word: String) -> AssetClass {
    match word.as_str() {
        "etf" => AssetClass::Etf,
        "index" => AssetClass::Index,
        "future" => AssetClass::Future,
        "option" => AssetClass::Option,
        "crypto" => AssetClass::Crypto,
        "perpetual" => AssetClass::Perpetual,
        "forex" => AssetClass::Forex,
        _ => AssetClass::Equity,
    }
}

/// `qe backtest`.
#[derive(Debug, Args)]
pub(crate) struct BacktestArgs {
    /// A file (.toml or .json), or the name of a strategy that comes with the engine.
    #[arg(value_hint = ValueHint::AnyPath)]
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
    /// Write all that a run leaves behind into this folder: metrics, the run bar by bar and the trade log as Parquet, and
    /// the record that `qe report` and `qe run-diff` read.
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
    /// What is traded, for the names of those files.
    #[arg(long, value_name = "CLASS", requires = "out", value_parser = PossibleValuesParser::new(CLASSES).map(class))]
    asset_class: Option<AssetClass>,
    /// Write a page of it: one HTML file that needs nothing else.
    #[arg(long, value_name = "FILE.html")]
    page: Option<PathBuf>,
    /// Compare it with this symbol, bought and held, which is traded or read (`--read`): beta, alpha and what else is of both is
    /// told, and stored; a page is drawn beside it instead of beside the strategy's own symbol.
    #[arg(long, value_name = "SYMBOL")]
    benchmark: Option<String>,
    /// Run it at other costs, too, and show on the page what comes of it.
    #[arg(long, requires = "page")]
    stress: bool,
    /// Run it under every rule for the order of prices within a bar, too, and show the range; along bars of a lower
    /// timeframe where it is followed along them.
    #[arg(long)]
    policies: bool,
    /// Run it on data that end earlier, or are others from some bar on, too: up to there it must have done the same.
    #[arg(long)]
    leaks: bool,
}

pub(crate) fn run(args: &BacktestArgs, out: &Output) -> Result<Verdict> {
    let spec = read(&args.strategy, args.profile)?;
    let params = fixed(&args.sets, &spec.params())?;
    let mut targets: Vec<&Path> =
        [&args.trades, &args.fills, &args.equity].into_iter().flatten().map(|p| &**p).collect();
    targets.iter().try_for_each(|target| records::check(target))?;
    if let Some(path) = &args.page {
        page::check(path)?;
        targets.push(path);
    }
    if let Some(folder) = args.out.as_ref().filter(|folder| folder.exists() && !folder.is_dir()) {
        bail!("--out {}: it is a file; name a folder", folder.display());
    }
    args.market.refuse_replacing(&targets, &args.strategy)?;
    let (market, loaded) = args.market.load_one(&spec, out)?;
    let mut options = RunOptions { params, eval_start: loaded.from, eval_end: loaded.to, ..RunOptions::default() };
    let place = || args.strategy.clone();
    let plan = plan(&spec, &market, &options.params).with_context(place)?;
    check_stretch(&plan, &market, &loaded)?;
    let mut report = run::run(&spec, &market, &options).map_err(mended)?;
    // Which days are scored, the run tells.
    let benchmark = args.benchmark.as_deref().map(|name| page::held(name, &report, &market)).transpose()?;
    if let Some(benchmark) = &benchmark {
        options.benchmark = Some(benchmark.daily.clone());
        report = run::run(&spec, &market, &options).map_err(mended)?;
    }
    let policies = match args.policies {
        true => Some(page::range(&plan, &market, &report, out)?),
        false => None,
    };
    let leaks = match args.leaks {
        true => {
            let bar = out.bar(1, "leaks");
            let found = leak::of_spec(&spec, &market, &LeakOptions { run: options.clone(), ..LeakOptions::default() });
            bar.finish_and_clear();
            Some(Leaks::of(&found.map_err(mended)?))
        }
        false => None,
    };
    let is_clean = leaks.as_ref().is_none_or(Leaks::is_clean);
    if let Some(path) = &args.trades {
        write_text(&records::trades(&report)?, path)?;
    }
    if let Some(path) = &args.fills {
        write_text(&records::fills(&report, &plan.reasons), path)?;
    }
    if let Some(path) = &args.equity {
        write_text(&records::equity(&report, &market), path)?;
    }
    let mut written: Vec<PathBuf> = targets.iter().map(|p| p.to_path_buf()).collect();
    if let Some(folder) = &args.out {
        let data = serde_json::to_value(args.market.given()?.absolute()?)?;
        let stored = RunManifest::new(&spec, &options, &report, args.asset_class, data)?;
        let files = RunFiles::of(&stored, folder);
        args.market.refuse_replacing(&files.all(), &args.strategy)?;
        write_run(&report, &market, &stored, folder)?;
        written.extend(files.all().map(Path::to_path_buf));
    }
    if let Some(path) = &args.page {
        let left_out = loaded.left_out.clone();
        let beside = page::Beside { benchmark, policies: policies.clone(), stress: args.stress, left_out };
        let html = page::of_run((&spec, &market, &options), &report, beside, out)?;
        write_text(&html, path)?;
    }
    let told = BacktestReport::new(report, market.n_filled(), policies, leaks, written)?.of_rows(loaded.left_out);
    out.result(&told, || told.text())?;
    Ok(if is_clean { Verdict::Good } else { Verdict::Bad })
}

/// The plan of one point.
pub(super) fn plan(spec: &StrategySpec, market: &Market, set: &BTreeMap<String, Value>) -> Result<StrategyPlan> {
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
