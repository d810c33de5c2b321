//! The weight to hold in every row, instead of entries and exits: above 0 long, below 0 short.

use crate::catalog::{SizeText, Sizer, Slot};

/// `$weight`
pub(super) const SIZER: Sizer = Sizer {
    name: "target_weight",
    about: "the share of equity to hold, in every row",
    source: "research-backtester 3.3, Position Shift",
    slots: || {
        vec![Slot::Series { name: "weight", default: None, doc: "the share of equity, below 0 for a short position" }]
    },
    what: SizeText::Weight,
    text: "$weight",
};
