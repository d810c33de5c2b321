//! How many rows ago a condition was last true: 0 where it is. Missing until it has been true once; a row in which it is
//! unknown counts as a row.

use crate::error::Result;
use crate::indicators::{Args, Indicator, Input, Signature};
use crate::keep;
use crate::kernel::{Kernel, Step, boxed};

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "bars_since",
    aliases: &[],
    about: "how many rows ago a condition was last true",
    inputs: &[Input::condition("condition")],
    params: Vec::new,
    outputs: &["bars_since"],
    build: |_: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(BarsSince)) },
};

/// How many rows ago a condition was last true.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BarsSince;

impl Indicator for BarsSince {
    fn lookback(&self) -> usize {
        0
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State { since: f64::NAN })
    }
}

#[derive(Debug, Clone)]
struct State {
    since: f64,
}

keep!(State { since });

impl Step<1, 1> for State {
    #[inline]
    fn step(&mut self, [c]: [f64; 1]) -> [f64; 1] {
        // NaN stays NaN when one is added.
        self.since = if c == 1.0 { 0.0 } else { self.since + 1.0 };
        [self.since]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_from_the_last_true_and_unknown_rows_count() {
        let mut s = State { since: f64::NAN };
        let got: Vec<f64> = [0.0, 1.0, 0.0, f64::NAN, 1.0].map(|c| s.step([c])[0]).to_vec();
        assert!(got[0].is_nan());
        assert_eq!(got[1..], [0.0, 1.0, 2.0, 0.0]);
    }
}
