//! The same amount of money every time.

use crate::catalog::{SizeText, Sizer, slot};
use crate::program::SizeKind;

/// `$value`
pub(super) const SIZER: Sizer = Sizer {
    name: "fixed_value",
    about: "an amount of money",
    source: "our own: fixed value",
    slots: || vec![slot::number("value", 0.0, 1e12, 1000.0, "money")],
    what: SizeText::Size(SizeKind::Value),
    text: "$value",
};
