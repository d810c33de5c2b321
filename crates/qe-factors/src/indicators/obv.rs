//! On-balance volume: the sum so far of volume, taken away where the close fell and left out where it stood still.
//!
//! Begins with the first volume, as TA-Lib does. It never forgets where it began, so no number of rows settles it.
//! A NaN gives NaN there, and at the next bar if it was the close, whose change is unknown; the sum stays as it is.
//! Golden: TA-Lib `OBV`. Reference: Granville, Granville's New Key to Stock Market Profits (1963).

use super::{Args, Indicator, Input, Signature};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Kernel, Step, Total, blocks, boxed};

/// On-balance volume.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Obv;

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "obv",
    aliases: &[],
    about: "on-balance volume",
    inputs: &[Input::CLOSE, Input::VOLUME],
    params: Vec::new,
    outputs: &["obv"],
    build: |_: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Obv)) },
};

impl Indicator for Obv {
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

/// On-balance volume of bars.
pub fn obv(close: &[f64], volume: &[f64], out: &mut [f64]) {
    State::new().bulk([close, volume], [out]);
}

/// The last close and the sum.
#[derive(Debug, Clone)]
pub struct State {
    last: f64,
    has_begun: bool,
    total: Total,
}

keep!(State { last, has_begun, total });

/// The volume with the sign of the change; NaN if any is.
#[inline]
fn flow(close: f64, last: f64, volume: f64) -> f64 {
    // Without branches: which way a price goes cannot be guessed.
    let (gain, loss) = (if close > last { volume } else { 0.0 }, if close < last { volume } else { 0.0 });
    (gain - loss) + (close - last + volume) * 0.0
}

impl State {
    /// No bars yet.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { last: f64::NAN, has_begun: false, total: Total::default() }
    }

    /// Takes a bar.
    #[inline]
    pub fn push(&mut self, close: f64, volume: f64) -> f64 {
        let flow = if self.has_begun { flow(close, self.last, volume) } else { volume + close * 0.0 };
        let value = self.total.push(flow);
        self.has_begun |= !value.is_nan();
        self.last = close;
        value
    }
}

impl Step<2, 1> for State {
    #[inline]
    fn step(&mut self, [close, volume]: [f64; 2]) -> [f64; 1] {
        [self.push(close, volume)]
    }

    fn bulk(&mut self, [close, volume]: [&[f64]; 2], [out]: [&mut [f64]; 1]) {
        let n = close.len().min(volume.len()).min(out.len());
        let mut begin = 0;
        while begin < n && (begin == 0 || !self.has_begun) {
            out[begin] = self.push(close[begin], volume[begin]);
            begin += 1;
        }
        if begin == n {
            return;
        }
        let (last, close, volume, out) =
            (&close[begin - 1..n - 1], &close[begin..n], &volume[begin..n], &mut out[begin..n]);
        blocks([last, close, volume], [out], |[last, close, volume], [out], [flows]| {
            for (i, f) in flows.iter_mut().enumerate() {
                *f = flow(close[i], last[i], volume[i]);
            }
            self.total.bulk(flows, out);
        });
        self.last = close[n - begin - 1];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volume_is_added_on_a_rise_and_taken_away_on_a_fall() {
        let mut out = [0.0; 6];
        obv(&[10.0, 11.0, 11.0, 10.0, f64::NAN, 12.0], &[5.0, 7.0, 100.0, 2.0, 1.0, 1.0], &mut out);
        assert_eq!(out[..4], [5.0, 12.0, 12.0, 10.0]);
        assert!(out[4].is_nan() && out[5].is_nan());
    }
}
