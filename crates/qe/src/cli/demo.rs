//! `qe demo`: a market is made and written, loaded back through its partitions, checked and known again, and a strategy
//! is swept over it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;
use qe_core::columns::Columns;
use qe_core::eval::Evaluator;
use qe_core::ident::Id;
use qe_core::par::{Pool, Threads};
use qe_core::point::PointTable;
use qe_core::time::{TimeRange, Timestamp};
use qe_core::timeframe::Timeframe;
use qe_data::DataSpec;
use qe_data::frame::{Dataset, StoreOptions, Unfinished, store};
use qe_data::identity::IdentityBuilder;
use qe_data::market::MarketSpec;
use qe_data::quality::{QualityPolicy, QualityReport};
use qe_data::resample::{ResampleSpec, resample};
use qe_engine::market::Market;
use qe_engine::strategies;
use qe_engine::sweep::{Sweep, SweepOptions};
use serde::Serialize;

use super::Verdict;
use super::data::{generate, load, refuse_leftovers, reports, tally};
use super::market::Loaded;
use super::output::Output;
use super::sweep;
use super::sweep_report::SweepReport;

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
    sweep: SweepReport,
    seconds: BTreeMap<&'static str, f64>,
}

pub(crate) fn run(args: &DemoArgs, out: &Output) -> Result<Verdict> {
    let mut seconds = BTreeMap::new();
    let mut clock = Instant::now();
    let mut lap = |what: &'static str| {
        seconds.insert(what, clock.elapsed().as_secs_f64());
        clock = Instant::now();
    };
    let spec = MarketSpec { years: args.years, seed: args.seed, ..MarketSpec::default() };
    let market = generate(&spec, args.threads, out)?;
    lap("simulate");

    let folder = args.out.join("market");
    let bars = market.minute_bars();
    let progress = out.bar(bars.len() as u64, "writing");
    let tables: Vec<(&str, &Columns)> = bars.iter().map(|b| (b.symbol(), b.columns())).collect();
    refuse_leftovers(&tables, &folder, StoreOptions::default())?;
    let mut made = IdentityBuilder::new(format!("bars {}", Timeframe::M1));
    let mut n_files = 0;
    let unfinished = Unfinished::mark(&folder)?;
    for b in bars {
        n_files += store(b.symbol(), b.columns(), &folder, StoreOptions::default())?.len();
        made.push(b.symbol(), b.columns())?;
        progress.inc(1);
    }
    unfinished.finish()?;
    progress.finish_and_clear();
    let made = made.finish(None, None)?;
    lap("write");

    let symbols: Vec<&str> = bars.iter().map(|b| b.symbol()).collect();
    // An earlier demo may have left more years in the same folder.
    let span = made.span.unwrap_or(TimeRange { start: 0, end: 1 });
    let query = DataSpec::bars([folder.display().to_string()], Timeframe::M1)
        .symbols(symbols)
        .between(Timestamp(span.start), Timestamp(span.end));
    let data = load(query.clone(), out)?;
    lap("load");
    let reports = reports(&data, &query, &QualityPolicy::default());
    lap("check");
    made.verify(&data.identity)?;
    let sweep = swept(&data, args.threads, out)?;
    lap("sweep");

    let quality_file = args.out.join("quality.txt");
    let full: String = reports.iter().map(|r| format!("{r}\n\n")).collect();
    std::fs::write(&quality_file, full).with_context(|| format!("cannot write {}", quality_file.display()))?;
    let demo = Demo {
        market: folder,
        n_files,
        n_rows: data.identity.n_rows,
        data_id: data.identity.id,
        known_again: made.id == data.identity.id,
        quality: tally(&reports),
        quality_file,
        reports,
        sweep,
        seconds,
    };
    out.result(&demo, || text(&demo, &data.identity.to_string()))?;
    if !demo.known_again {
        bail!("what was loaded is not what was written");
    }
    Ok(Verdict::Good)
}

/// The grid of one strategy over hours of one symbol.
fn swept(data: &Dataset, threads: usize, out: &Output) -> Result<SweepReport> {
    let calendar = qe_core::calendar::Calendar::us_equities();
    let hours = resample(data.get("SPY")?, &ResampleSpec::new(Timeframe::H1, calendar.clone()))?.bars;
    let loaded = Loaded { markets: vec![Arc::new(Market::new(&hours, &calendar)?)], from: None, to: None };
    let pool = Pool::new(std::num::NonZeroUsize::new(threads).map_or(Threads::All, Threads::N))?;
    let spec = strategies::by_name("DonchianBreakout")?;
    let sweep = Sweep::new(&spec, loaded.markets.clone(), pool, SweepOptions::default())?;
    let points = PointTable::grid(sweep.params().to_vec(), 1_000)?;
    let (outcomes, from) = sweep::evaluate(&sweep, &points, &loaded, out)?;
    SweepReport::new(&sweep, &points, &outcomes, from, ("sharpe_daily", 1))
}

fn text(demo: &Demo, identity: &str) -> String {
    let mut text = format!("{identity}\n\n");
    for r in &demo.reports {
        let found: Vec<String> = r.findings.iter().map(|f| format!("{} {}", f.count, f.check)).collect();
        let found = if found.is_empty() { "nothing to look at".to_owned() } else { found.join(", ") };
        let missing = r.n_missing.unwrap_or(0);
        let _ = writeln!(text, "  {:<6} {:>8} bars, {missing} missing  {}  {found}", r.subject, r.n_rows, r.verdict());
    }
    let best = demo.sweep.best().unwrap_or_else(|| "no point has a result".to_owned());
    let _ = writeln!(
        text,
        "\n{} on {}: {best}\n({})",
        demo.sweep.strategy,
        demo.sweep.markets.join(", "),
        demo.sweep.caution()
    );
    let seconds: Vec<String> = demo.seconds.iter().map(|(what, s)| format!("{what} {s:.2} s")).collect();
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
    text
}
