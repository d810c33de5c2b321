//! Donchian channels: the highest high and the lowest low of the last `entry_period` and of the last `exit_period`
//! bars.
//!
//! `middle` lies halfway between the entry bounds. Windows end with the current bar, as in common libraries, so a
//! close never lies outside of them: a breakout is `close > donchian(20, 10).upper_entry[1]`, the bound of the bars
//! before. All columns begin together, where the longer window is whole.
//! Windowed: a NaN is in every window that holds it and leaves with it.
//! Golden: rolling extremes by pandas.

use super::{Args, Indicator, Input, Signature, named_period};
use crate::error::Result;
use crate::keep;
use crate::kernel::blocks::{Blockwise, hide};
use crate::kernel::{Kernel, Step, WindowMax, WindowMin, boxed};

/// Donchian channels: the extremes of a longer and a shorter window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Donchian {
    /// How many bars the channel of entries looks at.
    pub entry_period: usize,
    /// How many bars the channel of exits looks at.
    pub exit_period: usize,
}

impl Default for Donchian {
    fn default() -> Self {
        Self { entry_period: 20, exit_period: 10 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "donchian",
    aliases: &[],
    about: "Donchian channels for entry and exit",
    inputs: &[Input::HIGH, Input::LOW],
    params: || vec![named_period("entry_period", 20), named_period("exit_period", 10)],
    outputs: &["upper_entry", "lower_entry", "upper_exit", "lower_exit", "middle"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(Donchian { entry_period: args.count(0), exit_period: args.count(1) }))
    },
};

impl Indicator for Donchian {
    fn lookback(&self) -> usize {
        self.entry_period.max(self.exit_period).max(1) - 1
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self))
    }
}

/// Both channels of bars.
pub fn donchian(high: &[f64], low: &[f64], params: Donchian, out: [&mut [f64]; 5]) {
    State::new(params).bulk([high, low], out);
}

/// Four extremes.
#[derive(Debug, Clone)]
pub struct State {
    entry: (WindowMax, WindowMin),
    exit: (WindowMax, WindowMin),
    hidden: usize,
}

keep!(State { entry, exit, hidden });

impl State {
    /// No bars yet.
    pub fn new(params: Donchian) -> Self {
        let both = |period| (WindowMax::new(period), WindowMin::new(period));
        Self { entry: both(params.entry_period), exit: both(params.exit_period), hidden: params.lookback() }
    }

    /// Takes a bar: upper_entry, lower_entry, upper_exit, lower_exit, middle.
    #[inline]
    pub fn push(&mut self, high: f64, low: f64) -> [f64; 5] {
        self.step([high, low])
    }
}

impl Blockwise<2, 5> for State {
    fn block(&mut self, [high, low]: [&[f64]; 2], [upper, lower, upper_exit, lower_exit, middle]: [&mut [f64]; 5]) {
        self.entry.0.bulk(high, upper);
        self.entry.1.bulk(low, lower);
        self.exit.0.bulk(high, upper_exit);
        self.exit.1.bulk(low, lower_exit);
        for (m, (u, l)) in middle.iter_mut().zip(upper.iter().zip(&*lower)) {
            *m = (u + l) / 2.0;
        }
        hide(&mut self.hidden, [upper, lower, upper_exit, lower_exit, middle]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_extremes_of_their_windows_and_begin_together() {
        let (high, low) = ([5.0, 9.0, 7.0, 6.0], [1.0, 3.0, 2.0, 4.0]);
        let mut out = [[0.0; 4]; 5];
        donchian(&high, &low, Donchian { entry_period: 3, exit_period: 2 }, out.each_mut().map(|o| &mut o[..]));
        assert!(out.iter().all(|o| o[..2].iter().all(|v| v.is_nan())));
        assert_eq!(out.map(|o| o[3]), [9.0, 2.0, 7.0, 2.0, 5.5]);
    }
}
