//! Rate of change as a fraction: `(x - old) / old`, where `old` is the value `period` rows ago.
//!
//! From 0 the change is 0, as in TA-Lib. Windowed: a NaN, or a value that is infinite, gives NaN there and `period`
//! rows on.
//! Golden: TA-Lib `ROCP`.

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::kernel::{Kernel, Lag, Step, Value, ValueOf, boxed, finite};

/// The rate of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rocp {
    /// How many rows ago the older value stands.
    pub period: usize,
}

impl Default for Rocp {
    fn default() -> Self {
        Self { period: 10 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "rocp",
    aliases: &["pct_change"],
    about: "rate of change, as a fraction",
    inputs: &[Input::SERIES],
    params: || vec![period(10)],
    outputs: &["rocp"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Rocp { period: args.count(0) })) },
};

impl Indicator for Rocp {
    fn lookback(&self) -> usize {
        self.period.max(1)
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period))
    }
}

/// The rate of change of `x`.
pub fn rocp(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(period).bulk([x], [out]);
}

impl Value<2> for Rocp {
    /// From `old` to `new` as a fraction; from 0 it is 0.
    #[inline]
    fn value([new, old]: [f64; 2]) -> f64 {
        let v = finite((new - old) / old);
        // What is no number must not become one.
        if old == 0.0 { finite(new) * 0.0 } else { v }
    }
}

/// The last values.
pub type State = ValueOf<Rocp, Lag, 2>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_change_and_from_zero_it_is_nothing() {
        let mut out = [0.0; 5];
        rocp(&[1.0, 0.0, 2.0, 1.0, 3.0], 2, &mut out);
        assert!(out[0].is_nan() && out[1].is_nan());
        assert_eq!(out[2..], [1.0, 0.0, 0.5]);
    }
}
