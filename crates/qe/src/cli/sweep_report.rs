//! What a sweep came to: how many points were done, which failed, and the best of them as a table.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Result;
use qe_core::eval::Evaluator;
use qe_core::ident::Id;
use qe_core::param::Value;
use qe_core::point::{OutcomeTable, PointTable};
use qe_core::time::Timestamp;
use qe_engine::metrics::Better;
use qe_engine::results;
use qe_engine::sweep::Sweep;
use serde::Serialize;

use super::left_out::LeftOut;
use super::points::by_name;
use super::strategy::SAME_BAR;

/// The metrics of a point that are shown as text, beside the one that points are ordered by.
const SHOWN: [&str; 4] = ["sharpe_daily", "total_return", "max_drawdown_bars", "n_trades"];

/// Points that failed in one way.
#[derive(Debug, Serialize)]
struct Failed {
    n: usize,
    /// The first of their reasons, whole.
    example: String,
}

/// A point and what it came to.
#[derive(Debug, Serialize)]
pub(super) struct Best {
    point_id: u64,
    params: BTreeMap<String, Value>,
    metrics: BTreeMap<String, Option<f64>>,
}

/// What a sweep came to.
#[derive(Debug, Serialize)]
pub(super) struct SweepReport {
    pub(super) strategy: String,
    spec_id: Id,
    skeleton_id: Id,
    sweep_id: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'static str>,
    pub(super) markets: Vec<String>,
    /// From when on all points are scored.
    from: Timestamp,
    n_points: usize,
    pub(super) n_repeated: u64,
    n_done: usize,
    failed: BTreeMap<String, Failed>,
    by: String,
    is_lowest_first: bool,
    n_undefined: usize,
    /// What of files was left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rows: Option<LeftOut>,
    top: Vec<Best>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) written: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) page: Option<PathBuf>,
    pub(super) seconds: f64,
}

impl SweepReport {
    /// What a sweep came to, the best points first.
    pub(super) fn new(
        sweep: &Sweep,
        points: &PointTable,
        outcomes: &OutcomeTable,
        from: Timestamp,
        (by, top): (&str, usize),
    ) -> Result<Self> {
        let spec = sweep.spec();
        let plan = spec.compile(&sweep.markets()[0].schema(), sweep.markets()[0].steps_per_year(), None)?;
        let mut failed: BTreeMap<String, Failed> = BTreeMap::new();
        for reason in outcomes.outcomes().iter().filter_map(|o| o.reason()) {
            let kind = reason.split(':').next().unwrap_or_default().to_owned();
            failed.entry(kind).or_insert_with(|| Failed { n: 0, example: reason.to_owned() }).n += 1;
        }
        let is_lowest_first = results::column(by).is_some_and(|c| c.better == Better::Lower);
        let column = outcomes.metric(by)?;
        let done: Vec<usize> = (0..outcomes.len()).filter(|&i| outcomes.outcomes()[i].status() == "done").collect();
        let mut order: Vec<usize> = done.iter().copied().filter(|&i| !column[i].is_nan()).collect();
        let n_undefined = done.len() - order.len();
        // Ties stay in the order of the points.
        order.sort_by(|&a, &b| match is_lowest_first {
            true => column[a].total_cmp(&column[b]),
            false => column[b].total_cmp(&column[a]),
        });
        let best = |&row: &usize| -> Result<Best> {
            let metric = |name: &String| Ok((name.clone(), Some(outcomes.metric(name)?[row]).filter(|v| !v.is_nan())));
            let metrics = outcomes.metrics().iter().map(metric).collect::<Result<_>>()?;
            Ok(Best { point_id: points.ids()[row], params: by_name(points, row), metrics })
        };
        Ok(Self {
            strategy: spec.name.clone(),
            spec_id: plan.spec_id,
            skeleton_id: plan.skeleton_id,
            sweep_id: sweep.id(),
            label: plan.execution.fill.is_same_bar().then_some(SAME_BAR),
            markets: sweep.markets().iter().map(|m| m.key()).collect(),
            from,
            n_points: points.len(),
            n_repeated: 0,
            n_done: done.len(),
            failed,
            by: by.to_owned(),
            is_lowest_first,
            n_undefined,
            rows: None,
            top: order.iter().take(top).map(best).collect::<Result<_>>()?,
            written: None,
            page: None,
            seconds: 0.0,
        })
    }

    /// It as text.
    pub(super) fn text(&self) -> String {
        let mut text = format!("{} on {}, scored from {}\n", self.strategy, some_of(&self.markets), self.from);
        let _ = writeln!(text, "sweep {}  spec {}", self.sweep_id.short(), self.spec_id.short());
        if let Some(label) = self.label {
            let _ = writeln!(text, "{label}");
        }
        let _ = writeln!(text, "{} points in {:.2} s, {} of them done", self.n_points, self.seconds, self.n_done);
        if let Some(rows) = &self.rows {
            text.push_str(&rows.text());
        }
        if self.n_repeated > 0 {
            let _ = writeln!(text, "{} draws were points that had been drawn before", self.n_repeated);
        }
        for (kind, Failed { n, example }) in &self.failed {
            let _ = writeln!(text, "{n} failed: {kind} (the first: {example})");
        }
        if self.n_undefined > 0 {
            let _ = writeln!(text, "{} have no {}", self.n_undefined, self.by);
        }
        if !self.top.is_empty() {
            text.push('\n');
            text.push_str(&self.table());
            let _ = writeln!(text, "\n{}", self.caution());
        }
        for path in self.written.iter().chain(&self.page) {
            let _ = writeln!(text, "written: {}", path.display());
        }
        text
    }

    /// What everybody should read beside the best.
    pub(super) fn caution(&self) -> String {
        format!(
            "the first is the best of {} points that were tried, and the best of many is good by luck too",
            self.n_points
        )
    }

    /// The best point in one line.
    pub(super) fn best(&self) -> Option<String> {
        let best = self.top.first()?;
        let params: Vec<String> = best.params.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let value = best.metrics.get(&self.by).copied().flatten();
        Some(format!("{} {} at {}", self.by, figure(&self.by, value), params.join(" ")))
    }

    fn table(&self) -> String {
        let metrics = std::iter::once(self.by.as_str()).chain(SHOWN.into_iter().filter(|m| *m != self.by));
        let metrics: Vec<&str> = metrics.collect();
        let params: Vec<&str> =
            self.top.first().map(|b| b.params.keys().map(String::as_str).collect()).unwrap_or_default();
        let header = std::iter::once("").chain(metrics.iter().copied()).chain(params.iter().copied());
        let mut rows: Vec<Vec<String>> = vec![header.map(str::to_owned).collect()];
        for (i, best) in self.top.iter().enumerate() {
            let mut row = vec![(i + 1).to_string()];
            row.extend(metrics.iter().map(|m| figure(m, best.metrics.get(*m).copied().flatten())));
            row.extend(params.iter().filter_map(|p| best.params.get(*p)).map(ToString::to_string));
            rows.push(row);
        }
        let width =
            |column: usize| rows.iter().filter_map(|r| r.get(column)).map(|c| c.chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
        rows.iter().fold(String::new(), |mut text, row| {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:>width$}")).collect();
            let _ = writeln!(text, "{}", cells.join("  "));
            text
        })
    }
}

/// A metric as text. Not by the unit of the figure of that name in a report: averages of trades are money here.
fn figure(name: &str, value: Option<f64>) -> String {
    match value {
        None => "-".to_owned(),
        Some(x) if results::column(name).is_some_and(|c| c.unit == "fraction") => format!("{:.2} %", 100.0 * x),
        Some(x) if x.fract() == 0.0 => format!("{x:.0}"),
        Some(x) => format!("{x:.3}"),
    }
}

/// The first few names of many.
fn some_of(names: &[String]) -> String {
    match names {
        few if few.len() <= 6 => few.join(", "),
        many => format!("{} and {} more", many[..6].join(", "), many.len() - 6),
    }
}
