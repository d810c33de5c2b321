//! What a series was when a condition was last true. Missing until it has been true once.

use crate::error::Result;
use crate::indicators::{Args, Indicator, Input, Signature};
use crate::keep;
use crate::kernel::{Kernel, Step, boxed};

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "value_when",
    aliases: &[],
    about: "what a series was when a condition was last true",
    inputs: &[Input::condition("condition"), Input::required("x")],
    params: Vec::new,
    outputs: &["value_when"],
    build: |_: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(ValueWhen)) },
};

/// What a series was when a condition was last true.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ValueWhen;

impl Indicator for ValueWhen {
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
    fn step(&mut self, [c, x]: [f64; 2]) -> [f64; 1] {
        if c == 1.0 {
            self.value = x;
        }
        [self.value]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_the_value_of_the_last_true() {
        let mut s = State { value: f64::NAN };
        let got = [(0.0, 1.0), (1.0, 2.0), (f64::NAN, 3.0), (1.0, 4.0)].map(|(c, x)| s.step([c, x])[0]);
        assert!(got[0].is_nan());
        assert_eq!(got[1..], [2.0, 2.0, 4.0]);
    }
}
