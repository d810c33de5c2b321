//! Absolute price oscillator: a fast less a slow exponential average.
//!
//! Each average is seeded on its own, with the plain mean of its first values, as TA-Lib does for `matype` EMA; MACD
//! seeds otherwise. A NaN gives NaN there and leaves the averages as they are.
//! Golden: TA-Lib `APO` with `matype=1`.

use super::{Args, Indicator, Input, Signature, named_period};
use crate::error::Result;
use crate::keep;
use crate::kernel::{BLOCK, Ema, Kernel, Step, boxed, finite};

/// The absolute price oscillator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Apo {
    /// The period of the fast average.
    pub fast_period: usize,
    /// The period of the slow average; the two are swapped if it is the smaller one.
    pub slow_period: usize,
}

impl Default for Apo {
    fn default() -> Self {
        Self { fast_period: 12, slow_period: 26 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "apo",
    aliases: &[],
    about: "absolute price oscillator: a fast less a slow exponential average",
    inputs: &[Input::SERIES],
    params: || vec![named_period("fast_period", 12), named_period("slow_period", 26)],
    outputs: &["apo"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(Apo { fast_period: args.count(0), slow_period: args.count(1) }))
    },
};

impl Apo {
    /// The smaller and the larger period.
    fn ordered(&self) -> (usize, usize) {
        let (a, b) = (self.fast_period.max(1), self.slow_period.max(1));
        (a.min(b), a.max(b))
    }
}

impl Indicator for Apo {
    fn lookback(&self) -> usize {
        self.ordered().1 - 1
    }

    fn settle(&self, eps: f64) -> usize {
        Ema::settle(2.0 / (self.ordered().1 as f64 + 1.0), self.ordered().1, eps / 2.0)
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self))
    }
}

/// The absolute price oscillator of `x`.
pub fn apo(x: &[f64], params: Apo, out: &mut [f64]) {
    State::new(params).bulk([x], [out]);
}

/// The two averages.
#[derive(Debug, Clone)]
pub struct State {
    fast: Ema,
    slow: Ema,
}

keep!(State { fast, slow });

impl State {
    /// No values yet.
    pub fn new(params: Apo) -> Self {
        let (fast, slow) = params.ordered();
        Self { fast: Ema::of_period(fast), slow: Ema::of_period(slow) }
    }

    /// Takes a value.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        finite(self.fast.push(x) - self.slow.push(x))
    }
}

impl Step<1, 1> for State {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.push(x)]
    }

    fn bulk(&mut self, [x]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        for (x, out) in x.chunks(BLOCK).zip(out.chunks_mut(BLOCK)) {
            let slow = &mut [0.0; BLOCK][..x.len()];
            self.fast.column(x, out);
            self.slow.column(x, slow);
            for (o, &mut slow) in out.iter_mut().zip(slow) {
                *o = finite(*o - slow);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_a_line_the_averages_lag_by_half_their_periods() {
        let x: Vec<f64> = (0..600).map(f64::from).collect();
        let mut out = vec![0.0; 600];
        apo(&x, Apo { fast_period: 26, slow_period: 12 }, &mut out);
        assert!(out[24].is_nan() && (out[599] - 7.0).abs() < 1e-9);
    }
}
