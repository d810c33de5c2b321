//! Windows folded from two sides, without subtraction.
//!
//! Rows are cut into blocks as long as the window, counted from the first row of the data set. A window then lies in at
//! most two blocks: it is the end of the older one joined with the beginning of the newer one. Ends are folded backwards
//! once a block is complete, beginnings forwards as rows come in. Nothing is ever taken away again, so a value that has
//! left the window leaves no trace, be it 1e300 or NaN, and the bits of a window depend on its values and on row numbers
//! alone: a slice, a block and a live row give the same. The method is van Herk's and Gil and Werman's (1992, 1993) for
//! minima, used for any fold.

use std::fmt::Debug;

use super::{Keep, Tape};

/// How the rows of a part of a window are folded into one value.
pub trait Fold: Clone + Debug + Send + Sync + 'static {
    /// A row.
    type Item: Keep + Copy + Debug + Default + Send + Sync;
    /// What a part of a window comes to.
    type Acc: Keep + Copy + Debug + Default + Send + Sync;

    /// A part of one row. It stays in every window that the part is in, so it may serve as a local origin.
    fn first(&self, x: Self::Item) -> Self::Acc;

    /// The part with one newer row.
    fn append(&self, acc: Self::Acc, x: Self::Item) -> Self::Acc;

    /// The part with one older row.
    fn prepend(&self, x: Self::Item, acc: Self::Acc) -> Self::Acc;

    /// Two parts that follow each other.
    fn join(&self, older: Self::Acc, newer: Self::Acc) -> Self::Acc;
}

/// The fold of the last `period` rows.
#[derive(Debug, Clone)]
pub struct TwoSided<F: Fold> {
    fold: F,
    period: usize,
    /// Where in its block the next row stands.
    pos: usize,
    /// Where in its block the first row stood, while that block lasts; 0 in all later ones.
    start: usize,
    /// How many rows there have been, up to the period.
    n_seen: usize,
    /// The rows of this block.
    block: Vec<F::Item>,
    /// `ends[i]` folds rows `i..` of the block before.
    ends: Vec<F::Acc>,
    /// The ends of this block, while they are made.
    next_ends: Vec<F::Acc>,
    /// The rows of this block so far.
    beginning: F::Acc,
}

/// The rows of this block so far, and the ends of the one before that windows to come have in them.
impl<F: Fold> Keep for TwoSided<F> {
    fn keep(&mut self, tape: &mut Tape<'_>) {
        let Self { fold: _, period, pos, start, n_seen, block, ends, next_ends: _, beginning } = self;
        tape.count(pos, *period - 1);
        tape.count(start, *pos);
        tape.count(n_seen, *period);
        beginning.keep(tape);
        // Where the start was refused it may lie beyond.
        block.get_mut(*start..*pos).unwrap_or_default().keep(tape);
        ends[*pos + 1..].keep(tape);
    }
}

impl<F: Fold> TwoSided<F> {
    /// No rows yet; the first to come is row `first_row` of its data set. A period of 0 counts as 1.
    pub fn new(fold: F, period: usize, first_row: u64) -> Self {
        let period = period.max(1);
        let start = (first_row % period as u64) as usize;
        Self {
            fold,
            period,
            pos: start,
            start,
            n_seen: 0,
            block: vec![F::Item::default(); period],
            ends: vec![F::Acc::default(); period],
            next_ends: vec![F::Acc::default(); period],
            beginning: F::Acc::default(),
        }
    }

    /// The length of the window.
    pub fn period(&self) -> usize {
        self.period
    }

    /// Takes a row. The fold of the last `period` rows comes back once there are so many.
    #[inline]
    pub fn push(&mut self, x: F::Item) -> Option<F::Acc> {
        let pos = self.pos;
        self.block[pos] = x;
        self.beginning = if pos == self.start { self.fold.first(x) } else { self.fold.append(self.beginning, x) };
        self.n_seen += usize::from(self.n_seen < self.period);
        if pos + 1 == self.period {
            let whole = self.start == 0;
            self.turn();
            return whole.then_some(self.beginning);
        }
        self.pos = pos + 1;
        (self.n_seen == self.period).then(|| self.fold.join(self.ends[pos + 1], self.beginning))
    }

    /// The block is complete: folds its ends and begins the next one.
    fn turn(&mut self) {
        let last = self.period - 1;
        let mut acc = self.fold.first(self.block[last]);
        self.ends[last] = acc;
        for i in (self.start..last).rev() {
            acc = self.fold.prepend(self.block[i], acc);
            self.ends[i] = acc;
        }
        (self.pos, self.start) = (0, 0);
    }

    /// Takes the rows `get(0..n)`; `emit` is told each row's number and its window's fold, once there is one.
    #[inline]
    pub fn bulk(&mut self, n: usize, get: impl Fn(usize) -> F::Item, mut emit: impl FnMut(usize, Option<F::Acc>)) {
        let mut i = 0;
        while i < n {
            if self.pos == 0 && self.n_seen == self.period && n - i >= self.period {
                self.whole_block(i, &get, &mut emit);
                i += self.period;
            } else {
                let acc = self.push(get(i));
                emit(i, acc);
                i += 1;
            }
        }
    }

    /// A whole block at once: its beginnings and its ends in one loop, two chains of work that do not wait for each other.
    #[inline]
    fn whole_block(
        &mut self,
        at: usize,
        get: &impl Fn(usize) -> F::Item,
        emit: &mut impl FnMut(usize, Option<F::Acc>),
    ) {
        let (period, fold) = (self.period, &self.fold);
        let (ends, next_ends) = (&self.ends[..period], &mut self.next_ends[..period]);
        let mut beginning = fold.first(get(at));
        let mut end = fold.first(get(at + period - 1));
        next_ends[period - 1] = end;
        if period > 1 {
            emit(at, Some(fold.join(ends[1], beginning)));
        }
        for k in 1..period {
            beginning = fold.append(beginning, get(at + k));
            end = fold.prepend(get(at + period - 1 - k), end);
            next_ends[period - 1 - k] = end;
            if k + 1 < period {
                emit(at + k, Some(fold.join(ends[k + 1], beginning)));
            }
        }
        emit(at + period - 1, Some(beginning));
        self.beginning = beginning;
        std::mem::swap(&mut self.ends, &mut self.next_ends);
    }
}

/// The plain sum.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sum;

impl Fold for Sum {
    type Item = f64;
    type Acc = f64;

    #[inline]
    fn first(&self, x: f64) -> f64 {
        x
    }

    #[inline]
    fn append(&self, acc: f64, x: f64) -> f64 {
        acc + x
    }

    #[inline]
    fn prepend(&self, x: f64, acc: f64) -> f64 {
        x + acc
    }

    #[inline]
    fn join(&self, older: f64, newer: f64) -> f64 {
        older + newer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pushed(x: &[f64], period: usize, first_row: u64) -> Vec<Option<f64>> {
        let mut sum = TwoSided::new(Sum, period, first_row);
        x.iter().map(|&x| sum.push(x)).collect()
    }

    #[test]
    fn a_window_is_the_sum_of_its_rows_and_forgets_what_has_left() {
        let x = [1.0, 2.0, 4.0, 1e300, f64::NAN, 8.0, 16.0, 32.0, 64.0];
        for first_row in 0..5 {
            let got = pushed(&x, 3, first_row);
            assert_eq!(got[..3], [None, None, Some(7.0)], "{first_row}");
            assert_eq!(got[7..], [Some(56.0), Some(112.0)], "{first_row}");
            assert!(got[4..7].iter().all(|s| s.unwrap().is_nan()), "{first_row}");
        }
        assert_eq!(pushed(&[3.0, 5.0], 1, 7), [Some(3.0), Some(5.0)]);
    }

    proptest! {
        #[test]
        fn every_cut_gives_the_same_bits_and_a_slice_those_of_the_whole(
            x in prop::collection::vec(-1e3..1e3f64, 0..80), period in 1usize..12, cut in 0usize..80, first_row in 0u64..40,
        ) {
            let whole = pushed(&x, period, first_row);
            let cut = cut.min(x.len());
            let mut sum = TwoSided::new(Sum, period, first_row);
            let mut got = vec![None; x.len()];
            sum.bulk(cut, |i| x[i], |i, s| got[i] = s);
            sum.bulk(x.len() - cut, |i| x[cut + i], |i, s| got[cut + i] = s);
            prop_assert_eq!(&got, &whole);
            let slice = pushed(&x[cut..], period, first_row + cut as u64);
            for (i, s) in slice.iter().enumerate().filter(|(_, s)| s.is_some()) {
                prop_assert_eq!(s, &whole[cut + i]);
            }
        }
    }
}
