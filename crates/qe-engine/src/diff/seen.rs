//! A place where two runs part, and what either has there.

use std::fmt;

use serde::Serialize;

use super::changed::Place;
use crate::ledger::Refusal;

/// At what two runs part. What comes first causes what comes later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A bar that only one has, or a value of the data.
    Data,
    /// A bar that both have, and only one scores.
    Scored,
    /// What the entries say: 1 long, -1 short, 0 neither.
    Signal,
    /// An order that one refuses or makes smaller.
    Order,
    /// A fill: its time, the market's price, units, or why it was.
    Fill,
    /// What a bar cost: in the price, as a fee, for holding; in money.
    Cost,
    /// Units held at a close.
    Position,
    /// Worth at a close.
    Equity,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Data => "data",
            Self::Scored => "scored",
            Self::Signal => "signal",
            Self::Order => "order",
            Self::Fill => "fill",
            Self::Cost => "cost",
            Self::Position => "position",
            Self::Equity => "worth",
        })
    }
}

/// The first place at which two runs part in one respect.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Parting {
    /// In which.
    pub what: What,
    /// Where: when it was known, and the row in each.
    #[serde(flatten)]
    pub place: Place,
    /// What A has there.
    pub a: Seen,
    /// What B has there.
    pub b: Seen,
}

/// What one side has at a place.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// Nothing.
    Nothing,
    /// A number.
    Number(f64),
    /// A word, or a value with its name.
    Text(String),
    /// An order that was refused or made smaller.
    Refused {
        /// 1 for long, -1 for short.
        side: f64,
        /// Why.
        why: Refusal,
    },
    /// A fill.
    Fill(SeenFill),
}

/// A fill, as a place where runs part tells it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeenFill {
    /// Units, below 0 for a sale.
    pub units: f64,
    /// The market's price.
    pub raw: f64,
    /// What was paid or received for each unit.
    pub price: f64,
    /// Fees, in money.
    pub fee: f64,
    /// Why: an exit by its reason, others by their kind.
    pub cause: String,
    /// At the bar's open (0), within it (1), at its close (2).
    pub phase: u8,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("nothing"),
            Self::Number(x) => write!(f, "{x}"),
            Self::Text(text) => f.write_str(text),
            Self::Refused { side, why } => {
                write!(f, "{} refused or cut ({})", if *side < 0.0 { "short" } else { "long" }, word(why))
            }
            Self::Fill(fill) => {
                let verb = if fill.units < 0.0 { "sells" } else { "buys" };
                write!(f, "{verb} {} at {} ({})", fill.units.abs(), fill.raw, fill.cause)
            }
        }
    }
}

/// An enum as the word that it is written as.
pub(super) fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}
