//! Slow stochastic: where the close lies between the lowest low and the highest high of the last `k_period` bars, in
//! percent, averaged over `k_slow` rows (`k`), and that over `d_period` rows (`d`); plain means.
//!
//! Both begin together, with `d`. Where the window has no range it is 0, as in TA-Lib.
//! Windowed: a NaN is in every window that holds it and leaves with it.
//! Golden: TA-Lib `STOCH`, its averages of type SMA.

use super::willr::Place;
use super::{Args, Indicator, Input, Signature, named_period};
use crate::error::Result;
use crate::keep;
use crate::kernel::blocks::{Blockwise, column, hide};
use crate::kernel::{Kernel, Step, WindowSum, boxed};

/// The slow stochastic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stoch {
    /// How many bars the close is seen against.
    pub k_period: usize,
    /// How many rows `k` is averaged over.
    pub k_slow: usize,
    /// How many rows of `k` the line `d` is averaged over.
    pub d_period: usize,
}

impl Default for Stoch {
    fn default() -> Self {
        Self { k_period: 14, k_slow: 3, d_period: 3 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "stoch",
    aliases: &[],
    about: "slow stochastic, 0 to 100",
    inputs: &[Input::HIGH, Input::LOW, Input::CLOSE],
    params: || vec![named_period("k_period", 14), named_period("k_slow", 3), named_period("d_period", 3)],
    outputs: &["k", "d"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(Stoch { k_period: args.count(0), k_slow: args.count(1), d_period: args.count(2) }))
    },
};

impl Indicator for Stoch {
    fn lookback(&self) -> usize {
        self.k_period.max(1) + self.k_slow.max(1) + self.d_period.max(1) - 3
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self))
    }
}

/// The slow stochastic of bars.
pub fn stoch(high: &[f64], low: &[f64], close: &[f64], params: Stoch, out: [&mut [f64]; 2]) {
    State::new(params).bulk([high, low, close], out);
}

/// The place in the window and two sums.
#[derive(Debug, Clone)]
pub struct State {
    place: Place,
    slow: (WindowSum, f64),
    signal: (WindowSum, f64),
    column: Vec<f64>,
    hidden: usize,
}

keep!(State { place, slow, signal, hidden } scratch { column });

impl State {
    /// No bars yet.
    pub fn new(params: Stoch) -> Self {
        let mean = |period: usize| (WindowSum::new(period), period.max(1) as f64);
        Self {
            place: Place::new(params.k_period),
            slow: mean(params.k_slow),
            signal: mean(params.d_period),
            column: column(),
            hidden: params.lookback(),
        }
    }

    /// Takes a bar: k, d.
    #[inline]
    pub fn push(&mut self, high: f64, low: f64, close: f64) -> [f64; 2] {
        self.step([high, low, close])
    }
}

impl Blockwise<3, 2> for State {
    fn block(&mut self, inputs: [&[f64]; 3], [k, d]: [&mut [f64]; 2]) {
        let fast = &mut self.column[..k.len()];
        self.place.block(inputs, 0.0, fast);
        self.slow.0.bulk(fast, k);
        k.iter_mut().for_each(|v| *v /= self.slow.1);
        self.signal.0.bulk(k, d);
        d.iter_mut().for_each(|v| *v /= self.signal.1);
        hide(&mut self.hidden, [k, d]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_mean_place_in_the_window() {
        let (high, low, close) = ([4.0; 6], [0.0; 6], [1.0, 1.0, 2.0, 3.0, 4.0, 0.0]);
        let mut out = [[0.0; 6]; 2];
        let params = Stoch { k_period: 2, k_slow: 2, d_period: 2 };
        stoch(&high, &low, &close, params, out.each_mut().map(|o| &mut o[..]));
        assert!(out.iter().all(|o| o[..3].iter().all(|v| v.is_nan())));
        assert_eq!((out[0][3..].to_vec(), out[1][3..].to_vec()), (vec![62.5, 87.5, 50.0], vec![50.0, 75.0, 68.75]));
    }

    #[test]
    fn without_a_range_it_is_nothing() {
        let mut out = [[1.0; 30]; 2];
        stoch(&[3.0; 30], &[3.0; 30], &[3.0; 30], Stoch::default(), out.each_mut().map(|o| &mut o[..]));
        assert!(out.iter().all(|o| o[17..].iter().all(|v| *v == 0.0)));
    }
}
