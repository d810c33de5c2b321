//! Volatility and volume over a session: high at the opening, low at noon, high again at the close.
//!
//! With `x` in (0, 1) the share of the session gone, volatility has the shape `0.72 + 1.5 exp(-x/0.05) + 0.35
//! exp(-(1-x)/0.06)`, scaled so that its squares sum to 1 over a full session; on a half day it is compressed to the
//! 210 minutes, and its squares sum to 210/390. Volume has the shape `0.6 + 1.6 exp(-x/0.06) + 2.2 exp(-(1-x)/0.04)`,
//! scaled to a mean of 1. References: Wood, McInish and Ord, J. Finance 40 (1985); Andersen and Bollerslev, J.
//! Empirical Finance 4 (1997).

use super::grid::FULL;

/// The two shapes of a session of some length.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    /// Standard deviation of each minute; the squares sum to the session's share of a full one.
    pub(crate) vol: Vec<f64>,
    /// Volume of each minute over the mean.
    pub(crate) volume: Vec<f64>,
}

impl Shape {
    /// The shapes of a session of `n` minutes.
    pub(crate) fn new(n: usize) -> Self {
        let at = |m: usize| (m as f64 + 0.5) / n as f64;
        let mut vol: Vec<f64> = (0..n).map(|m| vol_at(at(m))).collect();
        let mut volume: Vec<f64> = (0..n).map(|m| volume_at(at(m))).collect();
        let squares: f64 = vol.iter().map(|v| v * v).sum();
        let scale = (n as f64 / FULL as f64 / squares).sqrt();
        vol.iter_mut().for_each(|v| *v *= scale);
        let mean = volume.iter().sum::<f64>() / n as f64;
        volume.iter_mut().for_each(|v| *v /= mean);
        Self { vol, volume }
    }
}

fn vol_at(x: f64) -> f64 {
    0.72 + 1.5 * libm::exp(-x / 0.05) + 0.35 * libm::exp(-(1.0 - x) / 0.06)
}

/// Relative volume, or the rate of trades, at a share `x` of the session.
pub(crate) fn volume_at(x: f64) -> f64 {
    0.6 + 1.6 * libm::exp(-x / 0.06) + 2.2 * libm::exp(-(1.0 - x) / 0.04)
}

/// The shapes of all sessions: full days share one, and each other length has its own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shapes(Vec<Shape>);

impl Shapes {
    /// Shapes for sessions of these lengths.
    pub(crate) fn new(lengths: impl Iterator<Item = usize>) -> Self {
        let mut shapes: Vec<Shape> = Vec::new();
        for n in lengths {
            if !shapes.iter().any(|s| s.vol.len() == n) {
                shapes.push(Shape::new(n));
            }
        }
        Self(shapes)
    }

    /// The longest session in minutes.
    pub(crate) fn longest(&self) -> usize {
        self.0.iter().map(|s| s.vol.len()).max().unwrap_or(0)
    }

    /// The shape for `n` minutes; the first for a length that was not announced.
    pub(crate) fn of(&self, n: usize) -> &Shape {
        self.0.iter().find(|s| s.vol.len() == n).unwrap_or(&self.0[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_normalised_and_bend_like_a_u() {
        let full = Shape::new(390);
        assert!((full.vol.iter().map(|v| v * v).sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(full.vol[0] > 2.0 * full.vol[195] && full.vol[389] > 1.3 * full.vol[195]);
        assert!(full.volume[389] > 3.0 * full.volume[195]);
        let half = Shape::new(210);
        assert!((half.vol.iter().map(|v| v * v).sum::<f64>() - 210.0 / 390.0).abs() < 1e-12);
        let shapes = Shapes::new([390, 210, 390].into_iter());
        assert_eq!((shapes.0.len(), shapes.of(210).vol.len()), (2, 210));
    }
}
