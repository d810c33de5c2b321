//! Money flow index: of typical price times volume, the percentage that came with a higher typical price than before.
//!
//! Typical is `(high + low + close) / 3`; a typical price that stood still counts for neither side. Where nothing
//! flowed it is 0, as in TA-Lib; TA-Lib gives 0 below a flow of 1.0 too, whatever the units, which is not followed.
//! Windowed: sums are folded from two sides. A NaN counts in its own change and in the next one.
//! Golden: TA-Lib `MFI`. Reference: Quong and Soudack (1989).

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Kernel, Step, Sums, TwoSided, blocks, boxed, finite};

/// The money flow index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mfi {
    /// How many changes.
    pub period: usize,
}

impl Default for Mfi {
    fn default() -> Self {
        Self { period: 14 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "mfi",
    aliases: &[],
    about: "money flow index, 0 to 100",
    inputs: &[Input::HIGH, Input::LOW, Input::CLOSE, Input::VOLUME],
    params: || vec![period(14)],
    outputs: &["mfi"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Mfi { period: args.count(0) })) },
};

impl Indicator for Mfi {
    fn lookback(&self) -> usize {
        self.period.max(1)
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self, first_row))
    }
}

/// The money flow index of bars.
pub fn mfi(high: &[f64], low: &[f64], close: &[f64], volume: &[f64], period: usize, out: &mut [f64]) {
    State::new(Mfi { period }, 0).bulk([high, low, close, volume], [out]);
}

/// The last typical price, and the sums of what flowed in and out.
#[derive(Debug, Clone)]
pub struct State {
    last: f64,
    sums: TwoSided<Sums>,
}

keep!(State { last, sums });

#[inline]
fn typical(high: f64, low: f64, close: f64) -> f64 {
    (high + low + close) / 3.0
}

/// What flowed, below zero if it flowed out; NaN if any is.
#[inline]
fn flow(typical: f64, last: f64, volume: f64) -> f64 {
    let (flow, still) = (typical * volume, (typical - last) * volume);
    if typical > last {
        flow
    } else if typical < last {
        -flow
    } else {
        still
    }
}

#[inline]
fn sides(flow: f64) -> [f64; 2] {
    // A comparison with NaN is false: so it counts on both sides.
    [if flow < 0.0 { 0.0 } else { flow }, if flow > 0.0 { 0.0 } else { -flow }]
}

#[inline]
fn share([inflow, outflow]: [f64; 2]) -> f64 {
    let both = inflow + outflow;
    if both == 0.0 { 0.0 } else { finite(100.0 * (inflow / both)) }
}

impl State {
    /// No bars yet; the first to come is row `first_row` of its data set.
    pub fn new(params: Mfi, first_row: u64) -> Self {
        Self { last: f64::NAN, sums: TwoSided::new(Sums, params.period, first_row) }
    }

    /// Takes a bar.
    #[inline]
    pub fn push(&mut self, high: f64, low: f64, close: f64, volume: f64) -> f64 {
        let typical = typical(high, low, close);
        let flow = flow(typical, self.last, volume);
        self.last = typical;
        self.sums.push(sides(flow)).map_or(f64::NAN, share)
    }
}

impl Step<4, 1> for State {
    #[inline]
    fn step(&mut self, [high, low, close, volume]: [f64; 4]) -> [f64; 1] {
        [self.push(high, low, close, volume)]
    }

    fn bulk(&mut self, inputs: [&[f64]; 4], out: [&mut [f64]; 1]) {
        blocks(inputs, out, |[high, low, close, volume], [out], [typicals, flows]| {
            let n = high.len();
            for i in 0..n {
                typicals[i] = typical(high[i], low[i], close[i]);
            }
            flows[0] = flow(typicals[0], self.last, volume[0]);
            for i in 1..n {
                flows[i] = flow(typicals[i], typicals[i - 1], volume[i]);
            }
            self.last = typicals[n - 1];
            self.sums.bulk(n, |i| sides(flows[i]), |i, s| out[i] = s.map_or(f64::NAN, share));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_share_of_what_flowed_in() {
        let mut out = [0.0; 5];
        let price = [1.0, 2.0, 1.0, 1.0, 1.0];
        mfi(&price, &price, &price, &[9.0, 3.0, 2.0, 5.0, 5.0], 2, &mut out);
        assert!(out[0].is_nan() && out[1].is_nan());
        // In: 2 * 3, out: 1 * 2; then nothing in; then nothing at all.
        assert_eq!(out[2..], [75.0, 0.0, 0.0]);
    }
}
