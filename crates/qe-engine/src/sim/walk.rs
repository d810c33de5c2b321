//! One point's walk over the rows: what is decided when a bar is complete, and what is filled when.
//!
//! In each row, in this order: entries that an event forbids are taken back; what is held of a session that is over; orders due at the open; what rests in the market,
//! along the bar's path; orders due at the close; the session's end; then, the bar being complete, decisions. Nothing is decided between two events that the bitmaps
//! tell, so the walk jumps from one to the next. What is decided lives a delay ahead of what is filled: an exit that is
//! decided while its entry is still to be filled follows it.

use std::sync::Arc;

use qe_core::wide::ask_for;

use super::account::{Account, StepForm};
use super::glide::Glide;
use super::record::{Cause, Record, Refusal};
use super::section::{is_set, next_set};
use super::state::{Frame, Tally, Walk, Way};
use super::weights::Point;
use crate::fills::{At, Holding};
use crate::market::Market;
use crate::mind::{Entry, Mind, What, at_side};
use crate::program::{ExitKind, Opposite, Program, Source, StrategyPlan};

/// So many rows that are not marked take about as long to mark as memory takes to come.
const FAR: usize = 16;

impl Walk {
    /// A walk that begins with money alone in this row.
    pub(crate) fn new(program: &Arc<Program>, plan: &StrategyPlan, start: usize, first_day: usize) -> Self {
        let is_all_in = program.is_all_in(&plan.execution, &plan.costs);
        let form = if is_all_in { StepForm::Prefix } else { StepForm::Lanes };
        Self {
            account: Account::new(plan.execution.capital, start, first_day, form),
            tally: Tally::default(),
            cursor: start,
            is_late: false,
            first_day,
            next_day_in: 0,
            weight: 0.0,
            weighed: (usize::MAX, 0),
            glides: [0, 1].map(|side| Glide::new(program, plan, side)),
            hops: false,
            room: Vec::new(),
            simple: None,
            mind: Mind::new(program, plan.compiled.rules()),
        }
    }

    /// How returns from close to close are summed.
    pub(crate) fn form(&self) -> StepForm {
        self.account.form()
    }

    /// Goes on over the rows of a section. The worth at the end of each day goes to `days`; `edges` is room to work in.
    pub(crate) fn run(&mut self, f: Frame<'_>, days: &mut [f64], record: &mut impl Record, edges: &mut Vec<u32>) {
        let to = f.section.rows.end.min(f.end);
        if let Some(simple) = self.simple {
            return self.run_simple(f, simple, to, days, record, edges);
        }
        while self.cursor < to && self.account.ruin.is_none() {
            if self.hops {
                self.hop(f, to, days, record);
            }
            self.glide(f, to, days, record);
            let row = self.next_event(f, to);
            if row >= to || self.account.ruin.is_some() {
                break;
            }
            // Opens are read where something is filled, and nowhere else: what is far comes while what lies before it is marked.
            ask_for(f.prices[0], row);
            if row >= self.account.marked + FAR {
                self.mark_to(f, row, days);
                if self.account.ruin.is_some() {
                    break;
                }
            }
            self.row(f, row, days, record);
            self.cursor = row + 1;
        }
        self.cursor = self.cursor.max(to);
        self.mark_to(f, to, days);
    }

    #[inline]
    pub(super) fn mark_to(&mut self, f: Frame<'_>, row: usize, days: &mut [f64]) {
        self.account.mark_to(row, f.view, days, self.first_day);
        if self.account.ruin.is_some() && self.mind.position.is_some() {
            self.end_in_ruin(f);
        }
    }

    /// The first row from the cursor on in which something may happen.
    #[inline]
    pub(super) fn next_event(&self, f: Frame<'_>, to: usize) -> usize {
        let mut limit = to;
        if let Some(order) = self.mind.orders.front() {
            if order.due <= self.cursor {
                return self.cursor;
            }
            limit = limit.min(order.due);
        }
        if self.mind.waiting.is_some() || self.mind.program.weight.is_some() || self.is_late {
            return self.cursor;
        }
        if let Some(position) = &self.mind.position {
            let side = at_side(position.side);
            let is_by_row = f.plan.costs.has_carry_of(position.side) || f.plan.execution.holding != Holding::Units;
            if self.mind.has_rules[side] || self.mind.has_resting[side] || is_by_row {
                return self.cursor;
            }
        }
        self.next_told(f, limit)
    }

    /// The first row from the cursor on, `limit` at most, in which the market alone tells that something may happen.
    #[inline]
    pub(super) fn next_told(&self, f: Frame<'_>, mut limit: usize) -> usize {
        let start = f.section.rows.start;
        if self.mind.position.is_some() || self.mind.decided != 0.0 || !self.mind.orders.is_empty() {
            for words in [f.session_last, f.session_missed] {
                if !words.is_empty() {
                    limit = next_set(words, self.cursor, limit).unwrap_or(limit);
                }
            }
        }
        // What is on its way may be taken back.
        if !self.mind.orders.is_empty() {
            for words in [f.blackout, f.opens_in_blackout] {
                if !words.is_empty() {
                    limit = next_set(words, self.cursor, limit).unwrap_or(limit);
                }
            }
        }
        let mut found = limit;
        let mut look = |source: Source, from: usize| match source {
            Source::Output(output) => {
                let from = from.max(self.cursor);
                if from < found
                    && let Some(at) = next_set(f.section.bits(f.layout, output), from - start, found - start)
                {
                    found = at + start;
                }
            }
            Source::Rule(_) => found = found.min(from.max(self.cursor)),
            Source::Number(x) => {
                if x == 1.0 {
                    found = found.min(from.max(self.cursor));
                }
            }
        };
        if self.mind.decided == 0.0 {
            self.mind.program.entry.iter().flatten().for_each(|s| look(*s, self.mind.cool_until));
        } else {
            let side = at_side(self.mind.decided);
            for exit in self.mind.program.exits[side].iter().filter(|e| e.kind == ExitKind::When) {
                match exit.source {
                    // It runs while the position is open, which is row by row.
                    Source::Rule(_) => {}
                    source => look(source, 0),
                }
            }
            if self.mind.program.opposite != Opposite::Ignore
                && let Some(source) = self.mind.program.entry[1 - side]
            {
                look(source, 0);
            }
        }
        found
    }

    /// All that happens in a row.
    pub(super) fn row(&mut self, f: Frame<'_>, row: usize, days: &mut [f64], record: &mut impl Record) {
        let fill = f.plan.execution.fill;
        if !f.opens_in_blackout.is_empty() && self.mind.has_on_the_way() && is_set(f.opens_in_blackout, row) {
            self.take_back_entries(f, row, days, record);
        }
        if f.plan.costs.has_carry() {
            self.pay_carry(f, row, days, record);
        }
        if !f.session_missed.is_empty() && is_set(f.session_missed, row) {
            self.miss_session();
        }
        if self.is_late {
            self.close_late(f, row, 0, days, record);
        }
        if fill.at == At::Open && !self.mind.orders.is_empty() {
            self.fill_due(f, row, f.prices[0][row], 0, days, record);
        }
        let is_restored = f.plan.execution.holding != Holding::Units;
        if is_restored {
            self.restore(f, row, 0, days, record);
        }
        if self.mind.waiting.is_some() {
            self.fill_waiting(f, row, days, record);
        }
        self.fill_resting(f, row, days, record);
        if self.is_late {
            self.close_late(f, row, 2, days, record);
        }
        if fill.at == At::Close {
            self.fill_due(f, row, f.prices[3][row], 2, days, record);
        }
        if !f.session_last.is_empty() && is_set(f.session_last, row) {
            self.end_session(f, row, days, record);
        }
        if is_restored {
            self.restore(f, row, 2, days, record);
        }
        self.decide(f, row, days, record);
        if fill.at == At::Close && fill.delay == 0 {
            self.fill_due(f, row, f.prices[3][row], 2, days, record);
        }
    }

    /// Fills what is due.
    #[inline]
    pub(super) fn fill_due(
        &mut self,
        f: Frame<'_>,
        row: usize,
        raw: f64,
        phase: u8,
        days: &mut [f64],
        record: &mut impl Record,
    ) {
        while let Some(order) = self.mind.orders.front().copied() {
            if order.due > row {
                return;
            }
            // Ruin at an earlier close comes to light when it is marked: nothing is told of what comes after it.
            self.mark_to(f, row, days);
            if self.account.ruin.is_some() {
                return;
            }
            let refused = if f.market.is_blocked(row) {
                Some(Refusal::Blocked)
            } else if raw.is_nan() {
                Some(Refusal::NoPrice)
            } else {
                None
            };
            match (order.what, refused) {
                (What::Exit(_, _), Some(why)) => {
                    // It waits for a bar that can be traded, and what follows it waits too.
                    let side = self.mind.position.as_ref().map_or(self.mind.decided, |p| p.side);
                    self.refuse(row, side, why, record);
                    self.mind.orders.iter_mut().for_each(|o| o.due = o.due.max(row + 1));
                    return;
                }
                (What::Weight(entry), Some(why)) => {
                    self.refuse(row, entry.side, why, record);
                    self.mind.orders.iter_mut().for_each(|o| o.due = o.due.max(row + 1));
                    return;
                }
                (What::Weight(entry), None) => {
                    self.mind.orders.pop_front();
                    (self.weight, self.mind.held_weight) = (entry.size, entry.size);
                    let Entry { signal_row, strength, .. } = entry;
                    let (is_free, is_maker) = (false, false);
                    let at = Point { row, raw, phase, is_free, is_maker, signal_row, strength };
                    self.rebalance(f, at, entry.size, Cause::Weight, days, record);
                }
                (What::Enter(entry), Some(why)) => {
                    self.refuse(row, entry.side, why, record);
                    self.mind.orders.pop_front();
                    self.mind.unbegin(entry.side);
                    self.mind.give_up();
                }
                (What::Exit(cause, signal_row), None) => {
                    self.mind.orders.pop_front();
                    self.exit(
                        f,
                        Way { row, raw, phase, is_maker: false, is_ambiguous: false },
                        cause,
                        signal_row,
                        days,
                        record,
                    );
                }
                (What::Enter(entry), None) => {
                    self.mind.orders.pop_front();
                    let way = Way { row, raw, phase, is_maker: false, is_ambiguous: false };
                    if !self.enter(f, way, entry, days, record) {
                        self.mind.give_up();
                    }
                }
            }
        }
    }

    pub(super) fn refuse(&mut self, row: usize, side: f64, why: Refusal, record: &mut impl Record) {
        self.tally.n_refused += 1;
        record.refuse(row, side, why);
    }

    /// The end of the run: what is open stays open, marked at the last close.
    pub(crate) fn finish(&mut self, market: &Market, end: usize) {
        if self.mind.position.is_some() && end > 0 {
            self.tally.count_days(&mut self.next_day_in, market.day()[end - 1] as usize);
        }
    }
}
