//! The last so many values in order of size.

use super::{Keep, Ring, Tape};

/// The last `period` values, sorted. A value that comes in moves those between its place and the place of the one that
/// leaves; the search for either is by halves.
#[derive(Debug, Clone)]
pub struct Sorted {
    by_age: Ring,
    sorted: Vec<f64>,
    n_missing: usize,
}

/// Their order is made again.
impl Keep for Sorted {
    fn keep(&mut self, tape: &mut Tape<'_>) {
        let Self { by_age, sorted, n_missing } = self;
        by_age.keep(tape);
        if tape.is_played() {
            sorted.clear();
            sorted.extend(by_age.iter().filter(|x| !x.is_nan()));
            sorted.sort_unstable_by(f64::total_cmp);
            *n_missing = by_age.len() - sorted.len();
        }
    }
}

impl Sorted {
    /// No values yet. A period of 0 counts as 1.
    pub fn new(period: usize) -> Self {
        let period = period.max(1);
        Self { by_age: Ring::new(period), sorted: Vec::with_capacity(period), n_missing: 0 }
    }

    /// Puts a value in; the window, lowest first, comes back once it is full and while nothing in it is missing.
    #[inline]
    pub fn push(&mut self, x: f64) -> Option<&[f64]> {
        // Of the two zeros one, so that it does not matter which of them is taken out.
        let x = x + 0.0;
        match self.by_age.push(x) {
            Some(old) if !old.is_nan() && !x.is_nan() => self.replace(old, x),
            Some(old) => {
                self.take_out(old);
                self.put_in(x);
            }
            None => self.put_in(x),
        }
        (self.n_missing == 0 && self.by_age.is_full()).then_some(self.sorted.as_slice())
    }

    fn replace(&mut self, old: f64, x: f64) {
        let from = below(&self.sorted, old);
        let to = below(&self.sorted, x);
        if to > from {
            // The place of the old one is free below.
            self.sorted.copy_within(from + 1..to, from);
            self.sorted[to - 1] = x;
        } else {
            self.sorted.copy_within(to..from, to + 1);
            self.sorted[to] = x;
        }
    }

    fn take_out(&mut self, old: f64) {
        if old.is_nan() {
            self.n_missing -= 1;
        } else {
            self.sorted.remove(below(&self.sorted, old));
        }
    }

    fn put_in(&mut self, x: f64) {
        if x.is_nan() {
            self.n_missing += 1;
        } else {
            self.sorted.insert(below(&self.sorted, x), x);
        }
    }
}

/// Up to how many values looking at all of them is faster than halving, whose every step is a guess.
const FEW: usize = 128;

/// How many of the sorted values are lower than `x`.
#[inline]
pub fn below(sorted: &[f64], x: f64) -> usize {
    if sorted.len() <= FEW { count(sorted, |v| v < x) } else { sorted.partition_point(|v| *v < x) }
}

/// How many of the sorted values are lower than `x` or equal to it.
#[inline]
pub fn up_to(sorted: &[f64], x: f64) -> usize {
    if sorted.len() <= FEW { count(sorted, |v| v <= x) } else { sorted.partition_point(|v| *v <= x) }
}

#[inline]
fn count(values: &[f64], is: impl Fn(f64) -> bool) -> usize {
    // Counted in 64 bits, as wide as a comparison of numbers comes out.
    values.iter().map(|v| u64::from(is(*v))).sum::<u64>() as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn few_are_counted_and_many_are_halved() {
        for n in [5, 100, 300] {
            let x: Vec<f64> = (0..n).map(|i| f64::from(i / 2)).collect();
            assert_eq!((below(&x, 1.0), up_to(&x, 1.0), below(&x, 1.5), up_to(&x, 1e9)), (2, 4, 4, x.len()));
        }
    }

    proptest! {
        #[test]
        fn it_is_the_window_sorted(x in prop::collection::vec(-9i32..9, 0..90), period in 1usize..9) {
            let x: Vec<f64> = x.into_iter().map(|v| if v == 8 { f64::NAN } else { f64::from(v) }).collect();
            let mut sorted = Sorted::new(period);
            for i in 0..x.len() {
                let got = sorted.push(x[i]);
                let mut want = x[(i + 1).saturating_sub(period)..=i].to_vec();
                want.sort_by(f64::total_cmp);
                let whole = want.len() == period && want.iter().all(|v| !v.is_nan());
                prop_assert_eq!(got, whole.then_some(want.as_slice()));
            }
        }
    }
}
