//! Chaikin volatility: by how many percent the exponential average of the range grew over `lag` rows.
//!
//! `100 * (a / a[lag rows ago] - 1)`, `a` the average of `high - low`, seeded with the plain mean of the first
//! `period` ranges as TA-Lib's `EMA` is. A NaN gives NaN there and `lag` rows later, and leaves the average as it is.
//! NaN where it was 0.
//! Golden: from TA-Lib `EMA`. Reference: Chaikin.

use qe_core::param::Param;

use super::{Args, Indicator, Input, MAX_PERIOD, Signature, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Ema, Kernel, Lag, Step, blocks, boxed, finite};

/// Chaikin volatility.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChaikinVolatility {
    /// The period of the average.
    pub period: usize,
    /// Over how many rows the average grew.
    pub lag: usize,
}

impl Default for ChaikinVolatility {
    fn default() -> Self {
        Self { period: 10, lag: 10 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "chaikin_volatility",
    aliases: &[],
    about: "growth of the average range, in percent",
    inputs: &[Input::HIGH, Input::LOW],
    params: || vec![period(10), Param::int("lag", 1, MAX_PERIOD, 10).log().doc("over how many rows the average grew")],
    outputs: &["chaikin_volatility"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(ChaikinVolatility { period: args.count(0), lag: args.count(1) }))
    },
};

impl Indicator for ChaikinVolatility {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1 + self.lag.max(1)
    }

    fn settle(&self, eps: f64) -> usize {
        self.lag.max(1) + Ema::settle(2.0 / (self.period.max(1) as f64 + 1.0), self.period.max(1), eps * 1e-3)
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self))
    }
}

/// Chaikin volatility of bars.
pub fn chaikin_volatility(high: &[f64], low: &[f64], period: usize, lag: usize, out: &mut [f64]) {
    State::new(ChaikinVolatility { period, lag }).bulk([high, low], [out]);
}

/// The average, now and before.
#[derive(Debug, Clone)]
pub struct State {
    average: Ema,
    before: Lag,
}

keep!(State { average, before });

#[inline]
fn growth(average: f64, before: f64) -> f64 {
    finite(100.0 * ((average - before) / before))
}

impl State {
    /// No rows yet.
    pub fn new(params: ChaikinVolatility) -> Self {
        Self { average: Ema::of_period(params.period.max(1)), before: Lag::new(params.lag) }
    }

    /// Takes a row.
    #[inline]
    pub fn push(&mut self, high: f64, low: f64) -> f64 {
        let average = self.average.push(high - low);
        growth(average, self.before.push(average))
    }
}

impl Step<2, 1> for State {
    #[inline]
    fn step(&mut self, [high, low]: [f64; 2]) -> [f64; 1] {
        [self.push(high, low)]
    }

    fn bulk(&mut self, inputs: [&[f64]; 2], out: [&mut [f64]; 1]) {
        blocks(inputs, out, |[high, low], [out], [averages, before]| {
            self.average.bulk(high.len(), |i| high[i] - low[i], |i, v| averages[i] = v);
            self.before.bulk(averages, before, |_, old| old);
            for (i, o) in out.iter_mut().enumerate() {
                *o = growth(averages[i], before[i]);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_twice_as_wide_is_a_hundred_percent() {
        let mut out = [0.0; 4];
        chaikin_volatility(&[2.0, 3.0, 5.0, 5.0], &[1.0; 4], 1, 2, &mut out);
        assert!(out[..2].iter().all(|v| v.is_nan()));
        assert_eq!(out[2..], [300.0, 100.0]);
    }
}
