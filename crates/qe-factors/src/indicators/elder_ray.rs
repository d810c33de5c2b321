//! Elder ray: how far the high (`bull`) and the low (`bear`) lie above the exponential average of the close.
//!
//! The average is seeded as `ema` (TA-Lib's).
//! A bar with a NaN close is NaN, one with a NaN high or low in that output alone; the average keeps its state.
//! Golden: from TA-Lib's `EMA`. Reference: Elder, Trading for a Living (1993).

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Ema, Kernel, Step, boxed};

/// Bull and bear power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ElderRay {
    /// The period of the average.
    pub period: usize,
}

impl Default for ElderRay {
    fn default() -> Self {
        Self { period: 13 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "elder_ray",
    aliases: &[],
    about: "bull and bear power",
    inputs: &[Input::HIGH, Input::LOW, Input::CLOSE],
    params: || vec![period(13)],
    outputs: &["bull", "bear"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(ElderRay { period: args.count(0) })) },
};

impl Indicator for ElderRay {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn settle(&self, eps: f64) -> usize {
        Ema::settle(2.0 / (self.period.max(1) as f64 + 1.0), self.period, eps)
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period))
    }
}

/// Bull and bear power of bars.
pub fn elder_ray(high: &[f64], low: &[f64], close: &[f64], period: usize, out: [&mut [f64]; 2]) {
    State::new(period).bulk([high, low, close], out);
}

/// The average.
#[derive(Debug, Clone)]
pub struct State {
    average: Ema,
}

keep!(State { average });

impl State {
    /// No bars yet.
    pub fn new(period: usize) -> Self {
        Self { average: Ema::of_period(period.max(1)) }
    }

    /// Takes a bar: bull and bear power.
    #[inline]
    pub fn push(&mut self, high: f64, low: f64, close: f64) -> [f64; 2] {
        let average = self.average.push(close);
        [high - average, low - average]
    }
}

impl Step<3, 2> for State {
    #[inline]
    fn step(&mut self, [high, low, close]: [f64; 3]) -> [f64; 2] {
        self.push(high, low, close)
    }

    fn bulk(&mut self, [high, low, close]: [&[f64]; 3], [bull, bear]: [&mut [f64]; 2]) {
        let n = high.len().min(low.len()).min(close.len());
        self.average.bulk(n, |i| close[i], |i, v| (bull[i], bear[i]) = (high[i] - v, low[i] - v));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_the_bar_lies_above_the_average() {
        let mut out = [[0.0; 20]; 2];
        elder_ray(&[3.0; 20], &[1.0; 20], &[2.0; 20], 8, out.each_mut().map(|o| &mut o[..]));
        assert!(out[0][6].is_nan());
        assert_eq!(out.map(|o| o[7]), [1.0, -1.0]);
    }
}
