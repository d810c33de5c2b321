//! Exponential moving average: `e += (x - e) * 2 / (period + 1)`.
//!
//! Seeded as TA-Lib is: the first value is the plain mean of the first `period` values.
//! A NaN gives NaN there and leaves the average as it is.
//! Golden: TA-Lib `EMA`.

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::kernel::{self, Kernel, boxed};

/// The exponential moving average.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ema {
    /// How many values the seed takes; the newest value weighs `2 / (period + 1)`.
    pub period: usize,
}

impl Default for Ema {
    fn default() -> Self {
        Self { period: 20 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "ema",
    aliases: &[],
    about: "exponential moving average",
    inputs: &[Input::SERIES],
    params: || vec![period(20)],
    outputs: &["ema"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Ema { period: args.count(0) })) },
};

impl Indicator for Ema {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn settle(&self, eps: f64) -> usize {
        kernel::Ema::settle(2.0 / (self.period as f64 + 1.0), self.period, eps)
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(kernel::Ema::of_period(self.period))
    }
}

/// The exponential moving average of `x`.
pub fn ema(x: &[f64], period: usize, out: &mut [f64]) {
    kernel::Ema::of_period(period).column(x, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lags_a_line_by_half_its_period() {
        let x: Vec<f64> = (0..400).map(f64::from).collect();
        let mut out = vec![0.0; 400];
        ema(&x, 9, &mut out);
        assert!(out[7].is_nan() && out[8] == 4.0 && (out[399] - 395.0).abs() < 1e-9);
    }
}
