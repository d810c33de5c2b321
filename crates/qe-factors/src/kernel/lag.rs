//! The value so many rows ago.

use super::Ring;

/// Gives back what went in `lag` rows ago.
#[derive(Debug, Clone)]
pub struct Lag {
    lag: usize,
    last: Ring,
}

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
        let own = self.lag.min(n);
        for (o, &v) in out[..own].iter_mut().zip(&x[..own]) {
            *o = f(v, self.push(v));
        }
        for ((o, &new), &old) in out[own..].iter_mut().zip(&x[own..]).zip(x) {
            *o = f(new, old);
        }
        for &v in &x[own.max(n - own)..] {
            self.push(v);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
