//! Chande's momentum oscillator: `100 * (gain - loss) / (gain + loss)`, Wilder's averages of rises and falls.
//!
//! Averages and seed as in TA-Lib (Chande himself sums over a window): the first ones are plain means of the first
//! `period` changes. Where nothing moves, it is 0, as in TA-Lib. A NaN gives NaN there and at the next value, whose
//! change is unknown, and leaves the averages as they are.
//! Golden: TA-Lib `CMO`. Reference: Chande and Kroll, The New Technical Trader (1994).

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::kernel::{Ema, Kernel, Sides, Step, Value, ValueOf, boxed};

/// Chande's momentum oscillator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cmo {
    /// How many changes the first averages take, and Wilder's period after that.
    pub period: usize,
}

impl Default for Cmo {
    fn default() -> Self {
        Self { period: 14 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "cmo",
    aliases: &[],
    about: "Chande's momentum oscillator, -100 to 100",
    inputs: &[Input::SERIES],
    params: || vec![period(14)],
    outputs: &["cmo"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Cmo { period: args.count(0) })) },
};

impl Indicator for Cmo {
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

/// Chande's momentum oscillator of `x`.
pub fn cmo(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(period).bulk([x], [out]);
}

impl Value<2> for Cmo {
    /// The balance of rises and falls, in percent; 0 where nothing moves.
    #[inline]
    fn value([gain, loss]: [f64; 2]) -> f64 {
        let both = gain + loss;
        let v = 100.0 * ((gain - loss) / both);
        if both == 0.0 { 0.0 } else { v }
    }
}

/// The averages of rises and falls.
pub type State = ValueOf<Cmo, Sides, 2>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_hundred_where_all_rises_and_nothing_where_nothing_moves() {
        let mut out = [0.0; 4];
        cmo(&[1.0, 2.0, 3.0, 5.0], 2, &mut out);
        assert_eq!(out[2..], [100.0, 100.0]);
        cmo(&[5.0, 3.0, 5.0, 3.0], 2, &mut out);
        assert_eq!(out[2..], [0.0, -50.0]);
        cmo(&[7.0; 4], 2, &mut out);
        assert_eq!(out[2..], [0.0, 0.0]);
    }
}
