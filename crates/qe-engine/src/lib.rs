//! Positions to performance: strategy specs, fills, costs, simulation, ledger, trades, metrics.

pub mod costs;
pub mod error;
pub mod fills;
pub mod metrics;
pub mod program;

pub use error::{Error, Result};
