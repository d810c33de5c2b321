//! True strength index: twice averaged changes over twice averaged sizes of changes, in percent, and its own average.
//!
//! `100 * ema(ema(change, slow_period), fast_period) / ema(ema(|change|, slow_period), fast_period)`; NaN where nothing
//! has moved. Each average is seeded with the plain mean of its first values. Both outputs begin together. A NaN gives
//! NaN there and at the next value, whose change is unknown, and leaves the averages as they are.
//! Golden: pandas `ewm`, begun at those means. Reference: Blau, Technical Analysis of Stocks and Commodities 9 (1991).

use std::cell::Cell;

use super::{Args, Indicator, Input, Signature, named_period};
use crate::error::Result;
use crate::keep;
use crate::kernel::{BLOCK, Ema, EmaPair, Kernel, Step, boxed, finite, where_finite};

/// The true strength index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tsi {
    /// The period of the first average.
    pub slow_period: usize,
    /// The period of the second average.
    pub fast_period: usize,
    /// The period of the signal.
    pub signal_period: usize,
}

impl Default for Tsi {
    fn default() -> Self {
        Self { slow_period: 25, fast_period: 13, signal_period: 13 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "tsi",
    aliases: &[],
    about: "true strength index and its signal, -100 to 100",
    inputs: &[Input::SERIES],
    params: || {
        vec![named_period("slow_period", 25), named_period("fast_period", 13), named_period("signal_period", 13)]
    },
    outputs: &["tsi", "signal"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(Tsi { slow_period: args.count(0), fast_period: args.count(1), signal_period: args.count(2) }))
    },
};

impl Indicator for Tsi {
    fn lookback(&self) -> usize {
        self.slow_period.max(1) + self.fast_period.max(1) + self.signal_period.max(1) - 2
    }

    fn settle(&self, eps: f64) -> usize {
        let of = |period: usize| Ema::settle(2.0 / (period as f64 + 1.0), period, eps / 256.0);
        1 + of(self.slow_period) + of(self.fast_period) + of(self.signal_period)
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self))
    }
}

/// The true strength index of `x`, and its signal.
pub fn tsi(x: &[f64], params: Tsi, out: [&mut [f64]; 2]) {
    State::new(params).bulk([x], out);
}

/// The averages of changes and of their sizes, and the signal.
#[derive(Debug, Clone)]
pub struct State {
    last: f64,
    first: EmaPair,
    second: EmaPair,
    signal: Ema,
}

keep!(State { last, first, second, signal });

impl State {
    /// No values yet.
    pub fn new(params: Tsi) -> Self {
        Self {
            last: f64::NAN,
            first: EmaPair::new(Ema::of_period(params.slow_period.max(1))),
            second: EmaPair::new(Ema::of_period(params.fast_period.max(1))),
            signal: Ema::of_period(params.signal_period.max(1)),
        }
    }

    /// Takes a value: the index and the signal.
    #[inline]
    pub fn push(&mut self, x: f64) -> [f64; 2] {
        let change = x - std::mem::replace(&mut self.last, x);
        let tsi = percent(self.second.push(self.first.push([change, change.abs()])));
        let signal = self.signal.push(tsi);
        [where_finite(tsi, signal), signal]
    }
}

#[inline]
fn percent([change, size]: [f64; 2]) -> f64 {
    finite(100.0 * (change / size))
}

impl Step<1, 2> for State {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 2] {
        self.push(x)
    }

    fn bulk(&mut self, [x]: [&[f64]; 1], [tsi, signal]: [&mut [f64]; 2]) {
        let mut pairs = [[0.0; 2]; BLOCK];
        for ((x, tsi), signal) in x.chunks(BLOCK).zip(tsi.chunks_mut(BLOCK)).zip(signal.chunks_mut(BLOCK)) {
            let n = x.len();
            let pairs = Cell::from_mut(&mut pairs[..n]).as_slice_of_cells();
            tsi[0] = x[0] - self.last;
            for (change, pair) in tsi[1..].iter_mut().zip(x.windows(2)) {
                *change = pair[1] - pair[0];
            }
            self.last = x[n - 1];
            self.first.bulk(n, |i| [tsi[i], tsi[i].abs()], |i, v| pairs[i].set(v));
            self.second.bulk(n, |i| pairs[i].get(), |i, v| pairs[i].set(v));
            for (tsi, pair) in tsi.iter_mut().zip(pairs) {
                *tsi = percent(pair.get());
            }
            self.signal.column(tsi, signal);
            for (tsi, &mut signal) in tsi.iter_mut().zip(signal) {
                *tsi = where_finite(*tsi, signal);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_hundred_where_all_rises_and_undefined_where_nothing_moves() {
        let params = Tsi { slow_period: 5, fast_period: 3, signal_period: 2 };
        let mut state = State::new(params);
        let rows: Vec<f64> = (0..30).map(|i| state.push(f64::from(i * i))[0]).collect();
        assert!(rows[7].is_nan() && rows[8..].iter().all(|&v| v == 100.0));
        let mut state = State::new(params);
        assert!((0..30).map(|_| state.push(3.0)).all(|r| r[0].is_nan()));
    }
}
