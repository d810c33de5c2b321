//! What is taken back when a blackout begins: entries on their way, and one that rests.
//!
//! What was decided before it would be filled in a session in which nothing may be entered. Exits stand, and weights that are
//! less than what is held.

use super::{Mind, What, World};
use crate::ledger::Refusal;

impl Mind {
    /// Takes back what would enter after this row, each with a record.
    #[cold]
    pub(crate) fn take_back_entries(&mut self, w: &mut impl World) {
        if self.program.weight.is_some() {
            return self.take_back_weights(w);
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
            w.refuse(entry.side, Refusal::Blackout);
        }
        if let Some(side) = self.waiting.map(|w| w.entry.side) {
            self.expire();
            w.refuse(side, Refusal::Blackout);
        }
    }

    /// Takes back weights on their way that are more than what is held before them. The weight that is held then is decided.
    fn take_back_weights(&mut self, w: &mut impl World) {
        let mut held = if self.position.is_some() { self.held_weight } else { 0.0 };
        let n_before = self.orders.len();
        for _ in 0..n_before {
            let Some(order) = self.orders.pop_front() else { break };
            if let What::Weight(entry) = order.what {
                if is_more(entry.size, held) {
                    w.refuse(entry.side, Refusal::Blackout);
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
