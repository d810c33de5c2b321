//! What a fast average lies above a slow one of the same column, both seeded on one row.
//!
//! As in TA-Lib's `MACD`, the slow one is seeded with the mean of its first values, and the fast one with the mean of
//! the last of those. From there their groups go together, as `groups` has them, so that what the first value of a
//! group is never enters the difference.
//!
//! A value that is missing or infinite, or that would carry the difference beyond all numbers, gives a missing result
//! and leaves both averages as they are.

use super::groups::{Before, GROUP, ROWS, Weights};
use crate::keep;

/// The difference of two recursive averages.
#[derive(Debug, Clone)]
pub struct Gap {
    /// The periods, the fast one first.
    periods: [usize; 2],
    weights: [Weights; 2],
    n_seen: usize,
    /// The weights once more, of both averages side by side, as a row takes them.
    alpha: [f64; 2],
    keep: [f64; 2],
    /// The groups so far, sums as their `above` while the seed is not complete.
    leads: [f64; 2],
    anchors: [f64; 2],
    above: [f64; 2],
    phase: usize,
}

keep!(Gap { n_seen, leads, anchors, above, phase < GROUP } given { periods, weights, alpha, keep });

impl Gap {
    /// Averages of the usual weight `2 / (period + 1)`, without values yet; `fast` is at most `slow`, and both are at
    /// least 1.
    pub fn new(fast: usize, slow: usize) -> Self {
        let periods = [fast.max(1), slow.max(1)];
        let weights = periods.map(|p| Weights::new(2.0 / (p as f64 + 1.0)));
        let (alpha, keep) = (weights.map(|w| w.alpha), weights.map(|w| w.powers[0]));
        let [leads, anchors, above] = [[0.0; 2]; 3];
        Self { periods, weights, n_seen: 0, alpha, keep, leads, anchors, above, phase: 0 }
    }

    #[inline(always)]
    fn group(&self, idx: usize) -> Before {
        Before { lead: self.leads[idx], anchor: self.anchors[idx], above: self.above[idx] }
    }

    /// Takes a value.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        if self.n_seen < self.periods[1] {
            return self.push_seed(x);
        }
        // A row inside a group stores what it changes and no more, or the next one would wait for the rest.
        let ([fast, slow], phase) = (&self.weights, self.phase);
        let [p, q] = [fast.powers[phase], slow.powers[phase]];
        let value = if phase == 0 {
            let leads = [fast.lead(self.group(0), x), slow.lead(self.group(1), x)];
            let value = (leads[0] * p - leads[1] * q) + 0.0;
            if value.is_finite() {
                (self.leads, self.anchors, self.above) = (leads, [x; 2], [0.0; 2]);
            }
            value
        } else {
            let down = [x - self.anchors[0], x - self.anchors[1]];
            let kept = [self.above[0] * self.keep[0], self.above[1] * self.keep[1]];
            let new = [down[0] * self.alpha[0], down[1] * self.alpha[1]];
            let above = [kept[0] + new[0], kept[1] + new[1]];
            let value = (self.leads[0] * p - self.leads[1] * q) + (above[0] - above[1]);
            if value.is_finite() {
                self.above = above;
            }
            value
        };
        if !value.is_finite() {
            return f64::NAN;
        }
        self.phase = (phase + 1) % GROUP;
        value
    }

    #[cold]
    fn push_seed(&mut self, x: f64) -> f64 {
        let [fast, slow] = self.periods;
        let of_fast = self.n_seen + fast >= slow;
        let sums = [self.above[0] + if of_fast { x } else { 0.0 }, self.above[1] + x];
        if !(sums[0] - sums[1]).is_finite() {
            return f64::NAN;
        }
        self.n_seen += 1;
        self.above = sums;
        if self.n_seen < slow {
            return f64::NAN;
        }
        let means = [sums[0] / fast as f64, sums[1] / slow as f64];
        (self.leads, self.anchors, self.above) = ([0.0; 2], means, [0.0; 2]);
        means[0] - means[1]
    }

    /// Takes a column and writes the differences, with the same bits.
    #[inline]
    pub fn column(&mut self, x: &[f64], out: &mut [f64]) {
        let mut i = 0;
        while i < x.len() {
            // To the end of a group; or over what is missing among so many rows.
            let mut end = x.len().min(i + GROUP - self.phase);
            if self.phase == 0 && self.n_seen >= self.periods[1] {
                i += self.groups(&x[i..], &mut out[i..]);
                end = x.len().min(i + ROWS);
            }
            for (x, o) in x[i..end].iter().zip(&mut out[i..end]) {
                *o = self.push(*x);
            }
            i = end;
        }
    }

    /// Takes whole groups while nothing is missing, between groups; how many rows they were.
    #[inline(never)]
    fn groups(&mut self, x: &[f64], out: &mut [f64]) -> usize {
        let ([fast, slow], [mut f, mut s]) = (self.weights, [self.group(0), self.group(1)]);
        let mut n = 0;
        let mut ends = [[0.0; 2]; ROWS / GROUP];
        for (x, out) in x.chunks(ROWS).zip(out.chunks_mut(ROWS)) {
            let whole = x.len() / GROUP * GROUP;
            let (x, out) = (x[..whole].as_chunks::<GROUP>().0, out[..whole].as_chunks_mut::<GROUP>().0);
            for ((x, out), end) in x.iter().zip(&mut *out).zip(&mut ends) {
                let mut w = [0.0; 2];
                out[0] = 0.0;
                for k in 1..GROUP {
                    w = [fast.local(w[0], x[k], x[0]), slow.local(w[1], x[k], x[0])];
                    out[k] = w[0] - w[1];
                }
                *end = w;
            }
            let mut sums = [0.0; 4];
            for ((x, out), end) in x.iter().zip(&mut *out).zip(&ends) {
                f = Before { lead: fast.lead(f, x[0]), anchor: x[0], above: end[0] };
                s = Before { lead: slow.lead(s, x[0]), anchor: x[0], above: end[1] };
                *out = std::array::from_fn(|k| (f.lead * fast.powers[k] - s.lead * slow.powers[k]) + out[k]);
                (0..GROUP).for_each(|k| sums[k % 4] += out[k]);
            }
            // A sum is finite only if all are, or they are too large to add up: then one by one.
            if !((sums[0] + sums[2]) + (sums[1] + sums[3])).is_finite() {
                break;
            }
            (self.leads, self.anchors) = ([f.lead, s.lead], [f.anchor, s.anchor]);
            self.above = [f.above, s.above];
            n += whole;
        }
        n
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Ema;

    #[test]
    fn it_is_the_difference_of_two_averages_and_every_cut_has_the_same_bits() {
        let x: Vec<f64> = (0..797).map(|i| if i % 313 == 5 { f64::NAN } else { f64::from(i * i % 41) }).collect();
        let (mut gap, mut fast, mut slow) = (Gap::new(3, 7), Ema::of_period(3), Ema::of_period(7));
        let rows: Vec<f64> = x.iter().map(|x| gap.push(*x)).collect();
        let mut n = 0;
        for (i, &x) in x.iter().enumerate() {
            let slow = slow.push(x);
            // The fast one leaves so many values to the slow one.
            let want = if n < 4 { f64::NAN } else { fast.push(x) - slow };
            n += i32::from(!x.is_nan());
            assert!((want - rows[i]).abs() < 1e-12 || want.is_nan() && rows[i].is_nan(), "{i}: {want} {}", rows[i]);
        }
        for cut in 0..797 {
            let (mut gap, mut got) = (Gap::new(3, 7), vec![0.0; 797]);
            gap.column(&x[..cut], &mut got[..cut]);
            gap.column(&x[cut..], &mut got[cut..]);
            let same = |(a, b): (&f64, &f64)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
            assert!(got.iter().zip(&rows).all(same), "{cut}");
        }
    }

    #[test]
    fn it_never_leaves_the_numbers_and_a_constant_has_none() {
        let mut gap = Gap::new(1, 2);
        let x = [1.0, f64::INFINITY, 3.0, f64::MAX, -f64::MAX, -f64::MAX, 2.0];
        assert!(x.iter().map(|&x| gap.push(x)).all(|v| !v.is_infinite()));
        assert!(gap.push(1.0).is_finite());
        let mut gap = Gap::new(4, 8);
        assert!((0..50).map(|_| gap.push(0.5)).skip(7).all(|v| v == 0.0));
    }
}
