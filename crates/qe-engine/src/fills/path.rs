//! In which order a bar visits its prices, and which resting order it fills.
//!
//! A bar tells four prices, not their order. Each policy is one of the two orders `O H L C` and `O L H C`, or a choice
//! between them. Orders that rest in the market are followed along the path exactly: a trailing stop ratchets on the way up
//! and is tested on the way down.
//!
//! Rules: a stop fills at its level, or at the open where that gaps through it (the worse of the two). A limit fills at its
//! price, or at the open where that gaps in its favour, never worse than its price. NaN rule: a level that is missing does
//! not rest; a bar with a missing price fills nothing.
//! Reference: the rules are our own, NUMERICS "Traps"; golden cases: O100 H102 L96 C99 with a 5 % trail is hit at 96.9 when
//! the high comes first, and not hit when the low does; long from 100, stop 97.5, next open 85 fills at 85.

use serde::{Deserialize, Serialize};

/// How the order of prices within a bar is decided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PathPolicy {
    /// The order that is worse for the position in that bar.
    #[default]
    Pessimistic,
    /// The order that is better for the position in that bar.
    Optimistic,
    /// Open, high, low, close.
    OpenHighLowClose,
    /// Open, low, high, close.
    OpenLowHighClose,
    /// The extreme that is nearer to the open comes first; pessimistic where both are equally near.
    NearestExtreme,
    /// Along the bars of a lower timeframe, of which the market's are made; pessimistic within those, and where there are none.
    LowerTimeframe,
}

impl PathPolicy {
    /// All policies that need nothing but the bar: all but `lower_timeframe`.
    pub const ALL: [Self; 5] =
        [Self::Pessimistic, Self::Optimistic, Self::OpenHighLowClose, Self::OpenLowHighClose, Self::NearestExtreme];
}

/// The prices of a bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Touched {
    /// The first price.
    pub open: f64,
    /// The highest.
    pub high: f64,
    /// The lowest.
    pub low: f64,
    /// The last.
    pub close: f64,
}

impl Touched {
    /// Whether none of them is missing.
    pub(crate) fn is_whole(&self) -> bool {
        [self.open, self.high, self.low, self.close].iter().all(|x| x.is_finite())
    }
}

/// How a position came to be open in a bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Entered {
    /// In an earlier bar.
    Before,
    /// At the bar's own open. A level that lies beyond the open already does not rest in this bar.
    AtOpen,
    /// In the bar, by a limit at this price: on the way to the unfavourable end.
    ByLimit(f64),
    /// In the bar, by a stop at this price: on the way to the favourable end.
    ByStop(f64),
}

/// What rests in the market to close a position. A level that is missing does not rest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resting {
    /// 1 for a long position, -1 for a short one.
    pub side: f64,
    /// A stop at a price.
    pub stop: f64,
    /// A target at a price.
    pub target: f64,
    /// A stop that follows the best price at this distance.
    pub trail: f64,
    /// The best price before this bar, from which the trailing stop hangs; missing in the bar of the entry.
    pub best: f64,
    /// Since when the position is open.
    pub entered: Entered,
}

/// What a bar filled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// At what price, before costs.
    pub price: f64,
    /// What was filled.
    pub what: Exit,
    /// Whether the other order of prices would have ended the bar otherwise.
    pub is_ambiguous: bool,
    /// Whether it was filled by the bar's first price.
    pub is_at_open: bool,
    /// Whether the high comes first on the way that was taken.
    pub(crate) is_high_first: bool,
    /// How many of the bar's prices are still ahead, with the high first and with the low first.
    pub(crate) n_ahead: [u8; 2],
}

/// Which of the resting orders was filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The stop.
    Stop,
    /// The target.
    Target,
    /// The trailing stop.
    Trail,
}

/// What a bar fills of the orders that rest to close a position: `Err(is_ambiguous)` if nothing is filled.
pub fn first_hit(bar: Touched, orders: Resting, policy: PathPolicy) -> Result<Hit, bool> {
    hit_or_other(bar, orders, policy, false)
}

/// As [`first_hit`]; with `other`, along the order of prices that the policy does *not* choose.
pub(crate) fn hit_or_other(bar: Touched, orders: Resting, policy: PathPolicy, other: bool) -> Result<Hit, bool> {
    // Prices are turned so that the position is long: up is favourable.
    let s = orders.side;
    let (open, close) = (s * bar.open, s * bar.close);
    let (high, low) = if s > 0.0 { (bar.high, bar.low) } else { (-bar.low, -bar.high) };
    if !(open.is_finite() && high.is_finite() && low.is_finite() && close.is_finite()) {
        return Err(false);
    }
    let (stop, target) = (s * orders.stop, s * orders.target);
    let (up, down) = match orders.entered {
        Entered::Before | Entered::AtOpen => {
            let is_new = orders.entered == Entered::AtOpen;
            let start = Start { stop, target, trail: orders.trail, best: s * orders.best, is_new };
            (start.walk([open, high, low, close]), start.walk([open, low, high, close]))
        }
        Entered::ByLimit(price) => {
            let start = Start { stop, target, trail: orders.trail, best: f64::NAN, is_new: true };
            let price = s * price;
            (start.walk([price, low, close]), start.walk([price, low, high, close]))
        }
        Entered::ByStop(price) => {
            let start = Start { stop, target, trail: orders.trail, best: f64::NAN, is_new: true };
            let price = s * price;
            (start.walk([price, high, low, close]), start.walk([price, high, close]))
        }
    };
    let worth = |hit: Option<Met>| hit.map_or(close, |met| met.price);
    let is_high_first = match policy {
        PathPolicy::Pessimistic | PathPolicy::LowerTimeframe => worth(up) <= worth(down),
        PathPolicy::Optimistic => worth(up) >= worth(down),
        // Along the market's own prices: for a short position the high is the unfavourable end.
        PathPolicy::OpenHighLowClose => s > 0.0,
        PathPolicy::OpenLowHighClose => s < 0.0,
        PathPolicy::NearestExtreme => {
            let (to_high, to_low) = (high - open, open - low);
            if to_high == to_low { worth(up) <= worth(down) } else { to_high < to_low }
        }
    };
    let what = |met: Option<Met>| met.map(|met| (met.price, met.what, met.is_at_open));
    let is_ambiguous = what(up) != what(down);
    let is_up = is_high_first != other;
    match if is_up { up } else { down } {
        Some(Met { price, what, is_at_open, .. }) => {
            let n_ahead = [up, down].map(|met| met.map_or(0, |met| met.n_ahead));
            // Of a short position, up is the way on which the low comes first.
            let n_ahead = if s > 0.0 { n_ahead } else { [n_ahead[1], n_ahead[0]] };
            Ok(Hit { price: s * price, what, is_ambiguous, is_at_open, is_high_first: is_up == (s > 0.0), n_ahead })
        }
        None => Err(is_ambiguous),
    }
}

/// A fill along one way.
#[derive(Clone, Copy)]
struct Met {
    price: f64,
    what: Exit,
    is_at_open: bool,
    n_ahead: u8,
}

/// The orders where a path begins, prices turned so that the position is long.
#[derive(Clone, Copy)]
struct Start {
    stop: f64,
    target: f64,
    trail: f64,
    best: f64,
    /// Whether the first point of the path is the entry.
    is_new: bool,
}

impl Start {
    /// The first fill along a path, and whether it was at the path's first point.
    fn walk<const N: usize>(mut self, points: [f64; N]) -> Option<Met> {
        if self.is_new {
            self.stop = if points[0] <= self.stop { f64::NAN } else { self.stop };
            self.target = if points[0] >= self.target { f64::NAN } else { self.target };
            self.best = points[0];
        }
        for (i, &to) in points.iter().enumerate().skip(usize::from(self.is_new)) {
            let is_gap = i == 0;
            let met = |level: f64, what: Exit| {
                let price = if is_gap { to } else { level };
                Some(Met { price, what, is_at_open: is_gap, n_ahead: (N - i) as u8 })
            };
            if to >= self.target {
                return met(self.target, Exit::Target);
            }
            let trail = self.best - self.trail;
            // The nearer of the two stops; what is missing is not near.
            let (level, what) =
                if trail > self.stop || self.stop.is_nan() { (trail, Exit::Trail) } else { (self.stop, Exit::Stop) };
            if to <= level {
                return met(level, what);
            }
            self.best = self.best.max(to);
        }
        None
    }
}

/// At what price a limit order is filled in a bar, if it is. `side` is 1 for buying, -1 for selling.
pub fn limit_fill(bar: Touched, side: f64, limit: f64) -> Option<f64> {
    let (open, best) = (side * bar.open, if side > 0.0 { bar.low } else { -bar.high });
    let level = side * limit;
    if open <= level {
        return Some(bar.open);
    }
    (best <= level).then_some(limit)
}

/// At what price a stop order that opens a position is filled in a bar, if it is. `side` is 1 for buying.
pub fn stop_fill(bar: Touched, side: f64, stop: f64) -> Option<f64> {
    let (open, best) = (side * bar.open, if side > 0.0 { bar.high } else { -bar.low });
    let level = side * stop;
    if open >= level {
        return Some(bar.open);
    }
    (best >= level).then_some(stop)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Resting = Resting {
        side: 1.0,
        stop: f64::NAN,
        target: f64::NAN,
        trail: f64::NAN,
        best: f64::NAN,
        entered: Entered::Before,
    };

    fn bar(open: f64, high: f64, low: f64, close: f64) -> Touched {
        Touched { open, high, low, close }
    }

    #[test]
    fn a_trailing_stop_follows_the_declared_path() {
        let b = bar(100.0, 102.0, 96.0, 99.0);
        let orders = Resting { trail: 0.05 * 102.0, entered: Entered::AtOpen, ..LONG };
        let hit = first_hit(b, orders, PathPolicy::OpenHighLowClose).unwrap();
        assert_eq!((hit.price, hit.what, hit.is_ambiguous), (96.9, Exit::Trail, true));
        assert_eq!(first_hit(b, orders, PathPolicy::OpenLowHighClose), Err(true));
        // Out at 96.9 is worse than holding to 99.
        assert!(first_hit(b, orders, PathPolicy::Pessimistic).is_ok());
        assert!(first_hit(b, orders, PathPolicy::Optimistic).is_err());
    }

    #[test]
    fn a_gap_through_a_stop_fills_at_the_open() {
        let orders = Resting { stop: 97.5, ..LONG };
        for policy in PathPolicy::ALL {
            let hit = first_hit(bar(85.0, 86.0, 80.0, 84.0), orders, policy).unwrap();
            assert_eq!((hit.price, hit.is_ambiguous), (85.0, false));
        }
        let short = Resting { side: -1.0, stop: 102.0, ..LONG };
        assert_eq!(first_hit(bar(110.0, 111.0, 109.0, 110.0), short, PathPolicy::Pessimistic).unwrap().price, 110.0);
    }

    #[test]
    fn stop_and_target_in_one_bar_are_the_policy_s() {
        let b = bar(100.0, 106.0, 94.0, 101.0);
        let long = Resting { stop: 95.0, target: 105.0, ..LONG };
        let short = Resting { side: -1.0, stop: 105.0, target: 95.0, ..LONG };
        let price = |orders, policy| first_hit(b, orders, policy).unwrap().price;
        assert_eq!((price(long, PathPolicy::Pessimistic), price(long, PathPolicy::Optimistic)), (95.0, 105.0));
        assert_eq!((price(short, PathPolicy::Pessimistic), price(short, PathPolicy::Optimistic)), (105.0, 95.0));
        assert_eq!(
            (price(long, PathPolicy::OpenHighLowClose), price(long, PathPolicy::OpenLowHighClose)),
            (105.0, 95.0)
        );
        assert_eq!(
            (price(short, PathPolicy::OpenHighLowClose), price(short, PathPolicy::OpenLowHighClose)),
            (105.0, 95.0)
        );
        let near_high = bar(104.0, 106.0, 94.0, 101.0);
        assert_eq!(first_hit(near_high, long, PathPolicy::NearestExtreme).unwrap().price, 105.0);
        assert_eq!(first_hit(near_high, short, PathPolicy::NearestExtreme).unwrap().price, 105.0);
        // Equally near: pessimistic for each side.
        assert_eq!((price(long, PathPolicy::NearestExtreme), price(short, PathPolicy::NearestExtreme)), (95.0, 105.0));
    }

    #[test]
    fn what_lies_beyond_the_entry_s_own_open_does_not_rest_in_that_bar() {
        let orders = Resting { stop: 101.0, entered: Entered::AtOpen, ..LONG };
        assert_eq!(first_hit(bar(100.0, 103.0, 99.0, 102.0), orders, PathPolicy::Pessimistic), Err(false));
        let orders = Resting { stop: 99.5, entered: Entered::AtOpen, ..LONG };
        assert_eq!(first_hit(bar(100.0, 103.0, 99.0, 102.0), orders, PathPolicy::Pessimistic).unwrap().price, 99.5);
    }

    #[test]
    fn a_limit_entry_sees_only_the_rest_of_its_bar() {
        // Bought at 98 on the way down: with the high first, 103 was before the entry.
        let orders = Resting { target: 102.0, entered: Entered::ByLimit(98.0), ..LONG };
        let b = bar(100.0, 103.0, 97.0, 99.0);
        assert_eq!(first_hit(b, orders, PathPolicy::OpenHighLowClose), Err(true));
        assert_eq!(first_hit(b, orders, PathPolicy::OpenLowHighClose).unwrap().price, 102.0);
        // A breakout bought at 102 and stopped at 98: only if the low comes after the high.
        let orders = Resting { stop: 98.0, entered: Entered::ByStop(102.0), ..LONG };
        assert_eq!(first_hit(b, orders, PathPolicy::OpenHighLowClose).unwrap().price, 98.0);
        assert_eq!(first_hit(b, orders, PathPolicy::OpenLowHighClose), Err(true));
    }

    #[test]
    fn a_limit_is_filled_at_its_price_or_better() {
        let b = bar(100.0, 103.0, 97.0, 99.0);
        assert_eq!(limit_fill(b, 1.0, 98.0), Some(98.0));
        assert_eq!(limit_fill(b, 1.0, 101.0), Some(100.0));
        assert_eq!(limit_fill(b, 1.0, 96.0), None);
        assert_eq!(limit_fill(b, -1.0, 102.0), Some(102.0));
        assert_eq!(limit_fill(b, -1.0, 99.0), Some(100.0));
        assert_eq!(stop_fill(b, 1.0, 102.0), Some(102.0));
        assert_eq!(stop_fill(b, 1.0, 99.0), Some(100.0));
        assert_eq!(stop_fill(b, -1.0, 98.0), Some(98.0));
        assert_eq!(stop_fill(b, 1.0, f64::NAN), None);
    }

    #[test]
    fn a_missing_price_fills_nothing() {
        let orders = Resting { stop: 99.0, ..LONG };
        assert_eq!(first_hit(bar(f64::NAN, 100.0, 90.0, 95.0), orders, PathPolicy::Pessimistic), Err(false));
        let none = bar(100.0, 103.0, 97.0, 99.0);
        PathPolicy::ALL.iter().for_each(|p| assert_eq!(first_hit(none, LONG, *p), Err(false)));
    }
}
