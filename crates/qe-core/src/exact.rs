//! A number of money to twice the digits, for sums that must add up.
//!
//! The error of a sum and of a product of two numbers is a number itself (T. J. Dekker, "A floating-point technique for
//! extending the available precision", 1971; D. E. Knuth, TAOCP 2, 4.2.2). Kept beside the sum it makes thirty-two digits of
//! sixteen. Products are split rather than fused, so that it is the same on machines with and without a fused product.

/// A sum of two numbers of which the second is at most half a last digit of the first.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Exact {
    high: f64,
    low: f64,
}

impl Exact {
    /// A number.
    pub fn of(x: f64) -> Self {
        Self { high: x, low: 0.0 }
    }

    /// Less a number.
    #[must_use]
    pub fn less(self, x: f64) -> Self {
        let (high, rest) = sum(self.high, -x);
        let (high, low) = sum(high, rest + self.low);
        Self { high, low }
    }

    /// Less a product, whose own digits are all taken.
    #[must_use]
    pub fn less_product(self, x: f64, y: f64) -> Self {
        let (high, low) = product(x, y);
        self.less(high).less(low)
    }

    /// What is to be added to come to a number; 0 where something of it is beyond all numbers.
    pub fn distance_to(self, x: f64) -> f64 {
        let gap = x - self.high - self.low;
        if gap.is_finite() { gap } else { 0.0 }
    }
}

/// The sum of two numbers, and what rounding took from it.
fn sum(x: f64, y: f64) -> (f64, f64) {
    let sum = x + y;
    let of_y = sum - x;
    (sum, (x - (sum - of_y)) + (y - of_y))
}

/// The product of two numbers, and what rounding took from it.
fn product(x: f64, y: f64) -> (f64, f64) {
    let product = x * y;
    let ([a, b], [c, d]) = (halves(x), halves(y));
    (product, ((a * c - product) + a * d + b * c) + b * d)
}

/// A number as two of half as many digits.
fn halves(x: f64) -> [f64; 2] {
    let far = x * 134_217_729.0;
    let high = far - (far - x);
    [high, x - high]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    /// Whole numbers of 2^-40: sums and products of them are exact in 128 bits.
    #[test]
    fn cash_is_what_whole_numbers_say() {
        let mut r = Stream::new(1, "exact", 0);
        let one = 1_i128 << 40;
        for _ in 0..200 {
            let start = r.below(1 << 50) as i128;
            // In units of 2^-80, as products are.
            let mut whole = start * one;
            let mut cash = Exact::of(start as f64 / one as f64);
            for _ in 0..2000 {
                let [x, y] = [0, 1].map(|_| r.below(1 << 45) as i128 - (1 << 44));
                let [a, b] = [x, y].map(|x| x as f64 / one as f64);
                cash = cash.less_product(a, b).less(a);
                whole -= x * y + x * one;
            }
            let told = cash.distance_to(0.0);
            let whole = -(whole as f64) / one as f64 / one as f64;
            assert_eq!(told.to_bits(), whole.to_bits(), "{told} {whole}");
        }
    }

    #[test]
    fn what_a_sum_loses_is_kept() {
        let cash = Exact::of(1e16).less(1e-3).less_product(1e8, 1e8);
        assert_eq!((cash.distance_to(0.0), 1e16 - 1e-3 - 1e16), (1e-3, 0.0));
        assert_eq!(Exact::of(f64::INFINITY).less(1.0).distance_to(2.0), 0.0);
    }
}
