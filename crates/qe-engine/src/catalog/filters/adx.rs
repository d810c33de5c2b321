//! How strong a trend is, by the average directional index.

use crate::catalog::{ConditionBlock, slot};

/// `adx(period=$period) < $threshold`
pub(super) const RANGING: ConditionBlock = ConditionBlock {
    name: "adx_ranging",
    side: None,
    about: "the ADX is below a level: no trend",
    source: "strategy-discovery-engine, Phase 3, Filters",
    slots: || vec![slot::period_from("period", 2, 14), slot::number("threshold", 0.0, 100.0, 25.0, "the level")],
    text: "adx(period=$period) < $threshold",
};

/// `adx(period=$period) > $threshold`
pub(super) const TRENDING: ConditionBlock = ConditionBlock {
    name: "adx_trending",
    side: None,
    about: "the ADX is above a level: a trend",
    source: "strategy-discovery-engine, Phase 3, Filters",
    slots: || vec![slot::period_from("period", 2, 14), slot::number("threshold", 0.0, 100.0, 25.0, "the level")],
    text: "adx(period=$period) > $threshold",
};
