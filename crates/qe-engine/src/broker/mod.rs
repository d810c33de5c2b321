//! The event-driven broker: orders, fills and accounts for what a strategy's data cannot say.
//!
//! Its contract is docs/broker.md. Where a rule is that of strategies that are data, the code is theirs: [`crate::fills`],
//! [`crate::costs`], [`crate::program::Size`].

mod account;
mod data;
mod desk;
mod due;
mod floor;
mod order;
mod paper;
mod path;
mod place;
pub(crate) mod player;
mod purse;
mod report;
mod run;
mod settle;
mod spec;
mod strategy;
mod walk;

pub use data::SpecStrategy;
pub use desk::{Desk, OpenOrder, Placed, Position, Ticket};
pub use order::{Distance, GroupId, Order, OrderId, OrderKind, Quantity, Side, TimeInForce};
pub use paper::{PaperOrder, PaperPoint, PaperReport, PaperTrade};
pub use purse::Moved;
pub use report::{BrokerReport, MarginCall, Noted, OrderRecord, OrderState, Ruin};
pub use run::run;
pub use spec::{Processing, Spec};
pub use strategy::{Bar, BarStrategy, Filled, Seen, Update, What};
