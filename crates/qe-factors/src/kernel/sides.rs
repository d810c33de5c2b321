//! Wilder's averages of the rises and of the falls of a column.
//!
//! Seeded with the plain means of the first `period` changes, as TA-Lib does. A value that is missing gives missing
//! averages there and at the next value, whose change is unknown, and leaves them as they are.

use super::{BLOCK, Ema, EmaPair, Parts};
use crate::keep;

/// How many rows go through all stages before the next.
const PAIRS: usize = BLOCK / 4;

/// The last value and Wilder's averages of rises and falls.
#[derive(Debug, Clone)]
pub struct Sides {
    last: f64,
    averages: EmaPair,
}

keep!(Sides { last, averages });

/// The rise and the fall of a change; at least one of them is no number where the change is none.
#[inline]
fn sides(change: f64) -> [f64; 2] {
    // A comparison with NaN is false and lets the NaN through.
    [change, -change].map(|c| if 0.0 > c { 0.0 } else { c })
}

impl Parts<2> for Sides {
    fn of_period(period: usize) -> Self {
        Self { last: f64::NAN, averages: EmaPair::new(Ema::wilder(period)) }
    }

    #[inline]
    fn push(&mut self, x: f64) -> [f64; 2] {
        let change = x - std::mem::replace(&mut self.last, x);
        self.averages.push(sides(change))
    }

    #[inline]
    fn bulk(&mut self, x: &[f64], out: &mut [f64], value: impl Fn([f64; 2]) -> f64) {
        let mut averages = [[0.0; 2]; PAIRS];
        for (x, out) in x.chunks(PAIRS).zip(out.chunks_mut(PAIRS)) {
            let n = x.len();
            let out = &mut out[..n];
            out[0] = x[0] - self.last;
            for (o, pair) in out[1..].iter_mut().zip(x.windows(2)) {
                *o = pair[1] - pair[0];
            }
            self.last = x[n - 1];
            let averages = &mut averages[..n];
            self.averages.bulk(n, |i| sides(out[i]), |i, v| averages[i] = v);
            for (o, sides) in out.iter_mut().zip(averages) {
                *o = value(*sides);
            }
        }
    }
}
