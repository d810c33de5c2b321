//! Momentum: `x - x[period rows ago]`.
//!
//! Windowed: a NaN gives NaN there and `period` rows on.
//! Golden: TA-Lib `MOM`.

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Kernel, Lag, Step, boxed, finite};

/// Momentum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mom {
    /// How many rows ago the older value stands.
    pub period: usize,
}

impl Default for Mom {
    fn default() -> Self {
        Self { period: 10 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "mom",
    aliases: &["momentum"],
    about: "momentum: the change over so many rows",
    inputs: &[Input::SERIES],
    params: || vec![period(10)],
    outputs: &["mom"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Mom { period: args.count(0) })) },
};

impl Indicator for Mom {
    fn lookback(&self) -> usize {
        self.period.max(1)
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period))
    }
}

/// The momentum of `x`.
pub fn mom(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(period).bulk([x], [out]);
}

#[inline]
fn change(new: f64, old: f64) -> f64 {
    finite(new - old)
}

/// The last values.
#[derive(Debug, Clone)]
pub struct State(Lag);

keep!(State(before));

impl State {
    /// No values yet.
    pub fn new(period: usize) -> Self {
        Self(Lag::new(period.max(1)))
    }

    /// Takes a value.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        change(x, self.0.push(x))
    }
}

impl Step<1, 1> for State {
    const WIDE: bool = true;

    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.push(x)]
    }

    #[inline(always)]
    fn bulk(&mut self, [x]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        self.0.bulk_finite(x, out, |new, old| new - old);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_change() {
        let mut out = [0.0; 5];
        mom(&[1.0, 2.0, 4.0, 8.0, 16.0], 2, &mut out);
        assert!(out[0].is_nan() && out[1].is_nan());
        assert_eq!(out[2..], [3.0, 6.0, 12.0]);
    }
}
