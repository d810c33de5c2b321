//! Random streams that are counted, not shared: the same numbers for the same `(seed, domain, id)`, anywhere.
//!
//! ChaCha8 (`rand_chacha`), key = blake3(seed, domain), stream number = `id`, one 64-bit word for each draw.
//! Streams of different ids never overlap, so each item of a parallel loop has its own and the number of threads
//! does not matter. One word gives one `uniform` or one `normal` (by AS 241), so [`Stream::skip_to`] can jump to any
//! draw of those; `below`, `gamma`, `student_t` and `poisson` may reject, and use more words.
//!
//! NaN rule: a parameter that defines no distribution gives NaN (`None` for counts).
//! References: Wichura (1988), AS 241; Lemire, ACM TOMACS 29 (2019); Marsaglia and Tsang, ACM TOMS 26 (2000);
//! Hörmann, Insurance: Math. and Econ. 12 (1993), transformed rejection PTRS.
//! Golden numbers: pinned words and draws in the tests, `rng.csv` (blake3 and ChaCha8 written out in Python).

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::stats::tails::{PPND_SPLIT, ppnd16, ppnd16_centre, ppnd16_tail};

/// Draws made at once by [`Stream::fill_normal`].
const BATCH: usize = 128;

/// One stream of random numbers.
#[derive(Debug, Clone)]
pub struct Stream {
    rng: ChaCha8Rng,
}

impl Stream {
    /// The stream number `id` of a `domain` ("bootstrap", "market.gbm") under a seed.
    pub fn new(seed: u64, domain: &str, id: u64) -> Self {
        let mut key = blake3::Hasher::new_derive_key("quant-engine random stream v1");
        key.update(&seed.to_le_bytes()).update(domain.as_bytes());
        let mut rng = ChaCha8Rng::from_seed(*key.finalize().as_bytes());
        rng.set_stream(id);
        Self { rng }
    }

    /// Another stream of the same seed and domain, from its start. Cheaper than [`Stream::new`].
    #[must_use]
    pub fn sibling(&self, id: u64) -> Self {
        let mut rng = ChaCha8Rng::from_seed(self.rng.get_seed());
        rng.set_stream(id);
        Self { rng }
    }

    /// How many 64-bit words have been drawn.
    pub fn position(&self) -> u64 {
        (self.rng.get_word_pos() / 2) as u64
    }

    /// Goes to just before the word number `position`, forward or back.
    pub fn skip_to(&mut self, position: u64) {
        self.rng.set_word_pos(u128::from(position) * 2);
    }

    /// 64 random bits.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        self.rng.next_u64()
    }

    /// Uniform in [0, 1), a multiple of 2^-53.
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform in (0, 1): an odd multiple of 2^-53, so that `u` and `1 - u` are equally likely and exact.
    #[inline]
    pub fn uniform_open(&mut self) -> f64 {
        centred(self.next_u64()) + 0.5
    }

    /// Uniform in `0..n`, without bias; 0 when `n` is 0.
    #[inline]
    pub fn below(&mut self, n: u64) -> u64 {
        let mut wide = u128::from(self.next_u64()) * u128::from(n);
        if (wide as u64) < n {
            let reject = n.wrapping_neg() % n.max(1);
            while (wide as u64) < reject {
                wide = u128::from(self.next_u64()) * u128::from(n);
            }
        }
        (wide >> 64) as u64
    }

    /// True with chance `p`; never when `p` is NaN.
    pub fn bernoulli(&mut self, p: f64) -> bool {
        self.uniform() < p
    }

    /// Standard normal, from one word.
    #[inline]
    pub fn normal(&mut self) -> f64 {
        let q = centred(self.next_u64());
        ppnd16(q, 0.5 - q.abs())
    }

    /// Fills `out` with what as many calls of [`Stream::normal`] would give, faster.
    pub fn fill_normal(&mut self, out: &mut [f64]) {
        let mut bytes = [0u8; 8 * BATCH];
        let mut q = [0.0; BATCH];
        let mut tails = [0usize; BATCH];
        for out in out.chunks_mut(BATCH) {
            let bytes = &mut bytes[..8 * out.len()];
            self.rng.fill_bytes(bytes);
            for ((q, x), word) in q.iter_mut().zip(out.iter_mut()).zip(bytes.as_chunks::<8>().0) {
                *q = centred(u64::from_le_bytes(*word));
                *x = ppnd16_centre(*q);
            }
            // The tails, 15 % of the draws: found without a branch, then done one by one.
            let mut n = 0;
            for (i, q) in q[..out.len()].iter().enumerate() {
                tails[n] = i;
                n += usize::from(q.abs() > PPND_SPLIT);
            }
            for &i in &tails[..n] {
                out[i] = ppnd16_tail(q[i], 0.5 - q[i].abs());
            }
        }
    }

    /// Exponential with mean 1, from one word.
    pub fn exponential(&mut self) -> f64 {
        -libm::log(self.uniform_open())
    }

    /// Gamma with this shape and scale 1; NaN unless the shape is positive and finite.
    pub fn gamma(&mut self, shape: f64) -> f64 {
        if !(shape > 0.0 && shape.is_finite()) {
            return f64::NAN;
        }
        if shape < 1.0 {
            let boost = libm::pow(self.uniform_open(), 1.0 / shape);
            return self.gamma(shape + 1.0) * boost;
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = 1.0 + c * x;
            if v <= 0.0 {
                continue;
            }
            let v = v * v * v;
            let u = self.uniform_open();
            if libm::log(u) < 0.5 * x * x + d * (1.0 - v + libm::log(v)) {
                return d * v;
            }
        }
    }

    /// Student's t with `df` degrees of freedom; NaN unless `df` is positive. Infinite `df` is the normal one.
    pub fn student_t(&mut self, df: f64) -> f64 {
        let z = self.normal();
        if df == f64::INFINITY {
            return z;
        }
        z / (self.gamma(0.5 * df) / (0.5 * df)).sqrt()
    }

    /// Poisson with this mean; `None` unless the mean lies in [0, 1e9].
    pub fn poisson(&mut self, mean: f64) -> Option<u64> {
        if !(0.0..=1e9).contains(&mean) {
            return None;
        }
        Some(if mean < 10.0 { self.poisson_small(mean) } else { self.poisson_large(mean) })
    }

    /// Poisson by going up the distribution, one word.
    fn poisson_small(&mut self, mean: f64) -> u64 {
        let mut left = self.uniform_open();
        let mut chance = libm::exp(-mean);
        let mut k = 0;
        // Beyond 200 the chances are far below the grain of the uniform.
        while left > chance && k < 200 {
            left -= chance;
            k += 1;
            chance *= mean / k as f64;
        }
        k
    }

    /// Poisson by transformed rejection.
    fn poisson_large(&mut self, mean: f64) -> u64 {
        let b = 0.931 + 2.53 * mean.sqrt();
        let a = -0.059 + 0.024_83 * b;
        let inv_alpha = 1.1239 + 1.1328 / (b - 3.4);
        let v_r = 0.9277 - 3.6224 / (b - 2.0);
        loop {
            let u = self.uniform_open() - 0.5;
            let v = self.uniform_open();
            let us = 0.5 - u.abs();
            let k = libm::floor((2.0 * a / us + b) * u + mean + 0.43);
            if us >= 0.07 && v <= v_r {
                return k as u64;
            }
            if k < 0.0 || (us < 0.013 && v > us) {
                continue;
            }
            let left = libm::log(v) + libm::log(inv_alpha) - libm::log(a / (us * us) + b);
            if left <= -mean + k * libm::log(mean) - libm::lgamma(k + 1.0) {
                return k as u64;
            }
        }
    }

    /// One of the items, each with the same chance; `None` when there are none.
    pub fn choose<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len() as u64) as usize)
    }

    /// Puts the items into a random order, each with the same chance (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i as u64 + 1) as usize);
        }
    }
}

/// A word as a uniform in (-0.5, 0.5): the top 52 bits as `m` in [1, 2), minus 1.5, plus 2^-53. All steps are exact.
#[inline(always)]
fn centred(word: u64) -> f64 {
    const HALF_STEP: f64 = 1.0 / (1u64 << 53) as f64;
    (f64::from_bits((word >> 12) | 0x3ff0_0000_0000_0000) - 1.5) + HALF_STEP
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::golden;
    use crate::stats::{Moments, chi2_cdf, normal_cdf, student_t_cdf};

    fn stream() -> Stream {
        Stream::new(42, "test", 3)
    }

    /// The largest distance between the sample's distribution and `cdf`, times sqrt n. Its 99.9 % point is 1.95.
    fn ks(mut sample: Vec<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
        sample.sort_unstable_by(f64::total_cmp);
        let n = sample.len() as f64;
        let gap = |(i, x): (usize, &f64)| {
            let p = cdf(*x);
            (p - i as f64 / n).abs().max(((i + 1) as f64 / n - p).abs())
        };
        sample.iter().enumerate().map(gap).fold(0.0, f64::max) * n.sqrt()
    }

    fn draws(n: usize, mut f: impl FnMut(&mut Stream) -> f64) -> Vec<f64> {
        let mut s = stream();
        (0..n).map(|_| f(&mut s)).collect()
    }

    #[test]
    fn words_agree_with_chacha8_written_out() {
        for row in golden::rows(include_str!("../../../data-fixtures/golden/stats/rng.csv")) {
            let int = |name| row.text(name).parse::<u64>().unwrap();
            let mut s = Stream::new(int("seed"), row.text("domain"), int("id"));
            s.skip_to(int("position"));
            assert_eq!(s.position(), int("position"));
            assert_eq!(s.next_u64(), int("word"), "{row:?}");
            let mut sibling = Stream::new(int("seed"), row.text("domain"), 99).sibling(int("id"));
            sibling.skip_to(int("position"));
            assert_eq!(sibling.next_u64(), int("word"));
        }
    }

    #[test]
    fn draws_are_pinned() {
        // Recorded from this code; a change of any of them changes every stored simulation.
        let mut s = stream();
        assert_eq!(
            PINNED_BITS,
            [
                s.uniform().to_bits(),
                s.uniform_open().to_bits(),
                s.below(1_000_000),
                s.normal().to_bits(),
                s.exponential().to_bits(),
                s.gamma(2.5).to_bits(),
                s.gamma(0.3).to_bits(),
                s.student_t(4.0).to_bits(),
                s.poisson(3.0).unwrap(),
                s.poisson(500.0).unwrap(),
                s.position(),
            ]
        );
    }
    const PINNED_BITS: [u64; 11] = [
        4597440013839933244,
        4604229676322015383,
        911966,
        13822399843285197742,
        4587336351181650839,
        4612993015466009650,
        4586674299032462875,
        4600890653813676052,
        3,
        492,
        18,
    ];

    #[test]
    fn a_stream_can_be_skipped_and_taken_up_again() {
        let mut s = stream();
        let first: Vec<u64> = (0..300).map(|_| s.normal().to_bits()).collect();
        assert_eq!(s.position(), 300);
        for at in [299, 0, 17, 64] {
            s.skip_to(at);
            assert_eq!(s.normal().to_bits(), first[at as usize]);
        }
    }

    #[test]
    fn filling_gives_the_same_bits_as_single_draws() {
        for n in [0, 1, 7, 127, 128, 129, 1000] {
            let (mut a, mut b) = (stream(), stream());
            let mut filled = vec![0.0; n];
            a.next_u64();
            b.next_u64();
            a.fill_normal(&mut filled);
            assert!(filled.iter().all(|x| x.to_bits() == b.normal().to_bits()));
            assert_eq!(a.position(), b.position());
        }
    }

    #[test]
    fn the_open_uniform_is_symmetric_and_open() {
        assert_eq!(centred(0) + 0.5, f64::EPSILON / 2.0);
        assert_eq!(centred(u64::MAX) + 0.5, 1.0 - f64::EPSILON / 2.0);
        assert_eq!(centred(u64::MAX), -centred(0));
        assert_eq!((centred(0), 0.5 - centred(0).abs()), (f64::EPSILON / 2.0 - 0.5, f64::EPSILON / 2.0));
    }

    #[test]
    fn samples_follow_their_distributions() {
        let n = 20_000;
        let checks = [
            ("uniform", ks(draws(n, Stream::uniform), |x| x)),
            ("open", ks(draws(n, Stream::uniform_open), |x| x)),
            ("normal", ks(draws(n, Stream::normal), normal_cdf)),
            ("exponential", ks(draws(n, Stream::exponential), |x| -libm::expm1(-x))),
            ("gamma 2.5", ks(draws(n, |s| s.gamma(2.5)), |x| chi2_cdf(2.0 * x, 5.0))),
            ("gamma 0.5", ks(draws(n, |s| s.gamma(0.5)), |x| chi2_cdf(2.0 * x, 1.0))),
            ("gamma 100", ks(draws(n, |s| s.gamma(100.0)), |x| chi2_cdf(2.0 * x, 200.0))),
            ("t 3", ks(draws(n, |s| s.student_t(3.0)), |x| student_t_cdf(x, 3.0))),
        ];
        for (name, distance) in checks {
            assert!(distance < 1.95, "{name}: {distance}");
            assert!(distance > 0.2, "{name} is too good: {distance}");
        }
    }

    #[test]
    fn normals_have_normal_moments_and_no_memory() {
        let x = draws(400_000, Stream::normal);
        let m = Moments::of(&x);
        // Four standard errors each.
        assert!(m.mean.abs() < 4.0 / 632.0);
        assert!((m.var(1).unwrap() - 1.0).abs() < 4.0 * 2f64.sqrt() / 632.0);
        assert!(m.skew_population().unwrap().abs() < 4.0 * 6f64.sqrt() / 632.0);
        assert!((m.kurtosis_population().unwrap().0 - 3.0).abs() < 4.0 * 24f64.sqrt() / 632.0);
        let acf = crate::stats::autocorrelations(&x, 5).unwrap();
        assert!(acf[1..].iter().all(|r| r.abs() < 4.0 / 632.0));
        // Neighbouring streams are not correlated.
        let y: Vec<f64> = (0..20_000).map(|i| Stream::new(42, "test", i).normal()).collect();
        assert!(ks(y.clone(), normal_cdf) < 1.95);
        assert!(crate::stats::pearson(&y[1..], &y[..19_999]).unwrap().abs() < 4.0 / 141.0);
    }

    #[test]
    fn counts_follow_their_distributions() {
        for mean in [0.2, 3.0, 9.9, 10.0, 60.0, 2_000.0] {
            let (n, mut s) = (40_000, stream());
            let sample: Vec<f64> = (0..n).map(|_| s.poisson(mean).unwrap() as f64).collect();
            // The distance at whole numbers, P(X <= k) = Q(k + 1, mean): smaller than for continuous ones.
            let sd = mean.sqrt();
            let worst = [-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0]
                .map(|z| (mean + z * sd).floor().max(0.0))
                .map(|k| {
                    let share = sample.iter().filter(|v| **v <= k).count() as f64 / f64::from(n);
                    (share - crate::stats::chi2_sf(2.0 * mean, 2.0 * (k + 1.0))).abs()
                })
                .into_iter()
                .fold(0.0, f64::max);
            assert!(worst * f64::from(n).sqrt() < 1.95, "{mean}: {worst}");
        }
        let mut s = stream();
        let mut count = [0u32; 7];
        (0..70_000).for_each(|_| count[s.below(7) as usize] += 1);
        // 10,000 each, standard deviation 93.
        assert!(count.iter().all(|c| (9_600..10_400).contains(c)), "{count:?}");
        let hits = (0..10_000).filter(|_| s.bernoulli(0.3)).count();
        assert!((2_800..3_200).contains(&hits));
    }

    #[test]
    fn below_is_unbiased_where_plain_scaling_is_not() {
        // n = 3/4 of the range: a third of the words must be drawn again.
        let (n, mut s) = (3u64 << 62, stream());
        let low = (0..30_000).filter(|_| s.below(n) < n / 3).count();
        assert!((9_600..10_400).contains(&low), "{low}");
        assert!(s.position() > 38_000);
        assert_eq!((s.below(0), s.below(1)), (0, 0));
    }

    #[test]
    fn shuffles_are_uniform_and_keep_the_items() {
        let mut s = stream();
        let mut count = std::collections::BTreeMap::new();
        for _ in 0..24_000 {
            let mut v = [1, 2, 3, 4];
            s.shuffle(&mut v);
            *count.entry(v).or_insert(0u32) += 1;
        }
        assert_eq!(count.len(), 24);
        let chi2: f64 = count.values().map(|c| (f64::from(*c) - 1000.0).powi(2) / 1000.0).sum();
        assert!(crate::stats::chi2_sf(chi2, 23.0) > 0.001, "{chi2}");
        assert_eq!(s.choose::<u8>(&[]), None);
        assert!([1, 2].contains(s.choose(&[1, 2]).unwrap()));
    }

    #[test]
    fn wrong_parameters_give_nothing() {
        let mut s = stream();
        assert!(s.gamma(0.0).is_nan() && s.gamma(f64::NAN).is_nan() && s.gamma(f64::INFINITY).is_nan());
        assert!(s.student_t(-1.0).is_nan() && s.student_t(f64::INFINITY).is_finite());
        assert_eq!(
            (s.poisson(-1.0), s.poisson(f64::NAN), s.poisson(1e10), s.poisson(0.0)),
            (None, None, None, Some(0))
        );
        assert!(!s.bernoulli(f64::NAN) && !s.bernoulli(0.0) && s.bernoulli(1.0));
    }
}
