//! How daily returns are distributed: a histogram beside a normal of the same mean and deviation, and quantiles.

use qe_core::stats::{Moments, normal_cdf, quantile_sorted};
use serde::Serialize;

/// The probabilities of the quantiles.
pub const PROBABILITIES: [f64; 9] = [0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0];

/// A distribution.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Distribution {
    /// The edges of the boxes, one more than boxes.
    pub edges: Vec<f64>,
    /// How many values lie in each; a value on an edge lies above it, the greatest in the last box.
    pub counts: Vec<usize>,
    /// How many a normal of the same mean and deviation would have there; empty where there is no deviation.
    pub normal: Vec<f64>,
    /// How many values are drawn.
    pub n: usize,
    /// How many were exactly zero, and are not.
    pub n_zero: usize,
    /// The quantiles of all values, those that are zero included, at [`PROBABILITIES`].
    pub quantiles: Vec<Option<f64>>,
}

const MOST_BOXES: f64 = 80.0;

impl Distribution {
    /// Of values; zeros are counted apart where `without_zeros`, as those of days on which nothing was held. What is
    /// not finite does not count.
    pub(crate) fn of(values: &[f64], without_zeros: bool) -> Self {
        let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let quantiles = PROBABILITIES.iter().map(|p| quantile_sorted(&sorted, *p)).collect();
        let n_all = sorted.len();
        if without_zeros {
            sorted.retain(|v| *v != 0.0);
        }
        let mut told = Self { n: sorted.len(), n_zero: n_all - sorted.len(), quantiles, ..Self::default() };
        let (Some(&low), Some(&high)) = (sorted.first(), sorted.last()) else { return told };
        let n_boxes = n_boxes(&sorted) as usize;
        let (low, high) = if high > low { (low, high) } else { (low - 0.5e-3, high + 0.5e-3) };
        let width = high / n_boxes as f64 - low / n_boxes as f64;
        told.edges = (0..=n_boxes).map(|k| if k == n_boxes { high } else { low + width * k as f64 }).collect();
        told.counts = vec![0; n_boxes];
        for v in &sorted {
            let k = told.edges.partition_point(|e| e <= v).saturating_sub(1).min(n_boxes - 1);
            told.counts[k] += 1;
        }
        let m = Moments::of(&sorted);
        if let (Some(mean), Some(std)) = (m.mean(), m.std(1).filter(|s| *s > 0.0 && s.is_finite())) {
            let below = |edge: f64| normal_cdf((edge - mean) / std);
            told.normal = told.edges.windows(2).map(|w| told.n as f64 * (below(w[1]) - below(w[0]))).collect();
        }
        told
    }
}

/// As many boxes as D. Freedman and P. Diaconis advise (1981): twice the distance of the quartiles over the cube root
/// of n.
fn n_boxes(sorted: &[f64]) -> f64 {
    let quartile = |p| quantile_sorted(sorted, p).unwrap_or(0.0);
    let width = 2.0 * (quartile(0.75) - quartile(0.25)) / libm::cbrt(sorted.len() as f64);
    let all = sorted[sorted.len() - 1] - sorted[0];
    let n = all / width;
    if n.is_finite() { n.ceil().clamp(5.0, MOST_BOXES) } else { 21.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_in_a_box_and_zeros_are_apart() {
        let values: Vec<f64> =
            (0..1000).map(|i| if i % 4 == 0 { 0.0 } else { f64::from((i * 37) % 101) - 50.0 }).collect();
        let told = Distribution::of(&values, true);
        let n_zero = values.iter().filter(|v| **v == 0.0).count();
        assert_eq!((told.n_zero, told.n + n_zero, told.counts.iter().sum::<usize>()), (n_zero, 1000, told.n));
        assert_eq!((told.edges[0], *told.edges.last().unwrap()), (-50.0, 50.0));
        assert_eq!((told.quantiles[0], told.quantiles[8], told.quantiles[4]), (Some(-50.0), Some(50.0), Some(0.0)));
    }

    #[test]
    fn a_value_on_an_edge_lies_above_it_and_the_greatest_in_the_last_box() {
        let told = Distribution::of(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0], false);
        assert_eq!(told.edges, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(told.counts, [1, 1, 1, 1, 2]);
    }

    #[test]
    fn a_normal_sample_is_as_its_normal() {
        let values: Vec<f64> = (1..5000).map(|i| qe_core::stats::normal_ppf(f64::from(i) / 5000.0)).collect();
        let told = Distribution::of(&values, true);
        let far = told.counts.iter().zip(&told.normal).map(|(n, e)| (*n as f64 - e).abs()).fold(0.0, f64::max);
        assert!(far < 3.0, "{far}");
        assert!((30..=80).contains(&told.counts.len()));
    }

    #[test]
    fn nothing_and_one_and_monsters_have_a_distribution() {
        assert!(Distribution::of(&[], true).counts.is_empty());
        assert_eq!(Distribution::of(&[0.0, f64::NAN], true).n_zero, 1);
        let one = Distribution::of(&[0.25], true);
        assert_eq!((one.counts.iter().sum::<usize>(), one.normal.len()), (1, 0));
        let monsters = Distribution::of(&[-1e308, 1.0, 1e308], true);
        assert_eq!(monsters.counts.iter().sum::<usize>(), 3);
    }
}
