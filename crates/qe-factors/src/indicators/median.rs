//! Median of the last `period` values: the one in the middle, or half the sum of the two.
//!
//! Windowed: a NaN is in every window that holds it and leaves with it. A row costs the logarithm of the period in
//! comparisons, and a move of the values between the one that comes in and the one that leaves.
//! Golden: pandas `rolling.median`.

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Kernel, Sorted, Step, boxed, finite};

/// The rolling median.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Median {
    /// How many rows.
    pub period: usize,
}

impl Default for Median {
    fn default() -> Self {
        Self { period: 20 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "median",
    aliases: &[],
    about: "rolling median",
    inputs: &[Input::SERIES],
    params: || vec![period(20)],
    outputs: &["median"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Median { period: args.count(0) })) },
};

impl Indicator for Median {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period))
    }
}

/// The rolling median of `x`.
pub fn median(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(period).bulk([x], [out]);
}

/// The window in order of size.
#[derive(Debug, Clone)]
pub struct State(Sorted);

keep!(State(window));

impl State {
    /// No values yet.
    pub fn new(period: usize) -> Self {
        Self(Sorted::new(period))
    }

    /// Takes a value.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        let Some(w) = self.0.push(x) else { return f64::NAN };
        finite((w[(w.len() - 1) / 2] + w[w.len() / 2]) / 2.0)
    }
}

impl Step<1, 1> for State {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.push(x)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_middle_one_or_half_of_two() {
        let mut out = [0.0; 5];
        median(&[1.0, 9.0, 2.0, f64::NAN, 5.0], 3, &mut out);
        assert_eq!(out[2], 2.0);
        assert!([0, 1, 3, 4].into_iter().all(|i| out[i].is_nan()));
        median(&[1.0, 9.0, 2.0, 4.0, 5.0], 4, &mut out);
        assert_eq!(out[3..], [3.0, 4.5]);
    }
}
