//! Maximum drawdown of a window: the deepest fall from any row to a later one in the last `period` rows, 0 or less.
//!
//! `min over i <= j of x[j] / x[i] - 1`. A part of a window is its highest, its lowest and its deepest fall; of two
//! parts, the deepest is that of one of them or goes from the highest of the older to the lowest of the newer. So a
//! row costs the same whatever the period. Windowed: a NaN leaves with its window, and so does a value below zero,
//! from which nothing can fall.
//! Golden: a plain loop over each window in Python.

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Fold, Kernel, Step, TwoSided, boxed};

/// The maximum drawdown of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxDrawdown {
    /// How many rows.
    pub period: usize,
}

impl Default for MaxDrawdown {
    fn default() -> Self {
        Self { period: 252 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "max_drawdown",
    aliases: &[],
    about: "deepest fall within a window, as a fraction",
    inputs: &[Input::SERIES],
    params: || vec![period(252)],
    outputs: &["max_drawdown"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(MaxDrawdown { period: args.count(0) })) },
};

impl Indicator for MaxDrawdown {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self, first_row))
    }
}

/// The deepest fall within each window of `x`.
pub fn max_drawdown(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(MaxDrawdown { period }, 0).bulk([x], [out]);
}

/// The window.
#[derive(Debug, Clone)]
pub struct State {
    window: TwoSided<Falls>,
}

keep!(State { window });

/// NaN for what is below zero or no number.
#[inline]
fn priced(x: f64) -> f64 {
    if (0.0..f64::INFINITY).contains(&x) { x } else { f64::NAN }
}

/// A part of a window.
#[derive(Debug, Clone, Copy, Default)]
struct Fall {
    highest: f64,
    lowest: f64,
    /// The lowest share that was left of an earlier value; NaN if a value is.
    left: f64,
}

keep!(Fall { highest, lowest, left });

impl Fall {
    #[inline]
    fn depth(self) -> f64 {
        // From nothing alone there is no fall.
        if self.highest > 0.0 { self.left - 1.0 } else { f64::NAN }
    }
}

/// The deepest fall.
#[derive(Debug, Clone, Copy, Default)]
struct Falls;

/// What is left of `from` at `to`; all of it where there was nothing. NaN if either is.
#[inline]
fn left(from: f64, to: f64) -> f64 {
    let share = to / from;
    if from == 0.0 { 1.0 + to * 0.0 } else { share }
}

#[inline]
fn lower(a: f64, b: f64) -> f64 {
    if a < b || a.is_nan() { a } else { b }
}

#[inline]
fn higher(a: f64, b: f64) -> f64 {
    if a > b || a.is_nan() { a } else { b }
}

impl Fold for Falls {
    type Item = f64;
    type Acc = Fall;

    #[inline]
    fn first(&self, x: f64) -> Fall {
        Fall { highest: x, lowest: x, left: 1.0 + x * 0.0 }
    }

    #[inline]
    fn append(&self, acc: Fall, x: f64) -> Fall {
        let deepest = lower(acc.left, left(acc.highest, x));
        Fall { highest: higher(acc.highest, x), lowest: lower(acc.lowest, x), left: deepest }
    }

    #[inline]
    fn prepend(&self, x: f64, acc: Fall) -> Fall {
        let deepest = lower(acc.left, left(x, acc.lowest));
        Fall { highest: higher(acc.highest, x), lowest: lower(acc.lowest, x), left: deepest }
    }

    #[inline]
    fn join(&self, older: Fall, newer: Fall) -> Fall {
        let deepest = lower(lower(older.left, newer.left), left(older.highest, newer.lowest));
        Fall { highest: higher(older.highest, newer.highest), lowest: lower(older.lowest, newer.lowest), left: deepest }
    }
}

impl State {
    /// No rows yet; the first to come is row `first_row` of its data set.
    pub fn new(params: MaxDrawdown, first_row: u64) -> Self {
        Self { window: TwoSided::new(Falls, params.period, first_row) }
    }

    /// Takes a row.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        self.window.push(priced(x)).map_or(f64::NAN, Fall::depth)
    }
}

impl Step<1, 1> for State {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.push(x)]
    }

    fn bulk(&mut self, inputs: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let n = inputs.iter().map(|x| x.len()).min().unwrap_or(0).min(out.len());
        let x = inputs[0];
        self.window.bulk(n, |i| priced(x[i]), |i, fall| out[i] = fall.map_or(f64::NAN, Fall::depth));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_fall_goes_from_an_earlier_to_a_later_row() {
        let mut out = [0.0; 7];
        max_drawdown(&[4.0, 8.0, 2.0, 4.0, 16.0, 12.0, 20.0], 3, &mut out);
        assert_eq!(out[2..], [-0.75, -0.75, 0.0, -0.25, -0.25]);
        max_drawdown(&[0.0, 0.0, 1.0, 0.0, -1.0, 1.0, 1.0], 2, &mut out);
        assert_eq!(out[2..4], [0.0, -1.0]);
        assert!(out[1].is_nan() && out[4].is_nan() && out[5].is_nan());
    }

    #[test]
    fn it_agrees_with_all_pairs() {
        let x: Vec<f64> = (0..300).map(|i: i32| 5.0 + 4.0 * libm::sin(f64::from(i * i))).collect();
        let mut out = vec![0.0; 300];
        for period in [1, 2, 7, 50] {
            max_drawdown(&x, period, &mut out);
            for end in period..=300 {
                let w = &x[end - period..end];
                let pairs = (0..period).flat_map(|i| (i..period).map(move |j| w[j] / w[i] - 1.0));
                assert_eq!(out[end - 1], pairs.fold(0.0, f64::min), "{period} {end}");
            }
        }
    }
}
