//! What a backtest came to: what it is a result of, its figures, why positions were left and orders refused.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Result;
use qe_engine::leak::{Difference, LeakReport};
use qe_engine::ledger::Refused;
use qe_engine::metrics::summary::Summary;
use qe_engine::metrics::{self, Unit};
use qe_engine::range::{PolicyRange, Span, Way};
use qe_engine::run::{Report, RunIdentity};
use serde::Serialize;

use super::left_out::LeftOut;
use super::strategy::SAME_BAR;

/// The metrics that are shown as text; JSON has all of them.
pub(super) const SHOWN: [&str; 16] = [
    "total_return",
    "cagr",
    "sharpe_daily",
    "sharpe_hac_error",
    "sortino",
    "vol_annual",
    "max_drawdown",
    "longest_drawdown_days",
    "n_trades",
    "win_rate",
    "profit_factor",
    "expectancy",
    "avg_trade_bars",
    "exposure",
    "turnover_annual",
    "cost_share",
];

/// Round trips that were left for one reason.
#[derive(Debug, Default, Serialize)]
struct Exits {
    n: u64,
    pnl: f64,
}

/// What a backtest came to.
#[derive(Debug, Serialize)]
pub(super) struct BacktestReport {
    identity: RunIdentity,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'static str>,
    n_bars: usize,
    /// Of all the data, what is before the first bar that is scored included.
    n_missing_closes: usize,
    /// What of files was left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<LeftOut>,
    summary: Summary,
    final_equity: f64,
    is_ruined: bool,
    exits: BTreeMap<String, Exits>,
    n_open: usize,
    refused: BTreeMap<String, u64>,
    n_fills: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    policies: Option<PolicyRange>,
    #[serde(skip_serializing_if = "Option::is_none")]
    leaks: Option<Leaks>,
    written: Vec<PathBuf>,
}

/// What a leak check came to; its trials are too many to show.
#[derive(Debug, Serialize)]
pub(super) struct Leaks {
    is_clean: bool,
    n_trials: usize,
    n_leaks: usize,
    /// Trials in which something was done before the cut, and in which what was done after it was another.
    n_compared: usize,
    n_parted: usize,
    first: Option<Difference>,
    about: String,
}

impl Leaks {
    /// Of a report.
    pub(super) fn of(report: &LeakReport) -> Self {
        Self {
            is_clean: report.is_clean(),
            n_trials: report.trials.len(),
            n_leaks: report.trials.iter().filter(|t| t.first.is_some()).count(),
            n_compared: report.n_compared(),
            n_parted: report.n_parted(),
            first: report.first().cloned(),
            about: report.to_string(),
        }
    }

    /// Whether none was found.
    pub(super) fn is_clean(&self) -> bool {
        self.is_clean
    }
}

/// A figure with its unit.
pub(super) fn figure(name: &str, value: Option<f64>) -> String {
    let unit = metrics::ALL.iter().find(|m| m.name == name).map_or(Unit::Ratio, |m| m.unit);
    match (value, unit) {
        (None, _) => "-".to_owned(),
        (Some(x), Unit::Fraction) => format!("{:.2} %", 100.0 * x),
        (Some(x), Unit::Ratio) => format!("{x:.3}"),
        (Some(x), Unit::Days | Unit::Count) => format!("{x:.0}"),
        (Some(x), Unit::Bars | Unit::PerYear) => format!("{x:.1}"),
    }
}

impl BacktestReport {
    /// Of a run; `n_missing_closes` are those of all the data.
    pub(super) fn new(
        report: Report,
        n_missing_closes: usize,
        policies: Option<PolicyRange>,
        leaks: Option<Leaks>,
        written: Vec<PathBuf>,
    ) -> Result<Self> {
        let mut exits: BTreeMap<String, Exits> = BTreeMap::new();
        for trade in report.trades.iter().filter(|t| t.exit_time.is_some()) {
            let exit = exits.entry(trade.reason.as_deref().unwrap_or("exit").to_owned()).or_default();
            exit.n += 1;
            exit.pnl += trade.pnl;
        }
        let mut refused: BTreeMap<String, u64> = BTreeMap::new();
        for Refused { why, .. } in &report.ledger.refused {
            let word = serde_json::to_value(why)?;
            *refused.entry(word.as_str().unwrap_or_default().to_owned()).or_default() += 1;
        }
        Ok(Self {
            label: report.identity.is_same_bar.then_some(SAME_BAR),
            n_bars: report.curve.rows.len(),
            n_missing_closes,
            rows: None,
            final_equity: report.figures.equity,
            is_ruined: report.figures.is_ruined,
            exits,
            n_open: report.trades.iter().filter(|t| t.exit_time.is_none()).count(),
            refused,
            n_fills: report.ledger.fills.len(),
            summary: report.summary,
            identity: report.identity,
            policies,
            leaks,
            written,
        })
    }

    /// The same, with what of files was left out.
    pub(super) fn of_rows(self, rows: Option<LeftOut>) -> Self {
        Self { rows, ..self }
    }

    /// It as text.
    pub(super) fn text(&self) -> String {
        let i = &self.identity;
        let mut text = format!(
            "{} on {} {}: {} bars, {} to {}",
            i.strategy, i.symbol, i.frequency, self.n_bars, i.eval_start, i.end
        );
        let _ = writeln!(text, "\nrun {}  spec {}  data {}", i.run_id.short(), i.spec_id.short(), i.data_id.short());
        if !i.reads.is_empty() {
            let reads: Vec<String> = i.reads.iter().map(|(symbol, id)| format!("{symbol} {}", id.short())).collect();
            let _ = writeln!(text, "reads {}", reads.join(", "));
        }
        if let Some(compared) = &i.compared {
            let n = compared.symbols.len();
            let more = if n > 8 { format!(" and {} more", n - 8) } else { String::new() };
            let some = compared.symbols[..n.min(8)].join(", ");
            let _ = writeln!(text, "compares {some}{more}  {}", compared.id.short());
        }
        let _ = writeln!(text, "filled {}; within a bar {}", i.fill_timing, word(&i.path_policy));
        if let Some(label) = self.label {
            let _ = writeln!(text, "{label}");
        }
        if let Some(rows) = &self.rows {
            text.push_str(&rows.text());
        }
        let params: Vec<String> = i.params.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let _ = writeln!(text, "{}\n", if params.is_empty() { "no parameters".to_owned() } else { params.join(" ") });
        for pair in SHOWN.chunks(2) {
            let cells = pair.iter().map(|name| format!("{name:<22} {:>12}", figure(name, self.summary.get(name))));
            let _ = writeln!(text, "  {}", cells.collect::<Vec<_>>().join("     "));
        }
        let _ = writeln!(text, "  {:<22} {:>12.2}", "final_equity", self.final_equity);
        if self.summary.vol_floor_applied {
            let _ = writeln!(text, "no sharpe_daily: worth hardly moves");
        }
        if self.n_missing_closes > 0 {
            let n = self.n_missing_closes;
            let _ =
                writeln!(text, "{n} closes of the data are missing; those bars are marked at the last close there was");
        }
        if self.is_ruined {
            let _ = writeln!(text, "ruined: all money was lost, and trading ended");
        }
        let _ = writeln!(text, "\n{:<32} {:>8} {:>14}", "left for", "trades", "won");
        for (reason, exit) in &self.exits {
            let _ = writeln!(text, "{reason:<32} {:>8} {:>14.2}", exit.n, exit.pnl);
        }
        match (self.exits.is_empty(), self.n_open) {
            (true, 0) => drop(writeln!(text, "no trades")),
            (_, 0) => {}
            _ => drop(writeln!(text, "one position is open at the end, and marked at the last close")),
        }
        if !self.refused.is_empty() {
            let _ = writeln!(text, "\n{:<32} {:>8}", "refused or made smaller for", "orders");
            for (why, n) in &self.refused {
                let _ = writeln!(text, "{why:<32} {n:>8}");
            }
        }
        if let Some(range) = &self.policies {
            text.push_str(&policies(range));
        }
        if let Some(leaks) = &self.leaks {
            let _ = writeln!(text, "\nleak check: {}", leaks.about);
        }
        if !self.written.is_empty() {
            let written: Vec<String> = self.written.iter().map(|p| p.display().to_string()).collect();
            let _ = writeln!(text, "\nwritten: {}", written.join(", "));
        }
        text
    }
}

/// A word of a specification, as it is written there.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

fn policies(range: &PolicyRange) -> String {
    let mut text = format!("\n{:<32} {:>14} {:>8}\n", "order of prices within a bar", "won", "Sharpe");
    let sharpe = |s: Option<f64>| s.map_or_else(|| "-".to_owned(), |s| format!("{s:.3}"));
    let (alone, turned): (Vec<&Way>, Vec<&Way>) = range.ways.iter().partition(|w| w.turned.is_none());
    for way in alone {
        let _ = writeln!(text, "{:<32} {:>14.2} {:>8}", word(&way.policy), way.pnl, sharpe(way.sharpe));
    }
    let Span { low, high } = range.pnl;
    let _ = write!(text, "range over policies: won {low:.2} to {high:.2}");
    if let Some(Span { low, high }) = range.sharpe {
        let _ = write!(text, ", daily Sharpe {low:.3} to {high:.3}");
    }
    let _ = writeln!(
        text,
        "\n  with undecided bars turned one at a time, {} runs more; at most {:.1} % of the trades had one. It is a range \
         over policies, not a bound.",
        turned.len(),
        100.0 * range.undecided_frac
    );
    if range.n_not_turned > 0 {
        let _ = writeln!(text, "  {} more undecided bars were not turned", range.n_not_turned);
    }
    text
}
