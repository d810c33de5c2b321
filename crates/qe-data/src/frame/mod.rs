//! Where dataframes come in and go out: lazy scans, `LazyFrame` and `DataFrame` on either side, Arrow record batches.
//!
//! This is the only module of the crate that names polars or Arrow. Frames here have one shape: `symbol` (text), `ts`
//! and `available` (nanoseconds UTC: when a row opened and when it was complete), then numbers.
//!
//! What is copied: a column of doubles without nulls, in one chunk, is shared with polars or Arrow in both directions.
//! Everything else is copied once: other types, several chunks, nulls (which become NaN), text and booleans.

mod arrow;
mod asof;
mod convert;
mod csv;
mod explain;
mod loader;
mod names;
mod normalise;
mod outcomes;
mod resample;
mod store;
mod wide;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use polars::prelude::*;

use crate::error::{Error, Result};

pub use arrow::{
    bars_to_batch, columns_from_batch, columns_to_batch, outcomes_to_batch, points_from_batch, points_to_batch,
};
pub use asof::asof_join;
pub use convert::{
    bars_from_frame, bars_to_frame, columns_from_frame, columns_to_frame, dated_to_frame, numbers, tables_to_frame,
    ticks_to_frame, times,
};
pub use loader::{Dataset, Loader, ParquetLoader, Table};
pub use outcomes::outcomes_to_frame;
pub use resample::{resample_bars, resample_trades};
pub use store::{
    Partition, StoreOptions, Unfinished, check_savable, is_savable, leftovers, save, store, store_frame, write_whole,
};
pub use wide::{chain_from_frame, chain_to_frame, panel_to_frame};

/// The column that says whose row it is.
pub const SYMBOL: &str = "symbol";

/// The column that says when a row opened.
pub const TS: &str = "ts";

/// The column that says when a row was complete.
pub const AVAILABLE: &str = "available";

/// The type of [`TS`] and [`AVAILABLE`].
pub fn time_type() -> DataType {
    DataType::Datetime(TimeUnit::Nanoseconds, Some(polars::prelude::TimeZone::UTC))
}

/// Runs a query on the streaming engine. A panic inside the dataframe library comes back as an error.
pub(crate) fn collect(lf: LazyFrame, place: &str) -> Result<DataFrame> {
    let run = || lf.collect_with_engine(Engine::Streaming).map(|result| result.unwrap_single());
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(result) => result.map_err(|e| frame_error(place, &e)),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            let reason = format!("the reader broke down: {}", text.unwrap_or("no reason given"));
            Err(Error::Frame { place: place.to_owned(), reason: Arc::from(reason.as_str()) })
        }
    }
}

/// What the dataframe library said, as an error of ours.
pub(crate) fn frame_error(place: &str, error: &PolarsError) -> Error {
    match error {
        PolarsError::Context { error, .. } | PolarsError::ExprContext { error, .. } => frame_error(place, error),
        PolarsError::IO { error, .. } if error.kind() != std::io::ErrorKind::Other => Error::io("read", place, error),
        _ => Error::Frame { place: place.to_owned(), reason: Arc::from(error.to_string().as_str()) },
    }
}
