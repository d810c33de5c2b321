//! Bollinger bands: the mean of the last `period` values, and `mult` population standard deviations above and below.
//!
//! `width` is `(upper - lower) / middle`, `percent_b` is `(x - lower) / (upper - lower)`; both are NaN where they would
//! divide by 0. Windowed: a NaN is in every window that holds it and leaves with it. Sums are taken about values of the
//! window itself, so a common offset costs no digits.
//! Golden: TA-Lib `BBANDS`, the last two from its bands. Reference: Bollinger on Bollinger Bands (2001).

use qe_core::param::Param;

use super::{Args, Indicator, Input, MAX_PERIOD, Signature};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Kernel, Step, Terms, WindowFold, boxed, boxed_some, finite, powers, sum_of_squares};

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

    fn kernel_for(&self, first_row: u64, wanted: u32) -> Box<dyn Kernel> {
        // The other two take a division each, which is dearer than all that the bands take together.
        match wanted & 0b11000 {
            0 => boxed_some(WindowFold::new(Bands(*self), self.period, first_row), [0, 1, 2]),
            _ => self.kernel(first_row),
        }
    }
}

/// Bollinger bands of `x`: upper, middle, lower, width, percent b.
pub fn bollinger(x: &[f64], params: Bollinger, out: [&mut [f64]; 5]) {
    State::new(params, 0).bulk([x], out);
}

impl Bollinger {
    /// Upper, middle and lower band from the sums of what lies above the anchor and of its squares.
    #[inline]
    fn bands(&self, sums: [f64; 2], anchor: f64) -> [f64; 3] {
        let n = self.period.max(1) as f64;
        let mean = anchor + sums[0] * (1.0 / n);
        let away = self.mult * (sum_of_squares(n, sums) * (1.0 / n)).sqrt();
        [mean + away, mean, mean - away].map(finite)
    }
}

/// The bands alone.
#[derive(Debug, Clone)]
struct Bands(Bollinger);

impl Terms<1, 2, 3> for Bands {
    #[inline]
    fn terms(&self, [x]: [f64; 1], [anchor]: [f64; 1], _: f64) -> [f64; 2] {
        powers(x, anchor)
    }

    #[inline]
    fn finish(&self, sums: [f64; 2], [anchor]: [f64; 1], _: [f64; 1], _: f64) -> [f64; 3] {
        self.0.bands(sums, anchor)
    }
}

impl Terms<1, 2, 5> for Bollinger {
    #[inline]
    fn terms(&self, [x]: [f64; 1], [anchor]: [f64; 1], _: f64) -> [f64; 2] {
        powers(x, anchor)
    }

    #[inline]
    fn finish(&self, sums: [f64; 2], [anchor]: [f64; 1], [x]: [f64; 1], _: f64) -> [f64; 5] {
        let [upper, middle, lower] = self.bands(sums, anchor);
        let all = upper - lower;
        // Divided by nothing it is NaN, whatever it is that is divided.
        [upper, middle, lower, finite(all / middle), finite((x - lower) / all)]
    }
}

/// The sums of the window.
#[derive(Debug, Clone)]
pub struct State(WindowFold<Bollinger, 1, 2, 5>);

keep!(State(window));

impl State {
    /// No values yet; the first to come is row `first_row` of its data set.
    pub fn new(params: Bollinger, first_row: u64) -> Self {
        Self(WindowFold::new(params, params.period, first_row))
    }

    /// Takes a value: upper, middle, lower, width, percent b.
    #[inline]
    pub fn push(&mut self, x: f64) -> [f64; 5] {
        self.0.push([x])
    }
}

impl Step<1, 5> for State {
    #[inline]
    fn step(&mut self, row: [f64; 1]) -> [f64; 5] {
        self.0.push(row)
    }

    fn bulk(&mut self, inputs: [&[f64]; 1], out: [&mut [f64]; 5]) {
        self.0.bulk(inputs, out);
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

    #[test]
    fn the_bands_alone_are_those_of_all_five() {
        let x: Vec<f64> = (0..300).map(|i| f64::from(i * i % 41)).collect();
        let run = |mut kernel: Box<dyn Kernel>| {
            let mut out = [const { [-7.0; 300] }; 5];
            kernel.run(&[&x], &mut out.each_mut().map(|o| &mut o[..]));
            out.map(|o| o.map(f64::to_bits))
        };
        let (all, bands) = (run(Bollinger::default().kernel(0)), run(Bollinger::default().kernel_for(0, 0b101)));
        assert_eq!(all[..3], bands[..3]);
        assert!(bands[3..].iter().flatten().all(|b| *b == (-7.0_f64).to_bits()));
    }
}
