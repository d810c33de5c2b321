//! What a walk holds: what it has in mind, its account, what it came to; and what it reads.

use qe_factors::plan::Rule;

use super::account::{Account, View};
use super::glide::Glide;
use super::section::{Layout, Section, is_set};
use super::simple::Simple;
use crate::fills::Touched;
use crate::market::Market;
use crate::mind::{Mind, Sight};
use crate::program::StrategyPlan;

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
    /// Rows after which nothing may be entered, for an event is near then, 64 a word; empty if there is no such rule.
    pub(crate) blackout: &'a [u64],
    /// Rows in which nothing is entered that was decided before, 64 a word; empty if there is no such rule.
    pub(crate) opens_in_blackout: &'a [u64],
    /// The last rows of sessions, 64 a word; empty if positions are kept overnight.
    pub(crate) session_last: &'a [u64],
    /// Rows before which a session ended without its last, 64 a word; empty if there are none.
    pub(crate) session_missed: &'a [u64],
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

/// One point's walk.
#[derive(Debug, Clone)]
pub(crate) struct Walk {
    pub(super) mind: Mind,
    pub(crate) account: Account,
    pub(crate) tally: Tally,
    pub(super) cursor: usize,
    /// Whether what is held is of a session that is over, and is to be closed at the first price there is.
    pub(super) is_late: bool,
    pub(super) first_day: usize,
    /// The next day that has not been counted as a day in the market.
    pub(super) next_day_in: usize,
    /// The weight that is held, where weights are held.
    pub(super) weight: f64,
    /// The row and the phase in which a weight was last traded to.
    pub(super) weighed: (usize, u8),
    /// How a position is passed over, long and short.
    pub(super) glides: [Option<Glide>; 2],
    /// Whether decisions are filled at once.
    pub(super) hops: bool,
    /// Room for rules to work in.
    pub(super) room: Vec<f64>,
    /// What is simple about it, if it is.
    pub(super) simple: Option<Simple>,
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

/// What the plan gave in a row of the section, or in the row before its first.
#[derive(Clone, Copy)]
pub(super) struct In<'a>(pub(super) Frame<'a>, pub(super) usize);

impl Sight for In<'_> {
    #[inline]
    fn is_true(&self, output: usize) -> bool {
        let Self(f, row) = self;
        is_set(f.section.bits(f.layout, output), row - f.section.rows.start)
    }

    #[inline]
    fn number(&self, output: usize) -> f64 {
        let Self(f, row) = self;
        f.section.numbers(f.layout, output).get(row + 1 - f.section.rows.start).copied().unwrap_or(f64::NAN)
    }

    #[inline]
    fn rule(&self, idx: usize) -> Option<&Rule> {
        self.0.plan.compiled.rules().get(idx)
    }
}

pub(super) fn touched(f: Frame<'_>, row: usize) -> Touched {
    let [open, high, low, close] = f.prices.map(|x| x[row]);
    Touched { open, high, low, close }
}
