//! When and how a position is entered.

use serde::{Deserialize, Serialize};

use super::condition::Condition;
use super::num::Num;

/// When and how a position is entered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntrySpec {
    /// When a long position is entered; never, if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long: Option<Condition>,
    /// When a short position is entered; never, if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short: Option<Condition>,
    /// What must hold, besides, for a long position.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub long_filters: Vec<Condition>,
    /// What must hold, besides, for a short position.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub short_filters: Vec<Condition>,
    /// How strong the signal is: kept with the trade.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strength: Option<String>,
    /// By which order; at the market, if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderSpec>,
}

/// An order that rests in the market until it is filled or its time is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum OrderSpec {
    /// Buys at a price or lower, sells at a price or higher.
    Limit(RestingSpec),
    /// Buys once a price is reached from below, sells once it is reached from above.
    Stop(RestingSpec),
}

/// Where an order rests and for how long.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestingSpec {
    /// The price of a purchase, as of the signal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long: Option<String>,
    /// The price of a short sale, as of the signal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short: Option<String>,
    /// For how many bars after the signal it rests.
    #[serde(default = "one")]
    pub bars: Num,
}

fn one() -> Num {
    Num::Number(1.0)
}
