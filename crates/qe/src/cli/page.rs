//! `qe report`, and the pages that other commands write.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::{Args, ValueHint};
use qe_core::ident::Id;
use qe_engine::StrategySpec;
use qe_engine::batch::{Stretch, Warmup};
use qe_engine::frame::write_text;
use qe_engine::market::Market;
use qe_engine::program::StrategyPlan;
use qe_engine::range::{PolicyRange, over_policies};
use qe_engine::run::{Report, RunOptions};
use serde::Serialize;

use super::Verdict;
use super::backtest::plan;
use super::left_out::LeftOut;
use super::output::Output;
use super::stored::Stored;
use crate::page::{Benchmark, RunPage, RunPageOptions, TIMES, cost_stress, spec_text};

/// How many undecided bars are turned, of each path policy.
const MAX_TURNED: usize = 200;

/// `qe report`.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// A run that `qe backtest --out` has stored: its .run.json, or the folder with it.
    run: PathBuf,
    /// The page to write; beside the record, if nothing is said.
    #[arg(long, short, value_name = "FILE.html")]
    out: Option<PathBuf>,
    /// The files of its data, where they have moved; as often as wanted.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    data: Vec<String>,
    /// Compare it with this symbol, bought and held, instead of its own: one that it was loaded with (`--read`).
    #[arg(long, value_name = "SYMBOL")]
    benchmark: Option<String>,
    /// Run it at other costs, too, and show what comes of it.
    #[arg(long)]
    stress: bool,
    /// Run it under every rule for the order of prices within a bar, too, and show the range; along bars of a lower
    /// timeframe where it is followed along them.
    #[arg(long)]
    policies: bool,
}

/// What `qe report` did.
#[derive(Debug, Serialize)]
struct Told {
    page: PathBuf,
    n_bytes: usize,
    run_id: Id,
    /// The version of the engine that made the run, if it was another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    made_by: Option<String>,
    /// What the record says that was won, in money, and what is won now.
    stored_pnl: f64,
    pnl: f64,
}

pub(crate) fn run(args: &ReportArgs, out: &Output) -> Result<Verdict> {
    let stored = Stored::read(&args.run, &args.data)?;
    let path = match &args.out {
        Some(path) => path.clone(),
        None => beside(&stored.path),
    };
    check(&path)?;
    let run = stored.repeat(out)?;
    run.stored.given.refuse_replacing(&[&path], &[&run.stored.path])?;
    run.ensure_same_data()?;
    let policies = match args.policies {
        true => {
            let plan = plan(&run.spec, &run.market, &run.options.params)?;
            Some(range(&plan, &run.market, &run.report, out)?)
        }
        false => None,
    };
    let benchmark = args.benchmark.as_deref().map(|name| held(name, &run.report, &run.market)).transpose()?;
    let beside = Beside { benchmark, policies, stress: args.stress, left_out: run.left_out.clone() };
    let html = of_run((&run.spec, &run.market, &run.options), &run.report, beside, out)?;
    write_text(&html, &path)?;
    let told = Told {
        page: path,
        n_bytes: html.len(),
        run_id: run.report.identity.run_id,
        made_by: run.other_version().map(str::to_owned),
        stored_pnl: run.stored.manifest.pnl,
        pnl: run.report.pnl(),
    };
    out.result(&told, || told.text())?;
    Ok(Verdict::Good)
}

impl Told {
    fn text(&self) -> String {
        let id = self.run_id.short();
        let mut text = format!("{}: the page of run {id}, {:.0} kB", self.page.display(), self.n_bytes as f64 / 1e3);
        if let Some(version) = &self.made_by {
            text += &format!(
                "\nthe run was made by version {version}, which won {:.2}; the page shows what this version makes of it, \
                 {:.2}",
                self.stored_pnl, self.pnl
            );
        }
        text
    }
}

/// The page of a record: its name, with another ending.
fn beside(record: &Path) -> PathBuf {
    let name = record.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.strip_suffix(".run.json").or_else(|| name.strip_suffix(".json")).unwrap_or(&name);
    record.with_file_name(format!("{stem}.html"))
}

/// Fails where a page cannot be written: to be asked before a long computation.
pub(crate) fn check(path: &Path) -> Result<()> {
    if !path.extension().is_some_and(|e| e.eq_ignore_ascii_case("html") || e.eq_ignore_ascii_case("htm")) {
        bail!("{}: a page is HTML; end its name with .html", path.display());
    }
    if path.is_dir() {
        bail!("{}: it is a folder; name a file", path.display());
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        bail!("{}: there is no folder {}; make it, or check the path", path.display(), folder.display());
    }
    Ok(())
}

/// What a run comes to under every path policy.
pub(crate) fn range(plan: &StrategyPlan, market: &Market, report: &Report, out: &Output) -> Result<PolicyRange> {
    let bar = out.bar(1, "policies");
    let rows = report.curve.rows.clone();
    let stretch = Stretch { rows, warmup: Warmup::Required, daily: false, max_bytes: 256 << 20 };
    let range = over_policies(plan, 0, market, &stretch, MAX_TURNED)?;
    bar.finish_and_clear();
    Ok(range)
}

/// A symbol that a market was loaded with, as what a run is compared with.
pub(crate) fn held(name: &str, report: &Report, market: &Market) -> Result<Benchmark> {
    let symbols = market.symbols();
    match symbols.get(name) {
        Some(other) => Ok(Benchmark::hold(report, market, other)?),
        None => {
            let there: Vec<&str> = symbols.names().collect();
            bail!(
                "--benchmark {name}: of the loaded symbols there are {}; give --read {name}, and its files",
                there.join(", ")
            )
        }
    }
}

/// What stands on a page beside a run.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    pub(crate) benchmark: Option<Benchmark>,
    pub(crate) policies: Option<PolicyRange>,
    /// Whether it is run at other costs, too.
    pub(crate) stress: bool,
    /// What of files was left out.
    pub(crate) left_out: Option<LeftOut>,
}

/// The page of a run.
pub(crate) fn of_run(
    (spec, market, options): (&StrategySpec, &Market, &RunOptions),
    report: &Report,
    beside: Beside,
    out: &Output,
) -> Result<String> {
    let Beside { benchmark, policies, stress, left_out } = beside;
    let notes = left_out.map_or_else(Vec::new, |rows| rows.text().lines().map(|line| format!("{line}.")).collect());
    let stress = match stress {
        true => {
            let bar = out.bar(1, "costs");
            let stress = cost_stress(spec, market, options, &TIMES)?;
            bar.finish_and_clear();
            Some(stress)
        }
        false => None,
    };
    let options = RunPageOptions {
        benchmark,
        policies,
        stress,
        notes,
        spec: Some(spec_text(spec)?),
        ..RunPageOptions::default()
    };
    Ok(RunPage::of(report, market, &options)?.html())
}
