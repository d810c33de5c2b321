//! Relative strength index: `100 * gain / (gain + loss)`, Wilder's averages of rises and falls.
//!
//! Seeded as TA-Lib is: the first averages are plain means of the first `period` changes. Where nothing moves, it is 0,
//! as in TA-Lib. A NaN gives NaN there and at the next value, whose change is unknown, and leaves the averages as they
//! are.
//! Golden: TA-Lib `RSI`. Reference: Wilder, New Concepts in Technical Trading Systems (1978).

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::kernel::{Ema, Kernel, Sides, Step, Value, ValueOf, boxed};

/// The relative strength index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rsi {
    /// How many changes the first averages take, and Wilder's period after that.
    pub period: usize,
}

impl Default for Rsi {
    fn default() -> Self {
        Self { period: 14 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "rsi",
    aliases: &[],
    about: "relative strength index, 0 to 100",
    inputs: &[Input::SERIES],
    params: || vec![period(14)],
    outputs: &["rsi"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Rsi { period: args.count(0) })) },
};

impl Indicator for Rsi {
    fn lookback(&self) -> usize {
        self.period
    }

    fn settle(&self, eps: f64) -> usize {
        1 + Ema::settle(1.0 / self.period.max(1) as f64, self.period, eps)
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period))
    }
}

/// The relative strength index of `x`.
pub fn rsi(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(period).bulk([x], [out]);
}

impl Value<2> for Rsi {
    /// The share of rises, in percent; 0 where nothing moves.
    #[inline]
    fn value([gain, loss]: [f64; 2]) -> f64 {
        let both = gain + loss;
        let v = 100.0 * (gain / both);
        if both == 0.0 { 0.0 } else { v }
    }
}

/// The averages of rises and falls.
pub type State = ValueOf<Rsi, Sides, 2>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_hundred_where_all_rises_and_nothing_where_nothing_moves() {
        let mut out = [0.0; 4];
        rsi(&[1.0, 2.0, 3.0, 5.0], 2, &mut out);
        assert_eq!(out[2..], [100.0, 100.0]);
        rsi(&[7.0; 4], 2, &mut out);
        assert_eq!(out[2..], [0.0, 0.0]);
    }
}
