//! Arnaud Legoux's moving average: weights on a bell curve whose middle lies at `offset_frac` of the window and whose
//! width is the period divided by `sharpness`.
//!
//! `w[i] = exp(-(i - offset_frac (period - 1))^2 / (2 (period / sharpness)^2))`, `i` from 0, the oldest.
//! Windowed: a NaN is in every window that holds it and leaves with it. Every row weighs its whole window.
//! Golden: a numpy dot product with the weights of the definition. Reference: Legoux and Kouzis-Loukas, ALMA (2009).

use qe_core::param::Param;

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Kernel, Span, Step, boxed, finite, sum_by_fours};

/// The Arnaud Legoux moving average.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alma {
    /// How many rows.
    pub period: usize,
    /// Where the middle of the bell lies, 1 being the newest row.
    pub offset_frac: f64,
    /// How many widths of the bell make a period.
    pub sharpness: f64,
}

impl Default for Alma {
    fn default() -> Self {
        Self { period: 9, offset_frac: 0.85, sharpness: 6.0 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "alma",
    aliases: &[],
    about: "Arnaud Legoux moving average",
    inputs: &[Input::SERIES],
    params: || {
        vec![
            period(9),
            Param::float("offset_frac", 0.0, 1.0, 0.85).doc("where the bell is, 1 being the newest row"),
            Param::float("sharpness", 0.1, 100.0, 6.0).doc("how many widths of the bell make a period"),
        ]
    },
    outputs: &["alma"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(Alma { period: args.count(0), offset_frac: args.number(1), sharpness: args.number(2) }))
    },
};

impl Indicator for Alma {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self))
    }
}

/// The Arnaud Legoux moving average of `x`.
pub fn alma(x: &[f64], params: Alma, out: &mut [f64]) {
    State::new(params).bulk([x], [out]);
}

/// The window and the weights, whose sum is 1.
#[derive(Debug, Clone)]
pub struct State {
    window: Span,
    weights: Vec<f64>,
}

keep!(State { window } given { weights });

impl State {
    /// No values yet.
    pub fn new(params: Alma) -> Self {
        let n = params.period.max(1);
        let (middle, width) = (params.offset_frac * (n as f64 - 1.0), n as f64 / params.sharpness);
        let weight = |i: usize| libm::exp(-(i as f64 - middle) * (i as f64 - middle) / (2.0 * width * width));
        let mut weights: Vec<f64> = (0..n).map(weight).collect();
        let sum: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|w| *w /= sum);
        Self { window: Span::new(n), weights }
    }

    /// Takes a value.
    #[inline]
    pub fn push(&mut self, x: f64) -> f64 {
        self.window.push(x).map_or(f64::NAN, |w| of_window(&self.weights, w))
    }
}

#[inline]
fn of_window(weights: &[f64], w: &[f64]) -> f64 {
    let (weights, newest) = (&weights[..w.len()], w[w.len() - 1]);
    finite(newest + sum_by_fours(w, |i, x| weights[i] * (x - newest)))
}

impl Step<1, 1> for State {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.push(x)]
    }

    fn bulk(&mut self, [x]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let (n, weights) = (x.len().min(out.len()), &self.weights);
        self.window.bulk(&x[..n], |i, w| out[i] = w.map_or(f64::NAN, |w| of_window(weights, w)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_is_its_own_mean_and_a_bell_in_the_middle_halves_a_line() {
        let mut out = [0.0; 40];
        alma(&[0.1; 40], Alma::default(), &mut out);
        assert!(out[8..].iter().all(|&v| v == 0.1) && out[7].is_nan());
        let line: Vec<f64> = (0..40).map(f64::from).collect();
        alma(&line, Alma { offset_frac: 0.5, ..Alma::default() }, &mut out);
        assert!((8..40).all(|i| (out[i] - (line[i] - 4.0)).abs() < 1e-12));
    }
}
