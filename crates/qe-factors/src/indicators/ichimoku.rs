//! Ichimoku: middles of the range of `conversion_period`, `base_period` and `span_period` bars.
//!
//! `conversion` and `base` are those of this bar. `span_a`, halfway between the two, and `span_b`, the middle of the
//! longest window, are those that charts show *at* this bar: computed `displacement - 1` bars ago and drawn ahead. The
//! fifth line of charts, the chikou span, is left out: drawn where charts have it, it is a close of the future, and
//! drawn where it is known, it is the close. All four begin together.
//! Windowed: a NaN is in every window that holds it and leaves with it.
//! Golden: rolling extremes by pandas. Reference: Goichi Hosoda.

use super::{Args, Indicator, Input, Signature, named_period};
use crate::error::Result;
use crate::keep;
use crate::kernel::blocks::{Blockwise, column, hide};
use crate::kernel::{Kernel, Ring, Step, WindowMax, WindowMin, boxed};

/// The Ichimoku lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ichimoku {
    /// The window of the conversion line.
    pub conversion_period: usize,
    /// The window of the base line.
    pub base_period: usize,
    /// The window of the second span.
    pub span_period: usize,
    /// One more than how many bars ago the spans were computed.
    pub displacement: usize,
}

impl Default for Ichimoku {
    fn default() -> Self {
        Self { conversion_period: 9, base_period: 26, span_period: 52, displacement: 26 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "ichimoku",
    aliases: &[],
    about: "Ichimoku lines, none of which looks ahead",
    inputs: &[Input::HIGH, Input::LOW],
    params: || {
        vec![
            named_period("conversion_period", 9),
            named_period("base_period", 26),
            named_period("span_period", 52),
            named_period("displacement", 26),
        ]
    },
    outputs: &["conversion", "base", "span_a", "span_b"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(Ichimoku {
            conversion_period: args.count(0),
            base_period: args.count(1),
            span_period: args.count(2),
            displacement: args.count(3),
        }))
    },
};

impl Indicator for Ichimoku {
    fn lookback(&self) -> usize {
        let lines = self.conversion_period.max(self.base_period);
        lines.max(self.span_period).max(1) - 1 + (self.displacement.max(1) - 1)
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self))
    }
}

/// The Ichimoku lines of bars.
pub fn ichimoku(high: &[f64], low: &[f64], params: Ichimoku, out: [&mut [f64]; 4]) {
    State::new(params).bulk([high, low], out);
}

/// The middle of the range of the last so many bars.
#[derive(Debug, Clone)]
struct Middle {
    highest: WindowMax,
    lowest: WindowMin,
}

keep!(Middle { highest, lowest });

impl Middle {
    fn new(period: usize) -> Self {
        Self { highest: WindowMax::new(period), lowest: WindowMin::new(period) }
    }

    fn bulk(&mut self, high: &[f64], low: &[f64], column: &mut [f64], out: &mut [f64]) {
        self.highest.bulk(high, out);
        self.lowest.bulk(low, column);
        out.iter_mut().zip(column).for_each(|(o, l)| *o = (*o + *l) / 2.0);
    }
}

/// Three middles, and the spans on their way.
#[derive(Debug, Clone)]
pub struct State {
    middles: [Middle; 3],
    ahead: Ring<[f64; 2]>,
    column: Vec<f64>,
    hidden: usize,
}

keep!(State { middles, ahead, hidden } scratch { column });

impl State {
    /// No bars yet.
    pub fn new(params: Ichimoku) -> Self {
        Self {
            middles: [params.conversion_period, params.base_period, params.span_period].map(Middle::new),
            ahead: Ring::new(params.displacement.max(1)),
            column: column(),
            hidden: params.lookback(),
        }
    }

    /// Takes a bar: conversion, base, span_a, span_b.
    #[inline]
    pub fn push(&mut self, high: f64, low: f64) -> [f64; 4] {
        self.step([high, low])
    }
}

impl Blockwise<2, 4> for State {
    fn block(&mut self, [high, low]: [&[f64]; 2], [conversion, base, span_a, span_b]: [&mut [f64]; 4]) {
        let column = &mut self.column[..base.len()];
        let [of_conversion, of_base, of_span] = &mut self.middles;
        of_conversion.bulk(high, low, column, conversion);
        of_base.bulk(high, low, column, base);
        of_span.bulk(high, low, column, span_b);
        for i in 0..base.len() {
            self.ahead.push([(conversion[i] + base[i]) / 2.0, span_b[i]]);
            // Once the ring is full, its oldest is the one of `displacement - 1` bars ago.
            [span_a[i], span_b[i]] = self.ahead.iter().next().unwrap_or([f64::NAN; 2]);
        }
        hide(&mut self.hidden, [conversion, base, span_a, span_b]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_a_line_each_lags_by_half_its_window_and_the_spans_by_their_displacement() {
        let x: Vec<f64> = (0..100).map(f64::from).collect();
        let mut out: [Vec<f64>; 4] = std::array::from_fn(|_| vec![0.0; 100]);
        ichimoku(&x, &x, Ichimoku::default(), out.each_mut().map(|o| &mut o[..]));
        assert!(out.iter().all(|o| o[75].is_nan() && !o[76].is_nan()));
        assert_eq!(out.map(|o| o[90]), [86.0, 77.5, (86.0 + 77.5) / 2.0 - 25.0, 64.5 - 25.0]);
    }
}
