//! Ranks, and correlations of values and of ranks.
//!
//! Ranks count from 1 in ascending order; [`Ties`] says what equal values get (`0.0` equals `-0.0`).
//! Pearson is the two-pass formula `sum(dx dy) / sqrt(sum(dx^2) sum(dy^2))`; Spearman is Pearson of average ranks;
//! Kendall is tau-b, `(concordant - discordant) / sqrt((n0 - ties_x)(n0 - ties_y))`, by Knight's merge sort in
//! O(n log n).
//!
//! NaN rule: a NaN has no rank and stays NaN. A correlation drops each pair with a NaN in it, and is `None` with
//! different lengths, fewer than two pairs, an infinity (Pearson), or when one side is constant.
//! References: W. Knight, JASA 61 (1966) 436; M. Kendall, Biometrika 33 (1945) 239.
//! Golden numbers: `ranks.csv` and `correlation.csv`, SciPy.

use serde::{Deserialize, Serialize};

use super::moments::Moments;
use super::sum::pair_sums_by;

/// What equal values get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ties {
    /// The mean of the ranks they cover.
    #[default]
    Average,
    /// The lowest of the ranks they cover.
    Min,
    /// The highest of the ranks they cover.
    Max,
    /// One rank, and the next value gets the next number.
    Dense,
    /// Different ranks, in order of position.
    Ordinal,
}

/// The ranks of `x` from 1, NaN where `x` is NaN.
pub fn ranks(x: &[f64], ties: Ties) -> Vec<f64> {
    let mut out = vec![f64::NAN; x.len()];
    let order = order_of(x);
    let (mut start, mut dense) = (0, 0);
    while start < order.len() {
        let mut end = start + 1;
        while end < order.len() && x[order[end]] == x[order[start]] {
            end += 1;
        }
        dense += 1;
        for (k, &i) in order[start..end].iter().enumerate() {
            out[i] = match ties {
                Ties::Average => (start + 1 + end) as f64 / 2.0,
                Ties::Min => (start + 1) as f64,
                Ties::Max => end as f64,
                Ties::Dense => dense as f64,
                Ties::Ordinal => (start + 1 + k) as f64,
            };
        }
        start = end;
    }
    out
}

/// Pearson's correlation.
pub fn pearson(x: &[f64], y: &[f64]) -> Option<f64> {
    let (x, y) = pairs(x, y)?;
    pearson_of(&x, &y)
}

/// Spearman's rank correlation.
pub fn spearman(x: &[f64], y: &[f64]) -> Option<f64> {
    let (x, y) = pairs(x, y)?;
    pearson_of(&ranks(&x, Ties::Average), &ranks(&y, Ties::Average))
}

/// Kendall's tau-b.
pub fn kendall(x: &[f64], y: &[f64]) -> Option<f64> {
    let (x, y) = pairs(x, y)?;
    let mut order: Vec<usize> = (0..x.len()).collect();
    order.sort_unstable_by(|&a, &b| compare(x[a], x[b]).then(compare(y[a], y[b])));
    let xs: Vec<f64> = order.iter().map(|&i| x[i]).collect();
    let mut ys: Vec<f64> = order.iter().map(|&i| y[i]).collect();
    let ties_x = tied_pairs(xs.len(), |a, b| xs[a] == xs[b]);
    let ties_both = tied_pairs(xs.len(), |a, b| xs[a] == xs[b] && ys[a] == ys[b]);
    let mut scratch = ys.clone();
    let discordant = inversions(&mut ys, &mut scratch);
    let ties_y = tied_pairs(ys.len(), |a, b| ys[a] == ys[b]);
    let n = x.len() as u128;
    let all = n * (n - 1) / 2;
    if ties_x == all || ties_y == all {
        return None;
    }
    let signed = (all + ties_both) as f64 - (ties_x + ties_y) as f64 - 2.0 * discordant as f64;
    let tau = signed / ((all - ties_x) as f64).sqrt() / ((all - ties_y) as f64).sqrt();
    Some(tau.clamp(-1.0, 1.0))
}

/// The two sides without the pairs that hold a NaN; `None` below two pairs or when the lengths differ.
fn pairs(x: &[f64], y: &[f64]) -> Option<(Vec<f64>, Vec<f64>)> {
    if x.len() != y.len() {
        return None;
    }
    let (x, y): (Vec<f64>, Vec<f64>) =
        x.iter().zip(y).filter(|(a, b)| !a.is_nan() && !b.is_nan()).map(|(a, b)| (*a, *b)).unzip();
    (x.len() >= 2).then_some((x, y))
}

/// Pearson's correlation of pairs without NaN.
fn pearson_of(x: &[f64], y: &[f64]) -> Option<f64> {
    let (mx, my) = (Moments::of(x), Moments::of(y));
    // Population skewness is defined exactly when there is a spread to divide by.
    mx.skew_population().and(my.skew_population())?;
    let [xy, xx, yy] = pair_sums_by(x, y, |a, b| {
        let (dx, dy) = (a - mx.mean, b - my.mean);
        [dx * dy, dx * dx, dy * dy]
    });
    let r = xy / (xx.sqrt() * yy.sqrt());
    r.is_finite().then(|| r.clamp(-1.0, 1.0))
}

/// The positions of the values that are not NaN, by value, equal ones by position.
fn order_of(x: &[f64]) -> Vec<usize> {
    let mut keyed: Vec<(f64, usize)> = x.iter().copied().zip(0..).filter(|(v, _)| !v.is_nan()).collect();
    keyed.sort_unstable_by(|a, b| compare(a.0, b.0).then(a.1.cmp(&b.1)));
    keyed.into_iter().map(|(_, i)| i).collect()
}

/// The order of two numbers that are not NaN, with both zeros equal.
fn compare(a: f64, b: f64) -> std::cmp::Ordering {
    a.partial_cmp(&b).unwrap_or(std::cmp::Ordering::Equal)
}

/// How many pairs are equal among `n` sorted things, where `same` compares neighbours.
fn tied_pairs(n: usize, same: impl Fn(usize, usize) -> bool) -> u128 {
    let (mut total, mut run) = (0u128, 1u128);
    for i in 1..=n {
        if i < n && same(i - 1, i) {
            run += 1;
        } else {
            total += run * (run - 1) / 2;
            run = 1;
        }
    }
    total
}

/// Sorts `v` and counts the pairs that stood in descending order.
fn inversions(v: &mut [f64], scratch: &mut [f64]) -> u128 {
    let n = v.len();
    if n < 2 {
        return 0;
    }
    let mid = n / 2;
    let mut count = inversions(&mut v[..mid], &mut scratch[..mid]) + inversions(&mut v[mid..], &mut scratch[mid..]);
    scratch.copy_from_slice(v);
    let (mut i, mut j) = (0, mid);
    for slot in v.iter_mut() {
        if j >= n || (i < mid && scratch[i] <= scratch[j]) {
            *slot = scratch[i];
            i += 1;
        } else {
            *slot = scratch[j];
            j += 1;
            count += (mid - i) as u128;
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stats::golden::{self, close};

    #[test]
    fn ranks_agree_with_scipy() {
        for row in golden::rows(include_str!("../../../../data-fixtures/golden/stats/ranks.csv")) {
            let x = row.nums("x");
            for (name, ties) in [
                ("average", Ties::Average),
                ("min", Ties::Min),
                ("max", Ties::Max),
                ("dense", Ties::Dense),
                ("ordinal", Ties::Ordinal),
            ] {
                let got = ranks(&x, ties);
                let want = row.nums(name);
                assert_eq!(got.len(), want.len());
                got.iter().zip(want).for_each(|(g, w)| close(*g, w, 0.0, &(name, &row)));
            }
        }
    }

    #[test]
    fn correlations_agree_with_scipy() {
        for row in golden::rows(include_str!("../../../../data-fixtures/golden/stats/correlation.csv")) {
            let (x, y) = (row.nums("x"), row.nums("y"));
            close(pearson(&x, &y).unwrap(), row.num("pearson"), 1e-13, &row);
            close(spearman(&x, &y).unwrap(), row.num("spearman"), 1e-13, &row);
            close(kendall(&x, &y).unwrap(), row.num("kendall"), 1e-13, &row);
        }
    }

    #[test]
    fn undefined_correlations_are_none() {
        for f in [pearson, spearman, kendall] {
            assert_eq!(f(&[], &[]), None);
            assert_eq!(f(&[1.0, 2.0], &[1.0]), None);
            assert_eq!(f(&[1.0, f64::NAN, 3.0], &[f64::NAN, 2.0, 4.0]), None);
            assert_eq!(f(&[0.1; 5], &[1.0, 2.0, 3.0, 4.0, 5.0]), None);
            assert_eq!(f(&[1.0, 2.0, 3.0, 4.0, 5.0], &[0.1; 5]), None);
        }
        assert_eq!(pearson(&[1.0, f64::INFINITY, 2.0], &[1.0, 2.0, 3.0]), None);
        assert_eq!(ranks(&[0.0, -0.0], Ties::Average), [1.5, 1.5]);
    }

    proptest! {
        #[test]
        fn kendall_is_the_count_over_all_pairs(v in prop::collection::vec((-4..4i32, -4..4i32), 2..30)) {
            let (x, y): (Vec<f64>, Vec<f64>) = v.iter().map(|(a, b)| (f64::from(*a), f64::from(*b))).unzip();
            let (mut s, mut nx, mut ny) = (0i64, 0i64, 0i64);
            for i in 0..v.len() {
                for j in 0..i {
                    let (a, b) = ((v[i].0 - v[j].0).signum(), (v[i].1 - v[j].1).signum());
                    s += i64::from(a * b);
                    nx += i64::from(a != 0);
                    ny += i64::from(b != 0);
                }
            }
            match kendall(&x, &y) {
                None => prop_assert!(nx == 0 || ny == 0),
                Some(t) => prop_assert!((t - s as f64 / ((nx * ny) as f64).sqrt()).abs() < 1e-12),
            }
        }
    }
}
