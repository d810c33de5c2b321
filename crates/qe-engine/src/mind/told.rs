//! What a mind is told: entries and exits that were filled, and those that come to nothing.

use super::{Levels, Mind, Order, Sight, What, at_side};

impl Mind {
    /// The oldest entry on its way is being filled: what its rules remember is that of the position to be.
    #[inline]
    pub(crate) fn recall(&mut self, side: f64) {
        let pair = at_side(side);
        if self.has_rules[pair]
            && let Some(begun) = self.begun.pop_front()
        {
            self.spare.push(std::mem::replace(&mut self.memories[pair], begun));
        }
    }

    /// A position was opened at a market's price, or not: what hangs on the price that was paid is known only now. The market
    /// is as of the last complete row.
    #[inline]
    pub(crate) fn entered(&mut self, last: &impl Sight, raw: f64) {
        self.levels = Levels::NONE;
        if let Some(side) = self.position.as_ref().map(|p| at_side(p.side))
            && (self.has_rules[side] || self.has_resting[side])
        {
            self.run_rules(last, raw);
        }
    }

    /// Forgets the oldest entry that is on its way: it comes to nothing.
    pub(crate) fn unbegin(&mut self, side: f64) {
        if self.has_rules[at_side(side)] {
            self.spare.extend(self.begun.pop_front());
        }
    }

    /// The entry that was the first order came to nothing: its exit goes with it, if that is decided already. What was
    /// decided after that stands.
    #[inline]
    pub(crate) fn give_up(&mut self) {
        self.give_up_at(0);
    }

    /// As [`Mind::give_up`], of an entry that stood at a place in the queue.
    #[inline]
    pub(crate) fn give_up_at(&mut self, at: usize) {
        match self.orders.get(at) {
            Some(Order { what: What::Exit(..), .. }) => drop(self.orders.remove(at)),
            _ => self.decided = 0.0,
        }
    }

    /// The entry that rests was not met in time, or came to nothing.
    pub(crate) fn expire(&mut self) {
        if let Some(waiting) = self.waiting.take() {
            self.unbegin(waiting.entry.side);
            self.decided = 0.0;
        }
    }

    /// A session ended, and nothing is held: nor is anything on its way.
    pub(crate) fn end_session(&mut self) {
        self.forget();
        // A weight is to be held again from the next decision on.
        self.decided_weight = 0.0;
    }

    /// The position was closed by what rests: an exit that was on its way has nothing left to close.
    pub(crate) fn left_by_level(&mut self) {
        if let Some(at) = self.orders.iter().position(|o| matches!(o.what, What::Exit(..))) {
            self.orders.remove(at);
        } else if self.orders.is_empty() && self.waiting.is_none() {
            self.decided = 0.0;
        }
    }

    /// The position was closed by what was never decided: another's order, or one that was taken back too late. It is gone as
    /// if by what rests; a weight is to be held again from the next decision on.
    pub(crate) fn left_by_others(&mut self) {
        self.left_by_level();
        if self.orders.is_empty() {
            self.decided_weight = 0.0;
        }
    }

    /// Where nothing is on its way, what is decided is what is held: also where an order was taken back too late, or another's
    /// was filled.
    #[inline]
    pub(crate) fn go_on_from_held(&mut self) {
        if self.orders.is_empty() && self.waiting.is_none() && self.program.weight.is_none() {
            self.decided = self.position.as_ref().map_or(0.0, |p| p.side);
        }
    }

    /// Nothing is entered for a while after an exit in a row. Sessions are told as the row from which on they are over.
    #[inline]
    pub(crate) fn cool(&mut self, row: usize, sessions_until: impl FnOnce(usize) -> usize) {
        let program = &self.program;
        if program.cooldown_bars > 0 {
            self.cool_until = self.cool_until.max(row + 1 + program.cooldown_bars as usize);
        }
        if program.cooldown_sessions > 0 {
            self.cool_until = self.cool_until.max(sessions_until(program.cooldown_sessions as usize));
        }
    }

    /// Nothing is on its way any more.
    pub(crate) fn forget(&mut self) {
        self.orders.clear();
        self.begun.clear();
        self.waiting = None;
        self.decided = 0.0;
    }
}
