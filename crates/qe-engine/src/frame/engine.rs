//! The engine over a lazy query.

use std::sync::Arc;

use polars::prelude::*;
use qe_core::calendar::Calendar;
use qe_core::par::Threads;
use qe_core::timeframe::Timeframe;
use qe_data::frame::{SYMBOL, TS};

use super::tell::{ALIGNED, BESIDE, Field, INNER, aligned, metrics};
use super::{frame_error, lacks};
use crate::error::{Error, Result};
use crate::fills::At;
use crate::metrics::ALL;
use crate::vector::Vectorized;

/// Signals in a lazy query, and what they come to.
///
/// The query has `close`, `open` where fills are at opens, a column of signals, and `ts`; `symbol`, where it has several: none
/// bleeds into another. Rows of a symbol stand in order of time. A signal is the weight to hold, from -1 to 1 and
/// beyond as far as leverage goes; a condition counts as 1 and 0, and what is missing is no opinion.
#[derive(Debug, Clone)]
pub struct VectorizedEngine {
    /// How weights are traded.
    pub rule: Vectorized,
    /// What a day is.
    pub calendar: Calendar,
    /// How long a bar is.
    pub timeframe: Timeframe,
    /// The column of signals.
    pub signal: String,
    /// Rows that open before are not scored, though their closes are known; all are, if nothing is said.
    pub eval_start: Option<i64>,
    /// How many threads; the bits are the same for any number.
    pub threads: Threads,
}

/// What a step in the query knows.
pub(super) struct Told {
    pub(super) rule: Vectorized,
    pub(super) calendar: Calendar,
    pub(super) years: [f64; 2],
    pub(super) signal: String,
    pub(super) has_open: bool,
    pub(super) has_ts: bool,
    pub(super) eval_start: Option<i64>,
    pub(super) threads: Threads,
}

impl VectorizedEngine {
    /// By the seed's formula at the next open, over bars of a calendar, whose signals stand in `signal`.
    pub fn new(timeframe: Timeframe, calendar: Calendar) -> Self {
        let (rule, threads) = (Vectorized::default(), Threads::All);
        Self { rule, calendar, timeframe, signal: "signal".into(), eval_start: None, threads }
    }

    /// The query with what each bar came to: `signal`, `position` (held through the bar), `asset_return`, `gross_return`, `cost`,
    /// `net_return`, `equity`. Columns of these names are replaced.
    ///
    /// # Errors
    /// When the rule cannot be used, or a column is missing. Rows out of order are an error when the query runs.
    pub fn aligned(&self, lf: LazyFrame) -> Result<LazyFrame> {
        self.add(lf, &ALIGNED)
    }

    /// As [`VectorizedEngine::aligned`], with every intermediate number: units, cash, turnover, drawdown.
    ///
    /// # Errors
    /// As [`VectorizedEngine::aligned`].
    pub fn debug(&self, lf: LazyFrame) -> Result<LazyFrame> {
        self.add(lf, &[&ALIGNED[..], &INNER[..]].concat())
    }

    /// A row for each symbol with every metric of [`metrics::ALL`](crate::metrics::ALL), null where it is not defined, and `n_steps`,
    /// `max_drawdown_bars`, `final_equity`, `is_ruined`. No series is kept.
    ///
    /// # Errors
    /// As [`VectorizedEngine::aligned`].
    pub fn metrics(&self, lf: LazyFrame) -> Result<LazyFrame> {
        let (told, schema, lf) = self.told(lf, true)?;
        let mut names = vec![TS, "close", self.signal.as_str()];
        names.extend(told.has_open.then_some("open"));
        names.extend(schema.contains(SYMBOL).then_some(SYMBOL));
        let mut out = Schema::default();
        if schema.contains(SYMBOL) {
            out.with_column(SYMBOL.into(), DataType::String);
        }
        ALL.iter().for_each(|metric| drop(out.with_column(metric.name.into(), DataType::Float64)));
        let types = [DataType::UInt64, DataType::Float64, DataType::Float64, DataType::Boolean];
        BESIDE.iter().zip(types).for_each(|(name, dtype)| drop(out.with_column((*name).into(), dtype)));
        let out = Arc::new(out);
        Ok(lf.select(names.into_iter().map(col).collect::<Vec<_>>()).map(
            move |df| metrics(&df, &told),
            OptFlags::empty(),
            Some(Arc::new(move |_: &Schema| Ok(Arc::clone(&out)))),
            Some("metrics of each symbol"),
        ))
    }

    fn add(&self, lf: LazyFrame, fields: &[Field]) -> Result<LazyFrame> {
        let (told, _, lf) = self.told(lf, self.eval_start.is_some())?;
        let fields: Arc<[Field]> = fields.into();
        let of_type = Arc::clone(&fields);
        let with = move |schema: &Schema| {
            let mut out = schema.clone();
            of_type.iter().for_each(|(name, _)| drop(out.with_column((*name).into(), DataType::Float64)));
            Ok(Arc::new(out))
        };
        Ok(lf.map(
            move |df| aligned(&df, &told, &fields),
            OptFlags::empty(),
            Some(Arc::new(with)),
            Some("positions, returns and worth"),
        ))
    }

    /// What steps know, if the query has what they read.
    fn told(&self, mut lf: LazyFrame, reads_ts: bool) -> Result<(Told, SchemaRef, LazyFrame)> {
        self.rule.check()?;
        let schema = lf.collect_schema().map_err(|e| frame_error(&e))?;
        let has_open = self.rule.fill.at == At::Open;
        let there: Vec<String> = schema.iter_names().map(ToString::to_string).collect();
        let read = [Some("close"), has_open.then_some("open"), Some(self.signal.as_str()), reads_ts.then_some(TS)];
        for name in read.into_iter().flatten() {
            let Some(dtype) = schema.get(name) else { return Err(lacks(name, "the engine", &there)) };
            if name != TS && !(dtype.is_primitive_numeric() || dtype.is_bool()) {
                return Err(Error::Market {
                    place: format!("column {name:?}"),
                    reason: format!("it is {dtype}, and numbers are read"),
                    mend: "cast it to numbers, or name another column".into(),
                });
            }
        }
        let told = Told {
            rule: self.rule.clone(),
            years: [self.calendar.periods_per_year(self.timeframe), self.calendar.sessions_per_year()],
            calendar: self.calendar.clone(),
            signal: self.signal.clone(),
            has_open,
            has_ts: reads_ts || schema.contains(TS),
            eval_start: self.eval_start,
            threads: self.threads,
        };
        Ok((told, schema, lf))
    }
}
