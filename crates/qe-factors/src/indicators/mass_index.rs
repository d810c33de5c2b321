//! Mass index: the sum over `period` rows of the average range over the average of that average.
//!
//! Both averages are exponential of `ema_period`, seeded as `ema` (TA-Lib's). Where nothing has a range it is
//! undefined: NaN.
//! A NaN gives NaN while it is in the window; the averages keep their state.
//! Golden: from TA-Lib's `EMA` and a rolling sum by pandas. Reference: Dorsey (1992).

use super::{Args, Indicator, Input, Signature, named_period, period};
use crate::error::Result;
use crate::keep;
use crate::kernel::blocks::{Blockwise, column, quotient};
use crate::kernel::{Ema, Kernel, Step, WindowSum, boxed};

/// The mass index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MassIndex {
    /// How many ratios are summed.
    pub period: usize,
    /// The period of both averages.
    pub ema_period: usize,
}

impl Default for MassIndex {
    fn default() -> Self {
        Self { period: 25, ema_period: 9 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "mass_index",
    aliases: &[],
    about: "mass index",
    inputs: &[Input::HIGH, Input::LOW],
    params: || vec![period(25), named_period("ema_period", 9)],
    outputs: &["mass_index"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(MassIndex { period: args.count(0), ema_period: args.count(1) }))
    },
};

impl Indicator for MassIndex {
    fn lookback(&self) -> usize {
        2 * (self.ema_period.max(1) - 1) + self.period.max(1) - 1
    }

    fn settle(&self, eps: f64) -> usize {
        let one = Ema::settle(2.0 / (self.ema_period.max(1) as f64 + 1.0), self.ema_period, eps / 2.0);
        2 * one + self.period.max(1) - 1
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self))
    }
}

/// The mass index of bars.
pub fn mass_index(high: &[f64], low: &[f64], params: MassIndex, out: &mut [f64]) {
    State::new(params).bulk([high, low], [out]);
}

/// Two averages and a sum.
#[derive(Debug, Clone)]
pub struct State {
    once: Ema,
    twice: Ema,
    sum: WindowSum,
    columns: [Vec<f64>; 2],
}

keep!(State { once, twice, sum } scratch { columns });

impl State {
    /// No bars yet.
    pub fn new(params: MassIndex) -> Self {
        let average = || Ema::of_period(params.ema_period.max(1));
        let columns = std::array::from_fn(|_| column());
        Self { once: average(), twice: average(), sum: WindowSum::new(params.period), columns }
    }

    /// Takes a bar.
    #[inline]
    pub fn push(&mut self, high: f64, low: f64) -> f64 {
        self.step([high, low])[0]
    }
}

impl Blockwise<2, 1> for State {
    fn block(&mut self, [high, low]: [&[f64]; 2], [out]: [&mut [f64]; 1]) {
        let n = out.len();
        let (high, low) = (&high[..n], &low[..n]);
        let [once, ratio] = self.columns.each_mut().map(|c| &mut c[..n]);
        self.once.bulk(n, |i| high[i] - low[i], |i, v| once[i] = v);
        self.twice.column(once, ratio);
        ratio.iter_mut().zip(once).for_each(|(r, o)| *r = quotient(*o, *r));
        self.sum.bulk(ratio, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_even_ranges_every_row_counts_as_one() {
        let (high, low) = ([3.0; 60], [1.0; 60]);
        let mut out = [0.0; 60];
        mass_index(&high, &low, MassIndex::default(), &mut out);
        assert!(out[39].is_nan() && out[40..].iter().all(|v| (v - 25.0).abs() < 1e-12));
        mass_index(&high, &high, MassIndex::default(), &mut out);
        assert!(out.iter().all(|v| v.is_nan()));
    }
}
