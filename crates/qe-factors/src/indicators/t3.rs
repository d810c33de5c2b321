//! Tillson's T3: six averages, each of the one before, joined so that little lag and no overshoot remain.
//!
//! With `v` the volume factor: `-v^3 * e6 + (3 * v^2 + 3 * v^3) * e5 - (6 * v^2 + 3 * v + 3 * v^3) * e4
//! + (1 + 3 * v + v^3 + 3 * v^2) * e3`. Each average is seeded as TA-Lib does, with the plain mean of the first
//! `period` values that it is given. A NaN gives NaN there and leaves the averages as they are.
//! Golden: TA-Lib `T3`. Reference: Tillson, Technical Analysis of Stocks and Commodities 16 (1998).

use qe_core::param::Param;

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Chain, Ema, Kernel, Step, boxed};

/// Tillson's T3.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct T3 {
    /// The period of each average.
    pub period: usize,
    /// The volume factor, 0 to 1.
    pub v_frac: f64,
}

impl Default for T3 {
    fn default() -> Self {
        Self { period: 5, v_frac: 0.7 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "t3",
    aliases: &[],
    about: "Tillson's T3 moving average",
    inputs: &[Input::SERIES],
    params: || vec![period(5), Param::float("v_frac", 0.0, 1.0, 0.7).doc("how much of the lag is taken back")],
    outputs: &["t3"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(T3 { period: args.count(0), v_frac: args.number(1) }))
    },
};

impl Indicator for T3 {
    fn lookback(&self) -> usize {
        6 * (self.period.max(1) - 1)
    }

    fn settle(&self, eps: f64) -> usize {
        6 * Ema::settle(2.0 / (self.period as f64 + 1.0), self.period, eps / 64.0)
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self))
    }
}

/// Tillson's T3 of `x`.
pub fn t3(x: &[f64], params: T3, out: &mut [f64]) {
    State::new(params).bulk([x], [out]);
}

/// What the third to the sixth average weigh.
fn weights(v: f64) -> [f64; 4] {
    let (v2, v3) = (v * v, v * v * v);
    [1.0 + 3.0 * v + v3 + 3.0 * v2, -6.0 * v2 - 3.0 * (v + v3), 3.0 * (v2 + v3), -v3]
}

/// The six averages.
#[derive(Debug, Clone)]
pub struct State(Chain<6, 2>);

keep!(State(chain));

impl State {
    /// No values yet.
    pub fn new(T3 { period, v_frac }: T3) -> Self {
        let [e3, e4, e5, e6] = weights(v_frac);
        Self(Chain::new(period, [0.0, 0.0, e3, e4, e5, e6]))
    }

    /// Takes a value.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        self.0.push(x)
    }
}

impl Step<1, 1> for State {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.push(x)]
    }

    fn bulk(&mut self, [x]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        self.0.column(x, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_add_up_to_one_and_a_factor_of_none_leaves_the_third_average() {
        for v_frac in [0.0, 0.3, 0.7, 1.0] {
            assert!((weights(v_frac).iter().sum::<f64>() - 1.0).abs() < 1e-14);
        }
        assert_eq!(weights(0.0), [1.0, 0.0, 0.0, -0.0]);
    }
}
