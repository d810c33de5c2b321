//! Price volume trend: the sum so far of volume times the relative change of the close.
//!
//! Begins with the second bar. It never forgets where it began, so no number of rows settles it. A NaN gives NaN
//! there, and at the next bar if it was the close, whose change is unknown; the sum stays as it is.
//! Golden: `cumsum` and `pct_change` of pandas.

use super::{Args, Indicator, Input, Signature};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Kernel, Step, Total, blocks, boxed};

/// The price volume trend.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pvt;

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "pvt",
    aliases: &[],
    about: "price volume trend",
    inputs: &[Input::CLOSE, Input::VOLUME],
    params: Vec::new,
    outputs: &["pvt"],
    build: |_: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Pvt)) },
};

impl Indicator for Pvt {
    fn lookback(&self) -> usize {
        1
    }

    fn settle(&self, _: f64) -> usize {
        usize::MAX
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new())
    }
}

/// The price volume trend of bars.
pub fn pvt(close: &[f64], volume: &[f64], out: &mut [f64]) {
    State::new().bulk([close, volume], [out]);
}

/// The last close and the sum.
#[derive(Debug, Clone)]
pub struct State {
    last: f64,
    total: Total,
}

keep!(State { last, total });

#[inline]
fn flow(close: f64, last: f64, volume: f64) -> f64 {
    (close - last) / last * volume
}

impl State {
    /// No rows yet.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { last: f64::NAN, total: Total::default() }
    }

    /// Takes a row.
    #[inline]
    pub fn push(&mut self, close: f64, volume: f64) -> f64 {
        let flow = flow(close, self.last, volume);
        self.last = close;
        self.total.push(flow)
    }
}

impl Step<2, 1> for State {
    #[inline]
    fn step(&mut self, [close, volume]: [f64; 2]) -> [f64; 1] {
        [self.push(close, volume)]
    }

    fn bulk(&mut self, inputs: [&[f64]; 2], out: [&mut [f64]; 1]) {
        blocks(inputs, out, |[close, volume], [out], [flows]| {
            let n = close.len();
            flows[0] = flow(close[0], self.last, volume[0]);
            for i in 1..n {
                flows[i] = flow(close[i], close[i - 1], volume[i]);
            }
            self.last = close[n - 1];
            self.total.bulk(flows, out);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_the_volume_for_half_the_price() {
        let mut out = [0.0; 5];
        pvt(&[2.0, 3.0, 3.0, f64::NAN, 6.0], &[9.0, 10.0, 7.0, 1.0, 1.0], &mut out);
        assert!(out[0].is_nan() && out[3..].iter().all(|v| v.is_nan()));
        assert_eq!(out[1..3], [5.0, 5.0]);
    }
}
