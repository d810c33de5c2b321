//! An order as it is written, and what comes with it.

use super::floor::Floor;
use super::order::{Distance, GroupId, Order, OrderId, OrderKind, Quantity, Side, TimeInForce};
use crate::fills::FillTiming;
use crate::ledger::Cause;

/// What a ticket came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// The order.
    pub id: OrderId,
    /// The stop that comes with it.
    pub stop: Option<OrderId>,
    /// The target that comes with it.
    pub target: Option<OrderId>,
    /// The trailing stop that comes with it.
    pub trail: Option<OrderId>,
}

impl From<f64> for Quantity {
    /// Units.
    fn from(units: f64) -> Self {
        Self::Units(units)
    }
}

/// An order as it is written; [`Ticket::place`] places it.
#[must_use = "an order is placed by `place`"]
pub struct Ticket<'d, 'a> {
    floor: &'d mut Floor<'a>,
    order: Order,
    stop: Option<f64>,
    target: Option<f64>,
    trail: Option<Distance>,
}

impl<'d, 'a> Ticket<'d, 'a> {
    pub(super) fn new(floor: &'d mut Floor<'a>, order: Order) -> Self {
        Self { floor, order, stop: None, target: None, trail: None }
    }

    /// At this price or better.
    pub fn limit(mut self, price: f64) -> Self {
        self.order.kind = OrderKind::Limit { price };
        self
    }

    /// Once this price is met.
    pub fn stop(mut self, price: f64) -> Self {
        self.order.kind = OrderKind::Stop { price };
        self
    }

    /// A limit, once a price is met.
    pub fn stop_limit(mut self, stop: f64, limit: f64) -> Self {
        self.order.kind = OrderKind::StopLimit { stop, limit };
        self
    }

    /// A stop that follows the best price from now on.
    pub fn trail(mut self, by: Distance) -> Self {
        self.order.kind = OrderKind::Trail { by, best: None };
        self
    }

    /// At the market, at this time instead of the broker's.
    pub fn at(mut self, timing: FillTiming) -> Self {
        self.order.kind = OrderKind::Market { timing: Some(timing) };
        self
    }

    /// For so long.
    pub fn during(mut self, tif: TimeInForce) -> Self {
        self.order.tif = tif;
        self
    }

    /// As one of a group.
    pub fn one_of(mut self, group: GroupId) -> Self {
        self.order.oco = Some(group);
        self
    }

    /// As one of a package, as the legs of a structure are; what comes with it is of the package too.
    pub fn in_package(mut self, package_id: u64) -> Self {
        self.order.package_id = package_id;
        self
    }

    /// It closes and never opens.
    pub fn reduce_only(mut self) -> Self {
        self.order.reduce_only = true;
        self
    }

    /// Why, as the ledger tells it.
    pub fn because(mut self, cause: Cause) -> Self {
        self.order.cause = cause;
        self
    }

    /// With a stop that closes what it opened.
    pub fn stop_loss(mut self, price: f64) -> Self {
        self.stop = Some(price);
        self
    }

    /// With a limit that closes what it opened.
    pub fn take_profit(mut self, price: f64) -> Self {
        self.target = Some(price);
        self
    }

    /// With a trailing stop that closes what it opened, and hangs from the price of the fill.
    pub fn trailing_stop(mut self, by: Distance) -> Self {
        self.trail = Some(by);
        self
    }

    /// Places it, and what comes with it.
    pub fn place(self) -> Placed {
        let Self { floor, order, stop, target, trail } = self;
        let id = floor.submit(order);
        let n = [stop.is_some(), target.is_some(), trail.is_some()].into_iter().filter(|x| *x).count();
        let oco = if n > 1 { Some(floor.group()) } else { None };
        let side = Side::of(-order.side.sign());
        let child = |kind, cause| Order {
            side,
            quantity: Quantity::All,
            kind,
            tif: TimeInForce::Gtc,
            oco,
            parent: Some(id),
            reduce_only: true,
            from_flat: false,
            cause,
            ..order
        };
        let stop = stop.map(|price| floor.submit(child(OrderKind::Stop { price }, Cause::Stop)));
        let target = target.map(|price| floor.submit(child(OrderKind::Limit { price }, Cause::Target)));
        let trail = trail.map(|by| floor.submit(child(OrderKind::Trail { by, best: None }, Cause::Trail)));
        Placed { id, stop, target, trail }
    }
}
