//! Volume-weighted moving average: the mean of `x` over the last `period` rows, weighted by volume.
//!
//! Windowed: a NaN is in every window that holds it and leaves with it. Where no volume was traded it is NaN (0 / 0).
//! Golden: pandas, rolling sums of `x * volume` and of `volume`.

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::kernel::{Kernel, Step, Terms, Window, boxed, finite};

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

/// The window.
pub type State = Window<Vwma, 2, 2>;

impl From<usize> for Vwma {
    fn from(period: usize) -> Self {
        Self { period }
    }
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
