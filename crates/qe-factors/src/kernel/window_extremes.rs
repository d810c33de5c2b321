//! The highest and the lowest of the last so many rows.
//!
//! A window with a NaN in it is NaN, and whole again once it has left.

use super::blocks::BLOCK;
use super::ladder::{Join, Ladder};

/// The larger of both.
#[derive(Debug, Clone, Copy, Default)]
pub struct Max;

impl Join for Max {
    const MAY_OVERLAP: bool = true;

    #[inline]
    fn join(older: f64, newer: f64) -> f64 {
        if older > newer { older } else { newer }
    }
}

/// The smaller of both.
#[derive(Debug, Clone, Copy, Default)]
pub struct Min;

impl Join for Min {
    const MAY_OVERLAP: bool = true;

    #[inline]
    fn join(older: f64, newer: f64) -> f64 {
        if older < newer { older } else { newer }
    }
}

/// An extreme of the last `period` rows.
#[derive(Debug, Clone)]
pub struct Extreme<J: Join> {
    ladder: Ladder<J>,
    period: usize,
    /// For how many rows to come the window is not whole, or has a NaN in it.
    waiting: usize,
}

/// The highest of the last `period` rows.
pub type WindowMax = Extreme<Max>;

/// The lowest of the last `period` rows.
pub type WindowMin = Extreme<Min>;

impl<J: Join> Extreme<J> {
    /// No rows yet. A period of 0 counts as 1.
    pub fn new(period: usize) -> Self {
        let period = period.max(1);
        Self { ladder: Ladder::new(period), period, waiting: period - 1 }
    }

    /// Takes a row.
    pub fn push(&mut self, x: f64) -> f64 {
        let mut out = [0.0];
        self.bulk(&[x], &mut out);
        out[0]
    }

    /// Takes many rows, with the same bits.
    pub fn bulk(&mut self, x: &[f64], out: &mut [f64]) {
        for (x, out) in x.chunks(BLOCK).zip(out.chunks_mut(BLOCK)) {
            let any_nan = self.ladder.block(x, out);
            // A comparison drops a NaN, so windows with one are marked here.
            if any_nan || self.waiting > 0 {
                self.mark(x, out);
            }
        }
    }

    fn mark(&mut self, x: &[f64], out: &mut [f64]) {
        for (x, o) in x.iter().zip(out) {
            if x.is_nan() {
                self.waiting = self.period;
            }
            if self.waiting > 0 {
                (*o, self.waiting) = (f64::NAN, self.waiting - 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_of_every_period_are_those_of_the_window() {
        let x: Vec<f64> = (0..1300).map(|i| if i == 700 { f64::NAN } else { f64::from(i * i % 997 - 400) }).collect();
        for period in [1, 2, 3, 7, 8, 9, 20, 64, 100, 600] {
            let (mut high, mut low) = (vec![0.0; x.len()], vec![0.0; x.len()]);
            WindowMax::new(period).bulk(&x, &mut high);
            let mut one = WindowMin::new(period);
            x.iter().zip(&mut low).for_each(|(x, o)| *o = one.push(*x));
            for i in 0..x.len() {
                let window = &x[(i + 1).saturating_sub(period)..=i];
                if window.len() < period || window.iter().any(|v| v.is_nan()) {
                    assert!(high[i].is_nan() && low[i].is_nan(), "{period}, {i}");
                } else {
                    assert_eq!(high[i], window.iter().copied().fold(f64::MIN, f64::max), "{period}, {i}");
                    assert_eq!(low[i], window.iter().copied().fold(f64::MAX, f64::min), "{period}, {i}");
                }
            }
        }
    }
}
