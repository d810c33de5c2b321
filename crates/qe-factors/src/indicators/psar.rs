//! Parabolic stop and reverse: a stop that follows the trend faster the longer it lasts, and turns when it is touched.
//!
//! `sar += factor * (extreme - sar)`, the factor growing by `step` with each new extreme up to `max_step`; the stop
//! never enters the range of the two bars before. A touch of the stop, equality included, turns the trend, and that
//! row has the old extreme. Begun as in TA-Lib: down if the second bar's low is further below the first's than its
//! high is above, up otherwise; the first stop is the extreme of the first bar, and the first bar has no value.
//! A bar with a NaN gives NaN and is passed over. What came before the first row may matter forever: `settle` has no
//! bound.
//! Golden: TA-Lib `SAR`. Reference: Wilder, New Concepts in Technical Trading Systems (1978).

use qe_core::param::Param;

use super::{Args, Indicator, Input, Signature};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Kernel, Step, boxed};

/// The parabolic stop and reverse.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Psar {
    /// How much the factor grows with each new extreme.
    pub step: f64,
    /// The largest factor.
    pub max_step: f64,
}

impl Default for Psar {
    fn default() -> Self {
        Self { step: 0.02, max_step: 0.2 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "psar",
    aliases: &["sar"],
    about: "parabolic stop and reverse",
    inputs: &[Input::HIGH, Input::LOW],
    params: || {
        vec![
            Param::float("step", 0.0, 10.0, 0.02).doc("how much the factor grows with each new extreme"),
            Param::float("max_step", 0.0, 10.0, 0.2).doc("the largest factor"),
        ]
    },
    outputs: &["psar"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(Psar { step: args.number(0), max_step: args.number(1) }))
    },
};

impl Indicator for Psar {
    fn lookback(&self) -> usize {
        1
    }

    fn settle(&self, _: f64) -> usize {
        usize::MAX
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self))
    }
}

/// The parabolic stop and reverse of bars.
pub fn psar(high: &[f64], low: &[f64], params: Psar, out: &mut [f64]) {
    State::new(params).bulk([high, low], [out]);
}

/// The larger of two numbers; `f64::max` is slower, for it minds NaN.
#[inline]
fn larger(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

/// The smaller of two numbers.
#[inline]
fn smaller(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

/// The trend, its stop for the next bar, and its extreme. While the trend is down all prices are seen in a mirror, so
/// that it is up there: negating is exact.
#[derive(Debug, Clone)]
pub struct State {
    step: f64,
    max_step: f64,
    n_seen: u8,
    /// 1 or -1.
    trend: f64,
    sar: f64,
    extreme: f64,
    factor: f64,
    /// The last bar's high and low, in no mirror.
    last: [f64; 2],
}

keep!(State { n_seen, trend, sar, extreme, factor, last } given { step, max_step });

impl State {
    /// No bars yet. A first factor above the largest one counts as the largest.
    pub fn new(params: Psar) -> Self {
        let step = params.step.min(params.max_step);
        let (sar, extreme, last) = (f64::NAN, f64::NAN, [f64::NAN; 2]);
        Self { step, max_step: params.max_step, n_seen: 0, trend: 1.0, sar, extreme, factor: step, last }
    }

    /// Takes a bar.
    #[inline]
    pub fn push(&mut self, high: f64, low: f64) -> f64 {
        if !(high + low).is_finite() {
            return f64::NAN;
        }
        if self.n_seen < 2 && !self.begin(high, low) {
            return f64::NAN;
        }
        if self.trend > 0.0 { self.follow::<true>(high, low) } else { self.follow::<false>(high, low) }
    }

    /// A bar while the trend is up, or down.
    #[inline(always)]
    fn follow<const UP: bool>(&mut self, high: f64, low: f64) -> f64 {
        let [last_high, last_low] = std::mem::replace(&mut self.last, [high, low]);
        // What no stop may enter: the range of this bar and of the one before.
        let (top, bottom) = (larger(last_high, high), smaller(last_low, low));
        let (peak, floor, touching) = if UP { (high, bottom, low) } else { (-low, -top, -high) };
        let stop = self.sar;
        if touching <= stop {
            return self.turn(high, low, top, bottom);
        }
        let grown = smaller(self.factor + self.step, self.max_step);
        self.factor = if peak > self.extreme { grown } else { self.factor };
        self.extreme = larger(peak, self.extreme);
        self.sar = smaller(stop + self.factor * (self.extreme - stop), floor);
        if UP { stop } else { -stop }
    }

    /// Takes bars until the trend turns; how many they were. A loop for each trend asks none of its bars which it is.
    #[inline]
    fn run<const UP: bool>(&mut self, high: &[f64], low: &[f64], out: &mut [f64]) -> usize {
        // A copy of its own stays in registers.
        let mut state = self.clone();
        let mut n = 0;
        for ((o, &h), &l) in out.iter_mut().zip(high).zip(low) {
            *o = if (h + l).is_finite() { state.follow::<UP>(h, l) } else { f64::NAN };
            n += 1;
            if (state.trend > 0.0) != UP {
                break;
            }
        }
        *self = state;
        n
    }

    /// The stop is touched: the extreme of the trend that ends, outside of both bars, is the first one of the new
    /// trend.
    #[inline]
    fn turn(&mut self, high: f64, low: f64, top: f64, bottom: f64) -> f64 {
        let out = larger(self.extreme, if self.trend > 0.0 { top } else { -bottom }) * self.trend;
        self.trend = -self.trend;
        self.factor = self.step;
        let (stop, floor) = (out * self.trend, if self.trend > 0.0 { bottom } else { -top });
        self.extreme = if self.trend > 0.0 { high } else { -low };
        self.sar = smaller(stop + self.factor * (self.extreme - stop), floor);
        out
    }

    /// The first two bars: whether there are two of them now.
    #[cold]
    fn begin(&mut self, high: f64, low: f64) -> bool {
        self.n_seen += 1;
        let [first_high, first_low] = self.last;
        // The second bar counts as the one before it too.
        self.last = [high, low];
        if self.n_seen < 2 {
            return false;
        }
        let (up, down) = (high - first_high, first_low - low);
        let falls = down > 0.0 && down > up;
        self.trend = if falls { -1.0 } else { 1.0 };
        (self.sar, self.extreme) = if falls { (-first_high, -low) } else { (first_low, high) };
        true
    }
}

impl Step<2, 1> for State {
    #[inline]
    fn step(&mut self, [high, low]: [f64; 2]) -> [f64; 1] {
        [self.push(high, low)]
    }

    fn bulk(&mut self, [high, low]: [&[f64]; 2], [out]: [&mut [f64]; 1]) {
        let n = out.len().min(high.len()).min(low.len());
        let mut at = 0;
        while at < n {
            if self.n_seen < 2 {
                out[at] = self.push(high[at], low[at]);
                at += 1;
                continue;
            }
            let (high, low, out) = (&high[at..n], &low[at..n], &mut out[at..n]);
            at += if self.trend > 0.0 { self.run::<true>(high, low, out) } else { self.run::<false>(high, low, out) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_closes_in_on_a_trend_and_turns_when_touched() {
        let (high, low) = ([2.0, 3.0, 4.0, 4.0, 1.0], [1.0, 2.0, 3.0, 3.0, 0.0]);
        let mut out = [0.0; 5];
        psar(&high, &low, Psar::default(), &mut out);
        assert!(out[0].is_nan());
        // Up from the first low; then 2 % of the way to the second high, then 4 %; at last the extreme is the stop.
        let third = 1.0 + 0.02 * (3.0 - 1.0);
        let fourth = third + 0.04 * (4.0 - third);
        assert_eq!(out[1..], [1.0, third, fourth, 4.0]);
    }
}
