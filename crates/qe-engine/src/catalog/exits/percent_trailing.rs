//! A stop at a share of the best close since the signal.

use crate::catalog::{ExitBlock, SidedRule, slot};
use crate::program::ExitKind;

/// The close is so far from the best close since the signal, as a fraction.
pub(super) const EXIT: ExitBlock = ExitBlock {
    name: "percent_trailing",
    about: "the close is so far from the best close since the signal, as a fraction",
    source: "our own: percentage trailing",
    slots: || {
        vec![
            slot::number("frac", 0.0001, 1.0, 0.03, "distance from the best close, as a fraction"),
            slot::resting(false),
        ]
    },
    rules: &[
        SidedRule {
            kind: ExitKind::When,
            texts: ["close < max_since_entry(close) * (1 - $frac)", "close > min_since_entry(close) * (1 + $frac)"],
            suffix: "",
            only: Some(("resting", "false")),
        },
        SidedRule {
            kind: ExitKind::Stop,
            texts: ["max_since_entry(close) * (1 - $frac)", "min_since_entry(close) * (1 + $frac)"],
            suffix: "",
            only: Some(("resting", "true")),
        },
    ],
    flat_at_session_end: false,
};
