//! Volume-weighted moving average: the mean of `x` over the last `period` rows, weighted by volume.
//!
//! Windowed: a NaN is in every window that holds it and leaves with it. Where no volume was traded it is NaN (0 / 0).
//! Golden: pandas, rolling sums of `x * volume` and of `volume`.

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::kernel::{Kernel, Step, Terms, WindowFold, boxed, finite};

/// The volume-weighted moving average.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vwma {
    /// How many rows.
    pub period: usize,
}

impl Default for Vwma {
    fn default() -> Self {
        Self { period: 20 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "vwma",
    aliases: &[],
    about: "volume-weighted moving average",
    inputs: &[Input::SERIES, Input::VOLUME],
    params: || vec![period(20)],
    outputs: &["vwma"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Vwma { period: args.count(0) })) },
};

impl Indicator for Vwma {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period, first_row))
    }
}

/// The volume-weighted moving average of columns that begin at row 0.
pub fn vwma(x: &[f64], volume: &[f64], period: usize, out: &mut [f64]) {
    State::new(period, 0).bulk([x, volume], [out]);
}

impl Terms<2, 2, 1> for Vwma {
    #[inline]
    fn terms(&self, [x, volume]: [f64; 2], [anchor, _]: [f64; 2], _: f64) -> [f64; 2] {
        [(x - anchor) * volume, volume]
    }

    #[inline]
    fn finish(&self, [above, volume]: [f64; 2], [anchor, _]: [f64; 2], _: [f64; 2], _: f64) -> [f64; 1] {
        [finite(anchor + above / volume)]
    }
}

/// The sums of the window.
#[derive(Debug, Clone)]
pub struct State(WindowFold<Vwma, 2, 2, 1>);

impl State {
    /// No rows yet; the first to come is row `first_row` of its data set.
    pub fn new(period: usize, first_row: u64) -> Self {
        Self(WindowFold::new(Vwma { period }, period, first_row))
    }

    /// Takes a row.
    #[inline]
    pub fn push(&mut self, x: f64, volume: f64) -> f64 {
        self.0.push([x, volume])[0]
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
    fn volume_weighs_and_none_is_no_mean() {
        let mut out = [0.0; 5];
        vwma(&[1.0, 5.0, 2.0, 3.0, 4.0], &[1.0, 3.0, 0.0, 0.0, 2.0], 2, &mut out);
        assert!(out[0].is_nan() && out[3].is_nan());
        assert_eq!([out[1], out[2], out[4]], [4.0, 5.0, 4.0]);
    }
}
