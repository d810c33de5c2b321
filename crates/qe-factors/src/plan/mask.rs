//! Three-valued conditions as two bitmaps: where it is true, and where it is false. Where neither is set it is unknown.
//!
//! A comparison with a missing number sets neither bit, and Kleene's `and`, `or` and `not` are plain word operations.

use qe_core::compare::{Side, Test, compare};

use super::machine::View;
use super::scalar::Cmp;

/// A condition, 64 rows a word. Bits beyond the last row are unset.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mask {
    yes: Vec<u64>,
    no: Vec<u64>,
    len: usize,
}

impl Mask {
    /// No rows.
    pub(crate) const EMPTY: Self = Self { yes: Vec::new(), no: Vec::new(), len: 0 };

    /// All unknown.
    pub fn unknown(len: usize) -> Self {
        let n = len.div_ceil(64);
        Self { yes: vec![0; n], no: vec![0; n], len }
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Where it is true, 64 rows a word.
    pub fn yes(&self) -> &[u64] {
        &self.yes
    }

    /// Where it is false, 64 rows a word.
    pub fn no(&self) -> &[u64] {
        &self.no
    }

    /// What it is in a row; `None` where it is unknown, and beyond the end.
    pub fn get(&self, row: usize) -> Option<bool> {
        if row >= self.len {
            return None;
        }
        let bit = 1u64 << (row % 64);
        if self.yes[row / 64] & bit != 0 {
            return Some(true);
        }
        (self.no[row / 64] & bit != 0).then_some(false)
    }

    /// In how many rows it is true.
    pub fn count_true(&self) -> usize {
        self.yes.iter().map(|w| w.count_ones() as usize).sum()
    }

    /// The rows in which it is true, ascending.
    pub fn trues(&self) -> impl Iterator<Item = usize> + '_ {
        self.yes.iter().enumerate().flat_map(|(i, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros() as usize)?;
                rest &= rest - 1;
                Some(64 * i + bit)
            })
        })
    }

    /// Makes it this long, all unknown.
    pub(crate) fn reset(&mut self, len: usize) {
        let n = len.div_ceil(64);
        self.len = len;
        if self.yes.len() == n {
            self.yes.fill(0);
            self.no.fill(0);
            return;
        }
        self.yes.clear();
        self.yes.resize(n, 0);
        self.no.clear();
        self.no.resize(n, 0);
    }

    /// Fills it from a function of the row that says whether it holds, and whether it fails.
    #[inline]
    pub(crate) fn fill(&mut self, len: usize, f: impl Fn(usize) -> (bool, bool)) {
        self.reset(len);
        for (i, (yes, no)) in self.yes.iter_mut().zip(&mut self.no).enumerate() {
            let (mut y, mut n) = (0u64, 0u64);
            for j in 0..(len - 64 * i).min(64) {
                let (holds, fails) = f(64 * i + j);
                y |= u64::from(holds) << j;
                n |= u64::from(fails) << j;
            }
            (*yes, *no) = (y, n);
        }
    }

    /// A comparison of two numbers per row.
    pub(crate) fn compare(&mut self, op: Cmp, a: View<'_>, b: View<'_>, len: usize) {
        self.len = len;
        let n = len.div_ceil(64);
        self.yes.resize(n, 0);
        self.no.resize(n, 0);
        let side = |view| match view {
            View::Many(x) => Side::Many(x),
            View::One(x) => Side::One(x),
        };
        let (yes, no) = (&mut self.yes, &mut self.no);
        let (test, yes, no) = match op {
            Cmp::Lt => (Test::Less, yes, no),
            Cmp::Le => (Test::AtMost, yes, no),
            Cmp::Eq => (Test::Equal, yes, no),
            Cmp::Ne => (Test::Equal, no, yes),
        };
        compare(test, side(a), side(b), len, yes, no);
    }

    /// `not a`
    pub(crate) fn not(&mut self, a: &Self) {
        self.len = a.len;
        self.yes.clone_from(&a.no);
        self.no.clone_from(&a.yes);
    }

    /// `a and b`
    pub(crate) fn and(&mut self, a: &Self, b: &Self) {
        self.len = a.len;
        self.yes.clear();
        self.yes.extend(a.yes.iter().zip(&b.yes).map(|(a, b)| a & b));
        self.no.clear();
        self.no.extend(a.no.iter().zip(&b.no).map(|(a, b)| a | b));
    }

    /// `a or b`
    pub(crate) fn or(&mut self, a: &Self, b: &Self) {
        self.len = a.len;
        self.yes.clear();
        self.yes.extend(a.yes.iter().zip(&b.yes).map(|(a, b)| a | b));
        self.no.clear();
        self.no.extend(a.no.iter().zip(&b.no).map(|(a, b)| a & b));
    }

    /// `if(c, a, b)`: unknown where `c` is.
    pub(crate) fn choose(&mut self, c: &Self, a: &Self, b: &Self) {
        self.len = c.len;
        let pick = |(i, (y, n)): (usize, (&u64, &u64)), a: &[u64], b: &[u64]| (y & a[i]) | (n & b[i]);
        self.yes.clear();
        self.yes.extend(c.yes.iter().zip(&c.no).enumerate().map(|row| pick(row, &a.yes, &b.yes)));
        self.no.clear();
        self.no.extend(c.yes.iter().zip(&c.no).enumerate().map(|row| pick(row, &a.no, &b.no)));
    }

    /// Writes the rows of `part` from row `at` on, which is a multiple of 64.
    pub(crate) fn put(&mut self, at: usize, part: &Self) {
        let words = at / 64..at / 64 + part.yes.len();
        self.yes[words.clone()].copy_from_slice(&part.yes);
        self.no[words].copy_from_slice(&part.no);
    }

    /// As numbers: 1, 0, and NaN for unknown.
    pub fn to_numbers(&self, out: &mut [f64]) {
        for (i, o) in out[..self.len].iter_mut().enumerate() {
            let bit = |w: &[u64]| w[i / 64] >> (i % 64) & 1 == 1;
            *o = if bit(&self.yes) {
                1.0
            } else if bit(&self.no) {
                0.0
            } else {
                f64::NAN
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: [Option<bool>; 3] = [Some(true), Some(false), None];

    fn mask(values: &[Option<bool>]) -> Mask {
        let mut m = Mask::default();
        m.fill(values.len(), |i| (values[i] == Some(true), values[i] == Some(false)));
        m
    }

    #[test]
    fn connectives_are_kleenes() {
        let (a, b): (Vec<_>, Vec<_>) = VALUES.iter().flat_map(|a| VALUES.map(|b| (*a, b))).unzip();
        let (ma, mb, mut out) = (mask(&a), mask(&b), Mask::default());
        out.and(&ma, &mb);
        let (t, f, u) = (Some(true), Some(false), None);
        assert_eq!((0..9).map(|i| out.get(i)).collect::<Vec<_>>(), [t, f, u, f, f, f, u, f, u]);
        out.or(&ma, &mb);
        assert_eq!((0..9).map(|i| out.get(i)).collect::<Vec<_>>(), [t, t, t, t, f, u, t, u, u]);
        out.not(&ma);
        assert_eq!((0..9).map(|i| out.get(i)).collect::<Vec<_>>(), [f, f, f, t, t, t, u, u, u]);
        out.choose(&ma, &mb, &mask(&[f; 9]));
        assert_eq!((0..9).map(|i| out.get(i)).collect::<Vec<_>>(), [t, f, u, f, f, f, u, u, u]);
    }

    #[test]
    fn rows_that_are_true_are_found_over_word_borders() {
        let values: Vec<Option<bool>> = (0..200).map(|i| [t3(i), None][usize::from(i % 7 == 0)]).collect();
        let m = mask(&values);
        let want: Vec<usize> = (0..200).filter(|&i| values[i] == Some(true)).collect();
        assert_eq!(m.trues().collect::<Vec<_>>(), want);
        assert_eq!((m.count_true(), m.get(200)), (want.len(), None));
        let mut numbers = vec![0.0; 200];
        m.to_numbers(&mut numbers);
        assert!((0..200).all(|i| match values[i] {
            Some(v) => numbers[i] == f64::from(u8::from(v)),
            None => numbers[i].is_nan(),
        }));
    }

    fn t3(i: usize) -> Option<bool> {
        Some(i.is_multiple_of(3))
    }
}
