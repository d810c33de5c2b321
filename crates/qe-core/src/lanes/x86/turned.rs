//! Rows of eight numbers turned into columns, by shuffles of whole vectors.

use std::arch::x86_64::*;

use super::{Four, One, Two};

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn turn_eight(rows: [One; 8]) -> [One; 8] {
    let mut out = rows;
    for odd in 0..2 {
        // Lanes of two rows in turn: `odd`, two more, and so on.
        let mut two = [rows[0].0[0]; 4];
        for i in 0..4 {
            let (a, b) = (rows[2 * i].0[0], rows[2 * i + 1].0[0]);
            two[i] = if odd == 0 { _mm512_unpacklo_pd(a, b) } else { _mm512_unpackhi_pd(a, b) };
        }
        let [a, b, c, d] = two;
        // Of four quarters the first and the third of both, then the second and the fourth.
        let (low, high) = (_mm512_shuffle_f64x2::<0b10_00_10_00>(a, b), _mm512_shuffle_f64x2::<0b10_00_10_00>(c, d));
        out[odd].0[0] = _mm512_shuffle_f64x2::<0b10_00_10_00>(low, high);
        out[odd + 4].0[0] = _mm512_shuffle_f64x2::<0b11_01_11_01>(low, high);
        let (low, high) = (_mm512_shuffle_f64x2::<0b11_01_11_01>(a, b), _mm512_shuffle_f64x2::<0b11_01_11_01>(c, d));
        out[odd + 2].0[0] = _mm512_shuffle_f64x2::<0b10_00_10_00>(low, high);
        out[odd + 6].0[0] = _mm512_shuffle_f64x2::<0b11_01_11_01>(low, high);
    }
    out
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn turn_fours(rows: [Two; 8]) -> [Two; 8] {
    let mut out = rows;
    for (i, j) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let [a, b, c, d] = [0, 1, 2, 3].map(|k| rows[4 * i + k].0[j]);
        let (ab, cd) = (_mm256_unpacklo_pd(a, b), _mm256_unpacklo_pd(c, d));
        out[4 * j].0[i] = _mm256_permute2f128_pd::<0x20>(ab, cd);
        out[4 * j + 2].0[i] = _mm256_permute2f128_pd::<0x31>(ab, cd);
        let (ab, cd) = (_mm256_unpackhi_pd(a, b), _mm256_unpackhi_pd(c, d));
        out[4 * j + 1].0[i] = _mm256_permute2f128_pd::<0x20>(ab, cd);
        out[4 * j + 3].0[i] = _mm256_permute2f128_pd::<0x31>(ab, cd);
    }
    out
}

#[inline]
#[target_feature(enable = "sse2")]
pub(super) fn turn_twos(rows: [Four; 8]) -> [Four; 8] {
    let mut out = rows;
    for i in 0..4 {
        for j in 0..4 {
            let (a, b) = (rows[2 * i].0[j], rows[2 * i + 1].0[j]);
            out[2 * j].0[i] = _mm_unpacklo_pd(a, b);
            out[2 * j + 1].0[i] = _mm_unpackhi_pd(a, b);
        }
    }
    out
}
