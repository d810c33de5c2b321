//! Getting market data in: what to load, scanning it lazily, bringing it to one shape, checking it, and knowing it
//! again by its contents. And markets to work on where there are no data: simulated ones of known properties.
//!
//! Everything that names a dataframe library lives in `frame`, behind the feature of that name, which is on by
//! default. Without it this crate is kernels over slices.

pub mod adjust;
#[cfg(feature = "frame")]
mod arrange;
pub mod asof;
pub mod cache;
mod csv;
pub mod error;
pub mod events;
pub mod identity;
pub mod labels;
pub mod layout;
pub mod market;
pub mod quality;
pub mod resample;
pub mod spec;
pub mod stamp;

#[cfg(feature = "frame")]
pub mod frame;

pub use error::{Error, Result};
pub use spec::DataSpec;

/// The example of the README, compiled.
#[cfg(all(doctest, feature = "frame"))]
#[doc = include_str!("../README.md")]
struct Readme;
