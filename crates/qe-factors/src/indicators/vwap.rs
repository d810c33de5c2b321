//! Volume-weighted average price of the session so far: typical price times volume, over volume.
//!
//! Typical is `(high + low + close) / 3`. A session begins where the value of `session` differs from the bar before.
//! Prices are summed as distances from the session's first typical price, so a constant price is its own average.
//! Recursive within the session: a NaN in any column gives NaN there and is left out. NaN while no volume was traded.
//! Golden: a plain loop over sessions in Python.

use super::{Args, Indicator, Input, Signature};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Kernel, Step, boxed, finite};

/// The volume-weighted average price of a session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Vwap;

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "vwap",
    aliases: &[],
    about: "volume-weighted average price since the session began",
    inputs: &[Input::HIGH, Input::LOW, Input::CLOSE, Input::VOLUME, Input::field("session")],
    params: Vec::new,
    outputs: &["vwap"],
    build: |_: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Vwap)) },
};

impl Indicator for Vwap {
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

/// The volume-weighted average price of each session so far.
pub fn vwap(high: &[f64], low: &[f64], close: &[f64], volume: &[f64], session: &[f64], out: &mut [f64]) {
    State::new().bulk([high, low, close, volume, session], [out]);
}

/// The session and its sums.
#[derive(Debug, Clone)]
pub struct State {
    session: f64,
    /// The session's first typical price.
    origin: f64,
    /// The sum of distances from it, times volume.
    paid: f64,
    volume: f64,
}

keep!(State { session, origin, paid, volume });

impl State {
    /// No bars yet.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { session: f64::NAN, origin: f64::NAN, paid: 0.0, volume: 0.0 }
    }

    /// Takes a bar.
    #[inline]
    pub fn push(&mut self, high: f64, low: f64, close: f64, volume: f64, session: f64) -> f64 {
        let typical = (high + low + close) / 3.0;
        if !(typical.is_finite() && volume.is_finite() && !session.is_nan()) {
            return f64::NAN;
        }
        // The first bar too: nothing is equal to NaN.
        if session != self.session {
            *self = Self { session, origin: typical, paid: 0.0, volume: 0.0 };
        }
        self.paid += (typical - self.origin) * volume;
        self.volume += volume;
        finite(self.origin + self.paid / self.volume)
    }
}

impl Step<5, 1> for State {
    #[inline]
    fn step(&mut self, [high, low, close, volume, session]: [f64; 5]) -> [f64; 1] {
        [self.push(high, low, close, volume, session)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_weighs_by_volume_and_begins_anew_with_a_session() {
        let (mut out, price) = ([0.0; 5], [10.0, 13.0, 7.0, 0.1, 0.1]);
        vwap(&price, &price, &price, &[1.0, 2.0, 0.0, 3.0, 7.0], &[1.0, 1.0, 2.0, 3.0, 3.0], &mut out);
        assert_eq!(out[..2], [10.0, 12.0]);
        assert!(out[2].is_nan());
        assert_eq!(out[3], out[4]);
    }
}
