//! Ehlers' Fisher transform: where the middle of the bar lies in its range of `period` bars, averaged, and stretched at
//! the ends; and its own last value as signal.
//!
//! `v = 0.66 * (place - 0.5) + 0.67 * v`, held within 0.999 once it is beyond 0.99; and
//! `f = log((1 + v) / (1 - v)) / 2 + f / 2`. Both begin at 0, and both outputs where there is a signal. Where the
//! range is a point the place is undefined: NaN, and nothing changes. A NaN is in every window that holds it
//! and leaves with it; `v` and `f` keep their state.
//! Golden: a plain loop in Python. Reference: Ehlers, Technical Analysis of Stocks and Commodities 20 (2002).

use qe_core::param::Param;

use super::{Args, Indicator, Input, MAX_PERIOD, Signature};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Ema, Extremes, Kernel, Step, TwoSided, boxed, finite};

/// Ehlers' Fisher transform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fisher {
    /// How many bars make the range.
    pub period: usize,
}

impl Default for Fisher {
    fn default() -> Self {
        Self { period: 10 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "fisher",
    aliases: &[],
    about: "Fisher transform of the place in the range, and its last value",
    inputs: &[Input::HIGH, Input::LOW],
    params: || vec![Param::int("period", 2, MAX_PERIOD, 10).log().doc("how many rows it looks at")],
    outputs: &["fisher", "signal"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Fisher { period: args.count(0) })) },
};

impl Indicator for Fisher {
    fn lookback(&self) -> usize {
        self.period.max(1)
    }

    fn settle(&self, eps: f64) -> usize {
        self.period + Ema::settle(0.33, 1, eps * 1e-4) + Ema::settle(0.5, 1, eps * 1e-4)
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period, first_row))
    }
}

/// Ehlers' Fisher transform of bars, and its last value.
pub fn fisher(high: &[f64], low: &[f64], period: usize, out: [&mut [f64]; 2]) {
    State::new(period, 0).bulk([high, low], out);
}

/// The range and the two averages.
#[derive(Debug, Clone)]
pub struct State {
    range: TwoSided<Extremes>,
    value: f64,
    fisher: f64,
    /// Whether there is a value already.
    begun: bool,
}

keep!(State { range, value, fisher, begun });

impl State {
    /// No bars yet; the first to come is row `first_row` of its data set.
    pub fn new(period: usize, first_row: u64) -> Self {
        Self { range: TwoSided::new(Extremes, period, first_row), value: 0.0, fisher: 0.0, begun: false }
    }

    /// Takes a bar: the transform and its last value.
    #[inline]
    pub fn push(&mut self, high: f64, low: f64) -> [f64; 2] {
        let middle = (high + low) / 2.0;
        let Some((lowest, highest)) = self.range.push(middle) else { return [f64::NAN; 2] };
        let place = (middle - lowest) / finite(highest - lowest);
        if !place.is_finite() {
            return [f64::NAN; 2];
        }
        let value = 0.66 * (place - 0.5) + 0.67 * self.value;
        self.value = if value.abs() > 0.99 { 0.999_f64.copysign(value) } else { value };
        let last = self.fisher;
        self.fisher = 0.5 * libm::log((1.0 + self.value) / (1.0 - self.value)) + 0.5 * last;
        if std::mem::replace(&mut self.begun, true) { [self.fisher, last] } else { [f64::NAN; 2] }
    }
}

impl Step<2, 2> for State {
    #[inline]
    fn step(&mut self, [high, low]: [f64; 2]) -> [f64; 2] {
        self.push(high, low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_the_top_of_the_range_it_rises_to_the_limit() {
        let mut state = State::new(3, 0);
        let rows: Vec<[f64; 2]> = (0..80).map(|i| state.push(f64::from(i) + 1.0, f64::from(i))).collect();
        assert!(rows[2][0].is_nan() && (rows[3][1] - 0.5 * libm::log(1.33 / 0.67)).abs() < 1e-12);
        // The sum of halves of the transform of 0.999.
        assert!((rows[79][0] - libm::log(1.999 / 0.001)).abs() < 1e-9);
    }
}
