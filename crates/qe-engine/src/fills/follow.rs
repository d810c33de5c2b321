//! The bars along which a row is walked, and what they fill of the orders that close a whole position.

use super::{Entered, Hit, PathPolicy, Resting, Touched, hit_or_other};
use crate::market::{Fine, Market};

/// The bars along which a row is walked: those of a lower timeframe, or the row's own.
pub(crate) enum Within<'a> {
    Own(Touched),
    Fine(Fine<'a>),
}

impl<'a> Within<'a> {
    #[inline]
    pub(crate) fn new(market: &'a Market, row: usize, own: Touched, policy: PathPolicy) -> Self {
        let fine = match policy {
            PathPolicy::LowerTimeframe => market.fine(row),
            _ => None,
        };
        fine.map_or(Self::Own(own), Self::Fine)
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Own(_) => 1,
            Self::Fine(fine) => fine.len(),
        }
    }

    #[inline]
    pub(crate) fn bar(&self, at: usize) -> Touched {
        match self {
            Self::Own(bar) => *bar,
            Self::Fine(fine) => fine.bar(at),
        }
    }

    /// When what is filled in one of them is known, if that is known better than by the row.
    #[inline]
    pub(crate) fn time(&self, at: usize) -> Option<i64> {
        match self {
            Self::Own(_) => None,
            Self::Fine(fine) => Some(fine.available(at)),
        }
    }
}

/// What a row filled of the orders that rest to close a position.
pub(crate) struct Followed {
    /// The fill, and in which of the row's bars it was.
    pub(crate) hit: Option<(Hit, usize)>,
    /// Whether some bar on the way did not say which of two ways it went.
    pub(crate) is_undecided: bool,
}

/// Follows what rests along the bars of a row from one of them on, in which the position was entered as `orders` say; with
/// `other`, along the order of prices that the policy does *not* choose.
#[inline]
pub(crate) fn follow(bars: &Within<'_>, from: usize, mut orders: Resting, policy: PathPolicy, other: bool) -> Followed {
    let (side, mut is_undecided) = (orders.side, false);
    for at in from..bars.len() {
        let bar = bars.bar(at);
        let hit = if may_be_met(&orders, bar) { hit_or_other(bar, orders, policy, other) } else { Err(false) };
        // What follows hangs on the best so far: of the bar of an entry within it that is its close.
        let is_whole = matches!(orders.entered, Entered::Before | Entered::AtOpen);
        orders.best = match (side > 0.0, is_whole) {
            (true, true) => orders.best.max(bar.high),
            (false, true) => orders.best.min(bar.low),
            (true, false) => orders.best.max(bar.close),
            (false, false) => orders.best.min(bar.close),
        };
        // What the entry's price is beyond already does not rest in this row at all.
        match orders.entered {
            Entered::AtOpen => not_beyond(&mut orders, bar.open),
            Entered::ByLimit(price) | Entered::ByStop(price) => not_beyond(&mut orders, price),
            Entered::Before => {}
        }
        orders.entered = Entered::Before;
        is_undecided |= matches!(hit, Err(true) | Ok(Hit { is_ambiguous: true, .. }));
        if let Ok(hit) = hit {
            return Followed { hit: Some((hit, at)), is_undecided };
        }
    }
    Followed { hit: None, is_undecided }
}

/// Whether a bar may meet one of them.
#[inline]
pub(crate) fn may_be_met(orders: &Resting, bar: Touched) -> bool {
    let (below, above) = if orders.side > 0.0 { (orders.stop, orders.target) } else { (orders.target, orders.stop) };
    bar.low <= below || bar.high >= above || !orders.trail.is_nan()
}

/// Takes out those that a price is at or beyond already.
#[inline]
fn not_beyond(orders: &mut Resting, price: f64) {
    let side = orders.side;
    if side * price <= side * orders.stop {
        orders.stop = f64::NAN;
    }
    if side * price >= side * orders.target {
        orders.target = f64::NAN;
    }
}
