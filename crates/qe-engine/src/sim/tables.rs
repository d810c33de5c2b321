//! What all points of a sweep ask of the prices of a section: extremes of any stretch in two reads, sums of returns.
//!
//! From each row on, the extremes of 1, 2, 4, 8, … rows are kept: an extreme of any stretch is that of two of these, which
//! may overlap. Extremes are exact, so these are the bits of a plain loop, and where few points ask there is only that loop.
//! Sums of returns begin anew in every block of 1,024 rows, counted from the first row of the market: they do not depend on
//! how sections are cut.

use std::ops::Range;

use qe_core::wide::{Loops, wide};

use crate::market::Market;

/// Rows over which sums of returns run.
pub(crate) const BLOCK: usize = 1024;

/// Fewer points than this look at the marks themselves: tables would cost more than they spare.
const FEW: usize = 8;

/// Tables over the rows of a section, which begins at a multiple of [`BLOCK`].
#[derive(Debug, Default)]
pub(crate) struct Tables {
    rows: Range<usize>,
    /// By power of two and row: the least mark of so many rows from there, and the greatest, turned round. Empty where few
    /// ask.
    levels: Vec<[f64; 2]>,
    /// By row, what round trips read; the last stands for the row after the section.
    turns: Vec<Turn>,
}

/// What a round trip reads of the row in which it begins, and of that in which it ends: a line of the cache.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(64))]
pub(crate) struct Turn {
    /// The price at which it is filled.
    pub(crate) open: f64,
    pub(crate) mark: f64,
    pub(crate) mark_before: f64,
    /// Sums of returns, and of their squares, from the beginning of its block to the row, without it. They begin anew with
    /// a block, so a difference needs no look at where blocks begin.
    before: [f64; 2],
    /// The same of the row before it, with that row.
    up_to: [f64; 2],
    pub(crate) day: usize,
}

#[inline(always)]
fn join(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    [lower(a[0], b[0]), lower(a[1], b[1])]
}

#[inline(always)]
fn lower(a: f64, b: f64) -> f64 {
    // Marks are never missing, so a plain comparison is enough.
    if a < b { a } else { b }
}

#[inline(always)]
fn higher(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

impl Tables {
    /// Computes the tables of these rows, which so many points ask.
    pub(crate) fn fill(&mut self, market: &Market, rows: Range<usize>, with_sums: bool, n_points: usize) {
        let marks = &market.marks()[rows.clone()];
        self.rows = rows;
        self.levels.clear();
        if n_points >= FEW && !marks.is_empty() {
            self.levels.resize((marks.len().ilog2() as usize + 1) * marks.len(), [0.0; 2]);
            self.levels.iter_mut().zip(marks).for_each(|(level, mark)| *level = [*mark, -mark]);
            wide(Levels(&mut self.levels, marks.len()));
        }
        self.turns.clear();
        if with_sums {
            self.turns.reserve_exact(self.rows.len() + 1);
            let mut sum = [0.0; 2];
            let all = market.marks();
            for row in self.rows.start..self.rows.end + 1 {
                let before = if row % BLOCK == 0 { [0.0; 2] } else { sum };
                // Behind the market's last row another day begins.
                let day = market.day().get(row).map_or(market.dates().len(), |day| *day as usize);
                let turn = Turn { mark_before: all[row.saturating_sub(1)], before, up_to: sum, day, ..Turn::default() };
                if row == self.rows.end {
                    self.turns.push(turn);
                    break;
                }
                let (open, mark) = (market.open()[row], all[row]);
                self.turns.push(Turn { open, mark, ..turn });
                let r = if row == 0 { 0.0 } else { mark / all[row - 1] - 1.0 };
                sum = if row % BLOCK == 0 { [r, r * r] } else { [sum[0] + r, sum[1] + r * r] };
            }
        }
    }

    /// Bytes for each row of a section, where sections have so many rows at most.
    pub(crate) fn n_bytes_per_row(with_sums: bool, n_points: usize, most: usize) -> usize {
        let levels = if n_points >= FEW { most.ilog2() as usize + 1 } else { 0 };
        levels * size_of::<[f64; 2]>() + if with_sums { size_of::<Turn>() } else { 0 }
    }

    /// The least and the greatest mark in some rows, of which there is at least one.
    #[inline(always)]
    pub(crate) fn extremes(&self, from: usize, to: usize, marks: &[f64]) -> [f64; 2] {
        // A few marks that lie together are nearer than two places of a large table.
        if self.levels.is_empty() || to - from <= 16 {
            let marks = &marks[from..to];
            return marks.iter().fold([marks[0]; 2], |e, &m| [lower(e[0], m), higher(e[1], m)]);
        }
        let [low, high] = self.looked_up(from - self.rows.start, to - self.rows.start);
        [low, -high]
    }

    /// Whether extremes are looked up.
    pub(crate) fn has_levels(&self) -> bool {
        !self.levels.is_empty()
    }

    /// As [`Tables::extremes`] of rows counted from the section's first, where extremes are looked up; the greatest is
    /// turned round.
    #[inline(always)]
    pub(crate) fn looked_up(&self, from: usize, to: usize) -> [f64; 2] {
        let k = (to - from).ilog2();
        let level = k as usize * self.rows.len();
        join(self.levels[level + from], self.levels[level + to - (1 << k)])
    }

    /// What round trips read of the section's rows.
    #[inline(always)]
    pub(crate) fn turns(&self) -> &[Turn] {
        &self.turns
    }

    /// The sums of returns, and of their squares, over some rows of one block.
    #[inline(always)]
    pub(crate) fn sums(&self, from: usize, to: usize) -> [f64; 2] {
        self.turns[from - self.rows.start].sums_to(&self.turns[to - self.rows.start])
    }
}

impl Turn {
    /// The sums of returns, and of their squares, from its row to that before the other's, both of one block.
    #[inline(always)]
    pub(crate) fn sums_to(&self, other: &Self) -> [f64; 2] {
        [other.up_to[0] - self.before[0], other.up_to[1] - self.before[1]]
    }
}

/// Fills the levels of a table above the first: each joins two stretches of the one below it.
struct Levels<'a>(&'a mut [[f64; 2]], usize);

impl Loops for Levels<'_> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let Self(table, n) = self;
        let mut half = 1;
        while 2 * half <= n {
            let level = half.ilog2() as usize * n;
            let (done, rest) = table.split_at_mut(level + n);
            let below = &done[level..];
            let m = n + 1 - 2 * half;
            let (a, b) = (&below[..m], &below[half..][..m]);
            for (out, (a, b)) in rest[..m].iter_mut().zip(a.iter().zip(b)) {
                *out = join(*a, *b);
            }
            half *= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_give_what_a_plain_loop_gives() {
        for n in [1, 2, 3, 31, 64, 100] {
            let marks: Vec<f64> = (0..n).map(|i| f64::from(i * 37 % 101)).collect();
            let levels = usize::ilog2(n as usize) as usize + 1;
            let mut table = vec![[0.0; 2]; levels * n as usize];
            table.iter_mut().zip(&marks).for_each(|(level, mark)| *level = [*mark, -mark]);
            wide(Levels(&mut table, n as usize));
            let tables = Tables { rows: 0..n as usize, levels: table, ..Tables::default() };
            for (from, to) in (0..n as usize).flat_map(|a| (a + 1..=n as usize).map(move |b| (a, b))) {
                let part = &marks[from..to];
                let want = [part.iter().copied().fold(1e9, f64::min), part.iter().copied().fold(-1e9, f64::max)];
                assert_eq!(tables.extremes(from, to, &marks), want, "{from}..{to} of {n}");
            }
        }
    }
}
