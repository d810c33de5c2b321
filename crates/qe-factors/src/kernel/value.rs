//! One value of the few numbers that a kernel gives for a row, as the state of a leaf.

use std::fmt::Debug;
use std::marker::PhantomData;

use super::{Keep, Lag, Step, Tape};

/// A kernel of one column that is told a period and gives `N` numbers for a row.
pub trait Parts<const N: usize>: Keep + Debug + Clone + Send + Sync + 'static {
    /// No rows yet.
    fn of_period(period: usize) -> Self;

    /// Takes a row.
    fn push(&mut self, x: f64) -> [f64; N];

    /// Takes many rows, with the same bits; `out` gets the `value` of each one's numbers.
    fn bulk(&mut self, x: &[f64], out: &mut [f64], value: impl Fn([f64; N]) -> f64);
}

/// What a leaf makes of the numbers of a row.
pub trait Value<const N: usize>: Debug + Clone + Send + Sync + 'static {
    /// Their value.
    fn value(parts: [f64; N]) -> f64;
}

/// The kernel `P` and what the leaf `L` makes of its numbers.
#[derive(Debug, Clone)]
pub struct ValueOf<L, P, const N: usize>(P, PhantomData<L>);

impl<L, P: Keep, const N: usize> Keep for ValueOf<L, P, N> {
    fn keep(&mut self, tape: &mut Tape<'_>) {
        self.0.keep(tape);
    }
}

impl<L: Value<N>, P: Parts<N>, const N: usize> ValueOf<L, P, N> {
    /// No rows yet.
    pub fn new(period: usize) -> Self {
        Self(P::of_period(period), PhantomData)
    }

    /// Takes a row.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        L::value(self.0.push(x))
    }
}

impl<L: Value<N>, P: Parts<N>, const N: usize> Step<1, 1> for ValueOf<L, P, N> {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.push(x)]
    }

    fn bulk(&mut self, [x]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        self.0.bulk(x, out, L::value);
    }
}

/// A value and the one `period` rows before.
impl Parts<2> for Lag {
    fn of_period(period: usize) -> Self {
        Self::new(period.max(1))
    }

    #[inline]
    fn push(&mut self, x: f64) -> [f64; 2] {
        [x, self.push(x)]
    }

    #[inline]
    fn bulk(&mut self, x: &[f64], out: &mut [f64], value: impl Fn([f64; 2]) -> f64) {
        self.bulk(x, out, |new, old| value([new, old]));
    }
}
