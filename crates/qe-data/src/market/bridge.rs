//! Extremes of a Brownian motion between two known ends.
//!
//! Given a move `x` over a stretch of variance `v`, the maximum `M >= max(0, x)` has `P(M > m) = exp(-2 m (m - x) /
//! v)`, so with `u` uniform `M = (x + sqrt(x^2 - 2 v ln u)) / 2`, and the minimum is the mirror image: exact, each by
//! itself. The two also hang together, because a path that went far up had less time to go far down. [`extremes`]
//! carries that by drawing the exact midpoint of the bridge first and taking the extremes of both halves: maximum and
//! minimum still have their exact laws, and the mean squared range of a bridge comes to 1.67 of its variance, where the
//! truth is pi^2/6 = 1.645 and a plain pair of independent draws gives 1.785.
//!
//! Reference: Karatzas and Shreve, Brownian Motion and Stochastic Calculus (1991), 2.8 and 4.3.40.

/// The maximum above the start, given the move `x`, the variance `v` and a uniform `u` in (0, 1).
#[inline(always)]
pub fn maximum(x: f64, v: f64, u: f64) -> f64 {
    0.5 * (x + (x * x - 2.0 * v * libm::log(u)).sqrt())
}

/// The minimum below the start, given the move `x`, the variance `v` and a uniform `u` in (0, 1).
#[inline(always)]
pub fn minimum(x: f64, v: f64, u: f64) -> f64 {
    0.5 * (x - (x * x - 2.0 * v * libm::log(u)).sqrt())
}

/// Minimum and maximum of a bridge with move `x` and variance `v`, from a standard normal and four uniforms in (0, 1).
#[inline(always)]
pub fn extremes(x: f64, v: f64, z: f64, u: [f64; 4]) -> (f64, f64) {
    let half = 0.5 * v;
    let middle = 0.5 * x + 0.5 * v.sqrt() * z;
    let rest = x - middle;
    let (max_a, max_b) = (maximum(middle, half, u[0]), middle + maximum(rest, half, u[1]));
    let (min_a, min_b) = (minimum(middle, half, u[2]), middle + minimum(rest, half, u[3]));
    (if min_a < min_b { min_a } else { min_b }, if max_a > max_b { max_a } else { max_b })
}

#[cfg(test)]
mod tests {
    use super::*;
    use qe_core::rng::Stream;

    #[test]
    fn the_maximum_has_its_exact_law() {
        let mut s = Stream::new(1, "test.bridge", 0);
        let (x, v, n) = (0.3, 1.7, 200_000);
        let draws: Vec<(f64, f64)> =
            (0..n).map(|_| extremes(x, v, s.normal(), [(); 4].map(|()| s.uniform_open()))).collect();
        assert!(draws.iter().all(|(low, high)| *low <= 0.0 && *high >= x));
        for m in [0.4, 0.9, 1.5, 2.4] {
            let above = draws.iter().filter(|d| d.1 > m).count() as f64 / f64::from(n);
            let expected = libm::exp(-2.0 * m * (m - x) / v);
            assert!((above - expected).abs() < 0.004, "P(M > {m}) is {above}, not {expected}");
            // The minimum of the move x is the mirror image of the maximum of the move -x.
            let below = draws.iter().filter(|d| -d.0 > m).count() as f64 / f64::from(n);
            let expected = libm::exp(-2.0 * m * (m + x) / v);
            assert!((below - expected).abs() < 0.004, "P(-m > {m}) is {below}, not {expected}");
        }
    }

    #[test]
    fn the_range_is_close_to_that_of_a_bridge() {
        let mut s = Stream::new(2, "test.bridge", 0);
        let n = 200_000;
        let mut sum = 0.0;
        for _ in 0..n {
            let (low, high) = extremes(0.0, 1.0, s.normal(), [(); 4].map(|()| s.uniform_open()));
            sum += (high - low) * (high - low);
        }
        let mean = sum / f64::from(n);
        assert!((mean - 1.669).abs() < 0.01, "{mean}");
    }
}
