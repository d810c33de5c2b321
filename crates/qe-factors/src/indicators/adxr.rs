//! Average directional movement rating: the mean of `adx` now and `period - 1` bars ago, as in TA-Lib.
//!
//! A bar with a NaN, the bar after it, and the rows that look back on either are NaN; the averages keep their state.
//! Golden: TA-Lib `ADXR`. Reference: Wilder, New Concepts in Technical Trading Systems (1978).

use qe_core::param::Param;

use super::adx::{self, Adx};
use super::{Args, Indicator, Input, MAX_PERIOD, Signature};
use crate::error::Result;
use crate::keep;
use crate::kernel::blocks::Blockwise;
use crate::kernel::{Kernel, Ring, Step, boxed};

/// The average directional movement rating.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adxr {
    /// Wilder's period, and how far it looks back.
    pub period: usize,
}

impl Default for Adxr {
    fn default() -> Self {
        Self { period: 14 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "adxr",
    aliases: &[],
    about: "average directional index, rated against itself some bars ago",
    inputs: &[Input::HIGH, Input::LOW, Input::CLOSE],
    params: || vec![Param::int("period", 2, MAX_PERIOD, 14).log().doc("how many rows it looks at")],
    outputs: &["adxr"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Adxr { period: args.count(0) })) },
};

impl Indicator for Adxr {
    fn lookback(&self) -> usize {
        3 * self.period.max(2) - 2
    }

    fn settle(&self, eps: f64) -> usize {
        Adx { period: self.period }.settle(eps) + self.period.max(2) - 1
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period))
    }
}

/// The average directional movement rating of bars.
pub fn adxr(high: &[f64], low: &[f64], close: &[f64], period: usize, out: &mut [f64]) {
    State::new(period).bulk([high, low, close], [out]);
}

/// The index and its last values.
#[derive(Debug, Clone)]
pub struct State {
    adx: adx::State,
    past: Ring,
}

keep!(State { adx, past });

impl State {
    /// No bars yet.
    pub fn new(period: usize) -> Self {
        Self { adx: adx::State::new(period), past: Ring::new(period.max(2) - 1) }
    }

    /// Takes a bar.
    #[inline]
    pub fn push(&mut self, high: f64, low: f64, close: f64) -> f64 {
        self.step([high, low, close])[0]
    }
}

impl Blockwise<3, 1> for State {
    fn block(&mut self, inputs: [&[f64]; 3], [out]: [&mut [f64]; 1]) {
        self.adx.block(inputs, [&mut *out]);
        for o in out {
            *o = (*o + self.past.push(*o).unwrap_or(f64::NAN)) / 2.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_mean_of_the_index_now_and_before() {
        let high: Vec<f64> = (0..60).map(|i| f64::from(i * i % 23)).collect();
        let low: Vec<f64> = high.iter().map(|h| h - 1.0).collect();
        let (mut index, mut out) = (vec![0.0; 60], vec![0.0; 60]);
        adx::adx(&high, &low, &low, 5, &mut index);
        adxr(&high, &low, &low, 5, &mut out);
        assert!(out[12].is_nan());
        assert!((13..60).all(|i| out[i] == (index[i] + index[i - 4]) / 2.0));
    }
}
