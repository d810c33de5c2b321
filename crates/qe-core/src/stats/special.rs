//! The incomplete beta and gamma functions, for tails.
//!
//! Continued fractions (modified Lentz) and the power series, behind a prefactor in Loader's saddle-point form, which
//! keeps its digits for large parameters and in far tails. Everything transcendental is `libm`'s, so the bits are the
//! same on every machine. (`statrs` gives 0 for the Student tail 7.7e-142 at x = 30, df = 1000, and loses digits to
//! log-gamma for large parameters.)
//!
//! NaN rule: arguments that are not in the domain give NaN.
//! References: C. Loader, "Fast and accurate computation of binomial probabilities" (2000); Didonato and Morris, ACM
//! TOMS 18 (1992); Press and others, Numerical Recipes, 6.2 and 6.4, for the fractions' coefficients.
//! Golden numbers: `tails.csv`, by way of the distributions.

/// Most steps of a series or fraction; they take a few times the root of the larger parameter, so 1e8 still converges.
const STEPS: u32 = 200_000;
/// Where a fraction stops.
const EPS: f64 = 1.2e-16;
/// Stands for 0 in a fraction.
const TINY: f64 = 1e-300;

/// The regularised incomplete beta function `I_x(a, b)`; `y = 1 - x` is passed too, for its digits.
pub(crate) fn beta_reg(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let defined = a > 0.0 && b > 0.0 && a.is_finite() && b.is_finite();
    if !defined || !(0.0..=1.0).contains(&x) || !(0.0..=1.0).contains(&y) {
        return f64::NAN;
    }
    if x == 0.0 || y == 0.0 {
        return if x == 0.0 { 0.0 } else { 1.0 };
    }
    if x <= (a + 1.0) / (a + b + 2.0) { beta_part(a, b, x, y) } else { 1.0 - beta_part(b, a, y, x) }
}

/// `I_x(a, b)` where its fraction converges well.
fn beta_part(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let n = a + b;
    let exponent = stirling_error(n) - stirling_error(a) - stirling_error(b) - deviance(a, n * x) - deviance(b, n * y);
    // x^a y^b / (a B(a, b))
    let front = libm::exp(exponent) * (b / (a * n * std::f64::consts::TAU)).sqrt();
    let mut c = 1.0;
    let mut d = 1.0 / away(1.0 - n * x / (a + 1.0));
    let mut h = d;
    for m in 1..STEPS {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away(1.0 + even * d);
        c = away(1.0 + even / c);
        h *= d * c;
        let odd = -(a + m) * (n + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away(1.0 + odd * d);
        c = away(1.0 + odd / c);
        h *= d * c;
        if (d * c - 1.0).abs() <= EPS {
            return front * h;
        }
    }
    f64::NAN
}

/// The regularised incomplete gamma functions `(P(a, x), Q(a, x))`.
pub(crate) fn gamma_reg(a: f64, x: f64) -> (f64, f64) {
    if !(a > 0.0 && a.is_finite() && x >= 0.0) {
        return (f64::NAN, f64::NAN);
    }
    if x == 0.0 || x == f64::INFINITY {
        return if x == 0.0 { (0.0, 1.0) } else { (1.0, 0.0) };
    }
    // x^a e^-x / Gamma(a + 1)
    let front = libm::exp(-stirling_error(a) - deviance(a, x)) / (std::f64::consts::TAU * a).sqrt();
    if x < a + 1.0 {
        let (mut term, mut total) = (1.0, 1.0);
        for k in 1..STEPS {
            term *= x / (a + f64::from(k));
            total += term;
            if term <= total * EPS {
                let lower = front * total;
                return (lower, 1.0 - lower);
            }
        }
        return (f64::NAN, f64::NAN);
    }
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / away(b);
    let mut h = d;
    for k in 1..STEPS {
        let k = f64::from(k);
        let step = k * (a - k);
        b += 2.0;
        d = 1.0 / away(step * d + b);
        c = away(b + step / c);
        h *= d * c;
        if (d * c - 1.0).abs() <= EPS {
            let upper = front * a * h;
            return (1.0 - upper, upper);
        }
    }
    (f64::NAN, f64::NAN)
}

/// A number kept away from 0.
fn away(v: f64) -> f64 {
    if v.abs() < TINY { TINY } else { v }
}

/// `ln Gamma(n + 1)` less Stirling's `(n + 1/2) ln n - n + ln sqrt(2 pi)`.
fn stirling_error(n: f64) -> f64 {
    const LN_SQRT_TAU: f64 = 0.918_938_533_204_672_8;
    if n < 15.0 {
        return libm::lgamma(n + 1.0) - (n + 0.5) * libm::log(n) + n - LN_SQRT_TAU;
    }
    let n2 = n * n;
    let tail = 1.0 / 1680.0 - (1.0 / 1188.0 - 691.0 / 360_360.0 / n2) / n2;
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - tail / n2) / n2) / n2) / n
}

/// `x ln(x / mean) + mean - x`, by a series where the two are close.
fn deviance(x: f64, mean: f64) -> f64 {
    let gap = x - mean;
    if gap.abs() >= 0.1 * (x + mean) {
        return x * libm::log(x / mean) - gap;
    }
    let v = gap / (x + mean);
    let (mut total, mut term) = (gap * v, 2.0 * x * v);
    for j in 1..1000 {
        term *= v * v;
        let next = total + term / f64::from(2 * j + 1);
        if next == total {
            break;
        }
        total = next;
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_forms() {
        for x in [1e-12, 0.1, 0.5, 0.9] {
            assert!((beta_reg(1.0, 1.0, x, 1.0 - x) / x - 1.0).abs() < 1e-14);
            assert!((beta_reg(3.0, 1.0, x, 1.0 - x) / (x * x * x) - 1.0).abs() < 1e-13);
            let arcsine = 2.0 / std::f64::consts::PI * libm::asin(x.sqrt());
            assert!((beta_reg(0.5, 0.5, x, 1.0 - x) / arcsine - 1.0).abs() < 1e-14);
            let (lower, upper) = gamma_reg(1.0, 10.0 * x);
            assert!((lower / -libm::expm1(-10.0 * x) - 1.0).abs() < 1e-13);
            assert!((upper / libm::exp(-10.0 * x) - 1.0).abs() < 1e-13);
        }
        assert!(beta_reg(0.0, 1.0, 0.5, 0.5).is_nan() && beta_reg(1.0, 1.0, f64::NAN, 0.5).is_nan());
        assert!(gamma_reg(1.0, f64::NAN).0.is_nan() && gamma_reg(1.0, -1.0).1.is_nan());
    }

    #[test]
    fn large_parameters_converge() {
        // The median of Beta(a, a) is 1/2; of Gamma(a, 1) it is a - 1/3 + 8/(405 a).
        for a in [1e3, 1e6, 1e8] {
            assert!((beta_reg(a, a, 0.5, 0.5) - 0.5).abs() < 1e-10, "{a}");
            assert!((gamma_reg(a, a - 1.0 / 3.0 + 8.0 / 405.0 / a).0 - 0.5).abs() < 1e-7, "{a}");
        }
    }
}
