//! The walk of programs that conditions alone decide: one side, market orders at the next open, no rule and no resting order.
//!
//! Such a program holds a position in a row exactly if a latch does that entries set and exits reset, and that latch is the
//! carry of an addition: a word of 64 rows takes a handful of operations. Its edges are the decisions. Everything from there
//! on is what [`super::walk`] does, on the same account and in the same order, so the bits are the same.

use std::ops::Range;

use qe_core::places::{BEYOND, places};
use qe_core::wide::{Loops, wide};

use super::account::StepForm;
use super::guards::Guards;
use super::record::{Cause, Fill, Record};
use super::state::{Frame, Walk, Way};
use super::trips::Trips;
use crate::deal::turned;
use crate::fills::{FillTiming, Holding};
use crate::market::Market;
use crate::mind::{Entry, Order, Position, What, at_side};
use crate::program::{EntryOrder, ExitKind, Opposite, Source, StrategyPlan};

/// A program that conditions alone decide.
#[derive(Debug, Clone, Copy)]
pub(super) struct Simple {
    side: f64,
    entry: usize,
    exit: usize,
    /// Whether it exits where its entry, a comparison, fails.
    on_failure: bool,
    pub(super) reason: u16,
    size: f64,
    /// Whether [`Trips`] may take its round trips, and whether they cost fees.
    trips: Option<bool>,
}

impl Walk {
    /// What is simple about it, if it is.
    pub(crate) fn find_simple(&mut self, plan: &StrategyPlan, market: &Market, guards: &Guards) {
        self.simple = self.simple_of(plan, market, guards);
        self.hops = self.may_hop(plan, market, guards);
    }

    /// Whether all that it asks beside its entry is where that fails.
    pub(crate) fn exits_on_failure(&self) -> bool {
        self.simple.is_some_and(|simple| simple.on_failure)
    }

    fn simple_of(&self, plan: &StrategyPlan, market: &Market, guards: &Guards) -> Option<Simple> {
        let (program, execution, costs) = (&*self.mind.program, &plan.execution, &plan.costs);
        let is_simple = execution.fill == FillTiming::NEXT_OPEN
            && execution.holding == Holding::Units
            && guards.is_empty()
            && plan.spread_multiplier.is_none()
            && !costs.asks_market()
            && market.multiplier() == 1.0
            && !costs.has_carry()
            && costs.impact_coef == 0.0
            && market.is_plain()
            && program.order == EntryOrder::Market
            && program.opposite == Opposite::Ignore
            && program.gates.is_empty()
            && program.cooldown_bars == 0
            && program.cooldown_sessions == 0
            && program.strength.is_none()
            && program.size.scale.is_none()
            && program.size.lot == 0.0
            && program.size.min_units == 0.0
            // So that no size comes to nothing.
            && program.size.limit_frac > 0.0
            && execution.leverage > 0.0
            && costs.min_fee == 0.0
            && program.weight.is_none();
        let (side, entry) = match program.entry {
            [Some(Source::Output(entry)), None] => (1.0, entry),
            [None, Some(Source::Output(entry))] => (-1.0, entry),
            _ => return None,
        };
        let has_fees = costs.taker_fee_bps != 0.0 || costs.fee_per_unit != 0.0;
        let is_all_in = self.form() == StepForm::Prefix && costs.min_fee == 0.0;
        let trips = is_all_in.then_some(has_fees);
        match (is_simple, &program.exits[at_side(side)][..], program.size.source) {
            (true, [exit], Source::Number(size)) if exit.kind == ExitKind::When && size > 0.0 => match exit.source {
                Source::Output(at) => {
                    let on_failure = plan.compiled.plan().is_failure_of(at, entry);
                    Some(Simple { side, entry, exit: at, on_failure, reason: exit.reason, size, trips })
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Goes on over the rows of a section up to `to`.
    pub(super) fn run_simple(
        &mut self,
        f: Frame<'_>,
        simple: Simple,
        to: usize,
        days: &mut [f64],
        record: &mut impl Record,
        edges: &mut Vec<u32>,
    ) {
        let start = f.section.rows.start;
        let from = self.cursor;
        if from >= to || self.account.ruin.is_some() {
            self.cursor = self.cursor.max(to);
            return self.mark_to(f, to, days);
        }
        // The rows in which a decision is made, as edges of what is held once all is filled.
        let entries = f.section.bits(f.layout, simple.entry);
        let (held, within) = (self.mind.decided != 0.0, from - start..to - start);
        let n = if simple.on_failure {
            // Such an entry is a comparison of two columns.
            let sides = f.layout.compared(simple.entry);
            let failures = sides.map_or([Some(&[][..]); 2], |sides| sides.map(|side| f.section.known(side)));
            if let [None, None] = failures {
                wide(Changes { entries, rows: within, held, edges })
            } else {
                let known =
                    |w: usize| failures.into_iter().flatten().fold(!0, |all, words| all & words.get(w).unwrap_or(&0));
                let exits: Vec<u64> = entries.iter().enumerate().map(|(w, entry)| !entry & known(w)).collect();
                wide(Decisions { entries, exits: &exits, rows: within, held, edges })
            }
        } else {
            let exits = f.section.bits(f.layout, simple.exit);
            wide(Decisions { entries, exits, rows: within, held, edges })
        };
        let decided = &edges[..n];
        self.cursor = to;
        // An order of the section before is due at the open of this one's first row.
        if let Some(order) = self.mind.orders.pop_front() {
            let way =
                Way { row: order.due, raw: f.prices[0][order.due], phase: 0, is_maker: false, is_ambiguous: false };
            match order.what {
                What::Enter(entry) => {
                    self.enter(f, way, entry, days, record);
                }
                What::Exit(cause, signal_row) => self.exit(f, way, cause, signal_row, days, record),
                // A simple program has no weights.
                What::Weight(_) => {}
            }
        }
        // What is not filled before the section's end is an order on its way; the run's last row orders no entry.
        let n_filled = n - usize::from(decided.last().is_some_and(|edge| start + *edge as usize + 1 >= to));
        let mut is_held = held;
        if self.account.ruin.is_none() {
            let mut rest = &decided[..n_filled];
            if simple.trips.is_some() && f.view.tables.has_levels() && rest.len() > 2 {
                if is_held {
                    is_held = wide(FillEdges { walk: self, f, simple, is_held, edges: &rest[..1], days, record });
                    rest = &rest[1..];
                }
                self.mark_to(f, start + rest[0] as usize + 1, days);
                if self.account.ruin.is_none() && self.account.cash == self.account.equity {
                    let fees = simple.trips == Some(true);
                    macro_rules! take {
                        ($fees:literal, $days:literal) => {
                            wide(Trips::<_, $fees, $days> { walk: self, f, simple, edges: rest, days, record })
                        };
                    }
                    let n = match (fees, !days.is_empty()) {
                        (false, false) => take!(false, false),
                        (false, true) => take!(false, true),
                        (true, false) => take!(true, false),
                        (true, true) => take!(true, true),
                    };
                    rest = &rest[n..];
                }
            }
            if self.account.ruin.is_none() && !rest.is_empty() {
                is_held = wide(FillEdges { walk: self, f, simple, is_held, edges: rest, days, record });
            }
        }
        if let Some(&edge) = decided.get(n_filled)
            && self.account.ruin.is_none()
        {
            let row = start + edge as usize;
            if is_held {
                is_held = false;
                self.mind.orders.push_back(Order { due: row + 1, what: What::Exit(Cause::Exit(simple.reason), row) });
            } else if row + 1 < f.end {
                is_held = true;
                let entry = Entry { side: simple.side, size: simple.size, strength: f64::NAN, signal_row: row };
                self.mind.orders.push_back(Order { due: row + 1, what: What::Enter(entry) });
            }
        }
        self.mind.decided = if is_held { simple.side } else { 0.0 };
        self.mark_to(f, to, days);
    }
}

/// Fills at the opens after some decisions, which enter and exit in turn. Says whether a position is held at the end.
struct FillEdges<'a, 'f, R> {
    walk: &'a mut Walk,
    f: Frame<'f>,
    simple: Simple,
    is_held: bool,
    edges: &'a [u32],
    days: &'a mut [f64],
    record: &'a mut R,
}

impl<R: Record> Loops for FillEdges<'_, '_, R> {
    type Out = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let Self { walk, f, simple, mut is_held, edges, days, record } = self;
        let start = f.section.rows.start;
        let (view, open, day, costs) = (f.view, f.prices[0], f.day, &f.plan.costs);
        let (size, leverage, first_day) = (walk.mind.program.size, f.plan.execution.leverage, walk.first_day);
        let half = costs.half_cost(1.0);
        let (into, out_of) = (1.0 + simple.side * half, 1.0 - simple.side * half);
        // In locals, so that they live in registers.
        let (mut account, mut tally, mut next_day_in) = (walk.account, walk.tally, walk.next_day_in);
        let mut position = walk.mind.position.clone();
        let mut edges = edges.iter().map(|edge| start + *edge as usize);
        loop {
            if !is_held {
                let Some(signal_row) = edges.next() else { break };
                let row = signal_row + 1;
                account.mark_to(row, view, days, first_day);
                if account.ruin.is_some() {
                    break;
                }
                let raw = open[row];
                let (price, equity) = (raw * into, account.worth(raw));
                let (units, capped) = size.units(simple.size, equity, price, false, leverage, costs);
                if let Some(why) = capped {
                    tally.n_refused += 1;
                    record.refuse(row, simple.side, why);
                }
                let fee = costs.fee(units, price, false);
                let cash_before = account.cash;
                account.fill(simple.side * units, price, fee);
                tally.turnover += turned(units * raw, equity);
                tally.cost += (price - raw).abs() * units + fee;
                next_day_in = next_day_in.max(day[row] as usize);
                position = Some(Position::new(simple.side, units, price, raw, row, 0, cash_before));
                record.fill(&Fill {
                    row,
                    units: simple.side * units,
                    raw,
                    price,
                    fee,
                    cash_after: account.cash,
                    units_after: account.units,
                    cause: Cause::Entry,
                    phase: 0,
                    is_ambiguous: false,
                    signal_row,
                    strength: f64::NAN,
                });
                is_held = true;
            }
            let Some(signal_row) = edges.next() else { break };
            let row = signal_row + 1;
            account.mark_to(row, view, days, first_day);
            if account.ruin.is_some() {
                break;
            }
            let Some(held) = position.take() else { break };
            let raw = open[row];
            let price = raw * out_of;
            let fee = costs.fee(held.units, price, false);
            let equity = account.worth(raw);
            account.fill(-simple.side * held.units, price, fee);
            tally.turnover += turned(held.units * raw, equity);
            tally.cost += (price - raw).abs() * held.units + fee;
            tally.count(account.cash - held.cash_before, row - held.row);
            tally.count_days(&mut next_day_in, day[row] as usize);
            record.fill(&Fill {
                row,
                units: -simple.side * held.units,
                raw,
                price,
                fee,
                cash_after: account.cash,
                units_after: account.units,
                cause: Cause::Exit(simple.reason),
                phase: 0,
                is_ambiguous: false,
                signal_row,
                strength: f64::NAN,
            });
            is_held = false;
        }
        (walk.account, walk.tally, walk.next_day_in, walk.mind.position) = (account, tally, next_day_in, position);
        if walk.account.ruin.is_some() {
            walk.end_in_ruin(f);
            return false;
        }
        is_held
    }
}

/// The rows from `from` up to `to` in which something is decided: an entry where nothing is held, an exit where something
/// is, in turn. In a row where both are signalled what is held decides. They are written to the beginning of `edges`; how
/// many they are is the outcome.
struct Decisions<'a> {
    entries: &'a [u64],
    exits: &'a [u64],
    rows: Range<usize>,
    held: bool,
    edges: &'a mut Vec<u32>,
}

impl Loops for Decisions<'_> {
    type Out = usize;

    #[inline(always)]
    fn run(self) -> usize {
        let Self { entries, exits, rows, mut held, edges } = self;
        write_edges(&rows, edges, |words, near| {
            for (w, near) in words.zip(near) {
                let inside = within(&rows, w);
                let (set, reset) = (entries[w] & inside, exits[w] & inside);
                if set & reset == 0 {
                    // What is held after each row: the carries of an addition that a set generates and a reset stops.
                    let stays = !reset;
                    let (sum, one) = stays.overflowing_add(set);
                    let (sum, two) = sum.overflowing_add(u64::from(held));
                    let before = stays ^ set ^ sum;
                    let after = before >> 1 | u64::from(one | two) << 63;
                    held = one | two;
                    *near = before ^ after;
                    continue;
                }
                *near = 0;
                let mut either = set | reset;
                while either != 0 {
                    let bit = either & either.wrapping_neg();
                    if (if held { reset } else { set }) & bit != 0 {
                        held = !held;
                        *near |= bit;
                    }
                    either ^= bit;
                }
            }
        })
    }
}

/// As [`Decisions`], where exits are where entries are not: what is held after a row is the entry's bit.
struct Changes<'a> {
    entries: &'a [u64],
    rows: Range<usize>,
    held: bool,
    edges: &'a mut Vec<u32>,
}

impl Loops for Changes<'_> {
    type Out = usize;

    #[inline(always)]
    fn run(self) -> usize {
        let Self { entries, rows, held, edges } = self;
        let (first, last) = (rows.start / 64, rows.end.div_ceil(64) - 1);
        write_edges(&rows, edges, |words, near| {
            let now = &entries[words.clone()];
            // In the word before the first bit of the bitmap nothing is read.
            near[0] = now[0] ^ (now[0] << 1 | if words.start == 0 { 0 } else { entries[words.start - 1] >> 63 });
            for (near, pair) in near[1..].iter_mut().zip(now.windows(2)) {
                *near = pair[1] ^ (pair[1] << 1 | pair[0] >> 63);
            }
            if words.start == first {
                // Before the first row stands what is held.
                let bit = rows.start % 64;
                let is = now[0] >> bit & 1 == 1;
                near[0] = near[0] & !(1 << bit) | u64::from(is != held) << bit;
                near[0] &= within(&rows, first);
            }
            if words.end == last + 1 {
                near[words.len() - 1] &= within(&rows, last);
            }
        })
    }
}

/// The bits of a word that stand for some rows.
#[inline(always)]
fn within(rows: &Range<usize>, w: usize) -> u64 {
    let from = if 64 * w < rows.start { !0 << (rows.start % 64) } else { !0 };
    if rows.end < 64 * (w + 1) { from & ((1 << (rows.end % 64)) - 1) } else { from }
}

/// How many words are looked at before the places of their changes are written.
const WORDS: usize = 32;

/// Writes the rows that are set in the words that `changes` gives for the numbers of words, to the beginning of `edges`. Says
/// how many they are.
#[inline(always)]
fn write_edges(rows: &Range<usize>, edges: &mut Vec<u32>, mut changes: impl FnMut(Range<usize>, &mut [u64])) -> usize {
    let words = rows.start / 64..rows.end.div_ceil(64);
    let room = 64 * words.len() + BEYOND;
    if edges.len() < room {
        edges.resize(room, 0);
    }
    let (mut len, mut near) = (0, [0; WORDS]);
    for start in words.clone().step_by(WORDS) {
        let part = start..words.end.min(start + WORDS);
        let near = &mut near[..part.len()];
        changes(part, near);
        len += places(near, 64 * start as u32, &mut edges[len..]);
    }
    len
}

#[cfg(test)]
mod tests {
    use qe_core::rng::Stream;

    use super::*;

    #[test]
    fn decisions_are_those_of_a_plain_latch() {
        let mut stream = Stream::new(1, "latches", 0);
        for _ in 0..2000 {
            let n = 1 + stream.below(300) as usize;
            let from = stream.below(n as u64) as usize;
            let sparse = 1 + stream.below(20);
            let words = n.div_ceil(64);
            let mut bits = |rare: u64| -> Vec<u64> {
                (0..words).map(|_| (0..64).fold(0, |w, i| w | u64::from(stream.below(rare) == 0) << i)).collect()
            };
            let (set, reset) = (bits(sparse), bits(1 + sparse / 2));
            let start = stream.below(2) == 0;
            let (mut held, mut expected) = (start, vec![]);
            for row in from..n {
                let is = |w: &[u64]| w[row / 64] >> (row % 64) & 1 == 1;
                if if held { is(&reset) } else { is(&set) } {
                    held = !held;
                    expected.push(row as u32);
                }
            }
            let mut got = vec![];
            let n_got = Decisions { entries: &set, exits: &reset, rows: from..n, held: start, edges: &mut got }.run();
            assert_eq!(got[..n_got], expected);
            let fails: Vec<u64> = set.iter().map(|word| !word).collect();
            let all = Decisions { entries: &set, exits: &fails, rows: from..n, held: start, edges: &mut got }.run();
            let mut changes = vec![];
            let n_changes = Changes { entries: &set, rows: from..n, held: start, edges: &mut changes }.run();
            assert_eq!(changes[..n_changes], got[..all]);
        }
    }
}
