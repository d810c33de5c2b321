//! Relative volume: the volume over its mean of the `period` rows before.
//!
//! Windowed: a NaN gives NaN there and leaves with its window. NaN where the mean is 0.
//! Golden: `shift` and rolling mean by pandas.

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Kernel, ScaledSum, Step, blocks, boxed, finite};

/// Relative volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelVolume {
    /// How many rows before.
    pub period: usize,
}

impl Default for RelVolume {
    fn default() -> Self {
        Self { period: 20 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "rel_volume",
    aliases: &[],
    about: "volume over its mean of the rows before",
    inputs: &[Input::VOLUME],
    params: || vec![period(20)],
    outputs: &["rel_volume"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(RelVolume { period: args.count(0) })) },
};

impl Indicator for RelVolume {
    fn lookback(&self) -> usize {
        self.period.max(1)
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self, first_row))
    }
}

/// Relative volume of `volume`.
pub fn rel_volume(volume: &[f64], period: usize, out: &mut [f64]) {
    State::new(RelVolume { period }, 0).bulk([volume], [out]);
}

/// The window.
#[derive(Debug, Clone)]
pub struct State {
    /// The mean of the window before this row.
    before: f64,
    mean: ScaledSum,
}

keep!(State { before, mean });

impl State {
    /// No rows yet; the first to come is row `first_row` of its data set.
    pub fn new(params: RelVolume, first_row: u64) -> Self {
        let mean = ScaledSum::new(params.period, 1.0 / params.period.max(1) as f64, first_row);
        Self { before: f64::NAN, mean }
    }

    /// Takes a row.
    #[inline]
    pub fn push(&mut self, volume: f64) -> f64 {
        let ratio = finite(volume / self.before);
        self.before = self.mean.push(volume);
        ratio
    }
}

impl Step<1, 1> for State {
    #[inline]
    fn step(&mut self, [volume]: [f64; 1]) -> [f64; 1] {
        [self.push(volume)]
    }

    fn bulk(&mut self, inputs: [&[f64]; 1], out: [&mut [f64]; 1]) {
        blocks(inputs, out, |[volume], [out], [means]| {
            let n = volume.len();
            self.mean.bulk(volume, means);
            out[0] = finite(volume[0] / self.before);
            for i in 1..n {
                out[i] = finite(volume[i] / means[i - 1]);
            }
            self.before = means[n - 1];
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_the_mean_of_before_is_two() {
        let mut out = [0.0; 5];
        rel_volume(&[1.0, 3.0, 4.0, 0.0, 5.0], 2, &mut out);
        assert!(out[..2].iter().all(|v| v.is_nan()));
        assert_eq!(out[2..], [2.0, 0.0, 2.5]);
        rel_volume(&[0.0; 5], 2, &mut out);
        assert!(out.iter().all(|v| v.is_nan()));
    }
}
