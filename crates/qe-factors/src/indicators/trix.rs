//! TRIX: the change of a triple exponential average from one row to the next, in percent.
//!
//! Each average is seeded as TA-Lib does, with the plain mean of the first `period` values that it is given. From zero
//! the change is 0, as in TA-Lib. A NaN gives NaN there, and the next change is from the last average that there is.
//! Golden: TA-Lib `TRIX`. Reference: Hutson, Technical Analysis of Stocks and Commodities 1 (1983).

use super::{Args, Indicator, Input, Signature, period, roc::change_percent};
use crate::error::Result;
use crate::kernel::{Chain, Ema, Kernel, Step, boxed};

/// The change of a triple exponential average.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trix {
    /// The period of each average.
    pub period: usize,
}

impl Default for Trix {
    fn default() -> Self {
        Self { period: 30 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "trix",
    aliases: &[],
    about: "change of a triple exponential average, in percent",
    inputs: &[Input::SERIES],
    params: || vec![period(30)],
    outputs: &["trix"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Trix { period: args.count(0) })) },
};

impl Indicator for Trix {
    fn lookback(&self) -> usize {
        3 * (self.period.max(1) - 1) + 1
    }

    fn settle(&self, eps: f64) -> usize {
        1 + 3 * Ema::settle(2.0 / (self.period as f64 + 1.0), self.period, eps * 1e-4)
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period))
    }
}

/// TRIX of `x`.
pub fn trix(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(period).bulk([x], [out]);
}

/// The averages and the last value of the third.
#[derive(Debug, Clone)]
pub struct State {
    averages: Chain<3>,
    last: f64,
}

impl State {
    /// No values yet.
    pub fn new(period: usize) -> Self {
        Self { averages: Chain::new(period), last: f64::NAN }
    }

    /// Takes a value.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        let [_, _, e3] = self.averages.push(x);
        change(&mut self.last, e3)
    }
}

/// The change from the last average that there was.
#[inline]
fn change(last: &mut f64, average: f64) -> f64 {
    if average.is_nan() {
        return f64::NAN;
    }
    change_percent(average, std::mem::replace(last, average))
}

impl Step<1, 1> for State {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.push(x)]
    }

    fn bulk(&mut self, [x]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let (out, mut last) = (&mut out[..x.len()], self.last);
        self.averages.bulk(x, |i, [_, _, e3]| out[i] = change(&mut last, e3));
        self.last = last;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steady_growth_is_its_rate_and_from_zero_the_change_is_nothing() {
        let x: Vec<f64> = (0..900).map(|i| libm::exp(0.01 * f64::from(i))).collect();
        let mut out = vec![0.0; 900];
        trix(&x, 5, &mut out);
        assert!(out[12].is_nan() && (out[899] - 100.0 * libm::expm1(0.01)).abs() < 1e-9);
        trix(&[0.0; 900], 5, &mut out);
        assert!(out[13..].iter().all(|&v| v == 0.0));
    }
}
