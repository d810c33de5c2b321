//! Aroon: how recent the highest high (`up`) and the lowest low (`down`) of the last `period + 1` bars are, from 100
//! for now to 0 for `period` bars ago, and their difference (`osc`).
//!
//! Of equal extremes the newest counts, as in TA-Lib.
//! Windowed: a NaN is in every window that holds it and leaves with it.
//! Golden: TA-Lib `AROON` and `AROONOSC`. Reference: Chande (1995).

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::blocks::Blockwise;
use crate::kernel::{Fold, Kernel, Step, TwoSided, boxed};

/// Aroon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aroon {
    /// How many bars an extreme may be old.
    pub period: usize,
}

impl Default for Aroon {
    fn default() -> Self {
        Self { period: 14 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "aroon",
    aliases: &[],
    about: "how long ago the highest high and the lowest low were",
    inputs: &[Input::HIGH, Input::LOW],
    params: || vec![period(14)],
    outputs: &["up", "down", "osc"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Aroon { period: args.count(0) })) },
};

impl Indicator for Aroon {
    fn lookback(&self) -> usize {
        self.period.max(1)
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period))
    }
}

/// Aroon of bars.
pub fn aroon(high: &[f64], low: &[f64], period: usize, out: [&mut [f64]; 3]) {
    State::new(period).bulk([high, low], out);
}

/// The higher of values, with its row; of equal ones the newer.
#[derive(Debug, Clone, Copy)]
struct NewestMax;

impl Fold for NewestMax {
    type Item = (f64, u64);
    type Acc = (f64, u64);

    #[inline]
    fn first(&self, x: Self::Item) -> Self::Acc {
        x
    }

    #[inline]
    fn append(&self, acc: Self::Acc, x: Self::Item) -> Self::Acc {
        self.join(acc, x)
    }

    #[inline]
    fn prepend(&self, x: Self::Item, acc: Self::Acc) -> Self::Acc {
        self.join(x, acc)
    }

    #[inline]
    fn join(&self, older: Self::Acc, newer: Self::Acc) -> Self::Acc {
        if older.0 > newer.0 { older } else { newer }
    }
}

/// How long ago the highest of the last values was.
#[derive(Debug, Clone)]
struct Age {
    window: TwoSided<NewestMax>,
    row: u64,
    /// For how many rows to come the window has a NaN in it.
    missing: usize,
}

keep!(Age { window, row, missing });

impl Age {
    fn new(length: usize) -> Self {
        Self { window: TwoSided::new(NewestMax, length, 0), row: 0, missing: length - 1 }
    }

    /// The age, from `period` down to 0, is counted against `period`.
    #[inline]
    fn bulk(&mut self, n: usize, get: impl Fn(usize) -> f64, out: &mut [f64]) {
        let (first, last_age) = (self.row, (self.window.period() - 1) as f64);
        let scale = 100.0 / last_age;
        let any = (0..n).fold(false, |any, i| any | get(i).is_nan());
        self.window.bulk(
            n,
            |i| (get(i), first.wrapping_add(i as u64)),
            |i, newest| {
                out[i] =
                    newest.map_or(f64::NAN, |(_, row)| last_age - first.wrapping_add(i as u64).wrapping_sub(row) as f64)
            },
        );
        out[..n].iter_mut().for_each(|o| *o *= scale);
        self.row = self.row.wrapping_add(n as u64);
        if any || self.missing > 0 {
            for (i, o) in out[..n].iter_mut().enumerate() {
                self.missing = if get(i).is_nan() { self.window.period() } else { self.missing };
                if self.missing > 0 {
                    (*o, self.missing) = (f64::NAN, self.missing - 1);
                }
            }
        }
    }
}

/// Both ages.
#[derive(Debug, Clone)]
pub struct State {
    high: Age,
    low: Age,
}

keep!(State { high, low });

impl State {
    /// No bars yet.
    pub fn new(period: usize) -> Self {
        Self { high: Age::new(period.max(1) + 1), low: Age::new(period.max(1) + 1) }
    }

    /// Takes a bar: up, down and their difference.
    #[inline]
    pub fn push(&mut self, high: f64, low: f64) -> [f64; 3] {
        self.step([high, low])
    }
}

impl Blockwise<2, 3> for State {
    fn block(&mut self, [high, low]: [&[f64]; 2], [up, down, osc]: [&mut [f64]; 3]) {
        self.high.bulk(high.len(), |i| high[i], up);
        self.low.bulk(low.len(), |i| -low[i], down);
        osc.iter_mut().zip(up).zip(down).for_each(|((o, u), d)| *o = *u - *d);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_of_equal_extremes_counts() {
        let high = [1.0, 5.0, 5.0, 2.0, 3.0, 1.0, 1.0];
        let low = high.map(|h| -h);
        let mut out = [[0.0; 7]; 3];
        aroon(&high, &low, 3, out.each_mut().map(|o| &mut o[..]));
        let want = [200.0 / 3.0, 100.0 / 3.0, 0.0, 100.0 / 3.0];
        assert!(out[0][2].is_nan());
        assert!((3..7).all(|i| (out[0][i] - want[i - 3]).abs() < 1e-12 && out[0][i] == out[1][i] && out[2][i] == 0.0));
    }
}
