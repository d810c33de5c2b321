//! Stochastic of the relative strength index: where the index lies between its extremes over `stoch_period` rows, in
//! percent, smoothed to `k` and once more to `d` by plain means.
//!
//! The index is Wilder's. Where it has not moved in the window, the raw value is 0, as in TA-Lib. Both outputs begin
//! together. A NaN is in every window that holds the index of its row or of the next, and leaves with it; the averages
//! of the index keep their state.
//! Golden: TA-Lib `STOCHRSI` (equal to ours where `k_period` is 1), and its `RSI` with pandas for the smoothed form.
//! Reference: Chande and Kroll, The New Technical Trader (1994).

use super::{Args, Indicator, Input, Signature, named_period, rsi, sma};
use crate::error::Result;
use crate::keep;
use crate::kernel::{BLOCK, Ema, Extremes, Kernel, Step, TwoSided, boxed, finite, where_finite};

/// The stochastic of the relative strength index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stochrsi {
    /// The period of the index.
    pub rsi_period: usize,
    /// How many values of the index the extremes are taken over.
    pub stoch_period: usize,
    /// How many raw values make `k`.
    pub k_period: usize,
    /// How many values of `k` make `d`.
    pub d_period: usize,
}

impl Default for Stochrsi {
    fn default() -> Self {
        Self { rsi_period: 14, stoch_period: 14, k_period: 3, d_period: 3 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "stochrsi",
    aliases: &[],
    about: "stochastic of the relative strength index, 0 to 100",
    inputs: &[Input::SERIES],
    params: || {
        vec![
            named_period("rsi_period", 14),
            named_period("stoch_period", 14),
            named_period("k_period", 3),
            named_period("d_period", 3),
        ]
    },
    outputs: &["k", "d"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(Stochrsi {
            rsi_period: args.count(0),
            stoch_period: args.count(1),
            k_period: args.count(2),
            d_period: args.count(3),
        }))
    },
};

impl Indicator for Stochrsi {
    fn lookback(&self) -> usize {
        self.rsi_period.max(1) + self.stoch_period.max(1) + self.k_period.max(1) + self.d_period.max(1) - 3
    }

    fn settle(&self, eps: f64) -> usize {
        self.lookback() + Ema::settle(1.0 / self.rsi_period.max(1) as f64, 1, eps / 256.0)
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self, first_row))
    }
}

/// The stochastic of the relative strength index of `x`: k and d.
pub fn stochrsi(x: &[f64], params: Stochrsi, out: [&mut [f64]; 2]) {
    State::new(params, 0).bulk([x], out);
}

/// The index and the windows.
#[derive(Debug, Clone)]
pub struct State {
    rsi: rsi::State,
    extremes: TwoSided<Extremes>,
    k: sma::State,
    d: sma::State,
}

keep!(State { rsi, extremes, k, d });

impl State {
    /// No values yet; the first to come is row `first_row` of its data set.
    pub fn new(params: Stochrsi, first_row: u64) -> Self {
        Self {
            rsi: rsi::State::new(params.rsi_period.max(1)),
            extremes: TwoSided::new(Extremes, params.stoch_period, first_row),
            k: sma::State::new(params.k_period, first_row),
            d: sma::State::new(params.d_period, first_row),
        }
    }

    /// Takes a value: k and d.
    #[inline]
    pub fn push(&mut self, x: f64) -> [f64; 2] {
        let rsi = self.rsi.push(x);
        let (low, high) = self.extremes.push(rsi).unwrap_or((f64::NAN, f64::NAN));
        let k = self.k.push(within(rsi, low, high));
        together(k, self.d.push(k))
    }
}

/// Where a value lies in an interval, in percent; 0 where the interval is a point.
#[inline]
pub(crate) fn within(x: f64, low: f64, high: f64) -> f64 {
    let range = finite(high - low);
    let v = 100.0 * ((x - low) / range);
    if range == 0.0 { 0.0 } else { v }
}

/// Both, NaN where the second is.
#[inline]
fn together(k: f64, d: f64) -> [f64; 2] {
    [where_finite(k, d), d]
}

impl Step<1, 2> for State {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 2] {
        self.push(x)
    }

    fn bulk(&mut self, [x]: [&[f64]; 1], [k, d]: [&mut [f64]; 2]) {
        for ((x, k), d) in x.chunks(BLOCK).zip(k.chunks_mut(BLOCK)).zip(d.chunks_mut(BLOCK)) {
            let [rsi, low, high] = &mut [[0.0; BLOCK]; 3];
            let n = x.len();
            let (rsi, low, high) = (&mut rsi[..n], &mut low[..n], &mut high[..n]);
            self.rsi.bulk([x], [&mut *rsi]);
            self.extremes.bulk(n, |i| rsi[i], |i, ends| (low[i], high[i]) = ends.unwrap_or((f64::NAN, f64::NAN)));
            for ((rsi, &low), &high) in rsi.iter_mut().zip(&*low).zip(&*high) {
                *rsi = within(*rsi, low, high);
            }
            self.k.bulk([rsi], [&mut *k]);
            self.d.bulk([k], [&mut *d]);
            for (k, d) in k.iter_mut().zip(d) {
                [*k, *d] = together(*k, *d);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_nothing_where_the_index_does_not_move_and_a_hundred_at_its_top() {
        let mut state = State::new(Stochrsi { rsi_period: 3, stoch_period: 3, k_period: 1, d_period: 1 }, 0);
        assert_eq!((0..20).map(|i| state.push(f64::from(i))).last(), Some([0.0; 2]));
        assert_eq!(state.push(5.0), [0.0; 2]);
        let back: Vec<[f64; 2]> = [6.0, 7.0, 8.0].map(|x| state.push(x)).into();
        assert_eq!(back[1..], [[100.0; 2]; 2]);
    }
}
