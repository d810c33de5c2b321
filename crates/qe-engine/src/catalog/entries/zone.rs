//! Zone state machines: a series has been in a zone, and passes a trigger on its way out. What has been is remembered
//! by `latch`, for as long as it takes; the signal is one bar long and clears the memory.

use crate::catalog::{ConditionBlock, Slot, slot};
use crate::spec::Side;

/// `latch($x < $zone, $x > $trigger)[1] and $x > $trigger`
pub(super) const EXIT_LONG: ConditionBlock = ConditionBlock {
    name: "zone_exit_long",
    side: Some(Side::Long),
    about: "a series that has been below the zone rises above the trigger",
    source: "strategy-discovery-engine, Existing Strategies, zone-based state machines; our reading",
    slots: || {
        vec![
            Slot::Series { name: "x", default: None, doc: "an oscillator" },
            slot::number("zone", -1e6, 1e6, 20.0, "beyond it the zone begins"),
            slot::number("trigger", -1e6, 1e6, 25.0, "passing it is the signal"),
        ]
    },
    text: "latch($x < $zone, $x > $trigger)[1] and $x > $trigger",
};

/// `latch($x > $zone, $x < $trigger)[1] and $x < $trigger`
pub(super) const EXIT_SHORT: ConditionBlock = ConditionBlock {
    name: "zone_exit_short",
    side: Some(Side::Short),
    about: "a series that has been above the zone falls below the trigger",
    source: "strategy-discovery-engine, Existing Strategies, zone-based state machines; our reading",
    slots: || {
        vec![
            Slot::Series { name: "x", default: None, doc: "an oscillator" },
            slot::number("zone", -1e6, 1e6, 80.0, "beyond it the zone begins"),
            slot::number("trigger", -1e6, 1e6, 75.0, "passing it is the signal"),
        ]
    },
    text: "latch($x > $zone, $x < $trigger)[1] and $x < $trigger",
};
