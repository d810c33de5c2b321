//! Rows of two tables side by side, by when they are.

/// The rows of two tables that are at the same times; and those that only one of them has. Both lists of times ascend;
/// where a time stands several times in one, its rows are paired in order.
pub(super) fn pairs<'a>(a: &'a [i64], b: &'a [i64]) -> impl Iterator<Item = (Option<usize>, Option<usize>)> + use<'a> {
    let (mut i, mut k) = (0, 0);
    std::iter::from_fn(move || {
        let pair = match (a.get(i), b.get(k)) {
            (None, None) => return None,
            (Some(x), Some(y)) if x == y => (Some(i), Some(k)),
            (Some(x), Some(y)) if x < y => (Some(i), None),
            (Some(_), None) => (Some(i), None),
            (_, Some(_)) => (None, Some(k)),
        };
        i += usize::from(pair.0.is_some());
        k += usize::from(pair.1.is_some());
        Some(pair)
    })
}

/// Whether two numbers are one: the same value, or both missing.
pub(super) fn is_same(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_have_stands_together() {
        let told: Vec<_> = pairs(&[1, 3, 3, 5], &[2, 3, 5, 6]).collect();
        let wanted = [
            (Some(0), None),
            (None, Some(0)),
            (Some(1), Some(1)),
            (Some(2), None),
            (Some(3), Some(2)),
            (None, Some(3)),
        ];
        assert_eq!(told, wanted);
        assert_eq!(pairs(&[], &[7]).collect::<Vec<_>>(), [(None, Some(0))]);
        assert_eq!(pairs(&[], &[]).count(), 0);
        assert!(is_same(0.0, -0.0) && is_same(f64::NAN, -f64::NAN) && !is_same(1.0, f64::NAN));
    }
}
