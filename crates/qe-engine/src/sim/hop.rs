//! From one decision to the next, where orders are filled at once.
//!
//! A strategy of market orders that are filled at the signal's close or at the next open has nothing on its way between two
//! bars but what the next price fills. So an entry is decided and filled, its rows are passed over, its exit is decided and
//! filled, without a queue and without a look at what cannot happen. What is near a section's end is left to
//! [`super::walk`], which does the same step by step.

use std::sync::Arc;

use qe_factors::plan::{MAX_COLUMNS, Outside, Plain, Rule};

use super::guards::Guards;
use super::record::{Cause, Record, Refusal};
use super::section::{is_set, next_set};
use super::state::{Frame, In, Walk, Way};
use crate::fills::{At, FillTiming, Holding};
use crate::market::Market;
use crate::mind::{Entry, Sight, at_side};
use crate::program::{EntryOrder, ExitKind, Opposite, Program, Source, StrategyPlan};

/// So many rows before a section's end are done step by step: a decision, the bar of its fill, and one in between.
const MARGIN: usize = 2;

impl Walk {
    /// Whether decisions may be filled at once.
    pub(super) fn may_hop(&self, plan: &StrategyPlan, market: &Market, guards: &Guards) -> bool {
        let (program, execution) = (&*self.mind.program, &plan.execution);
        let is_told = |s: &Option<Source>| matches!(s, None | Some(Source::Output(_)));
        [FillTiming::NEXT_OPEN, FillTiming::SIGNAL_CLOSE].contains(&execution.fill)
            && execution.holding == Holding::Units
            && guards.is_empty()
            && market.is_plain()
            && program.order == EntryOrder::Market
            && program.gates.is_empty()
            && program.weight.is_none()
            && program.entry.iter().all(is_told)
            && !self.mind.needs_account()
            && (0..2).all(|side| {
                let exits = &program.exits[side];
                self.glides[side].is_some()
                    && exits.iter().all(|e| e.kind == ExitKind::When && !matches!(e.source, Source::Number(_)))
            })
    }

    /// Goes on as long as decisions are filled well before `to`.
    pub(super) fn hop(&mut self, f: Frame<'_>, to: usize, days: &mut [f64], record: &mut impl Record) {
        if !self.mind.orders.is_empty() || (self.mind.position.is_none() && self.cursor + MARGIN >= to) {
            return;
        }
        let program = Arc::clone(&self.mind.program);
        let asked = [0, 1].map(|side| Asked::new(f, &program, side));
        while self.mind.orders.is_empty() && self.account.ruin.is_none() {
            if self.mind.position.is_none() {
                let from = self.cursor.max(self.mind.cool_until);
                let (row, side) = next_entry(f, &asked, from, to);
                // Of its row nothing is decided yet.
                self.cursor = row.max(self.cursor);
                if row + MARGIN >= to {
                    return;
                }
                self.cursor = row + 1;
                if !self.hop_in(f, &asked, row, side, days, record) {
                    continue;
                }
            }
            if !self.hop_out(f, &asked, to, days, record) {
                return;
            }
        }
    }

    /// Decides an entry in a row, and fills it. Says whether a position is open then.
    fn hop_in(
        &mut self,
        f: Frame<'_>,
        asked: &[Asked<'_>; 2],
        row: usize,
        side: f64,
        days: &mut [f64],
        record: &mut impl Record,
    ) -> bool {
        let size = self.mind.program.size;
        let scale = size.scale.map_or(1.0, |s| In(f, row).told(s));
        let size = In(f, row).told(size.source) * scale;
        if size.is_nan() || size <= 0.0 {
            self.refuse_entry(f, row, side, Refusal::NoSize, days, record);
            return false;
        }
        let strength = self.mind.program.strength.map_or(f64::NAN, |s| In(f, row).told(s));
        let way = self.way(f, row);
        self.mark_to(f, way.row, days);
        if self.account.ruin.is_some() {
            return false;
        }
        let entry = Entry { side, size, strength, signal_row: row };
        let is_entered = self.enter_units(f, way, entry, record);
        self.mind.decided = if is_entered { side } else { 0.0 };
        if let Some(position) = self.mind.position.as_ref().filter(|_| is_entered) {
            // At the signal, and then as of the entry, before which the signal's row is the last that is complete.
            let signal = Outside { pos_side: side, ..Outside::NONE };
            let entry = Outside {
                entry_price: position.price,
                pos_bars: 0.0,
                pos_high: way.raw,
                pos_low: way.raw,
                pos_pnl_frac: side * (way.raw / position.price - 1.0),
                pos_side: side,
                ..Outside::NONE
            };
            let at = at_side(side);
            for ruled in &asked[at].rules {
                let Some(memory) = &mut self.mind.memories[at][ruled.exit] else { continue };
                let place = row + 1 - f.section.rows.start;
                let mut inputs = [f64::NAN; MAX_COLUMNS];
                inputs.iter_mut().zip(&ruled.columns).for_each(|(input, column)| *input = column[place]);
                let inputs = &inputs[..ruled.rule.inputs().len()];
                ruled.rule.begin(inputs, &signal, memory);
                ruled.rule.enter(inputs, &entry, memory);
            }
        }
        is_entered
    }

    /// How a decision of a row is filled.
    #[inline]
    fn way(&self, f: Frame<'_>, row: usize) -> Way {
        let (row, raw, phase) = match f.plan.execution.fill.at {
            At::Open => (row + 1, f.prices[0][row + 1], 0),
            At::Close => (row, f.prices[3][row], 2),
        };
        Way { row, raw, phase, is_maker: false, is_ambiguous: false }
    }

    /// Passes over the open position's rows, decides its exit, and fills it, and an entry of the other side in that row.
    /// Says whether all of it was well before `to`.
    fn hop_out(
        &mut self,
        f: Frame<'_>,
        asked: &[Asked<'_>; 2],
        to: usize,
        days: &mut [f64],
        record: &mut impl Record,
    ) -> bool {
        let Some((side, since)) = self.mind.position.as_ref().map(|p| (p.side, p.row)) else { return true };
        let at = at_side(side);
        let Some(glide) = self.glides[at] else { return false };
        if self.mind.decided != side {
            return false;
        }
        let from = self.cursor;
        let met = if asked[at].is_plain { self.pass_plain(f, asked, at, to) } else { self.pass(f, at, glide, to) };
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
        let cause = self.cause(f, asked, row, at, met);
        self.mind.left = (side, row);
        self.exit(f, self.way(f, row), cause, row, days, record);
        self.mind.decided = 0.0;
        self.cursor = row + 1;
        let is_closed = cause == Cause::Opposite && self.mind.program.opposite == Opposite::Close;
        let place = row - f.section.rows.start;
        if !self.mind.has_cooldown()
            && !is_closed
            && self.account.ruin.is_none()
            && asked[1 - at].is_entry(place)
            && !asked[at].is_entry(place)
        {
            self.hop_in(f, asked, row, -side, days, record);
        }
        true
    }

    /// As [`Walk::pass`], of exits that are told or compare a column with what does not change.
    fn pass_plain(&mut self, f: Frame<'_>, asked: &[Asked<'_>; 2], at: usize, to: usize) -> Option<usize> {
        let (start, from) = (f.section.rows.start, self.cursor);
        let (mut met, mut end) = (None, to - start);
        let (own, other) = (&asked[at], &asked[1 - at]);
        let is_left = (self.mind.program.opposite != Opposite::Ignore).then_some(other.entry);
        for bits in own.told.iter().map(|(_, bits)| *bits).chain(is_left.filter(|bits| !bits.is_empty())) {
            end = next_set(bits, from - start, end).unwrap_or(end);
        }
        for ruled in &own.rules {
            let (Some(plain), Some(memory)) = (ruled.plain, &self.mind.memories[at][ruled.exit]) else { continue };
            let values = &ruled.columns[plain.column][from + 1 - start..end + 1];
            if let Some(n) = plain.first_true(values, memory) {
                (met, end) = (Some(ruled.exit), from - start + n);
            }
        }
        self.cursor = start + end;
        let glide = self.glides[at]?;
        let position = self.mind.position.as_mut()?;
        position.pass(f, from..start + end, glide.reads_extremes);
        met
    }

    /// Why a position is left in a row, `met` being the exit that is known to be true there, if one is.
    fn cause(&mut self, f: Frame<'_>, asked: &[Asked<'_>; 2], row: usize, at: usize, met: Option<usize>) -> Cause {
        let place = row - f.section.rows.start;
        let told = asked[at].told.iter().find(|(_, bits)| is_set(bits, place)).map(|(exit, _)| *exit);
        let mut first = [told, met].into_iter().flatten().min();
        let last = first.unwrap_or(usize::MAX);
        // Another rule may be true in this row and come before it.
        if asked[at].rules.iter().any(|ruled| ruled.exit < last) {
            if let Some(position) = &mut self.mind.position {
                position.pass(f, row..row + 1, true);
            }
            first = [told, self.mind.run_rules(&In(f, row), f.view.marks[row])].into_iter().flatten().min();
        }
        // Nothing but the other side's entry can have told it else.
        first.map_or(Cause::Opposite, |e| Cause::Exit(self.mind.program.exits[at][e].reason))
    }
}

/// What one side asks of a section, looked up once.
struct Asked<'a> {
    entry: &'a [u64],
    /// Exits that bitmaps tell, by their places.
    told: Vec<(usize, &'a [u64])>,
    rules: Vec<Ruled<'a>>,
    /// Whether each rule compares a column with what does not change.
    is_plain: bool,
}

/// An exit that is a rule.
struct Ruled<'a> {
    exit: usize,
    rule: &'a Rule,
    plain: Option<Plain>,
    /// Its inputs: first the row before the section, then the section's.
    columns: Vec<&'a [f64]>,
}

impl<'a> Asked<'a> {
    fn new(f: Frame<'a>, program: &Program, side: usize) -> Self {
        let entry = match program.entry[side] {
            Some(Source::Output(output)) => f.section.bits(f.layout, output),
            _ => &[],
        };
        let (mut told, mut rules) = (Vec::new(), Vec::new());
        for (exit, asked) in program.exits[side].iter().enumerate() {
            match asked.source {
                Source::Output(output) => told.push((exit, f.section.bits(f.layout, output))),
                Source::Rule(idx) => {
                    let Some(rule) = f.plan.compiled.rules().get(idx) else { continue };
                    let columns = rule.inputs().iter().map(|o| f.section.numbers(f.layout, *o)).collect();
                    rules.push(Ruled { exit, rule, plain: rule.plain(), columns });
                }
                Source::Number(_) => {}
            }
        }
        let is_plain = rules.iter().all(|ruled| ruled.plain.is_some());
        Self { entry, told, rules, is_plain }
    }

    #[inline]
    fn is_entry(&self, place: usize) -> bool {
        !self.entry.is_empty() && is_set(self.entry, place)
    }
}

/// The first row in which exactly one side is signalled, `to` at most, and the side.
fn next_entry(f: Frame<'_>, asked: &[Asked<'_>; 2], from: usize, to: usize) -> (usize, f64) {
    let start = f.section.rows.start;
    let (mut row, end) = (from.max(start) - start, to - start);
    while row < end {
        let w = row / 64;
        let [l, s] = [0, 1].map(|side| asked[side].entry.get(w).copied().unwrap_or(0));
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
