//! What all metrics refuse: a division by nothing, and numbers that are none.
//!
//! Undefined is `None`; a metric never gives an infinity or a NaN, whatever it is given.

/// The number itself when it is finite.
pub(super) fn finite(v: f64) -> Option<f64> {
    v.is_finite().then_some(v)
}

/// `a / b`; undefined where `b` is 0 or the quotient is not finite.
pub(super) fn ratio(a: f64, b: f64) -> Option<f64> {
    if b == 0.0 { None } else { finite(a / b) }
}

/// A number of periods a year, where it can annualise.
pub(super) fn per_year(periods: f64) -> Option<f64> {
    (periods > 0.0).then_some(periods).and_then(finite)
}

/// The slice itself when all its numbers are finite and there is one.
pub(super) fn numbers(x: &[f64]) -> Option<&[f64]> {
    (!x.is_empty() && x.iter().all(|v| v.is_finite())).then_some(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_refused() {
        assert_eq!(ratio(1.0, 4.0), Some(0.25));
        assert_eq!((ratio(1.0, 0.0), ratio(0.0, -0.0), ratio(f64::MAX, 1e-9)), (None, None, None));
        assert_eq!((per_year(252.0), per_year(0.0), per_year(-1.0)), (Some(252.0), None, None));
        assert_eq!((per_year(f64::NAN), per_year(f64::INFINITY)), (None, None));
        assert_eq!((numbers(&[]), numbers(&[1.0, f64::NAN])), (None, None));
        assert_eq!(numbers(&[1.0]), Some(&[1.0][..]));
    }
}
