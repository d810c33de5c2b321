//! Tests of the crate from outside.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its input should stop")]

mod against_naive;
mod blackouts;
mod broker;
mod catalog;
mod costs;
mod detail;
mod diff;
#[cfg(feature = "frame")]
mod frames;
mod lanes;
mod leak;
mod limits;
mod live;
mod metrics;
mod naive;
mod peers;
mod points;
mod policies;
mod portfolio;
mod properties;
mod random;
mod regressions;
mod results;
mod sleeves;
mod spec;
mod spec_strategy;
#[cfg(feature = "frame")]
mod stored_files;
mod strategies;
mod support;
mod sweep;
mod symbols;
mod traps;
mod universe;
mod vector;
