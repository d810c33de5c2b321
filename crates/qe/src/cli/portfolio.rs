//! `qe portfolio`: several strategies over several symbols with one account, and what each of them won.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use qe_core::ident::Id;
use qe_core::time::Timestamp;
use qe_engine::fills::PathPolicy;
use qe_engine::frame::write_text;
use qe_engine::market::Market;
use qe_engine::metrics::summary::Summary;
use qe_engine::portfolio::{
    Attribution, Part, PortfolioOptions, PortfolioReport, PortfolioSpec, Rebalanced, Sleeve, run as play,
};
use qe_engine::{Error, StrategySpec};
use serde::Serialize;

use super::Verdict;
use super::backtest_report::{SHOWN, figure};
use super::left_out::LeftOut;
use super::market::MarketArgs;
use super::output::Output;
use super::reads::mended;
use super::records;
use super::strategy::read;

/// `qe portfolio`.
#[derive(Debug, Args)]
pub(crate) struct PortfolioArgs {
    /// A file (.toml): strategies, symbols and shares. Strategies are named, or files beside it.
    portfolio: PathBuf,
    #[command(flatten)]
    market: MarketArgs,
    /// Write every fill, each with its sleeve.
    #[arg(long, value_name = "FILE.csv")]
    fills: Option<PathBuf>,
    /// Write worth at every instant.
    #[arg(long, value_name = "FILE.csv")]
    equity: Option<PathBuf>,
    /// Write what each sleeve won on each day.
    #[arg(long, value_name = "FILE.csv")]
    attribution: Option<PathBuf>,
}

/// What a portfolio came to, as it is printed.
#[derive(Debug, Serialize)]
struct Told {
    id: Id,
    name: String,
    begin: Timestamp,
    /// What of files was left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<LeftOut>,
    summary: Summary,
    final_equity: f64,
    is_ruined: bool,
    sleeves: Vec<(Sleeve, Part)>,
    symbols: Vec<(String, Part)>,
    whole: Part,
    residual: f64,
    rebalanced: Vec<Rebalanced>,
    refused: std::collections::BTreeMap<String, u64>,
    written: Vec<PathBuf>,
}

pub(crate) fn run(args: PortfolioArgs, out: &Output) -> Result<Verdict> {
    let PortfolioArgs { portfolio, market, fills, equity, attribution } = args;
    let place = || portfolio.display().to_string();
    if !portfolio.extension().is_some_and(|e| e.eq_ignore_ascii_case("toml")) {
        bail!("{}: its name does not say how to read it; end it with .toml", portfolio.display());
    }
    let text = std::fs::read_to_string(&portfolio).with_context(|| format!("cannot read {}", portfolio.display()))?;
    let spec = PortfolioSpec::from_toml(&text).with_context(place)?;
    let targets: Vec<&Path> = [&fills, &equity, &attribution].into_iter().flatten().map(|p| &**p).collect();
    targets.iter().try_for_each(|target| records::check(target))?;
    let mut symbols: Vec<String> = spec.sleeves.iter().flat_map(|s| s.symbols.iter().cloned()).collect();
    symbols.sort_unstable();
    symbols.dedup();
    let market = market.or_symbols(&symbols);
    market.refuse_replacing(&targets, &portfolio.to_string_lossy())?;
    let strategies = strategies(&spec, &portfolio)?;
    let in_detail = strategies.iter().any(|(_, s)| s.execution.path == PathPolicy::LowerTimeframe);
    let path = spec.path.unwrap_or(if in_detail { PathPolicy::LowerTimeframe } else { PathPolicy::default() });
    let loaded = market.load_for(path, out)?;
    if loaded.to.is_some() {
        bail!("--to: a portfolio runs to the last bar; leave the bars after it out of the data");
    }
    let markets: Vec<Market> = loaded.markets.iter().map(|m| Market::clone(m)).collect();
    if let Some(i) = (1..markets.len()).find(|&i| markets[..i].iter().any(|m| m.symbol() == markets[i].symbol())) {
        bail!("{}: a portfolio trades each symbol in one timeframe; give one --timeframe", markets[i].key());
    }
    let give = |name: &str| match strategies.iter().find(|(known, _)| known == name) {
        Some((_, strategy)) => Ok(strategy.clone()),
        None => Err(Error::Spec {
            field: "strategy".into(),
            reason: format!("{name} was not read"),
            mend: "name it".into(),
        }),
    };
    let options = PortfolioOptions { begin: loaded.from };
    let report = play(&spec, give, &markets, &options).map_err(mended).with_context(place)?;
    let write = |target: &Option<PathBuf>, text: &dyn Fn() -> String| match target {
        Some(path) => write_text(&text(), path),
        None => Ok(()),
    };
    write(&fills, &|| records::fills_of_sleeves(&report))?;
    write(&equity, &|| records::worth(&report))?;
    write(&attribution, &|| records::attribution(&report))?;
    let told = Told::new(spec, report, targets.iter().map(|t| t.to_path_buf()).collect())?;
    let told = Told { rows: loaded.left_out, ..told };
    out.result(&told, || told.text())?;
    Ok(Verdict::Good)
}

/// The strategies by the names that the portfolio gives them: files are looked for beside it.
fn strategies(spec: &PortfolioSpec, portfolio: &Path) -> Result<Vec<(String, StrategySpec)>> {
    let mut all: Vec<(String, StrategySpec)> = Vec::new();
    for (i, sleeve) in spec.sleeves.iter().enumerate() {
        if all.iter().any(|(name, _)| *name == sleeve.strategy) {
            continue;
        }
        let is_file = Path::new(&sleeve.strategy).extension().is_some_and(|e| e == "toml" || e == "json");
        let beside = portfolio.parent().map(|folder| folder.join(&sleeve.strategy)).filter(|_| is_file);
        let name = beside.map_or_else(|| sleeve.strategy.clone(), |path| path.to_string_lossy().into_owned());
        let strategy = read(&name, None).with_context(|| format!("{}: sleeves[{i}].strategy", portfolio.display()))?;
        all.push((sleeve.strategy.clone(), strategy));
    }
    Ok(all)
}

impl Told {
    fn new(spec: PortfolioSpec, report: PortfolioReport, written: Vec<PathBuf>) -> Result<Self> {
        let Attribution { sleeves, symbols, whole, residual, .. } = report.attribution;
        let mut refused = std::collections::BTreeMap::<String, u64>::new();
        for noted in &report.broker.events {
            let word = serde_json::to_value(noted.why)?;
            *refused.entry(word.as_str().unwrap_or_default().to_owned()).or_default() += 1;
        }
        Ok(Self {
            id: report.id,
            name: spec.name,
            begin: report.begin,
            rows: None,
            summary: report.summary,
            final_equity: report.broker.worth.last().copied().unwrap_or(spec.capital),
            is_ruined: report.broker.ruin.is_some(),
            sleeves: report.sleeves.into_iter().zip(sleeves).collect(),
            symbols,
            whole,
            residual,
            rebalanced: report.rebalanced,
            refused,
            written,
        })
    }

    fn text(&self) -> String {
        let mut text = format!("{}: from {} on\nportfolio {}\n\n", self.name, self.begin, self.id.short());
        for pair in SHOWN.chunks(2) {
            let cells = pair.iter().map(|name| format!("{name:<22} {:>12}", figure(name, self.summary.get(name))));
            let _ = writeln!(text, "  {}", cells.collect::<Vec<_>>().join("     "));
        }
        let _ = writeln!(text, "  {:<22} {:>12.2}", "final_equity", self.final_equity);
        if let Some(rows) = &self.rows {
            text.push_str(&rows.text());
        }
        if self.is_ruined {
            let _ = writeln!(text, "ruined: all money was lost, and trading ended");
        }
        let _ = writeln!(text, "\n{:<40} {:>7} {:>7} {:>14} {:>12}", "sleeve", "weight", "trades", "won", "costs");
        let row = |name: &str, weight: String, part: &Part| {
            format!("{name:<40} {weight:>7} {:>7} {:>14.2} {:>12.2}", part.n_trades, part.pnl, part.costs + part.carry)
        };
        for (sleeve, part) in &self.sleeves {
            let name = format!("{} by {}", sleeve.symbol, sleeve.strategy);
            let _ = writeln!(text, "{}", row(&name, format!("{:.1} %", 100.0 * sleeve.weight), part));
        }
        let _ = writeln!(text, "{}", row("all", String::new(), &self.whole));
        let n_moved = self.rebalanced.iter().filter(|r| r.n_moved > 0).count();
        if !self.rebalanced.is_empty() {
            let _ = writeln!(
                text,
                "\nshares were looked at {} times, and brought back {n_moved} times",
                self.rebalanced.len()
            );
        }
        if !self.refused.is_empty() {
            let _ = writeln!(text, "\n{:<32} {:>8}", "refused or made smaller for", "orders");
            for (why, n) in &self.refused {
                let _ = writeln!(text, "{why:<32} {n:>8}");
            }
        }
        if !self.written.is_empty() {
            let written: Vec<String> = self.written.iter().map(|p| p.display().to_string()).collect();
            let _ = writeln!(text, "\nwritten: {}", written.join(", "));
        }
        text
    }
}
