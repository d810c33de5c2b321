//! Sums of a window's values and of their squares, from a local origin.
//!
//! Deviations are taken from the first value of a part, which is in every window that the part is in. So a common
//! offset costs no digits, and the square of the sum is never much larger than what is left once it is taken away.

use super::two_sided::Fold;
use crate::keep;

/// A part of a window.
#[derive(Debug, Clone, Copy, Default)]
pub struct Part {
    /// What deviations are taken from.
    pub origin: f64,
    /// How many values.
    pub n: f64,
    /// The sum of their deviations.
    pub sum: f64,
    /// The sum of the squares of their deviations.
    pub squares: f64,
}

keep!(Part { origin, n, sum, squares });

impl Part {
    /// One value.
    #[inline]
    pub fn one(x: f64) -> Self {
        // NaN if the value is no number, or the window's first one would go unnoticed.
        let zero = x * 0.0;
        Self { origin: x, n: 1.0, sum: zero, squares: zero }
    }

    /// With one value more.
    #[inline]
    #[must_use]
    pub fn with(self, x: f64) -> Self {
        let d = x - self.origin;
        Self { origin: self.origin, n: self.n + 1.0, sum: self.sum + d, squares: self.squares + d * d }
    }

    /// With another part, whose deviations are moved to this one's origin.
    #[inline]
    #[must_use]
    pub fn joined(self, other: Self) -> Self {
        let d = other.origin - self.origin;
        let moved = d * other.n;
        Self {
            origin: self.origin,
            n: self.n + other.n,
            sum: self.sum + (other.sum + moved),
            squares: self.squares + (other.squares + d * (other.sum + other.sum + moved)),
        }
    }

    /// The mean.
    #[inline]
    pub fn mean(self) -> f64 {
        self.origin + self.sum / self.n
    }

    /// The sum of squared deviations from the mean, never below 0.
    #[inline]
    pub fn spread(self) -> f64 {
        let spread = self.squares - self.sum * (self.sum / self.n);
        if spread < 0.0 { 0.0 } else { spread }
    }

    /// The sample variance, by one less than there are.
    #[inline]
    pub fn variance(self) -> f64 {
        self.spread() / (self.n - 1.0)
    }
}

/// The fold of one column.
#[derive(Debug, Clone, Copy, Default)]
pub struct Moments;

impl Fold for Moments {
    type Item = f64;
    type Acc = Part;

    #[inline]
    fn first(&self, x: f64) -> Part {
        Part::one(x)
    }

    #[inline]
    fn append(&self, acc: Part, x: f64) -> Part {
        acc.with(x)
    }

    #[inline]
    fn prepend(&self, x: f64, acc: Part) -> Part {
        acc.with(x)
    }

    #[inline]
    fn join(&self, older: Part, newer: Part) -> Part {
        older.joined(newer)
    }
}

/// The plain sums of two columns.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sums;

impl Fold for Sums {
    type Item = [f64; 2];
    type Acc = [f64; 2];

    #[inline]
    fn first(&self, x: [f64; 2]) -> [f64; 2] {
        x
    }

    #[inline]
    fn append(&self, acc: [f64; 2], x: [f64; 2]) -> [f64; 2] {
        [acc[0] + x[0], acc[1] + x[1]]
    }

    #[inline]
    fn prepend(&self, x: [f64; 2], acc: [f64; 2]) -> [f64; 2] {
        [x[0] + acc[0], x[1] + acc[1]]
    }

    #[inline]
    fn join(&self, older: [f64; 2], newer: [f64; 2]) -> [f64; 2] {
        [older[0] + newer[0], older[1] + newer[1]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::TwoSided;

    #[test]
    fn an_offset_of_a_hundred_million_costs_no_digits() {
        let x: Vec<f64> = (0..900).map(|i: i32| 1e8 + libm::sin(f64::from(i * i)) + f64::from(i) * 1e-3).collect();
        for period in [2, 5, 20, 250] {
            let mut window = TwoSided::new(Moments, period, 3);
            for (i, &v) in x.iter().enumerate() {
                let got = window.push(v).map(Part::variance);
                assert_eq!(got.is_some(), i + 1 >= period);
                let Some(got) = got else { continue };
                let w = &x[i + 1 - period..=i];
                let mean = w.iter().map(|v| v - 1e8).sum::<f64>() / period as f64;
                let want = w.iter().map(|v| (v - 1e8 - mean).powi(2)).sum::<f64>() / (period as f64 - 1.0);
                assert!((got - want).abs() <= 1e-9 * want, "{period}, {i}: {got} {want}");
            }
        }
    }
}
