//! Closing a position, and what ends without being closed: payments, cooldowns, blackouts, sessions, ruin.

use super::record::{Cause, Fill, Record, Refusal};
use super::state::{Frame, Walk, Way};
use crate::deal::{self, Deal};
use crate::mind::Position;

impl Walk {
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
        let Some(position) = self.mind.position.take() else { return };
        let Deal { price, fee, exposure, .. } = deal::close(Self::at(f, way), position.side, position.units);
        let equity = self.account.worth(way.raw);
        self.account.fill(-position.side * exposure, price, fee);
        self.tally.turnover += deal::turned(exposure * way.raw, equity);
        self.tally.cost += (price - way.raw).abs() * exposure + fee;
        self.count(f, &position, way.row);
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
    pub(super) fn count(&mut self, f: Frame<'_>, position: &Position, row: usize) {
        self.tally.count(self.account.cash - position.cash_before, row - position.row);
        let day = self.day_of(f, row);
        self.tally.count_days(&mut self.next_day_in, day);
        self.tally.n_undecided += u64::from(position.is_undecided);
    }

    #[inline]
    pub(super) fn cool(&mut self, f: Frame<'_>, row: usize) {
        let ends = f.view.day_end;
        let end_after = |n_sessions| ends.get(f.day[row] as usize + n_sessions);
        self.mind.cool(row, |n_sessions| end_after(n_sessions).map_or(usize::MAX, |end| *end as usize + 1));
    }

    /// The day of a row: where all before it is marked, the account knows it, and nobody waits for memory.
    #[inline]
    pub(super) fn day_of(&self, f: Frame<'_>, row: usize) -> usize {
        let known = (self.account.marked == row).then_some(self.account.next_day);
        debug_assert!(known.is_none_or(|day| day == f.day[row] as usize), "row {row}");
        known.unwrap_or_else(|| f.day[row] as usize)
    }

    #[cold]
    pub(super) fn end_in_ruin(&mut self, f: Frame<'_>) {
        if let Some(position) = self.mind.position.take() {
            self.count(f, &position, self.account.ruin_row.max(position.row));
        }
        self.mind.forget();
    }

    /// Closes what is open at the close of a session's last bar.
    pub(super) fn end_session(&mut self, f: Frame<'_>, row: usize, days: &mut [f64], record: &mut impl Record) {
        let raw = f.prices[3][row];
        if let Some(side) = self.mind.position.as_ref().map(|p| p.side) {
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
        if self.mind.position.is_none() {
            self.mind.end_session();
        }
        // What this bar could not close is late from now on.
        self.is_late = self.mind.position.is_some();
    }

    /// A row opens in a session before an event: what is on its way, or rests, and would enter is taken back.
    #[cold]
    pub(super) fn take_back_entries(&mut self, f: Frame<'_>, row: usize, days: &mut [f64], record: &mut impl Record) {
        self.mark_to(f, row, days);
        if self.account.ruin.is_some() {
            return;
        }
        let Self { mind, tally, .. } = self;
        mind.take_back_entries(|side| {
            tally.n_refused += 1;
            record.refuse(row, side, Refusal::Blackout);
        });
    }

    /// A session ended before this row, and no row was its last.
    pub(super) fn miss_session(&mut self) {
        self.is_late = self.mind.position.is_some();
        if !self.is_late {
            self.mind.end_session();
        }
    }

    /// Closes what is held of a session that is over, at the open of a row; where there is none, at its close.
    pub(super) fn close_late(
        &mut self,
        f: Frame<'_>,
        row: usize,
        phase: u8,
        days: &mut [f64],
        record: &mut impl Record,
    ) {
        let raw = if phase == 0 { f.prices[0][row] } else { f.prices[3][row] };
        let is_blocked = f.market.is_blocked(row);
        if !is_blocked && !raw.is_nan() {
            let way = Way { row, raw, phase, is_maker: false, is_ambiguous: false };
            self.exit(f, way, Cause::SessionMissed, row, days, record);
            self.mind.end_session();
            self.is_late = false;
        } else if is_blocked == (phase == 0) {
            // One record a row.
            self.mark_to(f, row, days);
            if let Some(side) = self.mind.position.as_ref().map(|p| p.side) {
                self.refuse(row, side, if is_blocked { Refusal::Blocked } else { Refusal::NoPrice }, record);
            }
        }
    }

    /// Pays for what is held over a row.
    #[inline]
    pub(super) fn pay_carry(&mut self, f: Frame<'_>, row: usize, days: &mut [f64], record: &mut impl Record) {
        let Some(position) = &self.mind.position else { return };
        let side = position.side;
        // What was held since the close before: a night is paid by who held over it.
        if position.row == row {
            return;
        }
        let Some(before) = row.checked_sub(1) else { return };
        let value = position.units * f.market.multiplier() * f.view.marks[before];
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
}
