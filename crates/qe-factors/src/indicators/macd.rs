//! Moving average convergence divergence: a fast less a slow exponential average, its own average, and their
//! difference.
//!
//! A kernel of its own and not `ema - ema`: as in TA-Lib, the fast average is seeded with the last `fast_period` of the
//! first `slow_period` values, so that both begin on one row, and all three outputs begin with the signal.
//! A NaN gives NaN there and leaves the averages as they are.
//! Golden: TA-Lib `MACD`.

use super::ppo::{signal_of, together};
use super::{Args, Indicator, Input, Signature, named_period};
use crate::error::Result;
use crate::keep;
use crate::kernel::{BLOCK, Ema, Gap, Kernel, Step, boxed};

/// Moving average convergence divergence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Macd {
    /// The period of the fast average.
    pub fast_period: usize,
    /// The period of the slow average; the two are swapped if it is the smaller one.
    pub slow_period: usize,
    /// The period of the average of their difference.
    pub signal_period: usize,
}

impl Default for Macd {
    fn default() -> Self {
        Self { fast_period: 12, slow_period: 26, signal_period: 9 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "macd",
    aliases: &[],
    about: "moving average convergence divergence",
    inputs: &[Input::SERIES],
    params: || vec![named_period("fast_period", 12), named_period("slow_period", 26), named_period("signal_period", 9)],
    outputs: &["macd", "signal", "hist"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(Macd { fast_period: args.count(0), slow_period: args.count(1), signal_period: args.count(2) }))
    },
};

impl Macd {
    /// The smaller and the larger period.
    fn ordered(&self) -> (usize, usize) {
        let (a, b) = (self.fast_period.max(1), self.slow_period.max(1));
        (a.min(b), a.max(b))
    }
}

impl Indicator for Macd {
    fn lookback(&self) -> usize {
        self.ordered().1 + self.signal_period.max(1) - 2
    }

    fn settle(&self, eps: f64) -> usize {
        let of = |period: usize| Ema::settle(2.0 / (period as f64 + 1.0), period, eps / 2.0);
        of(self.ordered().1) + of(self.signal_period.max(1))
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self))
    }
}

/// The averages.
#[derive(Debug, Clone)]
pub struct State {
    gap: Gap,
    signal: Ema,
}

keep!(State { gap, signal });

impl State {
    /// No values yet.
    pub fn new(params: Macd) -> Self {
        let (fast, slow) = params.ordered();
        Self { gap: Gap::new(fast, slow), signal: Ema::of_period(params.signal_period.max(1)) }
    }

    /// Takes a value: the difference, the signal and what lies between them.
    #[inline]
    pub fn push(&mut self, x: f64) -> [f64; 3] {
        let macd = self.gap.push(x);
        // All three begin together, as TA-Lib has them.
        together(macd, self.signal.push(macd))
    }
}

impl Step<1, 3> for State {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 3] {
        self.push(x)
    }

    fn bulk(&mut self, [x]: [&[f64]; 1], [macd, signal, hist]: [&mut [f64]; 3]) {
        let columns = macd.chunks_mut(BLOCK).zip(signal.chunks_mut(BLOCK)).zip(hist.chunks_mut(BLOCK));
        for (x, ((macd, signal), hist)) in x.chunks(BLOCK).zip(columns) {
            self.gap.column(x, macd);
            signal_of(&mut self.signal, macd, signal, hist);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_a_line_the_averages_lag_by_half_their_periods() {
        let mut state = State::new(Macd::default());
        let last = (0..500).map(|i| state.push(f64::from(i))).last().unwrap();
        // An exponential average of period n lags a line by (n - 1) / 2.
        assert!((last[0] - 7.0).abs() < 1e-9 && (last[1] - 7.0).abs() < 1e-9 && last[2].abs() < 1e-9, "{last:?}");
    }
}
