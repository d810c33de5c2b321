//! McGinley's dynamic: `m += (x - m) / (mult * period * (x / m)^4)`, quicker when the series falls than when it rises.
//!
//! `mult` is 1 in the usual form; some take 0.6. Seeded with the plain mean of the first `period` values. A step never
//! goes beyond `x` itself: where the formula would (far below `m`, or where `m` is 0), the dynamic becomes `x`.
//! A NaN gives NaN there and leaves the dynamic as it is.
//! Golden: a plain loop in Python. Reference: McGinley, Journal of Technical Analysis (1997).

use qe_core::param::Param;

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Ema, Kernel, Step, boxed};

/// McGinley's dynamic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mcginley {
    /// How many values the seed takes, and the speed.
    pub period: usize,
    /// What the period is multiplied by.
    pub mult: f64,
}

impl Default for Mcginley {
    fn default() -> Self {
        Self { period: 14, mult: 1.0 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "mcginley",
    aliases: &[],
    about: "McGinley's dynamic",
    inputs: &[Input::SERIES],
    params: || vec![period(14), Param::float("mult", 0.01, 100.0, 1.0).doc("what the period is multiplied by")],
    outputs: &["mcginley"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(Mcginley { period: args.count(0), mult: args.number(1) }))
    },
};

impl Indicator for Mcginley {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn settle(&self, eps: f64) -> usize {
        let slowest = 0.25 / (self.mult * self.period.max(1) as f64).max(0.25);
        Ema::settle(slowest, self.period, eps)
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self))
    }
}

/// McGinley's dynamic of `x`.
pub fn mcginley(x: &[f64], params: Mcginley, out: &mut [f64]) {
    State::new(params).bulk([x], [out]);
}

/// The dynamic.
#[derive(Debug, Clone)]
pub struct State {
    value: f64,
    n_seen: usize,
    period: usize,
    speed: f64,
}

keep!(State { value, n_seen } given { period, speed });

impl State {
    /// No values yet.
    pub fn new(Mcginley { period, mult }: Mcginley) -> Self {
        let period = period.max(1);
        Self { value: 0.0, n_seen: 0, period, speed: 1.0 / (mult * period as f64) }
    }

    /// Takes a value.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        if !x.is_finite() {
            return f64::NAN;
        }
        if self.n_seen < self.period {
            return self.push_seed(x);
        }
        // Turned over, so that nothing is infinite where x is far away.
        let ratio = self.value / x;
        let square = ratio * ratio;
        let weight = self.speed * (square * square);
        // Also where the weight is NaN or m is 0.
        let next = if weight < 1.0 && self.value != 0.0 { self.value + (x - self.value) * weight } else { x };
        if next.is_finite() {
            self.value = next;
            next
        } else {
            f64::NAN
        }
    }

    #[cold]
    fn push_seed(&mut self, x: f64) -> f64 {
        if !(self.value + x).is_finite() {
            return f64::NAN;
        }
        self.value += x;
        self.n_seen += 1;
        if self.n_seen < self.period {
            return f64::NAN;
        }
        self.value /= self.period as f64;
        self.value
    }
}

impl Step<1, 1> for State {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.push(x)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_follows_a_fall_faster_than_a_rise_and_never_overshoots() {
        let step = |x: f64| {
            let mut state = State::new(Mcginley { period: 10, mult: 1.0 });
            (0..10).for_each(|_| _ = state.push(100.0));
            (state.push(x) - 100.0).abs()
        };
        assert!(step(90.0) > 1.2 && step(110.0) < 0.8);
        assert!((step(110.0) - 10.0 / (10.0 * 1.1_f64 * 1.1 * 1.1 * 1.1)).abs() < 1e-12);
        assert_eq!((step(1.0), step(0.0), step(-1.0)), (99.0, 100.0, 101.0));
    }
}
