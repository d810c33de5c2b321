//! The event-driven broker against its contract, docs/broker.md.

mod account;
mod hostile;
mod orders;
mod paper;
mod support;
