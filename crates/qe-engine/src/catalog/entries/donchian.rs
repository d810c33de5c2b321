//! Breakouts of Donchian channels: the close beyond the extreme of the bars before. A window that held the bar itself
//! could not be broken.

use crate::catalog::{ConditionBlock, slot};
use crate::spec::Side;

/// `close > ts_max(high, period=$period)[1]`
pub(super) const BREAKOUT_LONG: ConditionBlock = ConditionBlock {
    name: "donchian_breakout_long",
    side: Some(Side::Long),
    about: "the close is above the highest high of the bars before",
    source: "strategy-discovery-engine, Phase 3, Entry Signals",
    slots: || vec![slot::period("period", 20)],
    text: "close > ts_max(high, period=$period)[1]",
};

/// `close < ts_min(low, period=$period)[1]`
pub(super) const BREAKOUT_SHORT: ConditionBlock = ConditionBlock {
    name: "donchian_breakout_short",
    side: Some(Side::Short),
    about: "the close is below the lowest low of the bars before",
    source: "strategy-discovery-engine, Phase 3, Entry Signals, which names it; mirrored from the long one",
    slots: || vec![slot::period("period", 20)],
    text: "close < ts_min(low, period=$period)[1]",
};
