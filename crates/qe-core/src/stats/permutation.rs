//! p-values by reshuffling: how often chance alone does at least as well.
//!
//! The statistic of the data as given is compared with its value on m random orders of the same data;
//! `p = (b + 1) / (m + 1)`, where b counts the orders at least as extreme. Two-sided: twice the smaller of the two
//! one-sided p-values, at most 1, which needs no symmetry. Values within 1e-12 of the largest value of the observed
//! one count as equal to it, so that rounding in another order of additions does not.
//! Permutation i draws from stream i, so p does not depend on the number of threads.
//!
//! NaN rule: `None` when the observed statistic is NaN; a NaN under permutation counts as extreme.
//! Reference: B. Phipson and G. Smyth, Stat. Appl. Genet. Mol. Biol. 9 (2010), article 39.
//! Golden numbers: `permutation.csv`, exact p-values over all orders by `scipy.stats.permutation_test`.

use serde::{Deserialize, Serialize};

use super::sum::sum;
use crate::par::Pool;
use crate::rng::Stream;

/// Which values are extreme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Large ones.
    Greater,
    /// Small ones.
    Less,
    /// Both.
    #[default]
    TwoSided,
}

/// What to run: how many orders, which side, from which seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permutation {
    /// How many random orders.
    pub n_permutations: u64,
    /// Which values count as extreme.
    pub side: Side,
    /// The seed of the streams.
    pub seed: u64,
}

impl Default for Permutation {
    fn default() -> Self {
        Self { n_permutations: 9_999, side: Side::TwoSided, seed: 0 }
    }
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PermutationTest {
    /// The statistic of the data as given.
    pub observed: f64,
    /// How many random orders were drawn.
    pub n_permutations: u64,
    /// How many of them were at least as large.
    pub n_at_least: u64,
    /// How many of them were at most as large.
    pub n_at_most: u64,
    /// The p-value for the side asked for.
    pub p_value: f64,
}

/// Orders for one task of the pool.
const CHUNK: usize = 64;

/// The p-value of `statistic` under random orders of `data`.
///
/// What must stay in place (labels, the other half of a pair) is held by the closure.
pub fn permutation_test<T: Copy + Send + Sync>(
    data: &[T],
    statistic: impl Fn(&[T]) -> f64 + Sync,
    how: Permutation,
    pool: &Pool,
) -> Option<PermutationTest> {
    let observed = statistic(data);
    if observed.is_nan() {
        return None;
    }
    let root = Stream::new(how.seed, "permutation", 0);
    let (_, values) = pool.fold(
        usize::try_from(how.n_permutations).ok()?,
        CHUNK,
        || (Vec::with_capacity(data.len()), Vec::with_capacity(CHUNK)),
        |(order, values), i| {
            order.clear();
            order.extend_from_slice(data);
            root.sibling(i as u64).shuffle(order);
            values.push(statistic(order));
        },
        |mut a, mut b| {
            a.1.append(&mut b.1);
            a
        },
    );
    let scale = values.iter().chain([&observed]).map(|v| v.abs()).filter(|v| v.is_finite()).fold(0.0, f64::max);
    let slack = if observed.is_finite() { 1e-12 * scale } else { 0.0 };
    // NaN counts on both sides.
    let n_at_least = values.iter().filter(|v| v.is_nan() || **v >= observed - slack).count() as u64;
    let n_at_most = values.iter().filter(|v| v.is_nan() || **v <= observed + slack).count() as u64;
    let p = |b: u64| (b as f64 + 1.0) / (how.n_permutations as f64 + 1.0);
    let p_value = match how.side {
        Side::Greater => p(n_at_least),
        Side::Less => p(n_at_most),
        Side::TwoSided => (2.0 * p(n_at_least.min(n_at_most))).min(1.0),
    };
    Some(PermutationTest { observed, n_permutations: how.n_permutations, n_at_least, n_at_most, p_value })
}

/// The p-value of `mean(a) - mean(b)` when labels are exchanged at random; `None` when a side is empty.
pub fn mean_difference_test(a: &[f64], b: &[f64], how: Permutation, pool: &Pool) -> Option<PermutationTest> {
    let joined = [a, b].concat();
    let difference = |v: &[f64]| {
        let (a, b) = v.split_at(a.len());
        sum(a) / a.len() as f64 - sum(b) / b.len() as f64
    };
    permutation_test(&joined, difference, how, pool)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;
    use crate::par::Threads;
    use crate::stats::{golden, pearson};

    fn how(side: Side) -> Permutation {
        Permutation { n_permutations: 40_000, side, seed: 11 }
    }

    #[test]
    fn p_values_agree_with_all_orders() {
        let pool = Pool::inline();
        for row in golden::rows(include_str!("../../../../data-fixtures/golden/stats/permutation.csv")) {
            let (x, y) = (row.nums("x"), row.nums("y"));
            for (name, side) in [("greater", Side::Greater), ("less", Side::Less), ("two_sided", Side::TwoSided)] {
                let test = match row.text("statistic") {
                    "mean_difference" => mean_difference_test(&x, &y, how(side), &pool),
                    _ => permutation_test(&x, |v| pearson(v, &y).unwrap_or(f64::NAN), how(side), &pool),
                };
                let (test, exact) = (test.unwrap(), row.num(name));
                assert!((test.observed - row.num("observed")).abs() < 1e-12);
                // Five standard errors of 40,000 draws, at most doubled for the two-sided one.
                let error = 5.0 * 2.0 * (exact * (1.0 - exact) / 40_000.0).sqrt() + 1e-4;
                assert!((test.p_value - exact).abs() < error, "{name}: {} {row:?}", test.p_value);
            }
        }
    }

    #[test]
    fn threads_do_not_matter() {
        let x = golden::lcg(40, 0.0);
        let run = |n| {
            let pool = Pool::new(Threads::N(NonZeroUsize::new(n).unwrap())).unwrap();
            mean_difference_test(&x[..17], &x[17..], Permutation { n_permutations: 1001, ..Default::default() }, &pool)
        };
        assert_eq!(run(1), run(2));
        assert_eq!(run(1), run(7));
    }

    #[test]
    fn ends() {
        let pool = Pool::inline();
        assert_eq!(mean_difference_test(&[], &[1.0], Permutation::default(), &pool), None);
        let none = Permutation { n_permutations: 0, ..Default::default() };
        assert_eq!(mean_difference_test(&[2.0], &[1.0], none, &pool).unwrap().p_value, 1.0);
        // Constant data: every order ties, so nothing is significant.
        let flat = mean_difference_test(&[0.1; 9], &[0.1; 7], how(Side::Greater), &pool).unwrap();
        assert_eq!(flat.p_value, 1.0);
        // NaN under permutation counts as extreme.
        let first = |v: &[f64]| if v[0] == 1.0 { 5.0 } else { f64::NAN };
        assert_eq!(permutation_test(&[1.0, 2.0, 3.0], first, how(Side::Greater), &pool).unwrap().p_value, 1.0);
    }

    #[test]
    fn ties_survive_rounding() {
        // The same data in whole numbers, where sums are exact, and in tenths, where they are not.
        let (x, y) = ([1.0, 2.0, 3.0, 6.0, 7.0, 3.0], [3.0, 6.0, 1.0, 2.0, 3.0, 7.0]);
        let pool = Pool::inline();
        let whole = mean_difference_test(&x, &y, how(Side::TwoSided), &pool).unwrap();
        let tenth = mean_difference_test(&x.map(|v| v / 10.0), &y.map(|v| v / 10.0), how(Side::TwoSided), &pool);
        let tenth = tenth.unwrap();
        assert_eq!((whole.n_at_least, whole.n_at_most), (tenth.n_at_least, tenth.n_at_most));
        assert!(whole.n_at_least + whole.n_at_most > 41_000);
    }

    #[test]
    fn pure_noise_is_significant_as_often_as_promised() {
        let mut stream = Stream::new(5, "null", 0);
        let small = Permutation { n_permutations: 99, side: Side::TwoSided, seed: 3 };
        let hits = (0..600u64)
            .filter(|&i| {
                let mut x = [0.0; 30];
                stream.fill_normal(&mut x);
                let seeded = Permutation { seed: i, ..small };
                mean_difference_test(&x[..12], &x[12..], seeded, &Pool::inline()).unwrap().p_value <= 0.1
            })
            .count();
        // 60 expected, standard deviation 7.3.
        assert!((30..=90).contains(&hits), "{hits}");
    }
}
