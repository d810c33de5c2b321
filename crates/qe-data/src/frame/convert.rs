//! Frames to arrays and back. A column of doubles in one chunk without nulls is shared in both directions.

use polars::prelude::*;
use polars_arrow::array::Array;
use qe_core::bars::{BarKind, Bars};
use qe_core::columns::{Axis, Column as Values, Columns, Shared};
use qe_core::ticks::Ticks;

use super::{AVAILABLE, SYMBOL, TS, frame_error, time_type};
use crate::error::{Error, Result};

/// A column of numbers as ours: shared where it lies in one piece without nulls, which otherwise become NaN.
///
/// # Errors
/// When it cannot be read as numbers.
pub fn numbers(column: Column) -> PolarsResult<Values> {
    let series = column.take_materialized_series();
    Ok(match series.dtype() {
        DataType::Float32 => Values::F32(floats(series.f32()?, f32::NAN)),
        DataType::Float64 => Values::F64(floats(series.f64()?, f64::NAN)),
        _ => {
            let cast = series.cast(&DataType::Float64)?;
            Values::F64(floats(cast.f64()?, f64::NAN))
        }
    })
}

/// The values of a chunked array: shared if they lie in one piece, copied into one otherwise.
fn floats<T: PolarsNumericType>(ca: &ChunkedArray<T>, missing: T::Native) -> Shared<T::Native>
where
    T::Native: Send + Sync + 'static,
{
    let mut chunks = ca.downcast_iter();
    if let (Some(only), 1, 0) = (chunks.next(), ca.chunks().len(), ca.null_count()) {
        return Shared::from_owner(only.values().clone());
    }
    let mut out: Vec<T::Native> = Vec::with_capacity(ca.len());
    for chunk in ca.downcast_iter() {
        match chunk.null_count() {
            0 => out.extend_from_slice(chunk.values()),
            _ => out.extend(chunk.iter().map(|v| v.copied().unwrap_or(missing))),
        }
    }
    out.into()
}

/// A column of times as nanoseconds UTC.
///
/// # Errors
/// When it holds no times, or some are missing.
pub fn times(column: Column) -> PolarsResult<Shared<i64>> {
    let series = column.take_materialized_series().cast(&time_type())?;
    polars_ensure!(series.null_count() == 0, ComputeError: "column {:?} has times that are missing", series.name());
    let physical = series.to_physical_repr();
    Ok(floats(physical.i64()?, 0))
}

/// Our column of numbers as a frame's, sharing its memory.
fn column(name: &str, values: &Values) -> Column {
    match values {
        Values::F64(v) => shared_array::<Float64Type>(name, v).into_column(),
        Values::F32(v) => shared_array::<Float32Type>(name, v).into_column(),
    }
}

/// A chunked array over shared memory.
pub(super) fn shared_array<T>(name: &str, values: &Shared<T::Native>) -> ChunkedArray<T>
where
    T: PolarsNumericType,
    T::Native: Send + Sync + 'static,
{
    let buffer = polars_buffer::Buffer::from_owner(values.clone());
    let dtype = T::get_static_dtype().to_arrow(CompatLevel::newest());
    ChunkedArray::with_chunk(name.into(), polars_arrow::array::PrimitiveArray::new(dtype, buffer, None))
}

/// A column of times, sharing its memory.
pub(super) fn time_column(name: &str, at: &Shared<i64>) -> PolarsResult<Column> {
    let physical = shared_array::<Int64Type>(name, at);
    Ok(physical.into_datetime(TimeUnit::Nanoseconds, Some(polars::prelude::TimeZone::UTC)).into_column())
}

/// A table as a frame with `ts` and `available` in front.
///
/// # Errors
/// When the dataframe library refuses a column, which our shape rules out.
pub fn columns_to_frame(table: &Columns) -> Result<DataFrame> {
    let wrap = |e: PolarsError| frame_error("a table", &e);
    let axis = table.axis();
    let mut out = vec![
        time_column(TS, axis.shared_open()).map_err(wrap)?,
        time_column(AVAILABLE, axis.shared_available()).map_err(wrap)?,
    ];
    out.extend(table.iter().map(|(name, values)| column(name, values)));
    DataFrame::new(table.len(), out).map_err(wrap)
}

/// Bars as a frame: `symbol`, `ts`, `available`, the five columns and any others.
///
/// # Errors
/// As [`columns_to_frame`].
pub fn bars_to_frame(bars: &Bars) -> Result<DataFrame> {
    with_symbol(bars.symbol(), columns_to_frame(bars.columns())?)
}

/// Trades as a frame: `symbol`, `ts`, `available`, `price`, `size`, `side` and any others.
///
/// # Errors
/// As [`columns_to_frame`].
pub fn ticks_to_frame(ticks: &Ticks) -> Result<DataFrame> {
    with_symbol(ticks.symbol(), columns_to_frame(ticks.columns())?)
}

/// A table as a frame with its opening times as `date` in front: days where all of them are midnights in UTC, and
/// instants otherwise.
///
/// # Errors
/// When a column of the table is named `date` too.
pub fn dated_to_frame(table: &Columns) -> Result<DataFrame> {
    const DATE: &str = "date";
    let wrap = |e: PolarsError| frame_error("a table", &e);
    if table.index_of(DATE).is_some() {
        return Err(Error::refused("a table", "one of its columns is named `date`", "give it another name"));
    }
    let at = table.axis().shared_open();
    let mut date = time_column(DATE, at).map_err(wrap)?;
    if at.iter().all(|t| t.rem_euclid(qe_core::time::NANOS_PER_DAY) == 0) {
        date = date.cast(&DataType::Date).map_err(wrap)?;
    }
    let mut out = vec![date];
    out.extend(table.iter().map(|(name, values)| column(name, values)));
    DataFrame::new(table.len(), out).map_err(wrap)
}

/// Tables of several symbols as one frame in order of time: `symbol`, `ts`, `available`, then numbers.
///
/// # Errors
/// When the tables differ in their columns.
pub fn tables_to_frame<'a>(tables: impl IntoIterator<Item = (&'a str, &'a Columns)>) -> Result<DataFrame> {
    let wrap = |e: PolarsError| frame_error("the tables", &e);
    let mut out = DataFrame::empty();
    for (i, (symbol, table)) in tables.into_iter().enumerate() {
        let df = with_symbol(symbol, columns_to_frame(table)?)?;
        match i {
            0 => out = df,
            _ => drop(out.vstack_mut(&df).map_err(wrap)?),
        }
    }
    if out.width() == 0 {
        return Ok(out);
    }
    out.sort([TS], SortMultipleOptions::default().with_maintain_order(true)).map_err(wrap)
}

fn with_symbol(symbol: &str, df: DataFrame) -> Result<DataFrame> {
    let height = df.height();
    let name = Column::new_scalar(SYMBOL.into(), Scalar::from(PlSmallStr::from_str(symbol)), height);
    let columns = std::iter::once(name).chain(df.into_columns()).collect();
    DataFrame::new(height, columns).map_err(|e| frame_error(symbol, &e))
}

/// A frame of our shape as a table. Columns that are not numbers are left out; without `available`, a row is known as
/// it opens.
///
/// # Errors
/// When `ts` is missing or no time, or steps back.
pub fn columns_from_frame(df: &DataFrame) -> Result<Columns> {
    let wrap = |e: PolarsError| frame_error("a frame", &e);
    let time = |name: &str| -> Result<Option<Shared<i64>>> {
        let Ok(c) = df.column(name) else { return Ok(None) };
        times(c.clone()).map(Some).map_err(wrap)
    };
    let there = || df.columns().iter().map(|c| c.name().to_string());
    let open = time(TS)?.ok_or_else(|| Error::missing_column("the frame", TS, there(), "name the time column `ts`"))?;
    let axis = match time(AVAILABLE)? {
        Some(available) => Axis::new(open, available)?,
        None => Axis::instants(open)?,
    };
    let mut out = Columns::new(axis);
    for c in df.columns() {
        let name = c.name().as_str();
        let numeric = c.dtype().is_primitive_numeric() || c.dtype().is_bool();
        if ![TS, AVAILABLE, SYMBOL].contains(&name) && numeric {
            out.push(name, numbers(c.clone()).map_err(wrap)?)?;
        }
    }
    Ok(out)
}

/// A frame of our shape and one symbol as bars.
///
/// # Errors
/// As [`columns_from_frame`], and when a column of bars is missing or two bars open at one time.
pub fn bars_from_frame(df: &DataFrame, symbol: &str, kind: impl Into<BarKind>) -> Result<Bars> {
    Ok(Bars::from_columns(symbol, kind, columns_from_frame(df)?)?)
}
