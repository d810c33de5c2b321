//! Numbers from data: indicators, an expression language, and plans that compute many expressions at once.

pub mod computer;
pub mod error;
pub mod expr;
#[cfg(feature = "frame")]
pub mod frame;
pub mod indicators;
pub mod kernel;
pub mod learned;
pub mod ops;
pub mod plan;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use error::{Error, Result};
