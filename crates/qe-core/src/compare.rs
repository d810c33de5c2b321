//! Comparisons of many numbers as bitmaps: 64 rows a word, where they hold and where they fail.
//!
//! A comparison with NaN neither holds nor fails. Machines that compare eight or four numbers at a time do so; a comparison
//! is exact, so the bits are those of one at a time. Golden numbers: none; the tests compare with the plain loop.

mod coarse;

use std::cmp::Ordering;

pub use coarse::Coarse;

/// Whether two numbers that are there are not the same.
#[inline(always)]
fn differ(a: f64, b: f64) -> bool {
    a.partial_cmp(&b).is_some_and(Ordering::is_ne)
}

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
            Self::Equal => (a == b, differ(a, b)),
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

/// What is asked of a number and another one; it holds for no missing number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Order {
    /// `x < y`
    Less,
    /// `x <= y`
    AtMost,
    /// `x > y`
    Greater,
    /// `x >= y`
    AtLeast,
    /// `x == y`
    Equal,
    /// `x < y` or `x > y`
    Unequal,
}

impl Order {
    /// The same of the two numbers the other way round.
    #[must_use]
    pub fn turned(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::AtMost => Self::AtLeast,
            Self::Greater => Self::Less,
            Self::AtLeast => Self::AtMost,
            Self::Equal | Self::Unequal => self,
        }
    }

    /// What holds where this does not, of numbers that are there.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::Less => Self::AtLeast,
            Self::AtMost => Self::Greater,
            Self::Greater => Self::AtMost,
            Self::AtLeast => Self::Less,
            Self::Equal => Self::Unequal,
            Self::Unequal => Self::Equal,
        }
    }

    #[inline(always)]
    fn holds(self, x: f64, y: f64) -> bool {
        match self {
            Self::Less => x < y,
            Self::AtMost => x <= y,
            Self::Greater => x > y,
            Self::AtLeast => x >= y,
            Self::Equal => x == y,
            Self::Unequal => differ(x, y),
        }
    }
}

/// How many columns [`compare_each`] compares one with.
pub const AT_ONCE: usize = 4;

/// Writes where an order holds between a column and each of [`AT_ONCE`] others: of the others' `k`-th, to the words of `out`
/// from `at[k]` on. One read of the column serves all of them, and the others' stay in cache from column to column. Bits
/// beyond the last row are unset.
///
/// # Panics
/// When the others are shorter than the column, or `out` is too short.
pub fn compare_each(order: Order, x: &[f64], ys: [&[f64]; AT_ONCE], out: &mut [u64], at: [usize; AT_ONCE]) {
    let n = x.len();
    let ys = ys.map(|y| &y[..n]);
    let done = wide::compare_each(order, x, ys, out, at);
    for (y, at) in ys.into_iter().zip(at) {
        for (word, out) in out[at..at + n.div_ceil(64)].iter_mut().enumerate().skip(done) {
            let rows = 64 * word..n.min(64 * word + 64);
            let bits = x[rows.clone()].iter().zip(&y[rows]).enumerate();
            *out = bits.fold(0, |bits, (bit, (&x, &y))| bits | u64::from(order.holds(x, y)) << bit);
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod wide {
    use super::{AT_ONCE, Order, Side, Test};

    /// No word at a time here.
    pub(super) fn compare_each(_: Order, _: &[f64], _: [&[f64]; AT_ONCE], _: &mut [u64], _: [usize; AT_ONCE]) -> usize {
        0
    }

    /// No word at a time here.
    pub(super) fn compare(_: Test, _: Side<'_>, _: Side<'_>, _: usize, _: &mut [u64], _: &mut [u64]) -> usize {
        0
    }
}

#[cfg(target_arch = "x86_64")]
mod wide {
    use std::arch::x86_64::*;

    use super::{AT_ONCE, Order, Side, Test};
    use crate::wide::allows;

    /// Writes whole words, if the machine can compare several numbers at a time. Says how many.
    pub(super) fn compare_each(
        order: Order,
        x: &[f64],
        ys: [&[f64]; AT_ONCE],
        out: &mut [u64],
        at: [usize; AT_ONCE],
    ) -> usize {
        let n_words = x.len() / 64;
        if n_words == 0 {
        } else if allows(8) && is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq") {
            #[expect(unsafe_code, reason = "a call of code for AVX-512, which the line above makes sure of")]
            unsafe {
                each_by_eight(order, x, ys, out, at);
            }
        } else if allows(4) && is_x86_feature_detected!("avx2") {
            #[expect(unsafe_code, reason = "a call of code for AVX2, which the line above makes sure of")]
            unsafe {
                each_by_four(order, x, ys, out, at);
            }
        } else {
            return 0;
        }
        n_words
    }

    /// How many words are gathered near at hand.
    const WORDS: usize = 16;

    /// Eight rows as a byte.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq")]
    fn byte_by_eight<const TEST: i32>(x: &[f64; 8], y: &[f64; 8]) -> u8 {
        #[expect(unsafe_code, reason = "reads as many numbers as the arrays have, aligned or not")]
        let (x, y) = unsafe { (_mm512_loadu_pd(x.as_ptr()), _mm512_loadu_pd(y.as_ptr())) };
        _mm512_cmp_pd_mask::<TEST>(x, y)
    }

    /// Eight rows as a byte.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn byte_by_four<const TEST: i32>(x: &[f64; 8], y: &[f64; 8]) -> u8 {
        let half = |at: usize| {
            let (x, y): (&[f64; 4], &[f64; 4]) = (&x.as_chunks().0[at], &y.as_chunks().0[at]);
            #[expect(unsafe_code, reason = "reads as many numbers as the arrays have, aligned or not")]
            unsafe {
                (_mm256_loadu_pd(x.as_ptr()), _mm256_loadu_pd(y.as_ptr()))
            }
        };
        let ((x, y), (x_on, y_on)) = (half(0), half(1));
        (four::<TEST>(x, y) | four::<TEST>(x_on, y_on) << 4) as u8
    }

    /// Where an order holds in 64 rows.
    #[target_feature(enable = "avx512f,avx512dq")]
    pub(super) fn word_by_eight(order: Order, x: &[f64; 64], y: &[f64; 64]) -> u64 {
        macro_rules! all {
            ($which:ident) => {
                u64::from_le_bytes(std::array::from_fn(|i| {
                    byte_by_eight::<$which>(&x.as_chunks().0[i], &y.as_chunks().0[i])
                }))
            };
        }
        match order {
            Order::Less => all!(_CMP_LT_OQ),
            Order::AtMost => all!(_CMP_LE_OQ),
            Order::Greater => all!(_CMP_GT_OQ),
            Order::AtLeast => all!(_CMP_GE_OQ),
            Order::Equal => all!(_CMP_EQ_OQ),
            Order::Unequal => all!(_CMP_NEQ_OQ),
        }
    }

    macro_rules! each_by_lanes {
        ($name:ident, $feature:literal, $byte:ident) => {
            #[target_feature(enable = $feature)]
            fn $name(order: Order, x: &[f64], ys: [&[f64]; AT_ONCE], out: &mut [u64], at: [usize; AT_ONCE]) {
                let n = x.len() / 64;
                let [a, b, c, d] = ys;
                // Bytes near at hand, of eight rows each: what is far away is written in whole words.
                let mut near = [[[0_u8; 8]; WORDS]; AT_ONCE];
                macro_rules! each {
                    ($which:ident) => {
                        for from in (0..n).step_by(WORDS) {
                            let m = (n - from).min(WORDS);
                            let rows = 64 * from..64 * (from + m);
                            let (x, _) = x[rows.clone()].as_chunks::<8>();
                            let ((a, _), (b, _)) = (a[rows.clone()].as_chunks::<8>(), b[rows.clone()].as_chunks::<8>());
                            let ((c, _), (d, _)) = (c[rows.clone()].as_chunks::<8>(), d[rows].as_chunks::<8>());
                            let [to_a, to_b, to_c, to_d] = &mut near;
                            let (to_a, to_b) = (to_a.as_flattened_mut(), to_b.as_flattened_mut());
                            let (to_c, to_d) = (to_c.as_flattened_mut(), to_d.as_flattened_mut());
                            for i in 0..8 * m {
                                to_a[i] = $byte::<$which>(&x[i], &a[i]);
                                to_b[i] = $byte::<$which>(&x[i], &b[i]);
                                to_c[i] = $byte::<$which>(&x[i], &c[i]);
                                to_d[i] = $byte::<$which>(&x[i], &d[i]);
                            }
                            for k in 0..AT_ONCE {
                                let out = &mut out[at[k] + from..at[k] + from + m];
                                for (out, word) in out.iter_mut().zip(&near[k]) {
                                    *out = u64::from_le_bytes(*word);
                                }
                            }
                        }
                    };
                }
                match order {
                    Order::Less => each!(_CMP_LT_OQ),
                    Order::AtMost => each!(_CMP_LE_OQ),
                    Order::Greater => each!(_CMP_GT_OQ),
                    Order::AtLeast => each!(_CMP_GE_OQ),
                    Order::Equal => each!(_CMP_EQ_OQ),
                    Order::Unequal => each!(_CMP_NEQ_OQ),
                }
            }
        };
    }

    each_by_lanes!(each_by_eight, "avx512f,avx512dq", byte_by_eight);
    each_by_lanes!(each_by_four, "avx2", byte_by_four);

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
        if allows(8) && is_x86_feature_detected!("avx512f") {
            #[expect(unsafe_code, reason = "a call of code for AVX-512, which the line above makes sure of")]
            unsafe {
                by_eight(test, a, b, holds, fails);
            }
            n_words
        } else if allows(4) && is_x86_feature_detected!("avx2") {
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
        fn four_lanes_give_what_eight_give_of_several_columns() {
            if !is_x86_feature_detected!("avx512dq") {
                return;
            }
            let x: Vec<f64> = (0..128).map(|i| if i % 13 == 0 { f64::NAN } else { f64::from(i * 7 % 31) }).collect();
            let y: Vec<f64> = (0..256).map(|i| if i % 17 == 0 { f64::NAN } else { f64::from(i * 5 % 29) }).collect();
            let ys = [&y[..128], &y[1..129], &y[64..192], &y[128..]];
            for order in super::super::tests::ORDERS {
                let mut both = [[0; 9]; 2];
                let [eight, four] = &mut both;
                #[expect(unsafe_code, reason = "the machine has AVX-512, as asked above, and so AVX2")]
                unsafe {
                    each_by_eight(order, &x, ys, eight, [0, 2, 7, 5]);
                    each_by_four(order, &x, ys, four, [0, 2, 7, 5]);
                }
                assert_eq!(eight, four);
            }
        }

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

    pub(super) const ORDERS: [Order; 6] =
        [Order::Less, Order::AtMost, Order::Greater, Order::AtLeast, Order::Equal, Order::Unequal];

    #[test]
    fn several_columns_have_the_bits_of_one_at_a_time() {
        let odd = [f64::NAN, 0.0, -0.0, 1.0, f64::INFINITY, f64::NEG_INFINITY, 2.0, 1.0 + f64::EPSILON];
        for n in [0, 1, 63, 64, 65, 200] {
            let column = |step: usize| -> Vec<f64> { (0..n).map(|i| odd[(i * step / 2 + step) % 8]).collect() };
            let (x, ys) = (column(10), [3, 5, 6, 7].map(column));
            let n_words = n.div_ceil(64);
            for order in ORDERS {
                let mut out = vec![!0; 5 * n_words + 1];
                let at = [1, 1 + 3 * n_words, 1 + n_words, 1 + 4 * n_words];
                compare_each(order, &x, ys.each_ref().map(|y| &y[..]), &mut out, at);
                for (y, at) in ys.iter().zip(at) {
                    for row in 0..64 * n_words {
                        let got = out[at + row / 64] >> (row % 64) & 1 == 1;
                        assert_eq!(got, row < n && holds(order, x[row], y[row]), "{order:?} row {row} of {n}");
                    }
                }
            }
        }
        fn holds(order: Order, x: f64, y: f64) -> bool {
            use std::cmp::Ordering::{Equal, Greater, Less};
            let wanted = match order {
                Order::Less => vec![Less],
                Order::AtMost => vec![Less, Equal],
                Order::Greater => vec![Greater],
                Order::AtLeast => vec![Greater, Equal],
                Order::Equal => vec![Equal],
                Order::Unequal => vec![Less, Greater],
            };
            let is = |order: Order| order.turned().turned() == order && order.negated().negated() == order;
            assert!(ORDERS.into_iter().all(is));
            let there = !x.is_nan() && !y.is_nan();
            let turned = order.turned().holds(y, x) && (!there || !order.negated().holds(x, y));
            assert_eq!(turned, order.holds(x, y));
            x.partial_cmp(&y).is_some_and(|found| wanted.contains(&found))
        }
    }
}
