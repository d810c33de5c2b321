//! The same number of units every time.

use crate::catalog::{SizeText, Sizer, slot};
use crate::program::SizeKind;

/// `$units`
pub(super) const SIZER: Sizer = Sizer {
    name: "fixed_units",
    about: "a number of units",
    source: "our own: fixed units",
    slots: || vec![slot::number("units", 0.0, 1e9, 1.0, "units")],
    what: SizeText::Size(SizeKind::Units),
    text: "$units",
};
