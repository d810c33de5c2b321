//! What a walk holds: orders on their way, the open position, what rests, what it came to; and what it reads.

use std::collections::VecDeque;
use std::sync::Arc;

use qe_factors::plan::Memory;

use super::account::{Account, View};
use super::glide::Glide;
use super::record::Cause;
use super::section::{Layout, Section, is_set};
use super::simple::Simple;
use crate::fills::Touched;
use crate::market::Market;
use crate::program::{Program, Source, StrategyPlan};

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
pub(super) struct Waiting {
    pub(super) entry: Entry,
    pub(super) level: f64,
    pub(super) is_stop: bool,
    /// The last row in which it can be filled.
    pub(super) until: usize,
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
pub(super) struct Levels {
    pub(super) stop: f64,
    pub(super) target: f64,
    pub(super) trail: f64,
    pub(super) reasons: [u16; 3],
}

impl Levels {
    pub(super) const NONE: Self = Self { stop: f64::NAN, target: f64::NAN, trail: f64::NAN, reasons: [0; 3] };
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
    pub(super) waiting: Option<Waiting>,
    /// The side that is held once all orders are filled: 1, -1, or 0.
    pub(super) decided: f64,
    pub(super) position: Option<Position>,
    /// What the rules of each exit remember, long and short.
    pub(super) memories: [Vec<Option<Memory>>; 2],
    /// What the rules of entries remember that are decided and not filled yet, in the order of their decisions.
    pub(super) begun: VecDeque<Vec<Option<Memory>>>,
    pub(super) levels: Levels,
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
    pub(super) registers: Vec<f64>,
    /// How a position is passed over, long and short.
    pub(super) glides: [Option<Glide>; 2],
    /// Whether decisions are filled at once.
    pub(super) hops: bool,
    /// Memories that nobody uses now, and room for rules to work in.
    pub(super) spare: Vec<Vec<Option<Memory>>>,
    pub(super) room: Vec<f64>,
    /// What is simple about it, if it is.
    pub(super) simple: Option<Simple>,
}

/// The place of a side in pairs.
#[inline]
pub(super) fn at_side(side: f64) -> usize {
    usize::from(side < 0.0)
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
pub(super) fn number(f: Frame<'_>, source: Source, row: usize) -> f64 {
    match source {
        Source::Number(x) => x,
        Source::Output(output) => {
            f.section.numbers(f.layout, output).get(row + 1 - f.section.rows.start).copied().unwrap_or(f64::NAN)
        }
        Source::Rule(_) => f64::NAN,
    }
}

pub(super) fn touched(f: Frame<'_>, row: usize) -> Touched {
    let [open, high, low, close] = f.prices.map(|x| x[row]);
    Touched { open, high, low, close }
}
