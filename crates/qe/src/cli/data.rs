//! `qe data`: check, describe, resample, convert, simulate.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use qe_core::bars::Bars;
use qe_core::columns::Columns;
use qe_core::par::{Pool, Threads};
use qe_core::ticks::{Quotes, Ticks};
use qe_core::time::Date;
use qe_core::timeframe::Timeframe;
use qe_data::DataSpec;
use qe_data::frame::{
    Dataset, Loader, Partition, StoreOptions, Table, Unfinished, chain_to_frame, leftovers, panel_to_frame, store,
    store_frame,
};
use qe_data::market::{
    CrossSection, CrossSectionSpec, EdgeSpec, Market, MarketSpec, OptionsSpec, TickSpec, edges, options, ticks,
};
use qe_data::quality::{
    QualityPolicy, QualityReport, Scope, Verdict as Quality, check_bars, check_quotes, check_ticks,
};
use qe_data::resample::{ResampleSpec, resample};
use qe_data::spec::DataKind;
use serde::Serialize;

use super::Verdict;
use super::output::Output;
use super::source::{SourceArgs, read_spec};

/// Look at data, bring them to another shape, or make them.
#[derive(Debug, Subcommand)]
pub(crate) enum DataCommand {
    /// Look for what is wrong with the data; exit code 1 if something must not pass.
    Check(CheckArgs),
    /// Say what the data are: symbols, spans, columns, and the id of their contents.
    Describe(DescribeArgs),
    /// Put bars together to coarser ones and write them as partitioned Parquet.
    Resample(ResampleArgs),
    /// Write the data as partitioned Parquet in one shape.
    Convert(ConvertArgs),
    /// Write a simulated market as partitioned Parquet.
    Simulate(SimulateArgs),
}

/// `qe data check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// What to look for and how hard (TOML or JSON).
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

/// `qe data describe`.
#[derive(Debug, Args)]
pub(crate) struct DescribeArgs {
    #[command(flatten)]
    source: SourceArgs,
}

/// `qe data resample`.
#[derive(Debug, Args)]
pub(crate) struct ResampleArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// The coarser timeframe: 5m, 15m, 1h, 4h, 1d.
    #[arg(long)]
    to: Timeframe,
    #[command(flatten)]
    target: TargetArgs,
}

/// `qe data convert`.
#[derive(Debug, Args)]
pub(crate) struct ConvertArgs {
    #[command(flatten)]
    source: SourceArgs,
    #[command(flatten)]
    target: TargetArgs,
}

/// Where to write.
#[derive(Debug, Clone, Args)]
pub(crate) struct TargetArgs {
    /// The folder to write to.
    #[arg(long, short, value_name = "DIR")]
    out: PathBuf,
    /// How files are cut by time.
    #[arg(long, value_enum, default_value = "month")]
    partition: PartitionArg,
    /// Write beside files of these symbols that are there already and stay.
    #[arg(long)]
    add: bool,
}

/// How files are cut by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PartitionArg {
    Whole,
    Year,
    Month,
    Day,
}

/// `qe data simulate`.
#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// What to make (TOML or JSON); the other options change it.
    #[arg(long, value_name = "FILE")]
    spec: Option<PathBuf>,
    /// How many years.
    #[arg(long)]
    years: Option<u32>,
    /// The first day.
    #[arg(long)]
    start: Option<Date>,
    /// The seed of everything.
    #[arg(long)]
    seed: Option<u64>,
    /// How many threads; the bytes are the same for any number.
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// Write planted edges, trades and quotes, an option chain and a cross-section too, each in a folder of its own.
    #[arg(long)]
    everything: bool,
    #[command(flatten)]
    target: TargetArgs,
}

impl TargetArgs {
    fn options(&self) -> StoreOptions {
        let partition = match self.partition {
            PartitionArg::Whole => Partition::Whole,
            PartitionArg::Year => Partition::Year,
            PartitionArg::Month => Partition::Month,
            PartitionArg::Day => Partition::Day,
        };
        StoreOptions { partition, ..StoreOptions::default() }
    }

    /// Writes tables, one symbol after the other.
    fn write<'a>(&self, tables: &[(&'a str, &'a Columns)], out: &Output) -> Result<Written> {
        if !self.add {
            refuse_leftovers(tables, &self.out, self.options())?;
        }
        let bar = out.bar(tables.len() as u64, "writing");
        let unfinished = Unfinished::mark(&self.out)?;
        let (mut n_files, mut n_rows) = (0, 0);
        for (symbol, table) in tables {
            n_files += store(symbol, table, &self.out, self.options())?.len();
            n_rows += table.len();
            bar.inc(1);
        }
        unfinished.finish()?;
        bar.finish_and_clear();
        Ok(Written { out: self.out.clone(), n_symbols: tables.len(), n_files, n_rows, ..Written::default() })
    }
}

/// What was written, and what of the input was not.
#[derive(Debug, Default, Serialize)]
struct Written {
    out: PathBuf,
    n_symbols: usize,
    n_files: usize,
    n_rows: usize,
    n_outside: u64,
    n_duplicates: u64,
}

/// Fails if files of these symbols would stay beside those to be written, and be read together with them.
pub(crate) fn refuse_leftovers(tables: &[(&str, &Columns)], root: &Path, options: StoreOptions) -> Result<()> {
    for (symbol, table) in tables {
        if let [first, others @ ..] = leftovers(symbol, table, root, options)?.as_slice() {
            let more = if others.is_empty() { String::new() } else { format!(" and {} more", others.len()) };
            bail!(
                "{}{more} would stay beside what is to be written, and be read together with it; remove them, choose \
                 another folder, or say --add where the command has it",
                first.display()
            );
        }
    }
    Ok(())
}

impl Written {
    fn text(&self) -> String {
        let mut text = format!(
            "{} rows of {} symbols in {} files under {}",
            self.n_rows,
            self.n_symbols,
            self.n_files,
            self.out.display()
        );
        if self.n_outside > 0 {
            let n = self.n_outside;
            let _ = write!(text, "; {n} rows outside of the hours or the range were left out (--hours all keeps them)");
        }
        if self.n_duplicates > 0 {
            let _ = write!(text, "; {} rows that repeat a time were left out", self.n_duplicates);
        }
        text
    }
}

pub(crate) fn run(command: DataCommand, out: &Output) -> Result<Verdict> {
    match command {
        DataCommand::Check(args) => check(&args, out),
        DataCommand::Describe(args) => describe(&args, out),
        DataCommand::Resample(args) => resample_to(&args, out),
        DataCommand::Convert(args) => convert(&args, out),
        DataCommand::Simulate(args) => simulate(&args, out),
    }
}

/// Loads bars with a progress bar.
pub(crate) fn load(spec: DataSpec, out: &Output) -> Result<Dataset> {
    let loader = Loader::new(spec)?;
    let bar = out.bar(0, "loading");
    let data = loader.load_with(|done, of| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
    })?;
    bar.finish_and_clear();
    Ok(data)
}

/// A quality report per symbol of a data set.
pub(crate) fn reports(data: &Dataset, spec: &DataSpec, policy: &QualityPolicy) -> Vec<QualityReport> {
    let scope = |symbol: &str| {
        let scope = Scope::new(spec.calendar.clone()).hours(spec.hours);
        let scope = if spec.start.is_some() && spec.end.is_some() { scope.range(spec.range()) } else { scope };
        scope.intake(data.intake.get(symbol).cloned().unwrap_or_default())
    };
    data.bars.iter().map(|b| check_bars(b, &scope(b.symbol()), policy)).collect()
}

fn check(args: &CheckArgs, out: &Output) -> Result<Verdict> {
    let spec = args.source.spec()?;
    let policy: QualityPolicy = match &args.policy {
        Some(path) => read_spec::<QualityPolicy>(path)?.validated()?,
        None => QualityPolicy::default(),
    };
    let scope = || Scope::new(spec.calendar.clone()).hours(spec.hours);
    let reports: Vec<QualityReport> = match spec.kind {
        DataKind::Bars => reports(&load(spec.clone(), out)?, &spec, &policy),
        DataKind::Trades => {
            let checked = Loader::new(spec.clone())?.load_tables()?.into_iter().map(|t| {
                let scope = scope().intake(t.intake);
                Ok(check_ticks(&Ticks::from_columns(t.symbol, t.columns)?, &scope, &policy))
            });
            checked.collect::<qe_data::Result<_>>()?
        }
        DataKind::Quotes => {
            let checked = Loader::new(spec.clone())?.load_tables()?.into_iter().map(|t| {
                let scope = scope().intake(t.intake);
                Ok(check_quotes(&Quotes::from_columns(t.symbol, t.columns)?, &scope, &policy))
            });
            checked.collect::<qe_data::Result<_>>()?
        }
        DataKind::Features => bail!("features have no quality of their own; check bars, trades or quotes"),
    };
    out.result(&reports, || reports.iter().map(|r| format!("{r}\n\n")).collect())?;
    let worst = reports.iter().map(QualityReport::verdict).max().unwrap_or(Quality::Pass);
    Ok(if worst == Quality::Fail { Verdict::Bad } else { Verdict::Good })
}

fn describe(args: &DescribeArgs, out: &Output) -> Result<Verdict> {
    let spec = args.source.spec()?;
    match spec.kind {
        DataKind::Bars => {
            let data = load(spec, out)?;
            out.result(&data.identity, || data.identity.to_string())?;
        }
        _ => {
            let identity = identity_of(&Loader::new(spec.clone())?.load_tables()?, &spec)?;
            out.result(&identity, || identity.to_string())?;
        }
    }
    Ok(Verdict::Good)
}

fn identity_of(tables: &[Table], spec: &DataSpec) -> Result<qe_data::identity::DataIdentity> {
    let kind = format!("{:?}", spec.kind).to_lowercase();
    let mut builder = qe_data::identity::IdentityBuilder::new(kind);
    for table in tables {
        builder.push(&table.symbol, &table.columns)?;
    }
    Ok(builder.finish(spec.vendor.clone(), spec.as_of)?)
}

fn resample_to(args: &ResampleArgs, out: &Output) -> Result<Verdict> {
    let spec = args.source.spec()?;
    if spec.kind != DataKind::Bars {
        bail!("only bars are resampled here; in Rust, `qe_data::frame::resample_trades` takes trades");
    }
    let target = ResampleSpec::new(args.to, spec.calendar.clone()).hours(spec.hours);
    target.check_source(spec.timeframe)?;
    refuse_overlap(&spec, &args.target.out)?;
    let data = load(spec, out)?;
    let mut n_outside = data.intake.values().map(|i| i.n_outside).sum();
    let n_duplicates = data.intake.values().map(|i| i.n_duplicates).sum();
    let coarse: Vec<Bars> = data
        .bars
        .iter()
        .map(|b| {
            let made = resample(b, &target)?;
            n_outside += made.n_outside as u64;
            Ok(made.bars)
        })
        .collect::<qe_data::Result<_>>()?;
    let tables: Vec<(&str, &Columns)> = coarse.iter().map(|b| (b.symbol(), b.columns())).collect();
    let written = Written { n_outside, n_duplicates, ..args.target.write(&tables, out)? };
    out.result(&written, || written.text())?;
    Ok(Verdict::Good)
}

fn convert(args: &ConvertArgs, out: &Output) -> Result<Verdict> {
    let spec = args.source.spec()?;
    refuse_overlap(&spec, &args.target.out)?;
    let loaded = Loader::new(spec)?.load_tables()?;
    let tables: Vec<(&str, &Columns)> = loaded.iter().map(|t| (t.symbol.as_str(), &t.columns)).collect();
    let n_outside = loaded.iter().map(|t| t.intake.n_outside).sum();
    let n_duplicates = loaded.iter().map(|t| t.intake.n_duplicates).sum();
    let written = Written { n_outside, n_duplicates, ..args.target.write(&tables, out)? };
    out.result(&written, || written.text())?;
    Ok(Verdict::Good)
}

/// Fails if the output would land among the input, where the next reading would find it, or replace it.
fn refuse_overlap(spec: &DataSpec, out: &Path) -> Result<()> {
    let Some(out) = resolved(out) else { return Ok(()) };
    for path in &spec.paths {
        let literal: PathBuf = match Path::new(path).exists() {
            true => PathBuf::from(path),
            false => Path::new(path).iter().take_while(|p| !p.to_string_lossy().contains(['*', '?'])).collect(),
        };
        let literal = if literal.as_os_str().is_empty() { PathBuf::from(".") } else { literal };
        if literal.canonicalize().is_ok_and(|p| p.is_dir() && out.starts_with(&p)) {
            bail!("{} lies within {}, which is read: choose another folder", out.display(), literal.display());
        }
    }
    for file in Loader::new(spec.clone())?.files()?.files {
        let inside = file.path.canonicalize().ok().and_then(|p| p.strip_prefix(&out).map(Path::to_owned).ok());
        if inside.is_some_and(|p| p.to_string_lossy().starts_with("symbol=")) {
            bail!(
                "{} is read, and lies where {} is written: choose another folder",
                file.path.display(),
                out.display()
            );
        }
    }
    Ok(())
}

/// Where a path leads that may not exist yet, by the nearest folder above it that does.
fn resolved(path: &Path) -> Option<PathBuf> {
    let whole = std::path::absolute(path).ok()?;
    let above = whole.ancestors().find_map(|a| Some((a, a.canonicalize().ok()?)));
    above.and_then(|(a, real)| Some(real.join(whole.strip_prefix(a).ok()?)))
}

fn simulate(args: &SimulateArgs, out: &Output) -> Result<Verdict> {
    let mut spec: MarketSpec = match &args.spec {
        Some(path) => read_spec(path)?,
        None => MarketSpec::default(),
    };
    spec.years = args.years.unwrap_or(spec.years);
    spec.start = args.start.unwrap_or(spec.start);
    spec.seed = args.seed.unwrap_or(spec.seed);
    let market = generate(&spec, args.threads, out)?;
    if args.everything {
        let written = everything(&market, &args.target, out)?;
        out.result(&written, || written.iter().map(|w| w.text() + "\n").collect())?;
        return Ok(Verdict::Good);
    }
    let tables: Vec<(&str, &Columns)> = market.minute_bars().iter().map(|b| (b.symbol(), b.columns())).collect();
    let written = args.target.write(&tables, out)?;
    out.result(&written, || written.text())?;
    Ok(Verdict::Good)
}

/// Writes each part of a market into a folder of its own: `minutes`, `edges`, `trades`, `quotes`, `options` (a file a
/// month) and `cross_section` (a file a name, with its sector, industry and subindustry).
fn everything(market: &Market, target: &TargetArgs, out: &Output) -> Result<Vec<Written>> {
    let MarketSpec { seed, start, years, .. } = *market.spec();
    let below = |name: &str| TargetArgs { out: target.out.join(name), ..target.clone() };
    let bars = |bars: &[Bars], name: &str| {
        let tables: Vec<(&str, &Columns)> = bars.iter().map(|b| (b.symbol(), b.columns())).collect();
        below(name).write(&tables, out)
    };
    let planted =
        edges::generate(seed, start, years, &EdgeSpec { exact: true, ..EdgeSpec::default() }, &Pool::inline())?;
    let planted: Vec<Bars> = planted.all().iter().map(|e| e.bars.clone()).collect();
    let tape = ticks::generate(&TickSpec { seed, start, ..TickSpec::default() })?;
    let mut written = vec![
        bars(market.minute_bars(), "minutes")?,
        bars(&planted, "edges")?,
        below("trades").write(&[(tape.trades.symbol(), tape.trades.columns())], out)?,
        below("quotes").write(&[(tape.quotes.symbol(), tape.quotes.columns())], out)?,
    ];
    let chain = options::generate(&OptionsSpec { seed, ..OptionsSpec::default() }, market)?;
    let files = store_frame(chain.underlying(), &chain_to_frame(&chain)?, &below("options").out, target.options())?;
    let named = |name: &str, n_symbols, n_files, n_rows| Written {
        out: below(name).out,
        n_symbols,
        n_files,
        n_rows,
        n_outside: 0,
        n_duplicates: 0,
    };
    written.push(named("options", 1, files.len(), chain.len()));

    let cross =
        CrossSection::generate(&CrossSectionSpec { seed, start, ..CrossSectionSpec::default() }, &Pool::inline())?;
    let (panel, frame) = (&cross.panel, panel_to_frame(&cross.panel)?);
    let whole = StoreOptions { partition: Partition::Whole, ..target.options() };
    let bar = out.bar(panel.n_symbols() as u64, "writing");
    let unfinished = Unfinished::mark(&below("cross_section").out)?;
    for (i, symbol) in panel.symbols().iter().enumerate() {
        let rows = frame.slice((i * panel.n_times()) as i64, panel.n_times());
        store_frame(symbol, &rows, &below("cross_section").out, whole)?;
        bar.inc(1);
    }
    unfinished.finish()?;
    bar.finish_and_clear();
    written.push(named("cross_section", panel.n_symbols(), panel.n_symbols(), frame.height()));
    Ok(written)
}

/// Makes a market on so many threads; 0 for all there are.
pub(crate) fn generate(spec: &MarketSpec, threads: usize, out: &Output) -> Result<Market> {
    let threads = std::num::NonZeroUsize::new(threads).map_or(Threads::All, Threads::N);
    let bar = out.bar(1, "simulating");
    let market =
        Market::generate(&spec.clone().validated()?, &Pool::new(threads)?).context("cannot make the market")?;
    bar.finish_and_clear();
    Ok(market)
}

/// Counts of the verdicts of some reports.
pub(crate) fn tally(reports: &[QualityReport]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for r in reports {
        *counts.entry(r.verdict().to_string()).or_default() += 1;
    }
    counts
}
