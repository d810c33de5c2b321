//! Average directional index: Wilder's average of the directional index `dx` of `dmi`.
//!
//! Seeded as TA-Lib is: the first value is the mean of the first `period` indices. An index that is undefined, where
//! neither side has moved, counts as 0 in that mean and leaves the average as it is later on.
//! A bar with a NaN and the bar after it are NaN, and the averages keep their state.
//! Golden: TA-Lib `ADX`. Reference: Wilder, New Concepts in Technical Trading Systems (1978).

use qe_core::param::Param;

use super::dmi::{Dmi, Movement, unlikeness};
use super::{Args, Indicator, Input, MAX_PERIOD, Signature};
use crate::error::Result;
use crate::keep;
use crate::kernel::blocks::{Blockwise, column};
use crate::kernel::{Ema, Kernel, Step, boxed};

/// The average directional index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adx {
    /// Wilder's period, of the movements and of the index.
    pub period: usize,
}

impl Default for Adx {
    fn default() -> Self {
        Self { period: 14 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "adx",
    aliases: &[],
    about: "average directional index, how strong a trend is",
    inputs: &[Input::HIGH, Input::LOW, Input::CLOSE],
    params: || vec![Param::int("period", 2, MAX_PERIOD, 14).log().doc("how many rows it looks at")],
    outputs: &["adx"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Adx { period: args.count(0) })) },
};

impl Indicator for Adx {
    fn lookback(&self) -> usize {
        2 * self.period.max(2) - 1
    }

    fn settle(&self, eps: f64) -> usize {
        Dmi { period: self.period }.settle(eps / 2.0)
            + Ema::settle(1.0 / self.period.max(2) as f64, self.period, eps / 2.0)
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period))
    }
}

/// The average directional index of bars.
pub fn adx(high: &[f64], low: &[f64], close: &[f64], period: usize, out: &mut [f64]) {
    State::new(period).bulk([high, low, close], [out]);
}

/// The averages of movements, that of the index, and its last value.
#[derive(Debug, Clone)]
pub struct State {
    movement: Movement,
    index: Vec<f64>,
    average: Ema,
    /// How many indices the first average lacks.
    lacking: usize,
    last: f64,
}

keep!(State { movement, average, lacking, last } scratch { index });

impl State {
    /// No bars yet.
    pub fn new(period: usize) -> Self {
        let period = period.max(2);
        Self {
            movement: Movement::new(period),
            index: column(),
            average: Ema::wilder(period),
            lacking: period,
            last: f64::NAN,
        }
    }

    /// A block in which some indices are undefined, or in which the first average is still to come.
    #[cold]
    fn with_care(&mut self, out: &mut [f64]) {
        for (i, o) in out.iter_mut().enumerate() {
            let (mut index, idle) = (self.index[i], self.movement.plus[i] + self.movement.minus[i] == 0.0);
            if idle && self.lacking == 0 {
                *o = self.last;
                continue;
            }
            index = if idle { 0.0 } else { index };
            *o = self.average.push(index);
            self.lacking -= usize::from(self.lacking > 0 && index.is_finite());
            self.last = if o.is_nan() { self.last } else { *o };
        }
    }

    /// Takes a bar.
    #[inline]
    pub fn push(&mut self, high: f64, low: f64, close: f64) -> f64 {
        self.step([high, low, close])[0]
    }
}

impl Blockwise<3, 1> for State {
    fn block(&mut self, inputs: [&[f64]; 3], [out]: [&mut [f64]; 1]) {
        let n = out.len();
        self.movement.block(inputs);
        let (plus, minus) = (&self.movement.plus[..n], &self.movement.minus[..n]);
        let index = &mut self.index[..n];
        let mut idle = false;
        for i in 0..n {
            index[i] = unlikeness(plus[i], minus[i]);
            idle |= plus[i] + minus[i] == 0.0;
        }
        if idle || self.lacking > 0 {
            return self.with_care(out);
        }
        self.average.column(index, out);
        self.last = out.iter().rev().copied().find(|v| !v.is_nan()).unwrap_or(self.last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_rises_is_all_trend() {
        let high: Vec<f64> = (0..50).map(f64::from).collect();
        let low: Vec<f64> = high.iter().map(|h| h - 1.0).collect();
        let mut out = vec![0.0; 50];
        adx(&high, &low, &low, 14, &mut out);
        assert!(out[26].is_nan());
        assert!(out[27..].iter().all(|v| (v - 100.0).abs() < 1e-12));
    }

    #[test]
    fn a_bar_that_does_not_move_counts_as_nothing_in_the_seed_and_not_at_all_later() {
        let high = [5.0, 5.0, 5.0, 5.0, 5.0, 6.0];
        let low = high.map(|h| h - 1.0);
        let mut out = [0.0; 6];
        adx(&high, &low, &low, 2, &mut out);
        assert_eq!(out[3..], [0.0, 0.0, 50.0]);
    }
}
