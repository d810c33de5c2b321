//! Decisions, the bar being complete: what is to be held once all orders are filled.

use qe_factors::plan::Outside;

use super::blackout::is_more;
use super::{Entry, Mind, Order, Waiting, What, World, at_side};
use crate::ledger::{Cause, Refusal};
use crate::program::{EntryOrder, ExitKind, Opposite, Source};

impl Mind {
    /// Decides, the bar being complete.
    #[inline]
    pub(crate) fn decide(&mut self, w: &mut impl World) {
        if self.has_on_the_way() && w.is_blackout() {
            self.take_back_entries(|side| w.refuse(side, Refusal::Blackout));
        }
        if let Some(weight) = self.program.weight {
            if self.program.size.scale.is_some() || matches!(weight, Source::Rule(_)) {
                w.settle();
            }
            let scale = self.program.size.scale.map_or(1.0, |s| self.value(w, s, 1.0));
            let wanted = self.value(w, weight, 1.0) * scale;
            return self.decide_weight(w, wanted);
        }
        let mut exit = None;
        if let Some(position) = &mut self.position {
            position.see(w.row(), w.extremes());
            let side = at_side(position.side);
            if self.has_rules[side] || self.has_resting[side] {
                exit = self.run_rules(w, w.mark());
            }
        }
        if self.decided != 0.0 {
            let Some(cause) = self.why_leave(w, exit) else { return };
            // A resting entry that was not met yet is taken back; one on its way is followed.
            self.left = (self.decided, w.row());
            if self.waiting.take().is_some() {
                self.unbegin(self.decided);
            } else {
                self.orders.push_back(Order { due: w.due(), what: What::Exit(cause, w.row()) });
            }
            self.decided = 0.0;
            if cause == Cause::Opposite && self.program.opposite == Opposite::Close {
                return;
            }
        }
        self.decide_entry(w);
    }

    /// Why what is decided is to be left, if it is; `met` is the rule of an exit that is true.
    #[inline]
    fn why_leave(&self, w: &impl World, met: Option<usize>) -> Option<Cause> {
        let side = at_side(self.decided);
        // What reads the position asks for the one that is decided, not for one that is still to be left before it.
        let is_pending = self.waiting.is_some() || self.orders.iter().any(|o| matches!(o.what, What::Enter(_)));
        let met = met.filter(|_| !is_pending);
        for (i, e) in self.program.exits[side].iter().enumerate() {
            let is_met = match (e.kind, e.source) {
                (ExitKind::When, Source::Output(output)) => w.is_true(output),
                (ExitKind::When, Source::Number(x)) => x == 1.0,
                (ExitKind::When, Source::Rule(_)) => met.is_some_and(|at| at == i),
                _ => false,
            };
            if is_met {
                return Some(Cause::Exit(e.reason));
            }
        }
        let is_left = self.program.opposite != Opposite::Ignore && self.is_entry(w, 1 - side);
        is_left.then_some(Cause::Opposite)
    }

    /// Whether a side's entry is signalled.
    #[inline]
    fn is_entry(&self, w: &impl World, side: usize) -> bool {
        match self.program.entry[side] {
            Some(Source::Output(output)) => w.is_true(output),
            Some(Source::Number(x)) => x == 1.0,
            Some(Source::Rule(_)) | None => false,
        }
    }

    #[inline]
    fn decide_entry(&mut self, w: &mut impl World) {
        let row = w.row();
        if row < self.cool_until {
            return;
        }
        let side = match (self.is_entry(w, 0), self.is_entry(w, 1)) {
            (true, false) => 1.0,
            (false, true) => -1.0,
            // Neither, or both, which is no opinion.
            _ => return,
        };
        let is_later = self.program.order != EntryOrder::Market || !w.fills_now();
        if self.left == (side, row) || w.is_no_entry() || (is_later && w.is_blackout()) {
            return;
        }
        if self.has_cooldown() && self.orders.iter().any(|o| matches!(o.what, What::Exit(..))) {
            return;
        }
        // What rests does so from the next row on, however long orders of the market take.
        let due = if self.program.order == EntryOrder::Market { w.due() } else { row + 1 };
        if w.is_over(due) {
            return;
        }
        if !self.program.gates.is_empty() || self.needs_account() {
            w.settle();
        }
        for i in 0..self.program.gates.len() {
            let gate = self.program.gates[i];
            if self.value(w, gate, side) != 1.0 {
                return w.refuse(side, Refusal::Gate);
            }
        }
        let scale = self.program.size.scale.map_or(1.0, |s| self.value(w, s, side));
        let size = self.program.size.source;
        let size = self.value(w, size, side) * scale;
        let strength = self.program.strength.map_or(f64::NAN, |s| self.value(w, s, side));
        if size.is_nan() || size <= 0.0 {
            return w.refuse(side, Refusal::NoSize);
        }
        let entry = Entry { side, size, strength, signal_row: row };
        let (level, n_bars, is_stop) = match self.program.order {
            EntryOrder::Market => (None, 0, false),
            EntryOrder::Limit { level, n_bars } => (level[at_side(side)], n_bars, false),
            EntryOrder::Stop { level, n_bars } => (level[at_side(side)], n_bars, true),
        };
        if let Some(level) = level {
            let level = self.value(w, level, side);
            if level.is_nan() {
                return w.refuse(side, Refusal::NoPrice);
            }
            self.waiting = Some(Waiting { entry, level, is_stop, until: row + n_bars as usize });
        } else {
            self.orders.push_back(Order { due, what: What::Enter(entry) });
        }
        self.decided = side;
        if self.has_rules[at_side(side)] {
            self.begin(w, side);
        }
    }

    /// Decides a change of the weight that a series tells, the bar being complete.
    fn decide_weight(&mut self, w: &mut impl World, wanted: f64) {
        // A missing weight is no opinion.
        if wanted.is_nan() || wanted == self.decided_weight {
            return;
        }
        let (row, due) = (w.row(), w.due());
        let side = if wanted < 0.0 { -1.0 } else { 1.0 };
        let is_forbidden = w.is_no_entry() || (!w.fills_now() && w.is_blackout());
        if w.is_over(due) || (is_more(wanted, self.decided_weight) && (row < self.cool_until || is_forbidden)) {
            return;
        }
        let (most, why) = most_weight(self.program.size.limit_frac, w.most());
        let weight = if wanted.abs() > most {
            w.refuse(side, why);
            side * most
        } else {
            wanted
        };
        self.decided_weight = wanted;
        self.decided = if wanted == 0.0 { 0.0 } else { side };
        let entry = Entry { side, size: weight, strength: f64::NAN, signal_row: row };
        self.orders.push_back(Order { due, what: What::Weight(entry) });
    }

    /// A value for an entry: a number, an output in this row, or a rule over the account.
    #[inline]
    fn value(&mut self, w: &impl World, source: Source, side: f64) -> f64 {
        let Source::Rule(idx) = source else { return w.told(source) };
        let Some(rule) = w.rule(idx) else { return f64::NAN };
        let wallet = w.wallet();
        let outside = Outside {
            cash: wallet.cash,
            equity: wallet.equity,
            drawdown: wallet.drawdown,
            pos_side: side,
            ..Outside::NONE
        };
        self.registers.clear();
        self.registers.extend(rule.inputs().iter().map(|o| w.number(*o)));
        rule.run(&self.registers, &outside, &mut rule.memory())
    }
}

/// The most of worth that a weight may be, and why no more: the bound that makes it less, leverage where it goes further.
pub(crate) fn most_weight(limit_frac: f64, leverage: f64) -> (f64, Refusal) {
    match leverage < limit_frac {
        true => (leverage, Refusal::CappedByLeverage),
        false => (limit_frac, Refusal::CappedByLimit),
    }
}
