//! What all points of a sweep ask of the prices of a section: extremes of any stretch in a few reads, sums of returns.
//!
//! Rows stand in groups of 16. The extremes from a row to the end of its group, from the beginning of the group to a row, and
//! over powers of two of whole groups are kept; an extreme of any stretch is the extreme of at most four of them. Extremes are
//! exact, so these are the bits of a plain loop. Sums of returns begin anew in every block of 1,024 rows, counted from the
//! first row of the market: they do not depend on how sections are cut.

use std::ops::Range;

use crate::market::Market;

/// Rows in a group.
const GROUP: usize = 16;
/// Rows over which sums of returns run.
pub(crate) const BLOCK: usize = 1024;

/// Tables over the rows of a section, which begins at a multiple of [`BLOCK`].
#[derive(Debug, Default)]
pub(crate) struct Tables {
    rows: Range<usize>,
    /// By row: the extremes from the beginning of its group to it, and from it to the end of its group.
    before: Vec<[f64; 2]>,
    after: Vec<[f64; 2]>,
    /// By power of two and group: the extremes of so many groups from there.
    over: Vec<Vec<[f64; 2]>>,
    /// By row: sums of returns, and of their squares, from the beginning of its block to it.
    sums: Vec<[f64; 2]>,
}

#[inline]
fn join(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    // Marks are never missing, so a plain comparison is enough.
    [if a[0] < b[0] { a[0] } else { b[0] }, if a[1] > b[1] { a[1] } else { b[1] }]
}

impl Tables {
    /// Computes the tables of these rows.
    pub(crate) fn fill(&mut self, market: &Market, rows: Range<usize>, with_sums: bool) {
        let marks = &market.marks()[rows.clone()];
        let n = marks.len();
        self.rows = rows;
        self.before.clear();
        self.after.clear();
        self.after.resize(n, [0.0; 2]);
        for (g, group) in marks.chunks(GROUP).enumerate() {
            let mut e = [group[0]; 2];
            for &m in group {
                e = join(e, [m; 2]);
                self.before.push(e);
            }
            let last = group.len() - 1;
            let mut e = [group[last]; 2];
            for i in (0..=last).rev() {
                e = join(e, [group[i]; 2]);
                self.after[g * GROUP + i] = e;
            }
        }
        let n_groups = n.div_ceil(GROUP);
        self.over.resize_with((usize::BITS - n_groups.leading_zeros()) as usize, Vec::new);
        for k in 0..self.over.len() {
            let (done, rest) = self.over.split_at_mut(k);
            let level = &mut rest[0];
            level.clear();
            match done.last() {
                None => level.extend((0..n_groups).map(|g| self.after[g * GROUP])),
                Some(half) => {
                    let step = 1 << (k - 1);
                    level.extend((0..(n_groups + 1).saturating_sub(2 * step)).map(|g| join(half[g], half[g + step])));
                }
            }
        }
        self.sums.clear();
        if with_sums {
            let mut sum = [0.0; 2];
            let all = market.marks();
            for row in self.rows.clone() {
                let r = if row == 0 { 0.0 } else { all[row] / all[row - 1] - 1.0 };
                sum = if row % BLOCK == 0 { [r, r * r] } else { [sum[0] + r, sum[1] + r * r] };
                self.sums.push(sum);
            }
        }
    }

    /// The least and the greatest mark in some rows, of which there is at least one.
    #[inline]
    pub(crate) fn extremes(&self, from: usize, to: usize, marks: &[f64]) -> [f64; 2] {
        let (a, b) = (from - self.rows.start, to - 1 - self.rows.start);
        let (ga, gb) = (a / GROUP, b / GROUP);
        if ga == gb {
            let mut e = [marks[from]; 2];
            for &m in &marks[from + 1..to] {
                e = join(e, [m; 2]);
            }
            return e;
        }
        let e = join(self.after[a], self.before[b]);
        let n = gb - ga - 1;
        if n == 0 {
            return e;
        }
        let k = (usize::BITS - 1 - n.leading_zeros()) as usize;
        let level = &self.over[k];
        join(e, join(level[ga + 1], level[gb - (1 << k)]))
    }

    /// The group that begins with this row: the row after it, and its extremes.
    #[inline]
    pub(crate) fn group(&self, row: usize) -> Option<(usize, [f64; 2])> {
        let at = row - self.rows.start;
        at.is_multiple_of(GROUP).then(|| ((row + GROUP).min(self.rows.end), self.after[at]))
    }

    /// The sums of returns, and of their squares, over some rows of one block.
    #[inline]
    pub(crate) fn sums(&self, from: usize, to: usize) -> [f64; 2] {
        let last = self.sums[to - 1 - self.rows.start];
        if from.is_multiple_of(BLOCK) {
            return last;
        }
        let before = self.sums[from - 1 - self.rows.start];
        [last[0] - before[0], last[1] - before[1]]
    }
}
