//! Klinger volume oscillator: a fast less a slow exponential average of the volume force, and its own average.
//!
//! The trend is up where `high + low + close` is above that of the bar before, else down. The force is
//! `100 * volume * |2 dm / cm - 1|` with the trend's sign, `dm` being the range and `cm` the sum of ranges since the
//! trend turned, the last one before included. The averages are seeded with plain means; both outputs begin with the
//! signal. A NaN gives NaN there, and at the next bar if it was a price; a bar where `cm` is 0 has no force. The
//! averages keep their state.
//! Golden: a plain loop in Python, with TA-Lib's `EMA`. Reference: Klinger (1997).

use super::{Args, Indicator, Input, Signature, named_period};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Ema, Kernel, Step, boxed};

/// The Klinger volume oscillator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kvo {
    /// The period of the fast average.
    pub fast_period: usize,
    /// The period of the slow average; the two are not swapped.
    pub slow_period: usize,
    /// The period of the average of their difference.
    pub signal_period: usize,
}

impl Default for Kvo {
    fn default() -> Self {
        Self { fast_period: 34, slow_period: 55, signal_period: 13 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "kvo",
    aliases: &[],
    about: "Klinger volume oscillator and its signal",
    inputs: &[Input::HIGH, Input::LOW, Input::CLOSE, Input::VOLUME],
    params: || {
        vec![named_period("fast_period", 34), named_period("slow_period", 55), named_period("signal_period", 13)]
    },
    outputs: &["kvo", "signal"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(Kvo { fast_period: args.count(0), slow_period: args.count(1), signal_period: args.count(2) }))
    },
};

impl Indicator for Kvo {
    fn lookback(&self) -> usize {
        self.fast_period.max(self.slow_period).max(1) + self.signal_period.max(1) - 1
    }

    fn settle(&self, eps: f64) -> usize {
        let of = |period: usize| Ema::settle(2.0 / (period.max(1) as f64 + 1.0), period.max(1), eps * 1e-3);
        // The sum of ranges begins anew when the trend turns, which no trend of a market has put off for long.
        256 + of(self.fast_period.max(self.slow_period)) + of(self.signal_period)
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self))
    }
}

/// The Klinger volume oscillator of bars and its signal.
pub fn kvo(high: &[f64], low: &[f64], close: &[f64], volume: &[f64], params: Kvo, out: [&mut [f64]; 2]) {
    State::new(params).bulk([high, low, close, volume], out);
}

/// What it remembers.
#[derive(Debug, Clone)]
pub struct State {
    /// The sum of the last high, low and close.
    last: f64,
    last_range: f64,
    is_up: bool,
    has_trend: bool,
    /// The ranges since the trend turned.
    ranges: f64,
    fast: Ema,
    slow: Ema,
    signal: Ema,
}

keep!(State { last, last_range, is_up, has_trend, ranges, fast, slow, signal });

impl State {
    /// No rows yet.
    pub fn new(params: Kvo) -> Self {
        let of = |period: usize| Ema::of_period(period.max(1));
        Self {
            last: f64::NAN,
            last_range: f64::NAN,
            is_up: false,
            has_trend: false,
            ranges: 0.0,
            fast: of(params.fast_period),
            slow: of(params.slow_period),
            signal: of(params.signal_period),
        }
    }

    #[inline]
    fn force(&mut self, high: f64, low: f64, close: f64, volume: f64) -> f64 {
        let (sum, range) = (high + low + close, high - low);
        let (last, last_range) = (self.last, self.last_range);
        (self.last, self.last_range) = (sum, range);
        if !(sum - last).is_finite() {
            return f64::NAN;
        }
        let is_up = sum > last;
        let goes_on = self.has_trend & (is_up == self.is_up);
        // Without branches: when a trend turns cannot be guessed.
        self.ranges = range + if goes_on { self.ranges } else { last_range };
        (self.is_up, self.has_trend) = (is_up, true);
        let force = 100.0 * volume * (2.0 * (range / self.ranges) - 1.0).abs();
        force * if is_up { 1.0 } else { -1.0 }
    }

    /// Takes a row.
    #[inline]
    pub fn push(&mut self, high: f64, low: f64, close: f64, volume: f64) -> [f64; 2] {
        let force = self.force(high, low, close, volume);
        let kvo = self.fast.push(force) - self.slow.push(force);
        let signal = self.signal.push(kvo);
        // Both begin together.
        if signal.is_nan() { [f64::NAN; 2] } else { [kvo, signal] }
    }
}

impl Step<4, 2> for State {
    #[inline]
    fn step(&mut self, [high, low, close, volume]: [f64; 4]) -> [f64; 2] {
        self.push(high, low, close, volume)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_above_its_signal_when_force_grows() {
        let mut state = State::new(Kvo { fast_period: 2, slow_period: 5, signal_period: 3 });
        // Always up with a range of 1: the force is volume times 100 times a share that goes to 1.
        let got: Vec<[f64; 2]> = (0..40).map(f64::from).map(|i| state.push(i + 1.0, i, i + 0.5, i * i)).collect();
        assert!(got[6][0].is_nan() && got[7].iter().all(|v| !v.is_nan()));
        assert!(got[7..].iter().all(|[kvo, signal]| kvo > signal && *signal > 0.0));
    }
}
