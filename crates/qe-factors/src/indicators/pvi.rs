//! Positive volume index: what the close did on days when volume rose, compounded from 1000.
//!
//! `index *= close / last close` where volume rose, else unchanged. It never forgets where it began, so no number of
//! rows settles it. A NaN gives NaN there and at the next bar, whose change is unknown; so do closes that are not
//! above zero. The index stays as it is.
//! Golden: a plain loop in Python. Reference: Dysart (1936); Fosback, Stock Market Logic (1976).

use super::{Args, Indicator, Input, Signature};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Kernel, Step, boxed};

use super::nvi;

/// The positive volume index.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pvi;

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "pvi",
    aliases: &[],
    about: "positive volume index, from 1000",
    inputs: &[Input::CLOSE, Input::VOLUME],
    params: Vec::new,
    outputs: &["pvi"],
    build: |_: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Pvi)) },
};

impl Indicator for Pvi {
    fn lookback(&self) -> usize {
        0
    }

    fn settle(&self, _: f64) -> usize {
        usize::MAX
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new())
    }
}

/// The positive volume index of bars.
pub fn pvi(close: &[f64], volume: &[f64], out: &mut [f64]) {
    State::new().bulk([close, volume], [out]);
}

/// The last bar and the index.
#[derive(Debug, Clone)]
pub struct State(nvi::State);

keep!(State(index));

impl State {
    /// No bars yet.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(nvi::State::of(true))
    }

    /// Takes a bar.
    #[inline]
    pub fn push(&mut self, close: f64, volume: f64) -> f64 {
        self.0.push(close, volume)
    }
}

impl Step<2, 1> for State {
    #[inline]
    fn step(&mut self, [close, volume]: [f64; 2]) -> [f64; 1] {
        [self.push(close, volume)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_moves_on_one_side_of_volume_alone() {
        let mut out = [0.0; 5];
        pvi(&[1.0, 2.0, 1.0, 0.0, 1.0], &[5.0, 7.0, 6.0, 5.0, 5.0], &mut out);
        assert_eq!(out[..3], [1000.0, 2000.0, 2000.0]);
        assert!(out[3..].iter().all(|v| v.is_nan()));
    }
}
