//! One backtest with all that comes out of it: identity, ledger, round trips, metrics, worth at each close.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use qe_core::ident::{Id, id_of};
use qe_core::param::Value;
use qe_core::point::PointTable;
use qe_core::time::{TimeRange, Timestamp};
use serde::{Deserialize, Serialize};

use crate::aligned;
use crate::batch::{self, Figures, Stretch, Warmup, run_with_ledger};
use crate::error::{Error, Result};
use crate::fills::{FillTiming, Holding, PathPolicy};
use crate::ledger::{Curve, Ledger};
use crate::market::{Compared, DataRead, Market};
use crate::metrics::summary::Summary;
use crate::metrics::{Performance, TradeFacts};
use crate::outcome::{self, Years, daily_returns};
use crate::program::StrategyPlan;
use crate::spec::StrategySpec;
use crate::trades::{Trade, trades};

/// What is run beside the strategy and the data.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// Parameters that are not as by default.
    pub params: BTreeMap<String, Value>,
    /// From when on it is scored; from the first bar at which it is warm, if nothing is said.
    pub eval_start: Option<i64>,
    /// Until when; to the last bar, if nothing is said.
    pub eval_end: Option<i64>,
    /// Daily returns to compare with, day by day of the scored ones.
    pub benchmark: Option<Vec<f64>>,
    /// A seed, for what draws lots; nothing in a run of one strategy does.
    pub seed: u64,
}

/// What a result is a result *of*. Two runs with one id have the same bits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunIdentity {
    /// The identity of all that follows.
    pub run_id: Id,
    /// The strategy's name, which is no part of the identity.
    pub strategy: Arc<str>,
    /// The strategy, defaults written out.
    pub spec_id: Id,
    /// The family of hypotheses that it belongs to.
    pub skeleton_id: Id,
    /// The version of the specification's schema.
    pub spec_version: u32,
    /// The data, and what the market was given beside them: masks, spreads, a multiplier; and those of other symbols that
    /// were read.
    pub data_id: Id,
    /// What a day and a year of the data are, and which row of its data set is the first. Files of before this was told do not
    /// have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar_id: Option<Id>,
    /// The other symbols that were read, and what their data are.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reads: BTreeMap<String, Id>,
    /// The symbols that were compared, if any were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared: Option<Compared>,
    /// Who made the data, where that is known.
    pub vendor: Option<String>,
    /// When they were taken, where that is known.
    pub as_of: Option<Timestamp>,
    /// The symbol.
    pub symbol: String,
    /// How long a bar is.
    pub frequency: String,
    /// When the data begin.
    pub start: Timestamp,
    /// When the last scored bar is complete.
    pub end: Timestamp,
    /// From when on it was scored.
    pub eval_start: Timestamp,
    /// The stretches that were scored, where there are several: from the opening of each first bar to the completion of
    /// the last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stretches: Vec<TimeRange>,
    /// Whether it was not warm when scoring began and waited, which it may do where it is told to. What is warm has the
    /// same bits either way, and the same identity.
    #[serde(default, skip_serializing_if = "Warmup::is_required")]
    pub warmup: Warmup,
    /// What trading cost.
    pub cost_model_id: Id,
    /// When decisions were filled.
    pub fill_timing: FillTiming,
    /// Whether that is at a price that the decision was made from.
    pub is_same_bar: bool,
    /// What was held between decisions.
    pub holding: Holding,
    /// How the order of prices within a bar was decided.
    pub path_policy: PathPolicy,
    /// All parameters.
    pub params: BTreeMap<String, Value>,
    /// The daily returns that it was compared with, if it was: some metrics are of both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub benchmark_id: Option<Id>,
    /// The seed.
    pub seed: u64,
    /// The version of this crate.
    pub crate_version: Cow<'static, str>,
}

impl RunIdentity {
    /// The identity of a point of a plan, which was compiled for this point alone, over rows of a market.
    ///
    /// # Errors
    /// When nothing is scored, the plan has no such point, or the data cannot be hashed.
    pub(crate) fn of(
        spec: &StrategySpec,
        plan: &StrategyPlan,
        market: &Market,
        rows: &[Range<usize>],
        point: usize,
        warmup: Warmup,
        seed: u64,
    ) -> Result<Self> {
        let fault = |reason: &str, mend: &str| Error::Market {
            place: format!("{} on {}", spec.name, market.key()),
            reason: reason.into(),
            mend: mend.into(),
        };
        let (Some(first), Some(last)) = (rows.first(), rows.last().filter(|r| !r.is_empty())) else {
            return Err(fault("no bar is scored", "give a stretch of time that has bars"));
        };
        let Some(values) = plan.points.row(point) else {
            return Err(fault(&format!("there is no point {point}"), "give a row of the table of points"));
        };
        let program = plan.programs.get(point).and_then(|program| program.as_ref().ok());
        let is_warm = program.is_none_or(|program| rows.iter().all(|r| program.lookback <= r.start));
        // What the table does not have is as by default.
        let mut params: BTreeMap<String, Value> = spec.params().into_iter().map(|p| (p.name, p.default)).collect();
        params.extend(plan.points.params().iter().map(|p| p.name.clone()).zip(values));
        let data = market.identity()?;
        let DataRead { id: data_id, reads, compared } = market.data_of(plan.compiled.plan())?;
        let axis = market.columns().axis();
        let stretch = |r: &Range<usize>| TimeRange { start: axis.open()[r.start], end: axis.available()[r.end - 1] };
        let stretches = if rows.len() > 1 { rows.iter().map(stretch).collect() } else { Vec::new() };
        let mut identity = Self {
            run_id: data.id,
            strategy: plan.name.clone(),
            spec_id: plan.spec_id,
            skeleton_id: plan.skeleton_id,
            spec_version: spec.version,
            data_id,
            calendar_id: Some(market.calendar_id()?),
            reads,
            compared,
            vendor: data.vendor.clone(),
            as_of: data.as_of,
            symbol: market.symbol().to_owned(),
            frequency: market.timeframe().to_string(),
            start: Timestamp(axis.open()[0]),
            end: Timestamp(axis.available()[last.end - 1]),
            eval_start: Timestamp(axis.open()[first.start]),
            stretches,
            warmup: if is_warm { Warmup::Required } else { warmup },
            cost_model_id: plan.costs.id()?,
            fill_timing: plan.execution.fill,
            is_same_bar: plan.execution.fill.is_same_bar(),
            holding: plan.execution.holding,
            path_policy: plan.execution.path,
            params,
            benchmark_id: None,
            seed,
            crate_version: Cow::Borrowed(env!("CARGO_PKG_VERSION")),
        };
        identity.run_id = identity.own_id()?;
        Ok(identity)
    }

    /// The same, beside a benchmark.
    fn beside(mut self, benchmark: Option<&[f64]>) -> Result<Self> {
        if let Some(benchmark) = benchmark {
            self.benchmark_id = Some(id_of("benchmark v1", benchmark)?);
            self.run_id = self.own_id()?;
        }
        Ok(self)
    }

    /// The `run_id` that its other fields come to: what stands there is another where somebody changed one of them.
    ///
    /// # Errors
    /// When a parameter cannot be hashed.
    pub fn own_id(&self) -> Result<Id> {
        let all = (
            (&self.spec_id, self.spec_version, &self.data_id, &self.vendor, &self.symbol),
            (&self.frequency, self.eval_start, self.end, &self.params, self.seed),
            (&self.cost_model_id, self.fill_timing, self.holding, self.path_policy),
            &self.crate_version,
        );
        let id = match self.stretches.len() {
            0 => id_of("run v1", &all)?,
            _ => id_of("run in stretches v1", &(all, &self.stretches))?,
        };
        let id = match &self.calendar_id {
            Some(calendar) => id_of("run on a calendar v1", &(id, calendar))?,
            None => id,
        };
        let id = match &self.benchmark_id {
            Some(benchmark) => id_of("run beside a benchmark v1", &(id, benchmark))?,
            None => id,
        };
        match self.warmup.is_required() {
            true => Ok(id),
            false => Ok(id_of("run that waits v1", &(id, self.warmup))?),
        }
    }
}

/// What a run came to.
#[derive(Debug, Clone)]
pub struct Report {
    /// What it is a result of.
    pub identity: RunIdentity,
    /// What happened.
    pub ledger: Ledger,
    /// Round trips.
    pub trades: Vec<Trade>,
    /// Worth at each close.
    pub curve: Curve,
    /// Worth at the end of each day.
    pub days: Vec<f64>,
    /// Daily returns.
    pub daily: Vec<f64>,
    /// All metrics.
    pub summary: Summary,
    /// The figures that a sweep tells of the same point.
    pub figures: Figures,
    /// What the entries said in each row of the market.
    pub(crate) signal: Vec<f64>,
    /// How long a year of its market is.
    pub(crate) years: Years,
}

impl Report {
    /// What was won, in money: worth at the end, less what there was at the beginning.
    pub fn pnl(&self) -> f64 {
        self.figures.equity - self.ledger.capital
    }

    /// The numbers that a sweep tells of the same point, by [`outcome::NAMES`].
    pub fn outcome(&self) -> [f64; outcome::NAMES.len()] {
        outcome::values(&self.figures, &self.daily, self.years)
    }
}

/// Runs a strategy over a market.
///
/// # Errors
/// When the strategy does not fit the market, a parameter is none of its own or out of range, or it is not warm by the
/// time at which scoring is to begin.
pub fn run(spec: &StrategySpec, market: &Market, options: &RunOptions) -> Result<Report> {
    let (plan, rows) = prepared(spec, market, options)?;
    let stretch = Stretch { rows: rows.clone(), warmup: Warmup::Required, daily: true, max_bytes: 256 << 20 };
    let (figures, ledger) = run_with_ledger(&plan, 0, market, &stretch)?;
    let trades = trades(&ledger, market, &plan.reasons, rows.end);
    let curve = ledger.curve(rows.clone(), market.marks());
    let mut daily = Vec::new();
    daily_returns(plan.execution.capital, &figures.days, &mut daily);
    let facts = TradeFacts::of(&trades);
    let summary = Summary::of(&Performance {
        daily: &daily,
        days_per_year: market.days_per_year(),
        steps: figures.steps(),
        steps_per_year: market.steps_per_year(),
        trades: &facts,
        turnover_sum: figures.tally.turnover,
        cost_sum: figures.tally.cost + figures.tally.carry,
        start_equity: plan.execution.capital,
        n_days_in_market: figures.tally.n_days_in_market,
        n_nans: figures.n_nans as u64,
        total_return: Some(figures.total_return),
        sums: Some(figures.trade_sums()),
        benchmark: options.benchmark.as_deref(),
    });
    let identity = identity_of(spec, &plan, market, &rows, options)?;
    let signal = match plan.programs.first() {
        Some(Ok(program)) => aligned::signal(&plan, program, market)?,
        _ => vec![0.0; market.len()],
    };
    let years = Years { steps_per_year: market.steps_per_year(), days_per_year: market.days_per_year() };
    let days = figures.days.clone();
    Ok(Report { identity, ledger, trades, curve, days, daily, summary, figures, signal, years })
}

/// What a run wins, in money, without a record of it: the bits of [`Report::pnl`].
///
/// # Errors
/// As [`run`].
pub(crate) fn pnl(spec: &StrategySpec, market: &Market, options: &RunOptions) -> Result<f64> {
    let (plan, rows) = prepared(spec, market, options)?;
    let stretch = Stretch { rows, warmup: Warmup::Required, daily: false, max_bytes: 256 << 20 };
    match batch::run(&plan, market, &stretch)?.pop() {
        Some(Ok(figures)) => Ok(figures.equity - plan.execution.capital),
        other => Err(Error::Market {
            place: format!("{} on {}", spec.name, market.key()),
            reason: other.and_then(|told| told.err()).unwrap_or_else(|| "it came to nothing".into()),
            mend: "give other parameters".into(),
        }),
    }
}

/// What a run would be a result of.
///
/// # Errors
/// As [`run`].
pub(crate) fn identity(spec: &StrategySpec, market: &Market, options: &RunOptions) -> Result<RunIdentity> {
    let (plan, rows) = prepared(spec, market, options)?;
    identity_of(spec, &plan, market, &rows, options)
}

fn identity_of(
    spec: &StrategySpec,
    plan: &StrategyPlan,
    market: &Market,
    rows: &Range<usize>,
    options: &RunOptions,
) -> Result<RunIdentity> {
    RunIdentity::of(spec, plan, market, std::slice::from_ref(rows), 0, Warmup::Required, options.seed)?
        .beside(options.benchmark.as_deref())
}

/// The plan of a run, and the rows that are scored: there are some, and it is warm by the first.
fn prepared(spec: &StrategySpec, market: &Market, options: &RunOptions) -> Result<(StrategyPlan, Range<usize>)> {
    let plan = plan_of(spec, market, options)?;
    let fault = |reason: String, mend: &str| Error::Market {
        place: format!("{} on {}", spec.name, market.key()),
        reason,
        mend: mend.into(),
    };
    let program = match plan.programs.first() {
        Some(Ok(program)) => program,
        Some(Err(reason)) => return Err(fault(reason.to_string(), "give other parameters")),
        None => return Err(fault("it has no point".into(), "give parameters")),
    };
    let all = TimeRange { start: options.eval_start.unwrap_or(i64::MIN), end: options.eval_end.unwrap_or(i64::MAX) };
    let mut rows = market.rows_in(all);
    if options.eval_start.is_none() {
        rows.start = program.lookback.min(rows.end);
    }
    if rows.is_empty() {
        let reason = format!(
            "no bar is left to score: the stretch has none, or none after the {} that it needs to be warm, of {}",
            program.lookback,
            market.len()
        );
        return Err(fault(reason, "give more bars, or another stretch of time"));
    }
    if program.lookback > rows.start {
        let reason = format!(
            "insufficient_warmup: it needs {} rows before the first that is scored, and has {}",
            program.lookback, rows.start
        );
        return Err(fault(reason, "begin later, or give more bars before"));
    }
    Ok((plan, rows))
}

/// The plan of a strategy over a market, of the one point that options name.
pub(crate) fn plan_of(spec: &StrategySpec, market: &Market, options: &RunOptions) -> Result<StrategyPlan> {
    let params = spec.params();
    if let Some(name) = options.params.keys().find(|name| !params.iter().any(|p| p.name == **name)) {
        return Err(qe_core::Error::unknown("parameter", name, params.iter().map(|p| p.name.as_str())).into());
    }
    let value = |p: &qe_core::param::Param| options.params.get(&p.name).unwrap_or(&p.default).clone();
    let values: Vec<Value> = params.iter().map(value).collect();
    let mut points = PointTable::new(params.clone())?;
    points.push(0, &values)?;
    spec.compile(&market.schema(), market.steps_per_year(), Some(&points))
}
