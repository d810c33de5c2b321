//! The order of raw times, before an axis is made of them.
//!
//! A row is unsorted when it steps back from the row before it, and a duplicate when a row before it, or after it in
//! an unsorted file, has the same time: `n` rows of one time are `n - 1` duplicates.

use qe_core::time::Timestamp;

use super::policy::{Check, QualityPolicy};
use super::report::{Finding, Sheet};

/// What is wrong with the order of raw times, for loaders. An axis takes sorted times only.
pub fn check_times(symbol: &str, times: &[i64], policy: &QualityPolicy) -> Vec<Finding> {
    let mut sheet = Sheet::new(symbol, "times".to_owned(), times, policy);
    sheet.run(Check::DuplicateTimes, |tally, _| {
        let mut rows: Vec<usize> = (0..times.len()).collect();
        if !times.is_sorted() {
            rows.sort_by_key(|r| times[*r]);
        }
        let mut repeats: Vec<usize> =
            rows.windows(2).filter(|w| times[w[0]] == times[w[1]]).map(|w| w[0].max(w[1])).collect();
        repeats.sort_unstable();
        repeats.iter().for_each(|row| tally.hit(*row, || "the time stands in an earlier row too".to_owned()));
    });
    sheet.run(Check::Unsorted, |tally, _| {
        for row in 1..times.len() {
            if times[row] < times[row - 1] {
                tally.hit(row, || format!("the row before is at {}", Timestamp(times[row - 1])));
            }
        }
    });
    sheet.finish(None).findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counts(times: &[i64]) -> (u64, u64) {
        let found = check_times("S", times, &QualityPolicy::default());
        let count = |check| found.iter().find(|f| f.check == check).map_or(0, |f| f.count);
        (count(Check::DuplicateTimes), count(Check::Unsorted))
    }

    #[test]
    fn steps_back_and_repeats_are_counted() {
        assert_eq!(counts(&[]), (0, 0));
        assert_eq!(counts(&[1, 2, 3]), (0, 0));
        assert_eq!(counts(&[1, 2, 2, 2, 3]), (2, 0));
        assert_eq!(counts(&[1, 3, 2, 4, 1]), (1, 2));
        let found = check_times("S", &[1, 3, 2], &QualityPolicy::default());
        assert_eq!((found[0].first[0].row, found[0].share_frac), (Some(2), 1.0 / 3.0));
    }

    proptest! {
        #[test]
        fn duplicates_are_what_a_set_would_lose(times in proptest::collection::vec(0i64..20, 0..40)) {
            let distinct = times.iter().collect::<std::collections::BTreeSet<_>>().len();
            prop_assert_eq!(counts(&times).0 as usize, times.len() - distinct);
        }
    }
}
