//! Many points of one strategy over one market, at once.
//!
//! The plan runs block by block; what it gives is kept for a section of rows, and every point's walk goes on over that section
//! while it lies in cache. So neither the number of bars nor that of points makes memory grow: a point keeps its state and one
//! number a day.

use std::ops::Range;

use qe_factors::plan::Workspace;

use crate::error::{Error, Result};
use crate::ledger::{Ledger, Ruin};
use crate::market::Market;
use crate::metrics::{StepMoments, TradeSums, sharpe_of_steps};
use crate::need::Need;
use crate::program::StrategyPlan;
use crate::sim::account::{StepForm, View};
use crate::sim::days::ROOM;
use crate::sim::guards::Guards;
use crate::sim::record::{Nothing, Record};
use crate::sim::section::{Layout, Section};
use crate::sim::state::{Frame, Tally, Walk};
use crate::sim::tables::Tables;

/// What happens to a point that is not warm when scoring begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Warmup {
    /// It fails.
    #[default]
    Required,
    /// It waits, and the bars in which it waits count: what peers do.
    Idle,
}

impl Warmup {
    /// Whether points must be warm.
    pub fn is_required(&self) -> bool {
        *self == Self::Required
    }
}

/// What is run.
#[derive(Debug, Clone)]
pub struct Stretch {
    /// The rows that are scored.
    pub rows: Range<usize>,
    /// What happens to points that are not warm.
    pub warmup: Warmup,
    /// Whether worth at the end of each day is wanted.
    pub daily: bool,
    /// The most bytes that it may take beside its input, the plan and what it tells: sections of rows are as short as that
    /// asks for, but never shorter than 1,024 rows.
    pub max_bytes: usize,
}

/// What a point came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// How returns from close to close were summed.
    pub form: StepForm,
    /// How many of them.
    pub n_steps: usize,
    /// Their sum.
    pub sum: f64,
    /// The sum of their squares.
    pub sum_sq: f64,
    /// The deepest fall at closes.
    pub max_drawdown: f64,
    /// Worth at the end.
    pub equity: f64,
    /// Worth over the beginning, less one.
    pub total_return: f64,
    /// How many closes were missing, and marked at the last that was there.
    pub n_nans: usize,
    /// Whether all was lost.
    pub is_ruined: bool,
    /// When, and what is owed beyond.
    pub ruin: Option<Ruin>,
    /// What trades came to.
    pub(crate) tally: Tally,
    /// Worth at the end of each day.
    pub days: Vec<f64>,
}

impl Figures {
    /// This, and then a stretch that began flat with what this left. `fall` is the deepest fall from before into it.
    pub(crate) fn and(self, next: Self, fall: f64, capital: f64) -> Self {
        let grown = 1.0 + self.total_return;
        let total_return = grown * (1.0 + next.total_return) - 1.0;
        Self {
            form: next.form,
            n_steps: self.n_steps + next.n_steps,
            sum: self.sum + next.sum,
            sum_sq: self.sum_sq + next.sum_sq,
            max_drawdown: self.max_drawdown.max(next.max_drawdown).max(fall),
            equity: capital * (1.0 + total_return),
            total_return,
            n_nans: self.n_nans + next.n_nans,
            is_ruined: self.is_ruined || next.is_ruined,
            ruin: self.ruin.or(next.ruin),
            tally: self.tally.and(next.tally, grown),
            days: self.days.into_iter().chain(next.days.into_iter().map(|d| d * grown)).collect(),
        }
    }

    /// The moments of returns from close to close.
    pub fn steps(&self) -> StepMoments {
        StepMoments { n: self.n_steps as u64, sum: self.sum, sum_sq: self.sum_sq }
    }

    /// `sharpe_step_raw`: mean over sample deviation of returns from close to close, a year; `None` where it has none.
    pub fn sharpe_step(&self, steps_per_year: f64) -> Option<f64> {
        sharpe_of_steps(self.steps(), steps_per_year)
    }

    /// What round trips came to together, by the cash before and after each.
    pub fn trade_sums(&self) -> TradeSums {
        let tally = &self.tally;
        TradeSums {
            n: tally.n_trades,
            n_wins: tally.n_wins,
            won: tally.sum_win,
            lost: tally.sum_loss,
            n_bars: tally.n_bars_held,
        }
    }

    /// How many round trips had a bar that did not say which way they went.
    pub fn n_undecided(&self) -> u64 {
        self.tally.n_undecided
    }

    /// How many round trips were closed.
    pub fn n_trades(&self) -> u64 {
        self.tally.n_trades
    }
}

/// Runs all points of a plan, without a record.
///
/// # Errors
/// When the market lacks a column that the plan reads, or execution or costs cannot be used: the field is named.
pub fn run(plan: &StrategyPlan, market: &Market, stretch: &Stretch) -> Result<Vec<Result<Figures, String>>> {
    let n_rows = Need::new(plan, market, stretch).n_rows(stretch.max_bytes);
    let told = run_in(Vec::new(), plan, market, stretch, n_rows)?;
    let figures = told.figures.iter().enumerate();
    Ok(figures.map(|(i, f)| f.clone().map(|f| Figures { days: told.days(i).to_vec(), ..f })).collect())
}

/// As [`run`], in sections of so many rows, with worth at the ends of days kept in one room for all points, which may be of
/// a run before.
///
/// # Errors
/// As [`run`].
pub(crate) fn run_in(
    room: Vec<f64>,
    plan: &StrategyPlan,
    market: &Market,
    stretch: &Stretch,
    n_rows: usize,
) -> Result<Told> {
    let mut nothing: Vec<Nothing> = plan.programs.iter().map(|_| Nothing).collect();
    run_recorded(room, plan, market, stretch, n_rows, None, &mut nothing)
}

/// What points came to over a stretch: figures, whose days are not in them but together.
#[derive(Debug)]
pub(crate) struct Told {
    /// What each point came to.
    pub(crate) figures: Vec<Result<Figures, String>>,
    /// Worth at the end of each day, one point after the other, some numbers to spare behind each.
    pub(crate) room: Vec<f64>,
    n_days: usize,
}

impl Told {
    /// The worth of a point at the end of each day; none where days were not wanted.
    pub(crate) fn days(&self, point: usize) -> &[f64] {
        if self.n_days == 0 { &[] } else { &self.room[point * (self.n_days + ROOM)..][..self.n_days] }
    }
}

/// Runs one point with its ledger: the same walk, so the same bits.
///
/// # Errors
/// As [`run`], and when the plan has no such point.
pub fn run_with_ledger(
    plan: &StrategyPlan,
    point: usize,
    market: &Market,
    stretch: &Stretch,
) -> Result<(Figures, Ledger)> {
    run_flipped(plan, point, market, stretch, None)
}

/// As [`run_with_ledger`]; in one row prices may come in the order that the policy does not choose.
pub(crate) fn run_flipped(
    plan: &StrategyPlan,
    point: usize,
    market: &Market,
    stretch: &Stretch,
    flip: Option<usize>,
) -> Result<(Figures, Ledger)> {
    let fault = |reason: String| Error::Market {
        place: format!("point {point} of {}", plan.name),
        reason,
        mend: "give a point of the plan that can be run".into(),
    };
    let Some(program) = plan.programs.get(point) else {
        return Err(fault(format!("the plan has {} points", plan.programs.len())));
    };
    // A plan of this point alone is run as it is.
    let alone;
    let plan = if plan.programs.len() == 1 {
        plan
    } else {
        alone = StrategyPlan { programs: vec![program.clone()], ..plan.clone() };
        &alone
    };
    let line = market.line().clone();
    let mut ledgers = [Ledger::new(line, plan.execution.capital, market.columns().axis())];
    let n_rows = Need::new(plan, market, stretch).n_rows(stretch.max_bytes);
    let mut told = run_recorded(Vec::new(), plan, market, stretch, n_rows, flip, &mut ledgers)?;
    let [mut ledger] = ledgers;
    match told.figures.pop() {
        Some(Ok(figures)) => {
            ledger.ruin = figures.ruin;
            ledger.tell_times();
            Ok((Figures { days: told.days(0).to_vec(), ..figures }, ledger))
        }
        Some(Err(reason)) => Err(fault(reason)),
        None => Err(fault("it came to nothing".into())),
    }
}

/// As [`run_in`], telling each point's record what happens.
fn run_recorded<R: Record>(
    mut room: Vec<f64>,
    plan: &StrategyPlan,
    market: &Market,
    stretch: &Stretch,
    n_rows: usize,
    flip: Option<usize>,
    records: &mut [R],
) -> Result<Told> {
    plan.execution.check()?;
    plan.costs.check()?;
    market.check_costs(&plan.costs)?;
    market.check_execution(&plan.execution)?;
    market.check_marks()?;
    let end = stretch.rows.end.min(market.len());
    // Rows that end before they begin are none.
    let start = stretch.rows.start.min(end);
    let guards = Guards::new(market, &plan.execution, &plan.blackout_events)?;
    let days = if start < end { market.day()[start] as usize..market.day()[end - 1] as usize + 1 } else { 0..0 };
    let n_days = if stretch.daily { days.len() } else { 0 };
    let n_room = if n_days == 0 { 0 } else { n_days + ROOM };
    let mut walks: Vec<Result<Walk, String>> = plan
        .programs
        .iter()
        .map(|program| {
            let program = program.as_ref().map_err(ToString::to_string)?;
            if stretch.warmup == Warmup::Required && program.lookback > start {
                return Err(format!(
                    "insufficient_warmup: it needs {} rows before the first that is scored, and has {start}",
                    program.lookback
                ));
            }
            let mut walk = Walk::new(program, plan, start, days.start);
            walk.find_simple(plan, market, &guards);
            Ok(walk)
        })
        .collect();
    // Each of them is written, whatever was there before.
    let n_all = walks.len() * n_room;
    if room.capacity() < n_all {
        // Without a copy of what is of no use.
        room = Vec::with_capacity(n_all);
    }
    room.resize(n_all, f64::NAN);
    room.shrink_to(n_all);
    let mut day_marks = Vec::with_capacity(n_room);
    if n_days > 0 {
        day_marks.extend(market.day_end()[days].iter().map(|row| market.marks()[*row as usize]));
        day_marks.resize(n_room, 0.0);
    }
    let is_failure = |walk: &Result<Walk, String>| walk.as_ref().is_ok_and(Walk::exits_on_failure);
    let layout = Layout::new(plan, &walks.iter().map(is_failure).collect::<Vec<_>>());
    let with_sums = walks.iter().flatten().any(|walk| walk.form() == StepForm::Prefix);
    let mut section = Section::new(&layout, n_rows);
    let (mut tables, mut edges, n_walks) = (Tables::default(), Vec::new(), walks.iter().flatten().count());
    let mut room_of_rules = Vec::new();
    section.rows = 0..n_rows.min(end);
    let mut walk_all = |section: &Section| {
        if section.rows.end <= start {
            return;
        }
        tables.fill(market, section.rows.clone(), with_sums, n_walks);
        let frame = Frame {
            plan,
            market,
            view: View { marks: market.marks(), day_end: market.day_end(), day_marks: &day_marks, tables: &tables },
            prices: [market.open(), market.high(), market.low(), market.close()],
            day: market.day(),
            section,
            layout: &layout,
            no_entry: &guards.no_entry,
            blackout: &guards.blackout,
            opens_in_blackout: &guards.opens_in_blackout,
            session_last: &guards.session_last,
            session_missed: &guards.session_missed,
            end,
            flip,
        };
        for (point, (walk, record)) in walks.iter_mut().zip(&mut *records).enumerate() {
            if let Ok(walk) = walk {
                walk.lend(&mut room_of_rules);
                walk.run(frame, &mut room[point * n_room..][..n_room], record, &mut edges);
                walk.lend(&mut room_of_rules);
            }
        }
    };
    let table = market.table(plan, end, stretch.max_bytes)?;
    if plan.compiled.plan().outputs().is_empty() {
        // Nothing depends on the market: sections are empty.
        while section.rows.start < end {
            walk_all(&section);
            let from = section.rows.end;
            section.advance(from..(from + n_rows).min(end));
        }
    } else {
        plan.compiled.plan().each_block_of(layout.trues(), &table, &mut Workspace::new(), n_rows, |block| {
            section.put(&layout, block);
            let at = block.rows().end;
            if at == section.rows.end {
                walk_all(&section);
                section.advance(at..(at + n_rows).min(end));
            }
        })?;
    }
    let capital = plan.execution.capital;
    let known = market.columns().axis().available();
    let figures = walks.into_iter().enumerate().map(|(point, walk)| {
        let mut walk = walk?;
        walk.finish(market, end);
        // The run may end before its last day does.
        if n_days > 0 {
            room[point * n_room + n_days - 1] = walk.account.equity;
        }
        let steps = walk.account.steps();
        Ok(Figures {
            form: walk.form(),
            n_steps: end - start,
            sum: steps.sum,
            sum_sq: steps.sum_sq,
            max_drawdown: steps.max_drawdown,
            equity: walk.account.equity,
            total_return: walk.account.equity / capital - 1.0,
            n_nans: market.n_filled_in(start..end),
            is_ruined: walk.account.ruin.is_some(),
            ruin: walk.account.ruin.map(|owed| Ruin { time: known[walk.account.ruin_row], owed }),
            tally: walk.tally,
            days: Vec::new(),
        })
    });
    let figures = figures.collect();
    Ok(Told { figures, room, n_days })
}
