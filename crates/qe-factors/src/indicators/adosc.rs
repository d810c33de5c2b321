//! Chaikin oscillator: a fast less a slow exponential average of the accumulation and distribution line.
//!
//! The averages begin at the line's first value, as TA-Lib's do. How far the line lies above its average follows from
//! the line's steps alone: `u' = (1 - alpha) * (u + step)`. So the line itself, which grows without end, is never
//! summed up, and the result settles. A NaN gives NaN there and leaves both as they are.
//! Golden: TA-Lib `ADOSC`. Reference: Chaikin.

use super::{Args, Indicator, Input, Signature, named_period};
use crate::error::Result;
use crate::keep;
use crate::kernel::{Ema, Kernel, Step, blocks_of, boxed};

use super::ad::{money_flow, money_flows};

/// How many rows make a group.
const GROUP: usize = 4;

/// The Chaikin oscillator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adosc {
    /// The period of the average that is taken from.
    pub fast_period: usize,
    /// The period of the average that is taken away; as in TA-Lib, the two are not swapped.
    pub slow_period: usize,
}

impl Default for Adosc {
    fn default() -> Self {
        Self { fast_period: 3, slow_period: 10 }
    }
}

/// Its entry in the list.
pub const SIGNATURE: Signature = Signature {
    name: "adosc",
    aliases: &[],
    about: "Chaikin oscillator of accumulation and distribution",
    inputs: &[Input::HIGH, Input::LOW, Input::CLOSE, Input::VOLUME],
    params: || vec![named_period("fast_period", 3), named_period("slow_period", 10)],
    outputs: &["adosc"],
    build: |args: &Args| -> Result<Box<dyn Indicator>> {
        Ok(Box::new(Adosc { fast_period: args.count(0), slow_period: args.count(1) }))
    },
};

impl Indicator for Adosc {
    fn lookback(&self) -> usize {
        self.fast_period.max(self.slow_period).max(1) - 1
    }

    fn settle(&self, eps: f64) -> usize {
        let slow = self.fast_period.max(self.slow_period).max(1);
        Ema::settle(2.0 / (slow as f64 + 1.0), slow, eps)
    }

    fn is_windowed(&self) -> bool {
        false
    }

    fn kernel(&self, _: u64) -> Box<dyn Kernel> {
        boxed(State::new(*self))
    }
}

/// The Chaikin oscillator of bars.
pub fn adosc(
    high: &[f64],
    low: &[f64],
    close: &[f64],
    volume: &[f64],
    fast_period: usize,
    slow_period: usize,
    out: &mut [f64],
) {
    State::new(Adosc { fast_period, slow_period }).bulk([high, low, close, volume], [out]);
}

/// How far the line lies above the fast and the slow average, four rows at a time as [`crate::kernel::Ema`] goes.
#[derive(Debug, Clone)]
pub struct State {
    /// How many rows are still to be NaN.
    wait: usize,
    has_begun: bool,
    /// What of a step is left after 1 to 4 rows.
    powers: [[f64; 2]; GROUP],
    /// The distances when the group began.
    base: [f64; 2],
    /// The distances that the group's own steps make.
    within: [f64; 2],
    phase: usize,
}

keep!(State { wait, has_begun, base, within, phase < GROUP } given { powers });

impl State {
    /// No bars yet.
    pub fn new(params: Adosc) -> Self {
        let keep = [params.fast_period, params.slow_period].map(|p| 1.0 - 2.0 / (p.max(1) as f64 + 1.0));
        let powers = [keep, keep.map(|k| k * k), keep.map(|k| k * k * k), keep.map(|k| k * k * (k * k))];
        let wait = params.lookback();
        Self { wait, has_begun: false, powers, base: [0.0; 2], within: [0.0; 2], phase: 0 }
    }

    /// Takes a bar.
    #[inline]
    pub fn push(&mut self, high: f64, low: f64, close: f64, volume: f64) -> f64 {
        self.push_flow(money_flow(high, low, close, volume))
    }

    #[inline]
    fn push_flow(&mut self, flow: f64) -> f64 {
        if !flow.is_finite() {
            return f64::NAN;
        }
        // The averages begin at the line's first value, so that it lies 0 above them.
        let flow = if self.has_begun { flow } else { 0.0 };
        let [keep, power] = [self.powers[0], self.powers[self.phase]];
        let (mut within, mut above) = ([0.0; 2], [0.0; 2]);
        for j in 0..2 {
            within[j] = if self.phase == 0 { flow * keep[j] } else { (self.within[j] + flow) * keep[j] };
            above[j] = self.base[j] * power[j] + within[j];
        }
        let value = above[1] - above[0];
        if !value.is_finite() {
            return f64::NAN;
        }
        self.has_begun = true;
        self.within = within;
        self.phase += 1;
        if self.phase == GROUP {
            (self.base, self.phase) = (above, 0);
        }
        if self.wait > 0 {
            self.wait -= 1;
            return f64::NAN;
        }
        value
    }

    /// Takes whole groups after the wait, until one has a missing flow in it; gives how many rows were taken.
    #[inline]
    fn groups(&mut self, flows: &[f64], out: &mut [f64]) -> usize {
        let (keep, p) = (self.powers[0], self.powers);
        // A local, so that it stays in a register.
        let (mut base, mut n) = (self.base, 0);
        for (flow, out) in flows.chunks_exact(GROUP).zip(out.chunks_exact_mut(GROUP)) {
            let mut above = [[0.0; 2]; GROUP];
            for j in 0..2 {
                let a = flow[0] * keep[j];
                let b = (a + flow[1]) * keep[j];
                let c = (b + flow[2]) * keep[j];
                let d = (c + flow[3]) * keep[j];
                above[0][j] = base[j] * p[0][j] + a;
                above[1][j] = base[j] * p[1][j] + b;
                above[2][j] = base[j] * p[2][j] + c;
                above[3][j] = base[j] * p[3][j] + d;
            }
            let values = above.map(|[fast, slow]| slow - fast);
            // All are finite if their sum is; if that alone overflows, or a flow is missing, one by one.
            if !((values[0] + values[1]) + (values[2] + values[3])).is_finite() {
                break;
            }
            out.copy_from_slice(&values);
            base = above[3];
            n += GROUP;
        }
        self.base = base;
        n
    }
}

impl Step<4, 1> for State {
    #[inline]
    fn step(&mut self, [high, low, close, volume]: [f64; 4]) -> [f64; 1] {
        [self.push(high, low, close, volume)]
    }

    fn bulk(&mut self, inputs: [&[f64]; 4], out: [&mut [f64]; 1]) {
        blocks_of::<64, _, _, _>(inputs, out, |inputs, [out], [flows]| {
            money_flows(inputs, flows);
            let n = out.len();
            let mut i = 0;
            while i < n {
                if self.phase == 0 && self.wait == 0 && self.has_begun {
                    i += self.groups(&flows[i..], &mut out[i..]);
                }
                if i < n {
                    out[i] = self.push_flow(flows[i]);
                    i += 1;
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_difference_of_averages_of_the_line() {
        let bar = |i: i32| [3.0, 1.0, 1.0 + 2.0 * libm::sin(f64::from(i)).abs(), 100.0 + f64::from(i % 7)];
        let mut state = State::new(Adosc::default());
        let (mut line, mut fast, mut slow) = (0.0, 0.0, 0.0);
        for i in 0..200 {
            let [h, l, c, v] = bar(i);
            line += money_flow(h, l, c, v);
            (fast, slow) =
                if i == 0 { (line, line) } else { (fast + (line - fast) * 0.5, slow + (line - slow) * 2.0 / 11.0) };
            let got = state.push(h, l, c, v);
            assert!(if i < 9 { got.is_nan() } else { (got - (fast - slow)).abs() < 1e-9 }, "{i}: {got}");
        }
    }
}
