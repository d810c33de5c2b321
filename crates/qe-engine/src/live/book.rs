//! What a strategy has in the market, and what is to be done so that it is what it has in mind.

use super::tape::Tape;
use super::{Act, TakenBack};
use crate::broker::{Distance, GroupId, Order, OrderId, OrderKind, Quantity, Side, TimeInForce};
use crate::fills::FillTiming;
use crate::ledger::Cause;
use crate::mind::{Mind, What, at_side};
use crate::program::StrategyPlan;

/// The number of an order that was not sent yet.
pub(super) const NEW: usize = 0;

/// What is to be done, and the number of the last order.
#[derive(Debug, Clone, Default)]
pub(super) struct Out {
    pub(super) acts: Vec<Act>,
    /// What a blackout took back.
    pub(super) taken_back: Vec<TakenBack>,
    pub(super) last_id: u64,
}

impl Out {
    /// Nothing is to be done yet.
    pub(super) fn clear(&mut self) {
        self.acts.clear();
        self.taken_back.clear();
    }

    fn next(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    fn place(&mut self, order: Order) -> u64 {
        let id = self.next();
        self.acts.push(Act::Place(OrderId(id), order));
        id
    }

    pub(super) fn cancel(&mut self, id: u64) {
        self.acts.push(Act::Cancel(OrderId(id)));
    }
}

/// A level that rests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rest {
    pub(super) id: u64,
    pub(super) level: f64,
    pub(super) reason: u16,
}

/// What is in the market.
#[derive(Debug, Clone, Default)]
pub(super) struct Book {
    /// Orders at the market, in the order in which they were sent.
    pub(super) sent: Vec<u64>,
    /// The entry order that rests, and the row of its signal.
    pub(super) waiting: Option<(u64, usize)>,
    /// Stop, target and trailing stop.
    pub(super) levels: [Option<Rest>; 3],
    /// The group of the levels: the number of their first order.
    pub(super) group: u64,
    /// What closes the position at the session's end, and whether it is for one that is late.
    pub(super) at_close: Option<(u64, bool)>,
    /// A session is over that ended before this row: a position that is older is late.
    pub(super) late: Option<usize>,
    /// An entry of which a part was filled.
    pub(super) partial: Option<u64>,
}

impl Book {
    /// Says what is to be done. In the row of an entry, what its price is beyond does not rest.
    pub(super) fn send(
        &mut self,
        mind: &mut Mind,
        plan: &StrategyPlan,
        feed: usize,
        row: usize,
        beyond: Option<f64>,
        out: &mut Out,
    ) {
        if self.is_settled(mind, plan) {
            return;
        }
        self.take_back(mind, out);
        let market = feed as u32;
        let exits = mind.left.0;
        let size = mind.program.size;
        for order in mind.orders.iter_mut().filter(|o| o.due == NEW) {
            let timing = OrderKind::Market { timing: Some(plan.execution.fill) };
            let sent = match order.what {
                What::Enter(entry) => Order {
                    strength: entry.strength,
                    tif: TimeInForce::Ioc,
                    ..Order::market(market, Side::of(entry.side), size.of(entry.size)).of(timing)
                },
                What::Weight(entry) => Order {
                    cause: Cause::Weight,
                    strength: entry.strength,
                    ..Order::market(market, Side::of(entry.side), Quantity::TargetWeight(entry.size)).of(timing)
                },
                What::Exit(cause, decided) => {
                    // One that was refused is sent anew for what is held.
                    let held = mind.position.as_ref().map_or(exits, |p| p.side);
                    let side = if decided == row { exits } else { held };
                    Order { cause, ..closing(market, side).of(timing) }
                }
            };
            let id = out.place(sent);
            order.due = id as usize;
            self.sent.push(id);
        }
        if let (Some(w), None) = (&mind.waiting, self.waiting) {
            let price = finite(w.level);
            let kind = if w.is_stop { OrderKind::Stop { price } } else { OrderKind::Limit { price } };
            let order = Order {
                strength: w.entry.strength,
                tif: TimeInForce::Bars(w.until.saturating_sub(row) as u32),
                from_flat: true,
                ..Order::market(market, Side::of(w.entry.side), size.of(w.entry.size)).of(kind)
            };
            self.waiting = Some((out.place(order), w.entry.signal_row));
        }
        let Some(position) = &mind.position else { return };
        let side = position.side;
        let levels = beyond.map_or(mind.levels, |price| mind.levels.not_beyond(side, price));
        let wanted = [levels.stop, levels.target, levels.trail];
        let is_new_row = beyond.is_none();
        for (kind, (level, reason)) in wanted.into_iter().zip(levels.reasons).enumerate() {
            let rests = self.levels[kind];
            if level.is_nan() {
                if let Some(rest) = self.levels[kind].take() {
                    out.cancel(rest.id);
                }
                continue;
            }
            let is_same = |r: Rest| r.level.to_bits() == level.to_bits() && r.reason == reason && kind != 2;
            if rests.is_some_and(is_same) {
                continue;
            }
            let price = finite(level);
            let order_kind = match kind {
                0 => OrderKind::Stop { price },
                1 => OrderKind::Limit { price },
                _ => {
                    let best = if side > 0.0 { position.high } else { position.low };
                    OrderKind::Trail { by: Distance::Price(level.min(f64::MAX)), best: is_new_row.then_some(best) }
                }
            };
            let group = if self.group == 0 { out.last_id + 1 } else { self.group };
            self.group = group;
            let cause = Cause::Exit(reason);
            let order = Order { cause, oco: Some(GroupId(group)), ..closing(market, side).of(order_kind) };
            let id = match rests {
                Some(rest) if rest.reason == reason => {
                    out.acts.push(Act::Replace(OrderId(rest.id), order));
                    rest.id
                }
                // It is another exit's.
                Some(rest) => {
                    out.cancel(rest.id);
                    out.place(order)
                }
                None => out.place(order),
            };
            self.levels[kind] = Some(Rest { id, level, reason });
        }
        if plan.execution.flat_at_session_end {
            let is_late = self.late.is_some_and(|row| position.row < row);
            if let Some((id, _)) = self.at_close.take_if(|(_, was_late)| *was_late != is_late) {
                out.cancel(id);
            }
            if self.at_close.is_none() {
                let order = closing(market, side);
                let order = if is_late {
                    let timing = OrderKind::Market { timing: Some(FillTiming::NEXT_OPEN) };
                    Order { cause: Cause::SessionMissed, ..order.of(timing) }
                } else {
                    Order { cause: Cause::SessionEnd, ..order.during(TimeInForce::AtClose) }
                };
                self.at_close = Some((out.place(order), is_late));
            }
        }
    }

    /// Writes or reads it.
    pub(super) fn keep(&mut self, tape: &mut Tape) {
        let Self { sent, waiting, levels, group, at_close, late, partial } = self;
        tape.list(sent, &0, Tape::word);
        tape.option(waiting, &(0, 0), |tape, (id, row)| {
            tape.word(id);
            tape.count(row);
        });
        for rest in levels {
            tape.option(rest, &Rest { id: 0, level: 0.0, reason: 0 }, |tape, rest| {
                tape.word(&mut rest.id);
                tape.number(&mut rest.level);
                let mut reason = u32::from(rest.reason);
                tape.small(&mut reason);
                rest.reason = reason as u16;
            });
        }
        tape.word(group);
        tape.option(at_close, &(0, false), |tape, (id, is_late)| {
            tape.word(id);
            tape.flag(is_late);
        });
        tape.option(late, &0, Tape::count);
        tape.option(partial, &0, Tape::word);
    }

    /// Whether nothing is wanted in the market, and nothing is there: most rows.
    #[inline]
    fn is_settled(&self, mind: &Mind, plan: &StrategyPlan) -> bool {
        let is_bare = self.sent.is_empty() && self.waiting.is_none() && self.group == 0 && self.partial.is_none();
        let wants = !mind.orders.is_empty() || mind.waiting.is_some();
        let rests = match &mind.position {
            Some(p) => mind.has_resting[at_side(p.side)] || plan.execution.flat_at_session_end,
            None => self.at_close.is_some(),
        };
        is_bare && !wants && !rests
    }

    /// Nothing is left of what rested, or waited for a close, under this number.
    pub(super) fn lose(&mut self, id: u64) {
        self.at_close = self.at_close.filter(|(at_close, _)| *at_close != id);
        self.levels.iter_mut().filter(|rest| rest.is_some_and(|r| r.id == id)).for_each(|rest| *rest = None);
    }

    /// Takes back what is not in mind any more.
    pub(super) fn take_back(&mut self, mind: &Mind, out: &mut Out) {
        self.sent.retain(|id| {
            let is_there = mind.orders.iter().any(|o| o.due as u64 == *id);
            if !is_there {
                out.cancel(*id);
            }
            is_there
        });
        if let Some((id, signal_row)) = self.waiting
            && mind.waiting.is_none_or(|w| w.entry.signal_row != signal_row)
        {
            out.cancel(id);
            self.waiting = None;
        }
        if mind.position.is_none() {
            for rest in self.levels.iter_mut().filter_map(Option::take) {
                out.cancel(rest.id);
            }
            self.group = 0;
            self.at_close.take().into_iter().for_each(|(id, _)| out.cancel(id));
        }
        // What is left of an entry is not wanted once its position is to be left.
        if mind.position.is_none() || mind.decided == 0.0 {
            self.partial.take().into_iter().for_each(|id| out.cancel(id));
        }
    }
}

/// A level that an order may have: one below every price is as good as the least, and one above as the greatest.
fn finite(level: f64) -> f64 {
    level.clamp(f64::MIN_POSITIVE, f64::MAX)
}

/// An order that closes a position of a side.
fn closing(market: u32, side: f64) -> Order {
    Order { reduce_only: true, ..Order::market(market, Side::of(-side), Quantity::All) }
}
