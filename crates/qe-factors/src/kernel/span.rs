//! The last so many values as one slice.

use super::{Keep, Tape};

/// The last `period` values, oldest first and side by side, for what must look at all of them anyway.
#[derive(Debug, Clone)]
pub struct Span {
    /// Every value stands here twice, a period apart, so that some whole window never wraps around.
    twice: Vec<f64>,
    period: usize,
    next: usize,
    n_seen: usize,
}

/// Oldest first, wherever that one stands.
impl Keep for Span {
    fn keep(&mut self, tape: &mut Tape<'_>) {
        let Self { twice, period, next, n_seen } = self;
        let first = if n_seen == period { *next } else { 0 };
        twice.copy_within(first..first + *n_seen, 0);
        tape.count(n_seen, *period);
        twice[..*n_seen].keep(tape);
        twice.copy_within(..*n_seen, *period);
        *next = *n_seen % *period;
    }
}

impl Span {
    /// No values yet. A period of 0 counts as 1.
    pub fn new(period: usize) -> Self {
        let period = period.max(1);
        Self { twice: vec![0.0; 2 * period], period, next: 0, n_seen: 0 }
    }

    /// Puts a value in; the window comes back once it is full.
    #[inline]
    pub fn push(&mut self, x: f64) -> Option<&[f64]> {
        let at = self.next;
        self.twice[at] = x;
        self.twice[at + self.period] = x;
        self.next = if at + 1 == self.period { 0 } else { at + 1 };
        self.n_seen += usize::from(self.n_seen < self.period);
        (self.n_seen == self.period).then(|| &self.twice[at + 1..at + 1 + self.period])
    }

    /// Takes many values; `emit` is told each one's number and the window that it ends, once that is full. Windows
    /// that lie in `x` are looked at there, without a copy.
    #[inline]
    pub fn bulk(&mut self, x: &[f64], mut emit: impl FnMut(usize, Option<&[f64]>)) {
        let head = x.len().min(self.period - 1);
        for (i, &v) in x[..head].iter().enumerate() {
            emit(i, self.push(v));
        }
        for (k, w) in x.windows(self.period).enumerate() {
            emit(head + k, Some(w));
        }
        for &v in &x[head.max(x.len().saturating_sub(self.period))..] {
            self.push(v);
        }
    }
}

/// The sum of `f(i, w[i])`, four sums side by side: the order depends on places in the window alone.
#[inline]
pub fn sum_by_fours(w: &[f64], f: impl Fn(usize, f64) -> f64) -> f64 {
    let mut sums = [0.0; 4];
    let (fours, rest) = w.as_chunks::<4>();
    for (i, four) in fours.iter().enumerate() {
        for k in 0..4 {
            sums[k] += f(4 * i + k, four[k]);
        }
    }
    for (k, &x) in rest.iter().enumerate() {
        sums[k] += f(4 * fours.len() + k, x);
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_in_order_and_comes_when_it_is_full() {
        let mut span = Span::new(3);
        assert!(span.push(1.0).is_none() && span.push(2.0).is_none());
        for x in 3..20 {
            let x = f64::from(x);
            assert_eq!(span.push(x).unwrap(), [x - 2.0, x - 1.0, x]);
        }
        assert_eq!(Span::new(0).push(7.0).unwrap(), [7.0]);
    }

    #[test]
    fn every_cut_gives_the_same_windows() {
        let x: Vec<f64> = (0..40).map(f64::from).collect();
        for (period, cut) in [(1, 0), (1, 7), (5, 2), (5, 4), (5, 23), (30, 10), (30, 33)] {
            let (mut span, mut n) = (Span::new(period), 0);
            for (from, part) in [(0, &x[..cut]), (cut, &x[cut..])] {
                span.bulk(part, |i, w| {
                    let end = from + i + 1;
                    assert_eq!(w, end.checked_sub(period).map(|first| &x[first..end]), "{period} {cut} {i}");
                    n += 1;
                });
            }
            assert_eq!(n, 40);
        }
    }

    #[test]
    fn sums_by_fours_are_sums() {
        let x: Vec<f64> = (0..11).map(f64::from).collect();
        for n in 0..11 {
            assert_eq!(sum_by_fours(&x[..n], |i, x| x * i as f64), (0..n).map(|i| (i * i) as f64).sum::<f64>());
        }
    }
}
