//! Bollinger bands: the mean of the last `period` values, and `mult` population standard deviations above and below.
//!
//! `width` is `(upper - lower) / middle`, `percent_b` is `(x - lower) / (upper - lower)`; both are NaN where they would
//! divide by 0. Windowed: a NaN is in every window that holds it and leaves with it. Sums are taken about values of the
//! window itself, so a common offset costs no digits.
//! Golden: TA-Lib `BBANDS`, the last two from its bands. Reference: Bollinger on Bollinger Bands (2001).

use qe_core::param::Param;

use super::{Args, Indicator, Input, MAX_PERIOD, Signature};
use crate::error::Result;
use crate::kernel::{BLOCK, Kernel, Moments, Step, TwoSided, boxed, finite};

/// Bollinger bands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bollinger {
    /// How many values.
    pub period: usize,
    /// How many standard deviations the bands are away.
    pub mult: f64,
}

impl Default for Bollinger {
    fn default() -> Self {
        Self { period: 20, mult: 2.0 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "bollinger",
    aliases: &["bbands"],
    about: "Bollinger bands: mean, bands by the standard deviation, width, and where x lies between",
    inputs: &[Input::SERIES],
    params: || {
        vec![
            Param::int("period", 2, MAX_PERIOD, 20).log().doc("how many rows it looks at"),
            Param::float("mult", 0.01, 100.0, 2.0).doc("how many standard deviations the bands are away"),
        ]
    },
    outputs: &["upper", "middle", "lower", "width", "percent_b"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(Bollinger { period: args.count(0), mult: args.number(1) }))
    },
};

impl Indicator for Bollinger {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self, first_row))
    }
}

/// Bollinger bands of `x`: upper, middle, lower, width, percent b.
pub fn bollinger(x: &[f64], params: Bollinger, out: [&mut [f64]; 5]) {
    State::new(params, 0).bulk([x], out);
}

/// The moments of the window.
#[derive(Debug, Clone)]
pub struct State {
    moments: TwoSided<Moments>,
    n: f64,
    mult: f64,
}

impl State {
    /// No values yet; the first to come is row `first_row` of its data set.
    pub fn new(Bollinger { period, mult }: Bollinger, first_row: u64) -> Self {
        Self { moments: TwoSided::new(Moments, period, first_row), n: period.max(1) as f64, mult }
    }

    /// Takes a value: upper, middle, lower, width, percent b.
    #[inline]
    pub fn push(&mut self, x: f64) -> [f64; 5] {
        let (mean, spread) = self.moments.push(x).map_or((f64::NAN, f64::NAN), |p| (p.mean(), p.spread()));
        bands(x, mean, spread, self.n, self.mult)
    }
}

#[inline]
fn bands(x: f64, mean: f64, spread: f64, n: f64, mult: f64) -> [f64; 5] {
    let away = finite(mult * (spread / n).sqrt());
    let (upper, lower) = (finite(mean + away), finite(mean - away));
    let all = upper - lower;
    // Divided by nothing it is NaN, whatever it is that is divided.
    [upper, finite(mean), lower, finite(all / mean), finite((x - lower) / all)]
}

impl Step<1, 5> for State {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 5] {
        self.push(x)
    }

    fn bulk(&mut self, [x]: [&[f64]; 1], [upper, middle, lower, width, percent]: [&mut [f64]; 5]) {
        for at in (0..x.len()).step_by(BLOCK) {
            let rows = at..(at + BLOCK).min(x.len());
            let (x, n) = (&x[rows.clone()], rows.len());
            let [upper, middle, lower] = [&mut *upper, &mut *middle, &mut *lower].map(|c| &mut c[rows.clone()]);
            let [width, percent] = [&mut *width, &mut *percent].map(|c| &mut c[rows.clone()]);
            self.moments.bulk(
                n,
                |i| x[i],
                |i, part| {
                    (middle[i], upper[i]) = part.map_or((f64::NAN, f64::NAN), |p| (p.mean(), p.spread()));
                },
            );
            for i in 0..n {
                [upper[i], middle[i], lower[i], width[i], percent[i]] =
                    bands(x[i], middle[i], upper[i], self.n, self.mult);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_values_are_one_deviation_from_their_mean() {
        let mut state = State::new(Bollinger { period: 2, mult: 1.0 }, 0);
        assert!(state.push(1.0)[0].is_nan());
        assert_eq!(state.push(3.0), [3.0, 2.0, 1.0, 1.0, 1.0]);
        assert_eq!(state.push(3.0)[..3], [3.0; 3]);
        assert!(state.push(3.0)[4].is_nan());
    }
}
