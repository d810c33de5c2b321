//! The recursive average, seeded with the mean of its first values as TA-Lib does.
//!
//! `e += (x - e) * alpha`, eight values at a time: with `a` the first value of a group and `d` what the average lies
//! above it, the average after the k-th value is `a + (d * keep^k + w)`, where `w` is the average of `x - a` begun at
//! 0. So one group waits for the one before it only through `d`, a constant stays what it is to the bit, and a common
//! offset costs no digits. Groups are counted from the seed, so every cut of the rows gives the same bits.
//!
//! A value that is missing or infinite, or that would carry the average beyond all numbers, gives a missing result and
//! leaves the state as it is.

use std::cell::Cell;

use super::Step;

/// How many values make a group.
const GROUP: usize = 8;

/// A recursive average.
#[derive(Debug, Clone)]
pub struct Ema {
    alpha: f64,
    keep: f64,
    /// `keep` to the first, second, third and fourth.
    powers: [f64; GROUP],
    seed: usize,
    n_seen: usize,
    /// The average when the group began; the sum while the seed is not complete.
    base: f64,
    /// The first value of the group.
    anchor: f64,
    /// The average of what the group's values lie above the first.
    above: f64,
    /// How many values the group has.
    phase: usize,
}

impl Ema {
    /// An average that gives the newest value the weight `alpha`, after a seed of the mean of `seed` values (at least
    /// 1).
    pub fn new(alpha: f64, seed: usize) -> Self {
        let keep = 1.0 - alpha;
        let mut powers = [keep; GROUP];
        for k in 1..GROUP {
            powers[k] = powers[k - 1] * keep;
        }
        Self { alpha, keep, powers, seed: seed.max(1), n_seen: 0, base: 0.0, anchor: 0.0, above: 0.0, phase: 0 }
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
        let (anchor, above) = match self.phase {
            0 => (x, 0.0),
            1 => (self.anchor, (x - self.anchor) * self.alpha),
            _ => (self.anchor, self.above * self.keep + (x - self.anchor) * self.alpha),
        };
        let value = anchor + ((self.base - anchor) * self.powers[self.phase] + above);
        if !value.is_finite() {
            return f64::NAN;
        }
        (self.anchor, self.above) = (anchor, above);
        self.phase += 1;
        if self.phase == GROUP {
            (self.base, self.phase) = (value, 0);
        }
        value
    }

    #[cold]
    fn push_seed(&mut self, x: f64) -> f64 {
        if !(self.base + x).is_finite() {
            return f64::NAN;
        }
        self.n_seen += 1;
        self.base += x;
        if self.n_seen < self.seed {
            return f64::NAN;
        }
        self.base /= self.seed as f64;
        self.base
    }

    /// Takes many values `get(0..n)`, with the same bits; `emit` is told each row's number and average.
    #[inline]
    pub fn bulk(&mut self, n: usize, get: impl Fn(usize) -> f64, mut emit: impl FnMut(usize, f64)) {
        let mut i = 0;
        while i < n {
            if self.between_groups() {
                i = self.groups(i, n, &get, &mut emit);
            }
            if i < n {
                emit(i, self.push(get(i)));
                i += 1;
            }
        }
    }

    /// Takes whole groups while nothing is missing, the seed and the last group being complete; the row where they end.
    #[inline]
    fn groups(
        &mut self,
        mut i: usize,
        n: usize,
        get: &impl Fn(usize) -> f64,
        emit: &mut impl FnMut(usize, f64),
    ) -> usize {
        // Copies, so that what is emitted cannot be taken for a change of them.
        let (alpha, keep, p, mut base) = (self.alpha, self.keep, self.powers, self.base);
        while i + GROUP <= n {
            let x: [f64; GROUP] = std::array::from_fn(|k| get(i + k));
            let (a, d) = (x[0], base - x[0]);
            let z = x.map(|x| (x - a) * alpha);
            let mut w = [0.0; GROUP];
            for k in 1..GROUP {
                w[k] = w[k - 1] * keep + z[k];
            }
            let out: [f64; GROUP] = std::array::from_fn(|k| a + (d * p[k] + w[k]));
            // A sum is finite only if all are, or they are too large to add up: then one by one.
            let halves: [f64; 4] = std::array::from_fn(|k| out[k] + out[k + 4]);
            if !((halves[0] + halves[2]) + (halves[1] + halves[3])).is_finite() {
                break;
            }
            base = out[GROUP - 1];
            for (k, o) in out.into_iter().enumerate() {
                emit(i + k, o);
            }
            i += GROUP;
        }
        self.base = base;
        i
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

    /// The weight of the newest value, what is left of the rest, and the powers of that.
    #[inline]
    pub(super) fn weights(&self) -> (f64, f64, [f64; GROUP]) {
        (self.alpha, self.keep, self.powers)
    }

    /// The average where the group begins.
    #[inline]
    pub(super) fn base(&self) -> f64 {
        self.base
    }

    /// Goes on from another average, between groups.
    #[inline]
    pub(super) fn rebase(&mut self, base: f64) {
        self.base = base;
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
        let n = x.len().min(out.len());
        let (x, out) = (&x[..n], &mut out[..n]);
        Self::bulk(self, n, |i| x[i], |i, v| out[i] = v);
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
        let x: Vec<f64> = (0..97).map(|i| if i % 13 == 5 { f64::NAN } else { f64::from(i * i % 41) }).collect();
        let (mut one, mut plain, mut n) = (Ema::of_period(5), 0.0, 0.0);
        let rows: Vec<f64> = x.iter().map(|&x| one.push(x)).collect();
        for (i, &v) in x.iter().enumerate().filter(|(_, v)| !v.is_nan()) {
            n += 1.0;
            plain = if n <= 5.0 { plain + v } else { plain + (v - plain) / 3.0 };
            plain = if n == 5.0 { plain / 5.0 } else { plain };
            assert!(n < 5.0 || (rows[i] - plain).abs() < 1e-12, "{i}");
        }
        for cut in 0..97 {
            let (mut ema, mut got) = (Ema::of_period(5), vec![0.0; 97]);
            ema.bulk(cut, |i| x[i], |i, v| got[i] = v);
            ema.bulk(97 - cut, |i| x[cut + i], |i, v| got[cut + i] = v);
            assert!(
                got.iter().zip(&rows).all(|(a, b)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()),
                "{cut}"
            );
        }
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
