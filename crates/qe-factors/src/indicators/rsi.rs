//! Relative strength index: `100 * gain / (gain + loss)`, Wilder's averages of rises and falls.
//!
//! Seeded as TA-Lib is: the first averages are plain means of the first `period` changes. Where nothing moves, it is 0,
//! as in TA-Lib. A NaN gives NaN there and at the next value, whose change is unknown, and leaves the averages as they
//! are.
//! Golden: TA-Lib `RSI`. Reference: Wilder, New Concepts in Technical Trading Systems (1978).

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::kernel::{BLOCK, Ema, EmaPair, Kernel, Step, boxed};

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

/// The share of rises, in percent; 0 where nothing moves.
#[inline]
fn share(gain: f64, loss: f64) -> f64 {
    let both = gain + loss;
    let v = 100.0 * (gain / both);
    if both == 0.0 { 0.0 } else { v }
}

/// How many rows go through all stages before the next.
const PAIRS: usize = BLOCK / 4;

/// The last value and Wilder's averages of rises and falls.
#[derive(Debug, Clone)]
pub(crate) struct Sides {
    last: f64,
    averages: EmaPair,
}

/// The rise and the fall of a change; at least one of them is no number where the change is none.
#[inline]
fn sides(change: f64) -> [f64; 2] {
    // A comparison with NaN is false and lets the NaN through.
    [change, -change].map(|c| if 0.0 > c { 0.0 } else { c })
}

impl Sides {
    pub(crate) fn new(period: usize) -> Self {
        Self { last: f64::NAN, averages: EmaPair::new(Ema::wilder(period)) }
    }

    #[inline]
    pub(crate) fn push(&mut self, x: f64) -> [f64; 2] {
        let change = x - std::mem::replace(&mut self.last, x);
        self.averages.push(sides(change))
    }

    /// Takes many values and writes `f(gain, loss)` for each.
    #[inline]
    pub(crate) fn bulk(&mut self, x: &[f64], out: &mut [f64], f: impl Fn(f64, f64) -> f64) {
        let mut averages = [[0.0; 2]; PAIRS];
        for (x, out) in x.chunks(PAIRS).zip(out.chunks_mut(PAIRS)) {
            let n = x.len();
            let out = &mut out[..n];
            out[0] = x[0] - self.last;
            for (o, pair) in out[1..].iter_mut().zip(x.windows(2)) {
                *o = pair[1] - pair[0];
            }
            self.last = x[n - 1];
            let averages = &mut averages[..n];
            self.averages.bulk(n, |i| sides(out[i]), |i, v| averages[i] = v);
            for (o, &mut [gain, loss]) in out.iter_mut().zip(averages) {
                *o = f(gain, loss);
            }
        }
    }
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
        share(gain, loss)
    }
}

impl Step<1, 1> for State {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.push(x)]
    }

    fn bulk(&mut self, [x]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        self.0.bulk(x, out, share);
    }
}

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
