//! Highest of the last `period` values.
//!
//! Windowed: a NaN is in every window that holds it and leaves with it.
//! Golden: TA-Lib `MAX`.

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::kernel::{self, Kernel, Outermost, Step, Window, boxed};

/// The rolling maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Max {
    /// How many rows.
    pub period: usize,
}

impl Default for Max {
    fn default() -> Self {
        Self { period: 20 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "ts_max",
    aliases: &[],
    about: "rolling maximum",
    inputs: &[Input::SERIES],
    params: || vec![period(20)],
    outputs: &["ts_max"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Max { period: args.count(0) })) },
};

impl Indicator for Max {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period, first_row))
    }
}

/// The rolling maximum of `x`, which begins at row 0.
pub fn max(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(period, 0).bulk([x], [out]);
}

/// The window.
pub type State = Window<Outermost<kernel::Max>, 1, 2>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_highest_of_the_window() {
        let mut out = [0.0; 5];
        max(&[1.0, 5.0, 2.0, 2.0, 3.0], 3, &mut out);
        assert!(out[1].is_nan());
        assert_eq!(out[2..], [5.0, 5.0, 3.0]);
    }

    #[test]
    fn a_missing_value_hides_its_windows_only() {
        let mut out = [0.0; 5];
        max(&[1.0, f64::NAN, 7.0, 7.0, 7.0], 2, &mut out);
        assert!(out[..3].iter().all(|v| v.is_nan()));
        assert_eq!(out[3..], [7.0, 7.0]);
    }
}
