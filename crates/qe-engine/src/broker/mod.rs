//! The event-driven broker: orders, fills and accounts for what a strategy's data cannot say.
//!
//! Its contract is docs/broker.md. Where a rule is that of strategies that are data, the code is theirs: [`crate::fills`],
//! [`crate::costs`], [`crate::program::Size`].

mod account;
mod book;
mod choice;
mod clock;
mod data;
mod date;
mod desk;
mod dry;
mod due;
mod floor;
mod gap;
mod margin;
mod order;
mod paper;
mod path;
mod place;
pub(crate) mod player;
mod purse;
mod report;
mod run;
mod seen;
mod session;
mod settle;
mod spec;
mod strategy;
mod ticket;
mod walk;
mod ways;
mod weigh;

pub use data::SpecStrategy;
pub use desk::{Desk, OpenOrder, Position};
pub use order::{Distance, GroupId, Order, OrderId, OrderKind, Quantity, Side, TimeInForce};
pub use paper::{PaperOrder, PaperPoint, PaperReport, PaperTrade};
pub use purse::Moved;
pub use report::{BrokerReport, MarginCall, Noted, OrderRecord, OrderState};
pub use run::run;
pub use seen::{Bar, Seen};
pub use spec::{Processing, Spec};
pub use strategy::{BarStrategy, Filled, Update, What};
pub use ticket::{Placed, Ticket};
