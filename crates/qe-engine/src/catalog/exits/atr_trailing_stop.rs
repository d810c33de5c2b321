//! A stop that follows the close at so many average true ranges. It ratchets: it never loosens, also when the range
//! grows.
//!
//! The seed's hangs on the entry price, so that it never trails; that one is not ported.

use crate::catalog::{ExitBlock, SidedRule, slot};
use crate::program::ExitKind;

/// The close is so many average true ranges from the best that this level has been.
pub(super) const EXIT: ExitBlock = ExitBlock {
    name: "atr_trailing_stop",
    about: "the close is so many average true ranges from the best that this level has been",
    source: "strategy-discovery-engine, Phase 3, Exit Rules, mended as NUMERICS rules",
    slots: || vec![slot::atr_mult("mult", 3.0), slot::period("period", 14), slot::resting(false)],
    rules: &[
        SidedRule {
            kind: ExitKind::When,
            texts: [
                "close < max_since_entry(close - $mult * atr(period=$period))",
                "close > min_since_entry(close + $mult * atr(period=$period))",
            ],
            suffix: "",
            only: Some(("resting", "false")),
        },
        SidedRule {
            kind: ExitKind::Stop,
            texts: [
                "max_since_entry(close - $mult * atr(period=$period))",
                "min_since_entry(close + $mult * atr(period=$period))",
            ],
            suffix: "",
            only: Some(("resting", "true")),
        },
    ],
    flat_at_session_end: false,
};
