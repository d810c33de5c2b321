//! One point's walk over the rows: what is decided when a bar is complete, and what is filled when.
//!
//! In each row, in this order: orders due at the open; what rests in the market, along the bar's path; orders due at the
//! close; the session's end; then, the bar being complete, decisions. Nothing is decided between two events that the bitmaps
//! tell, so the walk jumps from one to the next. What is decided lives a delay ahead of what is filled: an exit that is
//! decided while its entry is still to be filled follows it.

use std::collections::VecDeque;
use std::sync::Arc;

use qe_factors::plan::{Memory, Outside};

use super::account::{Account, StepForm, View};
use super::record::{Cause, Fill, Record, Refusal};
use super::section::{Layout, Section, is_set, next_set};
use super::simple::Simple;
use super::weights::Point;
use crate::fills::{At, Count, Entered, Exit as Hit, Holding, Resting, Touched, hit_or_other, limit_fill, stop_fill};
use crate::market::Market;
use crate::program::{EntryOrder, Exit, ExitKind, Opposite, Program, SizeKind, Source, StrategyPlan};

/// What is the same for all points in a section.
#[derive(Clone, Copy)]
pub(crate) struct Frame<'a> {
    pub(crate) plan: &'a StrategyPlan,
    pub(crate) market: &'a Market,
    /// Its prices, days and tables, as accounts read them.
    pub(crate) view: View<'a>,
    /// The prices of each row: open, high, low, close.
    pub(crate) prices: [&'a [f64]; 4],
    /// The day of each row.
    pub(crate) day: &'a [u32],
    pub(crate) section: &'a Section,
    pub(crate) layout: &'a Layout,
    /// Rows in which nothing may be entered, 64 a word from the market's first; empty if none.
    pub(crate) no_entry: &'a [u64],
    /// The last rows of sessions, 64 a word; empty if positions are kept overnight.
    pub(crate) session_last: &'a [u64],
    /// The row after the run's last.
    pub(crate) end: usize,
    /// A row in which prices come in the order that the policy does not choose.
    pub(crate) flip: Option<usize>,
}

impl Frame<'_> {
    /// Whether nothing may be entered in a row.
    #[inline]
    pub(super) fn is_no_entry(&self, row: usize) -> bool {
        !self.no_entry.is_empty() && is_set(self.no_entry, row)
    }
}

/// An order on its way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order {
    pub(super) due: usize,
    pub(super) what: What,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum What {
    Enter(Entry),
    /// To hold this weight.
    Weight(Entry),
    Exit(Cause, usize),
}

/// An entry that was decided.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) side: f64,
    /// Its size, as of the signal, scaled.
    pub(super) size: f64,
    pub(super) strength: f64,
    pub(super) signal_row: usize,
}

/// An entry order that rests in the market.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    entry: Entry,
    level: f64,
    is_stop: bool,
    /// The last row in which it can be filled.
    until: usize,
}

/// An open position.
#[derive(Debug, Clone)]
pub(super) struct Position {
    pub(super) side: f64,
    pub(super) units: f64,
    /// What was paid for each, spread and slippage included.
    pub(super) price: f64,
    pub(super) row: usize,
    /// At the bar's open (0), within it (1), at its close (2).
    pub(super) phase: u8,
    pub(super) bars: f64,
    pub(super) high: f64,
    pub(super) low: f64,
    /// Cash before it was opened.
    pub(super) cash_before: f64,
    /// Whether some bar did not say which way it went.
    pub(super) is_undecided: bool,
}

/// The nearest levels that rest, and whose they are.
#[derive(Debug, Clone, Copy)]
struct Levels {
    stop: f64,
    target: f64,
    trail: f64,
    reasons: [u16; 3],
}

impl Levels {
    const NONE: Self = Self { stop: f64::NAN, target: f64::NAN, trail: f64::NAN, reasons: [0; 3] };
}

/// What trades came to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Tally {
    pub(crate) n_trades: u64,
    pub(crate) n_wins: u64,
    pub(crate) n_losses: u64,
    pub(crate) sum_win: f64,
    pub(crate) sum_loss: f64,
    pub(crate) turnover: f64,
    pub(crate) cost: f64,
    pub(crate) carry: f64,
    pub(crate) n_days_in_market: u64,
    pub(crate) n_undecided: u64,
    pub(crate) n_refused: u64,
    pub(crate) n_bars_held: u64,
}

impl Tally {
    /// This and what came after; money of the later one grows with what this left.
    pub(crate) fn and(self, next: Self, grown: f64) -> Self {
        Self {
            n_trades: self.n_trades + next.n_trades,
            n_wins: self.n_wins + next.n_wins,
            n_losses: self.n_losses + next.n_losses,
            sum_win: self.sum_win + next.sum_win * grown,
            sum_loss: self.sum_loss + next.sum_loss * grown,
            turnover: self.turnover + next.turnover,
            cost: self.cost + next.cost * grown,
            carry: self.carry + next.carry * grown,
            n_days_in_market: self.n_days_in_market + next.n_days_in_market,
            n_undecided: self.n_undecided + next.n_undecided,
            n_refused: self.n_refused + next.n_refused,
            n_bars_held: self.n_bars_held + next.n_bars_held,
        }
    }

    /// Counts a round trip that is over.
    #[inline(always)]
    pub(super) fn count(&mut self, pnl: f64, n_bars: usize) {
        self.n_trades += 1;
        self.n_wins += u64::from(pnl > 0.0);
        self.n_losses += u64::from(pnl < 0.0);
        self.sum_win += if pnl > 0.0 { pnl } else { 0.0 };
        self.sum_loss -= if pnl < 0.0 { pnl } else { 0.0 };
        self.n_bars_held += n_bars as u64;
    }

    /// Counts the days up to one, from the next that is not counted yet, as days in the market.
    #[inline(always)]
    pub(super) fn count_days(&mut self, next: &mut usize, last: usize) {
        if last >= *next {
            self.n_days_in_market += (last + 1 - *next) as u64;
            *next = last + 1;
        }
    }
}

impl Position {
    #[inline(always)]
    pub(super) fn new(side: f64, units: f64, price: f64, raw: f64, row: usize, phase: u8, cash_before: f64) -> Self {
        Self { side, units, price, row, phase, bars: 0.0, high: raw, low: raw, cash_before, is_undecided: false }
    }
}

/// One point's walk.
#[derive(Debug, Clone)]
pub(crate) struct Walk {
    pub(super) program: Arc<Program>,
    pub(crate) account: Account,
    pub(crate) tally: Tally,
    pub(super) cursor: usize,
    pub(super) first_day: usize,
    pub(super) orders: VecDeque<Order>,
    waiting: Option<Waiting>,
    /// The side that is held once all orders are filled: 1, -1, or 0.
    pub(super) decided: f64,
    pub(super) position: Option<Position>,
    /// What the rules of each exit remember, long and short.
    pub(super) memories: [Vec<Option<Memory>>; 2],
    /// What the rules of entries remember that are decided and not filled yet, in the order of their decisions.
    begun: VecDeque<Vec<Option<Memory>>>,
    levels: Levels,
    /// Which of the two has rules, and which has levels that rest.
    pub(super) has_rules: [bool; 2],
    pub(super) has_resting: [bool; 2],
    /// Nothing is entered before this row.
    pub(super) cool_until: usize,
    /// The side that was last left, and where: it is not entered again in that row.
    pub(super) left: (f64, usize),
    /// The next day that has not been counted as a day in the market.
    pub(super) next_day_in: usize,
    /// The weight that is held, where weights are held, and the one that was last decided.
    pub(super) weight: f64,
    pub(super) decided_weight: f64,
    /// The row and the phase in which a weight was last traded to.
    pub(super) weighed: (usize, u8),
    registers: Vec<f64>,
    /// What is simple about it, if it is.
    pub(super) simple: Option<Simple>,
}

/// The place of a side in pairs.
#[inline]
pub(super) fn at_side(side: f64) -> usize {
    usize::from(side < 0.0)
}

impl Walk {
    /// A walk that begins with money alone in this row.
    pub(crate) fn new(
        program: &Arc<Program>,
        plan: &StrategyPlan,
        start: usize,
        first_day: usize,
        daily: bool,
    ) -> Self {
        let is_all_in = program.is_all_in(&plan.execution, &plan.costs);
        let form = if is_all_in { StepForm::Prefix } else { StepForm::Lanes };
        let rule = |exit: &Exit| match exit.source {
            Source::Rule(idx) => plan.compiled.rules().get(idx).map(qe_factors::plan::Rule::memory),
            _ => None,
        };
        let memories = [0, 1].map(|side| program.exits[side].iter().map(rule).collect::<Vec<_>>());
        let has_rules = [0, 1].map(|side| memories[side].iter().any(Option::is_some));
        let has_resting = [0, 1].map(|side| program.exits[side].iter().any(|e| e.kind != ExitKind::When));
        Self {
            account: Account::new(plan.execution.capital, start, if daily { first_day } else { usize::MAX }, form),
            tally: Tally::default(),
            cursor: start,
            first_day,
            orders: VecDeque::with_capacity(4),
            waiting: None,
            decided: 0.0,
            position: None,
            memories,
            begun: VecDeque::new(),
            levels: Levels::NONE,
            has_rules,
            has_resting,
            cool_until: 0,
            left: (0.0, usize::MAX),
            next_day_in: 0,
            weight: 0.0,
            decided_weight: 0.0,
            weighed: (usize::MAX, 0),
            registers: Vec::new(),
            simple: None,
            program: Arc::clone(program),
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
            self.glide(f, to);
            let row = self.next_event(f, to);
            if row >= to {
                break;
            }
            self.row(f, row, days, record);
            self.cursor = row + 1;
        }
        self.cursor = self.cursor.max(to);
        self.mark_to(f, to, days);
    }

    /// Passes over rows in which the position is held and nothing can happen but that its only exit, a rule of the market
    /// since the entry, is run and is not true.
    #[inline]
    fn glide(&mut self, f: Frame<'_>, to: usize) {
        let Some(position) = &mut self.position else { return };
        let side = at_side(position.side);
        let [Exit { kind: ExitKind::When, source: Source::Rule(rule), .. }] = self.program.exits[side][..] else {
            return;
        };
        let is_held = self.orders.is_empty() && self.decided == position.side && position.row < self.cursor;
        let is_plain = f.plan.execution.holding == Holding::Units
            && f.session_last.is_empty()
            && !f.plan.costs.has_carry()
            && self.program.opposite == Opposite::Ignore
            && self.waiting.is_none();
        let (true, true, Some(rule), Some(memory)) =
            (is_held, is_plain, f.plan.compiled.rules().get(rule), &mut self.memories[side][0])
        else {
            return;
        };
        if !rule.can_run_until_true() {
            return;
        }
        let start = f.section.rows.start;
        let column = |output: &usize| f.section.numbers(f.layout, *output).get(self.cursor + 1 - start..to + 1 - start);
        let columns: Vec<&[f64]> = rule.inputs().iter().map(|o| column(o).unwrap_or(&[])).collect();
        let n = rule.run_until_true(&columns, memory);
        let rows = self.cursor..self.cursor + n;
        position.bars += n as f64;
        position.high = f.prices[1][rows.clone()].iter().fold(position.high, |high, x| high.max(*x));
        position.low = f.prices[2][rows.clone()].iter().fold(position.low, |low, x| low.min(*x));
        self.cursor = rows.end;
    }

    #[inline]
    pub(super) fn mark_to(&mut self, f: Frame<'_>, row: usize, days: &mut [f64]) {
        self.account.mark_to(row, f.view, days, self.first_day);
        if self.account.ruin.is_some() && self.position.is_some() {
            self.end_in_ruin(f);
        }
    }

    /// The first row from the cursor on in which something may happen.
    #[inline]
    fn next_event(&self, f: Frame<'_>, to: usize) -> usize {
        let mut limit = to;
        if let Some(order) = self.orders.front() {
            if order.due <= self.cursor {
                return self.cursor;
            }
            limit = limit.min(order.due);
        }
        if self.waiting.is_some() || self.program.weight.is_some() {
            return self.cursor;
        }
        if let Some(position) = &self.position {
            let side = at_side(position.side);
            let is_by_row = f.plan.costs.has_carry() || f.plan.execution.holding != Holding::Units;
            if self.has_rules[side] || self.has_resting[side] || is_by_row {
                return self.cursor;
            }
        }
        let start = f.section.rows.start;
        if !f.session_last.is_empty()
            && (self.position.is_some() || self.decided != 0.0 || !self.orders.is_empty())
            && let Some(last) = next_set(f.session_last, self.cursor, limit)
        {
            limit = last;
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
        if self.decided == 0.0 {
            self.program.entry.iter().flatten().for_each(|s| look(*s, self.cool_until));
        } else {
            let side = at_side(self.decided);
            for exit in self.program.exits[side].iter().filter(|e| e.kind == ExitKind::When) {
                match exit.source {
                    // It runs while the position is open, which is row by row.
                    Source::Rule(_) => {}
                    source => look(source, 0),
                }
            }
            if self.program.opposite != Opposite::Ignore
                && let Some(source) = self.program.entry[1 - side]
            {
                look(source, 0);
            }
        }
        found
    }

    /// All that happens in a row.
    fn row(&mut self, f: Frame<'_>, row: usize, days: &mut [f64], record: &mut impl Record) {
        let fill = f.plan.execution.fill;
        if f.plan.costs.has_carry() {
            self.pay_carry(f, row, days, record);
        }
        if fill.at == At::Open {
            self.fill_due(f, row, f.prices[0][row], 0, days, record);
        }
        let is_restored = f.plan.execution.holding != Holding::Units;
        if is_restored {
            self.restore(f, row, 0, days, record);
        }
        if self.waiting.is_some() {
            self.fill_waiting(f, row, days, record);
        }
        self.fill_resting(f, row, days, record);
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
    fn fill_due(&mut self, f: Frame<'_>, row: usize, raw: f64, phase: u8, days: &mut [f64], record: &mut impl Record) {
        while let Some(order) = self.orders.front().copied() {
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
                    let side = self.position.as_ref().map_or(self.decided, |p| p.side);
                    self.refuse(row, side, why, record);
                    self.orders.iter_mut().for_each(|o| o.due = o.due.max(row + 1));
                    return;
                }
                (What::Weight(entry), Some(why)) => {
                    self.refuse(row, entry.side, why, record);
                    self.orders.iter_mut().for_each(|o| o.due = o.due.max(row + 1));
                    return;
                }
                (What::Weight(entry), None) => {
                    self.orders.pop_front();
                    self.weight = entry.size;
                    let at = Point { row, raw, phase, is_free: false, signal_row: entry.signal_row };
                    self.rebalance(f, at, entry.size, Cause::Weight, days, record);
                }
                (What::Enter(entry), Some(why)) => {
                    self.refuse(row, entry.side, why, record);
                    self.orders.pop_front();
                    self.unbegin(entry.side);
                    self.give_up();
                }
                (What::Exit(cause, signal_row), None) => {
                    self.orders.pop_front();
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
                    self.orders.pop_front();
                    let way = Way { row, raw, phase, is_maker: false, is_ambiguous: false };
                    if !self.enter(f, way, entry, days, record) {
                        self.give_up();
                    }
                }
            }
        }
    }

    /// The entry that was the first order came to nothing: its exit goes with it, if that is decided already. What was
    /// decided after that stands.
    fn give_up(&mut self) {
        match self.orders.front() {
            Some(Order { what: What::Exit(..), .. }) => drop(self.orders.pop_front()),
            _ => self.decided = 0.0,
        }
    }

    pub(super) fn refuse(&mut self, row: usize, side: f64, why: Refusal, record: &mut impl Record) {
        self.tally.n_refused += 1;
        record.refuse(row, side, why);
    }

    /// As [`Walk::refuse`], of an entry that is not decided for this reason; not told of an account that is ruined.
    pub(super) fn refuse_entry(
        &mut self,
        f: Frame<'_>,
        row: usize,
        side: f64,
        why: Refusal,
        days: &mut [f64],
        record: &mut impl Record,
    ) {
        self.mark_to(f, row, days);
        let is_lost = f.plan.execution.fill.delay > 0 && self.account.worth(f.view.marks[row]) <= 0.0;
        if self.account.ruin.is_none() && !is_lost {
            self.refuse(row, side, why, record);
        }
    }

    /// How much wider spreads are for a fill: as of the last row that is complete then.
    #[inline]
    pub(super) fn wide(f: Frame<'_>, row: usize, phase: u8) -> f64 {
        match (f.plan.spread_multiplier, row.checked_sub(usize::from(phase < 2))) {
            (Some(source), Some(known)) => number(f, source, known).max(1.0),
            _ => 1.0,
        }
    }

    /// Opens a position; `false` if its size comes to nothing.
    pub(super) fn enter(
        &mut self,
        f: Frame<'_>,
        way: Way,
        entry: Entry,
        days: &mut [f64],
        record: &mut impl Record,
    ) -> bool {
        self.mark_to(f, way.row, days);
        if self.account.ruin.is_some() {
            return false;
        }
        if let Some(why) = f.market.entry_refusal(way.row, entry.side) {
            self.refuse(way.row, entry.side, why, record);
            self.unbegin(entry.side);
            return false;
        }
        let side = at_side(entry.side);
        if self.has_rules[side]
            && let Some(begun) = self.begun.pop_front()
        {
            self.memories[side] = begun;
        }
        let is_by_weight = f.plan.execution.holding != Holding::Units;
        let is_entered = match is_by_weight {
            true => self.enter_weight(f, way, entry, days, record),
            false => self.enter_units(f, way, entry, record),
        };
        self.levels = Levels::NONE;
        if is_entered && (self.has_rules[side] || self.has_resting[side]) {
            // What hangs on the price that was paid is known only now. The market is as of the last complete row.
            let row = if way.phase < 2 { way.row.saturating_sub(1) } else { way.row };
            self.run_rules(f, row, way.raw);
        }
        is_entered
    }

    /// By what fraction a fill of so many units moves the price.
    #[inline]
    pub(super) fn impact(f: Frame<'_>, row: usize, units: f64) -> f64 {
        match f.plan.costs.impact_coef {
            0.0 => 0.0,
            coef => f.market.cost_inputs().impact(f.day[row] as usize, units, coef),
        }
    }

    /// Opens a position of units that are held.
    fn enter_units(&mut self, f: Frame<'_>, way: Way, entry: Entry, record: &mut impl Record) -> bool {
        let costs = &f.plan.costs;
        let half = if way.is_maker { 0.0 } else { costs.half_cost(Self::wide(f, way.row, way.phase)) };
        let price = way.raw * (1.0 + entry.side * half);
        let equity = self.account.worth(way.raw);
        let leverage = f.plan.execution.leverage;
        let (units, capped) = self.program.size.units(entry.size, equity, price, way.is_maker, leverage, costs);
        if let Some(why) = capped {
            self.refuse(way.row, entry.side, why, record);
        }
        if units == 0.0 {
            self.refuse(way.row, entry.side, Refusal::NoSize, record);
            return false;
        }
        let impact = if way.is_maker { 0.0 } else { Self::impact(f, way.row, units) };
        if impact.is_nan() {
            self.refuse(way.row, entry.side, Refusal::NoCostInput, record);
            return false;
        }
        let price = price + entry.side * impact * way.raw;
        let cash_before = self.account.cash;
        let fee = costs.fee(units, price, way.is_maker);
        self.account.fill(entry.side * units, price, fee);
        self.tally.turnover += units * way.raw / equity;
        self.tally.cost += (price - way.raw).abs() * units + fee;
        let day = f.day[way.row] as usize;
        self.next_day_in = self.next_day_in.max(day);
        self.position = Some(Position::new(entry.side, units, price, way.raw, way.row, way.phase, cash_before));
        record.fill(&Fill {
            row: way.row,
            units: entry.side * units,
            raw: way.raw,
            price,
            fee,
            cash_after: self.account.cash,
            units_after: self.account.units,
            cause: Cause::Entry,
            phase: way.phase,
            is_ambiguous: way.is_ambiguous,
            signal_row: entry.signal_row,
            strength: entry.strength,
        });
        true
    }

    /// Forgets the oldest entry that is on its way: it comes to nothing.
    fn unbegin(&mut self, side: f64) {
        if self.has_rules[at_side(side)] {
            self.begun.pop_front();
        }
    }

    /// Opens a position that is held as a weight.
    fn enter_weight(
        &mut self,
        f: Frame<'_>,
        way: Way,
        entry: Entry,
        days: &mut [f64],
        record: &mut impl Record,
    ) -> bool {
        let most = f.plan.execution.leverage.min(self.program.size.limit_frac);
        let equity = self.account.worth(way.raw);
        let share = match self.program.size.kind {
            SizeKind::Fraction => entry.size,
            SizeKind::Value => entry.size / equity,
            SizeKind::Units => entry.size * way.raw / equity,
        };
        if share > most {
            self.refuse(way.row, entry.side, Refusal::CappedByLimit, record);
        }
        self.weight = entry.side * share.min(most);
        let at = Point { row: way.row, raw: way.raw, phase: way.phase, is_free: false, signal_row: entry.signal_row };
        self.rebalance(f, at, self.weight, Cause::Entry, days, record);
        if self.position.is_none() {
            self.refuse(way.row, entry.side, Refusal::NoSize, record);
        }
        self.position.is_some()
    }

    /// Closes the position, if there is one.
    pub(super) fn exit(
        &mut self,
        f: Frame<'_>,
        way: Way,
        cause: Cause,
        signal_row: usize,
        days: &mut [f64],
        record: &mut impl Record,
    ) {
        self.mark_to(f, way.row, days);
        let Some(position) = self.position.take() else { return };
        let costs = &f.plan.costs;
        let half = if way.is_maker { 0.0 } else { costs.half_cost(Self::wide(f, way.row, way.phase)) };
        let impact = if way.is_maker { 0.0 } else { Self::impact(f, way.row, position.units) };
        let price = way.raw * (1.0 - position.side * half) - position.side * impact * way.raw;
        let fee = costs.fee(position.units, price, way.is_maker);
        let equity = self.account.worth(way.raw);
        self.account.fill(-position.side * position.units, price, fee);
        self.tally.turnover += position.units * way.raw / equity;
        self.tally.cost += (price - way.raw).abs() * position.units + fee;
        self.count(f, &position, way.row);
        self.tally.n_undecided += u64::from(position.is_undecided);
        self.cool(f, way.row);
        record.fill(&Fill {
            row: way.row,
            units: -position.side * position.units,
            raw: way.raw,
            price,
            fee,
            cash_after: self.account.cash,
            units_after: self.account.units,
            cause,
            phase: way.phase,
            is_ambiguous: way.is_ambiguous,
            signal_row,
            strength: f64::NAN,
        });
    }

    /// Counts a trade that is over.
    #[inline]
    fn count(&mut self, f: Frame<'_>, position: &Position, row: usize) {
        self.tally.count(self.account.cash - position.cash_before, row - position.row);
        self.tally.count_days(&mut self.next_day_in, f.day[row] as usize);
    }

    #[inline]
    pub(super) fn cool(&mut self, f: Frame<'_>, row: usize) {
        let program = &self.program;
        if program.cooldown_bars > 0 {
            self.cool_until = self.cool_until.max(row + 1 + program.cooldown_bars as usize);
        }
        if program.cooldown_sessions > 0 {
            let last = f.day[row] as usize + program.cooldown_sessions as usize;
            let until = f.view.day_end.get(last).map_or(usize::MAX, |end| *end as usize + 1);
            self.cool_until = self.cool_until.max(until);
        }
    }

    #[cold]
    pub(super) fn end_in_ruin(&mut self, f: Frame<'_>) {
        if let Some(position) = self.position.take() {
            self.count(f, &position, self.account.ruin_row.max(position.row));
        }
        self.orders.clear();
        self.begun.clear();
        self.waiting = None;
        self.decided = 0.0;
    }

    /// Fills an entry order that rests, if the bar meets it.
    fn fill_waiting(&mut self, f: Frame<'_>, row: usize, days: &mut [f64], record: &mut impl Record) {
        let Some(waiting) = self.waiting else { return };
        if row <= waiting.entry.signal_row {
            return;
        }
        let side = waiting.entry.side;
        let bar = touched(f, row);
        let met = if self.position.is_some() || f.market.is_blocked(row) || !bar.open.is_finite() {
            None
        } else if waiting.is_stop {
            stop_fill(bar, side, waiting.level)
        } else {
            limit_fill(bar, side, waiting.level)
        };
        if let Some(raw) = met {
            self.waiting = None;
            let is_gap = raw == bar.open;
            let way =
                Way { row, raw, phase: u8::from(!is_gap), is_maker: !waiting.is_stop && !is_gap, is_ambiguous: false };
            if !self.enter(f, way, waiting.entry, days, record) {
                self.decided = 0.0;
            } else if !is_gap {
                let entered = if waiting.is_stop { Entered::ByStop(raw) } else { Entered::ByLimit(raw) };
                self.fill_resting_as(f, row, entered, days, record);
            }
        } else if row >= waiting.until {
            self.waiting = None;
            self.unbegin(side);
            self.mark_to(f, row, days);
            if self.account.ruin.is_none() {
                self.refuse(row, side, Refusal::Expired, record);
                self.decided = 0.0;
            }
        }
    }

    /// Fills what rests to close the position, if the bar meets it.
    #[inline]
    fn fill_resting(&mut self, f: Frame<'_>, row: usize, days: &mut [f64], record: &mut impl Record) {
        if let Some(position) = &self.position
            && self.has_resting[at_side(position.side)]
        {
            let entered = match (position.row < row, position.phase) {
                (true, _) => Entered::Before,
                (false, 0) => Entered::AtOpen,
                // Within its bar it was looked at when it was entered.
                _ => return,
            };
            self.fill_resting_as(f, row, entered, days, record);
        }
    }

    #[inline]
    fn fill_resting_as(
        &mut self,
        f: Frame<'_>,
        row: usize,
        entered: Entered,
        days: &mut [f64],
        record: &mut impl Record,
    ) {
        let Some(position) = &self.position else { return };
        let (side, levels, bar) = (position.side, self.levels, touched(f, row));
        let is_far = if side > 0.0 {
            !(bar.low <= levels.stop || bar.high >= levels.target)
        } else {
            !(bar.high >= levels.stop || bar.low <= levels.target)
        };
        if (is_far && levels.trail.is_nan()) || f.market.is_blocked(row) {
            return;
        }
        let best = if side > 0.0 { position.high } else { position.low };
        let orders = Resting { side, stop: levels.stop, target: levels.target, trail: levels.trail, best, entered };
        let hit = hit_or_other(bar, orders, f.plan.execution.path, f.flip == Some(row));
        if matches!(hit, Err(true) | Ok(crate::fills::Hit { is_ambiguous: true, .. })) {
            self.mark_to(f, row, days);
            if let Some(position) = &mut self.position {
                record.undecided(row);
                position.is_undecided = true;
            }
        }
        match hit {
            Err(_) => {}
            Ok(hit) => {
                let (which, is_maker) = match hit.what {
                    Hit::Stop => (0, false),
                    Hit::Target => (1, true),
                    Hit::Trail => (2, false),
                };
                let phase = u8::from(!hit.is_at_open);
                let way = Way { row, raw: hit.price, phase, is_maker, is_ambiguous: hit.is_ambiguous };
                self.exit(f, way, Cause::Exit(levels.reasons[which]), row, days, record);
                // An exit that was on its way has nothing left to close.
                if let Some(at) = self.orders.iter().position(|o| matches!(o.what, What::Exit(..))) {
                    self.orders.remove(at);
                } else if self.orders.is_empty() && self.waiting.is_none() {
                    self.decided = 0.0;
                }
            }
        }
    }

    /// Closes what is open at the close of a session's last bar.
    fn end_session(&mut self, f: Frame<'_>, row: usize, days: &mut [f64], record: &mut impl Record) {
        let raw = f.prices[3][row];
        if let Some(side) = self.position.as_ref().map(|p| p.side) {
            let is_blocked = f.market.is_blocked(row);
            if is_blocked || raw.is_nan() {
                self.mark_to(f, row, days);
                if self.account.ruin.is_none() {
                    self.refuse(row, side, if is_blocked { Refusal::Blocked } else { Refusal::NoPrice }, record);
                }
            } else {
                let way = Way { row, raw, phase: 2, is_maker: false, is_ambiguous: false };
                self.exit(f, way, Cause::SessionEnd, row, days, record);
            }
        }
        if self.position.is_none() {
            self.orders.clear();
            self.begun.clear();
            self.waiting = None;
            self.decided = 0.0;
            // A weight is to be held again from the next decision on.
            self.decided_weight = 0.0;
        }
    }

    /// Pays for what is held over a row.
    fn pay_carry(&mut self, f: Frame<'_>, row: usize, days: &mut [f64], record: &mut impl Record) {
        let Some(position) = &self.position else { return };
        let side = position.side;
        // What was held since the close before: a night is paid by who held over it.
        let Some(before) = row.checked_sub(1) else { return };
        let value = position.units * f.view.marks[before];
        let money = f.market.carry(row, side, value, &f.plan.costs);
        if money != 0.0 {
            self.mark_to(f, row, days);
            if self.account.ruin.is_some() {
                return;
            }
            self.account.pay(money);
            self.tally.carry += money;
            record.carry(row, money);
        }
    }

    /// The row in which a decision of this row is filled.
    #[inline]
    pub(super) fn due(f: Frame<'_>, row: usize) -> usize {
        let fill = f.plan.execution.fill;
        match fill.count {
            Count::Bars => row + fill.delay as usize,
            Count::Sessions => {
                let day = f.day[row] as usize + fill.delay as usize;
                let ends = f.view.day_end;
                match fill.at {
                    _ if day >= ends.len() => usize::MAX,
                    At::Close => ends[day] as usize,
                    At::Open => ends[day - 1] as usize + 1,
                }
            }
        }
    }

    /// Decides, the bar being complete.
    #[inline]
    fn decide(&mut self, f: Frame<'_>, row: usize, days: &mut [f64], record: &mut impl Record) {
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
    fn is_entry(&self, f: Frame<'_>, side: usize, row: usize) -> bool {
        match self.program.entry[side] {
            Some(Source::Output(output)) => is_set(f.section.bits(f.layout, output), row - f.section.rows.start),
            Some(Source::Number(x)) => x == 1.0,
            Some(Source::Rule(_)) | None => false,
        }
    }

    #[inline]
    fn decide_entry(&mut self, f: Frame<'_>, row: usize, days: &mut [f64], record: &mut impl Record) {
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

    fn needs_account(&self) -> bool {
        let reads = |s: Option<Source>| matches!(s, Some(Source::Rule(_)));
        reads(Some(self.program.size.source)) || reads(self.program.size.scale)
    }

    /// Runs the rules of an entry on the row of its signal. Another position of that side may still be open, so what they
    /// remember is kept apart until it is filled.
    fn begin(&mut self, f: Frame<'_>, row: usize, side: f64) {
        let (at, levels) = (at_side(side), self.levels);
        let mut others = self.memories[at].clone();
        self.memories[at].iter_mut().flatten().for_each(Memory::reset);
        self.run_rules_as(f, row, side, &Outside { pos_side: side, ..Outside::NONE });
        self.levels = levels;
        std::mem::swap(&mut self.memories[at], &mut others);
        self.begun.push_back(others);
    }

    /// A value for an entry: a number, an output in this row, or a rule over the account.
    #[inline]
    fn value(&mut self, f: Frame<'_>, source: Source, row: usize, side: f64) -> f64 {
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

    /// Runs the rules of the open position's exits for a row. The first condition that is met is given by its place.
    fn run_rules(&mut self, f: Frame<'_>, row: usize, price: f64) -> Option<usize> {
        let position = self.position.as_ref()?;
        let equity = self.account.worth(price);
        let outside = Outside {
            cash: self.account.cash,
            equity,
            drawdown: self.account.drawdown(equity),
            entry_price: position.price,
            pos_bars: position.bars,
            pos_high: position.high,
            pos_low: position.low,
            pos_pnl_frac: position.side * (price / position.price - 1.0),
            pos_side: position.side,
        };
        let side = position.side;
        self.run_rules_as(f, row, side, &outside)
    }

    /// Runs the rules of a side's exits, and takes the levels that rest from now on.
    fn run_rules_as(&mut self, f: Frame<'_>, row: usize, side: f64, outside: &Outside) -> Option<usize> {
        let at = at_side(side);
        let mut met = None;
        let mut levels = Levels::NONE;
        for (i, exit) in self.program.exits[at].iter().enumerate() {
            let value = match exit.source {
                Source::Number(x) => x,
                Source::Output(_) if exit.kind == ExitKind::When => continue,
                Source::Output(_) => number(f, exit.source, row),
                Source::Rule(idx) => {
                    let (Some(rule), Some(memory)) = (f.plan.compiled.rules().get(idx), &mut self.memories[at][i])
                    else {
                        continue;
                    };
                    self.registers.clear();
                    self.registers.extend(rule.inputs().iter().map(|o| number(f, Source::Output(*o), row)));
                    rule.run(&self.registers, outside, memory)
                }
            };
            match exit.kind {
                ExitKind::When => met = met.or((value == 1.0).then_some(i)),
                // The nearest stop, the nearest target, the shortest trail.
                ExitKind::Stop if levels.stop.is_nan() || side * value > side * levels.stop => {
                    (levels.stop, levels.reasons[0]) = (value, exit.reason);
                }
                ExitKind::Target if levels.target.is_nan() || side * value < side * levels.target => {
                    (levels.target, levels.reasons[1]) = (value, exit.reason);
                }
                ExitKind::Trail if levels.trail.is_nan() || value < levels.trail => {
                    (levels.trail, levels.reasons[2]) = (value, exit.reason);
                }
                _ => {}
            }
        }
        self.levels = levels;
        met
    }

    /// The end of the run: what is open stays open, marked at the last close.
    pub(crate) fn finish(&mut self, market: &Market, end: usize) {
        if self.position.is_some() && end > 0 {
            self.tally.count_days(&mut self.next_day_in, market.day()[end - 1] as usize);
        }
    }
}

/// How something is filled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    pub(super) row: usize,
    pub(super) raw: f64,
    pub(super) phase: u8,
    pub(super) is_maker: bool,
    pub(super) is_ambiguous: bool,
}

/// A number in a row of the section, or the row before its first.
#[inline]
fn number(f: Frame<'_>, source: Source, row: usize) -> f64 {
    match source {
        Source::Number(x) => x,
        Source::Output(output) => {
            f.section.numbers(f.layout, output).get(row + 1 - f.section.rows.start).copied().unwrap_or(f64::NAN)
        }
        Source::Rule(_) => f64::NAN,
    }
}

fn touched(f: Frame<'_>, row: usize) -> Touched {
    let [open, high, low, close] = f.prices.map(|x| x[row]);
    Touched { open, high, low, close }
}
