//! Percentile rank of the newest of the last `period` values: `(less + (equal + 1) / 2) / period`, the newest being
//! one of the equal ones. From `1 / period` for the only lowest to 1 for the only highest.
//!
//! Windowed: a NaN is in every window that holds it and leaves with it.
//! Golden: pandas `rolling.rank(pct=True)`.

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::kernel::{Kernel, Sorted, Step, below, boxed, up_to};

/// The percentile rank of the newest value in its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rank {
    /// How many rows.
    pub period: usize,
}

impl Default for Rank {
    fn default() -> Self {
        Self { period: 20 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "ts_rank",
    aliases: &[],
    about: "percentile rank of the newest value in its window",
    inputs: &[Input::SERIES],
    params: || vec![period(20)],
    outputs: &["ts_rank"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Rank { period: args.count(0) })) },
};

impl Indicator for Rank {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period))
    }
}

/// The percentile rank of the newest value in its window of `x`.
pub fn rank(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(period).bulk([x], [out]);
}

/// The window in order of size.
#[derive(Debug, Clone)]
pub struct State(Sorted);

impl State {
    /// No values yet.
    pub fn new(period: usize) -> Self {
        Self(Sorted::new(period))
    }

    /// Takes a value.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        let Some(w) = self.0.push(x) else { return f64::NAN };
        let (less, up_to) = (below(w, x), up_to(w, x));
        (less as f64 + ((up_to - less) as f64 + 1.0) / 2.0) / w.len() as f64
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
    fn equals_share_their_ranks() {
        let mut out = [0.0; 6];
        rank(&[1.0, 2.0, 3.0, 0.0, 3.0, 3.0], 4, &mut out);
        assert!(out[2].is_nan());
        assert_eq!(out[3..], [0.25, 0.875, 0.75]);
    }
}
