//! Decisions, the bar being complete: what is to be held once all orders are filled.

use qe_factors::plan::{Memory, Outside};

use super::record::{Cause, Record, Refusal};
use super::section::is_set;
use super::state::{Entry, Frame, Order, Waiting, Walk, What, at_side, number};
use crate::program::{EntryOrder, ExitKind, Opposite, Source};

impl Walk {
    /// The row in which a decision of this row is filled.
    #[inline]
    pub(super) fn due(f: Frame<'_>, row: usize) -> usize {
        f.plan.execution.fill.due(row, f.day, f.view.day_end, f.market.day_close())
    }

    /// Decides, the bar being complete.
    #[inline]
    pub(super) fn decide(&mut self, f: Frame<'_>, row: usize, days: &mut [f64], record: &mut impl Record) {
        if let Some(weight) = self.program.weight {
            if self.program.size.scale.is_some() || matches!(weight, Source::Rule(_)) {
                self.mark_to(f, row, days);
            }
            let scale = self.program.size.scale.map_or(1.0, |s| self.value(f, s, row, 1.0));
            let wanted = self.value(f, weight, row, 1.0) * scale;
            return self.decide_weight(f, row, wanted, days, record);
        }
        let mut exit = None;
        if let Some(position) = &mut self.position {
            let is_new = position.row == row;
            // An entry at this very close has been open for no bar yet.
            position.bars += f64::from(u8::from(!(is_new && position.phase == 2)));
            // Of the bar of an entry within it, or at its close, only the close is known to have come after.
            let is_whole = !is_new || position.phase == 0;
            let close = f.prices[3][row];
            position.high = position.high.max(if is_whole { f.prices[1][row] } else { close });
            position.low = position.low.min(if is_whole { f.prices[2][row] } else { close });
            let side = at_side(position.side);
            if self.has_rules[side] || self.has_resting[side] {
                exit = self.run_rules(f, row, f.view.marks[row]);
            }
        }
        if self.decided != 0.0 {
            let side = at_side(self.decided);
            // What reads the position asks for the one that is decided, not for one that is still to be left before it.
            let is_pending = self.waiting.is_some() || self.orders.iter().any(|o| matches!(o.what, What::Enter(_)));
            let exit = exit.filter(|_| !is_pending);
            let mut cause = None;
            for (i, e) in self.program.exits[side].iter().enumerate() {
                let is_met = match (e.kind, e.source) {
                    (ExitKind::When, Source::Output(output)) => {
                        is_set(f.section.bits(f.layout, output), row - f.section.rows.start)
                    }
                    (ExitKind::When, Source::Number(x)) => x == 1.0,
                    (ExitKind::When, Source::Rule(_)) => exit.is_some_and(|at| at == i),
                    _ => false,
                };
                if is_met {
                    cause = Some(Cause::Exit(e.reason));
                    break;
                }
            }
            let opposite = self.program.opposite;
            if cause.is_none() && opposite != Opposite::Ignore && self.is_entry(f, 1 - side, row) {
                cause = Some(Cause::Opposite);
            }
            let Some(cause) = cause else { return };
            // A resting entry that was not met yet is taken back; one on its way is followed.
            self.left = (self.decided, row);
            if self.waiting.take().is_some() {
                self.unbegin(self.decided);
            } else {
                self.orders.push_back(Order { due: Self::due(f, row), what: What::Exit(cause, row) });
            }
            self.decided = 0.0;
            if cause == Cause::Opposite && opposite == Opposite::Close {
                return;
            }
        }
        self.decide_entry(f, row, days, record);
    }

    /// Whether a side's entry is signalled.
    #[inline]
    pub(super) fn is_entry(&self, f: Frame<'_>, side: usize, row: usize) -> bool {
        match self.program.entry[side] {
            Some(Source::Output(output)) => is_set(f.section.bits(f.layout, output), row - f.section.rows.start),
            Some(Source::Number(x)) => x == 1.0,
            Some(Source::Rule(_)) | None => false,
        }
    }

    #[inline]
    pub(super) fn decide_entry(&mut self, f: Frame<'_>, row: usize, days: &mut [f64], record: &mut impl Record) {
        if row < self.cool_until {
            return;
        }
        let side = match (self.is_entry(f, 0, row), self.is_entry(f, 1, row)) {
            (true, false) => 1.0,
            (false, true) => -1.0,
            // Neither, or both, which is no opinion.
            _ => return,
        };
        if self.left == (side, row) || f.is_no_entry(row) {
            return;
        }
        let has_cooldown = self.program.cooldown_bars > 0 || self.program.cooldown_sessions > 0;
        if has_cooldown && self.orders.iter().any(|o| matches!(o.what, What::Exit(..))) {
            return;
        }
        // What rests does so from the next row on, however long orders of the market take.
        let due = if self.program.order == EntryOrder::Market { Self::due(f, row) } else { row + 1 };
        if due >= f.end {
            return;
        }
        if !self.program.gates.is_empty() || self.needs_account() {
            self.mark_to(f, row, days);
        }
        for i in 0..self.program.gates.len() {
            let gate = self.program.gates[i];
            if self.value(f, gate, row, side) != 1.0 {
                return self.refuse_entry(f, row, side, Refusal::Gate, days, record);
            }
        }
        let scale = self.program.size.scale.map_or(1.0, |s| self.value(f, s, row, side));
        let size = self.program.size.source;
        let size = self.value(f, size, row, side) * scale;
        let strength = self.program.strength.map_or(f64::NAN, |s| self.value(f, s, row, side));
        if size.is_nan() || size <= 0.0 {
            return self.refuse_entry(f, row, side, Refusal::NoSize, days, record);
        }
        let entry = Entry { side, size, strength, signal_row: row };
        let (level, n_bars, is_stop) = match self.program.order {
            EntryOrder::Market => (None, 0, false),
            EntryOrder::Limit { level, n_bars } => (level[at_side(side)], n_bars, false),
            EntryOrder::Stop { level, n_bars } => (level[at_side(side)], n_bars, true),
        };
        if let Some(level) = level {
            let level = self.value(f, level, row, side);
            if level.is_nan() {
                return self.refuse_entry(f, row, side, Refusal::NoPrice, days, record);
            }
            self.waiting = Some(Waiting { entry, level, is_stop, until: row + n_bars as usize });
        } else {
            self.orders.push_back(Order { due, what: What::Enter(entry) });
        }
        self.decided = side;
        let at = at_side(side);
        if self.has_rules[at] {
            self.begin(f, row, side);
        }
    }

    pub(super) fn needs_account(&self) -> bool {
        let reads = |s: Option<Source>| matches!(s, Some(Source::Rule(_)));
        reads(Some(self.program.size.source)) || reads(self.program.size.scale)
    }

    /// Runs the rules of an entry on the row of its signal. Another position of that side may still be open, so what they
    /// remember is kept apart until it is filled.
    pub(super) fn begin(&mut self, f: Frame<'_>, row: usize, side: f64) {
        let (at, levels) = (at_side(side), self.levels);
        let mut others = self.spare.pop().unwrap_or_default();
        others.clone_from(&self.memories[at]);
        self.memories[at].iter_mut().flatten().for_each(Memory::reset);
        self.run_rules_as(f, row, side, &Outside { pos_side: side, ..Outside::NONE });
        self.levels = levels;
        std::mem::swap(&mut self.memories[at], &mut others);
        self.begun.push_back(others);
    }

    /// A value for an entry: a number, an output in this row, or a rule over the account.
    #[inline]
    pub(super) fn value(&mut self, f: Frame<'_>, source: Source, row: usize, side: f64) -> f64 {
        match source {
            Source::Number(x) => x,
            Source::Output(_) => number(f, source, row),
            Source::Rule(idx) => {
                let Some(rule) = f.plan.compiled.rules().get(idx) else { return f64::NAN };
                let equity = self.account.worth(f.view.marks[row]);
                let outside = Outside {
                    cash: self.account.cash,
                    equity,
                    drawdown: self.account.drawdown(equity),
                    pos_side: side,
                    ..Outside::NONE
                };
                self.registers.clear();
                self.registers.extend(rule.inputs().iter().map(|o| number(f, Source::Output(*o), row)));
                rule.run(&self.registers, &outside, &mut rule.memory())
            }
        }
    }
}
