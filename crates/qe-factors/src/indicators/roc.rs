//! Rate of change in percent: `100 * (x / x[period rows ago] - 1)`.
//!
//! From 0 the change is 0, as in TA-Lib. Windowed: a NaN, or a value that is infinite, gives NaN there and `period`
//! rows on.
//! Golden: TA-Lib `ROC`.

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::kernel::{Kernel, Lag, Step, Value, ValueOf, boxed, finite};

/// The rate of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roc {
    /// How many rows ago the older value stands.
    pub period: usize,
}

impl Default for Roc {
    fn default() -> Self {
        Self { period: 10 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "roc",
    aliases: &[],
    about: "rate of change, in percent",
    inputs: &[Input::SERIES],
    params: || vec![period(10)],
    outputs: &["roc"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Roc { period: args.count(0) })) },
};

impl Indicator for Roc {
    fn lookback(&self) -> usize {
        self.period.max(1)
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period))
    }
}

/// The rate of change of `x`.
pub fn roc(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(period).bulk([x], [out]);
}

/// From `old` to `new` in percent; from 0 it is 0.
#[inline]
pub(crate) fn change_percent(new: f64, old: f64) -> f64 {
    let v = finite((new / old - 1.0) * 100.0);
    // What is no number must not become one.
    if old == 0.0 { finite(new) * 0.0 } else { v }
}

impl Value<2> for Roc {
    #[inline]
    fn value([new, old]: [f64; 2]) -> f64 {
        change_percent(new, old)
    }
}

/// The last values.
pub type State = ValueOf<Roc, Lag, 2>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_change_and_from_zero_it_is_nothing() {
        let mut out = [0.0; 5];
        roc(&[1.0, 0.0, 2.0, 1.0, 3.0], 2, &mut out);
        assert!(out[0].is_nan() && out[1].is_nan());
        assert_eq!(out[2..], [100.0, 0.0, 50.0]);
    }
}
