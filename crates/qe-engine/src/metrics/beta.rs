//! Beta: how many percent a run moved with one percent of its benchmark.
//!
//! `cov(r, b) / var(b)` of daily returns. Undefined without a benchmark of the same days, below two days, and where the
//! benchmark never varied.
//! Golden: empyrical `beta`.

use qe_core::stats::{Moments, mean, pair_sums_by};

use super::{Better, Metric, Unit, guard};

/// Its entry in the list.
pub const METRIC: Metric = Metric {
    name: "beta",
    unit: Unit::Ratio,
    better: Better::Neither,
    about: "slope of daily returns on the benchmark's",
    compute: |p| p.beside_benchmark().and_then(|(r, b)| beta(r, b)),
};

/// The slope of `daily` on `benchmark`.
pub fn beta(daily: &[f64], benchmark: &[f64]) -> Option<f64> {
    let (r, b) = (mean(daily)?, mean(benchmark)?);
    let spread = Moments::of(benchmark).m2;
    let [together] = pair_sums_by(daily, benchmark, |x, y| [(x - r) * (y - b)]);
    guard::ratio(together, spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_slope() {
        let b = [0.01, -0.02, 0.03, 0.0];
        let r = b.map(|b| 0.001 - 1.5 * b);
        assert!((beta(&r, &b).unwrap() + 1.5).abs() < 1e-14);
    }

    #[test]
    fn a_benchmark_at_rest_has_none() {
        assert_eq!(beta(&[0.1, 0.2, 0.3], &[0.1; 3]), None);
        assert_eq!((beta(&[0.1, 0.2], &[0.1]), beta(&[], &[]), beta(&[0.1], &[0.1])), (None, None, None));
    }
}
