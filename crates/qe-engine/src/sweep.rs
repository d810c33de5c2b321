//! The first evaluator: one strategy, many points, one or many markets.
//!
//! A [`Sweep`] implements [`Evaluator`]: points in, outcomes out, in the order of the points and the same bits on any number of
//! threads. Several markets make one more parameter, `market`, whose options are their keys. Points go through the engine in
//! groups, so that memory is bounded by the budget and not by how many there are.

mod budget;
mod identity;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use qe_core::eval::{Evaluator, Fidelity, Window};
use qe_core::ident::{Id, id_of};
use qe_core::par::Pool;
use qe_core::param::{Kind, Param, Value};
use qe_core::point::{NOT_EVALUATED, OutcomeTable, PointColumn, PointTable};
use qe_factors::expr::Schema;

use crate::batch::{self, Figures, Stretch, Warmup};
use crate::blocks::{self, BlockStats};
use crate::error::{Error, Result};
use crate::market::Market;
use crate::need::room_of_days;
use crate::outcome::{self, Years, daily_returns};
use crate::program::StrategyPlan;
use crate::spec::StrategySpec;
use crate::units::{self, Group, Shared, key};

/// The parameter that names the market, where there are several.
pub const MARKET: &str = "market";

/// How a sweep is run. None of it changes a result, but for [`SweepOptions::warmup`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SweepOptions {
    /// What happens to points that are not warm when scoring begins.
    pub warmup: Warmup,
    /// The most bytes that all threads together take beside the markets, the table of points, and what is told of them: a
    /// row of figures for each point where they are kept, and a list of keys while points are put in order.
    pub max_bytes: usize,
    /// The most points that go through the engine together.
    pub group: usize,
}

impl Default for SweepOptions {
    /// Points must be warm; 256 MB; groups of 2,560.
    fn default() -> Self {
        Self { warmup: Warmup::Required, max_bytes: 256 << 20, group: 2560 }
    }
}

/// What is asked of points, and where.
struct How<'a> {
    fidelity: Fidelity,
    window: &'a Window,
    n_blocks: usize,
    rooms: &'a Rooms,
}

/// A strategy over some markets, ready to be evaluated.
#[derive(Debug)]
pub struct Sweep {
    spec: StrategySpec,
    markets: Vec<Arc<Market>>,
    params: Vec<Param>,
    metrics: Vec<String>,
    id: Id,
    pool: Pool,
    options: SweepOptions,
}

impl Sweep {
    /// A sweep of a strategy over markets, on the threads of a pool.
    ///
    /// # Errors
    /// When there is no market, two have one key, or the strategy does not fit one of them.
    pub fn new(spec: &StrategySpec, markets: Vec<Arc<Market>>, pool: Pool, options: SweepOptions) -> Result<Self> {
        let fault = |reason: String, mend: &str| Error::Market { place: spec.name.clone(), reason, mend: mend.into() };
        let Some(first) = markets.first() else {
            return Err(fault("there is no market".into(), "give at least one"));
        };
        let mut params = spec.params();
        if params.iter().any(|p| p.name == MARKET) && markets.len() > 1 {
            return Err(fault(format!("a parameter is called {MARKET}"), "rename it: that is what names the market"));
        }
        let keys: Vec<String> = markets.iter().map(|m| m.key()).collect();
        if let Some(i) = (1..keys.len()).find(|&i| keys[..i].contains(&keys[i])) {
            return Err(fault(format!("{} is there twice", keys[i]), "give each symbol and timeframe once"));
        }
        let schemas: Vec<Schema> = markets.iter().map(|m| m.schema()).collect();
        let (mut compiled, mut last): (Vec<usize>, _) = (Vec::new(), None);
        for (i, market) in markets.iter().enumerate() {
            // What compiles for one market does so for all that are like it.
            let years = market.steps_per_year();
            if !compiled.iter().any(|&j| markets[j].steps_per_year() == years && schemas[j].is_like(&schemas[i])) {
                last = Some(spec.compile(&schemas[i], years, None)?);
                compiled.push(i);
            }
            if let Some(plan) = &last {
                market.check_costs(&plan.costs)?;
                market.check_execution(&plan.execution)?;
                market.check_marks()?;
                market.check_peers(plan)?;
            }
        }
        if markets.len() > 1 {
            params.push(Param::choice(MARKET, keys.iter().map(String::as_str), &first.key()));
        }
        // Which other symbols are read may differ between points: all that may be are part of it.
        let names_symbols = identity::names_symbols(spec)?;
        let data = |m: &Arc<Market>| {
            let data = if names_symbols { m.data_of_all()? } else { m.id()? };
            Ok((data, m.calendar_id()?))
        };
        let data: Vec<(Id, Id)> = markets.iter().map(data).collect::<Result<_>>()?;
        let warm = options.warmup == Warmup::Required;
        let id = id_of("sweep v1", &(spec.spec_id()?, keys, data, warm))?;
        let metrics = outcome::NAMES.map(str::to_owned).to_vec();
        Ok(Self { spec: spec.clone(), markets, params, metrics, id, pool, options })
    }

    /// The strategy.
    pub fn spec(&self) -> &StrategySpec {
        &self.spec
    }

    /// The markets.
    pub fn markets(&self) -> &[Arc<Market>] {
        &self.markets
    }

    /// As [`Evaluator::evaluate`], and keeps the daily returns of each point in calendar blocks. Points that fail have empty ones.
    ///
    /// # Errors
    /// As [`Evaluator::evaluate`], and as [`BlockStats::push`].
    pub fn evaluate_in_blocks(
        &self,
        points: &PointTable,
        fidelity: Fidelity,
        window: &Window,
        stats: &mut BlockStats,
    ) -> Result<OutcomeTable> {
        let n_blocks = stats.n_blocks();
        let mut table = OutcomeTable::new(self.metrics.clone());
        // A few groups at a time: the blocks of all points together are what the statistics spill.
        let at_once = self.points_at_once(n_blocks);
        for from in (0..points.len()).step_by(at_once) {
            let part = points.slice(from..from.saturating_add(at_once));
            let told = Mutex::new(vec![None; part.len()]);
            self.each_group(&part, fidelity, window, n_blocks, |rows, of_group| {
                let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
                rows.iter().zip(of_group).for_each(|(row, of)| told[*row] = Some(of));
                Ok(())
            })?;
            let told = told.into_inner().unwrap_or_else(PoisonError::into_inner);
            for (&id, row) in part.ids().iter().zip(told) {
                match row.unwrap_or_else(|| Err(NOT_EVALUATED.into())) {
                    Ok((values, blocks)) => {
                        stats.push(id, &blocks)?;
                        table.push_done(id, &values)?;
                    }
                    Err(reason) => {
                        stats.push(id, &vec![blocks::Block::EMPTY; n_blocks])?;
                        table.push_failed(id, reason);
                    }
                }
            }
        }
        Ok(table)
    }

    /// Tells what each point came to, as [`Evaluator::evaluate`] does, and keeps none of it, so that memory does not grow with
    /// what is told: by its place among the points, its metrics in the order of [`Evaluator::metrics`], or why it failed. Points
    /// are told on the threads of the pool as they are done, in any order, each once. Where telling fails, groups of points
    /// that follow may be left out; those before, and under way beside it, are told still.
    ///
    /// # Errors
    /// As [`Evaluator::evaluate`], and what `tell` gives.
    pub fn evaluate_each(
        &self,
        points: &PointTable,
        fidelity: Fidelity,
        window: &Window,
        tell: impl Fn(usize, std::result::Result<&[f64], &str>) -> Result<()> + Sync,
    ) -> Result<()> {
        self.each_group(points, fidelity, window, 0, |rows, of_group| {
            rows.iter().zip(&of_group).try_for_each(|(row, of)| match of {
                Ok((values, _)) => tell(*row, Ok(values)),
                Err(reason) => tell(*row, Err(reason)),
            })
        })
    }

    /// The figures of all points over rows of one market, without worth at the end of days: what a kernel tells.
    ///
    /// # Errors
    /// When the table does not fit the strategy.
    pub fn figures(&self, points: &PointTable, market: &Market, rows: std::ops::Range<usize>) -> Result<Vec<Told>> {
        // What a group came to is written where it stays.
        let out = Mutex::new(vec![Err(NOT_EVALUATED.to_owned()); points.len()]);
        self.figures_of_each(points, market, rows, |row, told| {
            out.lock().unwrap_or_else(PoisonError::into_inner)[row] = told;
            Ok(())
        })?;
        Ok(out.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// As [`Sweep::figures`], each told and not kept, as [`Sweep::evaluate_each`] does.
    ///
    /// # Errors
    /// As [`Sweep::figures`], and what `tell` gives.
    pub fn figures_of_each(
        &self,
        points: &PointTable,
        market: &Market,
        rows: std::ops::Range<usize>,
        tell: impl Fn(usize, Told) -> Result<()> + Sync,
    ) -> Result<()> {
        let stretch = Stretch { rows, warmup: self.options.warmup, daily: false, max_bytes: 0 };
        let mut rows: Vec<usize> = (0..points.len()).collect();
        let compile = |rows: &[usize]| {
            let mut group = PointTable::new(points.params().to_vec())?;
            for &row in rows {
                group.push(points.ids()[row], &points.row(row).unwrap_or_default())?;
            }
            Ok(distinct(self.spec.compile(&market.schema(), market.steps_per_year(), Some(&group))?))
        };
        let size = self.group_size(&rows, size_of::<Told>(), compile)?;
        if size < points.len() {
            put_alike_together(points, &mut rows);
        }
        let groups: Vec<&[usize]> = rows.chunks(size).collect();
        self.pool.try_map(groups.len(), |i| {
            let of_group = self.within(groups[i], compile, market, |plan| {
                let told =
                    self.stretches(plan, market, std::slice::from_ref(&stretch), 0, &Rooms::default())?.remove(0);
                Ok(plan.1.iter().map(|at| told.figures[*at].clone()).collect::<Vec<_>>())
            })?;
            groups[i].iter().zip(of_group).try_for_each(|(row, told)| tell(*row, told))
        })?;
        Ok(())
    }

    /// Tells what points came to, group by group, each by its place among the points. Groups are told as they are done, on
    /// their threads: nothing is kept of one that was told.
    fn each_group(
        &self,
        points: &PointTable,
        fidelity: Fidelity,
        window: &Window,
        n_blocks: usize,
        tell: impl Fn(&[usize], Vec<Row>) -> Result<()> + Sync,
    ) -> Result<()> {
        let order: Vec<usize> = self.order_of(points)?;
        let market_of = self.market_of_each(points, &order);
        // Points of one market stand together, those that are alike beside each other.
        let mut of_market: Vec<Vec<usize>> = vec![Vec::new(); self.markets.len()];
        (0..points.len()).for_each(|row| of_market[market_of(row)].push(row));
        of_market.iter_mut().for_each(|rows| put_alike_together(points, rows));
        let own = &order[..self.spec.params().len()];
        let how = How { fidelity, window, n_blocks, rooms: &Rooms::default() };
        let of_row = size_of::<Row>() + n_blocks * size_of::<blocks::Block>();
        let (mut size, mut days) = (self.options.group.max(1), 0);
        for (market, rows) in self.markets.iter().zip(&of_market) {
            let n = scored(market, fidelity, window)?.into_iter().map(|r| room_of_days(market, r)).sum::<usize>();
            if n > days || size == self.options.group.max(1) {
                days = n.max(days);
                let compile = |rows: &[usize]| self.plan(points, own, market, rows);
                size = size.min(self.group_size(rows, 8 * n + of_row, compile)?);
            }
        }
        let size = size.min(points.len().div_ceil(self.pool.threads().max(1)).max(1));
        let (groups, n_of_unit) = units::groups(points, own, &self.markets, &of_market, size);
        let plans: Vec<Shared<Compiled>> = n_of_unit.into_iter().map(Shared::new).collect();
        self.pool.try_map(groups.len(), |i| {
            let Group { market, rows, unit } = groups[i];
            let market = &self.markets[market];
            let compile = |part: &[usize]| self.plan(points, own, market, part);
            let told = match plans[unit].get(|| compile(rows)).and_then(|plan| self.group(&plan, market, &how)) {
                Err(Error::Memory { .. }) => self.within(rows, compile, market, |plan| self.group(plan, market, &how)),
                told => told,
            };
            tell(rows, told?)
        })?;
        Ok(())
    }

    /// Tells the market of each point: its place in our list.
    fn market_of_each<'p>(&self, points: &'p PointTable, order: &[usize]) -> impl Fn(usize) -> usize + use<'p> {
        let at = order.last().copied().filter(|_| self.markets.len() > 1);
        let param = at.and_then(|at| points.params().get(at));
        let column = param.and_then(|param| points.column(&param.name).ok());
        let keys: Vec<String> = self.markets.iter().map(|m| m.key()).collect();
        let of_option: Vec<usize> = match param.map(|param| &param.kind) {
            Some(Kind::Choice { options }) => {
                options.iter().map(|option| keys.iter().position(|key| key == option).unwrap_or(0)).collect()
            }
            _ => Vec::new(),
        };
        move |row| match column {
            Some(PointColumn::Choice(x)) => of_option.get(x[row] as usize).copied().unwrap_or(0),
            _ => 0,
        }
    }

    /// For each of our parameters its place in a table.
    fn order_of(&self, points: &PointTable) -> Result<Vec<usize>> {
        let names: Vec<&str> = points.params().iter().map(|p| p.name.as_str()).collect();
        let ours: Vec<&str> = self.params.iter().map(|p| p.name.as_str()).collect();
        if let Some(name) = names.iter().find(|name| !ours.contains(name)) {
            return Err(qe_core::Error::unknown("parameter", name, ours.iter().copied()).into());
        }
        let place = |name: &&str| {
            names.iter().position(|n| n == name).ok_or_else(|| Error::Spec {
                field: format!("points.{name}"),
                reason: "the table of points does not have it".into(),
                mend: "make the table from the evaluator's own parameters".into(),
            })
        };
        ours.iter().map(place).collect()
    }

    /// The plan of some points of a market, each program once, and where each point's stands.
    fn plan(&self, points: &PointTable, order: &[usize], market: &Market, rows: &[usize]) -> Result<Compiled> {
        let mut table = PointTable::new(self.spec.params())?;
        for &row in rows {
            let values: Vec<Value> = order.iter().filter_map(|&i| points.value(row, i)).collect();
            table.push(points.ids()[row], &values)?;
        }
        Ok(distinct(self.spec.compile(&market.schema(), market.steps_per_year(), Some(&table))?))
    }

    /// What points of one market come to that go through the engine together.
    fn group(
        &self,
        plan: &Compiled,
        market: &Market,
        &How { fidelity, window, n_blocks, rooms }: &How<'_>,
    ) -> Result<Vec<Row>> {
        let stretch = |rows| Stretch { rows, warmup: self.options.warmup, daily: true, max_bytes: 0 };
        let stretches: Vec<Stretch> = scored(market, fidelity, window)?.into_iter().map(stretch).collect();
        let stretches = self.stretches(plan, market, &stretches, n_blocks, rooms)?;
        let Compiled(plan, place) = plan;
        let years = Years { steps_per_year: market.steps_per_year(), days_per_year: market.days_per_year() };
        let mut daily = Vec::new();
        let told: Vec<Row> = (0..plan.programs.len())
            .map(|point| {
                let figures = joined(plan.execution.capital, &stretches, point)?;
                daily.clear();
                stretches.iter().for_each(|s| daily_returns(plan.execution.capital, s.days(point), &mut daily));
                let blocks = match n_blocks {
                    0 => Vec::new(),
                    n => blocks::blocks(&daily, &blocks::edges(daily.len(), n)),
                };
                Ok((outcome::values(&figures, &daily, years), blocks))
            })
            .collect();
        stretches.into_iter().for_each(|told| rooms.put(told.room));
        Ok(place.iter().map(|at| told[*at].clone()).collect())
    }
}

/// A plan with each program once, and where each point's stands.
#[derive(Debug)]
struct Compiled(StrategyPlan, Vec<usize>);

/// Sorts points so that a group of neighbours has few distinct values of each parameter, and so computes few columns: the
/// parameter of most values turns slowest. What comes of a point does not depend on its neighbours.
fn put_alike_together(points: &PointTable, rows: &mut [usize]) {
    let columns = points.params().iter().filter_map(|p| points.column(&p.name).ok());
    let mut columns: Vec<(usize, &PointColumn)> = columns
        .map(|column| (rows.iter().map(|row| key(column, *row)).collect::<HashSet<_>>().len(), column))
        .filter(|(n, _)| *n > 1)
        .collect();
    columns.sort_by_key(|(n, _)| std::cmp::Reverse(*n));
    rows.sort_by_cached_key(|row| columns.iter().map(|(_, column)| key(column, *row)).collect::<Vec<_>>());
}

/// The plan with each program once, and where each point's stands: points that differ in idle parameters share a walk.
fn distinct(mut plan: StrategyPlan) -> Compiled {
    let mut known: HashMap<std::result::Result<Vec<u64>, Arc<str>>, usize> = HashMap::new();
    let mut programs = Vec::with_capacity(plan.programs.len());
    let place = plan.programs.iter().map(|program| {
        let key = program.as_ref().map(|p| p.key()).map_err(Arc::clone);
        *known.entry(key).or_insert_with(|| {
            programs.push(program.clone());
            programs.len() - 1
        })
    });
    let place = place.collect();
    plan.programs = programs;
    Compiled(plan, place)
}

/// What a point came to, or why it failed.
pub type Told = std::result::Result<Figures, String>;

/// What a point came to: its metrics, and its blocks; or why it failed.
type Row = std::result::Result<([f64; outcome::NAMES.len()], Vec<blocks::Block>), String>;

/// The rows of each stretch of a window; of a fidelity below one, the first so many of all of them.
fn scored(market: &Market, fidelity: Fidelity, window: &Window) -> Result<Vec<std::ops::Range<usize>>> {
    let mut stretches: Vec<_> = window.ranges().iter().map(|r| market.rows_in(*r)).filter(|r| !r.is_empty()).collect();
    let all: usize = stretches.iter().map(std::ops::Range::len).sum();
    let mut left = (all as f64 * fidelity.share_frac()).ceil() as usize;
    for stretch in &mut stretches {
        stretch.end = stretch.start + stretch.len().min(left);
        left -= stretch.len();
    }
    stretches.retain(|s| !s.is_empty());
    Ok(stretches)
}

/// Room for the worth of points at the ends of days, which groups hand on.
#[derive(Debug, Default)]
struct Rooms(Mutex<Vec<Vec<f64>>>);

impl Rooms {
    fn take(&self) -> Vec<f64> {
        self.0.lock().ok().and_then(|mut rooms| rooms.pop()).unwrap_or_default()
    }

    fn put(&self, mut room: Vec<f64>) {
        // A walk writes every day. One that it left out must not hold an old number where tests look.
        if cfg!(debug_assertions) {
            room.fill(f64::NAN);
        }
        if let Ok(mut rooms) = self.0.lock() {
            rooms.push(room);
        }
    }
}

/// What a point came to over stretches one after the other: each begins flat, with what the one before left.
fn joined(capital: f64, stretches: &[batch::Told], point: usize) -> std::result::Result<Figures, String> {
    let extreme = |days: &[f64], of: fn(f64, f64) -> f64| days.iter().copied().fold(capital, of) / capital;
    let mut all: Option<Figures> = None;
    // The highest worth at the ends of days, over the first capital, and how it had grown where the stretch before began.
    let (mut peak, mut grown): (f64, f64) = (0.0, 1.0);
    let mut days_before: &[f64] = &[];
    for stretch in stretches {
        let (next, days) = (stretch.figures[point].clone()?, stretch.days(point));
        all = Some(match all {
            None => next,
            Some(before) => {
                peak = peak.max(grown * extreme(days_before, f64::max));
                grown = 1.0 + before.total_return;
                // A fall that goes on from one stretch into the next is seen at the ends of days.
                let fall = if peak > 0.0 { (peak - grown * extreme(days, f64::min)) / peak } else { 0.0 };
                before.and(next, fall, capital)
            }
        });
        days_before = days;
    }
    all.ok_or_else(|| "empty_window: no bar of the market lies in it".to_owned())
}

impl Evaluator for Sweep {
    fn id(&self) -> Id {
        self.id
    }

    fn params(&self) -> &[Param] {
        &self.params
    }

    fn metrics(&self) -> &[String] {
        &self.metrics
    }

    fn evaluate(&self, points: &PointTable, fidelity: Fidelity, window: &Window) -> qe_core::Result<OutcomeTable> {
        // What a group came to is written where it stays.
        let table = Mutex::new(OutcomeTable::of_points(self.metrics.clone(), points.ids()));
        let told = self.evaluate_each(points, fidelity, window, |row, of| {
            let mut table = table.lock().unwrap_or_else(PoisonError::into_inner);
            match of {
                Ok(values) => table.set_done(row, values)?,
                Err(reason) => table.set_failed(row, reason)?,
            }
            Ok(())
        });
        told.map_err(Error::into_core)?;
        Ok(table.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}
