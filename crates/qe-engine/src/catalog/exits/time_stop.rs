//! The position has been open for so many bars. The count belongs to the position: each begins at 1, at the close of
//! the bar in which it was entered. (The seed's counter goes on across trades; that one is not ported.)

use qe_core::param::Param;

use crate::catalog::{ExitBlock, SidedRule, Slot};
use crate::program::ExitKind;

/// The position has been open for so many bars.
pub(super) const EXIT: ExitBlock = ExitBlock {
    name: "time_stop",
    about: "the position has been open for so many bars",
    source: "strategy-discovery-engine, Phase 3, Exit Rules, mended as NUMERICS rules",
    slots: || {
        vec![Slot::Number(Param::int("bars", 1, 1000, 20).log().doc("how many bars, that of the entry included"))]
    },
    rules: &[SidedRule {
        kind: ExitKind::When,
        texts: ["pos.bars >= $bars", "pos.bars >= $bars"],
        suffix: "",
        only: None,
    }],
    flat_at_session_end: false,
};
