//! A stop so many average true ranges from the entry, as they were at the signal: it stays where it is.

use crate::catalog::{ExitBlock, SidedRule, slot};
use crate::program::ExitKind;

/// The close is so many average true ranges, as of the signal, beyond the entry.
pub(super) const EXIT: ExitBlock = ExitBlock {
    name: "atr_stop",
    about: "the close is so many average true ranges, as of the signal, beyond the entry",
    source: "strategy-discovery-engine, Phase 3, where `entry - atr * multiplier` loosens as the \
             range grows; ours does not move",
    slots: || vec![slot::atr_mult("mult", 2.0), slot::period("period", 14), slot::resting(false)],
    rules: &[
        SidedRule {
            kind: ExitKind::When,
            texts: [
                "close < entry.price - $mult * at_signal(atr(period=$period))",
                "close > entry.price + $mult * at_signal(atr(period=$period))",
            ],
            suffix: "",
            only: Some(("resting", "false")),
        },
        SidedRule {
            kind: ExitKind::Stop,
            texts: [
                "entry.price - $mult * at_signal(atr(period=$period))",
                "entry.price + $mult * at_signal(atr(period=$period))",
            ],
            suffix: "",
            only: Some(("resting", "true")),
        },
    ],
    flat_at_session_end: false,
};
