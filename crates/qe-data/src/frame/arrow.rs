//! Arrow record batches in and out.
//!
//! Doubles without nulls are shared in both directions, and so are times in nanoseconds. Other numbers, times in
//! other units, columns with nulls (which become NaN), text and booleans are copied.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, Int64Type, TimestampNanosecondType};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Float32Array, Float64Array, Int64Array, PrimitiveArray, RecordBatch, StringArray,
    UInt64Array,
};
use arrow_buffer::{Buffer, ScalarBuffer};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use qe_core::bars::Bars;
use qe_core::columns::{Axis, Column, Columns, Shared};
use qe_core::param::{Kind, Value};
use qe_core::point::{OutcomeTable, PointColumn, PointTable};

use super::{AVAILABLE, SYMBOL, TS};
use crate::error::{Error, Result};

/// Shared memory as plain bytes, for a buffer that keeps it alive.
struct Bytes<T: 'static>(Shared<T>);

impl<T: bytemuck::Pod> AsRef<[u8]> for Bytes<T> {
    fn as_ref(&self) -> &[u8] {
        bytemuck::cast_slice(self.0.as_ref())
    }
}

/// Our memory as an Arrow buffer, without copying.
fn shared<T: bytemuck::Pod + arrow_buffer::ArrowNativeType + Send + Sync>(values: &Shared<T>) -> ScalarBuffer<T> {
    let n = values.len();
    if n == 0 {
        return ScalarBuffer::from(Vec::new());
    }
    ScalarBuffer::new(Buffer::from(bytes::Bytes::from_owner(Bytes(values.clone()))), 0, n)
}

/// The type of our times in Arrow.
fn time_type() -> DataType {
    DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()))
}

/// Times as an Arrow array, without copying.
fn time_array(at: &Shared<i64>) -> ArrayRef {
    Arc::new(PrimitiveArray::<TimestampNanosecondType>::new(shared(at), None).with_timezone("UTC"))
}

/// A table as a record batch, with `ts` and `available` in front.
///
/// # Errors
/// When Arrow refuses a column, which our shape rules out.
pub fn columns_to_batch(table: &Columns) -> Result<RecordBatch> {
    batch(None, table)
}

/// Bars as a record batch: `symbol`, `ts`, `available`, the five columns and any others.
///
/// # Errors
/// As [`columns_to_batch`].
pub fn bars_to_batch(bars: &Bars) -> Result<RecordBatch> {
    batch(Some(bars.symbol()), bars.columns())
}

fn batch(symbol: Option<&str>, table: &Columns) -> Result<RecordBatch> {
    let mut fields = Vec::new();
    let mut arrays: Vec<ArrayRef> = Vec::new();
    if let Some(symbol) = symbol {
        fields.push(Field::new(SYMBOL, DataType::Utf8, false));
        arrays.push(Arc::new(StringArray::from_iter_values(std::iter::repeat_n(symbol, table.len()))));
    }
    for (name, at) in [(TS, table.axis().shared_open()), (AVAILABLE, table.axis().shared_available())] {
        fields.push(Field::new(name, time_type(), false));
        arrays.push(time_array(at));
    }
    for (name, column) in table.iter() {
        let array: ArrayRef = match column {
            Column::F64(v) => Arc::new(Float64Array::new(shared(v), None)),
            Column::F32(v) => Arc::new(Float32Array::new(shared(v), None)),
        };
        fields.push(Field::new(name, array.data_type().clone(), false));
        arrays.push(array);
    }
    made("a table", Schema::new(fields), arrays)
}

fn made(place: &str, schema: Schema, arrays: Vec<ArrayRef>) -> Result<RecordBatch> {
    RecordBatch::try_new(Arc::new(schema), arrays).map_err(|e| arrow_error(place, &e))
}

fn arrow_error(place: &str, error: &arrow_schema::ArrowError) -> Error {
    Error::Frame { place: place.to_owned(), reason: Arc::from(error.to_string().as_str()) }
}

/// A record batch as a table. It needs a column `ts` of times; without `available`, a row is known as it begins.
/// Columns that are not numbers are left out.
///
/// # Errors
/// When `ts` is missing, is no time or has nulls, or steps back.
pub fn columns_from_batch(batch: &RecordBatch) -> Result<Columns> {
    let place = "the record batch";
    let there = || batch.schema().fields().iter().map(|f| f.name().clone()).collect::<Vec<_>>();
    let mend = "name the time column `ts`";
    let open = batch.column_by_name(TS).ok_or_else(|| Error::missing_column(place, TS, there(), mend))?;
    let open = times(TS, open)?;
    let axis = match batch.column_by_name(AVAILABLE) {
        Some(available) => Axis::new(open, times(AVAILABLE, available)?)?,
        None => Axis::instants(open)?,
    };
    let mut out = Columns::new(axis);
    for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
        if ![TS, AVAILABLE, SYMBOL].contains(&field.name().as_str())
            && let Some(column) = numbers(array)
        {
            out.push(field.name().as_str(), column)?;
        }
    }
    Ok(out)
}

/// An Arrow array of times as nanoseconds.
fn times(name: &str, array: &ArrayRef) -> Result<Shared<i64>> {
    let wrong = |got: String, mend: &str| Error::WrongType {
        place: "the record batch".into(),
        column: name.to_owned(),
        got,
        wanted: "a time",
        mend: mend.to_owned(),
    };
    let scale = match array.data_type() {
        DataType::Timestamp(TimeUnit::Nanosecond, _) | DataType::Int64 => 1,
        DataType::Timestamp(TimeUnit::Microsecond, _) => 1_000,
        DataType::Timestamp(TimeUnit::Millisecond, _) => 1_000_000,
        DataType::Timestamp(TimeUnit::Second, _) => 1_000_000_000,
        other => return Err(wrong(other.to_string(), "give timestamps, or nanoseconds as Int64")),
    };
    if array.null_count() > 0 {
        return Err(wrong(format!("{} nulls", array.null_count()), "give every row a time"));
    }
    let values = match array.data_type() {
        DataType::Int64 => array.as_primitive::<Int64Type>().values().clone(),
        _ => match array.to_data().buffers().first() {
            Some(buffer) => ScalarBuffer::new(buffer.clone(), array.to_data().offset(), array.len()),
            None => ScalarBuffer::from(Vec::new()),
        },
    };
    if scale == 1 {
        return Ok(Shared::from_owner(values));
    }
    let scaled: Option<Vec<i64>> = values.iter().map(|v| v.checked_mul(scale)).collect();
    let scaled = scaled.ok_or_else(|| wrong("a time beyond the years 1677 to 2262".into(), "drop the row"))?;
    Ok(scaled.into())
}

/// An Arrow array of numbers as a column; `None` for anything else.
fn numbers(array: &ArrayRef) -> Option<Column> {
    macro_rules! widened {
        ($($variant:ident => $type:ty),*) => {
            match array.data_type() {
                $(DataType::$variant => Some(Column::F64(
                    array.as_primitive::<$type>().iter().map(|v| v.map_or(f64::NAN, |v| v as f64)).collect(),
                )),)*
                _ => None,
            }
        };
    }
    use arrow_array::types::{Int8Type, Int16Type, Int32Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type};
    match array.data_type() {
        DataType::Float64 if array.null_count() == 0 => {
            Some(Column::F64(Shared::from_owner(array.as_primitive::<Float64Type>().values().clone())))
        }
        DataType::Float32 if array.null_count() == 0 => {
            Some(Column::F32(Shared::from_owner(array.as_primitive::<Float32Type>().values().clone())))
        }
        DataType::Float32 => {
            Some(Column::F32(array.as_primitive::<Float32Type>().iter().map(|v| v.unwrap_or(f32::NAN)).collect()))
        }
        DataType::Boolean => Some(Column::F64(
            array.as_boolean().iter().map(|v| v.map_or(f64::NAN, |v| f64::from(u8::from(v)))).collect(),
        )),
        _ => widened!(
            Float64 => Float64Type, Int8 => Int8Type, Int16 => Int16Type, Int32 => Int32Type, Int64 => Int64Type,
            UInt8 => UInt8Type, UInt16 => UInt16Type, UInt32 => UInt32Type, UInt64 => UInt64Type
        ),
    }
}

/// Points as a record batch of the schema that [`PointTable::schema`] states.
///
/// # Errors
/// When Arrow refuses a column, which the schema rules out.
pub fn points_to_batch(points: &PointTable) -> Result<RecordBatch> {
    let mut fields = vec![Field::new("point_id", DataType::UInt64, false)];
    let mut arrays: Vec<ArrayRef> = vec![Arc::new(UInt64Array::from(points.ids().to_vec()))];
    for param in points.params() {
        let array: ArrayRef = match points.column(&param.name)? {
            PointColumn::Bool(v) => Arc::new(BooleanArray::from(v.clone())),
            PointColumn::Int(v) => Arc::new(Int64Array::from(v.clone())),
            PointColumn::Float(v) => Arc::new(Float64Array::from(v.clone())),
            PointColumn::Choice(codes) => {
                let options: &[String] = match &param.kind {
                    Kind::Choice { options } => options,
                    _ => &[],
                };
                let word = |c: &u32| options.get(*c as usize).map(String::as_str).unwrap_or_default();
                Arc::new(StringArray::from_iter_values(codes.iter().map(word)))
            }
        };
        fields.push(Field::new(&param.name, array.data_type().clone(), false));
        arrays.push(array);
    }
    made("a table of points", Schema::new(fields), arrays)
}

/// Points from a record batch, for the parameters given.
///
/// # Errors
/// When a column is missing or of another type, or a value is not what its parameter allows.
pub fn points_from_batch(batch: &RecordBatch, params: &[qe_core::param::Param]) -> Result<PointTable> {
    let place = "the record batch of points";
    let there = || batch.schema().fields().iter().map(|f| f.name().clone()).collect::<Vec<_>>();
    let column = |name: &str, dtype: DataType| -> Result<&ArrayRef> {
        let mend = "give a column per parameter and `point_id`";
        let array = batch.column_by_name(name).ok_or_else(|| Error::missing_column(place, name, there(), mend))?;
        if array.data_type() == &dtype && array.null_count() == 0 {
            return Ok(array);
        }
        Err(Error::WrongType {
            place: place.into(),
            column: name.to_owned(),
            got: format!("{} with {} nulls", array.data_type(), array.null_count()),
            wanted: "the parameter's type without nulls",
            mend: format!("give {dtype}"),
        })
    };
    let ids = column("point_id", DataType::UInt64)?.as_primitive::<arrow_array::types::UInt64Type>();
    let mut rows: Vec<Vec<Value>> = vec![Vec::with_capacity(params.len()); batch.num_rows()];
    for param in params {
        match param.kind {
            Kind::Bool => {
                let a = column(&param.name, DataType::Boolean)?.as_boolean();
                rows.iter_mut().enumerate().for_each(|(i, row)| row.push(a.value(i).into()));
            }
            Kind::Int { .. } => {
                let a = column(&param.name, DataType::Int64)?.as_primitive::<Int64Type>();
                rows.iter_mut().enumerate().for_each(|(i, row)| row.push(a.value(i).into()));
            }
            Kind::Float { .. } => {
                let a = column(&param.name, DataType::Float64)?.as_primitive::<Float64Type>();
                rows.iter_mut().enumerate().for_each(|(i, row)| row.push(a.value(i).into()));
            }
            Kind::Choice { .. } => {
                let a = column(&param.name, DataType::Utf8)?.as_string::<i32>();
                rows.iter_mut().enumerate().for_each(|(i, row)| row.push(a.value(i).into()));
            }
        }
    }
    let mut out = PointTable::new(params.iter().cloned())?;
    for (row, id) in rows.iter().zip(ids.values()) {
        out.push(*id, row)?;
    }
    Ok(out)
}

/// Outcomes as a record batch of the schema that [`OutcomeTable::schema`] states.
///
/// # Errors
/// When Arrow refuses a column, which the schema rules out.
pub fn outcomes_to_batch(outcomes: &OutcomeTable) -> Result<RecordBatch> {
    let status = outcomes.outcomes().iter().map(|o| o.status());
    let reason = outcomes.outcomes().iter().map(|o| o.reason());
    let mut fields = vec![
        Field::new("point_id", DataType::UInt64, false),
        Field::new("status", DataType::Utf8, false),
        Field::new("reason", DataType::Utf8, true),
    ];
    let mut arrays: Vec<ArrayRef> = vec![
        Arc::new(UInt64Array::from(outcomes.ids().to_vec())),
        Arc::new(StringArray::from_iter_values(status)),
        Arc::new(reason.collect::<StringArray>()),
    ];
    for name in outcomes.metrics() {
        fields.push(Field::new(name, DataType::Float64, true));
        arrays.push(Arc::new(Float64Array::from(outcomes.metric(name)?.to_vec())));
    }
    made("a table of outcomes", Schema::new(fields), arrays)
}

#[cfg(test)]
mod tests {
    use super::*;
    use qe_core::param::Param;

    fn table() -> Columns {
        let axis = Axis::new(vec![1, 2, 3], vec![2, 3, 4]).unwrap();
        Columns::new(axis).with("x", vec![1.5, f64::NAN, -2.0]).unwrap().with("y", vec![1.0_f32, 2.0, 3.0]).unwrap()
    }

    #[test]
    fn doubles_and_times_travel_without_copying() {
        let table = table();
        let batch = columns_to_batch(&table).unwrap();
        let back = columns_from_batch(&batch).unwrap();
        let (Column::F64(a), Column::F64(b)) = (table.get("x").unwrap(), back.get("x").unwrap()) else { panic!() };
        assert_eq!(a.as_ptr(), b.as_ptr(), "out and in again is the same memory");
        assert_eq!(table.axis().open().as_ptr(), back.axis().open().as_ptr());
        assert_eq!(format!("{table:?}"), format!("{back:?}"));
    }

    #[test]
    fn a_sliced_batch_starts_at_its_own_row() {
        let batch = columns_to_batch(&table()).unwrap().slice(1, 2);
        let back = columns_from_batch(&batch).unwrap();
        assert_eq!(back.axis().open(), [2, 3]);
        assert_eq!(back.get("x").unwrap().value(1), -2.0);
    }

    #[test]
    fn other_types_are_widened_and_nulls_are_missing() {
        let seconds = arrow_array::TimestampSecondArray::from(vec![1, 2]);
        let fields = vec![
            Field::new(TS, seconds.data_type().clone(), false),
            Field::new("n", DataType::Int32, true),
            Field::new("word", DataType::Utf8, false),
        ];
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(seconds),
            Arc::new(arrow_array::Int32Array::from(vec![Some(7), None])),
            Arc::new(StringArray::from(vec!["a", "b"])),
        ];
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap();
        let out = columns_from_batch(&batch).unwrap();
        assert_eq!(out.axis().open(), [1_000_000_000, 2_000_000_000]);
        assert_eq!(out.names().collect::<Vec<_>>(), ["n"]);
        assert!(out.get("n").unwrap().value(0) == 7.0 && out.get("n").unwrap().value(1).is_nan());
    }

    #[test]
    fn a_batch_without_times_is_refused() {
        let batch = columns_to_batch(&table()).unwrap().project(&[2, 3]).unwrap();
        assert!(columns_from_batch(&batch).unwrap_err().to_string().contains("name the time column `ts`"));
    }

    #[test]
    fn points_and_outcomes_keep_their_schema() {
        let params = [
            Param::int("n", 1, 2, 1),
            Param::choice("exit", ["a", "b"], "a"),
            Param::bool("short", false),
            Param::float("x", 0.0, 1.0, 0.5).step(0.5),
        ];
        let points = PointTable::grid(params.clone(), 100).unwrap();
        let batch = points_to_batch(&points).unwrap();
        assert_eq!(points_from_batch(&batch, &params).unwrap(), points);
        let stated: Vec<_> = points.schema().into_iter().map(|f| f.name).collect();
        assert_eq!(batch.schema().fields().iter().map(|f| f.name().clone()).collect::<Vec<_>>(), stated);
        assert!(points_from_batch(&batch, &[Param::int("m", 1, 2, 1)]).is_err());

        let mut outcomes = OutcomeTable::new(["sharpe"]);
        outcomes.push_done(1, &[2.0]).unwrap();
        outcomes.push_failed(2, "insufficient_warmup");
        let batch = outcomes_to_batch(&outcomes).unwrap();
        let stated: Vec<_> = outcomes.schema().into_iter().map(|f| f.name).collect();
        assert_eq!(batch.schema().fields().iter().map(|f| f.name().clone()).collect::<Vec<_>>(), stated);
        assert_eq!(batch.column_by_name("reason").unwrap().null_count(), 1);
    }
}
