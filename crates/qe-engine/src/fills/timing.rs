//! When a decision is filled, and what is held between decisions.
//!
//! A decision is made when a bar is complete. [`FillTiming`] says at which price of which bar it is filled; it is a part of
//! every run's identity, because nothing moves a result as much.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The price of a bar at which orders are filled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum At {
    /// The bar's opening price.
    #[default]
    Open,
    /// The bar's closing price.
    Close,
}

/// What a delay is counted in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Count {
    /// Bars.
    #[default]
    Bars,
    /// Sessions: a delay of 1 is T+1, at the first bar of the next session (for closes, at the one with which it is over),
    /// overnight gap and all.
    Sessions,
}

/// At which price of which bar a decision is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FillTiming {
    /// The price.
    pub at: At,
    /// How many bars, or sessions, after the one in which it was decided.
    pub delay: u32,
    /// What the delay counts.
    #[serde(default)]
    pub count: Count,
}

impl FillTiming {
    /// At the next bar's open: what can be had.
    pub const NEXT_OPEN: Self = Self { at: At::Open, delay: 1, count: Count::Bars };
    /// At the next bar's close.
    pub const NEXT_CLOSE: Self = Self { at: At::Close, delay: 1, count: Count::Bars };
    /// At the close of the bar that gave the signal: the price that the decision was made from.
    pub const SIGNAL_CLOSE: Self = Self { at: At::Close, delay: 0, count: Count::Bars };

    /// Whether it fills at a price that the decision itself was made from. Such results are labelled wherever they are shown.
    pub fn is_same_bar(self) -> bool {
        self.delay == 0
    }

    /// Why it cannot be used, if so: an open that lies before the decision.
    pub(crate) fn fault(self) -> Option<(&'static str, &'static str)> {
        match (self.at, self.delay) {
            (At::Open, 0) => Some(("the open of a bar is past when the bar is complete", "give a delay of 1 or more")),
            (_, delay) if delay > Self::MAX_DELAY => Some(("the delay is too long", "give at most 1000")),
            _ => None,
        }
    }

    /// The row in which a decision of this row is filled; `day` is the number of each row's day, `ends` the last row of
    /// each day, `closes` the row in which each day's session is over. `usize::MAX` where there is none.
    ///
    /// The last row of a day is not asked at a close: that no row comes after it is known too late.
    #[inline]
    pub(crate) fn due(self, row: usize, day: &[u32], ends: &[u32], closes: &[u32]) -> usize {
        match self.count {
            Count::Bars => row + self.delay as usize,
            Count::Sessions => {
                let day = day[row] as usize + self.delay as usize;
                match self.at {
                    _ if day >= ends.len() || day >= closes.len() => usize::MAX,
                    At::Close if closes[day] == u32::MAX => usize::MAX,
                    At::Close => (closes[day] as usize).max(row),
                    At::Open => ends[day - 1] as usize + 1,
                }
            }
        }
    }

    /// The longest delay.
    pub const MAX_DELAY: u32 = 1000;
}

impl Default for FillTiming {
    fn default() -> Self {
        Self::NEXT_OPEN
    }
}

impl fmt::Display for FillTiming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NEXT_OPEN => f.write_str("next_open"),
            Self::NEXT_CLOSE => f.write_str("next_close"),
            Self::SIGNAL_CLOSE => f.write_str("signal_close (same bar)"),
            Self { at, delay, count } => {
                let at = if at == At::Open { "open" } else { "close" };
                let count = if count == Count::Bars { "bars" } else { "sessions" };
                write!(f, "{at} after {delay} {count}{}", if self.is_same_bar() { " (same bar)" } else { "" })
            }
        }
    }
}

/// What is held between decisions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holding {
    /// Units: what was bought is held.
    #[default]
    Units,
    /// A weight, restored at every bar; the turnover of the drift is charged.
    Weights,
    /// A weight, restored at every bar for free, with cost on changes of the target alone: `position x return`, compounded.
    WeightsFree,
}
