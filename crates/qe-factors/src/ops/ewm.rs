//! A recursive average whose weight may change from row to row: `e += (x - e) * alpha`, begun with the first value.
//! Where the value or its weight is missing, it is missing there and keeps its state. Weights are held to 0 and 1.

use crate::error::Result;
use crate::indicators::{Args, Indicator, Input, Signature};
use crate::keep;
use crate::kernel::{Kernel, Step, boxed};

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "ewm",
    aliases: &[],
    about: "recursive average with a weight that may be a series",
    inputs: &[Input::required("x"), Input::required("alpha")],
    params: Vec::new,
    outputs: &["ewm"],
    build: |_: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Ewm)) },
};

/// A recursive average with a weight per row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ewm;

impl Indicator for Ewm {
    fn lookback(&self) -> usize {
        0
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State { value: f64::NAN })
    }
}

#[derive(Debug, Clone)]
struct State {
    value: f64,
}

keep!(State { value });

impl Step<2, 1> for State {
    #[inline]
    fn step(&mut self, [x, alpha]: [f64; 2]) -> [f64; 1] {
        if !x.is_finite() || alpha.is_nan() {
            return [f64::NAN];
        }
        let begun = !self.value.is_nan();
        self.value = if begun { self.value + (x - self.value) * alpha.clamp(0.0, 1.0) } else { x };
        [self.value]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weight_may_change_and_a_missing_one_keeps_the_state() {
        let mut s = State { value: f64::NAN };
        let got = [(4.0, 0.5), (8.0, 0.5), (100.0, f64::NAN), (10.0, 0.25), (3.0, 7.0)].map(|(x, a)| s.step([x, a])[0]);
        assert!(got[2].is_nan());
        assert_eq!([got[0], got[1], got[3], got[4]], [4.0, 6.0, 7.0, 3.0]);
    }
}
