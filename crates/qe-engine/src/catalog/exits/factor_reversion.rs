//! A factor has come back past the exit threshold, which is another than that of the entry: hysteresis.

use qe_core::param::Param;

use crate::catalog::{ExitBlock, SidedRule, Slot, slot};
use crate::program::ExitKind;

/// A factor that was entered above (below) a threshold is below (above) the exit threshold.
pub(super) const EXIT: ExitBlock = ExitBlock {
    name: "factor_reversion",
    about: "a factor that was entered above (below) a threshold is below (above) the exit threshold",
    source: "factor-strategy-engine, SignalGenerator and Key Design Decisions 3 and 5",
    slots: || {
        vec![
            slot::factor(),
            slot::number("exit_threshold", -1e6, 1e6, 0.5, "where the position is closed"),
            Slot::Switch(
                Param::choice("entered", ["above", "below"], "above")
                    .doc("on which side of its threshold the factor was"),
            ),
        ]
    },
    rules: &[
        SidedRule {
            kind: ExitKind::When,
            texts: ["$factor < $exit_threshold", "$factor < $exit_threshold"],
            suffix: "",
            only: Some(("entered", "above")),
        },
        SidedRule {
            kind: ExitKind::When,
            texts: ["$factor > $exit_threshold", "$factor > $exit_threshold"],
            suffix: "",
            only: Some(("entered", "below")),
        },
    ],
    flat_at_session_end: false,
};
