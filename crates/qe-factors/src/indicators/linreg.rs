//! Least-squares line through the last `period` values over time, rows counted from 0, the oldest: its `value` at the
//! newest row, its `slope` per row, its `intercept` at the oldest row, the `angle` of its slope in degrees, `r2`, the
//! share of variance that it explains, and its `forecast` for the next row.
//!
//! Windowed: a NaN is in every window that holds it and leaves with it. Where nothing moves the line is flat and `r2`
//! is NaN (0 / 0).
//! Golden: TA-Lib `LINEARREG`, `LINEARREG_SLOPE`, `LINEARREG_INTERCEPT`, `LINEARREG_ANGLE`, `TSF`; `r2` by scipy
//! `linregress`.

use super::{Args, Indicator, Input, Signature, period_from};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Kernel, Step, Terms, WindowFold, boxed, boxed_some, finite, sum_of_squares};

/// The least-squares line over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Linreg {
    /// How many rows.
    pub period: usize,
}

impl Default for Linreg {
    fn default() -> Self {
        Self { period: 14 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "linreg",
    aliases: &[],
    about: "least-squares line over time",
    inputs: &[Input::SERIES],
    params: || vec![period_from(2, 14)],
    outputs: &["value", "slope", "intercept", "angle", "r2", "forecast"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Linreg { period: args.count(0) })) },
};

impl Indicator for Linreg {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period, first_row))
    }

    fn kernel_for(&self, first_row: u64, wanted: u32) -> Box<dyn Kernel> {
        match wanted {
            0b00_0001 => self.alone::<0>(first_row),
            0b00_0010 => self.alone::<1>(first_row),
            0b00_0100 => self.alone::<2>(first_row),
            0b00_1000 => self.alone::<3>(first_row),
            0b10_0000 => self.alone::<5>(first_row),
            _ => self.kernel(first_row),
        }
    }
}

impl Linreg {
    fn alone<const J: usize>(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed_some(WindowFold::new(Alone::<J>(*self), self.period, first_row), [J])
    }

    /// How the sum and the sum over time go together, the slope, and the mean.
    #[inline]
    fn slope(&self, sum: f64, by_time: f64, anchor: f64, t: f64) -> [f64; 3] {
        let n = self.period.max(1) as f64;
        let together = by_time - (t - (n - 1.0) / 2.0) * sum;
        [together, together * (1.0 / (n * (n * n - 1.0) / 12.0)), anchor + sum * (1.0 / n)]
    }
}

/// One output alone, of those that need no squares.
#[derive(Debug, Clone)]
struct Alone<const J: usize>(Linreg);

impl<const J: usize> Terms<1, 2, 1> for Alone<J> {
    #[inline]
    fn terms(&self, [x]: [f64; 1], [anchor]: [f64; 1], t: f64) -> [f64; 2] {
        let d = x - anchor;
        [d, d * t]
    }

    #[inline]
    fn finish(&self, [sum, by_time]: [f64; 2], [anchor]: [f64; 1], _: [f64; 1], t: f64) -> [f64; 1] {
        let [_, slope, mean] = self.0.slope(sum, by_time, anchor, t);
        let half = (self.0.period.max(1) as f64 - 1.0) / 2.0;
        [finite(match J {
            0 => mean + slope * half,
            1 => slope,
            2 => mean - slope * half,
            3 => degrees(slope),
            _ => mean + slope * half + slope,
        })]
    }
}

/// The angle of a slope.
#[inline]
fn degrees(slope: f64) -> f64 {
    libm::atan(slope) * (180.0 / std::f64::consts::PI)
}

/// The least-squares line over time of `x`, which begins at row 0.
pub fn linreg(x: &[f64], period: usize, out: [&mut [f64]; 6]) {
    State::new(period, 0).bulk([x], out);
}

impl Terms<1, 3, 6> for Linreg {
    #[inline]
    fn terms(&self, [x]: [f64; 1], [anchor]: [f64; 1], t: f64) -> [f64; 3] {
        let d = x - anchor;
        [d, d * d, d * t]
    }

    #[inline]
    fn finish(&self, [sum, squares, by_time]: [f64; 3], [anchor]: [f64; 1], _: [f64; 1], t: f64) -> [f64; 6] {
        let n = self.period.max(1) as f64;
        let half = (n - 1.0) / 2.0;
        let [together, slope, mean] = self.slope(sum, by_time, anchor, t);
        let (value, intercept) = (mean + slope * half, mean - slope * half);
        let r2 = slope * together / sum_of_squares(n, [sum, squares]);
        let r2 = if r2 > 1.0 { 1.0 } else { r2 };
        [value, slope, intercept, degrees(slope), r2, value + slope].map(finite)
    }
}

/// The sums of the window.
#[derive(Debug, Clone)]
pub struct State(WindowFold<Linreg, 1, 3, 6>);

keep!(State(window));

impl State {
    /// No rows yet; the first to come is row `first_row` of its data set.
    pub fn new(period: usize, first_row: u64) -> Self {
        Self(WindowFold::new(Linreg { period }, period, first_row))
    }

    /// Takes a row.
    #[inline]
    pub fn push(&mut self, x: f64) -> [f64; 6] {
        self.0.push([x])
    }
}

impl Step<1, 6> for State {
    #[inline]
    fn step(&mut self, row: [f64; 1]) -> [f64; 6] {
        self.0.push(row)
    }

    fn bulk(&mut self, inputs: [&[f64]; 1], out: [&mut [f64]; 6]) {
        self.0.bulk(inputs, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::kernel::testing::offset_by_1e8;

    fn columns(x: &[f64], period: usize) -> [Vec<f64>; 6] {
        let mut out: [Vec<f64>; 6] = std::array::from_fn(|_| vec![0.0; x.len()]);
        linreg(x, period, out.each_mut().map(Vec::as_mut_slice));
        out
    }

    #[test]
    fn a_line_is_its_own_regression() {
        let x: Vec<f64> = (0..200).map(|i| 3.0 - f64::from(i)).collect();
        let got = columns(&x, 14).map(|o| o[100]);
        for (got, want) in got.into_iter().zip([-97.0, -1.0, -84.0, -45.0, 1.0, -98.0]) {
            assert!((got - want).abs() < 1e-12, "{got} {want}");
        }
    }

    #[test]
    fn a_constant_is_flat_and_explains_nothing() {
        let [value, slope, intercept, angle, r2, forecast] = columns(&[0.1; 40], 5).map(|o| o[20]);
        assert_eq!([value, slope, intercept, angle, forecast], [0.1, 0.0, 0.1, 0.0, 0.1]);
        assert!(r2.is_nan());
    }

    #[test]
    fn an_offset_costs_no_digits_and_an_outlier_leaves_no_trace() {
        let r2 = |x: &[f64], period: usize, out: &mut [f64]| out.copy_from_slice(&columns(x, period)[4]);
        offset_by_1e8(r2, |w| {
            let (n, half) = (w.len() as f64, (w.len() as f64 - 1.0) / 2.0);
            let mean = w.iter().map(|x| x - 1e8).sum::<f64>() / n;
            let [mut together, mut time, mut own] = [0.0; 3];
            for (i, x) in w.iter().enumerate() {
                let (t, d) = (i as f64 - half, x - 1e8 - mean);
                (together, time, own) = (together + t * d, time + t * t, own + d * d);
            }
            together * together / (time * own)
        });
    }
}
