//! What is taken back when a blackout begins, or a bar opens in one: entries on their way, and one that rests.
//!
//! What was decided before it would be filled in a session in which nothing may be entered. Exits stand, and weights that are
//! less than what is held.

use super::{Mind, What};

impl Mind {
    /// Whether there is something to be taken back, as far as that is known without a look at each order.
    #[inline]
    pub(crate) fn has_on_the_way(&self) -> bool {
        self.waiting.is_some() || !self.orders.is_empty()
    }

    /// Takes back what would enter from now on, and tells the side of each.
    #[cold]
    pub(crate) fn take_back_entries(&mut self, mut tell: impl FnMut(f64)) {
        if self.program.weight.is_some() {
            return self.take_back_weights(tell);
        }
        let mut at = 0;
        while let Some(order) = self.orders.get(at).copied() {
            let What::Enter(entry) = order.what else {
                at += 1;
                continue;
            };
            self.orders.remove(at);
            self.unbegin(entry.side);
            self.give_up_at(at);
            tell(entry.side);
        }
        if let Some(side) = self.waiting.map(|w| w.entry.side) {
            self.expire();
            tell(side);
        }
    }

    /// Takes back weights on their way that are more than what is held before them. The weight that is held then is decided.
    fn take_back_weights(&mut self, mut tell: impl FnMut(f64)) {
        let mut held = if self.position.is_some() { self.held_weight } else { 0.0 };
        let n_before = self.orders.len();
        for _ in 0..n_before {
            let Some(order) = self.orders.pop_front() else { break };
            if let What::Weight(entry) = order.what {
                if is_more(entry.size, held) {
                    tell(entry.side);
                    continue;
                }
                held = entry.size;
            }
            self.orders.push_back(order);
        }
        if self.orders.len() < n_before {
            self.decided_weight = held;
            self.decided = if held == 0.0 { 0.0 } else { held.signum() };
        }
    }
}

/// Whether a weight is an entry to who holds another: more of it, or one of the other side.
#[inline]
pub(super) fn is_more(weight: f64, held: f64) -> bool {
    weight * held < 0.0 || weight.abs() > held.abs()
}
