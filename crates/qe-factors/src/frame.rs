//! Expressions, indicators and a user's own kernels in lazy queries.
//!
//! Every function here gives one of the dataframe library's expressions, which works over `.over([col("symbol")])` so that
//! no symbol bleeds into another, and takes rows in the order in which they stand: sort by time first. The numbers are
//! those of [`crate::plan::Plan::eval`] to the bit; nothing is summed by the dataframe library. A null comes in as NaN, a
//! missing number goes out as NaN, and a condition as a boolean that is null where it is unknown.

use std::sync::Arc;

use polars::prelude::*;
use qe_core::columns::{Axis, Columns, Shared};
use qe_core::param::Value as ParamValue;
use qe_data::frame::{AVAILABLE, SYMBOL, TS, asof_join, numbers, times};

use crate::error::{Error, Result};
use crate::expr::{Schema as Names, compile, parse};
use crate::indicators;
use crate::plan::{Mask, Output, Plan, Value};

/// An indicator over columns: `indicator("rsi", &[col("close")], &[("period", 14.into())])`. With one output it gives a
/// column, with several a struct of them.
///
/// # Errors
/// When there is no such indicator, it reads another number of columns, or a parameter is out of range.
pub fn indicator(name: &str, inputs: &[Expr], params: &[(&str, ParamValue)]) -> Result<Expr> {
    let signature = indicators::by_name(name)?;
    let made = signature.with(params)?;
    if inputs.len() != signature.inputs.len() {
        let names: Vec<&str> = signature.inputs.iter().map(|i| i.name).collect();
        let reason = format!("it reads {}, and was given {} columns", names.join(", "), inputs.len());
        return Err(signature.refused(reason, "give one expression for each"));
    }
    Ok(kernel(inputs, signature.outputs, move |x, out| made.kernel(0).run(x, out)))
}

/// A user's own kernel over several columns as an expression: it is given the columns of a symbol, and fills as many
/// outputs of the same length. With one output it gives a column of that name, with several a struct of them.
pub fn kernel(
    inputs: &[Expr],
    outputs: &[&str],
    f: impl Fn(&[&[f64]], &mut [&mut [f64]]) + Send + Sync + 'static,
) -> Expr {
    let names: Arc<[PlSmallStr]> = outputs.iter().map(|n| PlSmallStr::from_str(n)).collect();
    let of_type = Arc::clone(&names);
    let run = move |columns: &mut [Column]| {
        let x: Vec<Shared<f64>> =
            columns.iter().map(|c| Ok(numbers(c.clone())?.to_f64())).collect::<PolarsResult<_>>()?;
        let n = x.first().map_or(0, |x| x.len());
        let slices: Vec<&[f64]> = x.iter().map(|x| &**x).collect();
        polars_ensure!(slices.iter().all(|x| x.len() == n), ComputeError: "the columns of a kernel differ in length");
        let mut out = vec![vec![f64::NAN; n]; names.len()];
        let mut outs: Vec<&mut [f64]> = out.iter_mut().map(Vec::as_mut_slice).collect();
        f(&slices, &mut outs);
        let made = names.iter().zip(out).map(|(name, v)| Column::new(name.clone(), v)).collect();
        together(names.first(), made, n)
    };
    let dtype = move |_: &Schema, _: &[Field]| {
        let fields: Vec<Field> = of_type.iter().map(|n| Field::new(n.clone(), DataType::Float64)).collect();
        Ok(field_of(fields))
    };
    apply(inputs, run, dtype)
}

/// A function over whole groups as an expression.
fn apply<F, D>(inputs: &[Expr], run: F, dtype: D) -> Expr
where
    F: Fn(&mut [Column]) -> PolarsResult<Column> + 'static + Send + Sync,
    D: Fn(&Schema, &[Field]) -> PolarsResult<Field> + 'static + Send + Sync,
{
    match inputs {
        [first, rest @ ..] => first.clone().apply_many(run, rest, dtype),
        [] => lit(f64::NAN).apply_many(run, &[], dtype),
    }
}

/// One column as it is, several as a struct.
fn together(name: Option<&PlSmallStr>, mut columns: Vec<Column>, n: usize) -> PolarsResult<Column> {
    match columns.len() {
        1 => Ok(columns.remove(0)),
        _ => {
            let name = name.cloned().unwrap_or_default();
            Ok(StructChunked::from_columns(name, n, &columns)?.into_column())
        }
    }
}

/// The field of one column, or of a struct of several.
fn field_of(mut fields: Vec<Field>) -> Field {
    match fields.len() {
        1 => fields.remove(0),
        _ => Field::new(fields.first().map(|f| f.name.clone()).unwrap_or_default(), DataType::Struct(fields)),
    }
}

/// Adds the values of expressions to a frame, each under its name: `("entry", "cross_above(close, sma(close, 20))")`.
/// Rows of one symbol are taken by themselves where there is a column `symbol`; they are to stand in order of time.
///
/// Equal parts of all expressions are computed once. `bars` says what bars the rows are, where expressions look at other
/// timeframes, which other symbols there are (`sym("SPY", close)` reads the frame's own rows of SPY), and what was fitted;
/// times are read from `ts` and, where it is there, `available`; without it a row counts as known when it opens.
///
/// # Errors
/// When an expression cannot be read or compiled against the frame's columns: the place is shown.
pub fn with_factors(lf: LazyFrame, expressions: &[(&str, &str)], bars: Option<&Names>) -> Result<LazyFrame> {
    let mut lf = lf;
    let schema = lf.collect_schema().map_err(|e| frame_error(&e))?;
    let numeric = schema.iter().filter(|(_, d)| d.is_primitive_numeric() || d.is_bool()).map(|(n, _)| n.as_str());
    let names: Vec<Arc<str>> = numeric.map(Arc::from).collect();
    let names = match bars {
        Some(bars) => bars.with_columns(names),
        None => Names::new(names),
    };
    let trees = expressions.iter().map(|(_, text)| parse(text)).collect::<Result<Vec<_>, _>>()?;
    let named: Vec<_> = expressions.iter().map(|(name, _)| *name).zip(&trees).collect();
    let compiled = compile(&named, &names, None)?;
    let places: Vec<usize> = (0..expressions.len()).filter_map(|i| compiled.output(i, 0)).collect();
    let plan = compiled.into_plan();
    let mut added: Vec<String> = Vec::new();
    for symbol in plan.symbols() {
        let known = [SYMBOL, TS].iter().find(|c| !schema.contains(c));
        if let Some(missing) = known {
            return Err(Error::Data {
                place: format!("column `{missing}`"),
                reason: format!("{symbol} is read, and the frame does not have it"),
                mend: "give every row its symbol and its time".into(),
            });
        }
        if let Some(inner) = plan.of_symbol(symbol) {
            added.extend(inner.outputs().iter().map(|o| o.name.to_string()));
            lf = with_symbol(lf, symbol, inner, schema.contains(AVAILABLE))?;
        }
    }
    let mut all = factors(&plan, schema.contains(TS), schema.contains(AVAILABLE));
    if schema.contains(SYMBOL) {
        all = all.over([col(SYMBOL)]).map_err(|e| frame_error(&e))?;
    }
    const HELD: &str = "__qe_factors";
    let several = plan.outputs().len() > 1;
    let value = |place: usize| match several {
        true => col(HELD).struct_().field_by_name(&format!("{place}")),
        false => col(HELD),
    };
    let columns: Vec<Expr> =
        expressions.iter().zip(places).map(|((name, _), place)| value(place).alias(*name)).collect();
    let lf = lf.with_column(all.alias(HELD)).with_columns(columns).drop(cols([HELD]));
    Ok(if added.is_empty() { lf } else { lf.drop(by_name(added, true, false)) })
}

/// Adds what a plan computes over the rows of one symbol to all rows: what was last known when a row was complete.
fn with_symbol(lf: LazyFrame, symbol: &str, plan: &Plan, has_available: bool) -> Result<LazyFrame> {
    const ROW: &str = "__qe_row";
    const PREFIX: &str = "__qe_other ";
    let lf = if has_available { lf } else { lf.with_column(col(TS).alias(AVAILABLE)) };
    let all = factors(plan, true, true).alias(ROW);
    let value = |(i, output): (usize, &Output)| {
        let value = if plan.outputs().len() > 1 { col(ROW).struct_().field_by_name(&format!("{i}")) } else { col(ROW) };
        value.cast(DataType::Float64).alias(&*output.name)
    };
    let values: Vec<Expr> = plan.outputs().iter().enumerate().map(value).collect();
    let rows = lf.clone().filter(col(SYMBOL).cast(DataType::String).eq(lit(symbol))).with_column(all);
    let rows = rows.select([vec![col(AVAILABLE)], values].concat());
    // The rows of all symbols in order of time, joined, and back in the order in which they stood.
    let sorted =
        lf.with_row_index(ROW, None).sort([AVAILABLE], SortMultipleOptions::default().with_maintain_order(true));
    let joined = asof_join(sorted, rows, PREFIX, None).map_err(|e| frame_error(&e))?;
    let names: Vec<String> = plan.outputs().iter().map(|o| o.name.to_string()).collect();
    let prefixed: Vec<String> = names.iter().map(|n| format!("{PREFIX}{n}")).collect();
    let back = joined.sort([ROW], SortMultipleOptions::default()).rename(prefixed, names, true);
    let mut extra = vec![ROW.to_owned(), format!("{PREFIX}age_s")];
    extra.extend((!has_available).then(|| AVAILABLE.to_owned()));
    Ok(back.drop(by_name(extra, true, false)))
}

/// All outputs of a plan as one expression: a column, or a struct with fields `0`, `1`, … in the plan's order.
fn factors(plan: &Plan, has_ts: bool, has_available: bool) -> Expr {
    let plan = Arc::new(plan.clone());
    let names: Vec<Arc<str>> = plan.columns().chain(plan.columns_of_symbols()).map(Arc::from).collect();
    let mut inputs: Vec<Expr> = names.iter().map(|n| col(&**n)).collect();
    let n_columns = inputs.len();
    if has_ts {
        inputs.push(col(TS));
        inputs.extend(has_available.then(|| col(AVAILABLE)));
    }
    if inputs.is_empty() {
        inputs.push(all().as_expr().first());
    }
    let (run_plan, of_type) = (Arc::clone(&plan), plan);
    let run = move |columns: &mut [Column]| {
        let n = columns.first().map_or(0, Column::len);
        let axis = match &columns[n_columns.min(columns.len())..] {
            [open, available, ..] if has_available => Axis::new(times(open.clone())?, times(available.clone())?),
            [open, ..] if has_ts => Axis::instants(times(open.clone())?),
            _ => Axis::instants((0..n as i64).collect::<Vec<_>>()),
        };
        let wrong = |e: &dyn std::fmt::Display| polars_err!(ComputeError: "{}", e);
        let mut table = Columns::new(axis.map_err(|e| wrong(&e))?);
        for (name, column) in names.iter().zip(columns.iter()) {
            table.push(name.clone(), numbers(column.clone())?).map_err(|e| wrong(&e))?;
        }
        let values = run_plan.eval(&table).map_err(|e| wrong(&e))?;
        let made: Vec<Column> = values.into_outputs().into_iter().enumerate().map(|(i, v)| column(i, v)).collect();
        together(Some(&PlSmallStr::from_static("0")), made, n)
    };
    let dtype = move |_: &Schema, _: &[Field]| {
        let dtype = |i: usize| if of_type.is_condition(i) { DataType::Boolean } else { DataType::Float64 };
        Ok(field_of((0..of_type.outputs().len()).map(|i| Field::new(format!("{i}").into(), dtype(i))).collect()))
    };
    apply(&inputs, run, dtype)
}

/// An output as a column.
fn column(idx: usize, value: Value) -> Column {
    let name = PlSmallStr::from_string(idx.to_string());
    match value {
        Value::Number(v) => Column::new(name, v),
        Value::Condition(mask) => condition(name, &mask),
    }
}

/// A condition as booleans, null where it is unknown.
fn condition(name: PlSmallStr, mask: &Mask) -> Column {
    let values: BooleanChunked = (0..mask.len()).map(|i| mask.get(i)).collect();
    values.with_name(name).into_column()
}

/// Every named intermediate of a plan over a table, as a frame: what a debugger wants to see.
///
/// # Errors
/// As [`Plan::eval`].
pub fn debug_frame(plan: &Plan, table: &Columns) -> Result<DataFrame> {
    let plan = plan.with_all_outputs()?;
    let values = plan.eval(table)?;
    let mut columns: Vec<Column> = Vec::with_capacity(plan.outputs().len() + 2);
    let axis = table.axis();
    for (name, at) in [(TS, axis.open()), (AVAILABLE, axis.available())] {
        let utc = Some(polars::prelude::TimeZone::UTC);
        columns.push(Int64Chunked::from_slice(name.into(), at).into_datetime(TimeUnit::Nanoseconds, utc).into_column());
    }
    for ((i, value), output) in values.into_outputs().into_iter().enumerate().zip(plan.outputs()) {
        columns.push(column(i, value).with_name(PlSmallStr::from_str(&output.name)));
    }
    DataFrame::new(table.len(), columns).map_err(|e| frame_error(&e))
}

fn frame_error(error: &impl std::fmt::Display) -> Error {
    Error::Data {
        place: "the frame".into(),
        reason: error.to_string(),
        mend: "collect it without the expressions to see whether it is sound".into(),
    }
}
