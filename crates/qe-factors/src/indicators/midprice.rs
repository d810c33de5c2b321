//! Middle of the range of the last `period` bars: half the sum of the highest high and the lowest low.
//!
//! Windowed: a NaN is in every window that holds it and leaves with it.
//! Golden: TA-Lib `MIDPRICE`.

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Kernel, Step, Terms, WindowFold, boxed, finite, higher, higher_present, lower, lower_present};

/// The middle of the highest high and the lowest low.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Midprice {
    /// How many rows.
    pub period: usize,
}

impl Default for Midprice {
    fn default() -> Self {
        Self { period: 14 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "midprice",
    aliases: &[],
    about: "middle of the highest high and the lowest low",
    inputs: &[Input::HIGH, Input::LOW],
    params: || vec![period(14)],
    outputs: &["midprice"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Midprice { period: args.count(0) })) },
};

impl Indicator for Midprice {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period, first_row))
    }
}

/// The middle of the highest high and the lowest low of columns that begin at row 0.
pub fn midprice(high: &[f64], low: &[f64], period: usize, out: &mut [f64]) {
    State::new(period, 0).bulk([high, low], [out]);
}

impl Terms<2, 2, 1> for Midprice {
    #[inline(always)]
    fn terms(&self, row: [f64; 2], _: [f64; 2], _: f64) -> [f64; 2] {
        row
    }

    fn empty(&self) -> [f64; 2] {
        [f64::NEG_INFINITY, f64::INFINITY]
    }

    #[inline(always)]
    fn join(&self, older: [f64; 2], newer: [f64; 2]) -> [f64; 2] {
        [higher(older[0], newer[0]), lower(older[1], newer[1])]
    }

    const LOOKS: bool = true;

    const WIDE: bool = true;

    #[inline(always)]
    fn join_present(&self, older: [f64; 2], newer: [f64; 2]) -> [f64; 2] {
        [higher_present(older[0], newer[0]), lower_present(older[1], newer[1])]
    }

    #[inline(always)]
    fn finish(&self, [high, low]: [f64; 2], _: [f64; 2], _: [f64; 2], _: f64) -> [f64; 1] {
        [finite((high + low) / 2.0)]
    }
}

/// The sums of the window.
#[derive(Debug, Clone)]
pub struct State(WindowFold<Midprice, 2, 2, 1>);

keep!(State(window));

impl State {
    /// No rows yet; the first to come is row `first_row` of its data set.
    pub fn new(period: usize, first_row: u64) -> Self {
        Self(WindowFold::new(Midprice { period }, period, first_row))
    }

    /// Takes a row.
    #[inline]
    pub fn push(&mut self, high: f64, low: f64) -> f64 {
        self.0.push([high, low])[0]
    }
}

impl Step<2, 1> for State {
    #[inline]
    fn step(&mut self, row: [f64; 2]) -> [f64; 1] {
        self.0.push(row)
    }

    fn bulk(&mut self, inputs: [&[f64]; 2], out: [&mut [f64]; 1]) {
        self.0.bulk(inputs, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lies_between_the_extremes() {
        let mut out = [0.0; 3];
        midprice(&[5.0, 6.0, 9.0], &[1.0, 2.0, 8.0], 2, &mut out);
        assert!(out[0].is_nan());
        assert_eq!(out[1..], [3.5, 5.5]);
    }
}
