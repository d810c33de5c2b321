//! What a series was so many rows ago.

use qe_core::param::{Param, Value};

use crate::error::Result;
use crate::indicators::{Args, Indicator, Input, MAX_PERIOD, Signature};
use crate::keep;
use crate::kernel::{Kernel, Lag as Before, Step, boxed};

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "lag",
    aliases: &["delay"],
    about: "what a series was so many rows ago",
    inputs: &[Input::required("x")],
    params: || vec![Param::int("lag", 0, MAX_PERIOD, 1).doc("how many rows ago")],
    outputs: &["lag"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> { Ok(Box::new(Lag { lag: args.count(0) })) },
};

/// The checked arguments of a lag; one that is too long is cut to the longest.
pub(crate) fn args(n: u32) -> Args {
    Args::checked(vec![Value::Int(i64::from(n).min(MAX_PERIOD))])
}

/// A lag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lag {
    /// How many rows ago.
    pub lag: usize,
}

impl Indicator for Lag {
    fn lookback(&self) -> usize {
        self.lag
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State(Before::new(self.lag)))
    }
}

#[derive(Debug, Clone)]
struct State(Before);

keep!(State(before));

impl Step<1, 1> for State {
    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        [self.0.push(x)]
    }

    fn bulk(&mut self, [x]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        self.0.bulk(x, out, |_, before| before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cut_gives_the_rows_before() {
        let x: Vec<f64> = (0..40).map(f64::from).collect();
        for lag in [0, 1, 3, 17, 50] {
            for cut in 0..=40 {
                let mut state = State(Before::new(lag));
                let mut out = vec![0.0; 40];
                let (a, b) = out.split_at_mut(cut);
                state.bulk([&x[..cut]], [a]);
                state.bulk([&x[cut..]], [b]);
                for i in 0..40 {
                    assert!(if i < lag { out[i].is_nan() } else { out[i] == x[i - lag] }, "{lag} {cut} {i}");
                }
            }
        }
    }
}
