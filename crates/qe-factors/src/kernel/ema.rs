//! The recursive average, seeded with the mean of its first values as TA-Lib does.
//!
//! `e += (x - e) * alpha`, eight values at a time, as `groups` has it. Groups are counted from the seed, so every cut
//! of the rows gives the same bits.
//!
//! A value that is missing or infinite, or that would carry the average beyond all numbers, gives a missing result and
//! leaves the state as it is.

use std::cell::Cell;

use super::Step;
use super::groups::{Before, GROUP, ROWS, Weights, locals};
use crate::keep;

/// Up to how many rows are not worth buffers.
const FEW: usize = 32;

/// What is made of averages on the way.
pub(crate) trait Made {
    /// Of the values and averages of a group, which begins with row `at`: what is written, and what is finite where
    /// nothing is missing. Where it is not, rows come again, one by one.
    fn group(&mut self, at: usize, x: &[f64; GROUP], averages: [f64; GROUP]) -> ([f64; GROUP], [f64; GROUP]);

    /// Of row `at`.
    fn one(&mut self, at: usize, x: f64, average: f64) -> f64;
}

/// The averages themselves.
struct Averages;

impl Made for Averages {
    #[inline(always)]
    fn group(&mut self, _: usize, _: &[f64; GROUP], averages: [f64; GROUP]) -> ([f64; GROUP], [f64; GROUP]) {
        (averages, averages)
    }

    #[inline(always)]
    fn one(&mut self, _: usize, _: f64, average: f64) -> f64 {
        average
    }
}

/// A recursive average.
#[derive(Debug, Clone)]
pub struct Ema {
    weights: Weights,
    seed: usize,
    n_seen: usize,
    /// This group, the sum as its `above` while the seed is not complete.
    group: Before,
    /// How many values the group has.
    phase: usize,
}

keep!(Ema { n_seen, group, phase < GROUP } given { weights, seed });

impl Ema {
    /// An average that gives the newest value the weight `alpha`, after a seed of the mean of `seed` values (at least
    /// 1).
    pub fn new(alpha: f64, seed: usize) -> Self {
        Self { weights: Weights::new(alpha), seed: seed.max(1), n_seen: 0, group: Before::default(), phase: 0 }
    }

    /// The usual one of a period: weight `2 / (period + 1)`.
    pub fn of_period(period: usize) -> Self {
        Self::new(2.0 / (period as f64 + 1.0), period)
    }

    /// Wilder's: weight `1 / period`.
    pub fn wilder(period: usize) -> Self {
        Self::new(1.0 / period.max(1) as f64, period)
    }

    /// Takes a value; NaN until the seed is complete, and where the value is no number.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        if self.n_seen < self.seed {
            return self.push_seed(x);
        }
        let Before { lead, anchor, above } = self.group;
        // A row inside a group stores what it changes and no more, or the next one would wait for the rest.
        let value = if self.phase == 0 {
            let lead = self.weights.lead(self.group, x);
            let value = x + (lead * self.weights.powers[0] + 0.0);
            if value.is_finite() {
                self.group = Before { lead, anchor: x, above: 0.0 };
            }
            value
        } else {
            let above = self.weights.local(above, x, anchor);
            let value = anchor + (lead * self.weights.powers[self.phase] + above);
            if value.is_finite() {
                self.group.above = above;
            }
            value
        };
        if !value.is_finite() {
            return f64::NAN;
        }
        self.phase = (self.phase + 1) % GROUP;
        value
    }

    #[cold]
    fn push_seed(&mut self, x: f64) -> f64 {
        let sum = self.group.above + x;
        if !sum.is_finite() {
            return f64::NAN;
        }
        self.n_seen += 1;
        self.group.above = sum;
        if self.n_seen < self.seed {
            return f64::NAN;
        }
        let mean = sum / self.seed as f64;
        self.group = Before { lead: 0.0, anchor: mean, above: 0.0 };
        mean
    }

    /// Takes a column and writes its averages, with the same bits.
    #[inline(never)]
    pub fn column(&mut self, x: &[f64], out: &mut [f64]) {
        self.column_with(x, out, &mut Averages);
    }

    /// Takes a column and writes what is made of its averages.
    #[inline]
    pub(crate) fn column_with(&mut self, x: &[f64], out: &mut [f64], made: &mut impl Made) {
        let n = x.len().min(out.len());
        let (x, out) = (&x[..n], &mut out[..n]);
        let mut i = 0;
        while i < n {
            // To the end of a group; or over what is missing among so many rows.
            let mut end = n.min(i + GROUP - self.phase);
            if self.between_groups() {
                i = self.groups(i, x, out, made);
                end = n.min(i + ROWS);
            }
            for k in i..end {
                out[k] = made.one(k, x[k], self.push(x[k]));
            }
            i = end;
        }
    }

    /// Takes many values `get(0..n)`, with the same bits; `emit` is told each row's number and average.
    #[inline]
    pub fn bulk(&mut self, n: usize, get: impl Fn(usize) -> f64, mut emit: impl FnMut(usize, f64)) {
        if n <= FEW {
            return (0..n).for_each(|i| emit(i, self.push(get(i))));
        }
        let [mut x, mut out] = [[0.0; ROWS]; 2];
        let mut at = 0;
        while at < n {
            // Pieces that end with a group.
            let m = self.whole(ROWS).min(n - at);
            let (x, out) = (&mut x[..m], &mut out[..m]);
            x.iter_mut().enumerate().for_each(|(k, x)| *x = get(at + k));
            self.column(x, out);
            out.iter().enumerate().for_each(|(k, v)| emit(at + k, *v));
            at += m;
        }
    }

    /// Takes whole groups from row `at` on while nothing is missing, between groups; the row where they end.
    #[inline]
    fn groups(&mut self, mut at: usize, x: &[f64], out: &mut [f64], made: &mut impl Made) -> usize {
        let (weights, mut group) = (self.weights, self.group);
        for (x, out) in x[at..].chunks(ROWS).zip(out[at..].chunks_mut(ROWS)) {
            let whole = x.len() / GROUP * GROUP;
            let (x, out) = (&x[..whole], &mut out[..whole]);
            locals(&weights, x, out);
            let mut sums = [0.0; 4];
            for (i, (x, out)) in x.as_chunks::<GROUP>().0.iter().zip(out.as_chunks_mut::<GROUP>().0).enumerate() {
                group = Before { lead: weights.lead(group, x[0]), anchor: x[0], above: out[GROUP - 1] };
                let averages = std::array::from_fn(|k| group.anchor + (group.lead * weights.powers[k] + out[k]));
                let (values, whole) = made.group(at + i * GROUP, x, averages);
                (0..GROUP).for_each(|k| sums[k % 4] += whole[k]);
                *out = values;
            }
            // A sum is finite only if all are, or they are too large to add up: then one by one.
            if !((sums[0] + sums[2]) + (sums[1] + sums[3])).is_finite() {
                break;
            }
            self.group = group;
            at += whole;
        }
        at
    }

    /// How many of the next `n` rows to take at once, so that they end with a group; `n` being whole groups.
    #[inline]
    pub(crate) fn whole(&self, n: usize) -> usize {
        n - self.phase
    }

    /// Whether the next value begins a group, the seed being complete.
    #[inline]
    pub(super) fn between_groups(&self) -> bool {
        self.phase == 0 && self.n_seen >= self.seed
    }

    #[inline]
    pub(super) fn weights(&self) -> Weights {
        self.weights
    }

    /// The group so far.
    #[inline]
    pub(super) fn group(&self) -> Before {
        self.group
    }

    /// Goes on from another group, between groups.
    #[inline]
    pub(super) fn go_on_from(&mut self, group: Before) {
        self.group = group;
    }

    /// Puts the averages of values in their place.
    #[inline]
    pub fn in_place(&mut self, values: &mut [f64]) {
        let cells = Cell::from_mut(values).as_slice_of_cells();
        self.bulk(cells.len(), |i| cells[i].get(), |i, v| cells[i].set(v));
    }

    /// After how many rows what came before the first weighs less than `eps`: the seed's rows, and those in which its
    /// weight fades.
    pub fn settle(alpha: f64, seed: usize, eps: f64) -> usize {
        let fading = libm::ceil(libm::log(eps.max(f64::MIN_POSITIVE)) / libm::log1p(-alpha.clamp(1e-12, 1.0 - 1e-12)));
        seed + fading.max(0.0) as usize
    }
}

impl Step<1, 1> for Ema {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.push(x)]
    }

    fn bulk(&mut self, [x]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        self.column(x, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_is_a_mean_and_a_missing_value_leaves_the_state() {
        let mut ema = Ema::of_period(3);
        let got = [1.0, 2.0, f64::NAN, 6.0, 5.0].map(|x| ema.push(x));
        assert!(got[..3].iter().all(|v| v.is_nan()));
        assert_eq!(got[3..], [3.0, 4.0]);
    }

    #[test]
    fn groups_are_the_recursion_and_every_cut_has_their_bits() {
        // Many missing at first, then whole blocks without any, and one in a block.
        let missing = |i: i32| i < 97 && i % 13 == 5 || i == 700;
        let x: Vec<f64> = (0..997).map(|i| if missing(i) { f64::NAN } else { f64::from(i * i % 41) }).collect();
        let (mut one, mut plain, mut n) = (Ema::of_period(5), 0.0, 0.0);
        let rows: Vec<f64> = x.iter().map(|&x| one.push(x)).collect();
        for (i, &v) in x.iter().enumerate().filter(|(_, v)| !v.is_nan()) {
            n += 1.0;
            plain = if n <= 5.0 { plain + v } else { plain + (v - plain) / 3.0 };
            plain = if n == 5.0 { plain / 5.0 } else { plain };
            assert!(n < 5.0 || (rows[i] - plain).abs() < 1e-12, "{i}");
        }
        let same =
            |got: &[f64]| got.iter().zip(&rows).all(|(a, b)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan());
        for cut in 0..997 {
            let (mut ema, mut got) = (Ema::of_period(5), vec![0.0; 997]);
            ema.bulk(cut, |i| x[i], |i, v| got[i] = v);
            ema.column(&x[cut..], &mut got[cut..]);
            assert!(same(&got), "{cut}");
        }
        let mut got = x.clone();
        Ema::of_period(5).in_place(&mut got);
        assert!(same(&got));
    }

    #[test]
    fn it_never_leaves_the_numbers() {
        let mut ema = Ema::of_period(2);
        let x = [1.0, f64::INFINITY, 3.0, f64::MAX, -f64::MAX, -f64::MAX, 2.0];
        assert!(x.iter().map(|&x| ema.push(x)).all(|v| !v.is_infinite()));
        assert!(ema.push(1.0).is_finite());
    }

    #[test]
    fn a_constant_stays_itself() {
        let mut ema = Ema::of_period(7);
        assert!((0..50).map(|_| ema.push(0.1)).skip(6).all(|v| (v - 0.1).abs() < 1e-16));
        let mut ema = Ema::of_period(8);
        assert!((0..50).map(|_| ema.push(0.5)).skip(7).all(|v| v == 0.5));
    }

    #[test]
    fn what_came_before_has_faded_after_the_settling_rows() {
        let n = Ema::settle(0.1, 5, 1e-6);
        let (mut a, mut b) = (Ema::new(0.1, 5), Ema::new(0.1, 5));
        let last = |e: &mut Ema, first: f64| (0..n).map(|i| e.push(if i < 5 { first } else { 1.0 })).last();
        assert!((last(&mut a, 0.0).unwrap() - last(&mut b, 1.0).unwrap()).abs() <= 1e-6);
        assert!(n < 200);
    }
}
