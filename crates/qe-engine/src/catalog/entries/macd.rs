//! The MACD histogram changes its sign. The bar in which it is 0 counts as crossed, as in the seed.

use crate::catalog::{ConditionBlock, slot};
use crate::spec::Side;

/// `macd($x, fast_period=$fast_period, slow_period=$slow_period, signal_period=$signal_period).hist[1] > 0 and
/// macd($x, fast_period=$fast_period, slow_period=$slow_period, signal_period=$signal_period).hist <= 0`
pub(super) const CROSS_BEARISH: ConditionBlock = ConditionBlock {
    name: "macd_cross_bearish",
    side: Some(Side::Short),
    about: "the MACD histogram was above 0 and is no longer",
    source: "strategy-discovery-engine, Phase 3, Entry Signals, which names it; mirrored from the bullish one",
    slots: || {
        vec![
            slot::close(),
            slot::period("fast_period", 12),
            slot::period("slow_period", 26),
            slot::period("signal_period", 9),
        ]
    },
    text: "macd($x, fast_period=$fast_period, slow_period=$slow_period, signal_period=$signal_period).hist[1] > 0 and \
           macd($x, fast_period=$fast_period, slow_period=$slow_period, signal_period=$signal_period).hist <= 0",
};

/// `macd($x, fast_period=$fast_period, slow_period=$slow_period, signal_period=$signal_period).hist[1] < 0 and
/// macd($x, fast_period=$fast_period, slow_period=$slow_period, signal_period=$signal_period).hist >= 0`
pub(super) const CROSS_BULLISH: ConditionBlock = ConditionBlock {
    name: "macd_cross_bullish",
    side: Some(Side::Long),
    about: "the MACD histogram was below 0 and is no longer",
    source: "strategy-discovery-engine, Phase 3, Entry Signals",
    slots: || {
        vec![
            slot::close(),
            slot::period("fast_period", 12),
            slot::period("slow_period", 26),
            slot::period("signal_period", 9),
        ]
    },
    text: "macd($x, fast_period=$fast_period, slow_period=$slow_period, signal_period=$signal_period).hist[1] < 0 and \
           macd($x, fast_period=$fast_period, slow_period=$slow_period, signal_period=$signal_period).hist >= 0",
};
