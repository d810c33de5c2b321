//! The entry condition of the other side, before filters, closes the position. (The seed's own asks whether StochRSI k
//! is above 80, or below 20 when short: `when = "stochrsi(14, 14, 3, 3).k > 80"` with `side = "long"`.)

use crate::catalog::{ExitBlock, SidedRule};
use crate::program::ExitKind;

/// The entry condition of the other side holds.
pub(super) const EXIT: ExitBlock = ExitBlock {
    name: "opposite_signal",
    about: "the entry condition of the other side holds",
    source: "strategy-discovery-engine, Phase 3, Exit Rules; our reading, since there it is tied to one oscillator",
    slots: Vec::new,
    rules: &[SidedRule { kind: ExitKind::When, texts: ["$other_entry", "$other_entry"], suffix: "", only: None }],
    flat_at_session_end: false,
};
