//! Yang and Zhang's volatility: the variance of overnight moves, of moves from open to close, and that of Rogers and
//! Satchell.
//!
//! `sqrt(periods_per_year * (V_night + k V_day + (1 - k) V_rs))` with `k = 0.34 / (1.34 + (n + 1) / (n - 1))`, sample
//! variances (n - 1) of `ln(open / last close)` and `ln(close / open)`, and the mean of Rogers and Satchell's terms.
//! Windowed, from a local origin. A NaN leaves with its window; a missing close also hides the night after it.
//! Golden: window by window in numpy. Reference: Yang and Zhang, Journal of Business 73 (2000).

use super::{Args, Indicator, Input, Signature, period_from, periods_per_year};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Fold, Kernel, Part, Step, TwoSided, blocks, boxed, log_ratio, log_ratios};

use super::rogers_satchell::term;

/// Yang and Zhang's volatility.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct YangZhang {
    /// How many rows, at least 2.
    pub period: usize,
    /// How many rows a year has, if the result is to be annual.
    pub periods_per_year: f64,
}

impl Default for YangZhang {
    fn default() -> Self {
        Self { period: 20, periods_per_year: 1.0 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "yang_zhang",
    aliases: &[],
    about: "volatility with overnight gaps, free of drift",
    inputs: &[Input::OPEN, Input::HIGH, Input::LOW, Input::CLOSE],
    params: || vec![period_from(2, 20), periods_per_year()],
    outputs: &["yang_zhang"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(YangZhang { period: args.count(0), periods_per_year: args.number(1) }))
    },
};

impl Indicator for YangZhang {
    fn lookback(&self) -> usize {
        self.period.max(1)
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self, first_row))
    }
}

/// Yang and Zhang's volatility of bars.
pub fn yang_zhang(
    open: &[f64],
    high: &[f64],
    low: &[f64],
    close: &[f64],
    period: usize,
    periods_per_year: f64,
    out: &mut [f64],
) {
    State::new(YangZhang { period, periods_per_year }, 0).bulk([open, high, low, close], [out]);
}

/// The last close and the window.
#[derive(Debug, Clone)]
pub struct State {
    last: f64,
    window: TwoSided<Parts>,
    day_weight: f64,
    rs_weight: f64,
    periods_per_year: f64,
}

keep!(State { last, window } given { day_weight, rs_weight, periods_per_year });

/// Night, day, and the sum of Rogers and Satchell's terms.
#[derive(Debug, Clone, Copy, Default)]
struct Parts;

impl Fold for Parts {
    type Item = [f64; 3];
    type Acc = (Part, Part, f64);

    #[inline]
    fn first(&self, [night, day, rs]: [f64; 3]) -> Self::Acc {
        (Part::one(night), Part::one(day), rs)
    }

    #[inline]
    fn append(&self, acc: Self::Acc, [night, day, rs]: [f64; 3]) -> Self::Acc {
        (acc.0.with(night), acc.1.with(day), acc.2 + rs)
    }

    #[inline]
    fn prepend(&self, x: [f64; 3], acc: Self::Acc) -> Self::Acc {
        self.append(acc, x)
    }

    #[inline]
    fn join(&self, older: Self::Acc, newer: Self::Acc) -> Self::Acc {
        (older.0.joined(newer.0), older.1.joined(newer.1), older.2 + newer.2)
    }
}

impl State {
    /// No bars yet; the first to come is row `first_row` of its data set.
    pub fn new(params: YangZhang, first_row: u64) -> Self {
        let n = params.period.max(2) as f64;
        let k = 0.34 / (1.34 + (n + 1.0) / (n - 1.0));
        Self {
            last: f64::NAN,
            window: TwoSided::new(Parts, params.period, first_row),
            day_weight: k,
            rs_weight: (1.0 - k) / n,
            periods_per_year: params.periods_per_year,
        }
    }

    /// Takes a bar.
    #[inline]
    pub fn push(&mut self, open: f64, high: f64, low: f64, close: f64) -> f64 {
        let (night, day) = (log_ratio(open, self.last), log_ratio(close, open));
        self.last = close;
        let rs = term(log_ratio(high, open), log_ratio(low, open), day);
        let acc = self.window.push([night, day, rs]);
        acc.map_or(f64::NAN, |acc| self.root(acc))
    }

    #[inline]
    fn root(&self, (night, day, rs): (Part, Part, f64)) -> f64 {
        let variance = night.variance() + self.day_weight * day.variance() + self.rs_weight * rs;
        (variance * self.periods_per_year).sqrt()
    }
}

impl Step<4, 1> for State {
    #[inline]
    fn step(&mut self, [open, high, low, close]: [f64; 4]) -> [f64; 1] {
        [self.push(open, high, low, close)]
    }

    fn bulk(&mut self, inputs: [&[f64]; 4], out: [&mut [f64]; 1]) {
        blocks(inputs, out, |[open, high, low, close], [out], [nights, days, ups, downs]| {
            let (n, out) = (open.len(), &mut out[..open.len()]);
            let [nights, days, ups, downs] = [nights, days, ups, downs].map(|column| &mut column[..n]);
            nights[0] = log_ratio(open[0], self.last);
            log_ratios(&open[1..], &close[..n - 1], &mut nights[1..]);
            self.last = close[n - 1];
            log_ratios(close, open, days);
            log_ratios(high, open, ups);
            log_ratios(low, open, downs);
            for (i, up) in ups.iter_mut().enumerate() {
                *up = term(*up, downs[i], days[i]);
            }
            let mut window = std::mem::replace(&mut self.window, TwoSided::new(Parts, 1, 0));
            window.bulk(
                n,
                |i| [nights[i], days[i], ups[i]],
                |i, acc| out[i] = acc.map_or(f64::NAN, |acc| self.root(acc)),
            );
            self.window = window;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_that_only_rise_by_one_step_and_open_where_they_closed_have_none() {
        let x: Vec<f64> = (0..30).map(|i| libm::exp(f64::from(i) * 0.01)).collect();
        let mut out = vec![0.0; 29];
        yang_zhang(&x[..29], &x[1..], &x[..29], &x[1..], 10, 1.0, &mut out);
        assert!(out[..10].iter().all(|v| v.is_nan()) && out[10..].iter().all(|v| *v < 1e-9), "{out:?}");
    }
}
