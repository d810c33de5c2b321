//! Chaikin money flow: volume by where the close stands in its bar, over all volume of the window.
//!
//! The flow of a bar is that of [`super::ad`]: `((close - low) - (high - close)) / (high - low) * volume`, 0 where
//! high is not above low. Windowed: a NaN leaves with its window. A window without volume is NaN.
//! Golden: rolling sums by pandas. Reference: Chaikin.

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Kernel, Step, Sums, TwoSided, blocks, boxed, finite};

use super::ad::{money_flow, money_flows};

/// Chaikin money flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cmf {
    /// How many rows.
    pub period: usize,
}

impl Default for Cmf {
    fn default() -> Self {
        Self { period: 20 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "cmf",
    aliases: &[],
    about: "Chaikin money flow, -1 to 1",
    inputs: &[Input::HIGH, Input::LOW, Input::CLOSE, Input::VOLUME],
    params: || vec![period(20)],
    outputs: &["cmf"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Cmf { period: args.count(0) })) },
};

impl Indicator for Cmf {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self, first_row))
    }
}

/// Chaikin money flow of bars.
pub fn cmf(high: &[f64], low: &[f64], close: &[f64], volume: &[f64], period: usize, out: &mut [f64]) {
    State::new(Cmf { period }, 0).bulk([high, low, close, volume], [out]);
}

/// The sums of flow and volume.
#[derive(Debug, Clone)]
pub struct State {
    sums: TwoSided<Sums>,
}

keep!(State { sums });

#[inline]
fn share([flow, volume]: [f64; 2]) -> f64 {
    finite(flow / volume)
}

impl State {
    /// No bars yet; the first to come is row `first_row` of its data set.
    pub fn new(params: Cmf, first_row: u64) -> Self {
        Self { sums: TwoSided::new(Sums, params.period, first_row) }
    }

    /// Takes a bar.
    #[inline]
    pub fn push(&mut self, high: f64, low: f64, close: f64, volume: f64) -> f64 {
        self.sums.push([money_flow(high, low, close, volume), volume]).map_or(f64::NAN, share)
    }
}

impl Step<4, 1> for State {
    #[inline]
    fn step(&mut self, [high, low, close, volume]: [f64; 4]) -> [f64; 1] {
        [self.push(high, low, close, volume)]
    }

    fn bulk(&mut self, inputs: [&[f64]; 4], out: [&mut [f64]; 1]) {
        blocks(inputs, out, |inputs, [out], [flows]| {
            money_flows(inputs, flows);
            let volume = inputs[3];
            self.sums.bulk(out.len(), |i| [flows[i], volume[i]], |i, s| out[i] = s.map_or(f64::NAN, share));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closes_at_the_high_are_one_and_no_volume_is_unknown() {
        let mut out = [0.0; 4];
        cmf(&[3.0; 4], &[1.0; 4], &[3.0, 3.0, 2.0, 1.0], &[5.0, 5.0, 0.0, 0.0], 2, &mut out);
        assert!(out[0].is_nan() && out[3].is_nan());
        assert_eq!(out[1..3], [1.0, 1.0]);
    }
}
