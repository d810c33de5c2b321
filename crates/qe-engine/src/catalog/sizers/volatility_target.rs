//! A share of equity that has a volatility of its own, were it to go on as in the last bars.

use qe_core::param::Param;

use crate::catalog::{SizeText, Sizer, Slot, slot};
use crate::program::SizeKind;

/// `$annual / hv($x, period=$period, periods_per_year=$periods_per_year)`
pub(super) const SIZER: Sizer = Sizer {
    name: "volatility_target",
    about: "the share of equity at which the position has this annual volatility",
    source: "issue: volatility target",
    slots: || {
        vec![
            slot::number("annual", 0.0, 10.0, 0.1, "volatility of the position a year, as a fraction"),
            slot::close(),
            Slot::Number(Param::int("period", 2, 1000, 20).log().doc("how many returns it looks at")),
        ]
    },
    what: SizeText::Size(SizeKind::Fraction),
    text: "$annual / hv($x, period=$period, periods_per_year=$periods_per_year)",
};
