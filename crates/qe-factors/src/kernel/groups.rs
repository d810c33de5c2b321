//! Recursive averages by groups of eight values: what of them does not wait for anything before the group.
//!
//! With `a` the first value of a group and `d` what the average lies above it, the average after the k-th value is
//! `a + (d * keep^k + w)`, where `w` is the average of `x - a` begun at 0. All `w` of a block are made beforehand, for
//! they wait for their own group alone. Then groups wait for each other only through `d`, which goes on to the next
//! group with first value `b` as `d * keep^8 + (w + (a - b))`.
//!
//! So a constant stays what it is to the bit, and a common offset costs no digits.

use crate::keep;

/// How many values make a group.
pub(crate) const GROUP: usize = 8;

/// How many rows have their `w` made before the averages: few enough to stay in the nearest cache.
pub(super) const ROWS: usize = 256;

/// How much of what is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weights {
    /// What is left of the rest, to the first, second, and so on.
    pub powers: [f64; GROUP],
    /// The weight of the newest value. Not beside the first power: a row would take both as one, and wait for its
    /// halves to be put together and taken apart again.
    pub alpha: f64,
}

impl Weights {
    pub(super) fn new(alpha: f64) -> Self {
        let keep = 1.0 - alpha;
        let mut powers = [keep; GROUP];
        for k in 1..GROUP {
            powers[k] = powers[k - 1] * keep;
        }
        Self { powers, alpha }
    }

    /// The next `w` of a group; the first is 0.
    #[inline(always)]
    pub(super) fn local(&self, w: f64, x: f64, anchor: f64) -> f64 {
        w * self.powers[0] + (x - anchor) * self.alpha
    }

    /// What the average lies above `x`, the first value of a group, when the group before has ended.
    #[inline(always)]
    pub(super) fn lead(&self, before: Before, x: f64) -> f64 {
        before.lead * self.powers[GROUP - 1] + (before.above + (before.anchor - x))
    }
}

/// A group so far: the next one goes on from it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Before {
    /// What the average lay above the first value when the group began.
    pub lead: f64,
    /// The first value.
    pub anchor: f64,
    /// The average of what the values lie above the first, begun at 0.
    pub above: f64,
}

keep!(Before { lead, anchor, above });

/// The `w` of whole groups. Groups do not wait for each other, so that several go side by side.
#[inline]
pub(super) fn locals(weights: &Weights, x: &[f64], out: &mut [f64]) {
    for (x, out) in x.as_chunks::<GROUP>().0.iter().zip(out.as_chunks_mut::<GROUP>().0) {
        let mut w = 0.0;
        out[0] = w;
        for k in 1..GROUP {
            w = weights.local(w, x[k], x[0]);
            out[k] = w;
        }
    }
}
