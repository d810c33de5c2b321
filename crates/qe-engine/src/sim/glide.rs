//! Passing over rows in which a position is held and nothing happens.
//!
//! A position goes on until a condition of the market, which a bitmap tells, a rule of its own, or a level that rests. Rules
//! run over many rows at once, so what is passed over is looked at a block at a time, and only the row in which something
//! may happen is done by itself. What rules remember is then as if each row had been.

use std::ops::Range;

use qe_core::wide::{Loops, first, wide};
use qe_factors::plan::{Field, HeldRows, MAX_COLUMNS, Memory, Rule};

use super::record::Record;
use super::state::{Frame, In, Walk};
use crate::fills::Holding;
use crate::mind::{Levels, Position, at_side};
use crate::program::{Exit, ExitKind, Program, Source, StrategyPlan};

/// How a position of one side is passed over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Glide {
    /// Whether a level is not the same in every row, and whether one is.
    levels_vary: bool,
    levels_stay: bool,
    /// Whether somebody reads the extremes since the entry.
    pub(super) reads_extremes: bool,
    /// How many rules remember something of each row.
    n_remember: usize,
}

impl Glide {
    /// How a side's exits let a position be passed over, if they do.
    pub(super) fn new(program: &Program, plan: &StrategyPlan, side: usize) -> Option<Self> {
        let is_plain = plan.execution.holding == Holding::Units && program.weight.is_none();
        let mut glide = Self { levels_vary: false, levels_stay: false, reads_extremes: false, n_remember: 0 };
        for exit in &program.exits[side] {
            glide.reads_extremes |= exit.kind == ExitKind::Trail;
            let is_level = exit.kind != ExitKind::When;
            match exit.source {
                Source::Output(_) => glide.levels_vary |= is_level,
                Source::Number(_) => glide.levels_stay |= is_level,
                Source::Rule(idx) => {
                    let rule = plan.compiled.rules().get(idx)?;
                    let kept = rule.kept()?;
                    if exit.kind == ExitKind::Trail && !kept.is_fixed {
                        return None;
                    }
                    glide.levels_vary |= is_level && !kept.is_fixed;
                    glide.levels_stay |= is_level && kept.is_fixed;
                    glide.reads_extremes |= rule.fields().iter().any(|f| matches!(f, Field::PosHigh | Field::PosLow));
                    glide.n_remember += usize::from(kept.remembers);
                }
            }
        }
        is_plain.then_some(glide)
    }
}

impl Walk {
    /// Passes over rows up to `to` in which the position is held and nothing can happen.
    #[inline]
    pub(super) fn glide(&mut self, f: Frame<'_>, to: usize, days: &mut [f64], record: &mut impl Record) {
        let Some(position) = &self.mind.position else { return };
        let side = at_side(position.side);
        let Some(glide) = self.glides[side] else { return };
        let is_held = self.mind.decided == position.side
            && position.row < self.cursor
            && self.mind.orders.is_empty()
            && !self.is_late;
        let pays = f.plan.costs.has_carry_of(position.side);
        if !(is_held
            && self.mind.waiting.is_none()
            && (self.mind.has_rules[side] || self.mind.has_resting[side] || pays))
        {
            return;
        }
        let from = self.cursor;
        self.pass(f, side, glide, to);
        if pays {
            for row in from..self.cursor {
                self.pay_carry(f, row, days, record);
                if self.account.ruin.is_some() {
                    return;
                }
            }
        }
    }

    /// Passes over rows from the cursor on, up to `to`, in which nothing happens to the position that is held. Where a rule is
    /// known to be true in the row after them, says which exit that is.
    pub(super) fn pass(&mut self, f: Frame<'_>, side: usize, glide: Glide, to: usize) -> Option<usize> {
        let from = self.cursor;
        let mut end = self.next_told(f, to);
        let mut met = None;
        let position = self.mind.position.as_ref()?;
        if self.mind.has_resting[side] {
            // What varies rests as of the row before the first in that one alone.
            let last = if glide.levels_stay { end } else { end.min(from + 1) };
            let reached = self.mind.levels.first_reached(f, position, from..last);
            end = if reached < last { reached } else { end };
        }
        if end == from {
            return None;
        }
        let mut memories = std::mem::take(&mut self.mind.memories[side]);
        let exits = &self.mind.program.exits[side][..];
        // What remembers nothing first: what remembers goes no farther than to the end.
        for is_remembering in [false, true].into_iter().take(1 + usize::from(glide.n_remember > 0)) {
            let is_alone = !is_remembering || glide.n_remember == 1;
            for (i, (exit, memory)) in exits.iter().zip(&mut memories).enumerate() {
                let look = Look { f, position, exit, from };
                let before = end;
                match memory {
                    Some(memory) if is_alone => end = look.end(memory, is_remembering, end, &mut self.room),
                    // Another may come before it: what it remembers must not run ahead.
                    Some(memory) => end = look.end(&mut memory.clone(), is_remembering, end, &mut self.room),
                    None if !is_remembering => end = look.end_of_column(end),
                    None => {}
                }
                if end < before {
                    met = (exit.kind == ExitKind::When).then_some(i);
                }
            }
        }
        if glide.n_remember > 1 {
            for (exit, memory) in exits.iter().zip(&mut memories) {
                if let Some(memory) = memory {
                    Look { f, position, exit, from }.end(memory, true, end, &mut self.room);
                }
            }
        }
        self.mind.memories[side] = memories;
        let position = self.mind.position.as_mut()?;
        position.pass(f, from..end, glide.reads_extremes);
        self.cursor = end;
        if glide.levels_vary && end > from {
            self.mind.run_rules(&In(f, end - 1), f.view.marks[end - 1]);
        }
        met
    }
}

impl Position {
    /// Is held over some rows, whole ones.
    #[inline]
    pub(super) fn pass(&mut self, f: Frame<'_>, rows: Range<usize>, reads_extremes: bool) {
        self.bars += rows.len() as f64;
        if reads_extremes {
            self.high = f.prices[1][rows.clone()].iter().fold(self.high, |high, x| high.max(*x));
            self.low = f.prices[2][rows].iter().fold(self.low, |low, x| low.min(*x));
        }
    }
}

/// One exit, and the rows that are passed over for it.
#[derive(Clone, Copy)]
struct Look<'a> {
    f: Frame<'a>,
    position: &'a Position,
    exit: &'a Exit,
    from: usize,
}

impl Look<'_> {
    /// The row before which it lets pass, `end` at most, if it is a rule that remembers or not, as it is asked.
    fn end(self, memory: &mut Memory, is_remembering: bool, end: usize, room: &mut Vec<f64>) -> usize {
        let Self { f, position, exit, from } = self;
        let Source::Rule(idx) = exit.source else { return end };
        let Some(rule) = f.plan.compiled.rules().get(idx) else { return end };
        if end <= from || rule.kept().is_none_or(|kept| kept.remembers != is_remembering) {
            return end;
        }
        let mut columns = [&[][..]; MAX_COLUMNS];
        let is_long = position.side > 0.0;
        match exit.kind {
            ExitKind::When => {
                let rows = held_rows(f, position, rule, from..end, &mut columns);
                from + rule.run_until_true(&rows, end - from, memory, room)
            }
            // A fixed level is among those that rest.
            ExitKind::Stop | ExitKind::Target if !rule.kept().is_some_and(|kept| kept.is_fixed) => {
                // A level of one row rests in the next.
                let rows = held_rows(f, position, rule, from..end - 1, &mut columns);
                let is_below = is_long == (exit.kind == ExitKind::Stop);
                let prices = &f.prices[if is_below { 2 } else { 1 }][from + 1..end];
                from + 1 + rule.run_until_reached(&rows, prices, is_below, memory, room)
            }
            _ => end,
        }
    }

    /// As [`Look::end`], of a level that is a column of the market.
    fn end_of_column(self, end: usize) -> usize {
        let Self { f, position, exit, from } = self;
        let Source::Output(output) = exit.source else { return end };
        if exit.kind == ExitKind::When || end <= from + 1 {
            return end;
        }
        let start = f.section.rows.start;
        let levels = &f.section.numbers(f.layout, output)[from + 1 - start..end - start];
        let [_, high, low, _] = f.prices;
        let (lows, highs) = (&low[from + 1..end], &high[from + 1..end]);
        let is_long = position.side > 0.0;
        let met = match (exit.kind, is_long) {
            (ExitKind::Stop, true) | (ExitKind::Target, false) => lows.iter().zip(levels).position(|(p, l)| p <= l),
            (ExitKind::Trail, _) => {
                let first = f.prices[if is_long { 1 } else { 2 }][from];
                let mut best = if is_long { position.high.max(first) } else { position.low.min(first) };
                levels.iter().enumerate().position(|(i, trail)| {
                    best = if is_long { best.max(highs[i]) } else { best.min(lows[i]) };
                    if is_long { lows[i] <= best - trail } else { highs[i] >= best + trail }
                })
            }
            _ => highs.iter().zip(levels).position(|(p, l)| p >= l),
        };
        met.map_or(end, |i| from + 1 + i)
    }
}

/// The rows as a rule reads them.
fn held_rows<'a>(
    f: Frame<'a>,
    position: &Position,
    rule: &Rule,
    rows: Range<usize>,
    columns: &'a mut [&'a [f64]; MAX_COLUMNS],
) -> HeldRows<'a> {
    let start = f.section.rows.start;
    let n = rule.inputs().len();
    for (column, output) in columns.iter_mut().zip(rule.inputs()) {
        // The first number is that of the row before the section.
        *column = &f.section.numbers(f.layout, *output)[rows.start + 1 - start..rows.end + 1 - start];
    }
    HeldRows {
        columns: &columns[..n],
        high: &f.prices[1][rows.clone()],
        low: &f.prices[2][rows.clone()],
        marks: &f.view.marks[rows],
        pos_bars: position.bars,
        pos_high: position.high,
        pos_low: position.low,
        entry_price: position.price,
        pos_side: position.side,
    }
}

impl Levels {
    /// The first of some rows that may meet what rests, or their end. What the bar decides is left to who looks at it alone.
    fn first_reached(&self, f: Frame<'_>, position: &Position, rows: Range<usize>) -> usize {
        let (low, high) = (&f.prices[2][rows.clone()], &f.prices[1][rows.clone()]);
        let is_long = position.side > 0.0;
        let [below, above] = self.below_and_above(position.side);
        let mut end = rows.start + wide(Reached { low, high, below, above });
        if !self.trail.is_nan() {
            let mut best = if is_long { position.high } else { position.low };
            for row in rows.start..end {
                let (high, low) = (f.prices[1][row], f.prices[2][row]);
                best = if is_long { best.max(high) } else { best.min(low) };
                if if is_long { low <= best - self.trail } else { high >= best + self.trail } {
                    end = row;
                    break;
                }
            }
        }
        end
    }
}

/// How many rows there are before one whose lowest price is at or below a level, or whose highest is at or above another.
struct Reached<'a> {
    low: &'a [f64],
    high: &'a [f64],
    below: f64,
    above: f64,
}

impl Loops for Reached<'_> {
    type Out = usize;

    #[inline(always)]
    fn run(self) -> usize {
        let Self { low, high, below, above } = self;
        let n = low.len().min(high.len());
        first(n, |i| (low[i] <= below) | (high[i] >= above)).unwrap_or(n)
    }
}
