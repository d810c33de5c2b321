//! Kaufman's adaptive moving average: `k += (x - k) * sc^2`, quick where the series goes somewhere, slow where it only
//! shakes.
//!
//! `sc` goes from `2 / (slow_period + 1)` to `2 / (fast_period + 1)` with the efficiency, which is how far the last
//! `period` rows went over the sum of their steps; it is 1 where nothing moves. As in TA-Lib, the first value moves
//! from the value of the row before. A NaN gives NaN in every row whose steps hold it, and leaves the average as it is.
//! Golden: TA-Lib `KAMA`. Reference: Kaufman, Trading Systems and Methods (1998).

use super::{Args, Indicator, Input, Signature, named_period, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::blocks::{BLOCK, column};
use crate::kernel::{Ema, Kernel, Lag, Step, WindowSum, boxed};

/// Kaufman's adaptive moving average.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kama {
    /// How many steps the efficiency is taken over.
    pub period: usize,
    /// The period of the quickest average.
    pub fast_period: usize,
    /// The period of the slowest average.
    pub slow_period: usize,
}

impl Default for Kama {
    fn default() -> Self {
        Self { period: 10, fast_period: 2, slow_period: 30 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "kama",
    aliases: &[],
    about: "Kaufman's adaptive moving average",
    inputs: &[Input::SERIES],
    params: || vec![period(10), named_period("fast_period", 2), named_period("slow_period", 30)],
    outputs: &["kama"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(Kama { period: args.count(0), fast_period: args.count(1), slow_period: args.count(2) }))
    },
};

impl Indicator for Kama {
    fn lookback(&self) -> usize {
        self.period.max(1)
    }

    fn settle(&self, eps: f64) -> usize {
        let slowest = 2.0 / (self.slow_period.max(self.fast_period) as f64 + 1.0);
        self.period + Ema::settle(slowest * slowest, 1, eps)
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self))
    }
}

/// Kaufman's adaptive moving average of `x`.
pub fn kama(x: &[f64], params: Kama, out: &mut [f64]) {
    State::new(params).bulk([x], [out]);
}

/// How many values make a group.
const GROUP: usize = 32;

/// How many groups are taken at a time.
const SIDE: usize = 256 / GROUP;

/// How far back an average is looked up.
const LAG: usize = 4;

/// What one or more rows do to an average: how much of it is kept, and what is added.
#[derive(Debug, Clone, Copy)]
struct Move {
    keep: f64,
    add: f64,
}

keep!(Move { keep, add });

impl Move {
    /// Of no row.
    const NONE: Self = Self { keep: 1.0, add: 0.0 };

    /// Of the rows of `self`, and then those of `newer`.
    #[inline(always)]
    fn then(self, newer: Self) -> Self {
        Self { keep: newer.keep * self.keep, add: self.add * newer.keep + newer.add }
    }
}

/// A recursive average whose weight changes, `e += (x - e) * weight`.
///
/// A row would wait for the row before. So the moves of four rows are put together beforehand, where nothing waits, and
/// each average is that of four rows ago, moved once. In a group of rows all is taken relative to its first value.
#[derive(Debug, Clone)]
struct Adaptive {
    /// NaN before the first.
    last: f64,
    /// How many rows the group has.
    phase: usize,
    anchor: f64,
    /// The move of the last row, and those of the last two pairs of rows, each where its phase has it.
    one: Move,
    twos: [Move; 2],
    /// What the last averages lie above the anchor, each where its phase has it.
    above: [f64; LAG],
}

keep!(Adaptive { last, phase < GROUP, anchor, one, twos, above });

impl Adaptive {
    fn new() -> Self {
        let nothing = Move::NONE;
        Self { last: f64::NAN, phase: 0, anchor: 0.0, one: nothing, twos: [nothing; 2], above: [0.0; LAG] }
    }

    /// The next average; `x` being missing, or `weight`, leaves it as it is. The first one goes on from `before`.
    #[inline]
    fn push(&mut self, x: f64, weight: f64, before: f64) -> f64 {
        let phase = self.phase;
        if phase == 0 {
            let last = if self.last.is_nan() { before } else { self.last };
            (self.anchor, self.one, self.twos, self.above) = (x, Move::NONE, [Move::NONE; 2], [last - x; LAG]);
        }
        let this = Move { keep: 1.0 - weight, add: (x - self.anchor) * weight };
        let two = self.one.then(this);
        let four = self.twos[phase % 2].then(two);
        let above = self.above[phase % LAG] * four.keep + four.add;
        let value = self.anchor + above;
        if !value.is_finite() {
            return f64::NAN;
        }
        (self.one, self.twos[phase % 2], self.above[phase % LAG]) = (this, two, above);
        (self.last, self.phase) = (value, (phase + 1) % GROUP);
        value
    }

    /// Takes many values, each with its weight.
    #[inline(always)]
    fn bulk(&mut self, x: &[f64], weights: Weights<'_>, before: f64, rooms: &mut [Room; SIDE], out: &mut [f64]) {
        let n = x.len().min(out.len());
        let (x, out) = (&x[..n], &mut out[..n]);
        let mut i = 0;
        while i < n {
            if self.phase == 0 && !self.last.is_nan() {
                i += self.groups(&x[i..], weights.from(i), rooms, &mut out[i..]);
            }
            if i < n {
                let weight = weights.of(x[i], weights.old[i], weights.steps[i]);
                out[i] = self.push(x[i], weight, if i == 0 { before } else { x[i - 1] });
                i += 1;
            }
        }
    }

    /// Takes whole groups while nothing is missing; how many rows they were.
    #[inline(always)]
    fn groups(&mut self, x: &[f64], weights: Weights<'_>, rooms: &mut [Room; SIDE], out: &mut [f64]) -> usize {
        let (x, out) = (x.as_chunks::<GROUP>().0, out.as_chunks_mut::<GROUP>().0);
        let (old, steps) = (weights.old.as_chunks::<GROUP>().0, weights.steps.as_chunks::<GROUP>().0);
        let mut n = 0;
        // What a group has written is not read at once: it would not yet be in the cache.
        let sides = x.chunks(SIDE).zip(out.chunks_mut(SIDE)).zip(old.chunks(SIDE).zip(steps.chunks(SIDE)));
        for ((x, out), (old, steps)) in sides {
            for (room, (x, (old, steps))) in rooms.iter_mut().zip(x.iter().zip(old.iter().zip(steps))) {
                room.ones(x, old, steps, weights);
            }
            rooms[..x.len()].iter_mut().for_each(Room::twos);
            for (room, (x, out)) in rooms.iter().zip(x.iter().zip(out)) {
                let Some(last) = room.averages(x[0], self.last, out) else { return n };
                self.last = last;
                n += GROUP;
            }
        }
        n
    }
}

/// The moves of a group's rows, and of its pairs of rows, after those of no row.
struct Room {
    keep: [f64; GROUP + 1],
    add: [f64; GROUP + 1],
    keep_two: [f64; GROUP + 2],
    add_two: [f64; GROUP + 2],
}

impl Room {
    fn new() -> Self {
        let Move { keep, add } = Move::NONE;
        Self { keep: [keep; _], add: [add; _], keep_two: [keep; _], add_two: [add; _] }
    }

    #[inline(always)]
    fn ones(&mut self, x: &[f64; GROUP], old: &[f64; GROUP], steps: &[f64; GROUP], weights: Weights<'_>) {
        for i in 0..GROUP {
            let weight = weights.of(x[i], old[i], steps[i]);
            self.keep[i + 1] = 1.0 - weight;
            self.add[i + 1] = (x[i] - x[0]) * weight;
        }
    }

    #[inline(always)]
    fn twos(&mut self) {
        let Self { keep, add, keep_two, add_two } = self;
        for i in 0..GROUP {
            keep_two[i + 2] = keep[i + 1] * keep[i];
            add_two[i + 2] = add[i] * keep[i + 1] + add[i + 1];
        }
    }

    /// The averages after `last`, and the last of them; none where something is missing.
    #[inline(always)]
    fn averages(&self, anchor: f64, last: f64, out: &mut [f64; GROUP]) -> Option<f64> {
        let older = self.keep_two.as_chunks::<LAG>().0.iter().zip(self.add_two.as_chunks::<LAG>().0);
        let newer = self.keep_two[2..].as_chunks::<LAG>().0.iter().zip(self.add_two[2..].as_chunks::<LAG>().0);
        let mut above = [last - anchor; LAG];
        let mut sums = [0.0; LAG];
        for (((keep, add), (keep_new, add_new)), out) in older.zip(newer).zip(out.as_chunks_mut::<LAG>().0) {
            above = std::array::from_fn(|k| above[k] * (keep_new[k] * keep[k]) + (add[k] * keep_new[k] + add_new[k]));
            *out = std::array::from_fn(|k| anchor + above[k]);
            (0..LAG).for_each(|k| sums[k] += out[k]);
        }
        // A sum is finite only if all are, or they are too large to add up: then one by one.
        sums.iter().sum::<f64>().is_finite().then_some(anchor + above[LAG - 1])
    }
}

/// What the weight of a value comes from.
#[derive(Debug, Clone, Copy)]
struct Weights<'a> {
    fastest: f64,
    slowest: f64,
    /// The values so many rows ago.
    old: &'a [f64],
    /// The sums of the steps since.
    steps: &'a [f64],
}

impl Weights<'_> {
    #[inline(always)]
    fn from(self, i: usize) -> Self {
        Self { old: &self.old[i..], steps: &self.steps[i..], ..self }
    }

    #[inline(always)]
    fn of(self, x: f64, old: f64, steps: f64) -> f64 {
        weight(self.fastest, self.slowest, (x - old).abs(), steps)
    }
}

/// The steps of the window and the average.
#[derive(Debug, Clone)]
pub struct State {
    last: f64,
    lag: Lag,
    steps: WindowSum,
    fastest: f64,
    slowest: f64,
    average: Adaptive,
    columns: [Vec<f64>; 3],
}

keep!(State { last, lag, steps, average } given { fastest, slowest } scratch { columns });

impl State {
    /// No values yet.
    pub fn new(params: Kama) -> Self {
        let of = |period: usize| 2.0 / (period.max(1) as f64 + 1.0);
        let period = params.period.max(1);
        Self {
            last: f64::NAN,
            lag: Lag::new(period),
            steps: WindowSum::new(period),
            fastest: of(params.fast_period),
            slowest: of(params.slow_period),
            average: Adaptive::new(),
            columns: std::array::from_fn(|_| column()),
        }
    }

    /// Takes a value.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        let way = (x - self.lag.push(x)).abs();
        let steps = self.steps.push((x - self.last).abs());
        let before = std::mem::replace(&mut self.last, x);
        self.average.push(x, weight(self.fastest, self.slowest, way, steps), before)
    }
}

/// The weight of a value in the average.
#[inline(always)]
fn weight(fastest: f64, slowest: f64, way: f64, steps: f64) -> f64 {
    // Rounding may leave the steps short of the way; then all of it is straight.
    let ratio = way / steps;
    let efficiency = if steps <= way { 1.0 } else { ratio };
    let sc = efficiency * (fastest - slowest) + slowest;
    sc * sc
}

impl Step<1, 1> for State {
    const WIDE: bool = true;

    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.push(x)]
    }

    #[inline(always)]
    fn bulk(&mut self, [x]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let n = x.len().min(out.len());
        let (all, period) = (&x[..n], self.lag.lag());
        let (before, mut rooms) = (self.last, std::array::from_fn(|_| Room::new()));
        let mut at = 0;
        while at < n {
            // Blocks that end with a group.
            let rows = at..(at + BLOCK - self.average.phase).min(n);
            let [step, steps, old] = self.columns.each_mut().map(|c| &mut c[..rows.len()]);
            let (x, out) = (&all[rows.clone()], &mut out[rows.clone()]);
            step[0] = (x[0] - self.last).abs();
            for (step, pair) in step[1..].iter_mut().zip(x.windows(2)) {
                *step = (pair[1] - pair[0]).abs();
            }
            self.last = x[x.len() - 1];
            self.steps.bulk(step, steps);
            // The ring is asked for what came before these columns, and told only what will outlast them.
            let own = period.saturating_sub(at).min(x.len());
            let old = if own == 0 {
                &all[at - period..][..x.len()]
            } else {
                old.iter_mut().zip(x).take(own).for_each(|(old, &x)| *old = self.lag.push(x));
                old[own..].copy_from_slice(&all[(at + own).saturating_sub(period)..][..x.len() - own]);
                old
            };
            let weights = Weights { fastest: self.fastest, slowest: self.slowest, old, steps };
            self.average.bulk(x, weights, if at == 0 { before } else { all[at - 1] }, &mut rooms, out);
            at += x.len();
        }
        for &x in &all[period.max(n.saturating_sub(period)).min(n)..] {
            self.lag.push(x);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_a_line_it_is_the_fastest_average_and_a_constant_stays_itself() {
        let x: Vec<f64> = (0..300).map(f64::from).collect();
        let mut out = vec![0.0; 300];
        kama(&x, Kama { period: 10, fast_period: 2, slow_period: 30 }, &mut out);
        // Weight 4 / 9: it lags by 5 / 4.
        assert!(out[9].is_nan() && (out[299] - 297.75).abs() < 1e-9, "{}", out[299]);
        kama(&[0.1; 300], Kama::default(), &mut out);
        assert!(out[10..].iter().all(|&v| v == 0.1));
    }

    #[test]
    fn it_is_the_plain_recursion_and_goes_on_over_what_is_missing() {
        let params = Kama { period: 5, fast_period: 2, slow_period: 30 };
        let missing = [300, 301, 777];
        let x: Vec<f64> = (0..1500).map(|i| f64::from(i * i % 89) + if i == 900 { 1e4 } else { 1e2 }).collect();
        let mut holes = x.clone();
        missing.iter().for_each(|&i| holes[i] = f64::NAN);
        let mut out = vec![0.0; 1500];
        kama(&holes, params, &mut out);
        let mut average = x[4];
        for i in 5..1500 {
            let w = &holes[i - 5..=i];
            let steps: f64 = w.windows(2).map(|w| (w[1] - w[0]).abs()).sum();
            if steps.is_nan() {
                assert!(out[i].is_nan(), "{i}");
                continue;
            }
            average += (x[i] - average) * weight(2.0 / 3.0, 2.0 / 31.0, (w[5] - w[0]).abs(), steps);
            assert!((out[i] - average).abs() < 1e-12 * average, "{i} {} {average}", out[i]);
        }
        let (mut one, mut rows) = (State::new(params), vec![0.0; 1500]);
        holes.iter().zip(&mut rows).for_each(|(x, o)| *o = one.push(*x));
        assert!(rows.iter().zip(&out).all(|(a, b)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())));
    }
}
