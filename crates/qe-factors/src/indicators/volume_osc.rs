//! Volume oscillator: by how many percent a fast exponential average of volume lies above a slow one.
//!
//! `100 * (fast - slow) / slow`, each seeded with the plain mean of its own first values, as TA-Lib's `EMA` is. A NaN
//! gives NaN there and leaves both as they are. NaN where the slow average is 0.
//! Golden: from TA-Lib `EMA`.

use super::{Args, Indicator, Input, Signature, named_period};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Ema, Kernel, Step, blocks, boxed, finite};

/// The volume oscillator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VolumeOsc {
    /// The period of the fast average.
    pub fast_period: usize,
    /// The period of the slow average; the two are not swapped.
    pub slow_period: usize,
}

impl Default for VolumeOsc {
    fn default() -> Self {
        Self { fast_period: 5, slow_period: 10 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "volume_osc",
    aliases: &["vo"],
    about: "fast average of volume over a slow one, in percent",
    inputs: &[Input::VOLUME],
    params: || vec![named_period("fast_period", 5), named_period("slow_period", 10)],
    outputs: &["volume_osc"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(VolumeOsc { fast_period: args.count(0), slow_period: args.count(1) }))
    },
};

impl Indicator for VolumeOsc {
    fn lookback(&self) -> usize {
        self.fast_period.max(self.slow_period).max(1) - 1
    }

    fn settle(&self, eps: f64) -> usize {
        let slow = self.fast_period.max(self.slow_period).max(1);
        Ema::settle(2.0 / (slow as f64 + 1.0), slow, eps * 1e-3)
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self))
    }
}

/// The volume oscillator of `volume`.
pub fn volume_osc(volume: &[f64], fast_period: usize, slow_period: usize, out: &mut [f64]) {
    State::new(VolumeOsc { fast_period, slow_period }).bulk([volume], [out]);
}

/// The two averages.
#[derive(Debug, Clone)]
pub struct State {
    fast: Ema,
    slow: Ema,
}

keep!(State { fast, slow });

#[inline]
fn above(fast: f64, slow: f64) -> f64 {
    finite(100.0 * ((fast - slow) / slow))
}

impl State {
    /// No rows yet.
    pub fn new(params: VolumeOsc) -> Self {
        Self { fast: Ema::of_period(params.fast_period.max(1)), slow: Ema::of_period(params.slow_period.max(1)) }
    }

    /// Takes a row.
    #[inline]
    pub fn push(&mut self, volume: f64) -> f64 {
        above(self.fast.push(volume), self.slow.push(volume))
    }
}

impl Step<1, 1> for State {
    #[inline]
    fn step(&mut self, [volume]: [f64; 1]) -> [f64; 1] {
        [self.push(volume)]
    }

    fn bulk(&mut self, inputs: [&[f64]; 1], out: [&mut [f64]; 1]) {
        blocks(inputs, out, |[volume], [out], [fast, slow]| {
            self.fast.column(volume, fast);
            self.slow.column(volume, slow);
            for (i, o) in out.iter_mut().enumerate() {
                *o = above(fast[i], slow[i]);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_of_one_and_two() {
        let mut out = [0.0; 3];
        volume_osc(&[1.0, 3.0, 2.0], 1, 2, &mut out);
        assert!(out[0].is_nan());
        assert_eq!(out[1..], [50.0, 0.0]);
        volume_osc(&[0.0; 3], 1, 2, &mut out);
        assert!(out.iter().all(|v| v.is_nan()));
    }
}
