//! The sweep page as data: what came of many points of one strategy, by two parameters, by each, and as a table.

mod axis;
mod luck;
mod map;
mod marginal;
mod view;

use std::collections::BTreeMap;

use qe_core::eval::Evaluator;
use qe_core::ident::Id;
use qe_core::point::{OutcomeTable, PointTable};
use qe_core::stats::quantiles;
use qe_core::time::TimeRange;
use qe_engine::fills::FillTiming;
use qe_engine::metrics::Better;
use qe_engine::results;
use qe_engine::sweep::{MARKET, Sweep};
use qe_engine::{Error, Result};
use serde::Serialize;

use super::run::Distribution;
use super::spec_text;

pub use axis::ParamAxis;
pub use luck::Luck;
pub use map::{Cell, HeatMap, How};
pub use marginal::{Marginal, MarginalPlace};

/// The metrics that the table shows beside the one that points are ordered by.
const SHOWN: [&str; 4] = ["sharpe_daily", "total_return", "max_drawdown_bars", "n_trades"];

/// The most parameters that are drawn alone.
const MOST_MARGINALS: usize = 24;

/// The most reasons of failure that are told.
const MOST_REASONS: usize = 40;

/// What a page shows, and by what.
#[derive(Debug, Clone)]
pub struct SweepPageOptions {
    /// The metric that points are compared by: one of [`qe_engine::outcome::NAMES`].
    pub by: String,
    /// The parameter from left to right; the one of most values, if nothing is said, unless they are too many words.
    pub x: Option<String>,
    /// The parameter from the bottom to the top; the one of most values beside `x`, if nothing is said.
    pub y: Option<String>,
    /// How many of the best are in the table.
    pub n_top: usize,
    /// How many of the worst.
    pub n_bottom: usize,
    /// How far the metric of neighbours may lie apart on a plateau; a tenth of what lies between one in twenty at both
    /// ends, if nothing is said.
    pub tolerance: Option<f64>,
    /// The stretch of time that was scored, where it is to be told.
    pub scored: Option<TimeRange>,
}

impl Default for SweepPageOptions {
    /// By the daily Sharpe ratio, the 25 best and the 10 worst.
    fn default() -> Self {
        Self { by: "sharpe_daily".to_owned(), x: None, y: None, n_top: 25, n_bottom: 10, tolerance: None, scored: None }
    }
}

/// Points that failed in one way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FailedRow {
    /// How, in a word.
    pub kind: String,
    /// How many.
    pub n: usize,
    /// The first of their reasons, whole.
    pub example: String,
}

/// A point of the table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PointRow {
    /// Its place: 1 is the best.
    pub rank: usize,
    /// Its id.
    pub point_id: u64,
    /// The parameters that differ, in the order of the axes.
    pub params: Vec<String>,
    /// The metrics, in the order of [`SweepPage::metrics`].
    pub values: Vec<Option<f64>>,
    /// Whether it is on a plateau; `None` where that cannot be told.
    pub is_plateau: Option<bool>,
}

/// A parameter at whose first or last value the best point stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AtEdge {
    /// Which.
    pub name: String,
    /// The value.
    pub value: String,
    /// Whether it is the greatest that was tried.
    pub is_greatest: bool,
}

/// What a sweep page shows.
#[derive(Debug, Clone, Serialize)]
pub struct SweepPage {
    /// The strategy's name.
    pub strategy: String,
    /// The identity of its specification.
    pub spec_id: Id,
    /// The family of hypotheses that it belongs to.
    pub skeleton_id: Id,
    /// The identity of the sweep: strategy, data, version.
    pub sweep_id: Id,
    /// What trading cost.
    pub cost_model_id: Id,
    /// When decisions were filled.
    pub fill_timing: FillTiming,
    /// Whether that is at a price that the decision was made from.
    pub is_same_bar: bool,
    /// The markets.
    pub markets: Vec<String>,
    /// The stretch of time that was scored, where it is told.
    pub scored: Option<TimeRange>,
    /// The metric that points are compared by.
    pub by: String,
    /// Whether less of it is better.
    pub is_lowest_first: bool,
    /// How many points were tried.
    pub n_points: usize,
    /// How many of them were done.
    pub n_done: usize,
    /// How many of those do not have the metric.
    pub n_undefined: usize,
    /// Those that were not done, by reason.
    pub failed: Vec<FailedRow>,
    /// Parameters that are the same at all points.
    pub fixed: Vec<(String, String)>,
    /// Those that differ.
    pub axes: Vec<ParamAxis>,
    /// How far neighbours may lie apart on a plateau.
    pub tolerance: f64,
    /// Maps of two parameters.
    pub maps: Vec<HeatMap>,
    /// Each parameter alone.
    pub marginals: Vec<Marginal>,
    /// The metric over all points.
    pub spread: Distribution,
    /// What luck alone would give.
    pub luck: Option<Luck>,
    /// What the table shows.
    pub metrics: Vec<String>,
    /// The best points, the best first.
    pub top: Vec<PointRow>,
    /// The worst, the worst last, none of the best among them.
    pub bottom: Vec<PointRow>,
    /// How many points are on a plateau, where that can be told.
    pub n_plateau: Option<usize>,
    /// The best point on a plateau.
    pub best_plateau: Option<PointRow>,
    /// Parameters at whose first or last value the best point stands.
    pub at_edge: Vec<AtEdge>,
    /// What the data of the first markets are.
    pub data: Vec<(String, Id)>,
    /// The strategy, in TOML.
    pub spec: String,
    /// The version of the crate that made it.
    pub crate_version: &'static str,
}

/// The most markets whose data are told by their ids.
const MOST_DATA: usize = 12;

impl SweepPage {
    /// The page of what came of points of a sweep, one outcome for each point in their order.
    ///
    /// # Errors
    /// When there are not as many outcomes as points, no metric or parameter has the name that was given, or the
    /// strategy does not compile.
    pub fn of(sweep: &Sweep, points: &PointTable, outcomes: &OutcomeTable, options: &SweepPageOptions) -> Result<Self> {
        if points.ids() != outcomes.ids() {
            return Err(Error::Market {
                place: format!("the page of a sweep of {}", sweep.spec().name),
                reason: format!("{} outcomes are not those of {} points", outcomes.len(), points.len()),
                mend: "give the outcomes of these points, in their order".into(),
            });
        }
        let market = &sweep.markets()[0];
        let plan = sweep.spec().compile(&market.schema(), market.steps_per_year(), None)?;
        let metric = outcomes.metric(&options.by)?;
        let is_lowest_first = results::column(&options.by).is_some_and(|c| c.better == Better::Lower);
        let (mut axes, mut fixed) = (Vec::new(), Vec::new());
        for param in points.params() {
            match axis::of(points, param)? {
                Ok(axis) => axes.push(axis),
                Err(value) => fixed.push((param.name.clone(), value)),
            }
        }
        let tolerance = options.tolerance.unwrap_or_else(|| tolerance(metric));
        let plateaus = map::plateaus(&axes, metric, tolerance);
        let names: Vec<String> = std::iter::once(options.by.as_str())
            .chain(SHOWN.into_iter().filter(|name| *name != options.by))
            .filter(|name| outcomes.metrics().iter().any(|m| m == name))
            .map(str::to_owned)
            .collect();
        let mut order: Vec<usize> = (0..points.len()).filter(|i| !metric[*i].is_nan()).collect();
        // Ties stay in the order of the points.
        order.sort_by(|&a, &b| match is_lowest_first {
            true => metric[a].total_cmp(&metric[b]),
            false => metric[b].total_cmp(&metric[a]),
        });
        let columns = names.iter().map(|name| outcomes.metric(name)).collect::<qe_core::Result<Vec<_>>>()?;
        let row = |rank: usize| {
            let i = order[rank];
            PointRow {
                rank: rank + 1,
                point_id: points.ids()[i],
                params: axes.iter().map(|axis| value_of(points, axis, i)).collect(),
                values: columns.iter().map(|c| Some(c[i]).filter(|v| !v.is_nan())).collect(),
                is_plateau: plateaus.as_ref().map(|flat| flat[i]),
            }
        };
        let n_top = options.n_top.min(order.len());
        let n_bottom = options.n_bottom.min(order.len() - n_top);
        let best_plateau = plateaus.as_ref().and_then(|flat| order.iter().position(|i| flat[*i])).map(row);
        let n_done = outcomes.outcomes().iter().filter(|o| o.reason().is_none()).count();
        let luck = match options.by.as_str() {
            "sharpe_daily" => Luck::of(points.len(), outcomes.metric("observation_days")?, market.days_per_year()),
            _ => None,
        };
        Ok(Self {
            strategy: sweep.spec().name.clone(),
            spec_id: plan.spec_id,
            skeleton_id: plan.skeleton_id,
            sweep_id: sweep.id(),
            cost_model_id: plan.costs.id()?,
            fill_timing: plan.execution.fill,
            is_same_bar: plan.execution.fill.is_same_bar(),
            markets: sweep.markets().iter().map(|m| m.key()).collect(),
            scored: options.scored,
            by: options.by.clone(),
            is_lowest_first,
            n_points: points.len(),
            n_done,
            n_undefined: n_done - order.len(),
            failed: failed(outcomes),
            maps: maps(&axes, options, metric, is_lowest_first, tolerance)?,
            marginals: axes.iter().take(MOST_MARGINALS).map(|axis| Marginal::of(axis, metric)).collect(),
            spread: Distribution::of(metric, false),
            luck,
            top: (0..n_top).map(row).collect(),
            bottom: (order.len() - n_bottom..order.len()).map(row).collect(),
            n_plateau: plateaus.as_ref().map(|flat| flat.iter().filter(|f| **f).count()),
            best_plateau,
            at_edge: order.first().map_or_else(Vec::new, |best| at_edge(points, &axes, *best)),
            metrics: names,
            fixed,
            axes,
            tolerance,
            data: sweep
                .markets()
                .iter()
                .take(MOST_DATA)
                .map(|market| Ok((market.key(), market.identity()?.id)))
                .collect::<Result<_>>()?,
            spec: spec_text(sweep.spec())?,
            crate_version: env!("CARGO_PKG_VERSION"),
        })
    }
}

/// A tenth of what lies between one in twenty at both ends.
fn tolerance(metric: &[f64]) -> f64 {
    let finite: Vec<f64> = metric.iter().copied().filter(|v| v.is_finite()).collect();
    match quantiles(&finite, &[0.05, 0.95])[..] {
        [Some(low), Some(high)] => 0.1 * (high - low),
        _ => 0.0,
    }
}

fn value_of(points: &PointTable, axis: &ParamAxis, row: usize) -> String {
    let param = points.params().iter().position(|p| p.name == axis.name);
    param.and_then(|at| points.value(row, at)).map_or_else(String::new, |v| v.to_string())
}

/// Points that were not done, by the word before the colon, the most frequent first.
fn failed(outcomes: &OutcomeTable) -> Vec<FailedRow> {
    let mut by_kind: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    for reason in outcomes.outcomes().iter().filter_map(|o| o.reason()) {
        by_kind.entry(reason.split(':').next().unwrap_or_default()).or_insert((0, reason)).0 += 1;
    }
    let row = |(kind, (n, example)): (&str, (usize, &str))| FailedRow {
        kind: kind.to_owned(),
        n,
        example: example.to_owned(),
    };
    let mut rows: Vec<FailedRow> = by_kind.into_iter().map(row).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.n));
    if rows.len() > MOST_REASONS {
        let others: usize = rows[MOST_REASONS - 1..].iter().map(|r| r.n).sum();
        let example = format!("{} other reasons", rows.len() + 1 - MOST_REASONS);
        rows.truncate(MOST_REASONS - 1);
        rows.push(FailedRow { kind: "others".to_owned(), n: others, example });
    }
    rows
}

/// More places than these stand from the bottom to the top, where nothing is said.
const MOST_ACROSS: usize = 24;

/// The parameters of a map: those that were asked for, and else those of most values, markets last.
fn pair<'a>(
    axes: &'a [ParamAxis],
    options: &SweepPageOptions,
) -> Result<Option<(&'a ParamAxis, Option<&'a ParamAxis>)>> {
    let named = |name: &Option<String>| match name {
        None => Ok(None),
        Some(name) => match axes.iter().find(|a| a.name == *name) {
            Some(axis) => Ok(Some(axis)),
            None => Err(Error::from(qe_core::Error::unknown(
                "parameter that differs",
                name,
                axes.iter().map(|a| a.name.as_str()),
            ))),
        },
    };
    let (x, y) = (named(&options.x)?, named(&options.y)?);
    let mut rest: Vec<&ParamAxis> = axes.iter().filter(|a| [x, y].iter().flatten().all(|t| t.name != a.name)).collect();
    // Ties stay in the order of the parameters.
    rest.sort_by_key(|a| (a.name == MARKET, std::cmp::Reverse(a.n_values)));
    let mut rest = rest.into_iter();
    let Some(first) = x.or_else(|| rest.next()) else { return Ok(None) };
    let second = y.filter(|y| y.name != first.name).or_else(|| rest.next());
    // There is room downwards for what would not stand side by side on paper.
    let is_asked = options.x.is_some() || options.y.is_some();
    match second {
        Some(second) if !is_asked && first.labels.len() > MOST_ACROSS && second.labels.len() < first.labels.len() => {
            Ok(Some((second, Some(first))))
        }
        _ => Ok(Some((first, second))),
    }
}

fn maps(
    axes: &[ParamAxis],
    options: &SweepPageOptions,
    metric: &[f64],
    is_lowest_first: bool,
    tolerance: f64,
) -> Result<Vec<HeatMap>> {
    let Some((x, y)) = pair(axes, options)? else { return Ok(Vec::new()) };
    let map = |how| HeatMap::of(how, x, y, metric, is_lowest_first, tolerance);
    let single = map(How::Single);
    if single.cells.iter().flatten().all(|c| c.n <= 1) {
        return Ok(vec![single]);
    }
    Ok(vec![map(How::Best), map(How::Mean)])
}

/// The parameters of numbers at whose first or last value a point stands, where there are more than two.
fn at_edge(points: &PointTable, axes: &[ParamAxis], row: usize) -> Vec<AtEdge> {
    let ordered = axes.iter().filter(|a| a.is_ordered && a.n_values > 2);
    let at = |axis: &ParamAxis| {
        let value = axis.value[row] as usize;
        (value == 0 || value + 1 == axis.n_values).then(|| AtEdge {
            name: axis.name.clone(),
            value: value_of(points, axis, row),
            is_greatest: value > 0,
        })
    };
    ordered.filter_map(at).collect()
}
