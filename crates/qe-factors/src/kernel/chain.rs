//! Exponential averages of exponential averages, each seeded with the mean of the first values that it is given.
//!
//! All stages take a row together, so that one does not wait for the whole pass of another. Rows go by pairs, as they
//! go by fours in [`Ema`](super::Ema): with `a` the first value of a pair, the average after the second is
//! `a + ((e - a) * keep^2 + (x - a) * alpha)`. Pairs are counted from the first row for all stages; one whose seed ends
//! inside a pair takes that seed for the first value of it.
//!
//! A value that is missing or infinite, or that would carry any stage beyond all numbers, gives missing results and
//! leaves all stages as they are.

/// How many rows go through all stages at a time, where they go row by row; even, so that pairs stay pairs.
const ROWS: usize = 256;

/// `N` averages, each of the one before.
#[derive(Debug, Clone)]
pub struct Chain<const N: usize> {
    period: usize,
    alpha: f64,
    /// What is left after one row and after two.
    keep: [f64; 2],
    /// How many stages have their seed.
    n_live: usize,
    /// How many values the seed of the next stage has, and their sum.
    n_seed: usize,
    sum: f64,
    /// Whether the next row is the second of a pair.
    second: bool,
    base: [f64; N],
    anchor: [f64; N],
    /// By what a stage's base must be multiplied.
    scale: [f64; N],
}

impl<const N: usize> Chain<N> {
    /// Many stages wait for registers and not for each other: they go row by row, `e * keep + x * alpha`. All but the
    /// first leave out the factor `alpha`, and what comes out is made smaller by the powers of it that are missing.
    const PLAIN: bool = N > 3;

    /// No values yet; a period of 0 counts as 1.
    pub fn new(period: usize) -> Self {
        let alpha = 2.0 / (period.max(1) as f64 + 1.0);
        let keep = 1.0 - alpha;
        let mut scale = [1.0; N];
        for s in 1..N {
            scale[s] = if Self::PLAIN { scale[s - 1] * alpha } else { 1.0 };
        }
        Self {
            period: period.max(1),
            alpha,
            keep: [keep, keep * keep],
            n_live: 0,
            n_seed: 0,
            sum: 0.0,
            second: false,
            base: [0.0; N],
            anchor: [0.0; N],
            scale,
        }
    }

    /// Takes a value; the averages, NaN for stages without a seed.
    #[inline]
    pub fn push(&mut self, x: f64) -> [f64; N] {
        let mut out = [f64::NAN; N];
        let (mut base, mut anchor) = (self.base, self.anchor);
        let mut v = if Self::PLAIN { x * self.alpha } else { x };
        for (s, out) in out.iter_mut().enumerate().take(self.n_live) {
            if Self::PLAIN {
                v += base[s] * self.keep[0];
                base[s] = v;
                *out = v * self.scale[s];
                continue;
            } else if self.second {
                v = anchor[s] + ((base[s] - anchor[s]) * self.keep[1] + (v - anchor[s]) * self.alpha);
                base[s] = v;
            } else {
                anchor[s] = v;
                v += (base[s] - v) * self.keep[0];
            }
            *out = v;
        }
        // What is no number stays none through all stages.
        if !(v + self.sum).is_finite() {
            return [f64::NAN; N];
        }
        (self.base, self.anchor) = (base, anchor);
        if self.n_live < N {
            let last = self.n_live.checked_sub(1).map_or(x, |s| out[s]);
            self.push_seed(last, &mut out);
        }
        self.second = !self.second;
        out
    }

    #[cold]
    fn push_seed(&mut self, x: f64, out: &mut [f64; N]) {
        let mut v = x;
        while let Some(o) = out.get_mut(self.n_live) {
            self.n_seed += 1;
            self.sum += v;
            if self.n_seed < self.period {
                return;
            }
            v = self.sum / self.period as f64;
            (*o, self.base[self.n_live], self.anchor[self.n_live]) = (v, v / self.scale[self.n_live], v);
            (self.n_live, self.n_seed, self.sum) = (self.n_live + 1, 0, 0.0);
        }
    }

    /// Takes many values, with the same bits; `emit` is told each row's number and averages.
    #[inline]
    pub fn bulk(&mut self, x: &[f64], mut emit: impl FnMut(usize, [f64; N])) {
        let mut i = 0;
        while i < x.len() {
            if self.n_live == N && !self.second {
                i += self.pairs(&x[i..], |k, out| emit(i + k, out));
            }
            let Some(&v) = x.get(i) else { return };
            emit(i, self.push(v));
            i += 1;
        }
    }

    /// Takes whole pairs while nothing is missing; how many rows they were.
    #[inline]
    fn pairs(&mut self, x: &[f64], mut emit: impl FnMut(usize, [f64; N])) -> usize {
        if Self::PLAIN {
            return self.rows(x, emit);
        }
        let (alpha, keep, mut base) = (self.alpha, self.keep, self.base);
        let mut n = 0;
        for pair in x.chunks_exact(2) {
            let (mut a, mut b) = (pair[0], pair[1]);
            let (mut first, mut second) = ([0.0; N], [0.0; N]);
            for s in 0..N {
                let d = base[s] - a;
                (a, b) = (a + d * keep[0], a + (d * keep[1] + (b - a) * alpha));
                (first[s], second[s]) = (a, b);
            }
            // A sum is finite only if both are, or they are too large to add up: then one by one.
            if !(a + b).is_finite() {
                break;
            }
            base = second;
            emit(n, first);
            emit(n + 1, second);
            n += 2;
        }
        self.base = base;
        n
    }

    /// Takes rows while nothing is missing; how many they were. At each tick every stage takes a row, the later ones an
    /// older row each, so that none waits for another.
    #[inline]
    fn rows(&mut self, x: &[f64], mut emit: impl FnMut(usize, [f64; N])) -> usize {
        let (alpha, keep, scale) = (self.alpha, self.keep[0], self.scale);
        const { assert!(!Self::PLAIN || N & 1 == 0, "stages go by twos") };
        // Stage `s` and stage `half + s` in two lanes: what one twin hands on is what the next one takes.
        let half = N / 2;
        let mut out = [[0.0; ROWS]; N];
        let mut done = 0;
        for x in x.chunks_exact(ROWS) {
            let mut e = self.base;
            // The first rows, in which the later stages wait.
            for t in 0..N - 1 {
                for s in (0..=t).rev() {
                    e[s] = e[s] * keep + if s == 0 { x[t] * alpha } else { e[s - 1] };
                    out[s][t - s] = e[s];
                }
            }
            let mut twins: [[f64; 2]; N] =
                std::array::from_fn(|s| if s < half { [e[s], e[half + s]] } else { [0.0; 2] });
            for t in N - 1..ROWS {
                let mut before = [x[t] * alpha, twins[half - 1][0]];
                for s in 0..half {
                    let twin = twins[s];
                    twins[s] = [twin[0] * keep + before[0], twin[1] * keep + before[1]];
                    (out[s][t - s], out[half + s][t - half - s]) = (twins[s][0], twins[s][1]);
                    before = twin;
                }
            }
            e = std::array::from_fn(|s| twins[s % half][s / half]);
            // The last rows, for which the earlier stages have come to their end.
            for k in 1..N {
                for s in (k..N).rev() {
                    e[s] = e[s] * keep + e[s - 1];
                    out[s][ROWS + k - 1 - s] = e[s];
                }
            }
            // What is no number would have stayed none to the end.
            if !e.iter().all(|e| e.is_finite()) {
                break;
            }
            self.base = e;
            (0..ROWS).for_each(|i| emit(done + i, std::array::from_fn(|s| out[s][i] * scale[s])));
            done += ROWS;
        }
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Ema;

    #[test]
    fn it_is_averages_of_averages_and_every_cut_has_the_same_bits() {
        let x: Vec<f64> = (0..97).map(|i| if i % 13 == 5 { f64::NAN } else { f64::from(i * i % 41) }).collect();
        for period in 1..8 {
            let mut chain = Chain::<3>::new(period);
            let rows: Vec<[f64; 3]> = x.iter().map(|&x| chain.push(x)).collect();
            let mut plain: [Ema; 3] = std::array::from_fn(|_| Ema::of_period(period));
            for (i, row) in rows.iter().enumerate() {
                let mut v = x[i];
                for (ema, got) in plain.iter_mut().zip(row) {
                    v = ema.push(v);
                    assert!((v - got).abs() < 1e-12 || v.is_nan() && got.is_nan(), "{period} {i}: {v} {got}");
                }
            }
            for cut in 0..97 {
                let (mut chain, mut got) = (Chain::<3>::new(period), vec![[0.0; 3]; 97]);
                chain.bulk(&x[..cut], |i, v| got[i] = v);
                chain.bulk(&x[cut..], |i, v| got[cut + i] = v);
                let same = |a: &f64, b: &f64| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
                assert!(got.iter().flatten().zip(rows.iter().flatten()).all(|(a, b)| same(a, b)), "{period} {cut}");
            }
        }
    }

    #[test]
    fn it_never_leaves_the_numbers_and_a_constant_stays_itself() {
        let mut chain = Chain::<2>::new(2);
        let x = [1.0, f64::INFINITY, 3.0, f64::MAX, -f64::MAX, -f64::MAX, f64::MAX, 2.0];
        assert!(x.iter().flat_map(|&x| chain.push(x)).all(|v| !v.is_infinite()));
        assert!(chain.push(1.0)[1].is_finite());
        let mut chain = Chain::<2>::new(4);
        assert!((0..50).map(|_| chain.push(0.1)).skip(6).all(|v| v == [0.1; 2]));
    }
}
