//! What became of orders: fills, and orders that are over without one.

use serde::{Deserialize, Serialize};

use super::book::{NEW, Out};
use super::pilot::{Last, Pilot, State};
use crate::broker::OrderId;
use crate::mind::{Position, What};

/// At which price of its bar something was filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// At its open.
    Open,
    /// Within it.
    Within,
    /// At its close.
    Close,
}

/// Something that was filled.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Fill {
    /// The order, by its number among the strategy's own.
    pub order: OrderId,
    /// The feed of its symbol.
    pub feed: usize,
    /// When, nanoseconds UTC; of a fill at a close, when the bar was complete.
    pub time: i64,
    /// At which price of its bar.
    pub phase: Phase,
    /// The market's price; what was paid, where that is not known.
    pub raw: f64,
    /// What was paid or received for each unit, spread included.
    pub price: f64,
    /// Units that are held after it, below 0 short.
    pub held: f64,
    /// Whether nothing of the order is left.
    pub is_done: bool,
}

impl Pilot<'_> {
    /// Takes what was filled, and says what is to be done at once.
    pub(super) fn filled(&mut self, fill: &Fill, out: &mut Out) {
        let id = fill.order.0;
        let is_own = self.is_own(id);
        self.state.last_fill = self.state.last_fill.max(fill.time);
        // A fill at a close is of the last row, if that is known already, or else of the one that is running.
        let is_seen = fill.phase == Phase::Close && fill.time <= self.state.last_available;
        let row = if is_seen { self.state.n_rows.saturating_sub(1) } else { self.state.n_rows };
        let before = self.state.mind.position.as_ref().map_or(0.0, |p| p.side * p.units);
        let is_closed = before != 0.0 && (fill.held == 0.0 || fill.held * before < 0.0);
        let is_opened = fill.held != 0.0 && (before == 0.0 || fill.held * before < 0.0);
        self.note_order(id, fill, is_opened);
        if is_closed {
            self.close(id, row, fill);
            if !is_own {
                self.state.mind.left_by_others();
            }
        }
        if is_opened {
            let phase = match fill.phase {
                Phase::Open => 0,
                Phase::Within => 1,
                Phase::Close => 2,
            };
            let side = if fill.held < 0.0 { -1.0 } else { 1.0 };
            let position = Position::new(side, fill.held.abs(), fill.price, fill.raw, row, phase, f64::NAN);
            self.state.mind.position = Some(position);
            if phase == 2 && !is_seen {
                self.state.unseen = Some(fill.raw);
            } else {
                let last = Last { outputs: self.stepper.last(), rules: self.plan.compiled.rules() };
                self.state.mind.entered(&last, fill.raw);
                self.state.beyond = (phase < 2).then_some(fill.raw);
            }
        } else if let Some(position) = &mut self.state.mind.position
            && !is_closed
        {
            let (held, more) = (fill.held.abs(), fill.held.abs() - position.units);
            if more > 0.0 {
                position.price = (position.price * position.units + fill.price * more) / held;
            }
            position.units = held;
            if fill.is_done {
                // All of it was less than what is held: it is sent anew.
                self.state.book.lose(id);
            }
        }
        let row = self.state.n_rows.saturating_sub(1);
        let State { mind, book, beyond, .. } = &mut self.state;
        book.send(mind, self.plan, self.feed, row, *beyond, out);
    }

    /// Whether an order is among those that are in mind.
    fn is_own(&self, id: u64) -> bool {
        let State { mind, book, .. } = &self.state;
        mind.orders.iter().any(|o| o.due as u64 == id && id != NEW as u64)
            || book.levels.iter().flatten().any(|rest| rest.id == id)
            || book.at_close.is_some_and(|(at_close, _)| at_close == id)
    }

    /// An order at the market, or an entry that rests, was filled, whole or in part.
    fn note_order(&mut self, id: u64, fill: &Fill, is_opened: bool) {
        let partial = (!fill.is_done).then_some(id);
        if self.state.book.partial == Some(id) {
            self.state.book.partial = partial;
        }
        if let Some(at) = self.state.mind.orders.iter().position(|o| o.due as u64 == id) {
            let is_over = match self.state.mind.orders[at].what {
                What::Enter(entry) => {
                    self.state.mind.recall(entry.side);
                    self.state.book.partial = partial;
                    true
                }
                What::Weight(entry) => {
                    self.state.mind.held_weight = entry.size;
                    true
                }
                // What is left of it waits on.
                What::Exit(..) if fill.held != 0.0 => {
                    if fill.is_done {
                        // All of it was less than what is held: it is sent anew.
                        self.state.mind.orders[at].due = NEW;
                        self.state.book.sent.retain(|sent| *sent != id);
                    }
                    false
                }
                What::Exit(..) => true,
            };
            if is_over {
                self.state.mind.orders.remove(at);
                self.state.book.sent.retain(|sent| *sent != id);
            }
        } else if let Some((order, _)) = self.state.book.waiting
            && order == id
        {
            if let Some(waiting) = self.state.mind.waiting.take().filter(|_| is_opened) {
                self.state.mind.recall(waiting.entry.side);
            }
            (self.state.book.waiting, self.state.book.partial) = (None, partial);
        }
    }

    /// The position was closed by an order.
    fn close(&mut self, id: u64, row: usize, fill: &Fill) {
        self.state.mind.position = None;
        (self.state.unseen, self.state.beyond) = (None, None);
        let is_level = self.state.book.levels.iter().flatten().any(|rest| rest.id == id);
        self.state.book.lose(id);
        if is_level {
            self.state.mind.left_by_level();
        }
        let clock = &mut self.state.clock;
        // A time at which a bar is complete belongs to that bar.
        let at = fill.time.saturating_sub(i64::from(fill.phase != Phase::Open));
        self.state.mind.cool(row, |n_sessions| {
            clock.iter_mut().for_each(|clock| clock.cool(n_sessions as u32, at));
            0
        });
    }

    /// Takes how far prices went after an entry within the row that is running.
    pub(super) fn reached(&mut self, high: f64, low: f64) {
        let State { mind, n_rows, .. } = &mut self.state;
        if let Some(position) = mind.position.as_mut().filter(|p| p.row == *n_rows && p.phase == 1) {
            (position.high, position.low) = (position.high.max(high), position.low.min(low));
        }
    }

    /// Takes that an order is over without a fill, or what is left of it.
    pub(super) fn ended(&mut self, order: OrderId, out: &mut Out) {
        self.forget(order.0);
        let State { mind, book, .. } = &mut self.state;
        book.take_back(mind, out);
    }

    fn forget(&mut self, id: u64) {
        self.state.book.partial = self.state.book.partial.filter(|partial| *partial != id);
        self.state.book.lose(id);
        if self.state.book.waiting.is_some_and(|(waiting, _)| waiting == id) {
            self.state.book.waiting = None;
            if self.state.mind.waiting.is_some() {
                self.state.mind.expire();
            }
        }
        let Some(at) = self.state.mind.orders.iter().position(|o| o.due as u64 == id) else { return };
        self.state.book.sent.retain(|sent| *sent != id);
        match self.state.mind.orders[at].what {
            What::Enter(entry) => {
                self.state.mind.orders.remove(at);
                self.state.mind.unbegin(entry.side);
                self.state.mind.give_up_at(at);
            }
            What::Weight(_) => drop(self.state.mind.orders.remove(at)),
            // What is held must be left: it is sent anew.
            What::Exit(..) if self.state.mind.position.is_some() => self.state.mind.orders[at].due = NEW,
            What::Exit(..) => drop(self.state.mind.orders.remove(at)),
        }
    }
}
