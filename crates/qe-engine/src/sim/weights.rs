//! Positions that are a share of worth: targets that change, and holding rules that restore them at every bar.
//!
//! A change from one weight to another trades so many units that the weight is right once the cost of the trade is paid:
//! `d = (w * worth / price - units) / (1 + w * s * c)`, with `s` the sign of `d` and `c` what a unit of money costs to trade.
//! A change of side goes through zero, so it ends one round trip and begins another. Under [`Holding::Weights`] the drift is
//! traded, and charged, at every bar's fill price; under [`Holding::WeightsFree`] it is undone for free at every open and
//! close, which is `position x return`, compounded.

use super::record::{Cause, Fill, Record, Refusal};
use super::state::{Frame, Walk};
use crate::deal::{self, Deal};
use crate::fills::{At as FillAt, Holding};
use crate::mind::Position;

impl Walk {
    /// Trades from what is held to a weight, at a price. `is_free` is for what is undone without a trade.
    pub(super) fn rebalance(
        &mut self,
        f: Frame<'_>,
        at: Point,
        weight: f64,
        cause: Cause,
        days: &mut [f64],
        record: &mut impl Record,
    ) {
        self.mark_to(f, at.row, days);
        if self.account.ruin.is_some() {
            return;
        }
        self.weighed = (at.row, at.phase);
        let held = self.mind.position.as_ref().map_or(0.0, |p| p.side);
        if held != 0.0 && weight * held < 0.0 {
            self.trade_to(f, at, 0.0, cause, record);
            self.trade_to(f, at, weight, Cause::Entry, record);
        } else {
            let cause = if held == 0.0 { Cause::Entry } else { cause };
            self.trade_to(f, at, weight, cause, record);
        }
    }

    fn trade_to(&mut self, f: Frame<'_>, at: Point, weight: f64, cause: Cause, record: &mut impl Record) {
        let equity = self.account.worth(at.raw);
        let is_maker = at.is_maker;
        let half = if at.is_free || is_maker { 0.0 } else { Self::half(f, at.row, at.phase) };
        let place = deal::At { market: f.market, costs: &f.plan.costs, row: at.row, raw: at.raw, half, is_maker };
        let held = self.mind.position.as_ref().map_or(0.0, |p| p.side * p.units);
        let Some(gap) = deal::gap(place, held, weight, equity, at.is_free) else {
            // What is undone for free is no order; and at a close, nothing left is ruin.
            let is_told = !at.is_free && (equity > 0.0 || at.phase < 2);
            if let Some(side) = deal::missed(place, held, weight, equity).filter(|_| is_told) {
                self.refuse(at.row, side, Refusal::NoSize, record);
            }
            return;
        };
        let is_new = self.mind.position.is_none();
        let Deal { units, price, fee, exposure } = match deal::weigh(place, gap, is_new, at.is_free) {
            Ok(deal) => deal,
            Err((side, why)) => return self.refuse(at.row, side, why, record),
        };
        let cash_before = self.account.cash;
        self.account.fill(exposure, price, fee);
        // To the bit: what is closed is closed, and what is held is marked as so many units.
        let held = if gap.is_none { 0.0 } else { held + units };
        self.account.units = held * f.market.multiplier();
        if !at.is_free {
            self.tally.turnover += deal::turned(exposure.abs() * at.raw, equity);
            self.tally.cost += (price - at.raw).abs() * exposure.abs() + fee;
        }
        match self.mind.position.take() {
            None => {
                let day = f.day[at.row] as usize;
                self.next_day_in = self.next_day_in.max(day);
                let side = if weight < 0.0 { -1.0 } else { 1.0 };
                self.mind.position =
                    Some(Position::new(side, held.abs(), price, at.raw, at.row, at.phase, cash_before));
            }
            Some(position) if held == 0.0 => {
                self.count(f, &position, at.row);
                self.cool(f, at.row);
            }
            Some(mut position) => {
                position.units = held.abs();
                self.mind.position = Some(position);
            }
        }
        record.fill(&Fill {
            row: at.row,
            units,
            raw: at.raw,
            price,
            fee,
            cash_after: self.account.cash,
            units_after: held,
            cause,
            phase: at.phase,
            is_ambiguous: false,
            signal_row: at.signal_row,
            strength: at.strength,
        });
    }

    /// Restores the weight that is held, by the holding rule, at a row's open or close.
    pub(super) fn restore(&mut self, f: Frame<'_>, row: usize, phase: u8, days: &mut [f64], record: &mut impl Record) {
        if self.mind.position.is_none() {
            return;
        }
        let is_fill_phase = (f.plan.execution.fill.at == FillAt::Open) == (phase == 0);
        let is_free = f.plan.execution.holding == Holding::WeightsFree;
        // What was weighed at this very price has its weight.
        if self.weighed == (row, phase) || (!is_free && !is_fill_phase) || f.market.is_blocked(row) {
            return;
        }
        let raw = if phase == 0 { f.prices[0][row] } else { f.prices[3][row] };
        if raw.is_nan() {
            return;
        }
        let at = Point { row, raw, phase, is_free, is_maker: false, signal_row: row, strength: f64::NAN };
        self.rebalance(f, at, self.weight, Cause::Weight, days, record);
    }
}

/// Where something is traded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub(super) row: usize,
    pub(super) raw: f64,
    pub(super) phase: u8,
    pub(super) is_free: bool,
    /// Whether it is a limit's.
    pub(super) is_maker: bool,
    pub(super) signal_row: usize,
    /// How strong the entry was, if it is one; NaN where nobody asked.
    pub(super) strength: f64,
}
