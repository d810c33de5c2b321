//! So many units that a fall by so many average true ranges costs a share of equity. The limit, a quarter of equity as
//! in the seed, is the size's own `limit_frac`. A range of nothing is no size at all.

use crate::catalog::{SizeText, Sizer, slot};
use crate::program::SizeKind;

/// `$risk_frac * equity / ($mult * atr(period=$period))`
pub(super) const SIZER: Sizer = Sizer {
    name: "volatility_scaled",
    about: "units that lose a share of equity over a distance in average true ranges",
    source: "strategy-discovery-engine, Phase 3, Position Sizing, volatility_scaled",
    slots: || {
        vec![
            slot::number("risk_frac", 0.0, 1.0, 0.02, "share of equity at risk"),
            slot::atr_mult("mult", 2.0),
            slot::period("period", 14),
        ]
    },
    what: SizeText::Size(SizeKind::Units),
    text: "$risk_frac * equity / ($mult * atr(period=$period))",
};
