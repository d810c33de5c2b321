//! The vectors of x86-64: of two numbers on every machine, of four or eight on most.

mod turned;

use std::arch::x86_64::*;

use self::turned::{turn_eight, turn_fours, turn_twos};
use super::{Eight, EightLoops, keep_each};
use crate::wide::allows;

/// Runs loops on the widest vectors of the machine. The forms below can be named in this file alone, so none is used
/// where the machine has it not.
#[inline]
pub(super) fn eights<L: EightLoops>(loops: L) -> L::Out {
    if has_eight() {
        #[expect(unsafe_code, reason = "a call of code for AVX-512 and its kin, which the line above makes sure of")]
        return unsafe { by_eight(loops) };
    }
    if has_four() {
        #[expect(unsafe_code, reason = "a call of code for AVX2 and its kin, which the line above makes sure of")]
        return unsafe { by_four(loops) };
    }
    by_two(loops)
}

#[inline]
fn has_eight() -> bool {
    use std::arch::is_x86_feature_detected as has;
    allows(8) && has_four() && has!("avx512f") && has!("avx512vl") && has!("avx512dq") && has!("avx512bw")
}

#[inline]
fn has_four() -> bool {
    use std::arch::is_x86_feature_detected as has;
    allows(4) && has!("avx2") && has!("bmi1") && has!("bmi2") && has!("lzcnt") && has!("popcnt")
}

/// Without the feature `fma`, so that results are those of every machine.
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,avx512f,avx512vl,avx512dq,avx512bw")]
fn by_eight<L: EightLoops>(loops: L) -> L::Out {
    loops.run::<One>()
}

/// Without the feature `fma`, too.
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn by_four<L: EightLoops>(loops: L) -> L::Out {
    loops.run::<Two>()
}

fn by_two<L: EightLoops>(loops: L) -> L::Out {
    loops.run::<Four>()
}

/// Eight numbers in one vector of AVX-512.
#[derive(Clone, Copy)]
struct One([__m512d; 1]);

/// Eight numbers in two vectors of AVX2.
#[derive(Clone, Copy)]
struct Two([__m256d; 2]);

/// Eight numbers in four vectors of SSE2.
#[derive(Clone, Copy)]
struct Four([__m128d; 4]);

macro_rules! by_vectors {
    ($what:ident, $lanes:literal, $load:ident, $store:ident, $splat:ident, $less:ident, $keep:ident, $turned:ident,
     $($name:ident = $op:ident),*) => {
        impl Eight for $what {
            #[inline(always)]
            fn of(x: &[f64; 8]) -> Self {
                let mut this = Self::all(0.0);
                for (v, part) in this.0.iter_mut().zip(x.as_chunks::<$lanes>().0) {
                    #[expect(unsafe_code, reason = "reads as many numbers as the part has, on a machine that can")]
                    unsafe {
                        *v = $load(part.as_ptr());
                    }
                }
                this
            }

            #[inline(always)]
            fn all(x: f64) -> Self {
                #[expect(unsafe_code, reason = "named only where the machine has these vectors")]
                unsafe {
                    Self([$splat(x); 8 / $lanes])
                }
            }

            #[inline(always)]
            fn numbers(self) -> [f64; 8] {
                let mut x = [0.0; 8];
                for (v, part) in self.0.into_iter().zip(x.as_chunks_mut::<$lanes>().0) {
                    #[expect(unsafe_code, reason = "writes as many numbers as the part has, on a machine that can")]
                    unsafe {
                        $store(part.as_mut_ptr(), v);
                    }
                }
                x
            }

            #[inline(always)]
            fn below(self, other: Self) -> u8 {
                let mut bits = 0;
                for i in 0..8 / $lanes {
                    #[expect(unsafe_code, reason = "named only where the machine has these vectors")]
                    unsafe {
                        bits |= $less(self.0[i], other.0[i]) << (i * $lanes);
                    }
                }
                bits
            }

            #[inline(always)]
            fn keep(self, bits: u8, out: &mut [f64], n: usize) -> usize {
                #[expect(unsafe_code, reason = "named only where the machine has these vectors")]
                unsafe {
                    $keep(self, bits, out, n)
                }
            }

            #[inline(always)]
            fn transposed(rows: [Self; 8]) -> [Self; 8] {
                #[expect(unsafe_code, reason = "named only where the machine has these vectors")]
                unsafe {
                    $turned(rows)
                }
            }

            $(
                #[inline(always)]
                fn $name(mut self, other: Self) -> Self {
                    for i in 0..8 / $lanes {
                        #[expect(unsafe_code, reason = "named only where the machine has these vectors")]
                        unsafe {
                            self.0[i] = $op(self.0[i], other.0[i]);
                        }
                    }
                    self
                }
            )*
        }
    };
}

by_vectors!(
    One,
    8,
    _mm512_loadu_pd,
    _mm512_storeu_pd,
    _mm512_set1_pd,
    less_of_eight,
    keep_eight,
    turn_eight,
    plus = _mm512_add_pd,
    minus = _mm512_sub_pd,
    times = _mm512_mul_pd,
    over = _mm512_div_pd,
    smaller = _mm512_min_pd,
    greater = _mm512_max_pd
);
by_vectors!(
    Two,
    4,
    _mm256_loadu_pd,
    _mm256_storeu_pd,
    _mm256_set1_pd,
    less_of_four,
    keep_fours,
    turn_fours,
    plus = _mm256_add_pd,
    minus = _mm256_sub_pd,
    times = _mm256_mul_pd,
    over = _mm256_div_pd,
    smaller = _mm256_min_pd,
    greater = _mm256_max_pd
);
by_vectors!(
    Four,
    2,
    _mm_loadu_pd,
    _mm_storeu_pd,
    _mm_set1_pd,
    less_of_two,
    keep_twos,
    turn_twos,
    plus = _mm_add_pd,
    minus = _mm_sub_pd,
    times = _mm_mul_pd,
    over = _mm_div_pd,
    smaller = _mm_min_pd,
    greater = _mm_max_pd
);

#[inline]
#[target_feature(enable = "avx512f")]
fn less_of_eight(a: __m512d, b: __m512d) -> u8 {
    _mm512_cmp_pd_mask::<_CMP_LT_OQ>(a, b)
}

#[inline]
#[target_feature(enable = "avx2")]
fn less_of_four(a: __m256d, b: __m256d) -> u8 {
    _mm256_movemask_pd(_mm256_cmp_pd::<_CMP_LT_OQ>(a, b)) as u8
}

#[inline]
#[target_feature(enable = "sse2")]
fn less_of_two(a: __m128d, b: __m128d) -> u8 {
    _mm_movemask_pd(_mm_cmplt_pd(a, b)) as u8
}

/// Few are kept, as a rule two at most, and a short write is cheaper than one over the end of a cache line.
#[inline]
#[target_feature(enable = "avx512f,popcnt")]
fn keep_eight(x: One, bits: u8, out: &mut [f64], n: usize) -> usize {
    let out = &mut out[n..n + 8];
    let kept = _mm512_maskz_compress_pd(bits, x.0[0]);
    let n_kept = bits.count_ones() as usize;
    #[expect(unsafe_code, reason = "writes two or eight numbers to a slice of eight")]
    unsafe {
        _mm_storeu_pd(out.as_mut_ptr(), _mm512_castpd512_pd128(kept));
        if n_kept > 2 {
            _mm512_storeu_pd(out.as_mut_ptr(), kept);
        }
    }
    n + n_kept
}

/// For each pattern of four bits: the halves of numbers, in the order of those that are kept.
const KEPT: [[i32; 8]; 16] = {
    let mut table = [[0; 8]; 16];
    let mut bits = 0;
    while bits < 16 {
        let (mut lane, mut n) = (0, 0);
        while lane < 4 {
            if bits >> lane & 1 == 1 {
                table[bits][2 * n] = 2 * lane;
                table[bits][2 * n + 1] = 2 * lane + 1;
                n += 1;
            }
            lane += 1;
        }
        bits += 1;
    }
    table
};

#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn keep_fours(x: Two, bits: u8, out: &mut [f64], n: usize) -> usize {
    let out = &mut out[n..n + 8];
    let mut n_kept = 0;
    for (four, bits) in x.0.into_iter().zip([bits & 15, bits >> 4]) {
        let from = &KEPT[usize::from(bits)];
        #[expect(unsafe_code, reason = "reads eight indices, writes four numbers where at most four of eight stand")]
        unsafe {
            let order = _mm256_loadu_si256(from.as_ptr().cast());
            let kept = _mm256_permutevar8x32_ps(_mm256_castpd_ps(four), order);
            _mm256_storeu_pd(out.as_mut_ptr().add(n_kept), _mm256_castps_pd(kept));
        }
        n_kept += bits.count_ones() as usize;
    }
    n + n_kept
}

#[inline]
#[target_feature(enable = "sse2")]
fn keep_twos(x: Four, bits: u8, out: &mut [f64], n: usize) -> usize {
    keep_each(x.numbers(), bits, out, n)
}

/// What loops come to in each form that the machine has.
#[cfg(test)]
pub(super) fn all_forms<L: EightLoops + Copy>(loops: L) -> Vec<(&'static str, L::Out)> {
    let mut all = vec![("two", by_two(loops))];
    if has_four() {
        #[expect(unsafe_code, reason = "the machine has AVX2, as asked above")]
        all.push(("four", unsafe { by_four(loops) }));
    }
    if has_eight() {
        #[expect(unsafe_code, reason = "the machine has AVX-512, as asked above")]
        all.push(("eight", unsafe { by_eight(loops) }));
    }
    all
}
