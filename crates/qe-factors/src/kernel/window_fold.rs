//! Folds of the last so many rows, each row taken relative to one that is in the window.
//!
//! Rows are cut into blocks as long as the window, counted from the first row of the data set. A window that ends in
//! a block always holds that block's first row: its *anchor*. All terms are functions of a row's distance from the
//! anchor, so a common offset costs no digits, and a constant gives sums of exact zeros. A window is the end of the
//! older block, folded once when the newer one begins, joined with the newer block so far. Nothing is ever
//! subtracted, so what has left the window leaves no trace, and the bits depend on values and absolute row numbers
//! alone.
//!
//! In the worst case, an anchor that is the one outlier of its window, a second moment about the anchor is `period`
//! times that about the mean, and loses so many digits; on other data it loses none to speak of.
//!
//! Whole columns are taken four blocks at a time: the blocks do not wait for each other, and one instruction works on
//! two or more of them. Each block's steps are those of the row-by-row form, in its order.

use std::fmt::Debug;

use qe_core::wide::{Loops, wide};

use super::{Keep, Step, Tape};

/// What is folded over a window, and what it comes to: `I` columns in, `K` numbers folded (sums, unless said
/// otherwise), `O` columns out.
pub trait Terms<const I: usize, const K: usize, const O: usize>: Clone + Debug + Send + Sync + 'static {
    /// The terms of a row that comes `t` rows after the anchor (before it, where negative).
    fn terms(&self, row: [f64; I], anchor: [f64; I], t: f64) -> [f64; K];

    /// The fold of no rows.
    fn empty(&self) -> [f64; K] {
        [0.0; K]
    }

    /// The fold of two parts that follow each other.
    #[inline]
    fn join(&self, older: [f64; K], newer: [f64; K]) -> [f64; K] {
        std::array::from_fn(|k| older[k] + newer[k])
    }

    /// Whether [`Terms::join_present`] is worth a look at all values beforehand.
    const LOOKS: bool = false;

    /// Whether the widest vectors of the machine are worth a second compilation. Not where much is folded: then the
    /// compiler finds no vectors in so much code.
    const WIDE: bool = false;

    /// [`Terms::join`] with the same bits, where no value is NaN.
    #[inline]
    fn join_present(&self, older: [f64; K], newer: [f64; K]) -> [f64; K] {
        self.join(older, newer)
    }

    /// The values of the window that ends with `row`, `t` rows after the anchor.
    fn finish(&self, sums: [f64; K], anchor: [f64; I], row: [f64; I], t: f64) -> [f64; O];
}

/// How many blocks go side by side.
const LANES: usize = 4;

/// Up to how many sums of one block the blocks go side by side: more would leave the cache.
const MAX_LANE_SUMS: usize = 1 << 13;

/// How many rows are finished in one go.
const CHUNK: usize = 64;

/// The sums of the last `period` rows.
#[derive(Debug, Clone)]
pub struct WindowFold<T, const I: usize, const K: usize, const O: usize> {
    terms: T,
    period: usize,
    /// Where in its block the next row stands.
    pos: usize,
    /// Where in its block the first row stood, while that block lasts; 0 in all later ones.
    start: usize,
    /// How many rows there have been, up to the period.
    n_seen: usize,
    /// The first row of this block.
    anchor: [f64; I],
    /// The rows of this block so far, then those of the block before.
    rows: Vec<[f64; I]>,
    /// `ends[i]` sums the rows `i..` of the block before; the last is of none.
    ends: Vec<[f64; K]>,
    /// The rows of this block so far.
    beginning: [f64; K],
    /// Whether nothing is missing in this block so far, and in the one before. Kept where [`Terms::LOOKS`].
    is_present: [bool; 2],
    /// The ends of blocks side by side.
    side: Vec<[[f64; LANES]; K]>,
    /// The values of their windows.
    values: Vec<[[f64; LANES]; O]>,
}

/// The rows that the ends of the next block will be made of, and the ends that windows to come have in them. Where a block
/// begins, its ends are still to be made.
impl<T: Terms<I, K, O>, const I: usize, const K: usize, const O: usize> Keep for WindowFold<T, I, K, O> {
    fn keep(&mut self, tape: &mut Tape<'_>) {
        let Self {
            terms: _,
            period,
            pos,
            start,
            n_seen,
            anchor,
            rows,
            ends,
            beginning,
            is_present,
            side: _,
            values: _,
        } = self;
        tape.count(pos, *period - 1);
        tape.count(start, if *pos == 0 { *period - 1 } else { *pos });
        tape.count(n_seen, *period);
        anchor.keep(tape);
        beginning.keep(tape);
        is_present.keep(tape);
        if *pos > 0 {
            // Where the start was refused it may lie beyond.
            rows.get_mut(*start..*pos).unwrap_or_default().keep(tape);
            ends[*pos + 1..].keep(tape);
        } else if *n_seen > 0 {
            rows[*start..].keep(tape);
        }
    }
}

impl<T: Terms<I, K, O>, const I: usize, const K: usize, const O: usize> WindowFold<T, I, K, O> {
    /// No rows yet; the first to come is row `first_row` of its data set. A period of 0 counts as 1.
    pub fn new(terms: T, period: usize, first_row: u64) -> Self {
        let period = period.max(1);
        let start = (first_row % period as u64) as usize;
        Self {
            period,
            pos: start,
            start,
            n_seen: 0,
            anchor: [0.0; I],
            rows: vec![[0.0; I]; period],
            ends: vec![terms.empty(); period + 1],
            beginning: terms.empty(),
            is_present: [true; 2],
            side: Vec::new(),
            values: Vec::new(),
            terms,
        }
    }

    /// Takes a row; NaN until there are as many as the period.
    #[inline]
    pub fn push(&mut self, row: [f64; I]) -> [f64; O] {
        let pos = self.pos;
        if pos == 0 {
            self.turn(row);
        }
        let t = time(pos);
        self.rows[pos] = row;
        if T::LOOKS {
            self.is_present[0] &= row.iter().all(|x| !x.is_nan());
        }
        self.beginning = self.terms.join(self.beginning, self.terms.terms(row, self.anchor, t));
        self.pos = if pos + 1 == self.period { 0 } else { pos + 1 };
        if self.n_seen + 1 < self.period {
            self.n_seen += 1;
            return [f64::NAN; O];
        }
        self.n_seen = self.period;
        let sums = self.terms.join(self.ends[pos + 1], self.beginning);
        self.terms.finish(sums, self.anchor, row, t)
    }

    /// A block begins with `anchor`: the ends of the one before are summed about it.
    fn turn(&mut self, anchor: [f64; I]) {
        if self.n_seen > 0 {
            if T::LOOKS && self.is_present[0] {
                self.sum_ends(anchor, T::join_present);
            } else {
                self.sum_ends(anchor, T::join);
            }
            self.start = 0;
            self.is_present = [true, self.is_present[0]];
        }
        (self.anchor, self.beginning) = (anchor, self.terms.empty());
    }

    #[inline(always)]
    fn sum_ends(&mut self, anchor: [f64; I], join: impl Fn(&T, [f64; K], [f64; K]) -> [f64; K]) {
        let mut acc = self.terms.empty();
        let rows = &self.rows[self.start..];
        for (back, (row, end)) in rows.iter().zip(&mut self.ends[self.start..self.period]).rev().enumerate() {
            acc = join(&self.terms, self.terms.terms(*row, anchor, -time(back + 1)), acc);
            *end = acc;
        }
    }

    /// Takes many rows, with the bits of one by one.
    #[inline]
    pub fn bulk(&mut self, inputs: [&[f64]; I], out: [&mut [f64]; O]) {
        let bulk = Bulk(self, inputs, out);
        if T::WIDE { wide(bulk) } else { bulk.run() }
    }

    /// Some rows of one block.
    #[inline]
    fn part(&mut self, at: usize, m: usize, inputs: [&[f64]; I], out: &mut [&mut [f64]; O]) {
        let rows = inputs.map(|x| &x[at..at + m]);
        let row = |j: usize| -> [f64; I] { std::array::from_fn(|i| rows[i][j]) };
        let pos = self.pos;
        if pos == 0 && m > 0 {
            self.turn(row(0));
        }
        if T::LOOKS {
            self.is_present[0] &= rows.iter().all(|x| is_present(x));
        }
        if T::LOOKS && self.is_present == [true; 2] {
            self.joined(m, rows, out.each_mut().map(|o| &mut o[at..at + m]), T::join_present);
        } else {
            self.joined(m, rows, out.each_mut().map(|o| &mut o[at..at + m]), T::join);
        }
    }

    #[inline(always)]
    fn joined(
        &mut self,
        m: usize,
        rows: [&[f64]; I],
        mut out: [&mut [f64]; O],
        join: impl Fn(&T, [f64; K], [f64; K]) -> [f64; K],
    ) {
        let row = |j: usize| -> [f64; I] { std::array::from_fn(|i| rows[i][j]) };
        let pos = self.pos;
        let (terms, anchor) = (&self.terms, self.anchor);
        let mut sums = [[0.0; CHUNK]; K];
        let kept = &mut self.rows[pos..pos + m];
        let ends = &self.ends[pos + 1..pos + m + 1];
        let mut beginning = self.beginning;
        for (j, (kept, end)) in kept.iter_mut().zip(ends).enumerate() {
            let row = row(j);
            *kept = row;
            beginning = join(terms, beginning, terms.terms(row, anchor, time(pos + j)));
            let joined = join(terms, *end, beginning);
            for k in 0..K {
                sums[k][j] = joined[k];
            }
        }
        self.beginning = beginning;
        let sums: [&[f64]; K] = sums.each_ref().map(|s| &s[..m]);
        finish(terms, sums, anchor, rows, pos, out.each_mut().map(|o| &mut **o));
        let waiting = (self.period - 1 - self.n_seen.min(self.period - 1)).min(m);
        out.into_iter().for_each(|o| o[..waiting].fill(f64::NAN));
        self.n_seen = (self.n_seen + m).min(self.period);
        self.pos = if pos + m == self.period { 0 } else { pos + m };
    }

    /// Many times as many whole blocks as go side by side, which follow a whole block of the same slice.
    #[inline(always)]
    fn groups(&mut self, at: usize, n: usize, inputs: [&[f64]; I], out: &mut [&mut [f64]; O]) {
        let (p, terms) = (self.period, &self.terms);
        self.side.resize(p + 1, [[0.0; LANES]; K]);
        self.values.resize(p, [[0.0; LANES]; O]);
        let (side, values) = (&mut self.side[..p + 1], &mut self.values[..p]);
        // Whether nothing is missing in the rows of the group before.
        let mut present = false;
        for group in 0..n {
            let at = at + group * LANES * p;
            let rows = inputs.map(|x| &x[at - p..at + LANES * p]);
            let out = out.each_mut().map(|o| &mut o[at..at + LANES * p]);
            let older = present || (T::LOOKS && rows.iter().all(|x| is_present(&x[..p])));
            present = T::LOOKS && rows.iter().all(|x| is_present(&x[p..]));
            if older && present {
                blocks(terms, p, rows, out, side, values, T::join_present);
            } else {
                blocks(terms, p, rows, out, side, values, T::join);
            }
        }
        let last = inputs.map(|x| &x[at + (n * LANES - 1) * p..][..p]);
        // The next row begins a block, and asks about this one.
        self.is_present[0] = present || (T::LOOKS && last.iter().all(|x| is_present(x)));
        for (k, row) in self.rows.iter_mut().enumerate() {
            *row = last.map(|x| x[k]);
        }
    }
}

/// Many rows of a fold.
struct Bulk<'a, T, const I: usize, const K: usize, const O: usize>(
    &'a mut WindowFold<T, I, K, O>,
    [&'a [f64]; I],
    [&'a mut [f64]; O],
);

impl<T: Terms<I, K, O>, const I: usize, const K: usize, const O: usize> Loops for Bulk<'_, T, I, K, O> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let Self(fold, inputs, mut out) = self;
        let n = inputs.iter().map(|x| x.len()).chain(out.iter().map(|o| o.len())).min().unwrap_or(0);
        let inputs = inputs.map(|x| &x[..n]);
        let mut at = 0;
        while at < n {
            let side_by_side = fold.pos == 0 && fold.n_seen == fold.period && fold.period * K <= MAX_LANE_SUMS;
            let groups = (n - at) / (LANES * fold.period);
            if side_by_side && at >= fold.period && groups > 0 {
                fold.groups(at, groups, inputs, &mut out);
                at += groups * LANES * fold.period;
            } else {
                let m = (fold.period - fold.pos).min(n - at).min(CHUNK);
                fold.part(at, m, inputs, &mut out);
                at += m;
            }
        }
    }
}

impl<T: Terms<I, K, O>, const I: usize, const K: usize, const O: usize> Step<I, O> for WindowFold<T, I, K, O> {
    #[inline]
    fn step(&mut self, row: [f64; I]) -> [f64; O] {
        self.push(row)
    }

    fn bulk(&mut self, inputs: [&[f64]; I], out: [&mut [f64]; O]) {
        WindowFold::bulk(self, inputs, out);
    }
}

/// As many blocks as go side by side: `rows` are theirs and those of the block before them.
#[inline(always)]
fn blocks<T: Terms<I, K, O>, const I: usize, const K: usize, const O: usize>(
    terms: &T,
    p: usize,
    rows: [&[f64]; I],
    out: [&mut [f64]; O],
    side: &mut [[[f64; LANES]; K]],
    values: &mut [[[f64; LANES]; O]],
    join: impl Fn(&T, [f64; K], [f64; K]) -> [f64; K],
) {
    let (side, values) = (&mut side[..p + 1], &mut values[..p]);
    let older: [[&[f64]; I]; LANES] = std::array::from_fn(|l| rows.map(|x| &x[l * p..][..p]));
    let newer: [[&[f64]; I]; LANES] = std::array::from_fn(|l| rows.map(|x| &x[(l + 1) * p..][..p]));
    let anchors: [[f64; I]; LANES] = newer.map(|b| b.map(|x| x[0]));
    let term = |rows: &[[&[f64]; I]; LANES], l: usize, k: usize, t: f64| {
        terms.terms(std::array::from_fn(|i| rows[l][i][k]), anchors[l], t)
    };
    // One number of each block side by side is what a vector holds.
    let turned = |x: [[f64; K]; LANES]| -> [[f64; LANES]; K] { std::array::from_fn(|j| x.map(|x| x[j])) };
    let lane = |x: &[[f64; LANES]; K], l: usize| -> [f64; K] { std::array::from_fn(|j| x[j][l]) };
    let empty = turned([terms.empty(); LANES]);
    let mut acc = empty;
    let mut t = 0.0;
    for k in (1..p).rev() {
        t -= 1.0;
        acc = turned(std::array::from_fn(|l| join(terms, term(&older, l, k, t), lane(&acc, l))));
        side[k] = acc;
    }
    (side[p], acc) = (empty, empty);
    t = -1.0;
    for k in 0..p {
        t += 1.0;
        acc = turned(std::array::from_fn(|l| join(terms, lane(&acc, l), term(&newer, l, k, t))));
        let ends = side[k + 1];
        let whole = turned(std::array::from_fn(|l| join(terms, lane(&ends, l), lane(&acc, l))));
        let finished: [[f64; O]; LANES] = std::array::from_fn(|l| {
            terms.finish(lane(&whole, l), anchors[l], std::array::from_fn(|i| newer[l][i][k]), t)
        });
        values[k] = std::array::from_fn(|o| std::array::from_fn(|l| finished[l][o]));
    }
    for (o, out) in out.into_iter().enumerate() {
        let mut pieces = out.chunks_exact_mut(p);
        let pieces: [&mut [f64]; LANES] = std::array::from_fn(|_| &mut pieces.next().unwrap_or(&mut [])[..p]);
        for k in 0..p {
            for l in 0..LANES {
                pieces[l][k] = values[k][o][l];
            }
        }
    }
}

/// The values of the windows that end with the rows from `pos` of their block on.
#[inline]
fn finish<T: Terms<I, K, O>, const I: usize, const K: usize, const O: usize>(
    terms: &T,
    sums: [&[f64]; K],
    anchor: [f64; I],
    rows: [&[f64]; I],
    pos: usize,
    mut out: [&mut [f64]; O],
) {
    let n = rows.iter().map(|r| r.len()).min().unwrap_or(0);
    let (sums, rows) = (sums.map(|s| &s[..n]), rows.map(|r| &r[..n]));
    let mut out = out.each_mut().map(|o| &mut o[..n]);
    for k in 0..n {
        let (sums, row) = (sums.map(|s| s[k]), rows.map(|r| r[k]));
        let values = terms.finish(sums, anchor, row, time(pos + k));
        for (o, value) in out.iter_mut().zip(values) {
            o[k] = value;
        }
    }
}

/// Whether no value is NaN.
#[inline(always)]
fn is_present(x: &[f64]) -> bool {
    // No way out half-way, so that it is a loop of vectors.
    !x.iter().fold(false, |missing, v| missing | v.is_nan())
}

/// A place in a block as a number. Periods fit, and 32 bits become a number in one instruction.
#[inline]
fn time(k: usize) -> f64 {
    f64::from(k as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Sum, time-weighted sum and largest, with the row's own place.
    #[derive(Debug, Clone)]
    struct Probe;

    impl Terms<1, 3, 4> for Probe {
        fn terms(&self, [x]: [f64; 1], [anchor]: [f64; 1], t: f64) -> [f64; 3] {
            [x - anchor, (x - anchor) * t, x]
        }

        fn empty(&self) -> [f64; 3] {
            [0.0, 0.0, f64::NEG_INFINITY]
        }

        fn join(&self, older: [f64; 3], newer: [f64; 3]) -> [f64; 3] {
            [older[0] + newer[0], older[1] + newer[1], older[2].max(newer[2])]
        }

        fn finish(&self, fold: [f64; 3], [anchor]: [f64; 1], [x]: [f64; 1], t: f64) -> [f64; 4] {
            [fold[0], fold[1] - (t + 1.0) * fold[0], fold[2], x - anchor]
        }
    }

    fn bits(out: &[Vec<f64>; 4]) -> Vec<Option<u64>> {
        out.iter().flatten().map(|v| (!v.is_nan()).then_some(v.to_bits())).collect()
    }

    fn pushed(x: &[f64], period: usize, first_row: u64) -> [Vec<f64>; 4] {
        let mut fold = WindowFold::new(Probe, period, first_row);
        let rows: Vec<[f64; 4]> = x.iter().map(|&x| fold.push([x])).collect();
        std::array::from_fn(|o| rows.iter().map(|r| r[o]).collect())
    }

    proptest! {
        #[test]
        fn every_cut_gives_the_same_bits_and_a_slice_those_of_the_whole(
            x in prop::collection::vec(-1e3..1e3f64, 0..300),
            period in prop_oneof![1usize..12, 100usize..200],
            cuts in prop::collection::vec(0usize..300, 0..3),
            first_row in 0u64..40,
        ) {
            let whole = pushed(&x, period, first_row);
            let mut fold = WindowFold::new(Probe, period, first_row);
            let mut got: [Vec<f64>; 4] = std::array::from_fn(|_| vec![0.0; x.len()]);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(x.len())).chain([0, x.len()]).collect();
            cuts.sort_unstable();
            for w in cuts.windows(2) {
                fold.bulk([&x[w[0]..w[1]]], got.each_mut().map(|o| &mut o[w[0]..w[1]]));
            }
            prop_assert_eq!(bits(&got), bits(&whole));
            let cut = cuts[1];
            let slice = pushed(&x[cut..], period, first_row + cut as u64);
            for i in (period - 1).min(slice[0].len())..slice[0].len() {
                for o in 0..4 {
                    prop_assert_eq!(slice[o][i].to_bits(), whole[o][cut + i].to_bits());
                }
            }
        }

        #[test]
        fn a_window_is_the_fold_of_its_rows(x in prop::collection::vec(-100i32..100, 1..90), period in 1usize..20) {
            let x: Vec<f64> = x.into_iter().map(f64::from).collect();
            let got = pushed(&x, period, 0);
            for i in 0..x.len() {
                if i + 1 < period {
                    prop_assert!(got.iter().all(|o| o[i].is_nan()));
                    continue;
                }
                let (w, anchor) = (&x[i + 1 - period..=i], x[i - i % period]);
                let by_age = w.iter().rev().enumerate().map(|(age, x)| -(age as f64 + 1.0) * (x - anchor));
                let want = [w.iter().map(|x| x - anchor).sum(), by_age.sum(), w.iter().copied().fold(-1e9, f64::max)];
                prop_assert_eq!([got[0][i], got[1][i], got[2][i]], want);
            }
        }
    }
}
