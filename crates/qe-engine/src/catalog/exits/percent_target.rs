//! A target at a share of the entry price.

use crate::catalog::{ExitBlock, SidedRule, slot};
use crate::program::ExitKind;

/// The close has won so much, as a fraction.
pub(super) const EXIT: ExitBlock = ExitBlock {
    name: "percent_target",
    about: "the close has won so much, as a fraction",
    source: "our own: percentage target",
    slots: || {
        vec![slot::number("frac", 0.0001, 1.0, 0.04, "distance from the entry, as a fraction"), slot::resting(false)]
    },
    rules: &[
        SidedRule {
            kind: ExitKind::When,
            texts: ["close > entry.price * (1 + $frac)", "close < entry.price * (1 - $frac)"],
            suffix: "",
            only: Some(("resting", "false")),
        },
        SidedRule {
            kind: ExitKind::Target,
            texts: ["entry.price * (1 + $frac)", "entry.price * (1 - $frac)"],
            suffix: "",
            only: Some(("resting", "true")),
        },
    ],
    flat_at_session_end: false,
};
