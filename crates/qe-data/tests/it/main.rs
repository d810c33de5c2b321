//! The crate as its users see it: files in, arrays and frames out.
#![cfg(feature = "frame")]
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its input should stop")]

mod bad;
mod csv;
mod frames;
mod golden;
mod hostile;
mod load;
mod real;
mod resampling;
mod sample;
