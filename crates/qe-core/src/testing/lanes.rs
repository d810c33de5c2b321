//! How many numbers at a time code may work on, whatever the machine could.
//!
//! Where this is compiled, `wide` and `lanes` ask at each call. The limit is one for the process, since a run has
//! threads of its own; as it never changes a result, tests that run beside are none the worse.

use std::sync::atomic::{AtomicUsize, Ordering};

static MOST: AtomicUsize = AtomicUsize::new(usize::MAX);

/// From now on at most so many numbers at a time: 2 is what every machine has, 4 and 8 are wider; `None` is as the
/// machine can.
pub fn limit_lanes(most: Option<usize>) {
    MOST.store(most.unwrap_or(usize::MAX), Ordering::SeqCst);
}

/// Whether so many at a time are allowed.
#[inline]
pub(crate) fn allows_lanes(n: usize) -> bool {
    n <= MOST.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::{Eight, EightLoops, eights};

    struct Name;

    impl EightLoops for Name {
        type Out = &'static str;

        #[inline(always)]
        fn run<V: Eight>(self) -> &'static str {
            std::any::type_name::<V>()
        }
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn code_is_as_narrow_as_it_is_told() {
        use std::arch::is_x86_feature_detected as has;
        let names = [None, Some(4), Some(2)].map(|most| {
            limit_lanes(most);
            eights(Name)
        });
        limit_lanes(None);
        assert!(names[2].ends_with("Four"), "four vectors of two: {names:?}");
        assert!(!has!("avx2") || names[1].ends_with("Two"), "two vectors of four: {names:?}");
        assert!(!has!("avx512dq") || names[0].ends_with("One"), "one vector of eight: {names:?}");
    }
}
