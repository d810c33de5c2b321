//! Vortex indicator: movement from the low before to the high (`plus`) and from the high before to the low (`minus`),
//! summed over `period` bars, over the sum of true ranges.
//!
//! The first bar has neither, so it begins after `period` bars. Where no price moves it is undefined: NaN.
//! Windowed: a NaN is in every window that holds it and leaves with it, one bar later than the bar itself.
//! Golden: its formula in pandas. Reference: Botes and Siepman (2010).

use super::true_range::true_ranges;
use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::blocks::{Blockwise, column, quotient};
use crate::kernel::{Kernel, Step, WindowSum, boxed};

/// The vortex indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vortex {
    /// How many bars.
    pub period: usize,
}

impl Default for Vortex {
    fn default() -> Self {
        Self { period: 14 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "vortex",
    aliases: &[],
    about: "vortex indicator",
    inputs: &[Input::HIGH, Input::LOW, Input::CLOSE],
    params: || vec![period(14)],
    outputs: &["plus", "minus"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Vortex { period: args.count(0) })) },
};

impl Indicator for Vortex {
    fn lookback(&self) -> usize {
        self.period.max(1)
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period))
    }
}

/// The vortex indicator of bars.
pub fn vortex(high: &[f64], low: &[f64], close: &[f64], period: usize, out: [&mut [f64]; 2]) {
    State::new(period).bulk([high, low, close], out);
}

/// Three sums.
#[derive(Debug, Clone)]
pub struct State {
    last: [f64; 3],
    sums: [WindowSum; 3],
    columns: [Vec<f64>; 2],
}

keep!(State { last, sums } scratch { columns });

impl State {
    /// No bars yet.
    pub fn new(period: usize) -> Self {
        let sums = std::array::from_fn(|_| WindowSum::new(period));
        Self { last: [f64::NAN; 3], sums, columns: std::array::from_fn(|_| column()) }
    }

    /// Takes a bar: plus, minus.
    #[inline]
    pub fn push(&mut self, high: f64, low: f64, close: f64) -> [f64; 2] {
        self.step([high, low, close])
    }
}

impl Blockwise<3, 2> for State {
    fn block(&mut self, [high, low, close]: [&[f64]; 3], [plus, minus]: [&mut [f64]; 2]) {
        let n = plus.len();
        let Some(last) = n.checked_sub(1) else { return };
        let [column, range] = self.columns.each_mut().map(|c| &mut c[..n]);
        let [mut last_high, mut last_low, mut last_close] = self.last;
        true_ranges(high, low, close, &mut last_close, column);
        self.sums[0].bulk(column, range);
        for (c, (h, l)) in column.iter_mut().zip(high.iter().zip(low)) {
            *c = (h - last_low).abs();
            last_low = *l;
        }
        self.sums[1].bulk(column, plus);
        for (c, (h, l)) in column.iter_mut().zip(high.iter().zip(low)) {
            *c = (l - last_high).abs();
            last_high = *h;
        }
        self.sums[2].bulk(column, minus);
        for ((p, m), r) in plus.iter_mut().zip(minus).zip(&*range) {
            (*p, *m) = (quotient(*p, *r), quotient(*m, *r));
        }
        self.last = [high[last], low[last], close[last]];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rises_evenly_has_its_plus() {
        let high: Vec<f64> = (0..40).map(f64::from).collect();
        let low: Vec<f64> = high.iter().map(|h| h - 1.0).collect();
        let mut out = [vec![0.0; 40], vec![0.0; 40]];
        vortex(&high, &low, &low, 14, out.each_mut().map(|o| &mut o[..]));
        // Two from the low before to the high, none from the high before to the low, and a true range of 2.
        assert!(out[0][13].is_nan());
        assert!(out[0][14..].iter().all(|v| *v == 1.0) && out[1][14..].iter().all(|v| *v == 0.0));
    }
}
