//! Rolling autocorrelation: Pearson's correlation of the last `period` values with those `lag` rows before each.
//!
//! Every value has its pair, so `period + lag` rows are looked at, and both sides have their own mean. NaN where a
//! side does not move. Windowed, from a local origin, so a common offset costs no digits. A NaN leaves with its
//! pairs.
//! Golden: `corrcoef` of numpy, window by window.

use qe_core::param::Param;

use super::{Args, Indicator, Input, MAX_PERIOD, Signature, period_from};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Fold, Kernel, Lag, Part, Step, TwoSided, blocks, boxed, finite};

/// The rolling autocorrelation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Autocorr {
    /// How many pairs, at least 2.
    pub period: usize,
    /// How many rows lie between the two of a pair.
    pub lag: usize,
}

impl Default for Autocorr {
    fn default() -> Self {
        Self { period: 60, lag: 1 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "autocorr",
    aliases: &[],
    about: "rolling autocorrelation at a lag",
    inputs: &[Input::SERIES],
    params: || vec![period_from(2, 60), Param::int("lag", 1, MAX_PERIOD, 1).log().doc("how many rows lie between")],
    outputs: &["autocorr"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(Autocorr { period: args.count(0), lag: args.count(1) }))
    },
};

impl Indicator for Autocorr {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1 + self.lag.max(1)
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self, first_row))
    }
}

/// The rolling autocorrelation of `x`.
pub fn autocorr(x: &[f64], period: usize, lag: usize, out: &mut [f64]) {
    State::new(Autocorr { period, lag }, 0).bulk([x], [out]);
}

/// The last values and the window.
#[derive(Debug, Clone)]
pub struct State {
    before: Lag,
    window: TwoSided<Pairs>,
}

keep!(State { before, window });

/// A part of a window.
#[derive(Debug, Clone, Copy, Default)]
struct Pair {
    now: Part,
    before: Part,
    /// The sum of products of deviations from both origins.
    cross: f64,
}

keep!(Pair { now, before, cross });

impl Pair {
    #[inline]
    fn correlation(self) -> f64 {
        let together = self.cross - self.now.sum * (self.before.sum / self.now.n);
        let apart = self.now.spread().sqrt() * self.before.spread().sqrt();
        // A correlation beyond 1 is rounding.
        if apart > 0.0 { finite(together / apart).clamp(-1.0, 1.0) } else { f64::NAN }
    }
}

/// Pairs of a value and an older one.
#[derive(Debug, Clone, Copy, Default)]
struct Pairs;

impl Fold for Pairs {
    type Item = [f64; 2];
    type Acc = Pair;

    #[inline]
    fn first(&self, [now, before]: [f64; 2]) -> Pair {
        Pair { now: Part::one(now), before: Part::one(before), cross: 0.0 }
    }

    #[inline]
    fn append(&self, acc: Pair, [now, before]: [f64; 2]) -> Pair {
        let cross = acc.cross + (now - acc.now.origin) * (before - acc.before.origin);
        Pair { now: acc.now.with(now), before: acc.before.with(before), cross }
    }

    #[inline]
    fn prepend(&self, x: [f64; 2], acc: Pair) -> Pair {
        self.append(acc, x)
    }

    #[inline]
    fn join(&self, older: Pair, newer: Pair) -> Pair {
        let (now, before) = (newer.now.origin - older.now.origin, newer.before.origin - older.before.origin);
        let moved = newer.cross + now * newer.before.sum + before * (newer.now.sum + now * newer.now.n);
        Pair { now: older.now.joined(newer.now), before: older.before.joined(newer.before), cross: older.cross + moved }
    }
}

impl State {
    /// No rows yet; the first to come is row `first_row` of its data set.
    pub fn new(params: Autocorr, first_row: u64) -> Self {
        Self { before: Lag::new(params.lag), window: TwoSided::new(Pairs, params.period, first_row) }
    }

    /// Takes a row.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        let before = self.before.push(x);
        self.window.push([x, before]).map_or(f64::NAN, Pair::correlation)
    }
}

impl Step<1, 1> for State {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.push(x)]
    }

    fn bulk(&mut self, inputs: [&[f64]; 1], out: [&mut [f64]; 1]) {
        blocks(inputs, out, |[x], [out], [before]| {
            let (before, out) = (&mut before[..x.len()], &mut out[..x.len()]);
            self.before.bulk(x, before, |_, old| old);
            let emit = |i: usize, acc: Option<Pair>| out[i] = acc.map_or(f64::NAN, Pair::correlation);
            self.window.bulk(x.len(), |i| [x[i], before[i]], emit);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_alternates_is_minus_one_and_what_repeats_is_one() {
        let x: Vec<f64> = (0..40).map(|i| f64::from(i % 2)).collect();
        let mut out = [0.0; 40];
        autocorr(&x, 10, 1, &mut out);
        assert!(out[..10].iter().all(|v| v.is_nan()) && out[10..].iter().all(|v| (v + 1.0).abs() < 1e-15));
        autocorr(&x, 10, 2, &mut out);
        assert!(out[11..].iter().all(|v| (v - 1.0).abs() < 1e-15));
        autocorr(&[3.0; 40], 10, 2, &mut out);
        assert!(out.iter().all(|v| v.is_nan()));
    }

    #[test]
    fn an_offset_of_a_hundred_million_costs_no_digits() {
        // Multiples of 2^-20, so that the offset itself rounds nothing.
        let x: Vec<f64> = (0..500).map(|i: i32| libm::floor(libm::sin(f64::from(i * i)) * 1024.0) / 1024.0).collect();
        let far: Vec<f64> = x.iter().map(|v| v + 1e8).collect();
        let (mut a, mut b) = ([0.0; 500], [0.0; 500]);
        autocorr(&x, 30, 3, &mut a);
        autocorr(&far, 30, 3, &mut b);
        assert!(a[32..].iter().zip(&b[32..]).all(|(a, b)| (a - b).abs() <= 1e-12));
    }
}
