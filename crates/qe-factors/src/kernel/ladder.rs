//! Windows of rows put together from shorter windows.
//!
//! The sums of four rows make sums of sixteen, those of sixty-four, and so on; a window of 14 is three of four and two
//! rows that follow each other. Every rung is a plain loop over a block, which the compiler makes wide, and several
//! lengths of windows share their rungs. A window's bits depend on its values alone, whatever the cut and the row
//! number; nothing is ever taken away again, so what has left leaves no trace. Memory is a few times the period, work
//! per row grows with the period's logarithm.

use std::fmt::Debug;
use std::marker::PhantomData;

use qe_core::wide::{Loops, wide};

use super::blocks::BLOCK;
use super::{FEW, Keep, Tape};

/// How two parts of a window are put together.
pub trait Join: Copy + Debug + Default + Send + Sync + 'static {
    /// Whether a row that is in both parts does no harm, as in a maximum.
    const MAY_OVERLAP: bool;

    /// The parts as one.
    fn join(older: f64, newer: f64) -> f64;
}

/// The sum of both.
#[derive(Debug, Clone, Copy, Default)]
pub struct Add;

impl Join for Add {
    const MAY_OVERLAP: bool = false;

    #[inline(always)]
    fn join(older: f64, newer: f64) -> f64 {
        older + newer
    }
}

/// Windows of one length, made of shorter ones.
#[derive(Debug, Clone)]
struct Rung {
    width: usize,
    /// Which shorter rungs, and how many rows ago: newest first. None for the rows themselves.
    terms: Vec<(usize, usize)>,
    values: Vec<f64>,
    /// How far back somebody looks.
    reach: usize,
    /// Where the next row goes.
    at: usize,
}

impl Rung {
    fn new(width: usize, terms: Vec<(usize, usize)>) -> Self {
        Self { width, terms, values: Vec::new(), reach: 0, at: 0 }
    }

    /// Where the next `n` rows go, which are no more than a block.
    #[inline(always)]
    fn room(&mut self, n: usize) -> &mut [f64] {
        if self.at + n > self.values.len() {
            self.values.copy_within(self.at - self.reach..self.at, 0);
            self.at = self.reach;
        }
        self.at += n;
        &mut self.values[self.at - n..self.at]
    }

    /// The last `n` rows, as they were `lag` rows ago.
    #[inline(always)]
    fn lagged(&self, lag: usize, n: usize) -> &[f64] {
        &self.values[self.at - n - lag..][..n]
    }
}

/// As far back as somebody looks, wherever that stands.
impl Keep for Rung {
    fn keep(&mut self, tape: &mut Tape<'_>) {
        let Self { width: _, terms: _, values, reach, at } = self;
        values.copy_within(*at - *reach..*at, 0);
        *at = *reach;
        values[..*reach].keep(tape);
    }
}

/// The last so many rows, joined, for `W` lengths of windows.
#[derive(Debug, Clone)]
pub struct Ladder<J: Join, const W: usize = 1> {
    /// The rows, and ever wider windows.
    rungs: Vec<Rung>,
    /// Which rung is which window.
    windows: [usize; W],
    /// How many rows came last.
    n: usize,
    join: PhantomData<J>,
}

/// How many rows came last is for those who took them.
impl<J: Join, const W: usize> Keep for Ladder<J, W> {
    fn keep(&mut self, tape: &mut Tape<'_>) {
        let Self { rungs, windows: _, n: _, join: _ } = self;
        rungs.as_mut_slice().keep(tape);
    }
}

/// The sum of the last `period` rows; NaN until there are so many.
pub type WindowSum = Ladder<Add>;

/// Sums over several lengths of windows.
pub type WindowSums<const W: usize> = Ladder<Add, W>;

impl<J: Join> Ladder<J> {
    /// No rows yet. A period of 0 counts as 1.
    pub fn new(period: usize) -> Self {
        Self::of([period])
    }

    /// Takes a row.
    pub fn push(&mut self, x: f64) -> f64 {
        let mut out = [0.0];
        self.bulk(&[x], &mut out);
        out[0]
    }

    /// Takes many rows, with the same bits.
    pub fn bulk(&mut self, x: &[f64], out: &mut [f64]) {
        x.chunks(BLOCK).zip(out.chunks_mut(BLOCK)).for_each(|(x, out)| {
            self.block(x, out);
        });
    }

    /// Takes at most a block of rows; says whether one of them was NaN.
    pub(super) fn block(&mut self, x: &[f64], out: &mut [f64]) -> bool {
        let block = Block(self, x, out);
        if x.len() > FEW { wide(block) } else { block.run() }
    }
}

/// At most a block of rows of one window.
struct Block<'a, J: Join>(&'a mut Ladder<J>, &'a [f64], &'a mut [f64]);

impl<J: Join> Loops for Block<'_, J> {
    type Out = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let Self(ladder, x, out) = self;
        let any_nan = ladder.take(x);
        // Nobody looks back on the widest rung, so it is written where it is wanted.
        let last = ladder.rungs.len() - 1;
        ladder.climb(x.len(), last);
        let (below, widest) = ladder.rungs.split_at(last);
        match widest[0].terms[..] {
            [] => out.copy_from_slice(x),
            ref terms => join_all::<J>(out, terms, |(rung, lag)| below[rung].lagged(lag, x.len())),
        }
        any_nan
    }
}

impl<J: Join, const W: usize> Ladder<J, W> {
    /// No rows yet, and windows of these lengths. A period of 0 counts as 1.
    pub fn of(periods: [usize; W]) -> Self {
        let mut rungs = vec![Rung::new(1, Vec::new())];
        let mut ascending = periods;
        ascending.sort_unstable();
        for period in ascending {
            add_rung::<J>(&mut rungs, period.max(1));
        }
        for (rung, lag) in rungs.iter().flat_map(|r| r.terms.clone()).collect::<Vec<_>>() {
            rungs[rung].reach = rungs[rung].reach.max(lag);
        }
        for rung in &mut rungs {
            (rung.values, rung.at) = (vec![f64::NAN; rung.reach + rung.reach.max(BLOCK)], rung.reach);
        }
        let windows = periods.map(|p| rungs.iter().position(|r| r.width == p.max(1)).unwrap_or(0));
        Self { rungs, windows, n: 0, join: PhantomData }
    }

    /// Takes at most a block of rows.
    pub fn feed(&mut self, x: &[f64]) {
        self.n = x.len().min(BLOCK);
        let feed = Feed(self, x);
        if x.len() > FEW { wide(feed) } else { feed.run() }
    }

    /// The rows themselves; whether one of them is NaN.
    #[inline(always)]
    fn take(&mut self, x: &[f64]) -> bool {
        let mut any_nan = false;
        for (to, x) in self.rungs[0].room(x.len()).iter_mut().zip(x) {
            any_nan |= x.is_nan();
            *to = *x;
        }
        any_nan
    }

    /// The first so many rungs but the rows themselves.
    #[inline(always)]
    fn climb(&mut self, n: usize, n_rungs: usize) {
        for k in 1..n_rungs {
            let (below, this) = self.rungs.split_at_mut(k);
            let terms = std::mem::take(&mut this[0].terms);
            join_all::<J>(this[0].room(n), &terms, |(rung, lag)| below[rung].lagged(lag, n));
            this[0].terms = terms;
        }
    }

    /// What the rows that were taken last make of a window.
    #[inline(always)]
    pub fn window(&self, idx: usize) -> &[f64] {
        self.rungs[self.windows[idx]].lagged(0, self.n)
    }
}

/// At most a block of rows of all windows.
struct Feed<'a, J: Join, const W: usize>(&'a mut Ladder<J, W>, &'a [f64]);

impl<J: Join, const W: usize> Loops for Feed<'_, J, W> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let Self(ladder, x) = self;
        ladder.take(&x[..ladder.n]);
        ladder.climb(ladder.n, ladder.rungs.len());
    }
}

/// Where a window of so many rows stands, which is made where there is none.
fn add_rung<J: Join>(rungs: &mut Vec<Rung>, width: usize) -> usize {
    if let Some(found) = rungs.iter().position(|r| r.width == width) {
        return found;
    }
    let mut terms = Vec::new();
    let mut lag = 0;
    for part in parts(rungs, width, J::MAY_OVERLAP) {
        let rung = add_rung::<J>(rungs, part);
        // Parts that may overlap end with the oldest row.
        terms.push((rung, lag.min(width - part)));
        lag += part;
    }
    rungs.push(Rung::new(width, terms));
    rungs.len() - 1
}

/// Which windows make a wider one, newest first: powers of four, and what is there already.
fn parts(rungs: &[Rung], width: usize, may_overlap: bool) -> Vec<usize> {
    let powers: Vec<usize> = (0..31).map(|k| 1 << (2 * k)).take_while(|p| *p < width).collect();
    if may_overlap {
        let widest = powers.last().copied().unwrap_or(1);
        return vec![widest; width.div_ceil(widest)];
    }
    let there = rungs.iter().map(|r| r.width).filter(|w| *w < width);
    let greedy = |first: usize| {
        let (mut parts, mut rest) = (vec![first; width / first], width % first);
        for power in powers.iter().rev() {
            parts.extend(std::iter::repeat_n(*power, rest / power));
            rest %= power;
        }
        parts.reverse();
        parts
    };
    let choices = powers.iter().copied().chain(there).map(greedy);
    choices.min_by_key(Vec::len).unwrap_or_else(|| vec![1; width])
}

/// Joins columns, newest first, four at a time: always in the same order, so always to the same bits.
#[inline(always)]
fn join_all<'a, J: Join>(to: &mut [f64], terms: &[(usize, usize)], column: impl Fn((usize, usize)) -> &'a [f64]) {
    let join = J::join;
    let rest = match *terms {
        [] => return,
        [a] => {
            to.copy_from_slice(column(a));
            &[]
        }
        [a, b] => {
            let columns = column(a).iter().zip(column(b));
            to.iter_mut().zip(columns).for_each(|(o, (a, b))| *o = join(*b, *a));
            &[]
        }
        [a, b, c] => {
            let columns = column(a).iter().zip(column(b)).zip(column(c));
            to.iter_mut().zip(columns).for_each(|(o, ((a, b), c))| *o = join(*c, join(*b, *a)));
            &[]
        }
        [a, b, c, d, ref rest @ ..] => {
            let columns = column(a).iter().zip(column(b)).zip(column(c).iter().zip(column(d)));
            to.iter_mut().zip(columns).for_each(|(o, ((a, b), (c, d)))| *o = join(join(*d, *c), join(*b, *a)));
            rest
        }
    };
    for two in rest.chunks(2) {
        match *two {
            [a, b] => {
                let columns = column(a).iter().zip(column(b));
                to.iter_mut().zip(columns).for_each(|(o, (a, b))| *o = join(join(*b, *a), *o));
            }
            [a] => to.iter_mut().zip(column(a)).for_each(|(o, a)| *o = join(*a, *o)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_window_is_the_sum_of_its_rows_and_forgets_what_has_left() {
        let mut out = [0.0; 9];
        WindowSum::new(3).bulk(&[1.0, 2.0, 4.0, 1e300, f64::NAN, 8.0, 16.0, 32.0, 64.0], &mut out);
        assert!(out[..2].iter().chain(&out[4..7]).all(|s| s.is_nan()));
        assert_eq!((out[2], out[7], out[8]), (7.0, 56.0, 112.0));
    }

    #[test]
    fn every_period_sums_so_many_rows() {
        for period in 1..700 {
            let (mut sum, mut out) = (WindowSum::new(period), vec![0.0; 2000]);
            sum.bulk(&(0..2000).map(f64::from).collect::<Vec<_>>(), &mut out);
            assert!(out[..period - 1].iter().all(|s| s.is_nan()), "{period}");
            for (i, s) in out.iter().enumerate().skip(period - 1) {
                assert_eq!(*s, (period * i - period * (period - 1) / 2) as f64, "{period}, {i}");
            }
        }
    }

    #[test]
    fn windows_of_several_lengths_share_what_they_can() {
        let sums = WindowSums::of([28, 7, 14]);
        let rungs: Vec<(usize, usize)> = sums.rungs.iter().map(|r| (r.width, r.terms.len())).collect();
        assert_eq!(rungs, [(1, 0), (4, 4), (7, 4), (14, 2), (28, 2)]);
        let (mut sums, x) = (sums, (0..100).map(f64::from).collect::<Vec<_>>());
        sums.feed(&x);
        assert_eq!([0, 1, 2].map(|w| sums.window(w)[99]), [28.0 * 85.5, 7.0 * 96.0, 14.0 * 92.5]);
    }

    proptest! {
        #[test]
        fn every_cut_gives_the_same_bits(
            x in prop::collection::vec(-1e3..1e3f64, 0..1500), period in 1usize..90, cut in 0usize..1500,
        ) {
            let bits = |x: &[f64]| x.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            let mut whole = vec![0.0; x.len()];
            WindowSum::new(period).bulk(&x, &mut whole);
            let (mut one, mut got) = (WindowSum::new(period), vec![0.0; x.len()]);
            let cut = cut.min(x.len());
            one.bulk(&x[..cut], &mut got[..cut]);
            (cut..x.len()).for_each(|i| got[i] = one.push(x[i]));
            prop_assert_eq!(bits(&got), bits(&whole));
        }
    }
}
