//! What a bucket does with the values of one column.
//!
//! A NaN is skipped. Sums are taken in row order, starting at 0. A result of -0.0 is stored as 0.0.

use serde::{Deserialize, Serialize};

/// A rule for putting the values of a bucket together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Agg {
    /// The first value.
    First,
    /// The largest.
    Max,
    /// The smallest.
    Min,
    /// The last value.
    Last,
    /// The sum, in row order.
    Sum,
}

impl Agg {
    /// The rules for open, high, low, close and volume, in that order.
    pub const OHLCV: [Self; 5] = [Self::First, Self::Max, Self::Min, Self::Last, Self::Sum];

    /// The rule for a column by its name: the five of a bar have their own, counts and turnovers add up, and
    /// anything else keeps its last value.
    pub fn of_column(name: &str) -> Self {
        match name {
            "open" => Self::First,
            "high" => Self::Max,
            "low" => Self::Min,
            "volume" | "trades" | "count" | "turnover" | "quote_volume" | "buy_volume" | "dividend" => Self::Sum,
            _ => Self::Last,
        }
    }

    /// The values of a bucket put together; NaN if all are missing.
    pub fn of(self, values: &[f64]) -> f64 {
        match self {
            Self::First => values.iter().copied().find(|v| !v.is_nan()).unwrap_or(f64::NAN) + 0.0,
            Self::Last => values.iter().rev().copied().find(|v| !v.is_nan()).unwrap_or(f64::NAN) + 0.0,
            Self::Max => extreme(values, f64::NEG_INFINITY, |best, v| if v > best { v } else { best }),
            Self::Min => extreme(values, f64::INFINITY, |best, v| if v < best { v } else { best }),
            Self::Sum => {
                let sum: f64 = values.iter().fold(0.0, |sum, &v| sum + v);
                if !sum.is_nan() && !values.is_empty() {
                    return sum + 0.0;
                }
                // Something is missing: once more, with care.
                let mut fold = Fold::new(Self::Sum);
                values.iter().for_each(|&v| fold.push(v));
                fold.value()
            }
        }
    }
}

/// The extreme of `values` in four independent lanes; NaN loses every comparison, so it is skipped.
fn extreme(values: &[f64], worst: f64, better: impl Fn(f64, f64) -> f64) -> f64 {
    let mut lanes = [worst; 4];
    let (blocks, rest) = values.as_chunks::<4>();
    for block in blocks {
        for (lane, &v) in lanes.iter_mut().zip(block) {
            *lane = better(*lane, v);
        }
    }
    let best = rest.iter().chain(&lanes).fold(worst, |best, &v| better(best, v));
    // Only missing values, or the worst itself, can leave the start in place.
    if best == worst && !values.contains(&worst) { f64::NAN } else { best + 0.0 }
}

/// The same rules, one value at a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fold {
    agg: Agg,
    value: f64,
}

impl Fold {
    /// Nothing seen yet.
    pub fn new(agg: Agg) -> Self {
        Self { agg, value: f64::NAN }
    }

    /// Takes the next value in row order.
    #[inline]
    pub fn push(&mut self, v: f64) {
        if v.is_nan() {
            return;
        }
        let held = self.value;
        self.value = match self.agg {
            _ if held.is_nan() => 0.0 + v,
            Agg::First => held,
            Agg::Last => v,
            Agg::Max => {
                if v > held {
                    v
                } else {
                    held
                }
            }
            Agg::Min => {
                if v < held {
                    v
                } else {
                    held
                }
            }
            Agg::Sum => held + v,
        };
    }

    /// What the values so far come to; NaN if there were none.
    #[inline]
    pub fn value(self) -> f64 {
        self.value + 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [Agg; 5] = Agg::OHLCV;

    #[test]
    fn missing_values_count_for_nothing() {
        let x = [f64::NAN, 3.0, 1.0, f64::NAN, 2.0, f64::NAN];
        assert_eq!(ALL.map(|a| a.of(&x)), [3.0, 3.0, 1.0, 2.0, 6.0]);
        assert!(ALL.iter().all(|a| a.of(&[f64::NAN; 5]).is_nan() && a.of(&[]).is_nan()));
    }

    #[test]
    fn infinities_are_values() {
        let (low, high) = (f64::NEG_INFINITY, f64::INFINITY);
        assert_eq!(Agg::Max.of(&[low, f64::NAN]), low);
        assert_eq!(Agg::Min.of(&[high; 7]), high);
    }

    proptest! {
        #[test]
        fn whole_and_one_by_one_agree_to_the_bit(
            x in prop::collection::vec(prop_oneof![3 => -1e3..1e3_f64, 1 => Just(f64::NAN), 1 => Just(-0.0)], 0..40)
        ) {
            for agg in ALL {
                let mut fold = Fold::new(agg);
                x.iter().for_each(|&v| fold.push(v));
                prop_assert_eq!(agg.of(&x).to_bits(), fold.value().to_bits(), "{:?}", agg);
            }
        }
    }
}
