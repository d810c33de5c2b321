//! `qe demo`: a market is made and written, loaded back through its partitions, checked and known again; every strategy
//! that comes with the engine is run over it, one of them is swept, and pages show what came of it all.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::Args;
use qe_core::columns::Columns;
use qe_core::eval::Evaluator;
use qe_core::ident::Id;
use qe_core::point::PointTable;
use qe_core::time::{TimeRange, Timestamp};
use qe_core::timeframe::Timeframe;
use qe_data::DataSpec;
use qe_data::frame::{Dataset, Loader, StoreOptions, Unfinished, store};
use qe_data::identity::{DataIdentity, IdentityBuilder};
use qe_data::market::{Crisis, MarketSpec};
use qe_data::quality::{QualityPolicy, QualityReport};
use qe_engine::market::Market;
use qe_engine::strategies;
use qe_engine::sweep::{Sweep, SweepOptions};
use serde::Serialize;

use super::Verdict;
use super::data::{generate, refuse_leftovers, reports, tally};
use super::demo_pages::Pages;
use super::demo_runs::{markets, pool, run_all};
use super::files;
use super::market::Loaded;
use super::output::Output;
use super::stages::{Stage, Stages};
use super::sweep;
use super::sweep_report::SweepReport;
use crate::page::{FrontPage, FrontRow};

/// What is done, each with its share of the time in percent, as measured in a build that is not optimised.
const STAGES: &[Stage] = &[
    ("simulate", 6),
    ("write", 60),
    ("load", 11),
    ("check", 4),
    ("resample", 1),
    ("run", 13),
    ("pages", 4),
    ("sweep", 1),
];

/// The strategy that is swept, and over what.
const SWEPT: (&str, &str, Timeframe) = ("DonchianBreakout", "SPY", Timeframe::H1);

/// How many of the best runs, and of the worst, are told as text.
const N_TOLD: (usize, usize) = (10, 3);

/// `qe demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// The folder to write to.
    #[arg(long, short, value_name = "DIR")]
    out: PathBuf,
    /// How many years of minutes.
    #[arg(long, default_value_t = 2)]
    years: u32,
    /// The seed of everything.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many threads; the bytes are the same for any number.
    #[arg(long, default_value_t = 0)]
    threads: usize,
}

/// What the demo did.
#[derive(Debug, Serialize)]
struct Demo {
    market: PathBuf,
    n_files: usize,
    n_rows: u64,
    data_id: Id,
    known_again: bool,
    quality: BTreeMap<String, usize>,
    quality_file: PathBuf,
    reports: Vec<QualityReport>,
    front: FrontPage,
    sweep: SweepReport,
    /// The front page first.
    pages: Vec<PathBuf>,
    seconds: BTreeMap<&'static str, f64>,
}

/// A market that was written and loaded again.
struct Written {
    folder: PathBuf,
    n_files: usize,
    made: DataIdentity,
    crisis: Option<Crisis>,
    data: Dataset,
    query: DataSpec,
}

pub(crate) fn run(args: &DemoArgs, out: &Output) -> Result<Verdict> {
    let spec = MarketSpec { years: args.years, seed: args.seed, ..MarketSpec::default() }.validated()?;
    files::make_folder(&args.out)?;
    let mut stages = Stages::begin(STAGES, out);
    let Written { folder, n_files, made, crisis, data, query } = written(args, &spec, &mut stages, out)?;
    let reports = reports(&data, &query, &QualityPolicy::default());
    stages.next();
    made.verify(&data.identity)?;

    let markets = markets(&data, args.seed, |done, of| stages.step(done, of))?;
    stages.next();
    let (scored, rows) = run_all(&markets, args.threads, |done, of| stages.step(done, of))?;
    let of_market = format!("Demo · a simulated market, seed {}, {} of minutes", args.seed, years(args.years));
    let title = format!("{} strategies on {} markets", strategies::names().len(), markets.len());
    let mut front = FrontPage::of(&title, &of_market, scored, rows, markets[0].days_per_year());
    front.notes.push(foretold(crisis));
    stages.next();

    let mut pages = Pages::of(&args.out, front);
    pages.add_best(&markets)?;
    stages.step(1, 2);
    pages.add_worst(&markets)?;
    stages.next();
    let swept = swept(&markets, args.threads, &mut pages, out)?;
    let full: String = reports.iter().map(|r| format!("{r}\n\n")).collect();
    let quality_file = pages.add("quality.txt", full);
    let paths = pages.write()?;
    let demo = Demo {
        market: folder,
        n_files,
        n_rows: data.identity.n_rows,
        data_id: data.identity.id,
        known_again: made.id == data.identity.id,
        quality: tally(&reports),
        quality_file,
        reports,
        front: pages.into_front(),
        sweep: swept,
        pages: paths,
        seconds: stages.finish(),
    };
    out.result(&demo, || text(&demo, &data.identity.to_string()))?;
    if !demo.known_again {
        bail!("what was loaded is not what was written");
    }
    Ok(Verdict::Good)
}

/// Makes the market, writes it, and loads it again.
fn written(args: &DemoArgs, spec: &MarketSpec, stages: &mut Stages, out: &Output) -> Result<Written> {
    let market = generate(spec, args.threads, &out.without_progress())?;
    stages.next();
    let folder = args.out.join("market");
    let bars = market.minute_bars();
    let tables: Vec<(&str, &Columns)> = bars.iter().map(|b| (b.symbol(), b.columns())).collect();
    refuse_leftovers(&tables, &folder, StoreOptions::default())?;
    // What an earlier front page tells is of another market from here on.
    Pages::withdraw(&args.out)?;
    let mut made = IdentityBuilder::new(format!("bars {}", Timeframe::M1));
    let mut n_files = 0;
    let unfinished = Unfinished::mark(&folder)?;
    files::remove_drafts_below(&folder)?;
    for (i, b) in bars.iter().enumerate() {
        n_files += store(b.symbol(), b.columns(), &folder, StoreOptions::default())?.len();
        made.push(b.symbol(), b.columns())?;
        stages.step(i + 1, bars.len());
    }
    unfinished.finish()?;
    let made = made.finish(None, None)?;
    stages.next();

    let symbols: Vec<&str> = bars.iter().map(|b| b.symbol()).collect();
    let span = made.span.unwrap_or(TimeRange { start: 0, end: 1 });
    let query = DataSpec::bars([folder.display().to_string()], Timeframe::M1)
        .symbols(symbols)
        .between(Timestamp(span.start), Timestamp(span.end));
    let data = Loader::new(query.clone())?.load_with(|done, of| stages.step(done, of))?;
    stages.next();
    Ok(Written { folder, n_files, made, crisis: market.crisis(), data, query })
}

/// The grid of one strategy over one market, and its page.
fn swept(markets: &[Arc<Market>], threads: usize, pages: &mut Pages, out: &Output) -> Result<SweepReport> {
    let (strategy, symbol, timeframe) = SWEPT;
    let market = markets.iter().find(|m| m.symbol() == symbol && m.timeframe() == timeframe);
    let market = market.context("the market of the sweep is gone")?;
    let loaded = Loaded { markets: vec![Arc::clone(market)], from: None, to: None, left_out: None };
    let spec = strategies::by_name(strategy)?;
    let sweep = Sweep::new(&spec, loaded.markets.clone(), pool(threads)?, SweepOptions::default())?;
    let points = PointTable::grid(sweep.params().to_vec(), 1_000)?;
    let (outcomes, from) = sweep::evaluate(&sweep, &points, &loaded, &out.without_progress())?;
    let scored = TimeRange { start: from.nanos(), end: pages.front().scored.end };
    pages.add_sweep(&sweep, &points, &outcomes, scored)?;
    SweepReport::new(&sweep, &points, &outcomes, from, ("sharpe_daily", 1))
}

/// What there is in the prices that a strategy could earn by.
fn foretold(crisis: Option<Crisis>) -> String {
    let crash = crisis.map_or(String::new(), |c| {
        format!(
            ", and one crash takes {:.0} % from the market between {} and {}, which pays whoever follows trends",
            100.0 * c.depth_frac,
            c.first,
            c.last
        )
    });
    format!(
        "The prices are simulated, and little in them can be foretold: calm times drift up a little, stressed ones \
         down{crash}. Nothing else is planted. Most of what looks good here is luck."
    )
}

fn years(n: u32) -> String {
    if n == 1 { "a year".to_owned() } else { format!("{n} years") }
}

fn text(demo: &Demo, identity: &str) -> String {
    let mut text = format!("{}\n\n", identity.trim_end());
    for r in &demo.reports {
        let found: Vec<String> = r.findings.iter().map(|f| format!("{} {}", f.count, f.check)).collect();
        let found = if found.is_empty() { "nothing to look at".to_owned() } else { found.join(", ") };
        let missing = r.n_missing.unwrap_or(0);
        let _ = writeln!(text, "  {:<6} {:>8} bars, {missing} missing  {}  {found}", r.subject, r.n_rows, r.verdict());
    }
    text.push('\n');
    text.push_str(&ranking(&demo.front));
    let best = demo.sweep.best().unwrap_or_else(|| "no point has a result".to_owned());
    let _ = writeln!(
        text,
        "\n{} on {}: {best}\n({})",
        demo.sweep.strategy,
        demo.sweep.markets.join(", "),
        demo.sweep.caution()
    );
    let seconds: Vec<String> =
        STAGES.iter().filter_map(|(what, _)| Some(format!("{what} {:.2} s", demo.seconds.get(what)?))).collect();
    let _ = writeln!(
        text,
        "\n{} rows in {} files under {}\nidentity: what was loaded is what was written ({})\nquality: {}\n{}",
        demo.n_rows,
        demo.n_files,
        demo.market.display(),
        demo.data_id.short(),
        demo.quality_file.display(),
        seconds.join(", ")
    );
    let (front, beside) = demo.pages.split_first().map_or((Path::new(""), &[][..]), |(f, b)| (f.as_path(), b));
    let beside: Vec<String> =
        beside.iter().filter_map(|p| Some(p.file_name()?.to_string_lossy().into_owned())).collect();
    let _ = writeln!(text, "\nlook at {} (it leads to {})", front.display(), beside.join(", "));
    text
}

/// The best and the worst runs as a table, and what luck would give.
fn ranking(front: &FrontPage) -> String {
    let ranked = front.ranked();
    let n_worst = N_TOLD.1.min(ranked.len().saturating_sub(N_TOLD.0));
    let width = ranked.iter().map(|row| row.strategy.len()).max().unwrap_or(0);
    let head = ("", "strategy", "market", "sharpe_daily", "return", "drawdown", "trades");
    let mut text = format!(
        "{:>5}  {:<width$}  {:<8}  {:>12}  {:>9}  {:>9}  {:>6}\n",
        head.0, head.1, head.2, head.3, head.4, head.5, head.6
    );
    for (i, row) in ranked.iter().enumerate() {
        let Ok(f) = &row.told else { continue };
        if i == N_TOLD.0 && n_worst < ranked.len() - i {
            let _ = writeln!(text, "{:>5}", "…");
        }
        if i >= N_TOLD.0 && i < ranked.len() - n_worst {
            continue;
        }
        let _ = writeln!(
            text,
            "{:>5}  {:<width$}  {:<8}  {:>12.3}  {:>7.2} %  {:>7.2} %  {:>6}{}",
            i + 1,
            row.strategy,
            format!("{} {}", row.symbol, row.timeframe),
            f.sharpe_daily.unwrap_or(f64::NAN),
            100.0 * f.total_return,
            -100.0 * f.max_drawdown,
            f.n_trades,
            if row.is_same_bar { "  same bar" } else { "" }
        );
    }
    let n = front.rows.len();
    let _ = match &front.luck {
        Some(luck) => writeln!(
            text,
            "{n} runs were tried; the best of so many that are worth nothing would show {:.2} by luck alone",
            luck.sharpe
        ),
        None => writeln!(text, "{n} runs were tried, and the best of many is good by luck too"),
    };
    let without = front.rows.iter().filter(|row| row.sharpe().is_none() && row.told.is_ok()).count();
    if without > 0 {
        let _ = writeln!(text, "{without} have no Sharpe ratio");
    }
    let failed = |row: &FrontRow| Some((row.strategy.clone(), row.told.as_ref().err()?.clone()));
    if let Some((strategy, reason)) = front.rows.iter().find_map(failed) {
        let _ = writeln!(text, "{} failed (the first: {strategy}: {reason})", front.n_failed);
    }
    text
}
