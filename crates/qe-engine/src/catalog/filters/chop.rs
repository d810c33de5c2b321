//! How choppy the market is, by the choppiness index.

use crate::catalog::{ConditionBlock, slot};

/// `chop(period=$period) > $threshold`
pub(super) const RANGING: ConditionBlock = ConditionBlock {
    name: "chop_ranging",
    side: None,
    about: "the choppiness index is above a level: no trend",
    source: "strategy-discovery-engine, Indicator Library: above 61.8 is chop",
    slots: || vec![slot::period_from("period", 2, 14), slot::number("threshold", 0.0, 100.0, 61.8, "the level")],
    text: "chop(period=$period) > $threshold",
};

/// `chop(period=$period) < $threshold`
pub(super) const TRENDING: ConditionBlock = ConditionBlock {
    name: "chop_trending",
    side: None,
    about: "the choppiness index is below a level: a trend",
    source: "strategy-discovery-engine, Phase 3, Filters",
    slots: || vec![slot::period_from("period", 2, 14), slot::number("threshold", 0.0, 100.0, 38.2, "the level")],
    text: "chop(period=$period) < $threshold",
};
