//! Product of the last `period` values.
//!
//! Windowed: a NaN is in every window that holds it and leaves with it. Values are never divided out, so a 0 leaves
//! no trace. A product that overflows on its way is NaN.
//! Golden: numpy `prod` of each window.

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::kernel::{Kernel, Step, Terms, Window, boxed, finite};

/// The rolling product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Product {
    /// How many rows.
    pub period: usize,
}

impl Default for Product {
    fn default() -> Self {
        Self { period: 20 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "product",
    aliases: &["ts_product"],
    about: "rolling product",
    inputs: &[Input::SERIES],
    params: || vec![period(20)],
    outputs: &["product"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Product { period: args.count(0) })) },
};

impl Indicator for Product {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period, first_row))
    }
}

/// The rolling product of `x`, which begins at row 0.
pub fn product(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(period, 0).bulk([x], [out]);
}

/// The window.
pub type State = Window<Product, 1, 1>;

impl From<usize> for Product {
    fn from(period: usize) -> Self {
        Self { period }
    }
}

impl Terms<1, 1, 1> for Product {
    #[inline]
    fn terms(&self, [x]: [f64; 1], _: [f64; 1], _: f64) -> [f64; 1] {
        [x]
    }

    fn empty(&self) -> [f64; 1] {
        [1.0]
    }

    #[inline]
    fn join(&self, older: [f64; 1], newer: [f64; 1]) -> [f64; 1] {
        [older[0] * newer[0]]
    }

    #[inline]
    fn finish(&self, [product]: [f64; 1], _: [f64; 1], _: [f64; 1], _: f64) -> [f64; 1] {
        [finite(product)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zero_leaves_with_its_row() {
        let mut out = [0.0; 6];
        product(&[2.0, 3.0, 0.0, 4.0, 5.0, 1e308], 2, &mut out);
        assert!(out[0].is_nan() && out[5].is_nan());
        assert_eq!(out[1..5], [6.0, 0.0, 0.0, 20.0]);
    }
}
