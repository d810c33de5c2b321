//! Kaufman's adaptive moving average: `k += (x - k) * sc^2`, quick where the series goes somewhere, slow where it only
//! shakes.
//!
//! `sc` goes from `2 / (slow_period + 1)` to `2 / (fast_period + 1)` with the efficiency, which is how far the last
//! `period` rows went over the sum of their steps; it is 1 where nothing moves. As in TA-Lib, the first value moves
//! from the value of the row before. A NaN gives NaN in every row whose steps hold it, and leaves the average as it is.
//! Golden: TA-Lib `KAMA`. Reference: Kaufman, Trading Systems and Methods (1998).

use super::{Args, Indicator, Input, Signature, named_period, period};
use crate::error::Result;
use crate::kernel::blocks::{BLOCK, column};
use crate::kernel::{Ema, Kernel, Lag, Step, WindowSum, boxed};

/// Kaufman's adaptive moving average.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kama {
    /// How many steps the efficiency is taken over.
    pub period: usize,
    /// The period of the quickest average.
    pub fast_period: usize,
    /// The period of the slowest average.
    pub slow_period: usize,
}

impl Default for Kama {
    fn default() -> Self {
        Self { period: 10, fast_period: 2, slow_period: 30 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "kama",
    aliases: &[],
    about: "Kaufman's adaptive moving average",
    inputs: &[Input::SERIES],
    params: || vec![period(10), named_period("fast_period", 2), named_period("slow_period", 30)],
    outputs: &["kama"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(Kama { period: args.count(0), fast_period: args.count(1), slow_period: args.count(2) }))
    },
};

impl Indicator for Kama {
    fn lookback(&self) -> usize {
        self.period.max(1)
    }

    fn settle(&self, eps: f64) -> usize {
        let slowest = 2.0 / (self.slow_period.max(self.fast_period) as f64 + 1.0);
        self.period + Ema::settle(slowest * slowest, 1, eps)
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self))
    }
}

/// Kaufman's adaptive moving average of `x`.
pub fn kama(x: &[f64], params: Kama, out: &mut [f64]) {
    State::new(params).bulk([x], [out]);
}

/// How many values make a group.
const GROUP: usize = 8;

/// A recursive average whose weight changes, `e = x + (e - x) * keep`, by groups as in [`Ema`].
#[derive(Debug, Clone)]
struct Adaptive {
    /// The average when the group began; NaN before the first.
    base: f64,
    anchor: f64,
    above: f64,
    /// How much of the base is left.
    fade: f64,
    phase: usize,
}

impl Adaptive {
    /// The next average; `x` being missing, or `keep`, leaves it as it is. The first one goes on from `before`.
    #[inline]
    fn push(&mut self, x: f64, keep: f64, before: f64) -> f64 {
        let base = if self.base.is_nan() { before } else { self.base };
        let (anchor, above, fade) = match self.phase {
            0 => (x, 0.0, keep),
            _ => (self.anchor, self.above * keep + (x - self.anchor) * (1.0 - keep), self.fade * keep),
        };
        let value = anchor + ((base - anchor) * fade + above);
        if !value.is_finite() {
            return f64::NAN;
        }
        (self.base, self.anchor, self.above, self.fade) = (base, anchor, above, fade);
        self.phase += 1;
        if self.phase == GROUP {
            (self.base, self.phase) = (value, 0);
        }
        value
    }

    /// Takes many values; `out` holds what is kept at each, and then the averages.
    #[inline]
    fn bulk(&mut self, x: &[f64], before: f64, out: &mut [f64]) {
        let n = x.len().min(out.len());
        let (x, out) = (&x[..n], &mut out[..n]);
        let mut i = 0;
        while i < n {
            if self.phase == 0 && !self.base.is_nan() {
                i += self.groups(&x[i..], &mut out[i..]);
            }
            if i < n {
                out[i] = self.push(x[i], out[i], if i == 0 { before } else { x[i - 1] });
                i += 1;
            }
        }
    }

    /// Takes whole groups while nothing is missing; how many rows they were.
    #[inline]
    fn groups(&mut self, x: &[f64], out: &mut [f64]) -> usize {
        let mut base = self.base;
        let mut n = 0;
        for (x, k) in x.as_chunks::<GROUP>().0.iter().zip(out.as_chunks_mut::<GROUP>().0) {
            let (a, d) = (x[0], base - x[0]);
            let (mut fade, mut above) = ([k[0]; GROUP], [0.0; GROUP]);
            for j in 1..GROUP {
                (fade[j], above[j]) = (fade[j - 1] * k[j], above[j - 1] * k[j] + (x[j] - a) * (1.0 - k[j]));
            }
            let got: [f64; GROUP] = std::array::from_fn(|j| a + (d * fade[j] + above[j]));
            // A sum is finite only if all are, or they are too large to add up: then one by one.
            if !sum(got).is_finite() {
                break;
            }
            (base, *k) = (got[GROUP - 1], got);
            n += GROUP;
        }
        self.base = base;
        n
    }
}

/// The sum of a group.
#[inline]
fn sum(v: [f64; GROUP]) -> f64 {
    ((v[0] + v[2]) + (v[4] + v[6])) + ((v[1] + v[3]) + (v[5] + v[7]))
}

/// The steps of the window and the average.
#[derive(Debug, Clone)]
pub struct State {
    last: f64,
    lag: Lag,
    steps: WindowSum,
    fastest: f64,
    slowest: f64,
    average: Adaptive,
    columns: [Vec<f64>; 2],
}

impl State {
    /// No values yet.
    pub fn new(params: Kama) -> Self {
        let of = |period: usize| 2.0 / (period.max(1) as f64 + 1.0);
        let period = params.period.max(1);
        Self {
            last: f64::NAN,
            lag: Lag::new(period),
            steps: WindowSum::new(period),
            fastest: of(params.fast_period),
            slowest: of(params.slow_period),
            average: Adaptive { base: f64::NAN, anchor: 0.0, above: 0.0, fade: 0.0, phase: 0 },
            columns: std::array::from_fn(|_| column()),
        }
    }

    /// Takes a value.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        let way = (x - self.lag.push(x)).abs();
        let steps = self.steps.push((x - self.last).abs());
        let before = std::mem::replace(&mut self.last, x);
        self.average.push(x, keep(self.fastest, self.slowest, way, steps), before)
    }
}

/// What the average keeps of itself.
#[inline]
fn keep(fastest: f64, slowest: f64, way: f64, steps: f64) -> f64 {
    // Rounding may leave the steps short of the way; then all of it is straight.
    let ratio = way / steps;
    let efficiency = if steps <= way { 1.0 } else { ratio };
    let sc = efficiency * (fastest - slowest) + slowest;
    1.0 - sc * sc
}

impl Step<1, 1> for State {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.push(x)]
    }

    fn bulk(&mut self, [x]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let n = x.len().min(out.len());
        let before = self.last;
        let (fastest, slowest, period) = (self.fastest, self.slowest, self.lag.lag());
        let mut at = 0;
        while at < n {
            // Blocks that end with a group.
            let rows = at..(at + BLOCK - self.average.phase).min(n);
            let [step, sum] = self.columns.each_mut().map(|c| &mut c[..rows.len()]);
            let (all, x, out) = (x, &x[rows.clone()], &mut out[rows.clone()]);
            step[0] = (x[0] - self.last).abs();
            for (step, pair) in step[1..].iter_mut().zip(x.windows(2)) {
                *step = (pair[1] - pair[0]).abs();
            }
            self.last = x[x.len() - 1];
            self.steps.bulk(step, sum);
            // The ring is asked for what came before these columns, and told only what will outlast them.
            let own = period.saturating_sub(at).min(x.len());
            for (o, &x) in out[..own].iter_mut().zip(x) {
                *o = (x - self.lag.push(x)).abs();
            }
            for (way, &steps) in out[..own].iter_mut().zip(&*sum) {
                *way = keep(fastest, slowest, *way, steps);
            }
            let old = &all[(at + own).saturating_sub(period)..];
            for (((o, x), old), &steps) in out[own..].iter_mut().zip(&x[own..]).zip(old).zip(&sum[own..]) {
                *o = keep(fastest, slowest, (x - old).abs(), steps);
            }
            self.average.bulk(x, if at == 0 { before } else { all[at - 1] }, out);
            at += x.len();
        }
        for &x in &x[period.max(n.saturating_sub(period)).min(n)..n] {
            self.lag.push(x);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_a_line_it_is_the_fastest_average_and_a_constant_stays_itself() {
        let x: Vec<f64> = (0..300).map(f64::from).collect();
        let mut out = vec![0.0; 300];
        kama(&x, Kama { period: 10, fast_period: 2, slow_period: 30 }, &mut out);
        // Weight 4 / 9: it lags by 5 / 4.
        assert!(out[9].is_nan() && (out[299] - 297.75).abs() < 1e-9, "{}", out[299]);
        kama(&[0.1; 300], Kama::default(), &mut out);
        assert!(out[10..].iter().all(|&v| v == 0.1));
    }
}
