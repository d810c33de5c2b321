//! A stop at a share of the entry price.

use crate::catalog::{ExitBlock, SidedRule, slot};
use crate::program::ExitKind;

/// The close is so far beyond the entry, as a fraction.
pub(super) const EXIT: ExitBlock = ExitBlock {
    name: "percent_stop",
    about: "the close is so far beyond the entry, as a fraction",
    source: "our own: percentage stop",
    slots: || {
        vec![slot::number("frac", 0.0001, 1.0, 0.02, "distance from the entry, as a fraction"), slot::resting(false)]
    },
    rules: &[
        SidedRule {
            kind: ExitKind::When,
            texts: ["close < entry.price * (1 - $frac)", "close > entry.price * (1 + $frac)"],
            suffix: "",
            only: Some(("resting", "false")),
        },
        SidedRule {
            kind: ExitKind::Stop,
            texts: ["entry.price * (1 - $frac)", "entry.price * (1 + $frac)"],
            suffix: "",
            only: Some(("resting", "true")),
        },
    ],
    flat_at_session_end: false,
};
