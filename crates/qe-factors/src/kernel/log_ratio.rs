//! The logarithm of a ratio of prices.
//!
//! Prices of neighbouring rows are close together, and there `ln(a / b) = 2 artanh((a - b) / (a + b))` is a short
//! series: one division and no table, exact where `a / b` would round off what is small. Further apart it is `libm`'s
//! logarithm. A pair that is not above zero has no logarithm: NaN.

/// The series serves up to this `|a - b| / (a + b)`: prices up to 6.4 % apart.
const NEAR: f64 = 1.0 / 32.0;

/// `ln(a / b)`; NaN unless both are above zero, never infinite.
#[inline]
pub fn log_ratio(a: f64, b: f64) -> f64 {
    if is_near(a, b) { near(a, b) } else { far(a, b) }
}

/// `ln(a / b)` row by row; all slices have one length.
pub fn log_ratios(a: &[f64], b: &[f64], out: &mut [f64]) {
    let n = a.len().min(b.len()).min(out.len());
    let (a, b, out) = (&a[..n], &b[..n], &mut out[..n]);
    for i in 0..n {
        let value = near(a[i], b[i]);
        out[i] = if is_near(a[i], b[i]) { value } else { f64::NAN };
    }
    for i in 0..n {
        if out[i].is_nan() {
            out[i] = far(a[i], b[i]);
        }
    }
}

/// `ln(x / the one before)` row by row, `last` standing before the first; gives the last of `x`.
pub(crate) fn log_changes(x: &[f64], last: f64, out: &mut [f64]) -> f64 {
    let n = x.len().min(out.len());
    let Some(newest) = n.checked_sub(1) else { return last };
    out[0] = log_ratio(x[0], last);
    log_ratios(&x[1..], &x[..newest], &mut out[1..]);
    x[newest]
}

#[inline]
fn is_near(a: f64, b: f64) -> bool {
    let sum = a + b;
    // `&`, not `&&`: no branch, so that a column takes the lanes of the machine.
    ((a - b).abs() <= sum * NEAR) & (sum < f64::INFINITY)
}

#[inline]
fn near(a: f64, b: f64) -> f64 {
    let s = (a - b) / (a + b);
    let z = s * s;
    let tail = z * (1.0 / 3.0 + z * (1.0 / 5.0 + z * (1.0 / 7.0 + z * (1.0 / 9.0 + z * (1.0 / 11.0)))));
    let twice = s + s;
    twice + twice * tail
}

#[inline(never)]
fn far(a: f64, b: f64) -> f64 {
    let log = if a > 0.0 && b > 0.0 { libm::log(a / b) } else { f64::NAN };
    if log.is_finite() { log } else { f64::NAN }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_logarithm_and_missing_where_there_is_none() {
        for i in -2000..2000 {
            let x = f64::from(i) / 10_000.0;
            let got = log_ratio(libm::exp(x), 1.0);
            assert!((got - x).abs() <= 3e-16, "{x}: {got}");
            assert!(x.abs() > 0.06 || got == -log_ratio(1.0, libm::exp(x)), "{x}: the way back");
        }
        assert!((log_ratio(1e8 + 1.0, 1e8) / 9.999_999_95e-9 - 1.0).abs() < 1e-9);
        assert_eq!((log_ratio(f64::MAX, f64::MAX), log_ratio(5e-324, 5e-324)), (0.0, 0.0));
        assert!((log_ratio(f64::MAX, f64::MAX / 2.0) - std::f64::consts::LN_2).abs() < 1e-15);
        let none =
            [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (-1.0, -1.0), (-1.0, 1.0), (f64::NAN, 1.0), (f64::INFINITY, 1.0)];
        assert!(none.iter().all(|&(a, b)| log_ratio(a, b).is_nan()));
    }

    #[test]
    fn a_column_has_the_bits_of_its_rows() {
        let odd = [1.0, 1.01, 2.0, 0.0, -1.0, f64::NAN, f64::INFINITY, 1e300, f64::MAX, 1.0001];
        let a: Vec<f64> = (0..100).map(|i| odd[i % 10]).collect();
        let b: Vec<f64> = (0..100).map(|i| odd[i / 10]).collect();
        let mut out = vec![0.0; 100];
        log_ratios(&a, &b, &mut out);
        for i in 0..100 {
            let want = log_ratio(a[i], b[i]);
            assert!(out[i].to_bits() == want.to_bits() || out[i].is_nan() && want.is_nan(), "{} {}", a[i], b[i]);
        }
    }
}
