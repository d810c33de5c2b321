//! What sessions and events forbid.

use std::collections::BTreeSet;

use qe_data::events::{EventKind, Events};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

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
    /// In how many sessions before; nor in that of the event, up to it, which is 0.
    #[serde(default = "two")]
    pub sessions: u32,
}

impl Blackout {
    /// # Errors
    /// When no event is named, or one of a kind that the calendar of events does not have: a slip of the pen would be no
    /// blackout at all.
    pub(crate) fn check(&self) -> Result<()> {
        if self.events.is_empty() {
            let reason = format!("no event is named for its {} sessions", self.sessions);
            return Err(Error::spec("session.blackout.events", reason, "name some, such as `fomc`, or leave it out"));
        }
        let known: BTreeSet<&EventKind> = Events::us().iter().map(|event| &event.kind).collect();
        let Some(at) = self.events.iter().position(|kind| !known.contains(kind)) else { return Ok(()) };
        let names: Vec<String> = known.iter().map(|kind| format!("`{kind}`")).collect();
        Err(Error::spec(
            format!("session.blackout.events[{at}]"),
            format!("the calendar of events has no `{}`", self.events[at]),
            format!("it has {}", names.join(" and ")),
        ))
    }
}

fn two() -> u32 {
    2
}
