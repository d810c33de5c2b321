//! Positions to performance: strategy specs, fills, costs, simulation, ledger, trades, metrics.

pub mod error;
pub mod metrics;

pub use error::{Error, Result};
