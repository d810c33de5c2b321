//! The value so many rows ago.

use super::{BLOCK, Ring, finite};
use crate::keep;

/// How many values are looked at side by side.
const LANES: usize = 8;

/// Gives back what went in `lag` rows ago.
#[derive(Debug, Clone)]
pub struct Lag {
    lag: usize,
    last: Ring,
}

keep!(Lag { last } given { lag });

impl Lag {
    /// No values yet. A lag of 0 gives back the value itself.
    pub fn new(lag: usize) -> Self {
        Self { lag, last: Ring::new(lag) }
    }

    /// How many rows ago the value is.
    pub fn lag(&self) -> usize {
        self.lag
    }

    /// Takes a value, gives the one `lag` rows before; NaN while there is none.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        if self.lag == 0 { x } else { self.last.push(x).unwrap_or(f64::NAN) }
    }

    /// Takes many values and writes `f(value, value lag rows before)` for each.
    #[inline]
    pub fn bulk(&mut self, x: &[f64], out: &mut [f64], f: impl Fn(f64, f64) -> f64) {
        let n = x.len().min(out.len());
        let (x, out) = (&x[..n], &mut out[..n]);
        let own = self.begin(x, out, &f);
        for ((o, &new), &old) in out[own..].iter_mut().zip(&x[own..]).zip(x) {
            *o = f(new, old);
        }
        self.end(x, own);
    }

    /// Takes many values and writes `f(value, value lag rows before)` for each, NaN where that is infinite. Blocks are
    /// looked at as a whole, which is cheaper than [`finite`] in `f`.
    #[inline(always)]
    pub fn bulk_finite(&mut self, x: &[f64], out: &mut [f64], f: impl Fn(f64, f64) -> f64) {
        let n = x.len().min(out.len());
        let (x, out) = (&x[..n], &mut out[..n]);
        let own = self.begin(x, out, |new, old| finite(f(new, old)));
        for ((out, new), old) in
            out[own..].chunks_mut(BLOCK).zip(x[own..].chunks(BLOCK)).zip(x[..n - own].chunks(BLOCK))
        {
            let mut sums = [0.0; LANES];
            let (outs, out) = out.as_chunks_mut::<LANES>();
            let ((news, new), (olds, old)) = (new.as_chunks::<LANES>(), old.as_chunks::<LANES>());
            for ((out, new), old) in outs.iter_mut().zip(news).zip(olds) {
                *out = std::array::from_fn(|k| f(new[k], old[k]));
                (0..LANES).for_each(|k| sums[k] += out[k]);
            }
            for ((out, new), old) in out.iter_mut().zip(new).zip(old) {
                *out = finite(f(*new, *old));
            }
            // A sum is finite only if all are, or they are too large to add up.
            if !sums.iter().sum::<f64>().is_finite() {
                outs.as_flattened_mut().iter_mut().for_each(|o| *o = finite(*o));
            }
        }
        self.end(x, own);
    }

    /// The rows whose older values came before these; how many they are.
    #[inline]
    fn begin(&mut self, x: &[f64], out: &mut [f64], f: impl Fn(f64, f64) -> f64) -> usize {
        let own = self.lag.min(x.len());
        for (o, &v) in out[..own].iter_mut().zip(&x[..own]) {
            *o = f(v, self.push(v));
        }
        own
    }

    /// Keeps what will be needed of a column whose first `own` values are kept.
    #[inline]
    fn end(&mut self, x: &[f64], own: usize) {
        for &v in &x[own.max(x.len() - own)..] {
            self.push(v);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_infinite_is_missing_and_the_rest_as_it_is() {
        let x: Vec<f64> =
            (0..1300).map(|i| if i % 401 == 7 { f64::MAX } else { -f64::from(i * i % 37) * 1e300 }).collect();
        for lag in [1, 3, 900] {
            let (mut state, mut out) = (Lag::new(lag), vec![0.0; 1300]);
            state.bulk_finite(&x[..3], &mut out[..3], |new, old| new - old * 1e8);
            state.bulk_finite(&x[3..], &mut out[3..], |new, old| new - old * 1e8);
            for i in lag..1300 {
                let want = x[i] - x[i - lag] * 1e8;
                assert!(if want.is_finite() { out[i] == want } else { out[i].is_nan() }, "{lag} {i}");
            }
            assert!(out[lag..].iter().any(|v| v.is_nan()) && out[lag..].iter().any(|v| v.is_finite()));
        }
    }

    #[test]
    fn every_cut_gives_the_value_so_many_rows_ago() {
        let x: Vec<f64> = (0..40).map(f64::from).collect();
        for lag in [0, 1, 2, 7, 60] {
            for cut in 0..40 {
                let (mut state, mut out) = (Lag::new(lag), vec![0.0; 40]);
                state.bulk(&x[..cut], &mut out[..cut], |_, old| old);
                state.bulk(&x[cut..], &mut out[cut..], |_, old| old);
                for (i, o) in out.iter().enumerate() {
                    assert!(if i < lag { o.is_nan() } else { *o == (i - lag) as f64 }, "{lag} {cut} {i}");
                }
            }
        }
    }
}
