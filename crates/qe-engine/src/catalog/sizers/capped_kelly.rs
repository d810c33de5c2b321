//! The growth-optimal share for returns like the last ones, mean over variance, times a multiple, at most a cap. A
//! position against the mean is none at all.
//! Reference: Thorp, The Kelly Criterion in Blackjack, Sports Betting and the Stock Market (2006), 7.

use crate::catalog::{SizeText, Sizer, slot};
use crate::program::SizeKind;

/// The share of equity, by mean and variance.
pub(super) const SIZER: Sizer = Sizer {
    name: "capped_kelly",
    about: "mean over variance of the returns, times a multiple, capped",
    source: "Thorp (2006), over the market's own returns",
    slots: || {
        vec![
            slot::close(),
            slot::period_from("period", 2, 250),
            slot::number("mult", 0.0, 2.0, 0.5, "share of the full Kelly size"),
            slot::number("cap", 0.0, 10.0, 0.25, "the most, as a share of equity"),
        ]
    },
    what: SizeText::Size(SizeKind::Fraction),
    text: "clip($direction * $mult * sma($x / $x[1] - 1, period=$period) / \
           var($x / $x[1] - 1, period=$period), 0, $cap)",
};
