//! A window as the state of a leaf that is told a period alone and gives one column.

use super::{Keep, Step, Tape, Terms, WindowFold};

/// The last `period` rows; the period makes the terms.
#[derive(Debug, Clone)]
pub struct Window<T, const I: usize, const K: usize>(WindowFold<T, I, K, 1>);

impl<T: Terms<I, K, 1>, const I: usize, const K: usize> Keep for Window<T, I, K> {
    fn keep(&mut self, tape: &mut Tape<'_>) {
        self.0.keep(tape);
    }
}

impl<T: Terms<I, K, 1> + From<usize>, const I: usize, const K: usize> Window<T, I, K> {
    /// No rows yet; the first to come is row `first_row` of its data set.
    pub fn new(period: usize, first_row: u64) -> Self {
        Self(WindowFold::new(T::from(period), period, first_row))
    }
}

impl<T: Terms<1, K, 1>, const K: usize> Window<T, 1, K> {
    /// Takes a row.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        self.0.push([x])[0]
    }
}

impl<T: Terms<2, K, 1>, const K: usize> Window<T, 2, K> {
    /// Takes a row, its columns in the leaf's order.
    #[inline]
    pub fn push(&mut self, x: f64, y: f64) -> f64 {
        self.0.push([x, y])[0]
    }
}

impl<T: Terms<3, K, 1>, const K: usize> Window<T, 3, K> {
    /// Takes a row, its columns in the leaf's order.
    #[inline]
    pub fn push(&mut self, x: f64, y: f64, z: f64) -> f64 {
        self.0.push([x, y, z])[0]
    }
}

impl<T: Terms<I, K, 1>, const I: usize, const K: usize> Step<I, 1> for Window<T, I, K> {
    #[inline]
    fn step(&mut self, row: [f64; I]) -> [f64; 1] {
        self.0.push(row)
    }

    fn bulk(&mut self, inputs: [&[f64]; I], out: [&mut [f64]; 1]) {
        self.0.bulk(inputs, out);
    }
}
