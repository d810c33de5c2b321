//! Comparisons of many numbers as bitmaps: 64 rows a word, where they hold and where they fail.
//!
//! A comparison with NaN neither holds nor fails. Machines that compare eight or four numbers at a time do so; a comparison
//! is exact, so the bits are those of one at a time. Golden numbers: none; the tests compare with the plain loop.

/// What is asked of two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    /// `a < b`
    Less,
    /// `a <= b`
    AtMost,
    /// `a == b`
    Equal,
}

impl Test {
    /// Whether it holds, and whether it fails.
    #[inline(always)]
    fn of(self, a: f64, b: f64) -> (bool, bool) {
        match self {
            Self::Less => (a < b, a >= b),
            Self::AtMost => (a <= b, a > b),
            Self::Equal => (a == b, !a.is_nan() && !b.is_nan() && a != b),
        }
    }
}

/// One side of a comparison.
#[derive(Debug, Clone, Copy)]
pub enum Side<'a> {
    /// A number per row.
    Many(&'a [f64]),
    /// One number for all rows.
    One(f64),
}

impl Side<'_> {
    #[inline(always)]
    fn at(self, row: usize) -> f64 {
        match self {
            Self::Many(x) => x[row],
            Self::One(x) => x,
        }
    }
}

/// Writes for `n` rows where a test holds and where it fails. Bits beyond the last row are unset.
///
/// # Panics
/// When a side, `holds` or `fails` is too short for `n` rows.
pub fn compare(test: Test, a: Side<'_>, b: Side<'_>, n: usize, holds: &mut [u64], fails: &mut [u64]) {
    let n_words = n.div_ceil(64);
    let (holds, fails) = (&mut holds[..n_words], &mut fails[..n_words]);
    let done = wide::compare(test, a, b, n / 64, holds, fails);
    for word in done..n_words {
        let (mut yes, mut no) = (0_u64, 0_u64);
        for bit in 0..(n - 64 * word).min(64) {
            let (holds, fails) = test.of(a.at(64 * word + bit), b.at(64 * word + bit));
            yes |= u64::from(holds) << bit;
            no |= u64::from(fails) << bit;
        }
        (holds[word], fails[word]) = (yes, no);
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod wide {
    use super::{Side, Test};

    /// No word at a time here.
    pub(super) fn compare(_: Test, _: Side<'_>, _: Side<'_>, _: usize, _: &mut [u64], _: &mut [u64]) -> usize {
        0
    }
}

#[cfg(target_arch = "x86_64")]
mod wide {
    use std::arch::x86_64::*;

    use super::{Side, Test};

    /// Writes whole words, as many as are asked for, if the machine can compare several numbers at a time. Says how many.
    pub(super) fn compare(
        test: Test,
        a: Side<'_>,
        b: Side<'_>,
        n_words: usize,
        holds: &mut [u64],
        fails: &mut [u64],
    ) -> usize {
        if n_words == 0 {
            return 0;
        }
        let (holds, fails) = (&mut holds[..n_words], &mut fails[..n_words]);
        if is_x86_feature_detected!("avx512f") {
            #[expect(unsafe_code, reason = "a call of code for AVX-512, which the line above makes sure of")]
            unsafe {
                by_eight(test, a, b, holds, fails);
            }
            n_words
        } else if is_x86_feature_detected!("avx2") {
            #[expect(unsafe_code, reason = "a call of code for AVX2, which the line above makes sure of")]
            unsafe {
                by_four(test, a, b, holds, fails);
            }
            n_words
        } else {
            0
        }
    }

    /// The words of one side, cut so that the compiler knows their lengths.
    fn words<'a>(side: Side<'a>, n_words: usize) -> (&'a [[f64; 64]], f64) {
        match side {
            Side::Many(x) => (x[..64 * n_words].as_chunks().0, 0.0),
            Side::One(x) => (&[], x),
        }
    }

    macro_rules! by_lanes {
        ($name:ident, $feature:literal, $lanes:literal, $vector:ty, $load:ident, $splat:ident, $test:ident) => {
            #[target_feature(enable = $feature)]
            fn $name(test: Test, a: Side<'_>, b: Side<'_>, holds: &mut [u64], fails: &mut [u64]) {
                let n = holds.len();
                let ((a_words, a_one), (b_words, b_one)) = (words(a, n), words(b, n));
                let (a_one, b_one) = ($splat(a_one), $splat(b_one));
                let load = |word: &[f64; 64], i: usize| -> $vector {
                    let lanes: &[f64; $lanes] = &word.as_chunks::<$lanes>().0[i];
                    #[expect(unsafe_code, reason = "reads as many numbers as the array has, aligned or not")]
                    unsafe {
                        $load(lanes.as_ptr())
                    }
                };
                macro_rules! each {
                    ($x:expr, $y:expr) => {
                        match test {
                            Test::Less => each!($x, $y, _CMP_LT_OQ, _CMP_GE_OQ),
                            Test::AtMost => each!($x, $y, _CMP_LE_OQ, _CMP_GT_OQ),
                            Test::Equal => each!($x, $y, _CMP_EQ_OQ, _CMP_NEQ_OQ),
                        }
                    };
                    ($x:expr, $y:expr, $yes:ident, $no:ident) => {
                        for w in 0..n {
                            let (mut yes, mut no) = (0_u64, 0_u64);
                            for i in 0..64 / $lanes {
                                let (x, y) = ($x(w, i), $y(w, i));
                                yes |= $test::<$yes>(x, y) << (i * $lanes);
                                no |= $test::<$no>(x, y) << (i * $lanes);
                            }
                            (holds[w], fails[w]) = (yes, no);
                        }
                    };
                }
                match (a, b) {
                    (Side::Many(_), Side::Many(_)) => {
                        each!(|w: usize, i| load(&a_words[w], i), |w: usize, i| load(&b_words[w], i))
                    }
                    (Side::Many(_), Side::One(_)) => each!(|w: usize, i| load(&a_words[w], i), |_, _| b_one),
                    (Side::One(_), Side::Many(_)) => each!(|_, _| a_one, |w: usize, i| load(&b_words[w], i)),
                    (Side::One(_), Side::One(_)) => each!(|_, _| a_one, |_, _| b_one),
                }
            }
        };
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn eight<const TEST: i32>(a: __m512d, b: __m512d) -> u64 {
        u64::from(_mm512_cmp_pd_mask::<TEST>(a, b))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn four<const TEST: i32>(a: __m256d, b: __m256d) -> u64 {
        _mm256_movemask_pd(_mm256_cmp_pd::<TEST>(a, b)) as u64
    }

    by_lanes!(by_eight, "avx512f", 8, __m512d, _mm512_loadu_pd, _mm512_set1_pd, eight);
    by_lanes!(by_four, "avx2", 4, __m256d, _mm256_loadu_pd, _mm256_set1_pd, four);

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn four_lanes_give_what_eight_give() {
            if !is_x86_feature_detected!("avx512f") {
                return;
            }
            let a: Vec<f64> = (0..256).map(|i| if i % 13 == 0 { f64::NAN } else { f64::from(i * 7 % 31) }).collect();
            let b: Vec<f64> = (0..256).map(|i| if i % 17 == 0 { f64::NAN } else { f64::from(i * 5 % 29) }).collect();
            for test in [Test::Less, Test::AtMost, Test::Equal] {
                for (x, y) in [
                    (Side::Many(&a), Side::Many(&b)),
                    (Side::Many(&a), Side::One(3.0)),
                    (Side::One(3.0), Side::Many(&b)),
                ] {
                    let mut eight = [[0; 4]; 2];
                    let mut four = [[0; 4]; 2];
                    let [yes, no] = &mut eight;
                    #[expect(unsafe_code, reason = "the machine has AVX-512, as asked above")]
                    unsafe {
                        by_eight(test, x, y, yes, no);
                    }
                    let [yes, no] = &mut four;
                    #[expect(unsafe_code, reason = "a machine that has AVX-512 has AVX2")]
                    unsafe {
                        by_four(test, x, y, yes, no);
                    }
                    assert_eq!(eight, four);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bits_are_those_of_the_plain_loop() {
        let odd = [f64::NAN, 0.0, -0.0, 1.0, f64::INFINITY, f64::NEG_INFINITY, 2.0, 1.0 + f64::EPSILON];
        for n in [0, 1, 63, 64, 65, 127, 128, 200] {
            let a: Vec<f64> = (0..n).map(|i| odd[i * 5 % 8]).collect();
            let b: Vec<f64> = (0..n).map(|i| odd[i * 3 / 2 % 8]).collect();
            let sides = [
                (Side::Many(&a[..]), Side::Many(&b[..])),
                (Side::Many(&a), Side::One(1.0)),
                (Side::One(1.0), Side::Many(&b)),
                (Side::One(f64::NAN), Side::One(1.0)),
            ];
            for (test, (x, y)) in
                [Test::Less, Test::AtMost, Test::Equal].into_iter().flat_map(|t| sides.map(|s| (t, s)))
            {
                let n_words = n.div_ceil(64);
                let (mut holds, mut fails) = (vec![!0; n_words], vec![!0; n_words]);
                compare(test, x, y, n, &mut holds, &mut fails);
                for row in 0..64 * n_words {
                    let bit = |words: &[u64]| words[row / 64] >> (row % 64) & 1 == 1;
                    let expected = if row < n {
                        let (a, b) = (x.at(row), y.at(row));
                        match test {
                            Test::Less => (a.partial_cmp(&b) == Some(std::cmp::Ordering::Less), a >= b),
                            Test::AtMost => (a <= b, a > b),
                            Test::Equal => (a == b, !a.is_nan() && !b.is_nan() && a != b),
                        }
                    } else {
                        (false, false)
                    };
                    assert_eq!((bit(&holds), bit(&fails)), expected, "{test:?} row {row} of {n}");
                }
            }
        }
    }
}
