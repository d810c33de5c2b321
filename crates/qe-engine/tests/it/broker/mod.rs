//! The event-driven broker against its contract, docs/broker.md.

mod account;
mod conserve;
mod contracts;
mod hostile;
mod instants;
mod late;
mod orders;
mod paper;
mod parts;
mod sessions;
mod shapes;
pub(crate) mod support;
mod told;
