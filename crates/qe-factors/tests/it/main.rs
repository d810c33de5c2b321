//! The contract and the goldens of every indicator.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its input should stop")]

mod alphas;
mod contract;
mod expr_text;
#[cfg(feature = "frame")]
mod frames;
mod golden;
mod plan;
