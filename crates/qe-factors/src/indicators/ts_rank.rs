//! Percentile rank of the newest of the last `period` values: `(less + (equal + 1) / 2) / period`, the newest being
//! one of the equal ones. From `1 / period` for the only lowest to 1 for the only highest.
//!
//! Windowed: a NaN is in every window that holds it and leaves with it.
//! Golden: pandas `rolling.rank(pct=True)`.

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::blocks::BLOCK;
use crate::kernel::{Keep, Kernel, Ring, Sorted, Step, Tape, below, boxed, up_to};

/// The percentile rank of the newest value in its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rank {
    /// How many rows.
    pub period: usize,
}

impl Default for Rank {
    fn default() -> Self {
        Self { period: 20 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "ts_rank",
    aliases: &[],
    about: "percentile rank of the newest value in its window",
    inputs: &[Input::SERIES],
    params: || vec![period(20)],
    outputs: &["ts_rank"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Rank { period: args.count(0) })) },
};

impl Indicator for Rank {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period))
    }
}

/// The percentile rank of the newest value in its window of `x`.
pub fn rank(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(period).bulk([x], [out]);
}

/// Up to what period a window is counted through for each row: to keep its order would cost more.
const FEW: usize = 128;

/// The last rows.
#[derive(Debug, Clone)]
pub struct State(Window);

keep!(State(window));

#[derive(Debug, Clone)]
enum Window {
    Counted(Counted),
    Sorted(Sorted),
}

impl Keep for Window {
    fn keep(&mut self, tape: &mut Tape<'_>) {
        match self {
            Self::Counted(window) => window.keep(tape),
            Self::Sorted(window) => window.keep(tape),
        }
    }
}

impl State {
    /// No values yet.
    pub fn new(period: usize) -> Self {
        let counted = period <= FEW;
        Self(if counted { Window::Counted(Counted::new(period)) } else { Window::Sorted(Sorted::new(period)) })
    }

    /// Takes a value.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        match &mut self.0 {
            Window::Counted(window) => window.push(x),
            Window::Sorted(window) => match window.push(x) {
                Some(w) => share(below(w, x) + up_to(w, x), w.len()),
                None => f64::NAN,
            },
        }
    }
}

impl Step<1, 1> for State {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.push(x)]
    }

    fn bulk(&mut self, [x]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        match &mut self.0 {
            Window::Counted(window) => window.bulk(x, out),
            Window::Sorted(_) => out.iter_mut().zip(x).for_each(|(o, &x)| *o = self.push(x)),
        }
    }
}

/// The rank of a value among `n`, from how many are lower and how many are not higher, added up.
#[inline]
fn share(lower_and_not_higher: usize, n: usize) -> f64 {
    (lower_and_not_higher as f64 + 1.0) / 2.0 / n as f64
}

/// A short window in the order of its rows.
#[derive(Debug, Clone)]
struct Counted {
    last: Ring,
    period: usize,
    /// How many rows there have been since the last that was missing, up to the period.
    n_present: usize,
}

impl Keep for Counted {
    fn keep(&mut self, tape: &mut Tape<'_>) {
        let Self { last, period, n_present } = self;
        last.keep(tape);
        tape.count(n_present, *period);
    }
}

impl Counted {
    fn new(period: usize) -> Self {
        Self { last: Ring::new(period), period: period.max(1), n_present: 0 }
    }

    #[inline]
    fn note(&mut self, x: f64) -> bool {
        self.n_present = if x.is_nan() { 0 } else { (self.n_present + 1).min(self.period) };
        self.n_present == self.period
    }

    #[inline]
    fn push(&mut self, x: f64) -> f64 {
        self.last.push(x);
        if !self.note(x) {
            return f64::NAN;
        }
        let counts = self.last.iter().map(|v| u64::from(v < x) + u64::from(v <= x));
        share(counts.sum::<u64>() as usize, self.period)
    }

    fn bulk(&mut self, x: &[f64], out: &mut [f64]) {
        x.chunks(BLOCK).zip(out.chunks_mut(BLOCK)).for_each(|(x, out)| self.block(x, out));
    }

    /// Takes at most a block of rows.
    fn block(&mut self, x: &[f64], out: &mut [f64]) {
        let before = self.period - 1;
        // The rows before the block, then the block, and room for a last group that is not full.
        let mut rows = [f64::NAN; FEW + BLOCK + GROUP];
        rows[..before].iter_mut().rev().zip(self.last.iter().rev()).for_each(|(to, v)| *to = v);
        rows[before..before + x.len()].copy_from_slice(x);
        for (group, out) in out.chunks_mut(GROUP).enumerate() {
            let ranks = group_ranks(&rows[group * GROUP..][..before + GROUP], self.period);
            out.copy_from_slice(&ranks[..out.len()]);
        }
        let all_present = x.iter().fold(true, |all, v| all & !v.is_nan());
        if !all_present || self.n_present < self.period {
            for (o, &x) in out.iter_mut().zip(x) {
                *o = if self.note(x) { *o } else { f64::NAN };
            }
        }
        for &x in &x[x.len().saturating_sub(self.period)..] {
            self.last.push(x);
        }
    }
}

/// How many rows are ranked side by side: enough to fill the lanes of the machine.
const GROUP: usize = 8;

/// The ranks of the last rows of a stretch, each in the window that ends with it, where nothing is missing.
#[inline]
fn group_ranks(rows: &[f64], period: usize) -> [f64; GROUP] {
    let (mut newest, mut counts) = ([0.0; GROUP], [1u64; GROUP]);
    newest.copy_from_slice(&rows[period - 1..]);
    for older in rows.windows(GROUP).take(period - 1) {
        for ((count, older), newest) in counts.iter_mut().zip(older).zip(&newest) {
            *count += u64::from(older < newest) + u64::from(older <= newest);
        }
    }
    counts.map(|count| share(count as usize, period))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_share_their_ranks() {
        let mut out = [0.0; 6];
        rank(&[1.0, 2.0, 3.0, 0.0, 3.0, 3.0], 4, &mut out);
        assert!(out[2].is_nan());
        assert_eq!(out[3..], [0.25, 0.875, 0.75]);
    }

    #[test]
    fn short_windows_and_long_ones_are_ranked_alike() {
        let x: Vec<f64> = (0..900i32)
            .map(|i| match i * i % 59 {
                7 if i % 5 == 0 => f64::NAN,
                9 => -0.0,
                k => f64::from(k - 9),
            })
            .collect();
        for period in [1, 2, 9, 64, FEW, FEW + 1, 300] {
            let (mut counted, mut out) = (State::new(period), vec![0.0; x.len()]);
            counted.bulk([&x], [&mut out]);
            let mut sorted = State(Window::Sorted(Sorted::new(period)));
            for (i, &x) in x.iter().enumerate() {
                let want = sorted.push(x);
                assert!(out[i].to_bits() == want.to_bits() || out[i].is_nan() && want.is_nan(), "{period} {i}");
            }
        }
    }
}
