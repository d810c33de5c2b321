//! What is kept of runs: one schema of metrics, the trade log as a table, names of files, and the record of a run.
//!
//! Everything here is plain data: [`Table`] is columns with gaps, and what writes it as Parquet stands elsewhere. A row of
//! metrics made from a run and one made from a sweep's outcome have the same columns, and in those that both know the same
//! bits. `docs/results.md` lists every column.

mod manifest;
mod metrics_table;
mod name;
mod row;
mod schema;
mod table;
mod trade_log;
mod undefined;

pub use manifest::{MANIFEST_VERSION, RunManifest, StoredOptions};
pub use metrics_table::MetricsTable;
pub use name::{FileNames, file_name, file_names};
pub use schema::{SCHEMA_VERSION, SchemaColumn, column, schema};
pub use table::{Column, Dtype, Table, Values};
pub use trade_log::trade_log;
