//! From one decision to the next, where orders are filled at once.
//!
//! A strategy of market orders that are filled at the signal's close or at the next open has nothing on its way between two
//! bars but what the next price fills. So an entry is decided and filled, its rows are passed over, its exit is decided and
//! filled, without a queue and without a look at what cannot happen. What is near a section's end is left to
//! [`super::walk`], which does the same step by step.

use qe_factors::plan::{Memory, Outside};

use super::guards::Guards;
use super::record::{Cause, Record, Refusal};
use super::section::is_set;
use super::state::{Entry, Frame, Walk, Way, at_side};
use crate::fills::{At, FillTiming, Holding};
use crate::market::Market;
use crate::program::{EntryOrder, ExitKind, Opposite, Source, StrategyPlan};

/// So many rows before a section's end are done step by step: a decision, the bar of its fill, and one in between.
const MARGIN: usize = 2;

impl Walk {
    /// Whether decisions may be filled at once.
    pub(super) fn may_hop(&self, plan: &StrategyPlan, market: &Market, guards: &Guards) -> bool {
        let (program, execution) = (&*self.program, &plan.execution);
        let is_told = |s: &Option<Source>| matches!(s, None | Some(Source::Output(_)));
        [FillTiming::NEXT_OPEN, FillTiming::SIGNAL_CLOSE].contains(&execution.fill)
            && execution.holding == Holding::Units
            && guards.no_entry.is_empty()
            && guards.session_last.is_empty()
            && market.is_plain()
            && program.order == EntryOrder::Market
            && program.gates.is_empty()
            && program.weight.is_none()
            && program.entry.iter().all(is_told)
            && !self.needs_account()
            && (0..2).all(|side| {
                let exits = &program.exits[side];
                self.glides[side].is_some()
                    && exits.iter().all(|e| e.kind == ExitKind::When && !matches!(e.source, Source::Number(_)))
            })
    }

    /// Goes on as long as decisions are filled well before `to`.
    pub(super) fn hop(&mut self, f: Frame<'_>, to: usize, days: &mut [f64], record: &mut impl Record) {
        while self.orders.is_empty() && self.account.ruin.is_none() {
            if self.position.is_none() {
                let from = self.cursor.max(self.cool_until);
                let (row, side) = self.next_entry(f, from, to);
                // Of its row nothing is decided yet.
                self.cursor = row.max(self.cursor);
                if row + MARGIN >= to {
                    return;
                }
                self.cursor = row + 1;
                if !self.hop_in(f, row, side, days, record) {
                    continue;
                }
            }
            if !self.hop_out(f, to, days, record) {
                return;
            }
        }
    }

    /// The first row in which exactly one side is signalled, `to` at most, and the side.
    fn next_entry(&self, f: Frame<'_>, from: usize, to: usize) -> (usize, f64) {
        let bits = |source: &Option<Source>| match source {
            Some(Source::Output(output)) => f.section.bits(f.layout, *output),
            _ => &[],
        };
        let [long, short] = [0, 1].map(|side| bits(&self.program.entry[side]));
        let start = f.section.rows.start;
        let (mut row, end) = (from.max(start) - start, to - start);
        while row < end {
            let w = row / 64;
            let [l, s] = [long, short].map(|bits| bits.get(w).copied().unwrap_or(0));
            let one = (l ^ s) & (!0 << (row % 64));
            if one != 0 {
                let at = one.trailing_zeros();
                let row = w * 64 + at as usize;
                return if row < end { (start + row, if l >> at & 1 == 1 { 1.0 } else { -1.0 }) } else { (to, 0.0) };
            }
            row = (w + 1) * 64;
        }
        (to, 0.0)
    }

    /// Decides an entry in a row, and fills it. Says whether a position is open then.
    fn hop_in(&mut self, f: Frame<'_>, row: usize, side: f64, days: &mut [f64], record: &mut impl Record) -> bool {
        let size = self.program.size;
        let scale = size.scale.map_or(1.0, |s| self.value(f, s, row, side));
        let size = self.value(f, size.source, row, side) * scale;
        if size.is_nan() || size <= 0.0 {
            self.refuse_entry(f, row, side, Refusal::NoSize, days, record);
            return false;
        }
        let strength = self.program.strength.map_or(f64::NAN, |s| self.value(f, s, row, side));
        let at = at_side(side);
        if self.has_rules[at] {
            self.memories[at].iter_mut().flatten().for_each(Memory::reset);
            self.run_rules_as(f, row, side, &Outside { pos_side: side, ..Outside::NONE });
        }
        let is_entered = self.enter(f, self.way(f, row), Entry { side, size, strength, signal_row: row }, days, record);
        self.decided = if is_entered { side } else { 0.0 };
        is_entered
    }

    /// How a decision of a row is filled.
    fn way(&self, f: Frame<'_>, row: usize) -> Way {
        let (row, raw, phase) = match f.plan.execution.fill.at {
            At::Open => (row + 1, f.prices[0][row + 1], 0),
            At::Close => (row, f.prices[3][row], 2),
        };
        Way { row, raw, phase, is_maker: false, is_ambiguous: false }
    }

    /// Passes over the open position's rows, decides its exit, and fills it, and an entry of the other side in that row.
    /// Says whether all of it was well before `to`.
    fn hop_out(&mut self, f: Frame<'_>, to: usize, days: &mut [f64], record: &mut impl Record) -> bool {
        let Some((side, since)) = self.position.as_ref().map(|p| (p.side, p.row)) else { return true };
        let at = at_side(side);
        let Some(glide) = self.glides[at] else { return false };
        if self.decided != side {
            return false;
        }
        let from = self.cursor;
        let met = self.pass(f, at, glide, to);
        let row = self.cursor;
        let is_far = row + MARGIN < to;
        // What holding costs is paid before a fill, also in the bar of the fill where that comes later.
        let filled = if is_far { self.way(f, row).row + 1 } else { row };
        if f.plan.costs.has_carry_of(side) {
            for row in from.max(since + 1)..filled {
                self.pay_carry(f, row, days, record);
                if self.account.ruin.is_some() {
                    return true;
                }
            }
        }
        if !is_far {
            return false;
        }
        let cause = self.cause(f, row, at, met);
        self.left = (side, row);
        self.exit(f, self.way(f, row), cause, row, days, record);
        self.decided = 0.0;
        self.cursor = row + 1;
        let has_cooldown = self.program.cooldown_bars > 0 || self.program.cooldown_sessions > 0;
        let is_closed = cause == Cause::Opposite && self.program.opposite == Opposite::Close;
        if !has_cooldown
            && !is_closed
            && self.account.ruin.is_none()
            && self.is_entry(f, 1 - at, row)
            && !self.is_entry(f, at, row)
        {
            self.hop_in(f, row, -side, days, record);
        }
        true
    }

    /// Why a position is left in a row, `met` being the exit that is known to be true there, if one is.
    fn cause(&mut self, f: Frame<'_>, row: usize, at: usize, met: Option<usize>) -> Cause {
        let mut by_rule = met;
        let has_rule_before =
            |e: usize| self.program.exits[at][..e].iter().any(|exit| matches!(exit.source, Source::Rule(_)));
        let first_told = self.program.exits[at].iter().position(|exit| match exit.source {
            Source::Output(output) => is_set(f.section.bits(f.layout, output), row - f.section.rows.start),
            _ => false,
        });
        let known = match (first_told, met) {
            (Some(told), Some(met)) => told.min(met),
            (Some(e), None) | (None, Some(e)) => e,
            (None, None) => self.program.exits[at].len(),
        };
        if has_rule_before(known) {
            // Another rule may be true in this row and come before it.
            if let Some(position) = &mut self.position {
                position.bars += 1.0;
                position.high = position.high.max(f.prices[1][row]);
                position.low = position.low.min(f.prices[2][row]);
            }
            by_rule = self.run_rules(f, row, f.view.marks[row]);
        }
        let first = [first_told, by_rule].into_iter().flatten().min();
        // Nothing but the other side's entry can have told it else.
        first.map_or(Cause::Opposite, |e| Cause::Exit(self.program.exits[at][e].reason))
    }
}
