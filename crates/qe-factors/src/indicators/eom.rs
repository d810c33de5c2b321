//! Ease of movement: how far the middle of a bar moved, times its range, for each `mult` of volume; the mean of
//! `period` rows.
//!
//! `mean(((high + low) / 2 - last (high + low) / 2) * (high - low) / (volume / mult))`. A bar without volume is NaN.
//! Windowed: a NaN counts in its own move and in the next one.
//! Golden: rolling mean by pandas. Reference: Arms, Volume Cycles in the Stock Market (1983).

use qe_core::param::Param;

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Kernel, ScaledSum, Step, blocks, boxed};

/// Ease of movement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Eom {
    /// How many rows.
    pub period: usize,
    /// How much volume counts as 1.
    pub mult: f64,
}

impl Default for Eom {
    fn default() -> Self {
        Self { period: 14, mult: 1e8 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "eom",
    aliases: &[],
    about: "ease of movement",
    inputs: &[Input::HIGH, Input::LOW, Input::VOLUME],
    params: || vec![period(14), Param::float("mult", 1.0, 1e12, 1e8).log().doc("how much volume counts as 1")],
    outputs: &["eom"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(Eom { period: args.count(0), mult: args.number(1) }))
    },
};

impl Indicator for Eom {
    fn lookback(&self) -> usize {
        self.period.max(1)
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self, first_row))
    }
}

/// Ease of movement of bars.
pub fn eom(high: &[f64], low: &[f64], volume: &[f64], period: usize, mult: f64, out: &mut [f64]) {
    State::new(Eom { period, mult }, 0).bulk([high, low, volume], [out]);
}

/// What it remembers.
#[derive(Debug, Clone)]
pub struct State {
    /// The last middle.
    last: f64,
    mult: f64,
    mean: ScaledSum,
}

keep!(State { last, mean } given { mult });

#[inline]
fn ease(moved: f64, range: f64, volume: f64, mult: f64) -> f64 {
    moved * range * mult / volume
}

impl State {
    /// No rows yet; the first to come is row `first_row` of its data set.
    pub fn new(params: Eom, first_row: u64) -> Self {
        let mean = ScaledSum::new(params.period, 1.0 / params.period.max(1) as f64, first_row);
        Self { last: f64::NAN, mult: params.mult, mean }
    }

    /// Takes a row.
    #[inline]
    pub fn push(&mut self, high: f64, low: f64, volume: f64) -> f64 {
        let middle = 0.5 * (high + low);
        let ease = ease(middle - self.last, high - low, volume, self.mult);
        self.last = middle;
        self.mean.push(ease)
    }
}

impl Step<3, 1> for State {
    #[inline]
    fn step(&mut self, [high, low, volume]: [f64; 3]) -> [f64; 1] {
        [self.push(high, low, volume)]
    }

    fn bulk(&mut self, inputs: [&[f64]; 3], out: [&mut [f64]; 1]) {
        blocks(inputs, out, |[high, low, volume], [out], [middles, eases]| {
            let n = high.len();
            for i in 0..n {
                middles[i] = 0.5 * (high[i] + low[i]);
            }
            eases[0] = ease(middles[0] - self.last, high[0] - low[0], volume[0], self.mult);
            for i in 1..n {
                eases[i] = ease(middles[i] - middles[i - 1], high[i] - low[i], volume[i], self.mult);
            }
            self.last = middles[n - 1];
            self.mean.bulk(eases, out);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_on_half_the_volume_is_twice_as_easy() {
        let mut out = [0.0; 3];
        eom(&[2.0, 4.0, 6.0], &[0.0, 2.0, 4.0], &[1.0, 8.0, 4.0], 1, 2.0, &mut out);
        assert!(out[0].is_nan());
        // A middle moved by 2, a range of 2, volume 8 and 4 in units of 2.
        assert_eq!(out[1..], [1.0, 2.0]);
    }
}
