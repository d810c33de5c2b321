//! Wilder's moving average: `w += (x - w) / period`.
//!
//! Seeded with the plain mean of the first `period` values, as the averages in TA-Lib's RSI and ATR are.
//! A NaN gives NaN there and leaves the average as it is.
//! Golden: pandas `ewm(alpha=1/period, adjust=False)` begun at that mean. Reference: Wilder, New Concepts in Technical
//! Trading Systems (1978).

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::kernel::{Ema, Kernel, boxed};

/// Wilder's moving average.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wilder {
    /// How many values the seed takes; the newest value weighs `1 / period`.
    pub period: usize,
}

impl Default for Wilder {
    fn default() -> Self {
        Self { period: 14 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "wilder",
    aliases: &["rma", "smma"],
    about: "Wilder's moving average",
    inputs: &[Input::SERIES],
    params: || vec![period(14)],
    outputs: &["wilder"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Wilder { period: args.count(0) })) },
};

impl Indicator for Wilder {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn settle(&self, eps: f64) -> usize {
        Ema::settle(1.0 / self.period.max(1) as f64, self.period, eps)
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(Ema::wilder(self.period))
    }
}

/// Wilder's moving average of `x`.
pub fn wilder(x: &[f64], period: usize, out: &mut [f64]) {
    Ema::wilder(period).column(x, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_recursion() {
        let mut out = [0.0; 5];
        wilder(&[1.0, 3.0, f64::NAN, 6.0, 0.0], 2, &mut out);
        assert!(out[0].is_nan() && out[2].is_nan());
        assert_eq!([out[1], out[3], out[4]], [2.0, 4.0, 2.0]);
    }
}
