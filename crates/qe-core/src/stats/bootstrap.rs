//! Which rows a resampled series takes, and how long its blocks should be.
//!
//! Schemes: single rows; moving blocks (starts `0..=n - b`); circular blocks (starts `0..n`, wrapping); the
//! stationary bootstrap (circular blocks whose lengths are geometric with mean b). They write row numbers, so one
//! draw serves any number of columns.
//!
//! Block length by Politis and White: m is the first lag from which five autocorrelations in a row are within
//! `2 sqrt(log10(n) / n)`, M = 2 m; with the flat-top window `w(t) = min(1, 2 (1 - |t|))` and autocovariances g,
//! `G = sum w(k/M) |k| g[k]`, `S = sum w(k/M) g[k]`; `b = (2 G^2 / D)^(1/3) n^(1/3)` with D = 2 S^2 (stationary) or
//! 4/3 S^2 (circular), at most `ceil(min(3 sqrt n, n/3))`.
//!
//! Autocorrelations are `g[k] / g[0]`, as in the paper. By its figures, `arch` divides by the spreads of the two
//! overlapping parts instead, so where a value sits on the edge of the band the two may choose m one step apart.
//!
//! NaN rule: data with a NaN or without spread have no block length (`None`).
//! References: D. Politis and H. White, Econometric Reviews 23 (2004), corrected by Patton, Politis and White, 28
//! (2009); D. Politis and J. Romano, JASA 89 (1994).
//! Golden numbers: `block_length.csv`, `arch.bootstrap.optimal_block_length`.

use serde::{Deserialize, Serialize};

use super::moments::{Moments, finite};
use super::sum::dot;
use crate::rng::Stream;
use crate::{Error, Result};

/// A way to draw rows with replacement.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Resampling {
    /// Single rows.
    Iid,
    /// Blocks of fixed length that do not wrap.
    MovingBlock {
        /// Rows in a block.
        block_len: usize,
    },
    /// Blocks of fixed length that wrap around the end.
    CircularBlock {
        /// Rows in a block.
        block_len: usize,
    },
    /// Blocks of random length that wrap around the end.
    Stationary {
        /// The mean number of rows in a block, at least 1.
        mean_block_len: f64,
    },
}

impl Resampling {
    /// Fills `out` with row numbers in `0..n`; `out` may be shorter or longer than `n`.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there are no rows, or the block length is none (less than 1, or more than `n` rows
    /// for fixed blocks).
    pub fn fill(&self, n: usize, stream: &mut Stream, out: &mut [usize]) -> Result<()> {
        if n == 0 {
            return Err(Error::invalid("n", n, "there is no row to draw", "pass data with at least one row"));
        }
        match *self {
            Self::Iid => out.iter_mut().for_each(|slot| *slot = stream.below(n as u64) as usize),
            Self::MovingBlock { block_len } => {
                let len = checked(block_len, n)?;
                fill_blocks(n, len, n - len + 1, stream, out);
            }
            Self::CircularBlock { block_len } => fill_blocks(n, checked(block_len, n)?, n, stream, out),
            Self::Stationary { mean_block_len } => {
                if !(mean_block_len >= 1.0 && mean_block_len.is_finite()) {
                    return Err(block_error("mean_block_len", mean_block_len, n));
                }
                fill_stationary(n, 1.0 / mean_block_len, stream, out);
            }
        }
        Ok(())
    }

    /// `n` row numbers in `0..n`.
    ///
    /// # Errors
    /// As [`Resampling::fill`].
    pub fn indices(&self, n: usize, stream: &mut Stream) -> Result<Vec<usize>> {
        let mut out = vec![0; n];
        self.fill(n, stream, &mut out)?;
        Ok(out)
    }
}

/// Best block lengths, in rows; not rounded.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BlockLength {
    /// Mean length for the stationary bootstrap.
    pub stationary: f64,
    /// Length for the circular block bootstrap.
    pub circular: f64,
}

/// The block lengths that Politis and White choose for the mean of `x`; `None` below 8 rows or without spread.
///
/// White noise can come out below 1: use `max(1.0)` before drawing.
pub fn optimal_block_length(x: &[f64]) -> Option<BlockLength> {
    // Population skewness is defined exactly when there is a spread to divide by.
    Moments::of(x).skew_population()?;
    if x.len() < QUIET + 3 {
        return None;
    }
    let mean = super::mean(x)?;
    let d: Vec<f64> = x.iter().map(|v| v - mean).collect();
    block_length_at(&d, last_lag(&d))
}

/// Autocorrelations in a row that must be small.
const QUIET: usize = 5;

/// M, the last autocovariance that counts, for deviations from the mean.
fn last_lag(d: &[f64]) -> usize {
    let n = d.len() as f64;
    let limit = 2.0 * (libm::log10(n) / n).sqrt() * dot(d, d);
    let max_m = (n.sqrt().ceil() as usize + QUIET).min(d.len() - 2);
    let quiet: Vec<bool> = (1..max_m).map(|k| cross(d, k).abs() < limit).collect();
    let first = quiet.windows(QUIET).position(|w| w.iter().all(|q| *q));
    first.map_or(max_m, |i| (2 * (i + 1)).min(max_m))
}

/// The block lengths when autocovariances up to `m` count.
fn block_length_at(d: &[f64], m: usize) -> Option<BlockLength> {
    let n = d.len() as f64;
    let (mut g, mut s) = (0.0, dot(d, d) / n);
    for k in 1..=m {
        let w = (2.0 * (1.0 - k as f64 / m as f64)).min(1.0);
        let c = cross(d, k) / n;
        g += 2.0 * w * k as f64 * c;
        s += 2.0 * w * c;
    }
    let longest = (3.0 * n.sqrt()).min(n / 3.0).ceil();
    let length = |c: f64| finite(libm::cbrt(2.0 * g * g / (c * s * s) * n)).map(|b| b.min(longest));
    Some(BlockLength { stationary: length(2.0)?, circular: length(4.0 / 3.0)? })
}

/// The sum of products `k` apart.
fn cross(d: &[f64], k: usize) -> f64 {
    dot(&d[k..], &d[..d.len() - k])
}

/// Blocks of `len` rows from random starts in `0..starts`, wrapping at `n`.
fn fill_blocks(n: usize, len: usize, starts: usize, stream: &mut Stream, out: &mut [usize]) {
    for block in out.chunks_mut(len) {
        let start = stream.below(starts as u64) as usize;
        block.iter_mut().enumerate().for_each(|(k, slot)| *slot = (start + k) % n);
    }
}

/// Rows that follow one another until, with chance `restart`, a new start is drawn.
fn fill_stationary(n: usize, restart: f64, stream: &mut Stream, out: &mut [usize]) {
    let mut row = None;
    for slot in out {
        let next = match row {
            Some(row) if !stream.bernoulli(restart) => (row + 1) % n,
            _ => stream.below(n as u64) as usize,
        };
        (*slot, row) = (next, Some(next));
    }
}

/// A block length that lies in `1..=n`.
fn checked(block_len: usize, n: usize) -> Result<usize> {
    if (1..=n).contains(&block_len) { Ok(block_len) } else { Err(block_error("block_len", block_len, n)) }
}

/// The error of a block length that cannot be.
fn block_error(field: &str, value: impl std::fmt::Display, n: usize) -> Error {
    Error::invalid(field, value, format!("blocks of {n} rows have 1 to {n}"), "see optimal_block_length")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::golden::{self, close};

    fn draw(how: Resampling, n: usize, len: usize) -> Vec<usize> {
        let mut out = vec![usize::MAX; len];
        how.fill(n, &mut Stream::new(1, "bootstrap", 0), &mut out).unwrap();
        out
    }

    #[test]
    fn block_lengths_agree_with_arch() {
        for row in golden::rows(include_str!("../../../../data-fixtures/golden/stats/block_length.csv")) {
            // An autoregression over the shared generator: y[t] = phi y[t-1] + u[t] + theta u[t-1].
            let u = golden::lcg(row.num("n") as usize, -0.5);
            let (phi, theta) = (row.num("phi"), row.num("theta"));
            let (mut y, mut last_u) = (Vec::new(), 0.0);
            for &now in &u {
                y.push(phi * y.last().unwrap_or(&0.0) + now + theta * last_u);
                last_u = now;
            }
            let mean = crate::stats::mean(&y).unwrap();
            let d: Vec<f64> = y.iter().map(|v| v - mean).collect();
            let (m, arch_m) = (last_lag(&d), row.num("m") as usize);
            let b = block_length_at(&d, arch_m).unwrap();
            close(b.stationary, row.num("stationary"), 1e-9, &row);
            close(b.circular, row.num("circular"), 1e-9, &row);
            if row.text("on_edge") == "no" {
                assert_eq!((m, optimal_block_length(&y)), (arch_m, Some(b)), "{row:?}");
            } else {
                assert!(m.abs_diff(arch_m) <= 2, "{row:?}");
            }
        }
        // A third of ten rows, rounded up, is the longest: with nine lags a ramp would have 4.68 and 5.36 by the formula,
        // and `arch` 8.0.0, which takes nine there, says 4 and 4.
        let ramp: Vec<f64> = (0..10).map(|i| f64::from(i) - 4.5).collect();
        assert_eq!(block_length_at(&ramp, 9), Some(BlockLength { stationary: 4.0, circular: 4.0 }));
        assert_eq!(optimal_block_length(&[0.1; 50]), None);
        assert_eq!(optimal_block_length(&[1.0, 2.0, 4.0]), None);
        assert_eq!(optimal_block_length(&[f64::NAN; 50]), None);
    }

    #[test]
    fn blocks_are_runs_and_moving_ones_do_not_wrap() {
        let (n, len) = (50, 7);
        let moving = draw(Resampling::MovingBlock { block_len: len }, n, 70_000);
        let circular = draw(Resampling::CircularBlock { block_len: len }, n, 70_000);
        for (a, b) in moving.chunks(len).zip(circular.chunks(len)) {
            assert!(a.windows(2).all(|w| w[1] == w[0] + 1) && a[len - 1] < n);
            assert!(b.windows(2).all(|w| w[1] == (w[0] + 1) % n));
        }
        // Moving blocks start in 0..=43, each one 10,000 / 44 = 227 times, standard deviation 15.
        let starts = |v: &[usize]| {
            let mut count = vec![0; n];
            v.chunks(len).for_each(|b| count[b[0]] += 1);
            count
        };
        let count = starts(&moving);
        assert!(count[..44].iter().all(|c| (150..305).contains(c)) && count[44..].iter().all(|c| *c == 0));
        assert!(starts(&circular).iter().all(|c| (130..270).contains(c)));
        assert_eq!(draw(Resampling::MovingBlock { block_len: 5 }, 5, 7), [0, 1, 2, 3, 4, 0, 1]);
    }

    #[test]
    fn rows_are_equally_likely() {
        for how in [Resampling::Iid, Resampling::Stationary { mean_block_len: 4.0 }] {
            let mut count = [0u32; 20];
            draw(how, 20, 80_000).into_iter().for_each(|i| count[i] += 1);
            // 4,000 each; five standard deviations, which blocks of mean 4 widen by up to sqrt(7).
            assert!(count.iter().all(|c| (3_180..4_820).contains(c)), "{count:?}");
        }
    }

    #[test]
    fn stationary_blocks_have_their_mean_length() {
        let rows = draw(Resampling::Stationary { mean_block_len: 8.0 }, 100_000, 200_000);
        let restarts = rows.windows(2).filter(|w| w[1] != (w[0] + 1) % 100_000).count() as f64;
        // 25,000 expected, standard deviation 148.
        assert!((restarts - 25_000.0).abs() < 740.0, "{restarts}");
        let single = draw(Resampling::Stationary { mean_block_len: 1.0 }, 1000, 1000);
        assert!(single.windows(2).filter(|w| w[1] == w[0] + 1).count() < 10);
    }

    #[test]
    fn what_cannot_be_drawn_is_an_error() {
        let mut stream = Stream::new(1, "bootstrap", 0);
        for how in [
            Resampling::MovingBlock { block_len: 0 },
            Resampling::CircularBlock { block_len: 6 },
            Resampling::Stationary { mean_block_len: 0.5 },
            Resampling::Stationary { mean_block_len: f64::NAN },
        ] {
            assert!(how.indices(5, &mut stream).is_err(), "{how:?}");
        }
        assert!(Resampling::Iid.indices(0, &mut stream).is_err());
    }
}
