//! Opening a position: its size, its price, what it costs.

use super::record::{Cause, Fill, Record, Refusal};
use super::state::{Frame, In, Walk, Way};
use super::weights::Point;
use crate::deal::{self, At, Deal};
use crate::fills::Holding;
use crate::mind::{Entry, Position, Sight, most_weight};
use crate::program::SizeKind;

impl Walk {
    /// Half the spread and the slippage of a fill: the spread, and how much it widens, as of the last row that is complete
    /// then.
    #[inline]
    pub(super) fn half(f: Frame<'_>, row: usize, phase: u8) -> f64 {
        let known = row.checked_sub(usize::from(phase < 2));
        let widening = match (f.plan.spread_multiplier, known) {
            (Some(source), Some(known)) => Some(In(f, known).told(source)),
            _ => None,
        };
        deal::half(f.market, &f.plan.costs, known, widening)
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
            self.mind.unbegin(entry.side);
            return false;
        }
        self.mind.recall(entry.side);
        let is_by_weight = f.plan.execution.holding != Holding::Units;
        let is_entered = match is_by_weight {
            true => self.enter_weight(f, way, entry, days, record),
            false => self.enter_units(f, way, entry, record),
        };
        let row = if way.phase < 2 { way.row.saturating_sub(1) } else { way.row };
        self.mind.entered(&In(f, row), way.raw);
        is_entered
    }

    /// Where something is dealt in, as [`crate::deal`] sees it.
    #[inline]
    pub(super) fn at(f: Frame<'_>, way: Way) -> At<'_> {
        let half = if way.is_maker { 0.0 } else { Self::half(f, way.row, way.phase) };
        At { market: f.market, costs: &f.plan.costs, row: way.row, raw: way.raw, half, is_maker: way.is_maker }
    }

    /// Opens a position of units that are held.
    pub(super) fn enter_units(&mut self, f: Frame<'_>, way: Way, entry: Entry, record: &mut impl Record) -> bool {
        let at = Self::at(f, way);
        let equity = self.account.worth(way.raw);
        let leverage = f.plan.execution.leverage;
        let (dealt, capped) = deal::open(at, entry.side, &self.mind.program.size, entry.size, equity, leverage);
        if let Some(why) = capped {
            self.refuse(way.row, entry.side, why, record);
        }
        let Deal { units, price, fee, exposure } = match dealt {
            Ok(deal) => deal,
            Err(why) => {
                self.refuse(way.row, entry.side, why, record);
                return false;
            }
        };
        let cash_before = self.account.cash;
        self.account.fill(entry.side * exposure, price, fee);
        self.tally.turnover += deal::turned(exposure * way.raw, equity);
        self.tally.cost += (price - way.raw).abs() * exposure + fee;
        self.next_day_in = self.next_day_in.max(self.day_of(f, way.row));
        self.mind.position = Some(Position::new(entry.side, units, price, way.raw, way.row, way.phase, cash_before));
        record.fill(&Fill {
            row: way.row,
            units: entry.side * units,
            raw: way.raw,
            price,
            fee,
            cash_after: self.account.cash,
            units_after: entry.side * units,
            cause: Cause::Entry,
            phase: way.phase,
            is_ambiguous: way.is_ambiguous,
            signal_row: entry.signal_row,
            strength: entry.strength,
        });
        true
    }

    /// Opens a position that is held as a weight.
    pub(super) fn enter_weight(
        &mut self,
        f: Frame<'_>,
        way: Way,
        entry: Entry,
        days: &mut [f64],
        record: &mut impl Record,
    ) -> bool {
        let (most, why) = most_weight(self.mind.program.size.limit_frac, f.plan.execution.leverage);
        let equity = self.account.worth(way.raw);
        let share = match self.mind.program.size.kind {
            SizeKind::Fraction => entry.size,
            SizeKind::Value => entry.size / equity,
            SizeKind::Units => entry.size * f.market.multiplier() * way.raw / equity,
        };
        if share > most {
            self.refuse(way.row, entry.side, why, record);
        }
        self.weight = entry.side * share.min(most);
        let Entry { signal_row, strength, .. } = entry;
        let Way { row, raw, phase, is_maker, .. } = way;
        let at = Point { row, raw, phase, is_free: false, is_maker, signal_row, strength };
        let n_refused = self.tally.n_refused;
        self.rebalance(f, at, self.weight, Cause::Entry, days, record);
        if self.mind.position.is_none() && self.tally.n_refused == n_refused {
            self.refuse(way.row, entry.side, Refusal::NoSize, record);
        }
        self.mind.position.is_some()
    }
}
