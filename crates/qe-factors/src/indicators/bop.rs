//! Balance of power: `(close - open) / (high - low)`.
//!
//! Where a bar has no range, or a negative one, it is 0, as in TA-Lib. A NaN gives NaN at its bar alone.
//! Golden: TA-Lib `BOP`. Reference: Livshin, balance of market power.

use super::{Args, Indicator, Input, Signature};
use crate::error::Result;
use crate::keep;
use crate::kernel::blocks::{in_blocks, quotient};
use crate::kernel::{Kernel, Step, boxed};

/// The balance of power.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bop;

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "bop",
    aliases: &[],
    about: "balance of power, -1 to 1",
    inputs: &[Input::OPEN, Input::HIGH, Input::LOW, Input::CLOSE],
    params: Vec::new,
    outputs: &["bop"],
    build: |_: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Bop)) },
};

impl Indicator for Bop {
    fn lookback(&self) -> usize {
        0
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new())
    }
}

/// The balance of power of bars.
pub fn bop(open: &[f64], high: &[f64], low: &[f64], close: &[f64], out: &mut [f64]) {
    State::new().bulk([open, high, low, close], [out]);
}

#[inline]
fn balance(open: f64, high: f64, low: f64, close: f64) -> f64 {
    let (body, range) = (close - open, high - low);
    if range <= 0.0 { (0.0 * body).abs() } else { quotient(body, range) }
}

/// Nothing to remember.
#[derive(Debug, Clone, Default)]
pub struct State;

keep!(State {});

impl State {
    /// No bars yet.
    pub fn new() -> Self {
        Self
    }

    /// Takes a bar.
    #[inline]
    pub fn push(&mut self, open: f64, high: f64, low: f64, close: f64) -> f64 {
        balance(open, high, low, close)
    }
}

impl Step<4, 1> for State {
    #[inline]
    fn step(&mut self, [open, high, low, close]: [f64; 4]) -> [f64; 1] {
        [balance(open, high, low, close)]
    }

    fn bulk(&mut self, [open, high, low, close]: [&[f64]; 4], [out]: [&mut [f64]; 1]) {
        in_blocks([open, high, low, close], [out], |[open, high, low, close], [out]| {
            let mut all_good = true;
            let bars = open.iter().zip(high).zip(low.iter().zip(close));
            for (o, ((open, high), (low, close))) in out.iter_mut().zip(bars.clone()) {
                let range = high - low;
                *o = (close - open) / range;
                all_good &= (range > 0.0) & (o.abs() < f64::INFINITY);
            }
            if !all_good {
                for (o, ((open, high), (low, close))) in out.iter_mut().zip(bars) {
                    *o = balance(*open, *high, *low, *close);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_body_over_the_range() {
        let mut out = [0.0; 3];
        bop(&[1.0, 3.0, 2.0], &[4.0, 4.0, 2.0], &[0.0, 0.0, 2.0], &[3.0, 1.0, 2.0], &mut out);
        assert_eq!(out, [0.5, -0.5, 0.0]);
    }
}
