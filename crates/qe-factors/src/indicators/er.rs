//! Kaufman's efficiency ratio: how far a value went in `period` rows, divided by the way it took.
//!
//! Windowed: a NaN is in every window that holds it and leaves with it. 1 is a straight way, 0 a way back to where it
//! began. Where nothing moves it is NaN (0 / 0).
//! Golden: a Python loop from the definition. Reference: Kaufman, Smarter Trading (1995).

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Kernel, Ring, Step, Terms, WindowFold, boxed, finite};

/// The efficiency ratio, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Er {
    /// How many rows.
    pub period: usize,
}

impl Default for Er {
    fn default() -> Self {
        Self { period: 10 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "er",
    aliases: &[],
    about: "efficiency ratio, 0 to 1",
    inputs: &[Input::SERIES],
    params: || vec![period(10)],
    outputs: &["er"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Er { period: args.count(0) })) },
};

impl Indicator for Er {
    fn lookback(&self) -> usize {
        self.period.max(1)
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period, first_row))
    }
}

/// The efficiency ratio, 0 to 1 of `x`, which begins at row 0.
pub fn er(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(period, 0).bulk([x], [out]);
}

/// The sum of the steps that a value took.
#[derive(Debug, Clone, Copy)]
struct Way;

impl Terms<1, 1, 1> for Way {
    #[inline]
    fn terms(&self, [step]: [f64; 1], _: [f64; 1], _: f64) -> [f64; 1] {
        [step]
    }

    #[inline]
    fn finish(&self, way: [f64; 1], _: [f64; 1], _: [f64; 1], _: f64) -> [f64; 1] {
        way
    }
}

/// How many rows go through all steps before the next ones: they stay in cache.
const CHUNK: usize = 4096;

/// The last values and the sum of their steps.
#[derive(Debug, Clone)]
pub struct State {
    values: Ring,
    last: f64,
    way: WindowFold<Way, 1, 1, 1>,
    steps: Vec<f64>,
}

keep!(State { values, last, way } scratch { steps });

impl State {
    /// No values yet; the first to come is row `first_row` of its data set.
    pub fn new(period: usize, first_row: u64) -> Self {
        Self {
            values: Ring::new(period),
            last: f64::NAN,
            way: WindowFold::new(Way, period, first_row),
            steps: Vec::new(),
        }
    }

    /// Takes a value.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        let step = (x - self.last).abs();
        self.last = x;
        let [way] = self.way.push([step]);
        self.values.push(x).map_or(f64::NAN, |first| ratio((x - first).abs(), way))
    }
}

#[inline]
fn ratio(far: f64, way: f64) -> f64 {
    let r = finite(far / way);
    // Rounding may make the way the shorter one.
    if r > 1.0 { 1.0 } else { r }
}

impl Step<1, 1> for State {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.push(x)]
    }

    fn bulk(&mut self, [x]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        self.steps.resize(x.len().min(CHUNK), 0.0);
        for (x, out) in x.chunks(CHUNK).zip(out.chunks_mut(CHUNK)) {
            let steps = &mut self.steps[..x.len()];
            for (i, step) in steps.iter_mut().enumerate() {
                *step = (x[i] - if i == 0 { self.last } else { x[i - 1] }).abs();
            }
            self.last = x.last().copied().unwrap_or(self.last);
            self.way.bulk([&*steps], [&mut *out]);
            for (o, &x) in out.iter_mut().zip(x) {
                *o = self.values.push(x).map_or(f64::NAN, |first| ratio((x - first).abs(), *o));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_straight_way_is_one_and_a_way_back_nothing() {
        let mut out = [0.0; 7];
        er(&[1.0, 2.0, 4.0, 2.0, 1.0, 1.0, 1.0], 2, &mut out);
        assert!(out[..2].iter().all(|v| v.is_nan()));
        assert_eq!(out[2..6], [1.0, 0.0, 1.0, 1.0]);
        assert!(out[6].is_nan());
    }
}
