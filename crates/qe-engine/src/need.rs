//! What a run takes, counted before it begins from the types and lengths of what it will hold.
//!
//! A sweep may take so many bytes, so it asks here how many points may go together and how long sections may be. What
//! kernels remember is the one estimate: their lookback says how much, and most windows take less. The lists of a plan
//! are counted as they stand.

use std::ops::Range;
use std::sync::Arc;

use crate::batch::{Figures, Stretch};
use crate::market::Market;
use crate::program::{Exit, Program, Source, StrategyPlan};
use crate::sim::days::ROOM;
use crate::sim::section::Layout;
use crate::sim::state::Walk;
use crate::sim::tables::{BLOCK, Tables};

/// Rows of a section, where memory allows.
const SECTION: usize = 8 * BLOCK;

/// What it takes to compile a strategy, whatever its points: its texts, trees and tables of names.
pub(crate) const COMPILING: usize = 384 << 10;

/// How many times what is compiled is held while it is made: with what finds equal parts, and the lists that grow.
pub(crate) const WHILE_COMPILED: usize = 3;

/// The bytes of a run of a plan's points over a stretch of rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Need {
    /// What it takes whatever the length of sections.
    beside: usize,
    /// What it takes for each row of a section.
    per_row: usize,
    /// What is left of it when it is done: figures, and worth at the ends of days.
    pub(crate) kept: usize,
    /// The row after the last.
    end: usize,
}

impl Need {
    /// What the points of a plan need over a stretch.
    pub(crate) fn new(plan: &StrategyPlan, market: &Market, stretch: &Stretch) -> Self {
        let (compiled, n_points) = (plan.compiled.plan(), plan.programs.len());
        let end = stretch.rows.end.min(market.len());
        let start = stretch.rows.start.min(end);
        let n_room = if stretch.daily { room_of_days(market, start..end) } else { 0 };
        let [layout, per_row] = Layout::n_bytes_at_most(plan);
        let with_sums = plan.programs.iter().flatten().any(|program| program.is_all_in(&plan.execution, &plan.costs));
        // Rows in which or after which nothing is entered, last rows of sessions and those that missed one, and how far events
        // are.
        let guards = end.div_ceil(8) * 5 + if plan.blackout_events.is_empty() { 0 } else { 24 * end };
        let rules = plan.compiled.rules().iter().map(|rule| rule.n_bytes_at_work()).max().unwrap_or(0);
        let walks: usize = plan.programs.iter().map(|p| of_walk(p, plan, start)).sum();
        let kept = n_points * (size_of::<Result<Figures, String>>() + 8 * n_room);
        let beside = kept
            + walks
            + layout
            + guards
            + rules
            + 8 * n_room
            + compiled.n_bytes_at_work_in_bits()
            + market.bytes_of_symbols(compiled, end)
            + market.bytes_of_peers(compiled, end);
        // The rows of decisions, and of failures in between.
        let edges = 4 + 1;
        Self { beside, per_row: per_row + Tables::n_bytes_per_row(with_sums, n_points, SECTION) + edges, kept, end }
    }

    /// The most rows that a section can have.
    fn most_rows(&self) -> usize {
        SECTION.min(self.end.next_multiple_of(BLOCK).max(BLOCK))
    }

    /// The least with which it can be done.
    pub(crate) fn least(&self) -> usize {
        // A row stands before each section's first, and one after its last.
        self.beside + (BLOCK + 2) * self.per_row
    }

    /// How many rows sections have where so much is allowed: a block, if it is less than the least.
    pub(crate) fn n_rows(&self, max_bytes: usize) -> usize {
        let fits = (max_bytes.saturating_sub(self.beside) / self.per_row.max(1)).saturating_sub(2) / BLOCK * BLOCK;
        fits.clamp(BLOCK, self.most_rows())
    }
}

/// How many numbers hold the worth of a point at the ends of the days of some rows.
pub(crate) fn room_of_days(market: &Market, rows: Range<usize>) -> usize {
    if rows.is_empty() { 0 } else { (market.day()[rows.end - 1] - market.day()[rows.start]) as usize + 1 + ROOM }
}

/// The bytes of a walk, or of why there is none.
fn of_walk(program: &Result<Arc<Program>, Arc<str>>, plan: &StrategyPlan, start: usize) -> usize {
    // What is told of a point that is not warm.
    const REASON: usize = 128;
    size_of::<Result<Walk, String>>()
        + match program {
            Ok(program) if program.lookback > start => Walk::n_bytes_beside(program, plan).max(REASON),
            Ok(program) => Walk::n_bytes_beside(program, plan),
            Err(reason) => reason.len(),
        }
}

/// The bytes of a plan that is compiled for some points.
pub(crate) fn of_plan(plan: &StrategyPlan) -> usize {
    let (points, n) = (&plan.points, plan.points.len());
    let names: usize = points.params().iter().map(|p| p.name.len() + 256).sum();
    let columns = n * 8 * (1 + points.params().len());
    let program = |program: &Result<Arc<Program>, Arc<str>>| match program {
        Ok(program) => of_program(program),
        Err(reason) => reason.len() + 16,
    };
    let programs: usize = plan.programs.iter().map(program).sum();
    size_of::<StrategyPlan>()
        + plan.compiled.n_bytes()
        + names
        + columns
        + plan.programs.capacity() * size_of::<Result<Arc<Program>, Arc<str>>>()
        + programs
}

/// The most bytes that a plan of so many bytes, as [`of_plan`] counts them, took while it was compiled for some points,
/// beside [`COMPILING`].
pub(crate) fn while_compiled(of_plan: usize, n_points: usize) -> usize {
    // A program of its own for each point, its key, and the points once more.
    const PROGRAM: usize = size_of::<Program>() + 768;
    WHILE_COMPILED * of_plan + n_points * PROGRAM
}

/// The bytes of the walks of a plan.
pub(crate) fn of_walks(plan: &StrategyPlan) -> usize {
    plan.programs.iter().map(|program| of_walk(program, plan, usize::MAX)).sum()
}

/// The bytes of a program behind its pointer.
fn of_program(program: &Program) -> usize {
    let exits: usize = program.exits.iter().map(|e| e.capacity() * size_of::<Exit>()).sum();
    size_of::<Program>() + 16 + exits + program.gates.capacity() * size_of::<Source>()
}
