//! The close beyond the opposite extreme of the bars before. An order that rests needs no bar before: it is placed
//! when a bar is complete and met by the next.

use crate::catalog::{ExitBlock, SidedRule, slot};
use crate::program::ExitKind;

/// The close is below the lowest low of the bars before (above the highest high, when short).
pub(super) const EXIT: ExitBlock = ExitBlock {
    name: "donchian_exit",
    about: "the close is below the lowest low of the bars before (above the highest high, when short)",
    source: "strategy-discovery-engine, Phase 3, Exit Rules",
    slots: || vec![slot::period("period", 10), slot::resting(false)],
    rules: &[
        SidedRule {
            kind: ExitKind::When,
            texts: ["close < ts_min(low, period=$period)[1]", "close > ts_max(high, period=$period)[1]"],
            suffix: "",
            only: Some(("resting", "false")),
        },
        SidedRule {
            kind: ExitKind::Stop,
            texts: ["ts_min(low, period=$period)", "ts_max(high, period=$period)"],
            suffix: "",
            only: Some(("resting", "true")),
        },
    ],
    flat_at_session_end: false,
};
