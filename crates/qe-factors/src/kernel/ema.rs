//! The recursive average, seeded with the mean of its first values as TA-Lib does.
//!
//! `e = e * (1 - alpha) + x * alpha`. A missing value gives a missing result and leaves the state as it is.

/// A recursive average.
#[derive(Debug, Clone)]
pub struct Ema {
    alpha: f64,
    keep: f64,
    seed: usize,
    n_seen: usize,
    value: f64,
}

impl Ema {
    /// An average that gives the newest value the weight `alpha`, after a seed of the mean of `seed` values (at least 1).
    pub fn new(alpha: f64, seed: usize) -> Self {
        Self { alpha, keep: 1.0 - alpha, seed: seed.max(1), n_seen: 0, value: 0.0 }
    }

    /// The usual one of a period: weight `2 / (period + 1)`.
    pub fn of_period(period: usize) -> Self {
        Self::new(2.0 / (period as f64 + 1.0), period)
    }

    /// Wilder's: weight `1 / period`.
    pub fn wilder(period: usize) -> Self {
        Self::new(1.0 / period.max(1) as f64, period)
    }

    /// Takes a value; NaN until the seed is complete, and where the value is missing.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        if x.is_nan() {
            return f64::NAN;
        }
        if self.n_seen >= self.seed {
            self.value = self.value * self.keep + x * self.alpha;
            return self.value;
        }
        self.n_seen += 1;
        self.value += x;
        if self.n_seen < self.seed {
            return f64::NAN;
        }
        self.value /= self.seed as f64;
        self.value
    }

    /// Takes many values, with the same bits.
    pub fn bulk(&mut self, x: &[f64], out: &mut [f64]) {
        let n = x.len().min(out.len());
        let mut i = 0;
        while i < n && self.n_seen < self.seed {
            out[i] = self.push(x[i]);
            i += 1;
        }
        let (alpha, keep, mut value) = (self.alpha, self.keep, self.value);
        for (o, &x) in out[i..n].iter_mut().zip(&x[i..n]) {
            if x.is_nan() {
                *o = f64::NAN;
            } else {
                value = value * keep + x * alpha;
                *o = value;
            }
        }
        self.value = value;
    }

    /// After how many rows what came before the first weighs less than `eps`: the seed's rows, and those in which its
    /// weight fades.
    pub fn settle(alpha: f64, seed: usize, eps: f64) -> usize {
        let fading = libm::ceil(libm::log(eps.max(f64::MIN_POSITIVE)) / libm::log1p(-alpha.clamp(1e-12, 1.0 - 1e-12)));
        seed + fading.max(0.0) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_is_a_mean_and_a_missing_value_leaves_the_state() {
        let mut ema = Ema::of_period(3);
        let got = [1.0, 2.0, f64::NAN, 6.0, 5.0].map(|x| ema.push(x));
        assert!(got[..3].iter().all(|v| v.is_nan()));
        assert_eq!(got[3..], [3.0, 4.0]);
    }

    #[test]
    fn what_came_before_has_faded_after_the_settling_rows() {
        let n = Ema::settle(0.1, 5, 1e-6);
        let (mut a, mut b) = (Ema::new(0.1, 5), Ema::new(0.1, 5));
        let last = |e: &mut Ema, first: f64| (0..n).map(|i| e.push(if i < 5 { first } else { 1.0 })).last().unwrap();
        assert!((last(&mut a, 0.0) - last(&mut b, 1.0)).abs() <= 1e-6);
        assert!(n < 200);
    }
}
