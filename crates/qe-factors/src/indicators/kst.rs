//! Know sure thing: four rates of change, each averaged, added with the weights 1 to 4, and the mean of that as signal.
//!
//! `sum of k * sma(roc(x, rock_period), smak_period)` over `k` from 1 to 4; from 0 a rate of change is 0, as everywhere
//! here. Both outputs begin together. Windowed: a NaN is in every window that reads it and leaves with it.
//! Golden: pandas `rolling` over rates by TA-Lib. Reference: Pring, Technical Analysis of Stocks and Commodities 10
//! (1992).

use super::{Args, Indicator, Input, Signature, named_period, roc::change_percent, sma};
use crate::error::Result;
use crate::keep;
use crate::kernel::{BLOCK, Kernel, Lag, Step, boxed, finite, where_finite};

/// Know sure thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kst {
    /// How many rows ago the older value of rate 1 stands.
    pub roc1_period: usize,
    /// How many rows ago the older value of rate 2 stands.
    pub roc2_period: usize,
    /// How many rows ago the older value of rate 3 stands.
    pub roc3_period: usize,
    /// How many rows ago the older value of rate 4 stands.
    pub roc4_period: usize,
    /// How many values of rate 1 are averaged.
    pub sma1_period: usize,
    /// How many values of rate 2 are averaged.
    pub sma2_period: usize,
    /// How many values of rate 3 are averaged.
    pub sma3_period: usize,
    /// How many values of rate 4 are averaged.
    pub sma4_period: usize,
    /// How many values make the signal.
    pub signal_period: usize,
}

impl Default for Kst {
    fn default() -> Self {
        Self {
            roc1_period: 10,
            roc2_period: 15,
            roc3_period: 20,
            roc4_period: 30,
            sma1_period: 10,
            sma2_period: 10,
            sma3_period: 10,
            sma4_period: 15,
            signal_period: 9,
        }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "kst",
    aliases: &[],
    about: "know sure thing: four averaged rates of change, and the signal",
    inputs: &[Input::SERIES],
    params: || {
        vec![
            named_period("roc1_period", 10),
            named_period("roc2_period", 15),
            named_period("roc3_period", 20),
            named_period("roc4_period", 30),
            named_period("sma1_period", 10),
            named_period("sma2_period", 10),
            named_period("sma3_period", 10),
            named_period("sma4_period", 15),
            named_period("signal_period", 9),
        ]
    },
    outputs: &["kst", "signal"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(Kst {
            roc1_period: args.count(0),
            roc2_period: args.count(1),
            roc3_period: args.count(2),
            roc4_period: args.count(3),
            sma1_period: args.count(4),
            sma2_period: args.count(5),
            sma3_period: args.count(6),
            sma4_period: args.count(7),
            signal_period: args.count(8),
        }))
    },
};

impl Kst {
    /// The periods of each rate and of its mean.
    fn parts(&self) -> [(usize, usize); 4] {
        [
            (self.roc1_period, self.sma1_period),
            (self.roc2_period, self.sma2_period),
            (self.roc3_period, self.sma3_period),
            (self.roc4_period, self.sma4_period),
        ]
        .map(|(rate, mean)| (rate.max(1), mean.max(1)))
    }
}

impl Indicator for Kst {
    fn lookback(&self) -> usize {
        self.parts().map(|(rate, mean)| rate + mean - 1).into_iter().max().unwrap_or(0) + self.signal_period.max(1) - 1
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self, first_row))
    }
}

/// Know sure thing of `x`, and its signal.
pub fn kst(x: &[f64], params: Kst, out: [&mut [f64]; 2]) {
    State::new(params, 0).bulk([x], out);
}

/// The last values and the means.
#[derive(Debug, Clone)]
pub struct State {
    parts: [(Lag, sma::State); 4],
    signal: sma::State,
}

keep!(State { parts, signal });

impl State {
    /// No values yet; the first to come is row `first_row` of its data set.
    pub fn new(params: Kst, first_row: u64) -> Self {
        Self {
            parts: params.parts().map(|(rate, mean)| (Lag::new(rate), sma::State::new(mean, first_row))),
            signal: sma::State::new(params.signal_period, first_row),
        }
    }

    /// Takes a value: the sum and the signal.
    #[inline]
    pub fn push(&mut self, x: f64) -> [f64; 2] {
        let mut kst = 0.0;
        for ((lag, mean), weight) in self.parts.iter_mut().zip(WEIGHTS) {
            kst += weight * mean.push(change_percent(x, lag.push(x)));
        }
        together(kst, self.signal.push(kst))
    }
}

const WEIGHTS: [f64; 4] = [1.0, 2.0, 3.0, 4.0];

#[inline]
fn together(kst: f64, signal: f64) -> [f64; 2] {
    [finite(where_finite(kst, signal)), finite(signal)]
}

impl Step<1, 2> for State {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 2] {
        self.push(x)
    }

    fn bulk(&mut self, [x]: [&[f64]; 1], [kst, signal]: [&mut [f64]; 2]) {
        let (mut rate, mut mean) = ([0.0; BLOCK], [0.0; BLOCK]);
        for ((x, kst), signal) in x.chunks(BLOCK).zip(kst.chunks_mut(BLOCK)).zip(signal.chunks_mut(BLOCK)) {
            let (rate, mean) = (&mut rate[..x.len()], &mut mean[..x.len()]);
            kst.fill(0.0);
            for ((lag, average), weight) in self.parts.iter_mut().zip(WEIGHTS) {
                lag.bulk(x, rate, change_percent);
                average.bulk([rate], [&mut *mean]);
                for (kst, &mean) in kst.iter_mut().zip(&*mean) {
                    *kst += weight * mean;
                }
            }
            self.signal.bulk([kst], [&mut *signal]);
            for (kst, signal) in kst.iter_mut().zip(signal) {
                [*kst, *signal] = together(*kst, *signal);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steady_growth_is_the_weighted_sum_of_its_rates() {
        let mut state = State::new(Kst::default(), 0);
        let last = (0..200).map(|i| state.push(libm::exp(0.01 * f64::from(i)))).last().unwrap();
        let want: f64 = [(10.0, 1.0), (15.0, 2.0), (20.0, 3.0), (30.0, 4.0)]
            .map(|(rows, weight)| weight * 100.0 * libm::expm1(0.01 * rows))
            .iter()
            .sum();
        assert!((last[0] - want).abs() < 1e-9 && (last[1] - want).abs() < 1e-9);
    }
}
