//! Accumulation and distribution: the sum so far of volume times where the close stands in its bar, -1 to 1.
//!
//! `((close - low) - (high - close)) / (high - low) * volume`, nothing where high is not above low, as in TA-Lib.
//! It never forgets where it began, so no number of rows settles it. A NaN gives NaN there; the sum stays as it is.
//! Golden: TA-Lib `AD`. Reference: Chaikin.

use super::{Args, Indicator, Input, Signature};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Kernel, Step, Total, blocks_of, boxed};

/// The accumulation and distribution line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ad;

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "ad",
    aliases: &[],
    about: "accumulation and distribution line",
    inputs: &[Input::HIGH, Input::LOW, Input::CLOSE, Input::VOLUME],
    params: Vec::new,
    outputs: &["ad"],
    build: |_: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Ad)) },
};

impl Indicator for Ad {
    fn lookback(&self) -> usize {
        0
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

/// The accumulation and distribution line of bars.
pub fn ad(high: &[f64], low: &[f64], close: &[f64], volume: &[f64], out: &mut [f64]) {
    State::new().bulk([high, low, close, volume], [out]);
}

/// The volume by where the close stands in its bar: all of it at the high, less all of it at the low; NaN if any is.
#[inline]
pub(crate) fn money_flow(high: f64, low: f64, close: f64, volume: f64) -> f64 {
    let (above, range) = ((close - low) - (high - close), high - low);
    // Without branches: in a bar without range, any distance is nothing of an endless one, and a NaN stays one.
    let whole = if range > 0.0 { range } else { f64::INFINITY };
    above / whole * volume
}

/// The sum.
#[derive(Debug, Clone)]
pub struct State {
    total: Total,
}

keep!(State { total });

impl State {
    /// No bars yet.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { total: Total::default() }
    }

    /// Takes a bar.
    #[inline]
    pub fn push(&mut self, high: f64, low: f64, close: f64, volume: f64) -> f64 {
        self.total.push(money_flow(high, low, close, volume))
    }
}

/// The money flow of each row.
#[inline]
pub(crate) fn money_flows([high, low, close, volume]: [&[f64]; 4], flows: &mut [f64]) {
    let n = flows.len();
    let (high, low, close, volume) = (&high[..n], &low[..n], &close[..n], &volume[..n]);
    for (i, f) in flows.iter_mut().enumerate() {
        *f = money_flow(high[i], low[i], close[i], volume[i]);
    }
}

impl Step<4, 1> for State {
    #[inline]
    fn step(&mut self, [high, low, close, volume]: [f64; 4]) -> [f64; 1] {
        [self.push(high, low, close, volume)]
    }

    fn bulk(&mut self, inputs: [&[f64]; 4], out: [&mut [f64]; 1]) {
        blocks_of::<64, _, _, _>(inputs, out, |inputs, [out], [flows]| {
            money_flows(inputs, flows);
            self.total.bulk(flows, out);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_close_at_the_high_counts_whole_and_one_in_the_middle_not_at_all() {
        let mut out = [0.0; 4];
        ad(&[3.0, 3.0, 3.0, 3.0], &[1.0, 1.0, 1.0, 3.0], &[3.0, 2.0, 1.5, 3.0], &[8.0; 4], &mut out);
        assert_eq!(out, [8.0, 8.0, 4.0, 4.0]);
    }
}
