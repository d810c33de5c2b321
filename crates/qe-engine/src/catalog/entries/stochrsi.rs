//! The stochastic of the relative strength index crosses a level, without memory; with memory see `zone`.

use crate::catalog::{ConditionBlock, slot};
use crate::spec::Side;

/// `cross_below(stochrsi($x, rsi_period=$rsi_period, stoch_period=$stoch_period, k_period=$k_period,
/// d_period=$d_period).k, $threshold)`
pub(super) const CROSS_DOWN: ConditionBlock = ConditionBlock {
    name: "stochrsi_cross_down",
    side: Some(Side::Short),
    about: "StochRSI k was at a level or above, and is below",
    source: "strategy-discovery-engine, Phase 3, Entry Signals",
    slots: || {
        vec![
            slot::close(),
            slot::period("rsi_period", 14),
            slot::period("stoch_period", 14),
            slot::period("k_period", 3),
            slot::period("d_period", 3),
            slot::number("threshold", 0.0, 100.0, 70.0, "the level that is crossed"),
        ]
    },
    text: "cross_below(stochrsi($x, rsi_period=$rsi_period, stoch_period=$stoch_period, k_period=$k_period, \
           d_period=$d_period).k, $threshold)",
};

/// `cross_above(stochrsi($x, rsi_period=$rsi_period, stoch_period=$stoch_period, k_period=$k_period,
/// d_period=$d_period).k, $threshold)`
pub(super) const CROSS_UP: ConditionBlock = ConditionBlock {
    name: "stochrsi_cross_up",
    side: Some(Side::Long),
    about: "StochRSI k was at a level or below, and is above",
    source: "strategy-discovery-engine, Phase 3, Entry Signals",
    slots: || {
        vec![
            slot::close(),
            slot::period("rsi_period", 14),
            slot::period("stoch_period", 14),
            slot::period("k_period", 3),
            slot::period("d_period", 3),
            slot::number("threshold", 0.0, 100.0, 30.0, "the level that is crossed"),
        ]
    },
    text: "cross_above(stochrsi($x, rsi_period=$rsi_period, stoch_period=$stoch_period, k_period=$k_period, \
           d_period=$d_period).k, $threshold)",
};
