//! Negative volume index: what the close did on days when volume fell, compounded from 1000.
//!
//! `index *= close / last close` where volume fell, else unchanged. It never forgets where it began, so no number of
//! rows settles it. A NaN gives NaN there and at the next bar, whose change is unknown; so do closes that are not
//! above zero. The index stays as it is.
//! Golden: a plain loop in Python. Reference: Dysart (1936); Fosback, Stock Market Logic (1976).

use super::{Args, Indicator, Input, Signature};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Kernel, Step, boxed};

/// The negative volume index.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Nvi;

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "nvi",
    aliases: &[],
    about: "negative volume index, from 1000",
    inputs: &[Input::CLOSE, Input::VOLUME],
    params: Vec::new,
    outputs: &["nvi"],
    build: |_: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Nvi)) },
};

impl Indicator for Nvi {
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

/// The negative volume index of bars.
pub fn nvi(close: &[f64], volume: &[f64], out: &mut [f64]) {
    State::new().bulk([close, volume], [out]);
}

/// The last bar and the index.
#[derive(Debug, Clone)]
pub struct State {
    /// Whether rises of volume count, and not falls.
    on_rises: bool,
    last_close: f64,
    last_volume: f64,
    has_begun: bool,
    index: f64,
}

keep!(State { last_close, last_volume, has_begun, index } given { on_rises });

impl State {
    /// No bars yet.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self::of(false)
    }

    /// No bars yet, on rises of volume or on falls.
    pub(crate) fn of(on_rises: bool) -> Self {
        Self { on_rises, last_close: f64::NAN, last_volume: f64::NAN, has_begun: false, index: 1000.0 }
    }

    /// Takes a bar.
    #[inline]
    pub fn push(&mut self, close: f64, volume: f64) -> f64 {
        let (growth, more) = (close / self.last_close, volume - self.last_volume);
        (self.last_close, self.last_volume) = (close, volume);
        if !self.has_begun {
            self.has_begun = close.is_finite() && volume.is_finite();
            return if self.has_begun { self.index } else { f64::NAN };
        }
        // An index that came to 0 could never leave it again.
        if !growth.is_finite() || growth <= 0.0 || more.is_nan() {
            return f64::NAN;
        }
        // Without branches: which way volume goes cannot be guessed.
        let more = if self.on_rises { more } else { -more };
        let index = self.index * if more > 0.0 { growth } else { 1.0 };
        if !(index > 0.0 && index < f64::INFINITY) {
            return f64::NAN;
        }
        self.index = index;
        index
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
        nvi(&[1.0, 2.0, 1.0, 0.0, 1.0], &[5.0, 7.0, 6.0, 5.0, 5.0], &mut out);
        assert_eq!(out[..3], [1000.0, 1000.0, 500.0]);
        assert!(out[3..].iter().all(|v| v.is_nan()));
    }
}
