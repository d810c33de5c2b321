//! What sessions and events forbid.

use qe_data::events::EventKind;
use serde::{Deserialize, Serialize};

/// What sessions and events forbid.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionSpec {
    /// Positions are closed at the close of a session's last bar; where there is none, at the next open.
    #[serde(default)]
    pub flat_at_end: bool,
    /// Nothing is entered on a session's last so many bars.
    #[serde(default)]
    pub no_entry_last_bars: u32,
    /// Nothing is entered before these events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blackout: Option<Blackout>,
}

/// Nothing is entered in the sessions before an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blackout {
    /// Which events, as `fomc` and `cpi`.
    pub events: Vec<EventKind>,
    /// In how many sessions before.
    #[serde(default = "two")]
    pub sessions: u32,
}

fn two() -> u32 {
    2
}
