//! What a strategy may ask of the broker.
//!
//! Reference: docs/broker.md, "Orders".

use serde::{Deserialize, Serialize};

use crate::fills::FillTiming;
use crate::ledger::Cause;
use crate::program::SizeKind;

/// An order, by the order in which orders were placed, from 1 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OrderId(pub u64);

/// Orders of which one that is filled cancels the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GroupId(pub u64);

/// Whether it buys or sells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// It buys.
    Buy,
    /// It sells.
    Sell,
}

impl Side {
    /// 1 for buying, -1 for selling.
    #[inline]
    pub fn sign(self) -> f64 {
        match self {
            Self::Buy => 1.0,
            Self::Sell => -1.0,
        }
    }

    /// Of a sign: what is below 0 sells.
    #[inline]
    pub fn of(sign: f64) -> Self {
        if sign < 0.0 { Self::Sell } else { Self::Buy }
    }
}

/// How much. Targets and `All` find the side by themselves: an order whose side they are not is over, with a record.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// Units.
    Units(f64),
    /// Money, costs included.
    Value(f64),
    /// A fraction of worth at the fill, costs included.
    Fraction(f64),
    /// A size with its bounds, as a strategy's.
    Sized {
        /// The number.
        size: f64,
        /// What it counts.
        kind: SizeKind,
        /// A position's value is at most this share of worth; infinite for no limit.
        limit_frac: f64,
        /// Units come in multiples of this; 0 for any number.
        lot: f64,
        /// A smaller number of units is not traded.
        min_units: f64,
    },
    /// So many units are to be held, below 0 short.
    TargetUnits(f64),
    /// So much money's worth is to be held, below 0 short.
    TargetValue(f64),
    /// This share of worth is to be held, below 0 short, once the trade is paid.
    TargetWeight(f64),
    /// All that is held.
    All,
}

impl Quantity {
    /// Whether it is told by what is held when it is filled.
    pub(crate) fn follows_position(self) -> bool {
        matches!(self, Self::All | Self::TargetUnits(_) | Self::TargetValue(_) | Self::TargetWeight(_))
    }
}

/// At what price it is filled.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderKind {
    /// At the market, at its time: the broker's timing where it has none of its own.
    Market {
        /// When.
        timing: Option<FillTiming>,
    },
    /// At this price or better.
    Limit {
        /// The price.
        price: f64,
    },
    /// At the market once this price is met.
    Stop {
        /// The price.
        price: f64,
    },
    /// A limit once a price is met.
    StopLimit {
        /// The price that is to be met.
        stop: f64,
        /// The worst price.
        limit: f64,
    },
    /// A stop that follows the best price since it was placed.
    Trail {
        /// How far.
        by: Distance,
        /// The best price before it was placed, from which it hangs; `None` for the price of the moment.
        best: Option<f64>,
    },
}

/// How far a trailing stop follows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distance {
    /// In points of the price.
    Price(f64),
    /// As a fraction of the best price.
    Fraction(f64),
}

/// How long it is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeInForce {
    /// Until it is filled or cancelled.
    #[default]
    Gtc,
    /// Up to an instant, nanoseconds UTC.
    Gtd(i64),
    /// In so many bars of its market after the one in which it was placed.
    Bars(u32),
    /// Up to the end of the session.
    Day,
    /// At its first price; the rest is cancelled.
    Ioc,
    /// At its first price, all or nothing.
    Fok,
    /// At the first open of the next session.
    AtOpen,
    /// At the last close of the session.
    AtClose,
}

impl TimeInForce {
    /// Whether it is over after its first price, whatever was filled there.
    #[inline]
    pub(crate) fn is_once(self) -> bool {
        self.is_at_first() || matches!(self, Self::AtOpen | Self::AtClose)
    }

    /// Whether its first price is the first there is.
    #[inline]
    pub(crate) fn is_at_first(self) -> bool {
        matches!(self, Self::Ioc | Self::Fok)
    }
}

/// An order as it is placed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// The market, by its place among the broker's.
    pub market: u32,
    /// Whether it buys or sells.
    pub side: Side,
    /// How much.
    pub quantity: Quantity,
    /// At what price.
    pub kind: OrderKind,
    /// How long.
    pub tif: TimeInForce,
    /// The group of which one cancels the others.
    pub oco: Option<GroupId>,
    /// The order that must be filled before this one is awake; it is as large as what was filled of that.
    pub parent: Option<OrderId>,
    /// It closes and never opens.
    pub reduce_only: bool,
    /// It opens, and is not met while something is held.
    pub from_flat: bool,
    /// Why it was placed, as ledgers tell it.
    pub cause: Cause,
    /// How strong the signal was; NaN where nobody asks.
    pub strength: f64,
    /// What belongs together, as the legs of a structure: its fills say it in the ledger; 0 for nothing.
    #[serde(default)]
    pub package_id: u64,
}

impl Order {
    /// An order at the market, by the broker's timing.
    pub fn market(market: u32, side: Side, quantity: Quantity) -> Self {
        Self {
            market,
            side,
            quantity,
            kind: OrderKind::Market { timing: None },
            tif: TimeInForce::Gtc,
            oco: None,
            parent: None,
            reduce_only: false,
            from_flat: false,
            cause: Cause::Entry,
            strength: f64::NAN,
            package_id: 0,
        }
    }

    /// As it is, of another kind.
    #[must_use]
    pub fn of(self, kind: OrderKind) -> Self {
        Self { kind, ..self }
    }

    /// As it is, for as long.
    #[must_use]
    pub fn during(self, tif: TimeInForce) -> Self {
        Self { tif, ..self }
    }
}
