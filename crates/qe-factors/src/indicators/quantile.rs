//! Quantile of the last `period` values: the value below which a share of `q_frac` lies, on a straight line between
//! the two neighbours, as numpy's default. 0 gives the lowest, 0.5 the median, 1 the highest.
//!
//! Windowed: a NaN is in every window that holds it and leaves with it.
//! Golden: numpy `quantile` of each window.

use qe_core::param::Param;

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Kernel, Sorted, Step, boxed, finite};

/// The rolling quantile.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantile {
    /// How many rows.
    pub period: usize,
    /// The share of values below.
    pub q_frac: f64,
}

impl Default for Quantile {
    fn default() -> Self {
        Self { period: 20, q_frac: 0.5 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "quantile",
    aliases: &[],
    about: "rolling quantile",
    inputs: &[Input::SERIES],
    params: || vec![period(20), Param::float("q_frac", 0.0, 1.0, 0.5).doc("the share of values below it")],
    outputs: &["quantile"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(Quantile { period: args.count(0), q_frac: args.number(1) }))
    },
};

impl Indicator for Quantile {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self))
    }
}

/// The rolling quantile of `x`.
pub fn quantile(x: &[f64], params: Quantile, out: &mut [f64]) {
    State::new(params).bulk([x], [out]);
}

/// The window in order of size.
#[derive(Debug, Clone)]
pub struct State {
    window: Sorted,
    /// The neighbour below.
    below: usize,
    /// How far from it to the one above.
    share: f64,
}

keep!(State { window } given { below, share });

impl State {
    /// No values yet.
    pub fn new(params: Quantile) -> Self {
        let place = params.q_frac.clamp(0.0, 1.0) * (params.period.max(1) - 1) as f64;
        Self { window: Sorted::new(params.period), below: place as usize, share: place - place.floor() }
    }

    /// Takes a value.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        let Some(w) = self.window.push(x) else { return f64::NAN };
        let below = w[self.below.min(w.len() - 1)];
        let above = w[(self.below + 1).min(w.len() - 1)];
        finite(below + (above - below) * self.share)
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
    fn it_lies_on_the_line_between_neighbours() {
        let x = [3.0, 1.0, 2.0, 10.0, 4.0];
        for (q_frac, want) in [(0.0, 1.0), (0.5, 3.0), (0.875, 7.0), (1.0, 10.0)] {
            let mut out = [0.0; 5];
            quantile(&x, Quantile { period: 5, q_frac }, &mut out);
            assert!(out[3].is_nan());
            assert_eq!(out[4], want);
        }
    }
}
