//! The higher or lower of two values of a window, a missing one before all others.

/// The higher one, the older where they are equal; NaN if either is.
#[inline]
pub fn higher(older: f64, newer: f64) -> f64 {
    if newer > older || newer.is_nan() { newer } else { older }
}

/// The lower one, the older where they are equal; NaN if either is.
#[inline]
pub fn lower(older: f64, newer: f64) -> f64 {
    if newer < older || newer.is_nan() { newer } else { older }
}

/// [`higher`] of values with their places.
#[inline]
pub fn higher_at(older: [f64; 2], newer: [f64; 2]) -> [f64; 2] {
    let newer_is = newer[0] > older[0] || newer[0].is_nan();
    [if newer_is { newer[0] } else { older[0] }, if newer_is { newer[1] } else { older[1] }]
}

/// [`lower`] of values with their places.
#[inline]
pub fn lower_at(older: [f64; 2], newer: [f64; 2]) -> [f64; 2] {
    let newer_is = newer[0] < older[0] || newer[0].is_nan();
    [if newer_is { newer[0] } else { older[0] }, if newer_is { newer[1] } else { older[1] }]
}

/// [`higher`] where neither is NaN: one instruction.
#[inline]
pub fn higher_present(older: f64, newer: f64) -> f64 {
    if newer > older { newer } else { older }
}

/// [`lower`] where neither is NaN: one instruction.
#[inline]
pub fn lower_present(older: f64, newer: f64) -> f64 {
    if newer < older { newer } else { older }
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
        assert_eq!([higher(1.0, 2.0), higher(2.0, 1.0), lower(1.0, 2.0), lower(2.0, 1.0)], [2.0, 2.0, 1.0, 1.0]);
        for f in [higher_at, lower_at] {
            assert_eq!(f([3.0, 1.0], [3.0, 2.0]), [3.0, 1.0]);
            assert!(f([f64::NAN, 1.0], [3.0, 2.0])[0].is_nan() && f([3.0, 1.0], [f64::NAN, 2.0])[0].is_nan());
        }
        assert_eq!([higher_at([1.0, 5.0], [2.0, 6.0])[1], lower_at([1.0, 5.0], [2.0, 6.0])[1]], [6.0, 5.0]);
    }
}
