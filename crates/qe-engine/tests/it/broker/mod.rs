//! The event-driven broker against its contract, docs/broker.md.

mod orders;
mod support;
