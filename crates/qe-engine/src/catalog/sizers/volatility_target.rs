//! A share of equity that has a volatility of its own, were it to go on as in the last bars.

use crate::catalog::{SizeText, Sizer, slot};
use crate::program::SizeKind;

/// `$annual / hv($x, period=$period, periods_per_year=$periods_per_year)`
pub(super) const SIZER: Sizer = Sizer {
    name: "volatility_target",
    about: "the share of equity at which the position has this annual volatility",
    source: "our own: volatility target",
    slots: || {
        vec![
            slot::number("annual", 0.0, 10.0, 0.1, "volatility of the position a year, as a fraction"),
            slot::close(),
            slot::period_from("period", 2, 20),
        ]
    },
    what: SizeText::Size(SizeKind::Fraction),
    text: "$annual / hv($x, period=$period, periods_per_year=$periods_per_year)",
};
