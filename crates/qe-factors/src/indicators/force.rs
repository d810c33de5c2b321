//! Force index: the change of the close times volume, in an exponential average of `period`.
//!
//! Seeded with the plain mean of the first `period` forces, as TA-Lib's `EMA` is. A NaN gives NaN there, and at the
//! next bar if it was the close; the average keeps its state.
//! Golden: TA-Lib `EMA` of the forces. Reference: Elder, Trading for a Living (1993).

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Ema, Kernel, Step, boxed};

/// The force index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Force {
    /// The period of the average.
    pub period: usize,
}

impl Default for Force {
    fn default() -> Self {
        Self { period: 13 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "force",
    aliases: &[],
    about: "force index",
    inputs: &[Input::CLOSE, Input::VOLUME],
    params: || vec![period(13)],
    outputs: &["force"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Force { period: args.count(0) })) },
};

impl Indicator for Force {
    fn lookback(&self) -> usize {
        self.period.max(1)
    }

    fn settle(&self, eps: f64) -> usize {
        1 + Ema::settle(2.0 / (self.period.max(1) as f64 + 1.0), self.period.max(1), eps)
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self))
    }
}

/// The force index of bars.
pub fn force(close: &[f64], volume: &[f64], period: usize, out: &mut [f64]) {
    State::new(Force { period }).bulk([close, volume], [out]);
}

/// The last close and the average.
#[derive(Debug, Clone)]
pub struct State {
    last: f64,
    average: Ema,
}

keep!(State { last, average });

impl State {
    /// No rows yet.
    pub fn new(params: Force) -> Self {
        Self { last: f64::NAN, average: Ema::of_period(params.period.max(1)) }
    }

    /// Takes a row.
    #[inline]
    pub fn push(&mut self, close: f64, volume: f64) -> f64 {
        let force = (close - self.last) * volume;
        self.last = close;
        self.average.push(force)
    }
}

impl Step<2, 1> for State {
    #[inline]
    fn step(&mut self, [close, volume]: [f64; 2]) -> [f64; 1] {
        [self.push(close, volume)]
    }

    fn bulk(&mut self, inputs: [&[f64]; 2], [out]: [&mut [f64]; 1]) {
        let n = inputs.iter().map(|x| x.len()).min().unwrap_or(0).min(out.len());
        let ([close, volume], Some(newest)) = (inputs.map(|x| &x[..n]), n.checked_sub(1)) else { return };
        out[0] = self.push(close[0], volume[0]);
        let force = |i: usize| (close[i + 1] - close[i]) * volume[i + 1];
        self.average.bulk(newest, force, |i, v| out[i + 1] = v);
        self.last = close[newest];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_change_by_volume() {
        let mut out = [0.0; 3];
        force(&[1.0, 3.0, 2.0], &[9.0, 10.0, 20.0], 1, &mut out);
        assert!(out[0].is_nan());
        assert_eq!(out[1..], [20.0, -20.0]);
    }
}
