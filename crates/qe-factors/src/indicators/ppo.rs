//! Percentage price oscillator: what the fast exponential average is above the slow one, in percent of the slow one;
//! its own average (the signal), and their difference.
//!
//! Each average is seeded on its own, with the plain mean of its first values, as TA-Lib does for `matype` EMA. Where
//! the slow one is 0, so is the oscillator, as in TA-Lib. All three outputs begin with the signal. A NaN gives NaN
//! there and leaves the averages as they are.
//! Golden: TA-Lib `PPO` with `matype=1` (equal to ours where `signal_period` is 1), the signal by a plain loop.

use super::{Args, Indicator, Input, Signature, named_period};
use crate::error::Result;
use crate::keep;
use crate::kernel::{BLOCK, Ema, GROUP, Kernel, Made, Step, boxed, finite, where_finite};

/// The percentage price oscillator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ppo {
    /// The period of the fast average.
    pub fast_period: usize,
    /// The period of the slow average; the two are swapped if it is the smaller one.
    pub slow_period: usize,
    /// The period of the signal.
    pub signal_period: usize,
}

impl Default for Ppo {
    fn default() -> Self {
        Self { fast_period: 12, slow_period: 26, signal_period: 9 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "ppo",
    aliases: &[],
    about: "percentage price oscillator, its signal, and their difference",
    inputs: &[Input::SERIES],
    params: || vec![named_period("fast_period", 12), named_period("slow_period", 26), named_period("signal_period", 9)],
    outputs: &["ppo", "signal", "hist"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(Ppo { fast_period: args.count(0), slow_period: args.count(1), signal_period: args.count(2) }))
    },
};

impl Ppo {
    /// The smaller and the larger period.
    fn ordered(&self) -> (usize, usize) {
        let (a, b) = (self.fast_period.max(1), self.slow_period.max(1));
        (a.min(b), a.max(b))
    }
}

impl Indicator for Ppo {
    fn lookback(&self) -> usize {
        self.ordered().1 + self.signal_period.max(1) - 2
    }

    fn settle(&self, eps: f64) -> usize {
        let of = |period: usize| Ema::settle(2.0 / (period as f64 + 1.0), period, eps / 256.0);
        of(self.ordered().1) + of(self.signal_period.max(1))
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self))
    }
}

/// The percentage price oscillator of `x`: the oscillator, the signal, their difference.
pub fn ppo(x: &[f64], params: Ppo, out: [&mut [f64]; 3]) {
    State::new(params).bulk([x], out);
}

#[inline]
fn percent(fast: f64, slow: f64) -> f64 {
    let v = finite((fast - slow) / slow * 100.0);
    // What is no number must not become one.
    if slow == 0.0 { finite(fast) * 0.0 } else { v }
}

/// The three averages.
#[derive(Debug, Clone)]
pub struct State {
    fast: Ema,
    slow: Ema,
    signal: Ema,
}

keep!(State { fast, slow, signal });

impl State {
    /// No values yet.
    pub fn new(params: Ppo) -> Self {
        let (fast, slow) = params.ordered();
        let signal = Ema::of_period(params.signal_period.max(1));
        Self { fast: Ema::of_period(fast), slow: Ema::of_period(slow), signal }
    }

    /// Takes a value: the oscillator, the signal and what lies between them.
    #[inline]
    pub fn push(&mut self, x: f64) -> [f64; 3] {
        let ppo = percent(self.fast.push(x), self.slow.push(x));
        together(ppo, self.signal.push(ppo))
    }
}

/// All three, NaN where the signal is.
#[inline]
pub(crate) fn together(value: f64, signal: f64) -> [f64; 3] {
    let hist = finite(value - signal);
    [where_finite(value, hist), where_finite(signal, hist), hist]
}

/// Signals of values and what lies between them, all three [`together`].
#[inline]
pub(crate) fn signal_of(average: &mut Ema, values: &mut [f64], signals: &mut [f64], hist: &mut [f64]) {
    let mut made = Histogram { hist, is_whole: true };
    average.column_with(values, signals, &mut made);
    // Seldom: where a column begins, or something is missing.
    if !made.is_whole {
        for ((value, signal), hist) in values.iter_mut().zip(signals).zip(hist) {
            [*value, *signal, *hist] = together(*value, *signal);
        }
    }
}

/// What lies between values and their signal, made beside the signal.
struct Histogram<'a> {
    hist: &'a mut [f64],
    /// Whether all of them are numbers.
    is_whole: bool,
}

impl Made for Histogram<'_> {
    #[inline(always)]
    fn group(&mut self, at: usize, value: &[f64; GROUP], signal: [f64; GROUP]) -> ([f64; GROUP], [f64; GROUP]) {
        let hist = std::array::from_fn(|k| value[k] - signal[k]);
        self.hist[at..at + GROUP].copy_from_slice(&hist);
        (signal, hist)
    }

    #[inline(always)]
    fn one(&mut self, at: usize, value: f64, signal: f64) -> f64 {
        self.hist[at] = value - signal;
        self.is_whole &= self.hist[at].is_finite();
        signal
    }
}

impl Step<1, 3> for State {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 3] {
        self.push(x)
    }

    fn bulk(&mut self, [x]: [&[f64]; 1], [ppo, signal, hist]: [&mut [f64]; 3]) {
        let columns = ppo.chunks_mut(BLOCK).zip(signal.chunks_mut(BLOCK)).zip(hist.chunks_mut(BLOCK));
        for (x, ((ppo, signal), hist)) in x.chunks(BLOCK).zip(columns) {
            self.fast.column(x, ppo);
            self.slow.column(x, hist);
            for (ppo, &slow) in ppo.iter_mut().zip(&*hist) {
                *ppo = percent(*ppo, slow);
            }
            signal_of(&mut self.signal, ppo, signal, hist);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_does_not_know_the_scale_and_zero_gives_nothing() {
        let (mut one, mut ten) = (State::new(Ppo::default()), State::new(Ppo::default()));
        for i in 0..200 {
            let x = f64::from(i * i % 37) + 50.0;
            let (a, b) = (one.push(x), ten.push(16.0 * x));
            assert!(a.iter().zip(&b).all(|(a, b)| a == b || a.is_nan() && b.is_nan()));
        }
        let mut flat = State::new(Ppo::default());
        assert_eq!((0..60).map(|_| flat.push(0.0)).last(), Some([0.0; 3]));
    }
}
