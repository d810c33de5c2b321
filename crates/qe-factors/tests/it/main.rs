//! The contract and the goldens of every indicator.

mod contract;
mod golden;
mod plan;
