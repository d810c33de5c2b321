//! Tests of the crate from outside.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its input should stop")]

mod catalog;
mod metrics;
mod points;
mod spec;
mod strategies;
mod support;
mod sweep;
