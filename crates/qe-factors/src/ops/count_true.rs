//! In how many of the last rows a condition was true. Unknown rows are not true; rows count from the first in which the
//! condition is known, so that nothing is counted while it warms up.

use qe_core::param::Param;

use crate::error::Result;
use crate::indicators::{Args, Indicator, Input, MAX_PERIOD, Signature};
use crate::kernel::{Keep, Kernel, Ring, Step, Tape, boxed};

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "count_true",
    aliases: &[],
    about: "in how many of the last rows a condition was true",
    inputs: &[Input::condition("condition")],
    params: || vec![Param::int("period", 1, MAX_PERIOD, 20).log().doc("how many rows it looks at")],
    outputs: &["count_true"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(CountTrue { period: args.count(0) })) },
};

/// In how many of the last rows a condition was true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountTrue {
    /// How many rows.
    pub period: usize,
}

impl Indicator for CountTrue {
    fn lookback(&self) -> usize {
        self.period.max(1) - 1
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State { last: Ring::new(self.period), n: 0, begun: false })
    }
}

#[derive(Debug, Clone)]
struct State {
    last: Ring<bool>,
    /// Whole numbers: adding and taking away leaves no trace.
    n: usize,
    begun: bool,
}

/// How many are true is counted again.
impl Keep for State {
    fn keep(&mut self, tape: &mut Tape<'_>) {
        let Self { last, n, begun } = self;
        last.keep(tape);
        begun.keep(tape);
        *n = last.iter().filter(|holds| *holds).count();
    }
}

impl Step<1, 1> for State {
    #[inline]
    fn step(&mut self, [c]: [f64; 1]) -> [f64; 1] {
        self.begun |= !c.is_nan();
        if !self.begun {
            return [f64::NAN];
        }
        let holds = c == 1.0;
        let left = self.last.push(holds).unwrap_or(false);
        self.n = self.n + usize::from(holds) - usize::from(left);
        [if self.last.is_full() { self.n as f64 } else { f64::NAN }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_a_window() {
        let mut s = State { last: Ring::new(3), n: 0, begun: false };
        let got = [f64::NAN, 1.0, f64::NAN, 1.0, 0.0, 0.0, 0.0].map(|c| s.step([c])[0]);
        assert!(got[..3].iter().all(|v| v.is_nan()));
        assert_eq!(got[3..], [2.0, 1.0, 1.0, 0.0]);
    }
}
