//! The lowest and the highest value of a window.

use super::{Fold, higher_present, lower_present};

/// Folds the lowest and the highest value. A missing one makes the widest interval, from minus to plus infinity, which
/// no other value can narrow: the difference of the two is finite where, and only where, no value is missing or
/// infinite.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extremes;

impl Fold for Extremes {
    type Item = f64;
    type Acc = (f64, f64);

    #[inline]
    fn first(&self, x: f64) -> (f64, f64) {
        if x.is_nan() { (f64::NEG_INFINITY, f64::INFINITY) } else { (x, x) }
    }

    #[inline]
    fn append(&self, acc: (f64, f64), x: f64) -> (f64, f64) {
        self.join(acc, self.first(x))
    }

    #[inline]
    fn prepend(&self, x: f64, acc: (f64, f64)) -> (f64, f64) {
        self.join(self.first(x), acc)
    }

    #[inline]
    fn join(&self, older: (f64, f64), newer: (f64, f64)) -> (f64, f64) {
        (lower_present(older.0, newer.0), higher_present(older.1, newer.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::TwoSided;

    #[test]
    fn they_are_the_ends_and_a_missing_value_is_seen_until_it_leaves() {
        let mut window = TwoSided::new(Extremes, 2, 0);
        let got = [3.0, 1.0, f64::NAN, 2.0, 5.0].map(|x| window.push(x).map(|(low, high)| (low, high - low)));
        assert_eq!((got[1], got[4]), (Some((1.0, 2.0)), Some((2.0, 3.0))));
        assert!(got[2..4].iter().all(|g| g.unwrap().1 == f64::INFINITY));
    }
}
