//! What the broker holds: money, positions, orders; and what it reads.

use std::collections::VecDeque;

use qe_core::columns::Shared;

use super::order::{Order, OrderId};
use super::report::{BrokerReport, Noted, OrderState};
use super::spec::Spec;
use super::strategy::{Filled, Update};
use crate::deal::{self, At};
use crate::fills::{At as FillAt, Entered, Touched};
use crate::ledger::Refusal;
use crate::market::Market;

/// No row, no order.
pub(super) const NONE: u32 = u32::MAX;

/// A market, and what is held and rests in it.
pub(super) struct Pit<'a> {
    pub(super) market: &'a Market,
    /// Open, high, low, close.
    pub(super) prices: [&'a [f64]; 4],
    /// At which positions are marked, and whether those are other than closes.
    pub(super) marks: &'a [f64],
    pub(super) has_marks: bool,
    pub(super) opens: &'a [i64],
    pub(super) known: &'a [i64],
    pub(super) volume: Option<Shared<f64>>,
    /// What multiplies the spread, row by row.
    pub(super) widening: Option<Vec<f64>>,
    /// The last rows of sessions, 64 a word; empty if positions are kept overnight.
    pub(super) session_last: Vec<u64>,
    /// Rows before which a session ended without its last, as those.
    pub(super) session_missed: Vec<u64>,
    /// Whether what is held is of a session that is over, and is to be closed at the first price there is.
    pub(super) is_late: bool,
    /// How many rows are complete.
    pub(super) next: usize,
    /// Whether the row after them has opened.
    pub(super) is_open: bool,
    /// The last price there was, be it an open.
    pub(super) price: f64,
    /// What a unit of price is worth while something else is traded: its last price, or its last mark, where that is another.
    /// A number of its own, since hundreds of markets are added up.
    pub(super) value: f64,
    /// At which positions were marked last.
    pub(super) mark: f64,
    /// Units held, below 0 short.
    pub(super) units: f64,
    /// Units times the multiplier.
    pub(super) exposure: f64,
    /// What was paid for each on average.
    pub(super) average: f64,
    /// What round trips and parts of them won, fees included.
    pub(super) realised: f64,
    /// How the position was opened, and in which row.
    pub(super) entered: (usize, Entered),
    /// Whether nothing was held when the row's way began.
    pub(super) is_flat_start: bool,
    /// Orders that rest, in the order in which they were placed.
    pub(super) resting: Vec<u32>,
    /// Units that were traded in the row.
    pub(super) traded: f64,
}

/// An order, and what became of it.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) order: Order,
    pub(super) state: OrderState,
    pub(super) placed_at: i64,
    /// The row after which it was placed; -1 before the first.
    pub(super) base: i64,
    /// The price from which on it is there, if it was placed within a row; its row is `base` then.
    pub(super) since: f64,
    /// Units that are still to be filled; NaN while they are no number.
    pub(super) left: f64,
    /// What was filled, below 0 sold, and the money that it took.
    pub(super) filled: f64,
    pub(super) money: f64,
    /// In which row, and at which of its prices, it is due.
    pub(super) due: u32,
    pub(super) at: FillAt,
    /// The last row that may fill it.
    pub(super) until: u32,
    /// The best price since it was placed, on either way.
    pub(super) best: [f64; 2],
    /// Whether the stop of a stop-limit was met.
    pub(super) is_triggered: bool,
    /// The last row whose volume did not reach.
    pub(super) dry: u32,
    pub(super) ended_at: i64,
    /// Why it is over, or is less than was asked for; and what it waited for last.
    pub(super) why: Option<Refusal>,
    pub(super) waits: Option<Refusal>,
    /// The orders that wait for it.
    pub(super) first_child: u32,
    pub(super) next_child: u32,
}

/// Something that a strategy is to be told.
#[derive(Debug, Clone, Copy)]
pub(super) enum Notice {
    Fill(Filled),
    Order(Update),
}

/// How something is filled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    pub(super) row: usize,
    pub(super) raw: f64,
    /// At the open (0), within the bar (1), at its close (2).
    pub(super) phase: u8,
    pub(super) is_maker: bool,
    pub(super) is_ambiguous: bool,
    /// When, where that is known better than by the row.
    pub(super) time: Option<i64>,
    /// How a position that it opens came to be, for what rests along the rest of the row.
    pub(super) how: Entered,
}

/// The whole of it.
pub(super) struct Floor<'a> {
    pub(super) spec: &'a Spec,
    pub(super) pits: Vec<Pit<'a>>,
    pub(super) cash: f64,
    /// Money that each market has of its own, if they have, and what is in none of them.
    pub(super) purses: Vec<f64>,
    pub(super) reserve: f64,
    /// What each purse and its position were worth at the last mark.
    pub(super) stakes: Vec<f64>,
    /// Worth at the last mark.
    pub(super) equity: f64,
    /// The markets in which something is held, ascending.
    pub(super) held: Vec<u32>,
    pub(super) slots: Vec<Slot>,
    /// Orders that are there, in the order in which they were placed, and some that are over: fewer than are there, or few.
    pub(super) alive: Vec<u32>,
    pub(super) n_alive: usize,
    /// Orders that are due at an open or a close, in the order in which they were placed.
    pub(super) queue: Vec<u32>,
    /// Whether an order of the queue may wait for a row that can be traded.
    pub(super) is_waiting: bool,
    /// Orders by group.
    pub(super) groups: Vec<Vec<u32>>,
    pub(super) n_packages: u64,
    /// Orders by which a margin call closes what is held, and some that are over.
    pub(super) called: Vec<u32>,
    pub(super) notices: VecDeque<Notice>,
    pub(super) now: i64,
    /// The market whose row is followed at the moment.
    pub(super) walking: Option<usize>,
    /// Whether the fill that is made is a part of what it was to be.
    pub(super) is_part: bool,
    /// How many orders were placed at this instant.
    pub(super) n_placed: usize,
    pub(super) out: BrokerReport,
}

impl<'a> Floor<'a> {
    /// What all is worth, one market being at another price than its last.
    #[inline]
    pub(super) fn worth_at(&self, market: usize, raw: f64) -> f64 {
        let mut worth = self.cash;
        for &m in &self.held {
            let pit = &self.pits[m as usize];
            worth += pit.exposure * if m as usize == market { raw } else { pit.value };
        }
        worth
    }

    /// What all is worth at the last closes.
    #[inline]
    pub(super) fn worth_at_marks(&self) -> f64 {
        let mut worth = self.cash;
        for &m in &self.held {
            let pit = &self.pits[m as usize];
            worth += pit.exposure * pit.mark;
        }
        worth
    }

    /// What all is worth at the last prices, and marks where they are others.
    pub(super) fn worth(&self) -> f64 {
        self.worth_at(usize::MAX, f64::NAN)
    }

    /// What [`Self::worth_at`] gives, and the gross value of all positions but that one: both in one pass, for an order to a
    /// weight asks for both, and there may be hundreds of markets.
    pub(super) fn worth_and_gross_but(&self, market: usize, raw: f64) -> (f64, f64) {
        let (mut worth, mut gross) = (self.cash, 0.0);
        for &m in &self.held {
            let pit = &self.pits[m as usize];
            if m as usize == market {
                worth += pit.exposure * raw;
            } else {
                let value = pit.exposure * pit.value;
                worth += value;
                gross += value.abs();
            }
        }
        (worth, gross)
    }

    /// Where something is dealt in.
    #[inline]
    pub(super) fn place(&self, market: usize, way: Way) -> At<'a> {
        let (pit, costs) = (&self.pits[market], &self.spec.costs);
        let half = if way.is_maker {
            0.0
        } else {
            let known = way.row.checked_sub(usize::from(way.phase < 2));
            let widening = match (&pit.widening, known) {
                (Some(wide), Some(known)) => Some(wide[known]),
                _ => None,
            };
            deal::half(pit.market, costs, known, widening)
        };
        At { market: pit.market, costs, row: way.row, raw: way.raw, half, is_maker: way.is_maker }
    }

    /// Writes down that an order was not filled as it was given.
    pub(super) fn note(&mut self, order: Option<u32>, market: usize, side: f64, why: Refusal) {
        self.note_at(order, market, self.pits.get(market).map_or(0, Pit::row), side, why);
    }

    /// As [`Self::note`], of a row.
    pub(super) fn note_at(&mut self, order: Option<u32>, market: usize, row: usize, side: f64, why: Refusal) {
        let row = row as u32;
        self.out.ledger.refused.push(crate::ledger::Refused { line: market as u32, row, side, why });
        let order = order.map(id_of);
        self.out.events.push(Noted { time: self.now, market: market as u32, row, order, side, why });
    }
}

/// The name of an order.
pub(super) fn id_of(slot: u32) -> OrderId {
    OrderId(u64::from(slot) + 1)
}

impl Pit<'_> {
    /// A price that there was.
    #[inline]
    pub(super) fn set_price(&mut self, price: f64) {
        self.price = price;
        if !self.has_marks || self.value.is_nan() {
            self.value = price;
        }
    }

    /// At what positions are marked.
    #[inline]
    pub(super) fn set_mark(&mut self, mark: f64) {
        self.mark = mark;
        if self.has_marks {
            self.value = mark;
        }
    }

    /// The row that is running, or the last that is complete.
    #[inline]
    pub(super) fn row(&self) -> usize {
        if self.is_open { self.next } else { self.next.saturating_sub(1) }
    }

    #[inline]
    pub(super) fn touched(&self, row: usize) -> Touched {
        let [open, high, low, close] = self.prices.map(|x| x[row]);
        Touched { open, high, low, close }
    }

    /// Whether the session of a day is over by the calendar when a row is complete: that no bar follows is not known.
    pub(super) fn is_session_over(&self, day: u32, row: u32) -> bool {
        self.market.day_close().get(day as usize).is_some_and(|close| *close <= row)
    }

    /// How many units may still be traded in a row.
    #[inline]
    pub(super) fn room(&self, row: usize, frac: Option<f64>) -> f64 {
        match (frac, &self.volume) {
            (None, _) => f64::INFINITY,
            (Some(frac), Some(volume)) if volume[row] > 0.0 => {
                let all = frac * volume[row];
                let left = all - self.traded;
                // What rounding leaves is nothing.
                if left > 1e-12 * all { left } else { 0.0 }
            }
            _ => 0.0,
        }
    }
}
