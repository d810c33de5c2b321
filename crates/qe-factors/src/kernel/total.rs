//! The sum of everything so far.
//!
//! Four values at a time, as [`super::Ema`] does: a row is the sum before its group plus the group's own sum up to
//! it, so one group waits for the one before it through one addition alone. Groups are counted from the first value,
//! so every cut of the rows gives the same bits. A value that is missing or infinite, or by which the sum would
//! overflow, gives a missing result and leaves the sum as it is.

use crate::keep;

/// How many values make a group.
const GROUP: usize = 4;

/// A running sum.
#[derive(Debug, Clone, Default)]
pub struct Total {
    /// The sum when the group began.
    base: f64,
    /// The sum of the group's values.
    within: f64,
    /// How many values the group has.
    phase: usize,
}

keep!(Total { base, within, phase < GROUP });

impl Total {
    /// Takes a value; gives the sum.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        let within = if self.phase == 0 { x } else { self.within + x };
        let value = self.base + within;
        if !value.is_finite() {
            return f64::NAN;
        }
        self.within = within;
        self.phase += 1;
        if self.phase == GROUP {
            (self.base, self.phase) = (value, 0);
        }
        value
    }

    /// Takes all values, with the same bits; `out` gets their sums.
    #[inline]
    pub fn bulk(&mut self, x: &[f64], out: &mut [f64]) {
        let n = x.len().min(out.len());
        let mut i = 0;
        while i < n {
            if self.phase == 0 {
                i += self.groups(&x[i..n], &mut out[i..n]);
            }
            if i < n {
                out[i] = self.push(x[i]);
                i += 1;
            }
        }
    }

    /// Takes whole groups, until one has a missing value in it; gives how many values were taken.
    #[inline]
    fn groups(&mut self, x: &[f64], out: &mut [f64]) -> usize {
        // A local, so that it stays in a register.
        let (mut base, mut n) = (self.base, 0);
        for (x, out) in x.chunks_exact(GROUP).zip(out.chunks_exact_mut(GROUP)) {
            let b = x[0] + x[1];
            let c = b + x[2];
            let d = c + x[3];
            let sums = [base + x[0], base + b, base + c, base + d];
            // All are finite if their sum is; if that alone overflows, one by one.
            if !((sums[0] + sums[1]) + (sums[2] + sums[3])).is_finite() {
                break;
            }
            out.copy_from_slice(&sums);
            base = sums[3];
            n += GROUP;
        }
        self.base = base;
        n
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_sum_and_every_cut_has_its_bits() {
        let x: Vec<f64> = (0..61)
            .map(|i| match i % 17 {
                3 => f64::NAN,
                8 => f64::INFINITY,
                11 => 1.7e308,
                12 => -1.7e308,
                _ => f64::from(i) * 0.1,
            })
            .collect();
        let mut one = Total::default();
        let rows: Vec<f64> = x.iter().map(|&x| one.push(x)).collect();
        assert!(rows[3].is_nan() && rows[8].is_nan() && rows[4].is_finite());
        for cut in 0..61 {
            let (mut total, mut got) = (Total::default(), vec![0.0; 61]);
            total.bulk(&x[..cut], &mut got[..cut]);
            total.bulk(&x[cut..], &mut got[cut..]);
            assert!(
                got.iter().zip(&rows).all(|(a, b)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()),
                "{cut}"
            );
        }
        let mut total = Total::default();
        assert_eq!([1.0, 2.0, f64::NAN, 3.0, 4.0, 5.0].map(|x| total.push(x))[3..], [6.0, 10.0, 15.0]);
    }
}
