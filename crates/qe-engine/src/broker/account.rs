//! What happens to the account by itself: payments for holding, marks, ruin.

use super::floor::Floor;
use super::report::OrderState;
use crate::ledger::{Refusal, Ruin};

impl Floor<'_> {
    /// Pays for what is held over the row that opens.
    #[inline]
    pub(super) fn pay_carry(&mut self, market: usize, row: usize) {
        let pit = &self.pits[market];
        if pit.units == 0.0 || row == 0 {
            return;
        }
        let side = if pit.units < 0.0 { -1.0 } else { 1.0 };
        let value = pit.units.abs() * pit.market.multiplier() * pit.marks[row - 1];
        let money = pit.market.carry(row, side, value, &self.spec.costs);
        if money != 0.0 {
            self.cash -= money;
            self.take_from_purse(market, money);
            self.pits[market].realised -= money;
            self.out.carry += money;
            self.out.ledger.pay(market as u32, row, money);
        }
    }

    /// Ends all orders, of one market or of all.
    pub(super) fn end_all(&mut self, market: Option<usize>, why: Refusal) {
        let is_of = |m: u32| market.is_none_or(|market| market == m as usize);
        let mut ended: Vec<u32> = self.queue.clone();
        self.pits.iter().for_each(|pit| ended.extend(&pit.resting));
        ended.retain(|at| is_of(self.slots[*at as usize].order.market));
        if why == Refusal::MarginCall {
            // What an earlier call closes goes on.
            ended.retain(|at| !self.called.contains(at));
        }
        ended.sort_unstable();
        for at in ended {
            self.end(at, OrderState::Cancelled, Some(why));
        }
    }

    /// Marks what all is worth at the last closes. Says whether it goes on.
    #[inline]
    pub(super) fn mark_all(&mut self) -> bool {
        let worth = self.worth_at_marks();
        if worth <= 0.0 {
            self.ruin(worth);
            return false;
        }
        self.equity = worth;
        for market in 0..self.purses.len() {
            self.stakes[market] = self.stake_at(market, self.pits[market].mark);
        }
        self.out.times.push(self.now);
        self.out.worth.push(worth);
        self.out.cash.push(self.cash);
        if self.spec.maintenance_frac > 0.0 {
            self.ask_margin(worth);
        }
        true
    }

    /// All is lost: trading is over, and what is owed is told.
    #[cold]
    fn ruin(&mut self, worth: f64) {
        self.end_all(None, Refusal::Ruined);
        self.out.ruin = Some(Ruin { time: self.now, owed: -worth });
        self.out.ledger.ruin = self.out.ruin;
        (self.cash, self.equity, self.reserve) = (0.0, 0.0, 0.0);
        self.purses.fill(0.0);
        self.held.clear();
        for pit in &mut self.pits {
            (pit.units, pit.exposure) = (0.0, 0.0);
        }
        self.out.times.push(self.now);
        self.out.worth.push(0.0);
        self.out.cash.push(0.0);
    }
}
