//! Operations across the symbols of a panel, at one time.
//!
//! A symbol whose value is missing takes no part: it is neither ranked nor counted, and stays missing. Sums run in the
//! order of the symbols, so the number of threads changes nothing.

use std::sync::Arc;

use super::rank::Ranker;

/// An operation across symbols.
#[derive(Debug, Clone, PartialEq)]
pub enum Cross {
    /// Less the mean.
    Demean,
    /// Less the mean of the symbols with the same label in a grouping.
    Neutralize(Arc<str>),
    /// The mean rank over how many there are: from above 0 to 1, equal values alike.
    Rank,
    /// Scaled so that absolute values add up to this.
    Scale(f64),
    /// Less the mean, over the sample deviation.
    Zscore,
}

/// The labels of a grouping as numbers: for each symbol the number of its group, and how many groups there are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Groups {
    of: Vec<u32>,
    n: usize,
}

impl Groups {
    pub(crate) fn new(labels: &[String]) -> Self {
        let mut names: Vec<&String> = labels.iter().collect();
        names.sort();
        names.dedup();
        let of = labels.iter().map(|l| names.binary_search(&l).unwrap_or(0) as u32).collect();
        Self { of, n: names.len() }
    }
}

/// Scratch memory of operations across symbols.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    ranker: Ranker,
    means: Vec<Mean>,
}

impl Scratch {
    /// Enough for so many symbols.
    pub(crate) fn with_capacity(n_symbols: usize) -> Self {
        Self { ranker: Ranker::with_capacity(n_symbols), means: Vec::with_capacity(n_symbols) }
    }
}

impl Cross {
    /// Works on the values of all symbols at one time, in place.
    pub(crate) fn apply(&self, x: &mut [f64], groups: Option<&Groups>, scratch: &mut Scratch) {
        match self {
            Self::Demean => {
                let mean = mean(x);
                x.iter_mut().for_each(|v| *v -= mean);
            }
            Self::Neutralize(_) => {
                let Some(groups) = groups else { return x.fill(f64::NAN) };
                neutralize(x, groups, &mut scratch.means);
            }
            Self::Rank => scratch.ranker.rank(x),
            Self::Scale(to) => {
                let size: f64 = present(x).map(f64::abs).fold(0.0, |a, b| a + b);
                let by = if size > 0.0 { to / size } else { f64::NAN };
                x.iter_mut().for_each(|v| *v *= by);
            }
            Self::Zscore => {
                let mean = mean(x);
                let n = present(x).count() as f64;
                let squares = present(x).map(|v| (v - mean) * (v - mean)).fold(0.0, |a, b| a + b);
                let deviation = (squares / (n - 1.0)).sqrt();
                // Nothing to tell apart: missing rather than infinite.
                let deviation = if deviation > 0.0 { deviation } else { f64::NAN };
                x.iter_mut().for_each(|v| *v = (*v - mean) / deviation);
            }
        }
    }
}

fn present(x: &[f64]) -> impl Iterator<Item = f64> + '_ {
    x.iter().copied().filter(|v| !v.is_nan())
}

/// The mean of values that come one by one. That of equal ones is the value itself: their sum over their number may be another
/// by its last digit, and a symbol would differ from others that it equals.
#[derive(Debug, Clone, Copy)]
struct Mean {
    sum: f64,
    n: f64,
    least: f64,
    greatest: f64,
}

impl Mean {
    const NONE: Self = Self { sum: 0.0, n: 0.0, least: f64::INFINITY, greatest: f64::NEG_INFINITY };

    fn take(&mut self, v: f64) {
        (self.sum, self.n) = (self.sum + v, self.n + 1.0);
        (self.least, self.greatest) = (self.least.min(v), self.greatest.max(v));
    }

    fn value(self) -> f64 {
        if self.least == self.greatest { self.least } else { self.sum / self.n }
    }
}

fn mean(x: &[f64]) -> f64 {
    let mut mean = Mean::NONE;
    present(x).for_each(|v| mean.take(v));
    mean.value()
}

fn neutralize(x: &mut [f64], groups: &Groups, means: &mut Vec<Mean>) {
    means.clear();
    means.resize(groups.n, Mean::NONE);
    for (v, &g) in x.iter().zip(&groups.of).filter(|(v, _)| !v.is_nan()) {
        means[g as usize].take(*v);
    }
    for (v, &g) in x.iter_mut().zip(&groups.of) {
        *v -= means[g as usize].value();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(op: &Cross, x: &[f64], groups: Option<&Groups>) -> Vec<f64> {
        let mut x = x.to_vec();
        op.apply(&mut x, groups, &mut Scratch::default());
        x
    }

    #[test]
    fn the_missing_take_no_part() {
        let x = [3.0, f64::NAN, 1.0, 3.0, -0.0, 0.0];
        let r = applied(&Cross::Rank, &x, None);
        assert!(r[1].is_nan());
        assert_eq!([r[0], r[2], r[3], r[4], r[5]], [0.9, 0.6, 0.9, 0.3, 0.3]);
        let d = applied(&Cross::Demean, &[1.0, f64::NAN, 3.0], None);
        assert!(d[0] == -1.0 && d[1].is_nan() && d[2] == 1.0);
        let s = applied(&Cross::Scale(2.0), &[-1.0, 3.0, f64::NAN], None);
        assert!(s[..2] == [-0.5, 1.5] && s[2].is_nan());
        let z = applied(&Cross::Zscore, &[1.0, 2.0, 3.0, f64::NAN], None);
        assert!(z[..3] == [-1.0, 0.0, 1.0] && z[3].is_nan());
    }

    #[test]
    fn groups_are_made_neutral_each_for_itself() {
        let labels = ["b", "a", "b", "c"].map(str::to_owned);
        let got = applied(&Cross::Neutralize("s".into()), &[1.0, 5.0, 3.0, f64::NAN], Some(&Groups::new(&labels)));
        assert!(got[..3] == [-1.0, 0.0, 1.0] && got[3].is_nan());
    }

    #[test]
    fn nothing_to_tell_apart_is_missing() {
        assert!(applied(&Cross::Zscore, &[2.0, 2.0], None).iter().all(|v| v.is_nan()));
        // Also where the sum of equal values over their number is another value.
        for (value, n) in [(0.1, 3), (0.05, 6), (0.01, 10), (0.02, 18), (-0.1, 7)] {
            let mut ties = vec![value; n];
            ties.insert(1, f64::NAN);
            assert!(applied(&Cross::Zscore, &ties, None).iter().all(|v| v.is_nan()), "{value} {n}");
            let groups = Groups::new(&vec!["a".to_owned(); n + 1]);
            for op in [Cross::Demean, Cross::Neutralize("s".into())] {
                let told = applied(&op, &ties, Some(&groups));
                assert!(told.iter().enumerate().all(|(i, v)| if i == 1 { v.is_nan() } else { *v == 0.0 }), "{told:?}");
            }
        }
        assert!(applied(&Cross::Scale(1.0), &[0.0, 0.0], None).iter().all(|v| v.is_nan()));
        assert!(applied(&Cross::Rank, &[f64::NAN], None)[0].is_nan());
    }
}
