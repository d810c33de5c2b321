//! No filter: what a search takes to ask whether one is needed at all.

use crate::catalog::ConditionBlock;

/// `true`
pub(super) const NONE: ConditionBlock = ConditionBlock {
    name: "none",
    side: None,
    about: "always true",
    source: "strategy-discovery-engine, Phase 3, Filters",
    slots: Vec::new,
    text: "true",
};
