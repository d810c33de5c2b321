//! On which side of its simple moving average the price is.

use crate::catalog::{ConditionBlock, slot};

/// `$x < sma($x, period=$period)`
pub(super) const DOWN: ConditionBlock = ConditionBlock {
    name: "sma_down",
    side: None,
    about: "the close is below its average",
    source: "strategy-discovery-engine, Phase 3, Filters, which names it; mirrored from the uptrend",
    slots: || vec![slot::close(), slot::period("period", 200)],
    text: "$x < sma($x, period=$period)",
};

/// `$x > sma($x, period=$period)`
pub(super) const UP: ConditionBlock = ConditionBlock {
    name: "sma_up",
    side: None,
    about: "the close is above its average",
    source: "strategy-discovery-engine, Phase 3, Filters",
    slots: || vec![slot::close(), slot::period("period", 200)],
    text: "$x > sma($x, period=$period)",
};
