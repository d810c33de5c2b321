//! TRIX: the change of a triple exponential average from one row to the next, in percent.
//!
//! Each average is seeded as TA-Lib does, with the plain mean of the first `period` values that it is given. From zero
//! the change is 0, as in TA-Lib. A NaN gives NaN there, and the next change is from the last average that there is.
//! Golden: TA-Lib `TRIX`. Reference: Hutson, Technical Analysis of Stocks and Commodities 1 (1983).

use super::{Args, Indicator, Input, Signature, period, roc::change_percent};
use crate::error::Result;
use crate::keep;
use crate::kernel::{BLOCK, Chain, Ema, Kernel, Step, boxed, is_finite};

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

/// The third average and its last value.
#[derive(Debug, Clone)]
pub struct State {
    average: Chain<3, 2>,
    last: f64,
}

keep!(State { average, last });

impl State {
    /// No values yet.
    pub fn new(period: usize) -> Self {
        Self { average: Chain::new(period, [0.0, 0.0, 1.0]), last: f64::NAN }
    }

    /// Takes a value.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        change(&mut self.last, self.average.push(x))
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
        let averages = &mut [0.0; BLOCK];
        for (x, out) in x.chunks(BLOCK).zip(out.chunks_mut(BLOCK)) {
            let averages = &mut averages[..x.len()];
            self.average.column(x, averages);
            out[0] = change_percent(averages[0], self.last);
            for ((o, new), old) in out[1..].iter_mut().zip(&averages[1..]).zip(&*averages) {
                *o = (new / old - 1.0) * 100.0;
            }
            let zero = averages.iter().fold(self.last == 0.0, |any, v| any | (*v == 0.0));
            // Seldom: where a column begins, or something is missing, or nothing.
            if zero || !is_finite(out) {
                out.iter_mut().zip(&*averages).for_each(|(o, v)| *o = change(&mut self.last, *v));
            } else {
                self.last = averages[averages.len() - 1];
            }
        }
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
