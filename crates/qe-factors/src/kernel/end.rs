//! The highest or the lowest of values: either end of their order.

use std::fmt::Debug;

/// An end of the order of numbers.
pub trait End: Copy + Debug + Default + Send + Sync + 'static {
    /// What every other number beats.
    const LAST: f64;

    /// Whether `a` lies nearer to this end than `b`; no where either is NaN.
    fn beats(a: f64, b: f64) -> bool;
}

/// The upper end.
#[derive(Debug, Clone, Copy, Default)]
pub struct Max;

/// The lower end.
#[derive(Debug, Clone, Copy, Default)]
pub struct Min;

impl End for Max {
    const LAST: f64 = f64::NEG_INFINITY;

    #[inline(always)]
    fn beats(a: f64, b: f64) -> bool {
        a > b
    }
}

impl End for Min {
    const LAST: f64 = f64::INFINITY;

    #[inline(always)]
    fn beats(a: f64, b: f64) -> bool {
        a < b
    }
}

/// The one nearer to the end, the older where they are equal; NaN if either is.
#[inline(always)]
pub fn outer<E: End>(older: f64, newer: f64) -> f64 {
    if E::beats(newer, older) || newer.is_nan() { newer } else { older }
}

/// [`outer`] where neither is NaN: one instruction.
#[inline(always)]
pub fn outer_present<E: End>(older: f64, newer: f64) -> f64 {
    if E::beats(newer, older) { newer } else { older }
}

/// The higher one, the older where they are equal; NaN if either is.
#[inline(always)]
pub fn higher(older: f64, newer: f64) -> f64 {
    outer::<Max>(older, newer)
}

/// The lower one, the older where they are equal; NaN if either is.
#[inline(always)]
pub fn lower(older: f64, newer: f64) -> f64 {
    outer::<Min>(older, newer)
}

/// [`higher`] where neither is NaN.
#[inline(always)]
pub fn higher_present(older: f64, newer: f64) -> f64 {
    outer_present::<Max>(older, newer)
}

/// [`lower`] where neither is NaN.
#[inline(always)]
pub fn lower_present(older: f64, newer: f64) -> f64 {
    outer_present::<Min>(older, newer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_value_wins_and_of_equals_the_older() {
        for f in [higher, lower] {
            assert!(f(f64::NAN, 1.0).is_nan() && f(1.0, f64::NAN).is_nan());
            assert_eq!(f(0.0, -0.0).to_bits(), 0.0_f64.to_bits());
        }
        for [high, low] in [[higher, lower], [higher_present, lower_present]] {
            assert_eq!([high(1.0, 2.0), high(2.0, 1.0), low(1.0, 2.0), low(2.0, 1.0)], [2.0, 2.0, 1.0, 1.0]);
        }
        assert!([-1e300, 0.0, 1e300].iter().all(|&x| higher(Max::LAST, x) == x && lower(Min::LAST, x) == x));
    }
}
