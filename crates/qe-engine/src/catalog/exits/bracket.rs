//! A stop and a target, each so many average true ranges from the entry, as they were at the signal.

use crate::catalog::{ExitBlock, SidedRule, slot};
use crate::program::ExitKind;

/// A stop and a target around the entry, in average true ranges as of the signal.
pub(super) const EXIT: ExitBlock = ExitBlock {
    name: "bracket",
    about: "a stop and a target around the entry, in average true ranges as of the signal",
    source: "our own: a stop and a target at once, with the distances of atr_stop",
    slots: || {
        vec![
            slot::atr_mult("stop_mult", 2.0),
            slot::atr_mult("target_mult", 3.0),
            slot::period("period", 14),
            slot::resting(true),
        ]
    },
    rules: &[
        SidedRule {
            kind: ExitKind::When,
            texts: [
                "close < entry.price - $stop_mult * at_signal(atr(period=$period))",
                "close > entry.price + $stop_mult * at_signal(atr(period=$period))",
            ],
            suffix: "_stop",
            only: Some(("resting", "false")),
        },
        SidedRule {
            kind: ExitKind::Stop,
            texts: [
                "entry.price - $stop_mult * at_signal(atr(period=$period))",
                "entry.price + $stop_mult * at_signal(atr(period=$period))",
            ],
            suffix: "_stop",
            only: Some(("resting", "true")),
        },
        SidedRule {
            kind: ExitKind::When,
            texts: [
                "close > entry.price + $target_mult * at_signal(atr(period=$period))",
                "close < entry.price - $target_mult * at_signal(atr(period=$period))",
            ],
            suffix: "_target",
            only: Some(("resting", "false")),
        },
        SidedRule {
            kind: ExitKind::Target,
            texts: [
                "entry.price + $target_mult * at_signal(atr(period=$period))",
                "entry.price - $target_mult * at_signal(atr(period=$period))",
            ],
            suffix: "_target",
            only: Some(("resting", "true")),
        },
    ],
    flat_at_session_end: false,
};
