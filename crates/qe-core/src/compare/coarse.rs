//! Comparisons of many columns with each other by sixteen-bit steps.
//!
//! Thousands of comparisons of a few columns read each number hundreds of times. Where a machine compares thirty-two short
//! integers at a time, the columns are written first as steps of one range: the step of a greater number is never a lower one,
//! so where steps differ they tell which number is greater. The numbers themselves are asked in those words of 64 rows in which
//! two stand on one step. So the bits are those of [`compare_each`]. Golden numbers: none; the tests compare with that.

use super::{AT_ONCE, Order, compare_each};

/// Steps of a line of the cache.
const LINE: usize = 32;

/// Over how many steps a column goes at least: on fewer, which are those of a range that others make wide, it would stand on one
/// with others in every word.
const FEWEST: u16 = 1024;

#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Line([u16; LINE]);

/// Columns as steps.
#[derive(Debug, Default)]
pub struct Coarse {
    /// Whole words of rows, one column after the other.
    lines: Vec<Line>,
    /// How many of them a column has.
    n_lines: usize,
    /// Whether no number of each column is missing.
    is_there: Vec<bool>,
    /// Whether each column has steps, as it has where none is missing and they are of use.
    has_steps: Vec<bool>,
}

impl Coarse {
    /// Bytes of so many columns of so many rows.
    pub fn n_bytes(n_columns: usize, n_rows: usize) -> usize {
        n_columns * (n_rows.div_ceil(LINE) * size_of::<Line>() + 2)
    }

    /// Takes columns of one length in place of those before. Where the machine has no use for steps, a number is missing, or
    /// their steps are few, they have none.
    pub fn take(&mut self, columns: &[&[f64]]) {
        let n_words = columns.first().map_or(0, |x| x.len() / 64);
        self.n_lines = n_words * 64 / LINE;
        for is in [&mut self.is_there, &mut self.has_steps] {
            is.clear();
            is.resize(columns.len(), false);
        }
        if !is_able() || n_words == 0 {
            return;
        }
        self.lines.resize((columns.len() * self.n_lines).max(self.lines.len()), Line([0; LINE]));
        let (least, per_step) = range(columns);
        let pieces = self.lines.chunks_exact_mut(self.n_lines);
        let told = self.is_there.iter_mut().zip(&mut self.has_steps);
        for (((is_there, has_steps), x), lines) in told.zip(columns).zip(pieces) {
            let (is_whole, n_steps) = steps(&x[..64 * n_words], least, per_step, lines);
            (*is_there, *has_steps) = (is_whole, is_whole && n_steps >= FEWEST);
        }
    }

    /// As [`compare_each`], of columns that were taken: each with its number among them.
    ///
    /// # Panics
    /// As [`compare_each`], and when there is no such column.
    pub fn compare_each(
        &self,
        order: Order,
        x: (usize, &[f64]),
        ys: [(usize, &[f64]); AT_ONCE],
        out: &mut [u64],
        at: [usize; AT_ONCE],
    ) {
        let has_steps = self.has_steps[x.0] && ys.iter().all(|y| self.has_steps[y.0]);
        let done = if has_steps && !matches!(order, Order::Equal | Order::Unequal) {
            self.compare_words(order, x, ys, out, at)
        } else {
            0
        };
        let n = x.1.len();
        if 64 * done < n {
            let rest = 64 * done..n;
            compare_each(order, &x.1[rest.clone()], ys.map(|y| &y.1[rest.clone()]), out, at.map(|at| at + done));
        }
    }

    /// Whether it is known that of a column of so many rows, which was taken, no number is missing.
    pub fn is_whole(&self, column: usize, n_rows: usize) -> bool {
        self.is_there[column] && self.n_lines * LINE == n_rows
    }

    #[cfg(target_arch = "x86_64")]
    fn lines(&self, column: usize) -> &[Line] {
        &self.lines[column * self.n_lines..][..self.n_lines]
    }

    /// Compares whole words. Says how many.
    fn compare_words(
        &self,
        order: Order,
        x: (usize, &[f64]),
        ys: [(usize, &[f64]); AT_ONCE],
        out: &mut [u64],
        at: [usize; AT_ONCE],
    ) -> usize {
        #[cfg(target_arch = "x86_64")]
        {
            let n_words = self.n_lines * LINE / 64;
            let steps = (self.lines(x.0), ys.map(|y| self.lines(y.0)));
            let numbers = (x.1[..64 * n_words].as_chunks().0, ys.map(|y| y.1[..64 * n_words].as_chunks().0));
            #[expect(unsafe_code, reason = "a call of code for AVX-512, without which no column has steps")]
            unsafe {
                match order {
                    Order::Less | Order::AtMost => wide::each::<{ wide::LESS }>(order, steps, numbers, out, at),
                    _ => wide::each::<{ wide::GREATER }>(order, steps, numbers, out, at),
                }
            }
            n_words
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            let _ = (order, x, ys, out, at);
            0
        }
    }
}

/// Where the range of some columns begins, and how many steps go to one unit. What lies outside of it stands on the first step
/// or on the last, so a look at one row in 64 is enough.
fn range(columns: &[&[f64]]) -> (f64, f64) {
    let seen = columns.iter().flat_map(|x| x.iter().step_by(64)).filter(|x| x.is_finite());
    let (least, greatest) = seen.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (x.min(a), x.max(b)));
    if least < greatest {
        // A little more on both sides, where what was not seen may lie.
        let more = (greatest - least) / 16.0;
        (least - more, f64::from(u16::MAX) / (greatest - least + 2.0 * more))
    } else {
        (0.0, 1.0)
    }
}

/// Whether the machine compares thirty-two steps at a time.
fn is_able() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected as has;
        crate::wide::allows(8) && has!("avx512f") && has!("avx512dq") && has!("avx512bw")
    }
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// Writes the steps of numbers. Says whether none was missing, and over how many steps they go.
fn steps(x: &[f64], least: f64, per_step: f64, lines: &mut [Line]) -> (bool, u16) {
    #[cfg(target_arch = "x86_64")]
    #[expect(unsafe_code, reason = "a call of code for AVX-512, which `is_able` made sure of")]
    unsafe {
        wide::steps(x.as_chunks().0, least, per_step, lines)
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = (x, least, per_step, lines);
        (false, 0)
    }
}

#[cfg(target_arch = "x86_64")]
mod wide {
    use std::arch::x86_64::*;

    use super::super::wide::word_by_eight;
    use super::{AT_ONCE, LINE, Line, Order};

    pub(super) const LESS: i32 = _MM_CMPINT_LT;
    pub(super) const GREATER: i32 = _MM_CMPINT_NLE;

    /// How many words are gathered near at hand.
    const WORDS: usize = 16;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn load(line: &Line) -> __m512i {
        #[expect(unsafe_code, reason = "reads a line, which begins where such a vector may")]
        unsafe {
            _mm512_load_si512(line.0.as_ptr().cast())
        }
    }

    /// Writes the steps of numbers. Says whether none was missing, and over how many steps they go.
    #[target_feature(enable = "avx512f,avx512dq,avx512bw")]
    pub(super) fn steps(x: &[[f64; LINE]], least: f64, per_step: f64, lines: &mut [Line]) -> (bool, u16) {
        let (least, per_step) = (_mm512_set1_pd(least), _mm512_set1_pd(per_step));
        let (first, last) = (_mm512_setzero_pd(), _mm512_set1_pd(f64::from(u16::MAX)));
        let (mut missing, mut low, mut high) = (0, _mm512_set1_epi16(-1), _mm512_setzero_si512());
        for (x, line) in x.iter().zip(lines) {
            let mut part = [_mm256_setzero_si256(); 4];
            for (x, part) in x.as_chunks::<8>().0.iter().zip(&mut part) {
                #[expect(unsafe_code, reason = "reads as many numbers as the array has")]
                let x = unsafe { _mm512_loadu_pd(x.as_ptr()) };
                missing |= _mm512_cmp_pd_mask::<_CMP_UNORD_Q>(x, x);
                let step = _mm512_mul_pd(_mm512_sub_pd(x, least), per_step);
                // A step that is no number becomes the first.
                *part = _mm512_cvttpd_epi32(_mm512_min_pd(_mm512_max_pd(step, first), last));
            }
            let half = |a, b| _mm512_cvtepi32_epi16(_mm512_inserti64x4::<1>(_mm512_castsi256_si512(a), b));
            let [a, b, c, d] = part;
            let all = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(half(a, b)), half(c, d));
            (low, high) = (_mm512_min_epu16(low, all), _mm512_max_epu16(high, all));
            #[expect(unsafe_code, reason = "writes a line, which begins where such a vector may")]
            unsafe {
                _mm512_store_si512(line.0.as_mut_ptr().cast(), all);
            }
        }
        let lanes = |x: __m512i| {
            let mut line = Line([0; LINE]);
            #[expect(unsafe_code, reason = "writes a line, which begins where such a vector may")]
            unsafe {
                _mm512_store_si512(line.0.as_mut_ptr().cast(), x);
            }
            line.0
        };
        let (low, high) = (lanes(low).into_iter().min(), lanes(high).into_iter().max());
        (missing == 0, high.zip(low).map_or(0, |(high, low)| high.saturating_sub(low)))
    }

    type Words<'a> = &'a [[f64; 64]];

    /// Writes whole words of where one column's step is less than each other's, or greater; where two are on one step, of where
    /// the order holds between the numbers.
    #[target_feature(enable = "avx512f,avx512dq,avx512bw")]
    pub(super) fn each<const TEST: i32>(
        order: Order,
        (x, [a, b, c, d]): (&[Line], [&[Line]; AT_ONCE]),
        (x_numbers, y_numbers): (Words<'_>, [Words<'_>; AT_ONCE]),
        out: &mut [u64],
        at: [usize; AT_ONCE],
    ) {
        let n = x_numbers.len();
        let mut near = [[[0_u32; 2]; WORDS]; AT_ONCE];
        for from in (0..n).step_by(WORDS) {
            let m = (n - from).min(WORDS);
            let lines = 2 * from..2 * (from + m);
            // Nothing where some step is the other's.
            let mut apart = [_mm512_set1_epi16(-1); AT_ONCE];
            let [to_a, to_b, to_c, to_d] = near.each_mut().map(|words| words.as_flattened_mut());
            let ys = a[lines.clone()].iter().zip(&b[lines.clone()]).zip(&c[lines.clone()]).zip(&d[lines.clone()]);
            let to = to_a.iter_mut().zip(to_b).zip(to_c).zip(to_d);
            for ((x, (((a, b), c), d)), (((to_a, to_b), to_c), to_d)) in x[lines].iter().zip(ys).zip(to) {
                let x = load(x);
                let mut one = |k: usize, y: &Line| {
                    let y = load(y);
                    apart[k] = _mm512_min_epu16(apart[k], _mm512_xor_si512(x, y));
                    _mm512_cmp_epu16_mask::<TEST>(x, y)
                };
                (*to_a, *to_b, *to_c, *to_d) = (one(0, a), one(1, b), one(2, c), one(3, d));
            }
            for k in 0..AT_ONCE {
                let out = &mut out[at[k] + from..][..m];
                for (out, [low, high]) in out.iter_mut().zip(&near[k]) {
                    *out = u64::from(*low) | u64::from(*high) << 32;
                }
                if _mm512_testn_epi16_mask(apart[k], apart[k]) != 0 {
                    let (x_lines, y_lines) =
                        (x[2 * from..].as_chunks::<2>().0, [a, b, c, d][k][2 * from..].as_chunks::<2>().0);
                    for (w, out) in out.iter_mut().enumerate() {
                        let same = |i: usize| _mm512_cmpeq_epi16_mask(load(&x_lines[w][i]), load(&y_lines[w][i]));
                        if (same(0) | same(1)) != 0 {
                            *out = word_by_eight(order, &x_numbers[from + w], &y_numbers[k][from + w]);
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::tests::ORDERS;
    use crate::rng::Stream;

    /// Columns far apart and on one another, with ties, missing and infinite numbers, outliers that make all else one step.
    #[test]
    fn steps_give_the_bits_of_the_numbers() {
        let mut r = Stream::new(1, "steps", 0);
        let (mut n_with_steps, mut n_on_few) = (0, 0);
        for case in 0..400 {
            let n: usize = [0, 1, 63, 64, 65, 200, 1024, 1100, 2048][case % 9];
            let kind = r.below(6);
            let mut level = 100.0;
            let columns: Vec<Vec<f64>> = (0..5)
                .map(|_| {
                    let mut column: Vec<f64> = (0..n)
                        .map(|_| {
                            level += r.normal() * 0.01;
                            match kind {
                                0 => level,
                                1 => (level * 10.0).round(),
                                2 => 7.0,
                                3 => f64::from_bits(1.0_f64.to_bits() + r.below(3)),
                                4 => f64::from_bits(r.next_u64()),
                                _ => (r.normal() * 3.0).round() * if r.bernoulli(0.5) { 0.0 } else { 1.0 },
                            }
                        })
                        .collect();
                    if n > 0 && r.below(6) == 0 {
                        let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 1e300, -1e300];
                        column[r.below(n as u64) as usize] = odd[r.below(6) as usize];
                    }
                    column
                })
                .collect();
            let all: Vec<&[f64]> = columns.iter().map(|c| &c[..]).collect();
            let mut coarse = Coarse::default();
            // What was taken before leaves no trace.
            coarse.take(&[&[1.0; 4096][..]; 3]);
            coarse.take(&all);
            n_with_steps += coarse.has_steps.iter().filter(|is| **is).count();
            n_on_few += coarse.has_steps.iter().zip(&coarse.is_there).filter(|(has, is)| **is && !**has).count();
            let n_words = n.div_ceil(64);
            let at = [1, 1 + 3 * n_words, 1 + n_words, 1 + 4 * n_words];
            for order in ORDERS {
                let [mut got, mut expected] = [(); 2].map(|()| vec![!0; 5 * n_words + 1]);
                coarse.compare_each(order, (0, all[0]), [1, 2, 3, 4].map(|k| (k, all[k])), &mut got, at);
                compare_each(order, all[0], [1, 2, 3, 4].map(|k| all[k]), &mut expected, at);
                assert_eq!(got, expected, "{order:?}, case {case}");
            }
        }
        assert!(!is_able() || n_with_steps > 800 && n_on_few > 150, "{n_with_steps}, {n_on_few}");
    }
}
