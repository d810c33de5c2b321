//! Lazy frames in and out: the engine's vectorised face.
//!
//! [`VectorizedEngine`] takes a lazy query with prices and a signal, by symbol, and gives a lazy query: the aligned frame (signal,
//! position, returns, cost, worth, bar by bar), or a row of metrics for each symbol, for which no series is kept. Sums and products run
//! in the order of the rows in our own pass ([`crate::vector`]); the dataframe library adds nothing up.
//!
//! What a run came to is written by [`write_run`], and its metrics are read by [`read_metrics`].
//!
//! Features come before it, in the same query: [`add_indicators`] by expressions, [`indicator`] and [`bridge`] as
//! expressions of the library for a user's own columns and kernels, [`combine`] from conditions to one signal.

mod engine;
mod results;
mod rows;
mod tell;

use polars::prelude::{Expr, lit, when};
use qe_data::frame::TS;
pub use qe_factors::frame::{indicator, kernel as bridge, with_factors as add_indicators};

pub use engine::VectorizedEngine;
pub use results::{RunFiles, read_metrics, table_to_frame, write_run, write_table, write_text};

use crate::error::Error;

/// One signal of two conditions: 1 where only `long` is true, -1 where only `short` is, 0 where neither is or both are.
/// What is unknown is not true.
pub fn combine(long: Expr, short: Option<Expr>) -> Expr {
    let is_true = |condition: Expr| condition.fill_null(lit(false));
    let (long, short) = (is_true(long), is_true(short.unwrap_or_else(|| lit(false))));
    when(long.clone().and(short.clone().not()))
        .then(lit(1.0))
        .when(short.and(long.not()))
        .then(lit(-1.0))
        .otherwise(lit(0.0))
}

fn lacks(column: &str, what: &str, there: &[String]) -> Error {
    let near = qe_core::error::nearest(column, there.iter().map(String::as_str));
    let mend = match near {
        Some(near) => format!("did you mean {near:?}?"),
        None if column == TS => "give every row its time".into(),
        None => format!("add it to the query; there are {}", there.join(", ")),
    };
    Error::Market { place: format!("column {column:?}"), reason: format!("{what} reads it, and it is not there"), mend }
}

fn frame_error(error: &impl std::fmt::Display) -> Error {
    Error::Market {
        place: "the query".into(),
        reason: error.to_string(),
        mend: "collect it without the engine to see whether it is sound".into(),
    }
}
