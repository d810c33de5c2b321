//! Resampling of a lazy query, with the same bits as over arrays.
//!
//! A dataframe library merges partial sums in the order of its threads, and its window functions have rules of their
//! own. So two steps of ours stand in the query. The first runs on every piece of the stream and puts together each
//! symbol's rows bucket by bucket; only the first and the last bucket of a piece may go on in its neighbours, and for
//! those it keeps the single values of what is summed. The second puts the cut buckets together, value by value in
//! row order. What is held between the two is the result and the cut ends, not the rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use polars::prelude::*;
use polars_arrow::array::Float64Array;
use qe_core::time::Timestamp;

use super::{AVAILABLE, SYMBOL, TS, frame_error, time_type};
use crate::error::{Error, Result};
use crate::resample::{Agg, Bucketer, Fold, ResampleSpec, Side};

/// How each output column comes from an input column.
#[derive(Debug, Clone)]
struct Rule {
    source: String,
    name: String,
    agg: Agg,
}

/// Coarser bars from a query for bars with columns `symbol`, `ts`, `available` and numbers; columns beside the five go
/// by [`Agg::of_column`]. `ts` of the result is the end of the bucket that `spec.label` names.
///
/// Rows of a symbol must come in order of time; rows of several symbols may be mixed.
///
/// # Errors
/// When a column is missing. Rows out of order are an error when the query runs.
pub fn resample_bars(lf: LazyFrame, spec: &ResampleSpec) -> Result<LazyFrame> {
    let schema = schema_of(&lf)?;
    let rules = schema
        .iter()
        .filter(|(name, dtype)| ![SYMBOL, TS, AVAILABLE].contains(&name.as_str()) && dtype.is_primitive_numeric())
        .map(|(name, _)| Rule { source: name.to_string(), name: name.to_string(), agg: Agg::of_column(name) })
        .collect();
    resampled(lf, &schema, spec, rules, false)
}

/// Bars from a query for trades with columns `symbol`, `ts`, `price` and `size`.
///
/// # Errors
/// As [`resample_bars`].
pub fn resample_trades(lf: LazyFrame, spec: &ResampleSpec) -> Result<LazyFrame> {
    let schema = schema_of(&lf)?;
    let rule = |source: &str, name: &str, agg| Rule { source: source.to_owned(), name: name.to_owned(), agg };
    let rules = vec![
        rule("price", "open", Agg::First),
        rule("price", "high", Agg::Max),
        rule("price", "low", Agg::Min),
        rule("price", "close", Agg::Last),
        rule("size", "volume", Agg::Sum),
    ];
    resampled(lf, &schema, spec, rules, true)
}

fn schema_of(lf: &LazyFrame) -> Result<SchemaRef> {
    lf.clone().collect_schema().map_err(|e| frame_error("the query to resample", &e))
}

/// The two steps, in a query.
fn resampled(lf: LazyFrame, schema: &Schema, spec: &ResampleSpec, rules: Vec<Rule>, events: bool) -> Result<LazyFrame> {
    let mut sources: Vec<String> = Vec::new();
    for name in [SYMBOL, TS].into_iter().chain(rules.iter().map(|r| r.source.as_str())) {
        if !schema.contains(name) {
            let there = schema.iter_names().map(|n| n.to_string());
            return Err(Error::missing_column("the query", name, there, "select and rename columns before resampling"));
        }
        if !sources.iter().any(|s| s == name) {
            sources.push(name.to_owned());
        }
    }
    let with_known = schema.contains(AVAILABLE);
    if with_known {
        sources.push(AVAILABLE.to_owned());
    }
    let by_completion = !events && spec.closed == Side::Right && with_known;
    let plan = Arc::new(Plan { spec: spec.clone(), rules, by_completion, with_known, events });
    let (first, second) = (Arc::clone(&plan), Arc::clone(&plan));
    let (partial, full) = (Arc::new(plan.partial_schema()), Arc::new(plan.schema()));
    Ok(lf
        .select(sources.iter().map(|s| col(s.as_str())).collect::<Vec<_>>())
        .map(
            move |df| first.gather(&df),
            OptFlags::STREAMING,
            Some(Arc::new(move |_: &Schema| Ok(Arc::clone(&partial)))),
            Some("buckets of a piece"),
        )
        .map(
            move |df| second.join(&df),
            OptFlags::empty(),
            Some(Arc::new(move |_: &Schema| Ok(Arc::clone(&full)))),
            Some("buckets across pieces"),
        ))
}

/// What both steps know.
struct Plan {
    spec: ResampleSpec,
    rules: Vec<Rule>,
    /// Whether rows fall where they are complete rather than where they open.
    by_completion: bool,
    /// Whether the query says when its rows were known.
    with_known: bool,
    /// Whether rows are events: one that was received late delays its bar, where a bar that is complete beyond its
    /// bucket is an error.
    events: bool,
}

/// Names of the columns between the steps.
const START: &str = "bucket_start";
const END: &str = "bucket_end";
const FIRST: &str = "first_row_at";
const LAST: &str = "last_row_at";
const KNOWN: &str = "last_row_known_at";

impl Plan {
    /// The columns between the steps: bucket, first and last row's time, then per rule a value or a list of them.
    fn partial_schema(&self) -> Schema {
        let mut schema = Schema::default();
        schema.with_column(SYMBOL.into(), DataType::String);
        for name in [START, END, FIRST, LAST, KNOWN] {
            schema.with_column(name.into(), DataType::Int64);
        }
        for rule in &self.rules {
            let dtype = match rule.agg {
                Agg::Sum => DataType::List(Box::new(DataType::Float64)),
                _ => DataType::Float64,
            };
            schema.with_column(rule.name.as_str().into(), dtype);
        }
        schema
    }

    /// The columns of the result.
    fn schema(&self) -> Schema {
        let mut schema = Schema::default();
        schema.with_column(SYMBOL.into(), DataType::String);
        schema.with_column(TS.into(), time_type());
        schema.with_column(AVAILABLE.into(), time_type());
        for rule in &self.rules {
            schema.with_column(rule.name.as_str().into(), DataType::Float64);
        }
        schema
    }

    /// The first step: the buckets of one piece.
    fn gather(&self, df: &DataFrame) -> PolarsResult<DataFrame> {
        let n = df.height();
        let key = df.column(if self.by_completion { AVAILABLE } else { TS })?;
        let key = key.as_materialized_series().cast(&time_type())?;
        let key = key.to_physical_repr().rechunk();
        let key = key.i64()?;
        polars_ensure!(key.null_count() == 0, ComputeError: "a row to resample has no time");
        let key: &[i64] = key.cont_slice()?;
        let known = match self.with_known {
            false => None,
            true => {
                let known = df.column(AVAILABLE)?.as_materialized_series().cast(&time_type())?;
                Some(known.to_physical_repr().rechunk().i64()?.clone())
            }
        };
        let known: Option<&[i64]> = known.as_ref().map(|k| k.cont_slice()).transpose()?;
        let values: Vec<Series> = self
            .rules
            .iter()
            .map(|r| Ok(df.column(&r.source)?.as_materialized_series().cast(&DataType::Float64)?.rechunk()))
            .collect::<PolarsResult<_>>()?;
        let filled: Vec<Vec<f64>>;
        let values: Vec<&[f64]> = if values.iter().all(|s| s.null_count() == 0) {
            values.iter().map(|s| s.f64()?.cont_slice()).collect::<PolarsResult<_>>()?
        } else {
            let plain = |s: &Series| Ok(s.f64()?.iter().map(|v| v.unwrap_or(f64::NAN)).collect());
            filled = values.iter().map(plain).collect::<PolarsResult<_>>()?;
            filled.iter().map(Vec::as_slice).collect()
        };
        let mut partials = Partials::new(&self.rules);
        let mut walk = |name: &str, rows: Walk<'_>| rows.gather(name, &self.spec, (key, known), &values, &mut partials);
        let symbols = df.column(SYMBOL)?;
        if let Some(only) = symbols.as_scalar_column().filter(|_| n > 0) {
            let name = only.scalar().value().get_str().unwrap_or_default().to_owned();
            walk(&name, Walk::All(n))?;
        } else {
            let symbols = symbols.cast(&DataType::String)?;
            let symbols = symbols.str()?;
            let mut rows: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
            for (i, name) in symbols.iter().enumerate() {
                let name = name.ok_or_else(|| polars_err!(ComputeError: "a row to resample has no symbol"))?;
                rows.entry(name).or_default().push(i as u32);
            }
            for (name, rows) in rows {
                walk(name, Walk::Some(&rows))?;
            }
        }
        partials.finish(&self.rules)
    }

    /// The second step: buckets that go on from piece to piece become one.
    fn join(&self, df: &DataFrame) -> PolarsResult<DataFrame> {
        let int = |name: &str| -> PolarsResult<Int64Chunked> { Ok(df.column(name)?.i64()?.clone()) };
        let (start, end, first, last) = (int(START)?, int(END)?, int(FIRST)?, int(LAST)?);
        let (start, end) = (start.rechunk(), end.rechunk());
        let (first, last) = (first.rechunk(), last.rechunk());
        let (start, end) = (start.cont_slice()?, end.cont_slice()?);
        let (first, last) = (first.cont_slice()?, last.cont_slice()?);
        let known = int(KNOWN)?;
        let known = known.rechunk();
        let known = known.cont_slice()?;
        let symbols = df.column(SYMBOL)?.as_materialized_series().rechunk();
        let symbols = symbols.str()?;
        // Rows in the order of the stream, symbol by symbol.
        let mut by_symbol: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for (i, name) in symbols.iter().enumerate() {
            by_symbol.entry(name.unwrap_or_default()).or_default().push(i as u32);
        }
        let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
        let mut order: Vec<usize> = Vec::with_capacity(df.height());
        let mut names: Vec<&str> = Vec::new();
        for (name, rows) in &by_symbol {
            for &row in rows {
                let row = row as usize;
                let before = (names.last() == Some(name)).then(|| order.last().copied()).flatten();
                if let Some(before) = before.filter(|&b| first[row] < last[b]) {
                    return Err(out_of_order(name, first[row], last[before]));
                }
                order.push(row);
                match runs.last_mut() {
                    Some(run) if before.is_some_and(|b| start[b] == start[row]) => run.end = order.len(),
                    _ => {
                        runs.push(order.len() - 1..order.len());
                        names.push(name);
                    }
                }
            }
        }
        let n = runs.len();
        let mut complete = Vec::with_capacity(n);
        for (run, name) in runs.iter().zip(&names) {
            let bucket_end = end[order[run.start]];
            let latest = order[run.clone()].iter().map(|&row| known[row]).max().unwrap_or(i64::MIN);
            polars_ensure!(self.events || latest <= bucket_end, ComputeError:
                "{name}: a bar is complete at {}, beyond the end of its bucket at {}; resample from bars that start \
                 with the session, or choose other hours", Timestamp(latest), Timestamp(bucket_end));
            complete.push(bucket_end.max(latest));
        }
        let complete = Int64Chunked::from_vec(AVAILABLE.into(), complete).into_series().cast(&time_type())?;
        let head = |run: &std::ops::Range<usize>| order[run.start];
        let stamp = |at: &[i64], name: &str| -> PolarsResult<Column> {
            let values: Vec<i64> = runs.iter().map(|run| at[head(run)]).collect();
            Ok(Int64Chunked::from_vec(name.into(), values).into_series().cast(&time_type())?.into())
        };
        let label = if self.spec.label == Side::Left { start } else { end };
        let symbol = StringChunked::from_iter_values(SYMBOL.into(), names.iter().copied());
        let mut out = vec![symbol.into_column(), stamp(label, TS)?, complete.into()];
        for rule in &self.rules {
            let column = df.column(&rule.name)?.as_materialized_series().rechunk();
            let folded = runs.iter().map(|run| fold(&column, rule.agg, &order[run.clone()]));
            let folded: Vec<f64> = folded.collect::<PolarsResult<_>>()?;
            out.push(Float64Chunked::from_vec(rule.name.as_str().into(), folded).into_column());
        }
        DataFrame::new(n, out)
    }
}

/// The error for rows that step back in time.
fn out_of_order(symbol: &str, at: i64, before: i64) -> PolarsError {
    polars_err!(ComputeError:
        "{symbol}: a row at {} comes after one at {}; sort the query by time before resampling",
        Timestamp(at), Timestamp(before))
}

/// Puts together what several pieces hold of one bucket.
fn fold(column: &Series, agg: Agg, rows: &[usize]) -> PolarsResult<f64> {
    let mut fold = Fold::new(agg);
    if agg == Agg::Sum {
        let lists = column.list()?;
        let array = lists.downcast_as_array();
        let (offsets, values) = (array.offsets(), array.values());
        let values = values.as_any().downcast_ref::<Float64Array>();
        let values = values.ok_or_else(|| polars_err!(ComputeError: "sums are kept as lists of doubles"))?.values();
        for &row in rows {
            let (from, to) = offsets.start_end(row);
            values[from..to].iter().for_each(|&v| fold.push(v));
        }
    } else {
        let values = column.f64()?.cont_slice()?;
        rows.iter().for_each(|&row| fold.push(values[row]));
    }
    Ok(fold.value())
}

/// The rows of one symbol within a piece.
enum Walk<'a> {
    All(usize),
    Some(&'a [u32]),
}

impl Walk<'_> {
    /// Puts the rows together, bucket by bucket.
    fn gather(
        &self,
        symbol: &str,
        spec: &ResampleSpec,
        (key, known): (&[i64], Option<&[i64]>),
        values: &[&[f64]],
        out: &mut Partials,
    ) -> PolarsResult<()> {
        let n = match self {
            Self::All(n) => *n,
            Self::Some(rows) => rows.len(),
        };
        let row = |i: usize| match self {
            Self::All(_) => i,
            Self::Some(rows) => rows[i] as usize,
        };
        let mut bucketer = Bucketer::new(spec);
        let from = out.start.len();
        let mut i = 0;
        // The stretches of rows that one bucket holds: several where rows outside of trading hours lie between.
        let mut spans: Vec<std::ops::Range<usize>> = Vec::new();
        while i < n {
            let Some(bucket) = bucketer.bucket_of(key[row(i)]) else {
                i += 1;
                continue;
            };
            let first = key[row(i)];
            let mut last = first;
            spans.clear();
            loop {
                let begin = i;
                while i < n && bucketer.still_holds(key[row(i)]) {
                    let at = key[row(i)];
                    if at < last {
                        return Err(out_of_order(symbol, at, last));
                    }
                    last = at;
                    i += 1;
                }
                // A bucket is found for the row at `begin`, so that it is there even if it sits on a closed end.
                i = i.max(begin + 1);
                spans.push(begin..i);
                while i < n && bucketer.bucket_of(key[row(i)]).is_none() {
                    i += 1;
                }
                if i >= n || bucketer.bucket_of(key[row(i)]) != Some(bucket) {
                    break;
                }
            }
            out.symbol.push(symbol.into());
            out.start.push(bucket.start);
            out.end.push(bucket.end);
            out.first.push(first);
            out.last.push(last);
            let end = spans.last().map_or(0, |span| span.end - 1);
            out.known.push(known.map_or(i64::MIN, |known| known[row(end)]));
            for ((values, agg), slot) in values.iter().zip(&out.rules).zip(&mut out.values) {
                if *agg == Agg::Sum && out.start.len() - from > 2 {
                    // The bucket before is neither the first nor, by now, the last: nothing can be added to it.
                    slot.settle_last();
                }
                match (agg, self, spans.as_slice()) {
                    (Agg::Sum, Self::All(_), spans) => {
                        spans.iter().for_each(|span| slot.sums.extend_from_slice(&values[span.clone()]));
                    }
                    (Agg::Sum, Self::Some(_), spans) => {
                        slot.sums.extend(spans.iter().flat_map(|s| s.clone()).map(|j| values[row(j)]));
                    }
                    (agg, Self::All(_), [span]) => slot.plain.push(agg.of(&values[span.clone()])),
                    (agg, _, spans) => {
                        let mut fold = Fold::new(*agg);
                        spans.iter().flat_map(|s| s.clone()).for_each(|j| fold.push(values[row(j)]));
                        slot.plain.push(fold.value());
                    }
                }
                if *agg == Agg::Sum {
                    slot.close_list();
                }
            }
        }
        Ok(())
    }
}

/// Values of one column between the steps.
struct Slot {
    is_sum: bool,
    plain: Vec<f64>,
    /// Single values, and where each bucket's end.
    sums: Vec<f64>,
    ends: Vec<usize>,
}

impl Slot {
    fn close_list(&mut self) {
        self.ends.push(self.sums.len());
    }

    /// Replaces the values of the last bucket by their sum.
    fn settle_last(&mut self) {
        let n = self.ends.len();
        let begin = if n > 1 { self.ends[n - 2] } else { 0 };
        let sum = Agg::Sum.of(&self.sums[begin..]);
        self.sums.truncate(begin);
        self.sums.push(sum);
        if let Some(end) = self.ends.last_mut() {
            *end = begin + 1;
        }
    }
}

/// The rows between the steps.
struct Partials {
    rules: Vec<Agg>,
    symbol: Vec<PlSmallStr>,
    start: Vec<i64>,
    end: Vec<i64>,
    first: Vec<i64>,
    last: Vec<i64>,
    known: Vec<i64>,
    values: Vec<Slot>,
}

impl Partials {
    fn new(rules: &[Rule]) -> Self {
        let slot = |r: &Rule| Slot { is_sum: r.agg == Agg::Sum, plain: vec![], sums: vec![], ends: vec![] };
        Self {
            rules: rules.iter().map(|r| r.agg).collect(),
            symbol: vec![],
            start: vec![],
            end: vec![],
            first: vec![],
            last: vec![],
            known: vec![],
            values: rules.iter().map(slot).collect(),
        }
    }

    fn finish(self, rules: &[Rule]) -> PolarsResult<DataFrame> {
        let n = self.start.len();
        let mut out =
            vec![StringChunked::from_iter_values(SYMBOL.into(), self.symbol.iter().map(|s| s.as_str())).into_column()];
        let times = [(START, self.start), (END, self.end), (FIRST, self.first), (LAST, self.last), (KNOWN, self.known)];
        for (name, at) in times {
            out.push(Int64Chunked::from_vec(name.into(), at).into_column());
        }
        for (rule, slot) in rules.iter().zip(self.values) {
            let name: PlSmallStr = rule.name.as_str().into();
            out.push(if slot.is_sum {
                let offsets: Vec<i64> = std::iter::once(0).chain(slot.ends.iter().map(|&e| e as i64)).collect();
                let offsets = polars_arrow::offset::OffsetsBuffer::try_from(offsets)?;
                let inner = Float64Array::from_vec(slot.sums);
                let dtype = LargeListArray::default_datatype(inner.dtype().clone());
                let lists = LargeListArray::new(dtype, offsets, Box::new(inner), None);
                ListChunked::with_chunk(name, lists).into_column()
            } else {
                Float64Chunked::from_vec(name, slot.plain).into_column()
            });
        }
        DataFrame::new(n, out)
    }
}
