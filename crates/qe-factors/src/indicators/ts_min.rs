//! Lowest of the last `period` values.
//!
//! Windowed: a NaN is in every window that holds it and leaves with it.
//! Golden: TA-Lib `MIN`.

use super::{Args, Indicator, Input, Signature, period};
use crate::error::Result;
use crate::kernel::{self, Kernel, Outermost, Step, Window, boxed};

/// The rolling minimum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Min {
    /// How many rows.
    pub period: usize,
}

impl Default for Min {
    fn default() -> Self {
        Self { period: 20 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "ts_min",
    aliases: &[],
    about: "rolling minimum",
    inputs: &[Input::SERIES],
    params: || vec![period(20)],
    outputs: &["ts_min"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Min { period: args.count(0) })) },
};

impl Indicator for Min {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, first_row: u64) -> Box<dyn Kernel> {
        boxed(State::new(self.period, first_row))
    }
}

/// The rolling minimum of `x`, which begins at row 0.
pub fn min(x: &[f64], period: usize, out: &mut [f64]) {
    State::new(period, 0).bulk([x], [out]);
}

/// The window.
pub type State = Window<Outermost<kernel::Min>, 1, 2>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_lowest_of_the_window() {
        let mut out = [0.0; 5];
        min(&[4.0, 1.0, 2.0, 2.0, 3.0], 3, &mut out);
        assert!(out[1].is_nan());
        assert_eq!(out[2..], [1.0, 1.0, 2.0]);
    }

    #[test]
    fn a_missing_value_hides_its_windows_only() {
        let mut out = [0.0; 5];
        min(&[1.0, f64::NAN, 7.0, 7.0, 7.0], 2, &mut out);
        assert!(out[..3].iter().all(|v| v.is_nan()));
        assert_eq!(out[3..], [7.0, 7.0]);
    }
}
