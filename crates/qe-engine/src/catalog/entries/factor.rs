//! A factor beyond a threshold. With another threshold for the exit (`factor_reversion`) it has hysteresis. They speak
//! for no side: what a high factor means is for the strategy to say.

use crate::catalog::{ConditionBlock, slot};

/// `$factor > $threshold`
pub(super) const ABOVE: ConditionBlock = ConditionBlock {
    name: "factor_above",
    side: None,
    about: "the factor is above a threshold",
    source: "factor-strategy-engine, SignalGenerator",
    slots: || vec![slot::factor(), slot::number("threshold", -1e6, 1e6, 1.5, "the level")],
    text: "$factor > $threshold",
};

/// `$factor < $threshold`
pub(super) const BELOW: ConditionBlock = ConditionBlock {
    name: "factor_below",
    side: None,
    about: "the factor is below a threshold",
    source: "factor-strategy-engine, SignalGenerator",
    slots: || vec![slot::factor(), slot::number("threshold", -1e6, 1e6, -1.5, "the level")],
    text: "$factor < $threshold",
};
