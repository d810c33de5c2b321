//! Two simple moving averages cross.

use crate::catalog::{ConditionBlock, slot};
use crate::spec::Side;

/// `cross_below(sma($x, period=$fast_period), sma($x, period=$slow_period))`
pub(super) const CROSS_DOWN: ConditionBlock = ConditionBlock {
    name: "sma_cross_down",
    side: Some(Side::Short),
    about: "the fast average crosses below the slow one",
    source: "strategy-discovery-engine, Existing Strategies: SimpleSMA and AGoldenCross; our reading",
    slots: || vec![slot::close(), slot::period("fast_period", 50), slot::period("slow_period", 200)],
    text: "cross_below(sma($x, period=$fast_period), sma($x, period=$slow_period))",
};

/// `cross_above(sma($x, period=$fast_period), sma($x, period=$slow_period))`
pub(super) const CROSS_UP: ConditionBlock = ConditionBlock {
    name: "sma_cross_up",
    side: Some(Side::Long),
    about: "the fast average crosses above the slow one",
    source: "strategy-discovery-engine, Existing Strategies: SimpleSMA and AGoldenCross; our reading",
    slots: || vec![slot::close(), slot::period("fast_period", 50), slot::period("slow_period", 200)],
    text: "cross_above(sma($x, period=$fast_period), sma($x, period=$slow_period))",
};
