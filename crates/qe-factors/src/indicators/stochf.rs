//! Fast stochastic: where the close lies between the lowest low and the highest high of the last `k_period` bars, in
//! percent (`k`), and its plain mean over `d_period` rows (`d`).
//!
//! Both begin together, with `d`. Where the window has no range it is 0, as in TA-Lib.
//! Windowed: a NaN is in every window that holds it and leaves with it.
//! Golden: TA-Lib `STOCHF`, its average of type SMA.

use super::willr::Place;
use super::{Args, Indicator, Input, Signature, named_period};
use crate::error::Result;
use crate::keep;
use crate::kernel::blocks::{Blockwise, hide};
use crate::kernel::{Kernel, Step, WindowSum, boxed};

/// The fast stochastic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stochf {
    /// How many bars the close is seen against.
    pub k_period: usize,
    /// How many rows of `k` the line `d` is averaged over.
    pub d_period: usize,
}

impl Default for Stochf {
    fn default() -> Self {
        Self { k_period: 14, d_period: 3 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "stochf",
    aliases: &[],
    about: "fast stochastic, 0 to 100",
    inputs: &[Input::HIGH, Input::LOW, Input::CLOSE],
    params: || vec![named_period("k_period", 14), named_period("d_period", 3)],
    outputs: &["k", "d"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(Stochf { k_period: args.count(0), d_period: args.count(1) }))
    },
};

impl Indicator for Stochf {
    fn lookback(&self) -> usize {
        self.k_period.max(1) + self.d_period.max(1) - 2
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self))
    }
}

/// The fast stochastic of bars.
pub fn stochf(high: &[f64], low: &[f64], close: &[f64], params: Stochf, out: [&mut [f64]; 2]) {
    State::new(params).bulk([high, low, close], out);
}

/// The place in the window and a sum.
#[derive(Debug, Clone)]
pub struct State {
    place: Place,
    signal: (WindowSum, f64),
    hidden: usize,
}

keep!(State { place, signal, hidden });

impl State {
    /// No bars yet.
    pub fn new(params: Stochf) -> Self {
        let signal = (WindowSum::new(params.d_period), params.d_period.max(1) as f64);
        Self { place: Place::new(params.k_period), signal, hidden: params.lookback() }
    }

    /// Takes a bar: k, d.
    #[inline]
    pub fn push(&mut self, high: f64, low: f64, close: f64) -> [f64; 2] {
        self.step([high, low, close])
    }
}

impl Blockwise<3, 2> for State {
    fn block(&mut self, inputs: [&[f64]; 3], [k, d]: [&mut [f64]; 2]) {
        self.place.block(inputs, 0.0, k);
        self.signal.0.bulk(k, d);
        d.iter_mut().for_each(|v| *v /= self.signal.1);
        hide(&mut self.hidden, [k, d]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_place_in_the_window() {
        let (high, low, close) = ([4.0; 4], [0.0; 4], [1.0, 1.0, 2.0, 3.0]);
        let mut out = [[0.0; 4]; 2];
        stochf(&high, &low, &close, Stochf { k_period: 2, d_period: 2 }, out.each_mut().map(|o| &mut o[..]));
        assert!(out.iter().all(|o| o[..2].iter().all(|v| v.is_nan())));
        assert_eq!((&out[0][2..], &out[1][2..]), (&[50.0, 75.0][..], &[37.5, 62.5][..]));
    }
}
