//! Metrics against goldens, and on data that no run should have.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its input should stop")]

mod metrics;
