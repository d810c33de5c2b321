//! The event-driven broker: orders, fills and accounts for what a strategy's data cannot say.
//!
//! Its contract is docs/broker.md. Where a rule is that of strategies that are data, the code is theirs: [`crate::fills`],
//! [`crate::costs`], [`crate::program::Size`].

mod order;

pub use order::{Distance, GroupId, Order, OrderId, OrderKind, Quantity, Side, TimeInForce};
