//! Where the bits of a bitmap are set, as numbers.
//!
//! Machines that can draw the marked bytes of a vector together do a word of 64 bits in a handful of steps; on others the bits
//! are taken one after the other. Numbers are exact, so both give the same.

/// How many numbers are written at a time: there is as much room needed beyond the last.
pub const BEYOND: usize = 16;

/// Writes the places of the bits that are set, the first bit of the first word being `base`, in ascending order. Says how many
/// they are; behind them stands what it may.
///
/// # Panics
/// When `out` is shorter than all bits and [`BEYOND`] more.
#[inline]
pub fn places(words: &[u64], base: u32, out: &mut [u32]) -> usize {
    let out = &mut out[..64 * words.len() + BEYOND];
    #[cfg(target_arch = "x86_64")]
    if drawn::is_able() {
        #[expect(unsafe_code, reason = "a call of code for AVX-512, which the line above makes sure of")]
        return unsafe { drawn::places(words, base, out) };
    }
    crate::wide::wide(OneByOne(words, base, out))
}

struct OneByOne<'a>(&'a [u64], u32, &'a mut [u32]);

impl crate::wide::Loops for OneByOne<'_> {
    type Out = usize;

    #[inline(always)]
    fn run(self) -> usize {
        let Self(words, mut base, out) = self;
        let mut len = 0;
        for &word in words {
            let (mut bits, n) = (word, word.count_ones() as usize);
            let mut at = len;
            // Four at a time, without asking how many there are: most words have fewer.
            loop {
                for slot in &mut out[at..at + 4] {
                    *slot = base.wrapping_add(bits.trailing_zeros());
                    bits &= bits.wrapping_sub(1);
                }
                at += 4;
                if at >= len + n {
                    break;
                }
            }
            len += n;
            base = base.wrapping_add(64);
        }
        len
    }
}

#[cfg(target_arch = "x86_64")]
mod drawn {
    use std::arch::x86_64::*;

    use super::BEYOND;

    const FEW: usize = 8;

    #[inline]
    pub(super) fn is_able() -> bool {
        use std::arch::is_x86_feature_detected as has;
        crate::wide::allows(8) && has!("avx512f") && has!("avx512vl") && has!("avx512vbmi2") && has!("popcnt")
    }

    #[target_feature(enable = "avx512f,avx512vl,avx512vbmi2,popcnt")]
    pub(super) fn places(words: &[u64], base: u32, out: &mut [u32]) -> usize {
        const BYTES: [u8; 64] = {
            let (mut bytes, mut i) = ([0; 64], 0);
            while i < 64 {
                bytes[i] = i as u8;
                i += 1;
            }
            bytes
        };
        #[expect(unsafe_code, reason = "reads as many bytes as there are")]
        let bytes = unsafe { _mm512_loadu_si512(BYTES.as_ptr().cast()) };
        let (mut len, mut base) = (0, _mm512_set1_epi32(base as i32));
        for &word in words {
            let (n, rows) = (word.count_ones() as usize, _mm512_maskz_compress_epi8(word, bytes));
            // Most words have few.
            let few =
                _mm256_add_epi32(_mm256_cvtepu8_epi32(_mm512_castsi512_si128(rows)), _mm512_castsi512_si256(base));
            let room: &mut [u32] = &mut out[len..len + FEW];
            #[expect(unsafe_code, reason = "writes as many numbers as the slice has")]
            unsafe {
                _mm256_storeu_si256(room.as_mut_ptr().cast(), few);
            }
            if n > FEW {
                let mut write = |at: usize, rows: __m128i| {
                    let rows = _mm512_add_epi32(_mm512_cvtepu8_epi32(rows), base);
                    let room: &mut [u32] = &mut out[at..at + BEYOND];
                    #[expect(unsafe_code, reason = "writes as many numbers as the slice has")]
                    unsafe {
                        _mm512_storeu_si512(room.as_mut_ptr().cast(), rows);
                    }
                };
                write(len, _mm512_castsi512_si128(rows));
                if n > BEYOND {
                    write(len + 16, _mm512_extracti32x4_epi32::<1>(rows));
                    write(len + 32, _mm512_extracti32x4_epi32::<2>(rows));
                    write(len + 48, _mm512_extracti32x4_epi32::<3>(rows));
                }
            }
            len += n;
            base = _mm512_add_epi32(base, _mm512_set1_epi32(64));
        }
        len
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    #[test]
    fn places_are_those_of_a_plain_loop() {
        let mut r = Stream::new(1, "places", 0);
        for case in 0..500 {
            // From empty words to full ones.
            let words: Vec<u64> = (0..r.below(9)).map(|_| (0..case % 8).fold(!0, |w, _| w & r.next_u64())).collect();
            let base = r.below(5000) as u32;
            let is_set = |i: &u32| words[*i as usize / 64] >> (i % 64) & 1 == 1;
            let expected: Vec<u32> = (0..64 * words.len() as u32).filter(is_set).map(|i| base + i).collect();
            let room = || vec![7; 64 * words.len() + BEYOND];
            let (mut out, mut plain) = (room(), room());
            let n = places(&words, base, &mut out);
            assert_eq!(out[..n], expected);
            let n = crate::wide::Loops::run(OneByOne(&words, base, &mut plain));
            assert_eq!(plain[..n], expected);
        }
    }
}
