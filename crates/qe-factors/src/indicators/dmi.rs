//! Directional movement: how much of the true range was made by new highs, how much by new lows, and how unlike they
//! are.
//!
//! `plus_di` and `minus_di` are 100 times Wilder's average of the movement over that of the true range;
//! `dx = 100 * |plus_di - minus_di| / (plus_di + minus_di)`. A bar moves by the larger of what it goes
//! above the high before and below the low before, if that is above 0; where both are equal, by neither.
//! Seeded as TA-Lib is: sums of the first
//! `period - 1` movements, from which the first of many steps `s - s / period + x` is taken at once. All three begin
//! together, after `period` bars. Where the true range is 0, the indicators are 0, and where neither side has moved
//! `dx` stays what it was, 0 at first: as in TA-Lib.
//! A bar with a NaN and the bar after it are NaN, and the averages keep their state.
//! Golden: TA-Lib `PLUS_DI`, `MINUS_DI`, `DX`. Reference: Wilder, New Concepts in Technical Trading Systems (1978).

use qe_core::param::Param;

use super::true_range::range_of_bar;
use super::{Args, Indicator, Input, MAX_PERIOD, Signature};
use crate::error::Result;
use crate::keep;
use crate::kernel::blocks::{Blockwise, column, quotient_or_zero};
use crate::kernel::{Ema, Kernel, Step, boxed};

/// Directional movement: both indicators and the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dmi {
    /// Wilder's period.
    pub period: usize,
}

impl Default for Dmi {
    fn default() -> Self {
        Self { period: 14 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "dmi",
    aliases: &[],
    about: "directional movement",
    inputs: &[Input::HIGH, Input::LOW, Input::CLOSE],
    params: || vec![Param::int("period", 2, MAX_PERIOD, 14).log().doc("how many rows it looks at")],
    outputs: &["plus_di", "minus_di", "dx"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Dmi { period: args.count(0) })) },
};

impl Indicator for Dmi {
    fn lookback(&self) -> usize {
        self.period.max(2)
    }

    fn settle(&self, eps: f64) -> usize {
        1 + Ema::settle(1.0 / self.period.max(2) as f64, self.period, eps)
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period))
    }
}

/// The directional indicators and their index of bars.
pub fn dmi(high: &[f64], low: &[f64], close: &[f64], period: usize, out: [&mut [f64]; 3]) {
    State::new(period).bulk([high, low, close], out);
}

/// Averages of both movements and of the true range.
#[derive(Debug, Clone)]
pub(crate) struct Movement {
    last: [f64; 3],
    averages: [Ema; 3],
    /// How many rows the seed still lacks.
    lacking: usize,
    /// What a row of the seed weighs less, `1 - 1 / period`.
    keep: f64,
    /// The rows of a block.
    rows: [Vec<f64>; 3],
    /// Their averages.
    pub(crate) plus: Vec<f64>,
    pub(crate) minus: Vec<f64>,
    pub(crate) range: Vec<f64>,
}

keep!(Movement { last, averages, lacking } given { keep } scratch { rows, plus, minus, range });

impl Movement {
    /// No bars yet.
    pub(crate) fn new(period: usize) -> Self {
        let (alpha, seed) = (1.0 / period.max(2) as f64, period.max(2) - 1);
        Self {
            last: [f64::NAN; 3],
            averages: std::array::from_fn(|_| Ema::new(alpha, seed)),
            lacking: seed,
            keep: 1.0 - alpha,
            rows: std::array::from_fn(|_| column()),
            plus: column(),
            minus: column(),
            range: column(),
        }
    }

    /// Takes at most a block of bars, and leaves their averages in `plus`, `minus` and `range`.
    pub(crate) fn block(&mut self, [high, low, close]: [&[f64]; 3]) {
        let n = high.len().min(low.len()).min(close.len());
        let Some(last) = n.checked_sub(1) else { return };
        let [plus, minus, range] = self.rows.each_mut().map(|row| &mut row[..n]);
        let (high, low, close) = (&high[..n], &low[..n], &close[..n]);
        let [last_high, last_low, last_close] = self.last;
        [plus[0], minus[0], range[0]] = movement([high[0], low[0]], [last_high, last_low, last_close]);
        for i in 1..n {
            let [p, m, r] = movement([high[i], low[i]], [high[i - 1], low[i - 1], close[i - 1]]);
            (plus[i], minus[i], range[i]) = (p, m, r);
        }
        self.last = [high[last], low[last], close[last]];
        let hidden = if self.lacking > 0 { self.seed(n) } else { 0 };
        let outs = [&mut self.plus, &mut self.minus, &mut self.range];
        for ((average, row), out) in self.averages.iter_mut().zip(&self.rows).zip(outs) {
            let (row, out) = (&row[..n], &mut out[..n]);
            average.column(row, out);
            out[..hidden].fill(f64::NAN);
        }
    }

    /// A seed in TA-Lib's sense is the sum of one row less than the period, over the period. Ours is a mean, so the
    /// rows that it is made of are made smaller. Says how many rows of the block have no value yet.
    #[cold]
    fn seed(&mut self, n: usize) -> usize {
        for i in 0..n {
            if self.lacking == 0 {
                return i;
            }
            if self.rows[2][i].is_finite() {
                self.rows.iter_mut().for_each(|row| row[i] *= self.keep);
                self.lacking -= 1;
            }
        }
        n
    }
}

/// The movement up, that down, and the true range; all NaN if one is no number.
#[inline]
fn movement([high, low]: [f64; 2], [last_high, last_low, last_close]: [f64; 3]) -> [f64; 3] {
    let (up, down, range) = (high - last_high, last_low - low, range_of_bar(high, low, last_close));
    let missing = 0.0 * (up + down + range);
    let plus = if up > down { if up > 0.0 { up } else { 0.0 } } else { 0.0 };
    let minus = if down > up { if down > 0.0 { down } else { 0.0 } } else { 0.0 };
    [plus + missing, minus + missing, range + missing]
}

/// How unlike both movements are, in percent; NaN where there are none.
#[inline]
pub(crate) fn unlikeness(plus: f64, minus: f64) -> f64 {
    100.0 * ((plus - minus).abs() / (plus + minus))
}

/// The averages and the last index.
#[derive(Debug, Clone)]
pub struct State {
    movement: Movement,
    last_dx: f64,
}

keep!(State { movement, last_dx });

impl State {
    /// No bars yet.
    pub fn new(period: usize) -> Self {
        Self { movement: Movement::new(period), last_dx: 0.0 }
    }

    /// Takes a bar: plus_di, minus_di, dx.
    #[inline]
    pub fn push(&mut self, high: f64, low: f64, close: f64) -> [f64; 3] {
        self.step([high, low, close])
    }
}

impl Blockwise<3, 3> for State {
    fn block(&mut self, inputs: [&[f64]; 3], [plus_di, minus_di, dx]: [&mut [f64]; 3]) {
        let n = dx.len();
        let (plus_di, minus_di) = (&mut plus_di[..n], &mut minus_di[..n]);
        self.movement.block(inputs);
        let (plus, minus, range) = (&self.movement.plus[..n], &self.movement.minus[..n], &self.movement.range[..n]);
        for i in 0..n {
            plus_di[i] = 100.0 * quotient_or_zero(plus[i], range[i]);
            minus_di[i] = 100.0 * quotient_or_zero(minus[i], range[i]);
        }
        let mut idle = false;
        for i in 0..n {
            dx[i] = unlikeness(plus[i], minus[i]);
            idle |= plus[i] + minus[i] == 0.0;
        }
        if idle {
            for i in 0..n {
                if plus[i] + minus[i] == 0.0 {
                    dx[i] = self.last_dx;
                } else if !dx[i].is_nan() {
                    self.last_dx = dx[i];
                }
            }
        } else {
            self.last_dx = dx.iter().rev().copied().find(|v| !v.is_nan()).unwrap_or(self.last_dx);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_rises_moves_up_alone() {
        let high: Vec<f64> = (0..50).map(f64::from).collect();
        let low: Vec<f64> = high.iter().map(|h| h - 1.0).collect();
        let mut out = [vec![0.0; 50], vec![0.0; 50], vec![0.0; 50]];
        dmi(&high, &low, &low, 14, out.each_mut().map(|o| &mut o[..]));
        // Each bar goes 1 above the one before, and its true range is 2.
        assert!(out[0][13].is_nan() && (out[0][14] - 50.0).abs() < 1e-12);
        assert_eq!((out[1][49], out[2][49]), (0.0, 100.0));
    }

    #[test]
    fn where_nothing_moves_the_index_stays() {
        let high = [5.0, 5.0, 5.0, 5.0, 5.0, 6.0, 5.0, 5.0];
        let low = high.map(|h| h - 1.0);
        let mut out = [[0.0; 8]; 3];
        dmi(&high, &low, &low, 2, out.each_mut().map(|o| &mut o[..]));
        assert_eq!(out[2][2..6], [0.0, 0.0, 0.0, 100.0]);
        dmi(&[1.0; 8], &[1.0; 8], &[1.0; 8], 2, out.each_mut().map(|o| &mut o[..]));
        assert!(out.iter().all(|o| o[2..] == [0.0; 6]));
    }
}
