//! Positions to performance: strategy specs, fills, costs, simulation, ledger, trades, metrics.

pub mod batch;
pub mod costs;
pub mod error;
pub mod fills;
pub mod ledger;
pub mod market;
pub mod metrics;
pub mod program;
pub mod range;
mod sim;
pub mod trades;

pub use error::{Error, Result};
