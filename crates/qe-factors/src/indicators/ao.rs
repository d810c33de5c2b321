//! Awesome oscillator: the mean of the middles of bars over `fast_period` less that over `slow_period`.
//!
//! Windowed: a NaN is in every window that holds it and leaves with it.
//! Golden: its formula in pandas. Reference: Bill Williams, New Trading Dimensions (1998).

use super::{Args, Indicator, Input, Signature, named_period};
use crate::error::Result;
use crate::keep;
use crate::kernel::blocks::{Blockwise, column};
use crate::kernel::{Kernel, Step, WindowSum, boxed};

/// The awesome oscillator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ao {
    /// The window that is taken from.
    pub fast_period: usize,
    /// The window that is taken away.
    pub slow_period: usize,
}

impl Default for Ao {
    fn default() -> Self {
        Self { fast_period: 5, slow_period: 34 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "ao",
    aliases: &[],
    about: "awesome oscillator",
    inputs: &[Input::HIGH, Input::LOW],
    params: || vec![named_period("fast_period", 5), named_period("slow_period", 34)],
    outputs: &["ao"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(Ao { fast_period: args.count(0), slow_period: args.count(1) }))
    },
};

impl Indicator for Ao {
    fn lookback(&self) -> usize {
        self.fast_period.max(self.slow_period).max(1) - 1
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self))
    }
}

/// The awesome oscillator of bars.
pub fn ao(high: &[f64], low: &[f64], params: Ao, out: &mut [f64]) {
    State::new(params).bulk([high, low], [out]);
}

/// Two sums.
#[derive(Debug, Clone)]
pub struct State {
    fast: (WindowSum, f64),
    slow: (WindowSum, f64),
    columns: [Vec<f64>; 2],
}

keep!(State { fast, slow } scratch { columns });

impl State {
    /// No bars yet.
    pub fn new(params: Ao) -> Self {
        let mean = |period: usize| (WindowSum::new(period), period.max(1) as f64);
        let columns = std::array::from_fn(|_| column());
        Self { fast: mean(params.fast_period), slow: mean(params.slow_period), columns }
    }

    /// Takes a bar.
    #[inline]
    pub fn push(&mut self, high: f64, low: f64) -> f64 {
        self.step([high, low])[0]
    }
}

impl Blockwise<2, 1> for State {
    fn block(&mut self, [high, low]: [&[f64]; 2], [out]: [&mut [f64]; 1]) {
        let [middle, slow] = self.columns.each_mut().map(|c| &mut c[..out.len()]);
        for (m, (h, l)) in middle.iter_mut().zip(high.iter().zip(low)) {
            *m = (h + l) / 2.0;
        }
        self.fast.0.bulk(middle, out);
        self.slow.0.bulk(middle, slow);
        out.iter_mut().zip(slow).for_each(|(o, s)| *o = *o / self.fast.1 - *s / self.slow.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_a_line_it_is_half_the_difference_of_the_periods() {
        let x: Vec<f64> = (0..60).map(f64::from).collect();
        let mut out = vec![0.0; 60];
        ao(&x, &x, Ao::default(), &mut out);
        assert!(out[32].is_nan() && out[33..].iter().all(|v| (v - 14.5).abs() < 1e-12));
    }
}
