//! Positions to performance: strategy specs, fills, costs, simulation, ledger, trades, metrics.

pub mod aligned;
pub mod batch;
pub mod blocks;
pub mod broker;
pub mod cache;
pub mod catalog;
mod compile;
pub mod costs;
mod deal;
pub mod diff;
pub mod error;
mod expand;
pub mod fills;
#[cfg(feature = "frame")]
pub mod frame;
mod identity;
pub mod inputs;
pub mod leak;
pub mod ledger;
pub mod live;
pub mod market;
mod masks;
pub mod metrics;
mod mind;
mod need;
pub mod outcome;
pub mod portfolio;
pub mod program;
pub mod range;
pub mod results;
pub mod run;
mod sim;
pub mod spec;
pub mod strategies;
pub mod sweep;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod trades;
mod units;
pub mod vector;

pub use compile::SpecExpression;
pub use error::{Error, Result};
pub use spec::StrategySpec;
