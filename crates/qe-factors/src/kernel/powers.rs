//! Moments from sums about an anchor that is in the window, as [`WindowFold`](super::WindowFold) makes them.
//!
//! What is divided by a count is multiplied by its reciprocal, which is made once for a column: a division for each row
//! would cost more than all the rest.

use super::{Terms, finite};

/// The first `K` powers of what `x` lies above the anchor.
#[inline]
pub fn powers<const K: usize>(x: f64, anchor: f64) -> [f64; K] {
    let d = x - anchor;
    let mut out = [d; K];
    for k in 1..K {
        // Halves, so that no power waits for more than two others.
        out[k] = out[k / 2] * out[k - k / 2 - 1];
    }
    out
}

/// Squares about the mean, summed, from the sums of `n` distances and of their squares; never below 0.
#[inline]
pub fn sum_of_squares(n: f64, [sum, squares]: [f64; 2]) -> f64 {
    let m2 = squares - sum * (sum * (1.0 / n));
    // Not `max`, which would make 0 of a NaN.
    if m2 < 0.0 { 0.0 } else { m2 }
}

/// Products about the means, summed, from the sums of `n` distances of either column and of their products.
#[inline]
pub fn sum_of_products(n: f64, [x, y, products]: [f64; 3]) -> f64 {
    products - x * (y * (1.0 / n))
}

/// The second and third central moments (divided by `n`) from the sums of powers of `n` distances.
#[inline]
pub fn central_3(n: f64, [s1, s2, s3]: [f64; 3]) -> [f64; 2] {
    let share = 1.0 / n;
    let m = s1 * share;
    let m2 = sum_of_squares(n, [s1, s2]) * share;
    [m2, s3 * share - m * (3.0 * m2 + m * m)]
}

/// The second, third and fourth central moments (divided by `n`) from the sums of powers of `n` distances.
#[inline]
pub fn central_4(n: f64, [s1, s2, s3, s4]: [f64; 4]) -> [f64; 3] {
    let share = 1.0 / n;
    let m = s1 * share;
    let [m2, m3] = central_3(n, [s1, s2, s3]);
    [m2, m3, s4 * share - m * (4.0 * m3 + m * (6.0 * m2 + m * m))]
}

/// Terms that come to the variance of a window, `DDOF` less than its rows in the divisor, or to the root of it.
#[derive(Debug, Clone, Copy)]
pub struct Variance<const DDOF: usize, const ROOT: bool> {
    n: f64,
}

impl<const DDOF: usize, const ROOT: bool> From<usize> for Variance<DDOF, ROOT> {
    fn from(period: usize) -> Self {
        Self { n: period.max(1) as f64 }
    }
}

impl<const DDOF: usize, const ROOT: bool> Terms<1, 2, 1> for Variance<DDOF, ROOT> {
    #[inline]
    fn terms(&self, [x]: [f64; 1], [anchor]: [f64; 1], _: f64) -> [f64; 2] {
        powers(x, anchor)
    }

    const WIDE: bool = true;

    #[inline]
    fn finish(&self, sums: [f64; 2], _: [f64; 1], _: [f64; 1], _: f64) -> [f64; 1] {
        let variance = sum_of_squares(self.n, sums) * (1.0 / (self.n - DDOF as f64));
        [finite(if ROOT { variance.sqrt() } else { variance })]
    }
}

#[cfg(test)]
pub(crate) mod testing {
    /// What values lie above the first one: exact where they are close together.
    pub(crate) fn above_first(w: &[f64]) -> Vec<f64> {
        w.iter().map(|x| x - w[0]).collect()
    }

    /// The mean, about the first value.
    pub(crate) fn mean(w: &[f64]) -> f64 {
        w[0] + w.iter().map(|x| x - w[0]).sum::<f64>() / w.len() as f64
    }

    /// The variance in two passes, less `ddof` in the divisor.
    pub(crate) fn two_pass(w: &[f64], ddof: f64) -> f64 {
        let above = above_first(w);
        let m = above.iter().sum::<f64>() / w.len() as f64;
        above.iter().map(|d| (d - m) * (d - m)).sum::<f64>() / (w.len() as f64 - ddof)
    }

    /// Data offset by 1e8, with outliers that have left, agrees with a direct computation to 1e-9.
    #[track_caller]
    pub(crate) fn offset_by_1e8(of: impl Fn(&[f64], usize, &mut [f64]), direct: impl Fn(&[f64]) -> f64) {
        let mut stream = qe_core::rng::Stream::new(5, "offset", 0);
        let mut x: Vec<f64> = (0..3000).map(|_| 1e8 + stream.uniform()).collect();
        x[700] = 1e120;
        x[701] = f64::NAN;
        for period in [5, 20, 33, 250] {
            let mut out = vec![0.0; x.len()];
            of(&x, period, &mut out);
            for i in (period - 1..700).chain(701 + period..x.len()) {
                let want = direct(&x[i + 1 - period..i + 1]);
                assert!((out[i] - want).abs() <= 1e-9 * want.abs().max(1e-2), "{period}, {i}: {} {want}", out[i]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_powers_and_only_infinities_are_taken_out() {
        assert_eq!(powers::<4>(5.0, 2.0), [3.0, 9.0, 27.0, 81.0]);
        assert_eq!([finite(-2.5), finite(f64::MAX)], [-2.5, f64::MAX]);
        assert!([f64::INFINITY, f64::NEG_INFINITY, f64::NAN].into_iter().all(|x| finite(x).is_nan()));
    }

    #[test]
    fn moments_do_not_depend_on_the_anchor() {
        let x = [1.0, 2.0, 4.0, 9.0];
        for anchor in [0.0, 4.0, -3.0] {
            let sums =
                x.iter().map(|&x| powers::<4>(x, anchor)).fold([0.0; 4], |s, p| [0, 1, 2, 3].map(|k| s[k] + p[k]));
            // About the mean of 4 they are -3, -2, 0 and 5.
            assert_eq!(central_4(4.0, sums), [38.0 / 4.0, 90.0 / 4.0, 722.0 / 4.0], "{anchor}");
        }
        assert!(sum_of_squares(4.0, [f64::NAN, 1.0]).is_nan());
        assert_eq!(sum_of_squares(2.0, [2.0, 2.0 - 1e-9]), 0.0);
    }
}
