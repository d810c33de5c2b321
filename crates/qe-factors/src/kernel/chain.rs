//! Exponential averages of exponential averages, each seeded with the mean of the first values that it is given, and a
//! weighted sum of the last of them, whose weights add up to 1.
//!
//! Rows go by groups of eight, as in [`Ema`](super::Ema). With `a` the first value of a group and `d` what a stage lies
//! above it, the average of stage `s` after the k-th value, from 0, lies above it by the sum over all stages `j`
//! up to `s` of `d[j] * alpha^(s - j) * (k + s - j over k) * keep^(k + 1)`, and by `w[s]`, which is what it would be if
//! all stages had begun at 0. So the weighted sum needs one factor for each `d` and place in the group, all stages take
//! a row together, and what does not wait for the group before is made beforehand. The `w` leave out the factor `alpha`
//! of each stage, which is in the weights. Groups are counted from the row in which the last stage has its seed.
//!
//! A value that is missing or infinite, or that would carry the sum beyond all numbers, gives a missing result and
//! leaves all stages as they are.

use super::groups::{GROUP, ROWS};
use super::{Keep, Tape};

/// `N` averages, each of the one before, and the sum of those from stage `FROM` on, counted from 0.
#[derive(Debug, Clone)]
pub struct Chain<const N: usize, const FROM: usize> {
    period: usize,
    alpha: f64,
    keep: f64,
    /// What `d` of a stage weighs in the average so many stages later when the group ends.
    fades: [f64; N],
    /// What the `d` weigh in the sum after each value of a group.
    shares: [[f64; GROUP]; N],
    /// What the `w` weigh in the sum.
    weights: [f64; N],
    /// By what the `w` must be multiplied.
    scales: [f64; N],
    /// How many stages have their seed.
    n_live: usize,
    /// How many values the seed of the next stage has, and their sum.
    n_seed: usize,
    sum: f64,
    group: Group<N>,
    /// How many values the group has.
    phase: usize,
}

/// The weights are those of a fresh one.
impl<const N: usize, const FROM: usize> Keep for Chain<N, FROM> {
    fn keep(&mut self, tape: &mut Tape<'_>) {
        let Self {
            period,
            alpha: _,
            keep: _,
            fades: _,
            shares: _,
            weights: _,
            scales: _,
            n_live,
            n_seed,
            sum,
            group,
            phase,
        } = self;
        let Group { anchor, leads, above } = group;
        tape.count(n_live, N);
        tape.count(n_seed, *period);
        sum.keep(tape);
        anchor.keep(tape);
        leads.keep(tape);
        above.keep(tape);
        tape.count(phase, GROUP - 1);
    }
}

/// A group so far.
#[derive(Debug, Clone, Copy)]
struct Group<const N: usize> {
    /// The first value.
    anchor: f64,
    /// What the stages lay above it when the group began.
    leads: [f64; N],
    /// The `w`, begun at 0.
    above: [f64; N],
}

impl<const N: usize, const FROM: usize> Chain<N, FROM> {
    /// No values yet. The weights of stages before `FROM` are not looked at.
    pub fn new(period: usize, weights: [f64; N]) -> Self {
        let period = period.max(1);
        let alpha = 2.0 / (period as f64 + 1.0);
        let keep = 1.0 - alpha;
        // fade(m, k) = alpha^m * (k + m over k) * keep^(k + 1)
        let mut fade = [[keep; GROUP]; N];
        for (m, fade) in fade.iter_mut().enumerate() {
            let mut power = keep;
            for (k, v) in fade.iter_mut().enumerate() {
                *v = (1..=m).fold(power, |v, i| v * (alpha * (k + i) as f64 / i as f64));
                power *= keep;
            }
        }
        let mut shares = [[0.0; GROUP]; N];
        for (j, share) in shares.iter_mut().enumerate() {
            for s in j.max(FROM)..N {
                (0..GROUP).for_each(|k| share[k] += weights[s] * fade[s - j][k]);
            }
        }
        let mut scales = [alpha; N];
        (1..N).for_each(|s| scales[s] = scales[s - 1] * alpha);
        Self {
            period,
            alpha,
            keep,
            fades: fade.map(|f| f[GROUP - 1]),
            shares,
            weights: std::array::from_fn(|s| weights[s] * scales[s]),
            scales,
            n_live: 0,
            n_seed: 0,
            sum: 0.0,
            group: Group { anchor: 0.0, leads: [0.0; N], above: [0.0; N] },
            phase: 0,
        }
    }

    /// The `w` of all stages after `x`.
    #[inline(always)]
    fn locals(&self, above: [f64; N], x: f64, anchor: f64) -> [f64; N] {
        let mut v = x - anchor;
        above.map(|w| {
            v += w * self.keep;
            v
        })
    }

    /// The part of the sum that waits for nothing before the group.
    #[inline(always)]
    fn local_sum(&self, above: &[f64; N]) -> f64 {
        let mut sum = self.weights[N - 1] * above[N - 1];
        (FROM..N - 1).rev().for_each(|s| sum += self.weights[s] * above[s]);
        sum
    }

    /// The sum after the k-th value of a group.
    #[inline(always)]
    fn value(&self, anchor: f64, leads: &[f64; N], local: f64, k: usize) -> f64 {
        let mut sum = local;
        (0..N).for_each(|j| sum += leads[j] * self.shares[j][k]);
        anchor + sum
    }

    /// What the stages lie above `x`, the first value of a group, when the group before has ended.
    #[inline(always)]
    fn leads(&self, before: &Group<N>, x: f64) -> [f64; N] {
        let down = before.anchor - x;
        std::array::from_fn(|s| {
            let mut sum = before.above[s] * self.scales[s] + down;
            (0..=s).for_each(|j| sum += before.leads[j] * self.fades[s - j]);
            sum
        })
    }

    /// Takes a value; NaN until the last stage has its seed.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        if self.n_live < N {
            return self.push_seed(x);
        }
        // A row inside a group stores what it changes and no more, or the next one would wait for the rest.
        let value = if self.phase == 0 {
            let group = Group { anchor: x, leads: self.leads(&self.group, x), above: [0.0; N] };
            let value = self.value(x, &group.leads, self.local_sum(&group.above), 0);
            if value.is_finite() {
                self.group = group;
            }
            value
        } else {
            let above = self.locals(self.group.above, x, self.group.anchor);
            let value = self.value(self.group.anchor, &self.group.leads, self.local_sum(&above), self.phase);
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

    /// While there are stages without a seed: `leads` of the group are the averages of the others.
    #[cold]
    fn push_seed(&mut self, x: f64) -> f64 {
        let mut averages = self.group.leads;
        let mut v = x;
        for e in &mut averages[..self.n_live] {
            *e += (v - *e) * self.alpha;
            v = *e;
        }
        if !(v + self.sum).is_finite() {
            return f64::NAN;
        }
        let (mut n_live, mut n_seed, mut sum) = (self.n_live, self.n_seed, self.sum);
        while n_live < N {
            n_seed += 1;
            sum += v;
            if n_seed < self.period {
                break;
            }
            v = sum / self.period as f64;
            averages[n_live] = v;
            (n_live, n_seed, sum) = (n_live + 1, 0, 0.0);
        }
        let mut value = f64::NAN;
        self.group.leads = if n_live < N {
            averages
        } else {
            // As if a group had ended, whose stages began at 0.
            let above = std::array::from_fn(|s| (averages[s] - x) / self.scales[s]);
            value = x + self.local_sum(&above);
            if !value.is_finite() {
                return f64::NAN;
            }
            (self.group.anchor, self.group.above) = (x, above);
            [0.0; N]
        };
        (self.n_live, self.n_seed, self.sum) = (n_live, n_seed, sum);
        value
    }

    /// Takes a column, with the same bits.
    #[inline]
    pub fn column(&mut self, x: &[f64], out: &mut [f64]) {
        let n = x.len().min(out.len());
        let (x, out) = (&x[..n], &mut out[..n]);
        let mut i = 0;
        while i < n {
            // To the end of a group; or over what is missing among so many rows.
            let mut end = n.min(i + GROUP - self.phase);
            if self.phase == 0 && self.n_live == N {
                i = self.groups(i, x, out);
                end = n.min(i + ROWS);
            }
            for (x, o) in x[i..end].iter().zip(&mut out[i..end]) {
                *o = self.push(*x);
            }
            i = end;
        }
    }

    /// Takes whole groups from row `at` on while nothing is missing, between groups; the row where they end.
    #[inline(never)]
    fn groups(&mut self, mut at: usize, x: &[f64], out: &mut [f64]) -> usize {
        let mut ends = [[0.0; N]; ROWS / GROUP];
        for (x, out) in x[at..].chunks(ROWS).zip(out[at..].chunks_mut(ROWS)) {
            let whole = x.len() / GROUP * GROUP;
            let (x, out) = (x[..whole].as_chunks::<GROUP>().0, out[..whole].as_chunks_mut::<GROUP>().0);
            for ((x, out), end) in x.iter().zip(&mut *out).zip(&mut ends) {
                let mut above = [0.0; N];
                out[0] = self.local_sum(&above);
                for k in 1..GROUP {
                    above = self.locals(above, x[k], x[0]);
                    out[k] = self.local_sum(&above);
                }
                *end = above;
            }
            let mut group = self.group;
            let mut sums = [0.0; 4];
            for ((x, out), end) in x.iter().zip(&mut *out).zip(&ends) {
                group = Group { anchor: x[0], leads: self.leads(&group, x[0]), above: *end };
                *out = std::array::from_fn(|k| self.value(group.anchor, &group.leads, out[k], k));
                (0..GROUP).for_each(|k| sums[k % 4] += out[k]);
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Ema;

    #[test]
    fn it_is_averages_of_averages_and_every_cut_has_the_same_bits() {
        let x: Vec<f64> = (0..617).map(|i| if i % 283 == 5 { f64::NAN } else { f64::from(i * i % 41) }).collect();
        for period in 1..8 {
            let weights = [0.5, -1.5, 2.0];
            let mut chain = Chain::<3, 0>::new(period, weights);
            let rows: Vec<f64> = x.iter().map(|&x| chain.push(x)).collect();
            let mut plain: [Ema; 3] = std::array::from_fn(|_| Ema::of_period(period));
            for (i, got) in rows.iter().enumerate() {
                let (mut v, mut want) = (x[i], 0.0);
                for (ema, weight) in plain.iter_mut().zip(weights) {
                    v = ema.push(v);
                    want += v * weight;
                }
                assert!((want - got).abs() < 1e-11 || want.is_nan() && got.is_nan(), "{period} {i}: {want} {got}");
            }
            for cut in 0..617 {
                let (mut chain, mut got) = (Chain::<3, 0>::new(period, weights), vec![0.0; 617]);
                chain.column(&x[..cut], &mut got[..cut]);
                chain.column(&x[cut..], &mut got[cut..]);
                let same = |a: &f64, b: &f64| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
                assert!(got.iter().zip(&rows).all(|(a, b)| same(a, b)), "{period} {cut}");
            }
        }
    }

    #[test]
    fn the_last_stage_alone_is_the_last_of_all() {
        let x: Vec<f64> = (0..200).map(|i| f64::from(i * i % 41)).collect();
        let (mut alone, mut all) = (Chain::<3, 2>::new(4, [7.0, 7.0, 1.0]), Chain::<3, 0>::new(4, [0.0, 0.0, 1.0]));
        for (i, &x) in x.iter().enumerate() {
            let (a, b) = (alone.push(x), all.push(x));
            assert!((a - b).abs() < 1e-12 || i < 9 && a.is_nan() && b.is_nan(), "{i}: {a} {b}");
        }
    }

    #[test]
    fn it_never_leaves_the_numbers_and_a_constant_stays_itself() {
        let mut chain = Chain::<2, 0>::new(2, [2.0, -1.0]);
        let x = [1.0, f64::INFINITY, 3.0, f64::MAX, -f64::MAX, -f64::MAX, f64::MAX, 2.0];
        assert!(x.iter().map(|&x| chain.push(x)).all(|v| !v.is_infinite()));
        assert!(chain.push(1.0).is_finite());
        let mut chain = Chain::<2, 0>::new(4, [2.0, -1.0]);
        assert!((0..50).map(|_| chain.push(0.1)).skip(6).all(|v| v == 0.1));
    }
}
