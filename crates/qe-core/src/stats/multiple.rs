//! p-values adjusted for having looked many times.
//!
//! With the m present p-values sorted ascending, `p(k)` the k-th:
//! Bonferroni `m p`; Sidak `1 - (1 - p)^m`; Holm: running maximum of `(m - k + 1) p(k)`;
//! Benjamini-Hochberg: running minimum from the largest down of `m p(k) / k`;
//! Benjamini-Yekutieli: the same times `1 + 1/2 + ... + 1/m`, right under any dependence. All are capped at 1.
//! The first three bound the chance of one false claim, the last two the expected share of false claims.
//!
//! NaN rule: a NaN stays NaN and is not counted in m. A p-value outside [0, 1] is an error.
//! References: Holm (1979); Benjamini and Hochberg, JRSS B 57 (1995); Benjamini and Yekutieli, Ann. Stat. 29 (2001).
//! Golden numbers: `multiple.csv`, `statsmodels.stats.multitest.multipletests`.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A way to adjust p-values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adjustment {
    /// Times the number of tests.
    Bonferroni,
    /// `1 - (1 - p)^m`, for independent tests.
    Sidak,
    /// Step-down Bonferroni; never weaker than it.
    Holm,
    /// False discovery rate, independent or positively dependent tests.
    BenjaminiHochberg,
    /// False discovery rate, any dependence.
    BenjaminiYekutieli,
}

/// The adjusted p-values, in the order of `p`.
///
/// # Errors
/// [`Error::Invalid`] when a p-value is outside [0, 1].
pub fn adjust(p: &[f64], how: Adjustment) -> Result<Vec<f64>> {
    if let Some((i, v)) = p.iter().enumerate().find(|(_, v)| !v.is_nan() && !(0.0..=1.0).contains(*v)) {
        return Err(Error::invalid(
            format!("p[{i}]"),
            v,
            "a p-value lies in [0, 1]",
            "pass probabilities, with NaN for a test that could not be done",
        ));
    }
    let mut order: Vec<usize> = (0..p.len()).filter(|&i| !p[i].is_nan()).collect();
    order.sort_unstable_by(|&a, &b| p[a].total_cmp(&p[b]).then(a.cmp(&b)));
    let m = order.len() as f64;
    let mut out = vec![f64::NAN; p.len()];
    match how {
        Adjustment::Bonferroni => order.iter().for_each(|&i| out[i] = (p[i] * m).min(1.0)),
        Adjustment::Sidak => order.iter().for_each(|&i| out[i] = -libm::expm1(m * libm::log1p(-p[i]))),
        Adjustment::Holm => {
            let mut worst = 0.0f64;
            for (k, &i) in order.iter().enumerate() {
                worst = worst.max((m - k as f64) * p[i]).min(1.0);
                out[i] = worst;
            }
        }
        Adjustment::BenjaminiHochberg => step_up(p, &order, m, &mut out),
        Adjustment::BenjaminiYekutieli => {
            let harmonic: f64 = (1..=order.len()).map(|k| 1.0 / k as f64).sum();
            step_up(p, &order, m * harmonic, &mut out);
        }
    }
    Ok(out)
}

/// Bonferroni's adjusted p-values.
///
/// # Errors
/// [`Error::Invalid`] when a p-value is outside [0, 1].
pub fn bonferroni(p: &[f64]) -> Result<Vec<f64>> {
    adjust(p, Adjustment::Bonferroni)
}

/// Sidak's adjusted p-values.
///
/// # Errors
/// [`Error::Invalid`] when a p-value is outside [0, 1].
pub fn sidak(p: &[f64]) -> Result<Vec<f64>> {
    adjust(p, Adjustment::Sidak)
}

/// Holm's adjusted p-values.
///
/// # Errors
/// [`Error::Invalid`] when a p-value is outside [0, 1].
pub fn holm(p: &[f64]) -> Result<Vec<f64>> {
    adjust(p, Adjustment::Holm)
}

/// The adjusted p-values (q-values) of Benjamini and Hochberg.
///
/// # Errors
/// [`Error::Invalid`] when a p-value is outside [0, 1].
pub fn benjamini_hochberg(p: &[f64]) -> Result<Vec<f64>> {
    adjust(p, Adjustment::BenjaminiHochberg)
}

/// The adjusted p-values of Benjamini and Yekutieli.
///
/// # Errors
/// [`Error::Invalid`] when a p-value is outside [0, 1].
pub fn benjamini_yekutieli(p: &[f64]) -> Result<Vec<f64>> {
    adjust(p, Adjustment::BenjaminiYekutieli)
}

/// The running minimum from the largest p-value down of `factor * p / rank`.
fn step_up(p: &[f64], order: &[usize], factor: f64, out: &mut [f64]) {
    let mut best = 1.0f64;
    for (k, &i) in order.iter().enumerate().rev() {
        best = best.min(p[i] * factor / (k + 1) as f64);
        out[i] = best;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stats::golden::{self, close_rel};

    const ALL: [(&str, Adjustment); 5] = [
        ("bonferroni", Adjustment::Bonferroni),
        ("sidak", Adjustment::Sidak),
        ("holm", Adjustment::Holm),
        ("benjamini_hochberg", Adjustment::BenjaminiHochberg),
        ("benjamini_yekutieli", Adjustment::BenjaminiYekutieli),
    ];

    #[test]
    fn adjusted_values_agree_with_statsmodels() {
        for row in golden::rows(include_str!("../../../../data-fixtures/golden/stats/multiple.csv")) {
            let p = row.nums("p");
            for (name, how) in ALL {
                let (got, want) = (adjust(&p, how).unwrap(), row.nums(name));
                assert_eq!(got.len(), want.len());
                got.iter().zip(want).for_each(|(g, w)| close_rel(*g, w, 1e-13, &(name, &row)));
            }
        }
    }

    #[test]
    fn nothing_and_wrong_values() {
        for (_, how) in ALL {
            assert_eq!(adjust(&[], how).unwrap(), Vec::<f64>::new());
            assert!(adjust(&[f64::NAN], how).unwrap()[0].is_nan());
            let error = adjust(&[0.5, 1.2], how).unwrap_err().to_string();
            assert!(error.starts_with("p[1]: 1.2 is not allowed"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn order_is_kept_and_nothing_shrinks(p in prop::collection::vec(0.0..=1.0f64, 1..40)) {
            for (_, how) in ALL {
                let a = adjust(&p, how).unwrap();
                let mut reversed = p.clone();
                reversed.reverse();
                let mut b = adjust(&reversed, how).unwrap();
                b.reverse();
                prop_assert_eq!(&a, &b);
                for i in 0..p.len() {
                    prop_assert!(a[i] >= p[i] * (1.0 - 1e-12) && a[i] <= 1.0);
                    for j in 0..p.len() {
                        prop_assert!(p[i] > p[j] || a[i] <= a[j]);
                    }
                }
            }
        }
    }
}
