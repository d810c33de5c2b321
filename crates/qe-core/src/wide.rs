//! The vectors of the machine at hand, where they are wider than those that every machine of its kind has.
//!
//! A program that runs on every x86-64 machine works on two numbers at a time; nearly all of them can work on four.
//! [`wide`] runs loops with four where the machine has them. It never changes a result: a vector's lanes do what one
//! number at a time would do, and the compiler neither reorders additions nor fuses a product with a sum, for which
//! there is an instruction of its own that is left out here.

/// Loops over many numbers. What they call should be `#[inline(always)]` down to the innermost, for so far reaches
/// [`wide`].
pub trait Loops {
    /// What comes of them.
    type Out;

    /// Runs them; to be written with `#[inline(always)]`.
    fn run(self) -> Self::Out;
}

/// Runs loops that are compiled a second time for wider vectors, with those where the machine has them. To ask it costs
/// about a nanosecond.
#[inline]
pub fn wide<L: Loops>(loops: L) -> L::Out {
    #[cfg(target_arch = "x86_64")]
    if has_wide() {
        #[expect(unsafe_code, reason = "a call of code for AVX2 and its kin, which the line above makes sure of")]
        return unsafe { with_avx2(loops) };
    }
    loops.run()
}

/// Every machine that works on four numbers at a time counts and finds bits in one step too.
#[cfg(target_arch = "x86_64")]
#[inline]
fn has_wide() -> bool {
    use std::arch::is_x86_feature_detected as has;
    allows(4) && has!("avx2") && has!("bmi1") && has!("bmi2") && has!("lzcnt") && has!("popcnt")
}

/// Whether code may work on so many numbers at a time; it may, unless a test says otherwise.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) fn allows(n: usize) -> bool {
    #[cfg(any(test, feature = "testing"))]
    return crate::testing::allows_lanes(n);
    #[cfg(not(any(test, feature = "testing")))]
    {
        let _ = n;
        true
    }
}

/// Without the feature `fma`, so that results are those of every machine.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn with_avx2<L: Loops>(loops: L) -> L::Out {
    loops.run()
}

/// Asks for the memory of a number that is wanted soon, and waits for nothing. What is beyond the end is not asked for.
#[inline(always)]
pub fn ask_for<T>(x: &[T], at: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(number) = x.get(at) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        #[expect(unsafe_code, reason = "a hint about a place that is there, which every such machine takes")]
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(number).cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (x, at);
}

/// The first of `n` places at which something is so. It is asked of several at a time, without a branch for each.
#[inline(always)]
pub fn first(n: usize, is: impl Fn(usize) -> bool) -> Option<usize> {
    let mut from = 0;
    while from < n {
        let to = n.min(from + 16);
        if (from..to).fold(false, |any, i| any | is(i)) {
            return (from..to).find(|i| is(*i));
        }
        from = to;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy)]
    struct Probe<'a>(&'a [f64]);

    impl Loops for Probe<'_> {
        type Out = Vec<u64>;

        #[inline(always)]
        fn run(self) -> Vec<u64> {
            let mut out: Vec<f64> = self.0.iter().map(|x| (x * 1.1 + 0.3) / (x * x - 0.7) - x.abs().sqrt()).collect();
            let mut last = 0.0;
            out.iter_mut().for_each(|v| (last, *v) = (last * 0.9 + *v * 0.1, *v + last));
            out.into_iter().map(f64::to_bits).collect()
        }
    }

    #[test]
    fn the_bits_are_those_of_narrow_vectors() {
        let x: Vec<f64> = (0..1000).map(|i| f64::from(i * i % 977) * 0.37 - 100.0).collect();
        assert_eq!(wide(Probe(&x)), Probe(&x).run());
    }

    #[test]
    fn the_first_place_is_that_of_a_plain_search() {
        for n in 0..50 {
            for at in 0..60 {
                let is = |i: usize| i >= at && (i - at).is_multiple_of(3);
                assert_eq!(first(n, is), (0..n).find(|i| is(*i)), "{at} of {n}");
            }
        }
    }
}
