//! Amihud's illiquidity: the mean of absolute return over the money traded.
//!
//! `mult * mean(|close / last close - 1| / (close * volume))` over `period` rows; `mult` of 1e6 gives the usual unit.
//! A bar without volume is NaN. Windowed: a NaN counts in its own return and in the next one.
//! Golden: rolling mean by pandas. Reference: Amihud, Journal of Financial Markets 5 (2002).

use qe_core::param::Param;

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Kernel, ScaledSum, Step, blocks, boxed};

/// Amihud's illiquidity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Amihud {
    /// How many rows.
    pub period: usize,
    /// The unit of money.
    pub mult: f64,
}

impl Default for Amihud {
    fn default() -> Self {
        Self { period: 20, mult: 1.0 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "amihud",
    aliases: &[],
    about: "absolute return per money traded",
    inputs: &[Input::CLOSE, Input::VOLUME],
    params: || vec![period(20), Param::float("mult", 1e-3, 1e15, 1.0).log().doc("the unit of money")],
    outputs: &["amihud"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(Amihud { period: args.count(0), mult: args.number(1) }))
    },
};

impl Indicator for Amihud {
    fn lookback(&self) -> usize {
        self.period.max(1)
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self, first_row))
    }
}

/// Amihud's illiquidity of bars.
pub fn amihud(close: &[f64], volume: &[f64], period: usize, mult: f64, out: &mut [f64]) {
    State::new(Amihud { period, mult }, 0).bulk([close, volume], [out]);
}

/// The last close and the window.
#[derive(Debug, Clone)]
pub struct State {
    last: f64,
    mean: ScaledSum,
}

keep!(State { last, mean });

#[inline]
fn impact(close: f64, last: f64, volume: f64) -> f64 {
    ((close - last) / last).abs() / (close * volume)
}

impl State {
    /// No rows yet; the first to come is row `first_row` of its data set.
    pub fn new(params: Amihud, first_row: u64) -> Self {
        let mean = ScaledSum::new(params.period, params.mult / params.period.max(1) as f64, first_row);
        Self { last: f64::NAN, mean }
    }

    /// Takes a row.
    #[inline]
    pub fn push(&mut self, close: f64, volume: f64) -> f64 {
        let impact = impact(close, self.last, volume);
        self.last = close;
        self.mean.push(impact)
    }
}

impl Step<2, 1> for State {
    #[inline]
    fn step(&mut self, [close, volume]: [f64; 2]) -> [f64; 1] {
        [self.push(close, volume)]
    }

    fn bulk(&mut self, inputs: [&[f64]; 2], out: [&mut [f64]; 1]) {
        blocks(inputs, out, |[close, volume], [out], [impacts]| {
            let n = close.len();
            impacts[0] = impact(close[0], self.last, volume[0]);
            for i in 1..n {
                impacts[i] = impact(close[i], close[i - 1], volume[i]);
            }
            self.last = close[n - 1];
            self.mean.bulk(impacts, out);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_return_of_a_half_on_thirty_of_money() {
        let mut out = [0.0; 3];
        amihud(&[2.0, 3.0, 3.0], &[1.0, 10.0, 10.0], 1, 60.0, &mut out);
        assert!(out[0].is_nan());
        assert_eq!(out[1..], [1.0, 0.0]);
    }
}
