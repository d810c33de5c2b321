//! The same share of equity every time.

use crate::catalog::{SizeText, Sizer, slot};
use crate::program::SizeKind;

/// `$frac`
pub(super) const SIZER: Sizer = Sizer {
    name: "fixed_fraction",
    about: "a share of equity",
    source: "strategy-discovery-engine, Phase 3, Position Sizing, fixed_pct",
    slots: || vec![slot::number("frac", 0.0, 10.0, 0.25, "share of equity")],
    what: SizeText::Size(SizeKind::Fraction),
    text: "$frac",
};
