//! Small arithmetic that simulations share: exponentials of small numbers, rounding to a tick, coarse uniforms.
//!
//! `exp(x)` for `|x| < 1/16` is its Taylor polynomial of degree 9, whose rest is below 3e-19; beyond that it is
//! `libm`'s. Rounding adds and subtracts 2^52, which rounds to the nearest integer, halves to even, on any machine.

/// 2^52: adding it leaves no room for a fraction.
const TWO_52: f64 = 4_503_599_627_370_496.0;

/// `exp(x)`, fast where `x` is the return of a short time.
#[inline(always)]
pub(crate) fn exp(x: f64) -> f64 {
    if x.abs() < 0.0625 { exp_small(x) } else { libm::exp(x) }
}

/// The polynomial for `|x| < 1/16`.
#[inline(always)]
fn exp_small(x: f64) -> f64 {
    const C: [f64; 9] =
        [1.0 / 362_880.0, 1.0 / 40_320.0, 1.0 / 5_040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0];
    let mut sum = C[0];
    for c in &C[1..] {
        sum = sum * x + c;
    }
    sum * x + 1.0
}

/// The nearest integer of a number within [0, 2^51], halves to even.
#[inline(always)]
pub(crate) fn round_positive(x: f64) -> f64 {
    (x + TWO_52) - TWO_52
}

/// The nearest multiple of `1 / ticks_per_unit` that is at least one tick.
#[inline(always)]
pub(crate) fn round_price(price: f64, ticks_per_unit: f64) -> f64 {
    let ticks = round_positive(price * ticks_per_unit);
    (if ticks < 1.0 { 1.0 } else { ticks }) / ticks_per_unit
}

/// Two uniforms in (0, 1) from one word, 32 bits each.
#[inline(always)]
pub(crate) fn two_uniforms(word: u64) -> [f64; 2] {
    const STEP: f64 = 1.0 / 4_294_967_296.0;
    [((word >> 32) as f64 + 0.5) * STEP, ((word & 0xffff_ffff) as f64 + 0.5) * STEP]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_polynomial_is_the_exponential() {
        for i in -1000..=1000 {
            let x = f64::from(i) * 0.0003;
            assert!((exp(x) / libm::exp(x) - 1.0).abs() < 5e-16, "{x}");
        }
    }

    #[test]
    fn prices_fall_on_ticks_and_stay_above_zero() {
        assert_eq!(round_price(12.344, 100.0), 12.34);
        assert_eq!(round_price(12.346, 100.0), 12.35);
        assert_eq!(round_price(1e-9, 100.0), 0.01);
        assert_eq!(round_price(280.127, 20.0), 280.15);
    }

    #[test]
    fn coarse_uniforms_are_open() {
        let [a, b] = two_uniforms(u64::MAX);
        assert!(a < 1.0 && b < 1.0);
        let [a, b] = two_uniforms(0);
        assert!(a > 0.0 && b > 0.0);
    }
}
