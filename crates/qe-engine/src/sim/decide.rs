//! The world of decisions, over the rows of a section: outputs as bitmaps and numbers, the account that the walk keeps.

use qe_factors::plan::Rule;

use super::account::Account;
use super::record::{Record, Refusal};
use super::section::is_set;
use super::state::{Frame, In, Tally, Walk};
use crate::mind::{Sight, Wallet, World};

impl Walk {
    /// Decides, the bar being complete.
    #[inline]
    pub(super) fn decide(&mut self, f: Frame<'_>, row: usize, days: &mut [f64], record: &mut impl Record) {
        let Self { mind, account, tally, first_day, .. } = self;
        mind.decide(&mut Scene { at: In(f, row), account, tally, first_day: *first_day, days, record });
        // The account may have been marked to be asked, and ruin have come to light.
        if self.account.ruin.is_some() && self.mind.position.is_some() {
            self.end_in_ruin(f);
        }
    }

    /// An entry of a row is not decided for this reason.
    pub(super) fn refuse_entry(
        &mut self,
        f: Frame<'_>,
        row: usize,
        side: f64,
        why: Refusal,
        days: &mut [f64],
        record: &mut impl Record,
    ) {
        let Self { account, tally, first_day, .. } = self;
        Scene { at: In(f, row), account, tally, first_day: *first_day, days, record }.refuse(side, why);
        if self.account.ruin.is_some() && self.mind.position.is_some() {
            self.end_in_ruin(f);
        }
    }
}

/// A row that is complete, and what the walk keeps of the account.
struct Scene<'a, 'f, R> {
    at: In<'f>,
    account: &'a mut Account,
    tally: &'a mut Tally,
    first_day: usize,
    days: &'a mut [f64],
    record: &'a mut R,
}

impl<R: Record> Sight for Scene<'_, '_, R> {
    #[inline]
    fn is_true(&self, output: usize) -> bool {
        self.at.is_true(output)
    }

    #[inline]
    fn number(&self, output: usize) -> f64 {
        self.at.number(output)
    }

    #[inline]
    fn rule(&self, idx: usize) -> Option<&Rule> {
        self.at.rule(idx)
    }
}

impl<R: Record> World for Scene<'_, '_, R> {
    #[inline]
    fn row(&self) -> usize {
        self.at.1
    }

    #[inline]
    fn extremes(&self) -> [f64; 3] {
        let In(f, row) = self.at;
        [f.prices[1][row], f.prices[2][row], f.prices[3][row]]
    }

    #[inline]
    fn mark(&self) -> f64 {
        self.at.0.view.marks[self.at.1]
    }

    /// The row in which a decision of this row is filled.
    #[inline]
    fn due(&self) -> usize {
        let In(f, row) = self.at;
        f.plan.execution.fill.due(row, f.day, f.view.day_end, f.market.day_close())
    }

    #[inline]
    fn is_over(&self, due: usize) -> bool {
        due >= self.at.0.end
    }

    #[inline]
    fn is_no_entry(&self) -> bool {
        let In(f, row) = self.at;
        f.is_no_entry(row)
    }

    #[inline]
    fn is_blackout(&self) -> bool {
        let In(f, row) = self.at;
        !f.blackout.is_empty() && is_set(f.blackout, row)
    }

    #[inline]
    fn fills_now(&self) -> bool {
        self.at.0.plan.execution.fill.is_same_bar()
    }

    #[inline]
    fn settle(&mut self) {
        let In(f, row) = self.at;
        self.account.mark_to(row, f.view, self.days, self.first_day);
    }

    #[inline]
    fn wallet(&self) -> Wallet {
        let equity = self.account.worth(self.mark());
        Wallet { cash: self.account.cash, equity, drawdown: self.account.drawdown(equity) }
    }

    /// It is not told of an account that is ruined.
    fn refuse(&mut self, side: f64, why: Refusal) {
        self.settle();
        let In(f, row) = self.at;
        // Where the row is marked already, by an exit that a later price fills, there was worth at its close.
        let is_open = f.plan.execution.fill.delay > 0 && self.account.marked <= row;
        let is_lost = is_open && self.account.worth(f.view.marks[row]) <= 0.0;
        if self.account.ruin.is_none() && !is_lost {
            self.tally.n_refused += 1;
            self.record.refuse(row, side, why);
        }
    }

    fn most(&self) -> f64 {
        self.at.0.plan.execution.leverage
    }
}
