//! Drawdown: how far a value lies below the highest of the last `period` rows, as a fraction, 0 or less.
//!
//! `x / max - 1`. Windowed: a NaN leaves with its window. NaN where the highest is not above zero.
//! Golden: rolling maximum by pandas.

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Fold, Kernel, Step, TwoSided, boxed, finite};

/// The drawdown from the highest of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drawdown {
    /// How many rows.
    pub period: usize,
}

impl Default for Drawdown {
    fn default() -> Self {
        Self { period: 252 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "drawdown",
    aliases: &[],
    about: "distance below the highest of a window, as a fraction",
    inputs: &[Input::SERIES],
    params: || vec![period(252)],
    outputs: &["drawdown"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Drawdown { period: args.count(0) })) },
};

impl Indicator for Drawdown {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self, first_row))
    }
}

/// The drawdown of `x` from the highest of each window.
pub fn drawdown(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(Drawdown { period }, 0).bulk([x], [out]);
}

/// The window.
#[derive(Debug, Clone)]
pub struct State {
    highest: TwoSided<Highest>,
}

keep!(State { highest });

/// The highest; NaN if any is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Highest;

#[inline]
fn higher(a: f64, b: f64) -> f64 {
    // A comparison with NaN is false, so both must be asked.
    if a > b || a.is_nan() { a } else { b }
}

impl Fold for Highest {
    type Item = f64;
    type Acc = f64;

    #[inline]
    fn first(&self, x: f64) -> f64 {
        x
    }

    #[inline]
    fn append(&self, acc: f64, x: f64) -> f64 {
        higher(acc, x)
    }

    #[inline]
    fn prepend(&self, x: f64, acc: f64) -> f64 {
        higher(acc, x)
    }

    #[inline]
    fn join(&self, older: f64, newer: f64) -> f64 {
        higher(older, newer)
    }
}

/// How far a value lies below another, as a fraction of it; NaN unless that is above zero.
#[inline]
pub(crate) fn below(x: f64, top: f64) -> f64 {
    let share = x / top - 1.0;
    if top > 0.0 { finite(share) } else { f64::NAN }
}

impl State {
    /// No rows yet; the first to come is row `first_row` of its data set.
    pub fn new(params: Drawdown, first_row: u64) -> Self {
        Self { highest: TwoSided::new(Highest, params.period, first_row) }
    }

    /// Takes a row.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        self.highest.push(x).map_or(f64::NAN, |top| below(x, top))
    }
}

impl Step<1, 1> for State {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.push(x)]
    }

    fn bulk(&mut self, inputs: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let n = inputs.iter().map(|x| x.len()).min().unwrap_or(0).min(out.len());
        let (x, out) = (&inputs[0][..n], &mut out[..n]);
        self.highest.bulk(n, |i| x[i], |i, top| out[i] = top.unwrap_or(f64::NAN));
        for (o, x) in out.iter_mut().zip(x) {
            *o = below(*x, *o);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_nothing_at_the_top_and_a_half_at_half() {
        let mut out = [0.0; 5];
        drawdown(&[4.0, 8.0, 4.0, 3.0, 3.0], 2, &mut out);
        assert!(out[0].is_nan());
        assert_eq!(out[1..], [0.0, -0.5, -0.25, 0.0]);
    }
}
