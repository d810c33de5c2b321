//! Results as Parquet: metrics, the run bar by bar, the trade log; and the record of the run beside them.
//!
//! Every file is written under another name in its folder and then renamed, so that a process that is stopped leaves none
//! that is half there. The record is written last: where it stands, the others stand too.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::prelude::*;
use qe_data::frame::{columns_to_frame, numbers, save, time_type, write_whole};

use crate::error::{Error, Result};
use crate::market::Market;
use crate::results::{
    Column as Kept, Dtype, FileNames, MetricsTable, RunManifest, SCHEMA_VERSION, Table, Values, file_names, schema,
    trade_log,
};
use crate::run::Report;

/// The files of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFiles {
    /// Its metrics, in a row.
    pub metrics: PathBuf,
    /// The run bar by bar.
    pub aligned: PathBuf,
    /// Its trade log.
    pub trades: PathBuf,
    /// What it was made from.
    pub run: PathBuf,
}

impl RunFiles {
    /// Those of a run in a folder, whether they are there or not.
    pub fn of(stored: &RunManifest, folder: &Path) -> Self {
        let FileNames { metrics, aligned, trades, run } = file_names(&stored.identity, stored.asset_class);
        let [metrics, aligned, trades, run] = [metrics, aligned, trades, run].map(|name| folder.join(name));
        Self { metrics, aligned, trades, run }
    }

    /// All of them, in the order in which they are written.
    pub fn all(&self) -> [&Path; 4] {
        [&self.metrics, &self.aligned, &self.trades, &self.run]
    }
}

/// Writes all files of a run into a folder, which is made if it is not there. Files of the same run are replaced, by the
/// same bytes.
///
/// # Errors
/// When the record is of another run, or a file cannot be written.
pub fn write_run(report: &Report, market: &Market, stored: &RunManifest, folder: &Path) -> Result<RunFiles> {
    if stored.identity.run_id != report.identity.run_id {
        let reason = "it is the record of another run";
        return Err(Error::stored("run.json", reason, "give the one that was made from this report"));
    }
    fs::create_dir_all(folder).map_err(|e| unwritten(folder, &e))?;
    let files = RunFiles::of(stored, folder);
    let mut metrics = MetricsTable::new();
    metrics.push_run(report, stored.asset_class)?;
    write_table(&metrics.finish()?, &files.metrics)?;
    save(columns_to_frame(&report.aligned(market)?)?, &files.aligned)?;
    write_table(&trade_log(&report.trades)?, &files.trades)?;
    write_text(&stored.to_json()?, &files.run)?;
    Ok(files)
}

/// Writes a table as one file, whole or not at all: Parquet or CSV by its ending. A file that is there is replaced.
///
/// # Errors
/// When the ending is neither, or the file cannot be written.
pub fn write_table(table: &Table, path: &Path) -> Result<()> {
    Ok(save(table_to_frame(table)?, path)?)
}

/// Writes a text as one file, whole or not at all.
///
/// # Errors
/// When it cannot be written.
pub fn write_text(text: &str, path: &Path) -> Result<()> {
    let fill = |mut file: &fs::File| file.write_all(text.as_bytes()).map_err(|e| unwritten(path, &e));
    write_whole(path, fill, |_, e| unwritten(path, e))
}

/// A table as a frame: what is missing is null, instants are nanoseconds UTC.
///
/// # Errors
/// When the dataframe library refuses a column, which the shape of a table rules out.
pub fn table_to_frame(table: &Table) -> Result<DataFrame> {
    let column = |c: &Kept| -> PolarsResult<Column> {
        let name = PlSmallStr::from_str(&c.name);
        Ok(match &c.values {
            Values::Bool(v) => Column::new(name, v),
            Values::Int(v) => Column::new(name, v),
            Values::UInt(v) => Column::new(name, v),
            Values::Float(v) => Column::new(name, v),
            Values::Text(v) => Column::new(name, v.iter().map(Option::as_deref).collect::<Vec<_>>()),
            Values::Time(v) => Column::new(name, v).cast(&time_type())?,
        })
    };
    let columns = table.columns().iter().map(column).collect::<PolarsResult<_>>();
    columns.and_then(|columns| DataFrame::new(table.len(), columns)).map_err(|e| refused("a table", &e))
}

/// Reads a table of metrics by names: the columns of [`schema`] in its order and types, then those of parameters. A column
/// that an older version did not have is null, and columns of others are left out.
///
/// # Errors
/// When the file cannot be read, holds no metrics, is of a later version than this crate knows, or a column of the schema
/// is of another type.
pub fn read_metrics(path: &Path) -> Result<Table> {
    let place = path.display().to_string();
    let file = fs::File::open(path).map_err(|e| {
        Error::stored(&place, format!("it cannot be read: {e}"), "give the Parquet file of a run's metrics")
    })?;
    let read = || ParquetReader::new(file).finish();
    // The reader can break down on a file that is cut.
    let df = std::panic::catch_unwind(std::panic::AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(polars_err!(ComputeError: "it is cut or no Parquet")))
        .map_err(|e| refused(&place, &e))?;
    table_of(&df, &place)
}

/// The metrics of a frame.
fn table_of(df: &DataFrame, place: &str) -> Result<Table> {
    if df.column("schema_version").is_err() {
        return Err(Error::stored(place, "it has no column schema_version", "give a file of metrics"));
    }
    let mut columns: Vec<Kept> = Vec::new();
    for of in schema() {
        let values = match df.column(of.name) {
            Ok(column) => values(column, of.dtype, place)?,
            Err(_) => missing(of.dtype, df.height()),
        };
        columns.push(Kept { name: of.name.to_owned(), values });
    }
    if let Some(Values::UInt(versions)) = columns.first().map(|c| &c.values)
        && let Some(later) = versions.iter().flatten().find(|v| **v > SCHEMA_VERSION)
    {
        let reason = format!("its schema_version is {later}, and this crate knows {SCHEMA_VERSION}");
        return Err(Error::stored(place, reason, "read it with the version of the engine that wrote it"));
    }
    for column in df.columns().iter().filter(|c| c.name().starts_with("param_")) {
        let dtype = match column.dtype() {
            DataType::Boolean => Dtype::Bool,
            DataType::Float32 | DataType::Float64 => Dtype::Float,
            dtype if dtype.is_primitive_numeric() => Dtype::Int,
            _ => Dtype::Text,
        };
        columns.push(Kept { name: column.name().to_string(), values: values(column, dtype, place)? });
    }
    Table::new(columns)
}

/// Nothing but gaps.
fn missing(dtype: Dtype, n: usize) -> Values {
    match dtype {
        Dtype::Bool => Values::Bool(vec![None; n]),
        Dtype::Int => Values::Int(vec![None; n]),
        Dtype::UInt => Values::UInt(vec![None; n]),
        Dtype::Float => Values::Float(vec![None; n]),
        Dtype::Text => Values::Text(vec![None; n]),
        Dtype::Time => Values::Time(vec![None; n]),
    }
}

/// A column as values of a type; other programs write whole numbers and times in other widths, which are taken too.
fn values(column: &Column, dtype: Dtype, place: &str) -> Result<Values> {
    let there = column.dtype().clone();
    let is_number = there.is_primitive_numeric();
    let fits = match dtype {
        Dtype::Bool => there.is_bool(),
        Dtype::Int | Dtype::UInt => there.is_integer(),
        Dtype::Float => is_number,
        Dtype::Text => there == DataType::String,
        Dtype::Time => matches!(there, DataType::Datetime(..)),
    };
    // A column without a value may have been given any type.
    if column.null_count() == column.len() {
        return Ok(missing(dtype, column.len()));
    }
    if !fits {
        let reason = format!("column {:?} is {there}, and {dtype} is read", column.name());
        return Err(Error::stored(place, reason, "give the file as it was written"));
    }
    let wrap = |e: PolarsError| refused(place, &e);
    let to = |dtype: DataType| column.as_materialized_series().strict_cast(&dtype).map_err(wrap);
    Ok(match dtype {
        Dtype::Bool => Values::Bool(to(DataType::Boolean)?.bool().map_err(wrap)?.iter().collect()),
        Dtype::Int => Values::Int(to(DataType::Int64)?.i64().map_err(wrap)?.iter().collect()),
        Dtype::UInt => Values::UInt(to(DataType::UInt64)?.u64().map_err(wrap)?.iter().collect()),
        Dtype::Float => {
            let all = numbers(column.clone()).map_err(wrap)?.to_f64();
            Values::Float(all.iter().map(|x| Some(*x).filter(|x| x.is_finite())).collect())
        }
        Dtype::Text => {
            let text = to(DataType::String)?;
            Values::Text(text.str().map_err(wrap)?.iter().map(|t| t.map(Arc::from)).collect())
        }
        Dtype::Time => {
            let physical = to(time_type())?.to_physical_repr().into_owned();
            Values::Time(physical.i64().map_err(wrap)?.iter().collect())
        }
    })
}

fn unwritten(path: &Path, error: &std::io::Error) -> Error {
    let mend = "check that the folder is there and may be written to";
    Error::stored(path.display().to_string(), format!("it cannot be written: {error}"), mend)
}

fn refused(place: &str, error: &PolarsError) -> Error {
    Error::stored(place, error.to_string(), "give the file as it was written")
}
