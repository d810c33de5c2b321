//! Ultimate oscillator: buying pressure over true range, summed over three windows, the shortest counting four times
//! and the middle one twice: `100 * (4 * a + 2 * b + c) / 7`.
//!
//! The pressure is the close less the lower of the low and the close before. The periods may come in any order. A
//! window whose true ranges are all 0 counts as 0, as in TA-Lib. The first bar has no close before, so it begins after
//! the longest period.
//! Windowed: a NaN is in every window that holds it and leaves with it, a NaN close one bar later.
//! Golden: TA-Lib `ULTOSC`. Reference: Larry Williams (1985).

use super::true_range::range_of_bar;
use super::{Args, Indicator, Input, Signature, named_period};
use crate::error::Result;
use crate::keep;
use crate::kernel::blocks::{Blockwise, column, quotient_or_zero};
use crate::kernel::{Kernel, Step, WindowSums, boxed};

/// The ultimate oscillator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uo {
    /// The shortest window.
    pub fast_period: usize,
    /// The middle window.
    pub mid_period: usize,
    /// The longest window.
    pub slow_period: usize,
}

impl Default for Uo {
    fn default() -> Self {
        Self { fast_period: 7, mid_period: 14, slow_period: 28 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "uo",
    aliases: &["ultosc"],
    about: "ultimate oscillator, 0 to 100",
    inputs: &[Input::HIGH, Input::LOW, Input::CLOSE],
    params: || vec![named_period("fast_period", 7), named_period("mid_period", 14), named_period("slow_period", 28)],
    outputs: &["uo"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(Uo { fast_period: args.count(0), mid_period: args.count(1), slow_period: args.count(2) }))
    },
};

impl Uo {
    /// The periods, the shortest first.
    fn ordered(&self) -> [usize; 3] {
        let mut periods = [self.fast_period, self.mid_period, self.slow_period].map(|p| p.max(1));
        periods.sort_unstable();
        periods
    }
}

impl Indicator for Uo {
    fn lookback(&self) -> usize {
        self.ordered()[2]
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self))
    }
}

/// The ultimate oscillator of bars.
pub fn uo(high: &[f64], low: &[f64], close: &[f64], params: Uo, out: &mut [f64]) {
    State::new(params).bulk([high, low, close], [out]);
}

/// Sums of pressure and of range over three windows.
#[derive(Debug, Clone)]
pub struct State {
    last_close: f64,
    pressure: WindowSums<3>,
    range: WindowSums<3>,
    columns: [Vec<f64>; 2],
}

keep!(State { last_close, pressure, range } scratch { columns });

impl State {
    /// No bars yet.
    pub fn new(params: Uo) -> Self {
        let sums = WindowSums::of(params.ordered());
        let columns = std::array::from_fn(|_| column());
        Self { last_close: f64::NAN, pressure: sums.clone(), range: sums, columns }
    }
}

/// `4 * a / x + 2 * b / y + c / z` by one division, and whether all products are far from the ends of numbers.
#[inline]
fn weighed([a, b, c]: [f64; 3], [x, y, z]: [f64; 3]) -> (f64, bool) {
    let (yz, all) = (y * z, x * (y * z));
    let sum = (4.0 * (a * yz) + x * (2.0 * (b * z) + c * y)) / all;
    (sum, (all > 1e-200) & (sum.abs() < f64::INFINITY))
}

/// The pressure and the true range of a bar.
#[inline]
fn of_bar(high: f64, low: f64, close: f64, last_close: f64) -> [f64; 2] {
    let range = range_of_bar(high, low, last_close);
    // A comparison may drop a NaN, but then the range has it.
    let bottom = if last_close < low { last_close } else { low };
    [close - bottom + 0.0 * range, range]
}

impl State {
    /// Takes a bar.
    #[inline]
    pub fn push(&mut self, high: f64, low: f64, close: f64) -> f64 {
        self.step([high, low, close])[0]
    }
}

impl Blockwise<3, 1> for State {
    fn block(&mut self, [high, low, close]: [&[f64]; 3], [out]: [&mut [f64]; 1]) {
        let n = out.len();
        let Some(last) = n.checked_sub(1) else { return };
        let [pressure, range] = self.columns.each_mut().map(|c| &mut c[..n]);
        let first = self.last_close;
        [pressure[0], range[0]] = of_bar(high[0], low[0], close[0], first);
        let bars = high[1..].iter().zip(&low[1..]).zip(close[1..].iter().zip(close));
        for ((p, r), ((h, l), (c, b))) in pressure[1..].iter_mut().zip(&mut range[1..]).zip(bars) {
            [*p, *r] = of_bar(*h, *l, *c, *b);
        }
        self.last_close = close[last];
        self.pressure.feed(pressure);
        self.range.feed(range);
        let [a, b, c] = [0, 1, 2].map(|w| &self.pressure.window(w)[..n]);
        let [x, y, z] = [0, 1, 2].map(|w| &self.range.window(w)[..n]);
        let mut any_odd = false;
        for i in 0..n {
            let (sum, is_good) = weighed([a[i], b[i], c[i]], [x[i], y[i], z[i]]);
            out[i] = sum * (100.0 / 7.0);
            any_odd |= !is_good;
        }
        if any_odd {
            for i in 0..n {
                let (sums, ranges) = ([a[i], b[i], c[i]], [x[i], y[i], z[i]]);
                let (sum, is_good) = weighed(sums, ranges);
                let [a, b, c] = std::array::from_fn(|w| quotient_or_zero(sums[w], ranges[w]));
                out[i] = (if is_good { sum } else { 4.0 * a + 2.0 * b + c }) * (100.0 / 7.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_close_at_the_high_is_a_hundred_and_no_movement_nothing() {
        let high: Vec<f64> = (0..40).map(f64::from).collect();
        let low: Vec<f64> = high.iter().map(|h| h - 1.0).collect();
        let mut out = vec![0.0; 40];
        uo(&high, &low, &high, Uo::default(), &mut out);
        assert!(out[27].is_nan() && out[28..].iter().all(|v| (v - 100.0).abs() < 1e-12));
        uo(&high[..1].repeat(40), &high[..1].repeat(40), &high[..1].repeat(40), Uo::default(), &mut out);
        assert!(out[28..].iter().all(|v| *v == 0.0));
    }
}
