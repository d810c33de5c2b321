//! Coppock's curve: the weighted mean of the sum of two rates of change.
//!
//! `wma(roc(x, slow_period) + roc(x, fast_period), period)`, the newest sum with weight `period`, the oldest with 1;
//! from 0 a rate of change is 0, as everywhere here. Windowed: a NaN is in every window that reads it and leaves with
//! it.
//! Golden: pandas `rolling` over rates by TA-Lib. Reference: Coppock, Barron's (October 1962).

use super::{Args, Indicator, Input, Signature, named_period, period, roc::change_percent};
use crate::error::Result;
use crate::keep;
use crate::kernel::{BLOCK, Fold, Kernel, Lag, Step, TwoSided, boxed, finite};

/// Coppock's curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coppock {
    /// How many sums are averaged.
    pub period: usize,
    /// How many rows ago the newer value stands.
    pub fast_period: usize,
    /// How many rows ago the older value stands.
    pub slow_period: usize,
}

impl Default for Coppock {
    fn default() -> Self {
        Self { period: 10, fast_period: 11, slow_period: 14 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "coppock",
    aliases: &[],
    about: "Coppock's curve: the weighted mean of two rates of change",
    inputs: &[Input::SERIES],
    params: || vec![period(10), named_period("fast_period", 11), named_period("slow_period", 14)],
    outputs: &["coppock"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(Coppock { period: args.count(0), fast_period: args.count(1), slow_period: args.count(2) }))
    },
};

impl Indicator for Coppock {
    fn lookback(&self) -> usize {
        self.slow_period.max(self.fast_period).max(1) + self.period.max(1) - 1
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self, first_row))
    }
}

/// Coppock's curve of `x`.
pub fn coppock(x: &[f64], params: Coppock, out: &mut [f64]) {
    State::new(params, 0).bulk([x], [out]);
}

/// Sums with weights 1, 2, 3 and so on, the newest being the heaviest.
#[derive(Debug, Clone, Copy)]
struct Weighted;

/// How many rows a part has, their sum, and their weighted sum.
type Part = (f64, f64, f64);

impl Fold for Weighted {
    type Item = f64;
    type Acc = Part;

    #[inline]
    fn first(&self, x: f64) -> Part {
        (1.0, x, x)
    }

    #[inline]
    fn append(&self, (n, sum, weighted): Part, x: f64) -> Part {
        (n + 1.0, sum + x, weighted + (n + 1.0) * x)
    }

    #[inline]
    fn prepend(&self, x: f64, (n, sum, weighted): Part) -> Part {
        (n + 1.0, sum + x, weighted + (sum + x))
    }

    #[inline]
    fn join(&self, older: Part, newer: Part) -> Part {
        (older.0 + newer.0, older.1 + newer.1, older.2 + (newer.2 + older.0 * newer.1))
    }
}

/// The last values and the weighted sums.
#[derive(Debug, Clone)]
pub struct State {
    slow: Lag,
    fast: Lag,
    sums: TwoSided<Weighted>,
    weights: f64,
}

keep!(State { slow, fast, sums } given { weights });

impl State {
    /// No values yet; the first to come is row `first_row` of its data set.
    pub fn new(params: Coppock, first_row: u64) -> Self {
        let n = params.period.max(1) as f64;
        Self {
            slow: Lag::new(params.slow_period.max(1)),
            fast: Lag::new(params.fast_period.max(1)),
            sums: TwoSided::new(Weighted, params.period, first_row),
            weights: n * (n + 1.0) / 2.0,
        }
    }

    /// Takes a value.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        let rates = change_percent(x, self.slow.push(x)) + change_percent(x, self.fast.push(x));
        self.sums.push(rates).map_or(f64::NAN, |s| finite(s.2 / self.weights))
    }
}

impl Step<1, 1> for State {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.push(x)]
    }

    fn bulk(&mut self, [x]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let mut rates = [0.0; BLOCK];
        for (x, out) in x.chunks(BLOCK).zip(out.chunks_mut(BLOCK)) {
            let rates = &mut rates[..x.len()];
            self.slow.bulk(x, rates, change_percent);
            self.fast.bulk(x, out, change_percent);
            for (rate, &fast) in rates.iter_mut().zip(&*out) {
                *rate += fast;
            }
            let weights = self.weights;
            self.sums.bulk(x.len(), |i| rates[i], |i, sum| out[i] = sum.map_or(f64::NAN, |s| finite(s.2 / weights)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_sum_weighs_most() {
        let mut out = [0.0; 5];
        coppock(&[1.0, 1.0, 2.0, 2.0, 1.0], Coppock { period: 2, fast_period: 1, slow_period: 1 }, &mut out);
        assert!(out[1].is_nan());
        assert_eq!(out[2..], [400.0 / 3.0, 200.0 / 3.0, -200.0 / 3.0]);
    }
}
