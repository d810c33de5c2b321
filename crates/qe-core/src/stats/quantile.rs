//! Quantiles, median, and median absolute deviation.
//!
//! Type 7 of Hyndman and Fan, which is NumPy's `linear`: with the n present values sorted as `v`,
//! `h = (n - 1) p` and the quantile is `v[floor h] + (h - floor h) * (v[floor h + 1] - v[floor h])`.
//! The MAD is the median of the absolute deviations from the median; `MAD_TO_STD` times it estimates the standard
//! deviation of normal data.
//!
//! NaN rule: NaN is skipped. `None` when nothing is left, or when `p` is not in [0, 1]. Infinities are ordered.
//! Reference: R. Hyndman and Y. Fan, The American Statistician 50 (1996).
//! Golden numbers: `quantile.csv`, `numpy.nanquantile` and `scipy.stats.median_abs_deviation`.

/// The factor from MAD to standard deviation of a normal distribution, `1 / normal_ppf(0.75)`.
pub const MAD_TO_STD: f64 = 1.482_602_218_505_602;

/// The values of `x` that are not NaN, in order.
pub fn present(x: &[f64]) -> Vec<f64> {
    x.iter().copied().filter(|v| !v.is_nan()).collect()
}

/// The `p`-quantile of `x`, NaN skipped. Linear time.
pub fn quantile(x: &[f64], p: f64) -> Option<f64> {
    quantile_mut(&mut present(x), p)
}

/// The quantiles of `x` at several `p`, NaN skipped, with one sort.
pub fn quantiles(x: &[f64], ps: &[f64]) -> Vec<Option<f64>> {
    let mut v = present(x);
    v.sort_unstable_by(f64::total_cmp);
    ps.iter().map(|&p| quantile_sorted(&v, p)).collect()
}

/// The `p`-quantile of ascending values without NaN.
pub fn quantile_sorted(sorted: &[f64], p: f64) -> Option<f64> {
    let (i, frac) = position(sorted.len(), p)?;
    Some(between(sorted[i], *sorted.get(i + 1).unwrap_or(&sorted[i]), frac))
}

/// The median of `x`, NaN skipped.
pub fn median(x: &[f64]) -> Option<f64> {
    quantile(x, 0.5)
}

/// The median absolute deviation from the median, unscaled, NaN skipped.
pub fn mad(x: &[f64]) -> Option<f64> {
    let mut v = present(x);
    let centre = quantile_mut(&mut v, 0.5)?;
    for value in &mut v {
        // Equal infinities are no distance apart.
        *value = if *value == centre { 0.0 } else { (*value - centre).abs() };
    }
    quantile_mut(&mut v, 0.5)
}

/// The quantile by selection; reorders `v`, which holds no NaN.
fn quantile_mut(v: &mut [f64], p: f64) -> Option<f64> {
    let (i, frac) = position(v.len(), p)?;
    let (_, &mut low, above) = v.select_nth_unstable_by(i, f64::total_cmp);
    let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
    Some(between(low, high, frac))
}

/// Index and fraction of the `p`-quantile among `n` sorted values.
fn position(n: usize, p: f64) -> Option<(usize, f64)> {
    if n == 0 || !(0.0..=1.0).contains(&p) {
        return None;
    }
    let h = (n - 1) as f64 * p;
    let i = (h.floor() as usize).min(n - 1);
    Some((i, h - i as f64))
}

/// The point between two values, never outside of them.
fn between(low: f64, high: f64, frac: f64) -> f64 {
    if frac == 0.0 || low == high {
        low
    } else if frac < 0.5 {
        low + (high - low) * frac
    } else {
        high - (high - low) * (1.0 - frac)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::golden::{self, close};

    #[test]
    fn quantiles_agree_with_numpy() {
        for row in golden::rows(include_str!("../../../../data-fixtures/golden/stats/quantile.csv")) {
            let x = row.nums("x");
            let (ps, want) = (row.nums("p"), row.nums("quantile"));
            assert_eq!(ps.len(), want.len());
            for ((&p, &want), at_once) in ps.iter().zip(&want).zip(quantiles(&x, &ps)) {
                close(quantile(&x, p).unwrap(), want, 1e-15, &row);
                assert_eq!(quantile(&x, p), at_once);
            }
            close(median(&x).unwrap(), row.num("median"), 1e-15, &row);
            close(mad(&x).unwrap(), row.num("mad"), 1e-15, &row);
        }
    }

    #[test]
    fn edges() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[f64::NAN]), None);
        assert_eq!(mad(&[f64::NAN, 4.0]), Some(0.0));
        assert_eq!(quantile(&[1.0], 1.5), None);
        assert_eq!(quantile(&[1.0], f64::NAN), None);
        assert_eq!(median(&[f64::INFINITY; 3]), Some(f64::INFINITY));
        assert_eq!(mad(&[f64::INFINITY; 3]), Some(0.0));
        assert!((MAD_TO_STD * crate::stats::normal_ppf(0.75) - 1.0).abs() < 1e-15);
    }
}
