//! Indicators against goldens, expressions from text to values, the alphas, lazy queries.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its input should stop")]

mod across;
mod alphas;
mod expr_text;
#[cfg(feature = "frame")]
mod frames;
mod golden;
mod hostile;
mod memory;
mod naive;
mod panel_stepper;
mod plan;
mod scopes;
mod scopes_naive;
