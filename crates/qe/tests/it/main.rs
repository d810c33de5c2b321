//! The facade from outside: the command as its users run it, and the pages that the library makes.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its input should stop")]

#[cfg(feature = "cli")]
mod backtest;
#[cfg(feature = "cli")]
mod command;
#[cfg(feature = "cli")]
mod completions;
#[cfg(feature = "cli")]
mod demo;
#[cfg(feature = "cli")]
mod expr;
#[cfg(feature = "cli")]
mod given;
mod page;
#[cfg(feature = "cli")]
mod portfolio;
#[cfg(feature = "cli")]
mod reads;
#[cfg(feature = "cli")]
mod stored;
