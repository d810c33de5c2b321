//! The vocabulary of Quant Engine: what every other crate of the workspace speaks in, and nothing else.
//!
//! No dataframe library, no file and no network is behind it; a service that embeds it compiles about forty
//! small crates. Numbers are `f64`, times are `i64` nanoseconds UTC, and NaN is the one missing value.

pub mod bars;
pub mod black;
pub mod calendar;
pub mod chain;
pub mod clock;
pub mod columns;
pub mod compare;
pub mod error;
pub mod eval;
pub mod exact;
pub mod fit;
pub mod ident;
pub mod instrument;
pub mod lanes;
pub mod panel;
pub mod par;
pub mod param;
pub mod places;
pub mod point;
pub mod rng;
pub mod stats;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod ticks;
pub mod time;
pub mod timeframe;
pub mod wide;
pub mod zone;

pub use error::{Error, Result};

/// The example of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
