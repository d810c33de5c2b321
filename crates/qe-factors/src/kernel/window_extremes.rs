//! The highest and the lowest of the last so many rows.
//!
//! A window with a NaN in it is NaN, and whole again once it has left.

use std::marker::PhantomData;

use super::blocks::BLOCK;
use super::ladder::{Join, Ladder};
use super::{End, Keep, Max, Min, Tape, Terms, outer, outer_present};

impl<E: End> Join for E {
    const MAY_OVERLAP: bool = true;

    #[inline]
    fn join(older: f64, newer: f64) -> f64 {
        if E::beats(older, newer) { older } else { newer }
    }
}

/// An extreme of the last `period` rows.
#[derive(Debug, Clone)]
pub struct Extreme<E: End> {
    ladder: Ladder<E>,
    period: usize,
    /// For how many rows to come the window is not whole, or has a NaN in it.
    waiting: usize,
}

impl<E: End> Keep for Extreme<E> {
    fn keep(&mut self, tape: &mut Tape<'_>) {
        let Self { ladder, period, waiting } = self;
        ladder.keep(tape);
        tape.count(waiting, *period);
    }
}

/// The highest of the last `period` rows.
pub type WindowMax = Extreme<Max>;

/// The lowest of the last `period` rows.
pub type WindowMin = Extreme<Min>;

impl<E: End> Extreme<E> {
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

/// Terms that come to the extreme of a window.
#[derive(Debug, Clone, Copy)]
pub struct Outermost<E>(PhantomData<E>);

impl<E> From<usize> for Outermost<E> {
    fn from(_: usize) -> Self {
        Self(PhantomData)
    }
}

impl<E: End> Terms<1, 2, 1> for Outermost<E> {
    #[inline]
    fn terms(&self, [x]: [f64; 1], _: [f64; 1], _: f64) -> [f64; 2] {
        // A lone number would travel as an integer, and the compiler would not see that this is one instruction.
        [x, 0.0]
    }

    fn empty(&self) -> [f64; 2] {
        [E::LAST, 0.0]
    }

    #[inline]
    fn join(&self, older: [f64; 2], newer: [f64; 2]) -> [f64; 2] {
        [outer::<E>(older[0], newer[0]), 0.0]
    }

    const LOOKS: bool = true;

    const WIDE: bool = true;

    #[inline]
    fn join_present(&self, older: [f64; 2], newer: [f64; 2]) -> [f64; 2] {
        [outer_present::<E>(older[0], newer[0]), 0.0]
    }

    #[inline]
    fn finish(&self, [extreme, _]: [f64; 2], _: [f64; 1], _: [f64; 1], _: f64) -> [f64; 1] {
        [extreme]
    }
}

/// Terms that come to the place of the extreme of a window, the oldest row being 0.
#[derive(Debug, Clone, Copy)]
pub struct PlaceOf<E> {
    oldest: f64,
    end: PhantomData<E>,
}

impl<E> From<usize> for PlaceOf<E> {
    fn from(period: usize) -> Self {
        Self { oldest: 1.0 - period.max(1) as f64, end: PhantomData }
    }
}

impl<E: End> Terms<1, 2, 1> for PlaceOf<E> {
    #[inline]
    fn terms(&self, [x]: [f64; 1], _: [f64; 1], t: f64) -> [f64; 2] {
        [x, t]
    }

    fn empty(&self) -> [f64; 2] {
        [E::LAST, 0.0]
    }

    #[inline]
    fn join(&self, older: [f64; 2], newer: [f64; 2]) -> [f64; 2] {
        let newer_is = E::beats(newer[0], older[0]) || newer[0].is_nan();
        [if newer_is { newer[0] } else { older[0] }, if newer_is { newer[1] } else { older[1] }]
    }

    const LOOKS: bool = true;

    const WIDE: bool = true;

    #[inline]
    fn join_present(&self, older: [f64; 2], newer: [f64; 2]) -> [f64; 2] {
        let newer_is = E::beats(newer[0], older[0]);
        [outer_present::<E>(older[0], newer[0]), if newer_is { newer[1] } else { older[1] }]
    }

    #[inline]
    fn finish(&self, [extreme, at]: [f64; 2], _: [f64; 1], _: [f64; 1], t: f64) -> [f64; 1] {
        [if extreme.is_nan() { f64::NAN } else { at - (t + self.oldest) }]
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
