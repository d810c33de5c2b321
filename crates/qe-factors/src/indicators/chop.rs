//! Choppiness index: `100 * log10(sum of true ranges / (highest high - lowest low)) / log10(period)`.
//!
//! A straight run is near 0, to and fro near 100. The first bar has no true range, so it begins after `period` bars.
//! Where no price moves it is undefined: NaN.
//! Windowed: a NaN is in every window that holds it and leaves with it.
//! Golden: its formula in numpy and pandas. Reference: E. W. Dreiss.

use qe_core::param::Param;

use super::true_range::true_ranges;
use super::{Args, Indicator, Input, MAX_PERIOD, Signature};
use crate::error::Result;
use crate::keep;
use crate::kernel::blocks::{Blockwise, column, quotient};
use crate::kernel::{Kernel, Step, WindowMax, WindowMin, WindowSum, boxed};

/// The choppiness index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chop {
    /// How many bars.
    pub period: usize,
}

impl Default for Chop {
    fn default() -> Self {
        Self { period: 14 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "chop",
    aliases: &[],
    about: "choppiness index, 0 to 100",
    inputs: &[Input::HIGH, Input::LOW, Input::CLOSE],
    params: || vec![Param::int("period", 2, MAX_PERIOD, 14).log().doc("how many rows it looks at")],
    outputs: &["chop"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Chop { period: args.count(0) })) },
};

impl Indicator for Chop {
    fn lookback(&self) -> usize {
        self.period.max(2)
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period))
    }
}

/// The choppiness index of bars.
pub fn chop(high: &[f64], low: &[f64], close: &[f64], period: usize, out: &mut [f64]) {
    State::new(period).bulk([high, low, close], [out]);
}

/// The sum of true ranges and the extremes.
#[derive(Debug, Clone)]
pub struct State {
    last_close: f64,
    scale: f64,
    sum: WindowSum,
    highest: WindowMax,
    lowest: WindowMin,
    columns: [Vec<f64>; 3],
}

keep!(State { last_close, sum, highest, lowest } given { scale } scratch { columns });

impl State {
    /// No bars yet.
    pub fn new(period: usize) -> Self {
        let period = period.max(2);
        Self {
            last_close: f64::NAN,
            scale: 100.0 / libm::log10(period as f64),
            sum: WindowSum::new(period),
            highest: WindowMax::new(period),
            lowest: WindowMin::new(period),
            columns: std::array::from_fn(|_| column()),
        }
    }

    /// Takes a bar.
    #[inline]
    pub fn push(&mut self, high: f64, low: f64, close: f64) -> f64 {
        self.step([high, low, close])[0]
    }
}

impl Blockwise<3, 1> for State {
    fn block(&mut self, [high, low, close]: [&[f64]; 3], [out]: [&mut [f64]; 1]) {
        let [ranges, highest, lowest] = self.columns.each_mut().map(|c| &mut c[..out.len()]);
        true_ranges(high, low, close, &mut self.last_close, ranges);
        self.sum.bulk(ranges, out);
        self.highest.bulk(high, highest);
        self.lowest.bulk(low, lowest);
        for (o, (h, l)) in out.iter_mut().zip(highest.iter().zip(&*lowest)) {
            let ratio = quotient(*o, h - l);
            *o = if ratio > 0.0 { libm::log10(ratio) * self.scale } else { f64::NAN };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_straight_run_is_nothing_and_to_and_fro_is_a_hundred() {
        let close: Vec<f64> = (0..30).map(f64::from).collect();
        let mut out = vec![0.0; 30];
        chop(&close, &close, &close, 10, &mut out);
        // Ten steps of 1, but from the first to the last of ten closes only nine.
        assert!((out[20] - 100.0 * (10.0f64 / 9.0).log10()).abs() < 1e-9);
        let (high, low, close) = ([2.0; 30], [1.0; 30], [1.5; 30]);
        chop(&high, &low, &close, 10, &mut out);
        assert!(out[9].is_nan() && (out[10] - 100.0).abs() < 1e-12);
        chop(&high, &high, &high, 10, &mut out);
        assert!(out.iter().all(|v| v.is_nan()));
    }
}
