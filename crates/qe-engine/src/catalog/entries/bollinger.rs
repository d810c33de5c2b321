//! Touches of Bollinger bands: the close at or beyond a band. Unknown while the band warms up.

use crate::catalog::{ConditionBlock, slot};
use crate::spec::Side;

/// `$x <= bollinger($x, period=$period, mult=$mult).lower`
pub(super) const LOWER_TOUCH: ConditionBlock = ConditionBlock {
    name: "bollinger_lower_touch",
    side: Some(Side::Long),
    about: "the close is at the lower Bollinger band or below it",
    source: "strategy-discovery-engine, Phase 3, Entry Signals",
    slots: || {
        vec![
            slot::close(),
            slot::period_from("period", 2, 20),
            slot::number("mult", 0.1, 10.0, 2.0, "width of the bands in standard deviations"),
        ]
    },
    text: "$x <= bollinger($x, period=$period, mult=$mult).lower",
};

/// `$x >= bollinger($x, period=$period, mult=$mult).upper`
pub(super) const UPPER_TOUCH: ConditionBlock = ConditionBlock {
    name: "bollinger_upper_touch",
    side: Some(Side::Short),
    about: "the close is at the upper Bollinger band or above it",
    source: "strategy-discovery-engine, Phase 3, Entry Signals, which names it; mirrored from the lower one",
    slots: || {
        vec![
            slot::close(),
            slot::period_from("period", 2, 20),
            slot::number("mult", 0.1, 10.0, 2.0, "width of the bands in standard deviations"),
        ]
    },
    text: "$x >= bollinger($x, period=$period, mult=$mult).upper",
};
