//! The crate as its users see it: files in, arrays and frames out.
#![cfg(feature = "frame")]

mod bad;
mod csv;
mod frames;
mod load;
mod resampling;
mod sample;
