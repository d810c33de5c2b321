//! Chande's momentum oscillator: `100 * (gain - loss) / (gain + loss)`, Wilder's averages of rises and falls.
//!
//! Averages and seed as in TA-Lib (Chande himself sums over a window): the first ones are plain means of the first
//! `period` changes. Where nothing moves, it is 0, as in TA-Lib. A NaN gives NaN there and at the next value, whose
//! change is unknown, and leaves the averages as they are.
//! Golden: TA-Lib `CMO`. Reference: Chande and Kroll, The New Technical Trader (1994).

use super::{Args, Indicator, Input, Signature, period, rsi::Sides};
use crate::error::Result;
use crate::kernel::{Ema, Kernel, Step, boxed};

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

/// The balance of rises and falls, in percent; 0 where nothing moves.
#[inline]
fn balance(gain: f64, loss: f64) -> f64 {
    let both = gain + loss;
    let v = 100.0 * ((gain - loss) / both);
    if both == 0.0 { 0.0 } else { v }
}

/// The averages of rises and falls.
#[derive(Debug, Clone)]
pub struct State(Sides);

impl State {
    /// No values yet.
    pub fn new(period: usize) -> Self {
        Self(Sides::new(period))
    }

    /// Takes a value.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        let [gain, loss] = self.0.push(x);
        balance(gain, loss)
    }
}

impl Step<1, 1> for State {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.push(x)]
    }

    fn bulk(&mut self, [x]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        self.0.bulk(x, out, balance);
    }
}

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
