//! The relative strength index leaves an extreme zone.

use crate::catalog::{ConditionBlock, slot};
use crate::spec::Side;

/// `cross_below(rsi($x, period=$period), $overbought)`
pub(super) const OVERBOUGHT_REVERSAL: ConditionBlock = ConditionBlock {
    name: "rsi_overbought_reversal",
    side: Some(Side::Short),
    about: "the RSI leaves the overbought zone downwards",
    source: "mirrored from rsi_oversold_reversal",
    slots: || {
        vec![
            slot::close(),
            slot::period("period", 14),
            slot::number("overbought", 0.0, 100.0, 70.0, "the edge of the zone"),
        ]
    },
    text: "cross_below(rsi($x, period=$period), $overbought)",
};

/// `cross_above(rsi($x, period=$period), $oversold)`
pub(super) const OVERSOLD_REVERSAL: ConditionBlock = ConditionBlock {
    name: "rsi_oversold_reversal",
    side: Some(Side::Long),
    about: "the RSI leaves the oversold zone upwards",
    source: "strategy-discovery-engine, Phase 3, Entry Signals, which names it; our reading: it was at \
             the edge or below, and is above",
    slots: || {
        vec![
            slot::close(),
            slot::period("period", 14),
            slot::number("oversold", 0.0, 100.0, 30.0, "the edge of the zone"),
        ]
    },
    text: "cross_above(rsi($x, period=$period), $oversold)",
};
