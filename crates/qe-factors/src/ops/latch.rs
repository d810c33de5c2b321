//! A memory of one bit: true from a row in which `set` is true until one in which `reset` is. Where both are, it is reset.
//! False at the beginning; unknown rows change nothing. It is itself unknown until both have been known, so that its
//! negation does not fire while they warm up.

use crate::error::Result;
use crate::indicators::{Args, Indicator, Input, Signature};
use crate::keep;
use crate::kernel::{Kernel, Step, boxed};

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "latch",
    aliases: &[],
    about: "true from when one condition is true until another is",
    inputs: &[Input::condition("set"), Input::condition("reset")],
    params: Vec::new,
    outputs: &["latch"],
    build: |_: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Latch)) },
};

/// A memory of one bit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Latch;

impl Indicator for Latch {
    fn lookback(&self) -> usize {
        0
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn gives_condition(&self, _: usize) -> bool {
        true
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::default())
    }
}

#[derive(Debug, Clone, Default)]
struct State {
    on: bool,
    /// Whether `set` and `reset` have been known.
    known: [bool; 2],
}

keep!(State { on, known });

impl Step<2, 1> for State {
    #[inline]
    fn step(&mut self, [set, reset]: [f64; 2]) -> [f64; 1] {
        self.on = (self.on || set == 1.0) && reset != 1.0;
        self.known = [self.known[0] || !set.is_nan(), self.known[1] || !reset.is_nan()];
        [if self.known == [true; 2] { f64::from(u8::from(self.on)) } else { f64::NAN }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_set_and_reset_and_passes_over_the_unknown() {
        let n = f64::NAN;
        let mut s = State::default();
        let rows = [(n, n), (1.0, n), (0.0, 0.0), (0.0, n), (n, 1.0), (1.0, 1.0), (0.0, 0.0)];
        let got = rows.map(|(a, b)| s.step([a, b])[0]);
        assert!(got[0].is_nan() && got[1].is_nan());
        assert_eq!(got[2..], [1.0, 1.0, 0.0, 0.0, 0.0]);
    }
}
