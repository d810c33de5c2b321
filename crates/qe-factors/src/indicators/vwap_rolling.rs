//! Volume-weighted average price of the last `period` rows: typical price times volume, over volume.
//!
//! Typical is `(high + low + close) / 3`. Prices are summed as distances from the first typical price of a part of
//! the window, so a common offset costs no digits. Windowed: a NaN leaves with its window. A window without volume is
//! NaN.
//! Golden: rolling sums by pandas.

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Fold, Kernel, Step, TwoSided, blocks, boxed, finite};

/// The volume-weighted average price of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VwapRolling {
    /// How many rows.
    pub period: usize,
}

impl Default for VwapRolling {
    fn default() -> Self {
        Self { period: 20 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "vwap_rolling",
    aliases: &[],
    about: "volume-weighted average price of a window",
    inputs: &[Input::HIGH, Input::LOW, Input::CLOSE, Input::VOLUME],
    params: || vec![period(20)],
    outputs: &["vwap_rolling"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(VwapRolling { period: args.count(0) })) },
};

impl Indicator for VwapRolling {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self, first_row))
    }
}

/// The volume-weighted average price of windows.
pub fn vwap_rolling(high: &[f64], low: &[f64], close: &[f64], volume: &[f64], period: usize, out: &mut [f64]) {
    State::new(VwapRolling { period }, 0).bulk([high, low, close, volume], [out]);
}

/// What it remembers.
#[derive(Debug, Clone)]
pub struct State {
    window: TwoSided<Paid>,
}

keep!(State { window });

/// A part of a window.
#[derive(Debug, Clone, Copy, Default)]
struct Prices {
    origin: f64,
    /// The sum of distances from the origin, times volume.
    paid: f64,
    volume: f64,
}

keep!(Prices { origin, paid, volume });

impl Prices {
    #[inline]
    fn average(self) -> f64 {
        finite(self.origin + self.paid / self.volume)
    }
}

/// Prices weighed by volume.
#[derive(Debug, Clone, Copy, Default)]
struct Paid;

impl Fold for Paid {
    type Item = [f64; 2];
    type Acc = Prices;

    #[inline]
    fn first(&self, [price, volume]: [f64; 2]) -> Prices {
        Prices { origin: price, paid: price * 0.0, volume }
    }

    #[inline]
    fn append(&self, acc: Prices, [price, volume]: [f64; 2]) -> Prices {
        let paid = acc.paid + (price - acc.origin) * volume;
        Prices { origin: acc.origin, paid, volume: acc.volume + volume }
    }

    #[inline]
    fn prepend(&self, x: [f64; 2], acc: Prices) -> Prices {
        self.append(acc, x)
    }

    #[inline]
    fn join(&self, older: Prices, newer: Prices) -> Prices {
        let moved = newer.paid + (newer.origin - older.origin) * newer.volume;
        Prices { origin: older.origin, paid: older.paid + moved, volume: older.volume + newer.volume }
    }
}

impl State {
    /// No rows yet; the first to come is row `first_row` of its data set.
    pub fn new(params: VwapRolling, first_row: u64) -> Self {
        Self { window: TwoSided::new(Paid, params.period, first_row) }
    }

    /// Takes a row.
    #[inline]
    pub fn push(&mut self, high: f64, low: f64, close: f64, volume: f64) -> f64 {
        let typical = (high + low + close) / 3.0;
        self.window.push([typical, volume]).map_or(f64::NAN, Prices::average)
    }
}

impl Step<4, 1> for State {
    #[inline]
    fn step(&mut self, [high, low, close, volume]: [f64; 4]) -> [f64; 1] {
        [self.push(high, low, close, volume)]
    }

    fn bulk(&mut self, inputs: [&[f64]; 4], out: [&mut [f64]; 1]) {
        blocks(inputs, out, |[high, low, close, volume], [out], [typicals]| {
            for (i, t) in typicals.iter_mut().enumerate() {
                *t = (high[i] + low[i] + close[i]) / 3.0;
            }
            let emit = |i: usize, acc: Option<Prices>| out[i] = acc.map_or(f64::NAN, Prices::average);
            self.window.bulk(high.len(), |i| [typicals[i], volume[i]], emit);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_weighs_by_volume_and_a_constant_is_itself() {
        let (mut out, price) = ([0.0; 4], [10.0, 13.0, 7.0, 7.0]);
        vwap_rolling(&price, &price, &price, &[1.0, 2.0, 1.0, 0.0], 2, &mut out);
        assert_eq!(out[1..], [12.0, 11.0, 7.0]);
        let mut out = [0.0; 90];
        vwap_rolling(&[0.5; 90], &[0.5; 90], &[0.5; 90], &[0.3; 90], 7, &mut out);
        assert!(out[6..].iter().all(|v| *v == 0.5));
    }
}
