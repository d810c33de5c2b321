//! Kaufman's adaptive moving average: `k += (x - k) * sc^2`, quick where the series goes somewhere, slow where it only
//! shakes.
//!
//! `sc` goes from `2 / (slow_period + 1)` to `2 / (fast_period + 1)` with the efficiency, which is how far the last
//! `period` rows went over the sum of their steps; it is 1 where nothing moves. As in TA-Lib, the first value moves
//! from the value of the row before. A NaN gives NaN in every row whose steps hold it, and leaves the average as it is.
//! Golden: TA-Lib `KAMA`. Reference: Kaufman, Trading Systems and Methods (1998).

use super::{Args, Indicator, Input, Signature, named_period, period};
use crate::error::Result;
use crate::kernel::{BLOCK, Ema, Kernel, Lag, Step, Sum, TwoSided, boxed};

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

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self, first_row))
    }
}

/// Kaufman's adaptive moving average of `x`.
pub fn kama(x: &[f64], params: Kama, out: &mut [f64]) {
    State::new(params, 0).bulk([x], [out]);
}

/// How many values make a group.
const GROUP: usize = 4;

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
            1 => (self.anchor, (x - self.anchor) * (1.0 - keep), self.fade * keep),
            _ => (self.anchor, self.above * keep + (x - self.anchor) * (1.0 - keep), self.fade * keep),
        };
        let faded = (base - anchor) * fade;
        let value = anchor + if self.phase == 0 { faded } else { faded + above };
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

    /// The averages of a whole group.
    #[inline]
    fn group(&self, x: [f64; GROUP], k: [f64; GROUP]) -> [f64; GROUP] {
        let (a, d) = (x[0], self.base - x[0]);
        let w1 = (x[1] - a) * (1.0 - k[1]);
        let w2 = w1 * k[2] + (x[2] - a) * (1.0 - k[2]);
        let w3 = w2 * k[3] + (x[3] - a) * (1.0 - k[3]);
        let p1 = k[0] * k[1];
        let p2 = p1 * k[2];
        [a + d * k[0], a + (d * p1 + w1), a + (d * p2 + w2), a + (d * (p2 * k[3]) + w3)]
    }

    /// Takes many values; `out` holds what is kept at each, and then the averages.
    #[inline]
    fn bulk(&mut self, x: &[f64], before: f64, out: &mut [f64]) {
        let mut i = 0;
        while i < x.len() {
            if let (0, false, [a, b, c, d, ..], [k, l, m, n, ..]) =
                (self.phase, self.base.is_nan(), &x[i..], &mut out[i..])
            {
                let got = self.group([*a, *b, *c, *d], [*k, *l, *m, *n]);
                if (got[0] + got[1] + (got[2] + got[3])).is_finite() {
                    self.base = got[3];
                    [*k, *l, *m, *n] = got;
                    i += GROUP;
                    continue;
                }
            }
            out[i] = self.push(x[i], out[i], if i == 0 { before } else { x[i - 1] });
            i += 1;
        }
    }
}

/// The steps of the window and the average.
#[derive(Debug, Clone)]
pub struct State {
    last: f64,
    lag: Lag,
    steps: TwoSided<Sum>,
    fastest: f64,
    slowest: f64,
    average: Adaptive,
}

impl State {
    /// No values yet; the first to come is row `first_row` of its data set.
    pub fn new(params: Kama, first_row: u64) -> Self {
        let of = |period: usize| 2.0 / (period.max(1) as f64 + 1.0);
        let period = params.period.max(1);
        Self {
            last: f64::NAN,
            lag: Lag::new(period),
            steps: TwoSided::new(Sum, period, first_row),
            fastest: of(params.fast_period),
            slowest: of(params.slow_period),
            average: Adaptive { base: f64::NAN, anchor: 0.0, above: 0.0, fade: 0.0, phase: 0 },
        }
    }

    /// Takes a value.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        let way = (x - self.lag.push(x)).abs();
        let steps = self.steps.push((x - self.last).abs()).unwrap_or(f64::NAN);
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
        self.lag.bulk(x, out, |x, old| (x - old).abs());
        let (fastest, slowest) = (self.fastest, self.slowest);
        for (x, out) in x.chunks(BLOCK).zip(out.chunks_mut(BLOCK)) {
            let [step, sum] = &mut [[0.0; BLOCK]; 2];
            let (step, sum) = (&mut step[..x.len()], &mut sum[..x.len()]);
            step[0] = (x[0] - self.last).abs();
            for (step, pair) in step[1..].iter_mut().zip(x.windows(2)) {
                *step = (pair[1] - pair[0]).abs();
            }
            self.steps.bulk(x.len(), |i| step[i], |i, s| sum[i] = s.unwrap_or(f64::NAN));
            for (way, &steps) in out.iter_mut().zip(&*sum) {
                *way = keep(fastest, slowest, *way, steps);
            }
            self.average.bulk(x, self.last, out);
            self.last = x[x.len() - 1];
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
