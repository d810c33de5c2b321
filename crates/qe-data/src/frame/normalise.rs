//! From a file's columns to ours: time in nanoseconds UTC, numbers in double precision, rows in their place.
//!
//! A [`Recipe`] is made once per symbol, from the schema of its first file; it then works on any piece of the data, so
//! a lazy query runs it on the streaming engine, piece by piece.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use polars::prelude::*;
use qe_core::time::{Date, NANOS_PER_DAY, Timestamp};
use qe_core::zone::Zone;

use super::{AVAILABLE, SYMBOL, TS, names, time_type};
use crate::error::{Error, Result};
use crate::spec::{DataKind, DataSpec, Dtype, TimeUnit as Epoch};
use crate::stamp::{Placer, Stamp, placing_slack};

/// How a time column is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clock {
    /// Days since 1970.
    Days,
    /// Counts of this many nanoseconds, of instants.
    Instants(i64),
    /// Counts of this many nanoseconds, of a clock on the wall.
    Walls(i64),
    /// Text.
    Text,
}

/// Where a row's symbol comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SymbolFrom {
    /// It is the same for all rows.
    Given(String),
    /// A column says so.
    Column(String),
}

/// One column of numbers.
#[derive(Debug, Clone)]
struct Value {
    /// Its name in the files; `None` if they lack it.
    source: Option<String>,
    /// Its name in memory.
    name: String,
    /// Whether it is stored in single precision.
    single: bool,
}

/// How to bring the rows of a data set to our shape.
#[derive(Debug, Clone)]
pub(super) struct Recipe {
    spec: Arc<DataSpec>,
    /// The files, for errors.
    place: String,
    times: Vec<String>,
    /// The type of the time column.
    time_type: DataType,
    /// Whether the unit of the times was told by the size of the first.
    is_guessed: bool,
    /// A column that says the symbol, where a folder or a file's name says it too.
    told: Option<String>,
    clock: Clock,
    /// The zone of the stamps.
    zone: Zone,
    values: Vec<Value>,
}

/// The times of the rows that are wanted, and which rows they are if not all.
struct Placed {
    open: Int64Chunked,
    available: Int64Chunked,
    kept: Option<IdxCa>,
    /// How far the stamps of neighbours are apart that open at one time, and how often.
    steps: BTreeMap<i64, u64>,
}

/// What the recipe saw; shared between the pieces of one query.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) n_read: AtomicU64,
    pub(super) n_outside: AtomicU64,
    /// How far the stamps of neighbours are apart that open at one time, and how often: bars that are shorter than they are
    /// said to be fall together.
    steps: Mutex<BTreeMap<i64, u64>>,
}

impl Seen {
    /// The same of a part of the rows: what was counted stands with another.
    pub(super) fn without_counts(&self) -> Self {
        Self { steps: Mutex::new(self.steps()), ..Self::default() }
    }

    fn steps(&self) -> BTreeMap<i64, u64> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How far most stamps are apart that open at one time, if any do.
    pub(super) fn step(&self) -> Option<i64> {
        self.steps().into_iter().max_by_key(|(step, n)| (*n, Reverse(*step))).map(|(step, _)| step)
    }
}

impl Recipe {
    /// A recipe for files with this schema. `first_time` is the first value of a time column of whole numbers.
    pub(super) fn new(
        spec: &Arc<DataSpec>,
        schema: &Schema,
        symbol_column: Option<&str>,
        place: &str,
        first_time: impl FnOnce(&str) -> Result<Option<i64>>,
    ) -> Result<Self> {
        let columns: Vec<String> = schema.iter_names().map(|n| n.to_string()).collect();
        let times = names::find_time(&columns, spec.time.column.as_deref(), place)?;
        let dtype = |name: &str| schema.get(name).cloned().unwrap_or(DataType::Null);
        let time_type = dtype(times[0]);
        let (clock, zone) = clock(spec, &times, &time_type, place, first_time)?;
        let is_guessed = time_type.is_integer() && spec.time.unit.is_none() && times.len() == 1;
        let mut values = Vec::new();
        let single = spec.dtype == Dtype::Float32;
        let mut take = |name: &str, source: Option<&str>, single: bool| -> Result<()> {
            if let Some(source) = source {
                check_number(source, &dtype(source), place)?;
                // The reader of text files renames the second of two columns of one name.
                if columns.contains(&format!("{source}_duplicated_0")) {
                    let reason = format!("two columns are named {source:?}");
                    return Err(Error::refused(place, reason, "rename one of them in the file"));
                }
            }
            if !values.iter().any(|v: &Value| v.name == name) {
                values.push(Value { source: source.map(str::to_owned), name: name.to_owned(), single });
            }
            Ok(())
        };
        for name in spec.kind.required() {
            take(name, Some(names::need(name, &columns, &spec.rename, place)?), false)?;
        }
        for name in spec.kind.optional() {
            // A name that the user gives is meant to be there.
            let source = match spec.rename.contains_key(*name) {
                true => Some(names::need(name, &columns, &spec.rename, place)?),
                false => names::find(name, &columns, &spec.rename),
            };
            take(name, source, false)?;
        }
        for name in &spec.columns {
            take(name, Some(names::need(name, &columns, &spec.rename, place)?), single)?;
        }
        if spec.kind == DataKind::Features && spec.columns.is_empty() {
            let hive = |n: &str| matches!(n, "year" | "month" | "day" | "date");
            for name in &columns {
                let ours = [SYMBOL, TS, AVAILABLE].contains(&name.as_str());
                let used = ours || times.contains(&name.as_str()) || symbol_column == Some(name.as_str());
                if !used && !hive(name) && is_number(&dtype(name)) {
                    take(name, Some(name), single)?;
                }
            }
        }
        if values.is_empty() {
            let reason = format!("no column holds numbers as they are; there are: {}", columns.join(", "));
            return Err(Error::refused(place, reason, "name the features wanted in `columns`"));
        }
        let text =
            |name: &&str| matches!(dtype(name), DataType::String | DataType::Categorical(..) | DataType::Enum(..));
        let told = names::find(SYMBOL, &columns, &spec.rename).filter(text).filter(|_| symbol_column.is_none());
        Ok(Self {
            spec: Arc::clone(spec),
            place: place.to_owned(),
            told: told.map(str::to_owned),
            times: times.into_iter().map(str::to_owned).collect(),
            time_type,
            is_guessed,
            clock,
            zone,
            values,
        })
    }

    /// The columns to read.
    pub(super) fn sources(&self) -> impl Iterator<Item = &str> {
        let values = self.values.iter().filter_map(|v| v.source.as_ref());
        self.times.iter().chain(values).chain(&self.told).map(String::as_str)
    }

    /// Whether files of one symbol must be compared before they are read: the reader takes times without a zone for UTC
    /// and the other way round without a word, which the specification may say otherwise.
    pub(super) fn must_compare_times(&self) -> bool {
        let told = self.spec.time.zone.is_some_and(|zone| zone != Zone::Utc);
        told && matches!(self.time_type, DataType::Datetime(..))
    }

    /// What to do about a bad value of a column.
    pub(super) fn mend_for(&self, column: &str) -> &'static str {
        if self.times.iter().any(|t| t == column) {
            "mend the time, or say how to read it with `time.column`, `time.unit` and `time.zone`"
        } else if self.told.as_deref() == Some(column) {
            "move the file, or name another column for `symbol` in `rename`"
        } else {
            "mend the value, or leave it blank where it is unknown"
        }
    }

    /// A condition on the stored time that keeps every wanted row, and lets the reader skip the rest of a file.
    pub(super) fn bounds(&self) -> Option<Expr> {
        let (range, dtype) = (self.spec.range(), &self.time_type);
        if self.spec.start.is_none() && self.spec.end.is_none() {
            return None;
        }
        let time = || col(self.times[0].as_str());
        // Clocks on the wall, days, and bars stamped at their end are put in place later.
        let slack = placing_slack(&self.spec).saturating_add(NANOS_PER_DAY);
        let (from, to) = (range.start.saturating_sub(slack), range.end.saturating_add(slack));
        let lit_at = |at: i64| match self.clock {
            Clock::Days => Some(lit(at.div_euclid(NANOS_PER_DAY) as i32).cast(DataType::Date)),
            Clock::Instants(unit) | Clock::Walls(unit) => {
                let at = lit(at.div_euclid(unit));
                Some(if dtype.is_temporal() { at.cast(dtype.clone()) } else { at })
            }
            Clock::Text => None,
        };
        let lower = (from > i64::MIN).then(|| lit_at(from).map(|at| time().gt_eq(at))).flatten();
        let upper = (to < i64::MAX).then(|| lit_at(to).map(|at| time().lt_eq(at))).flatten();
        match (lower, upper) {
            (Some(a), Some(b)) => Some(a.and(b)),
            (a, b) => a.or(b),
        }
    }

    /// The schema of the result.
    pub(super) fn schema(&self) -> Schema {
        let mut schema = Schema::default();
        schema.with_column(SYMBOL.into(), DataType::String);
        schema.with_column(TS.into(), time_type());
        schema.with_column(AVAILABLE.into(), time_type());
        for v in &self.values {
            let dtype = if v.single { DataType::Float32 } else { DataType::Float64 };
            schema.with_column(v.name.as_str().into(), dtype);
        }
        schema
    }

    /// Brings a piece of the data to our shape.
    pub(super) fn apply(&self, df: DataFrame, symbol: &SymbolFrom, seen: &Seen) -> PolarsResult<DataFrame> {
        let height = df.height();
        if let (Some(column), SymbolFrom::Given(given)) = (&self.told, symbol) {
            self.check_told(df.column(column)?, given)?;
        }
        let placed = self.place_rows(&df)?;
        let n = placed.open.len();
        seen.n_read.fetch_add(height as u64, Ordering::Relaxed);
        seen.n_outside.fetch_add((height - n) as u64, Ordering::Relaxed);
        if !placed.steps.is_empty() {
            let mut steps = seen.steps.lock().unwrap_or_else(PoisonError::into_inner);
            placed.steps.iter().for_each(|(step, n)| *steps.entry(*step).or_default() += n);
        }
        let pick = |c: Column| -> Column {
            match &placed.kept {
                None => c,
                Some(rows) => c.take(rows).unwrap_or(c),
            }
        };
        let mut out = Vec::with_capacity(self.values.len() + 3);
        out.push(match symbol {
            SymbolFrom::Given(name) => Column::new_scalar(SYMBOL.into(), Scalar::from(PlSmallStr::from_str(name)), n),
            SymbolFrom::Column(name) => {
                let mut c = pick(df.column(name)?.cast(&DataType::String)?);
                c.rename(SYMBOL.into());
                c
            }
        });
        let times = |name: &str, at: &Int64Chunked| -> Column {
            let at = at.clone().with_name(name.into());
            at.into_datetime(TimeUnit::Nanoseconds, Some(polars::prelude::TimeZone::UTC)).into_column()
        };
        out.push(times(TS, &placed.open));
        out.push(times(AVAILABLE, &placed.available));
        for value in &self.values {
            out.push(match &value.source {
                None => Column::new_scalar(value.name.as_str().into(), Scalar::from(f64::NAN), n),
                Some(source) => {
                    let dtype = if value.single { DataType::Float32 } else { DataType::Float64 };
                    let mut c = pick(numbers(df.column(source)?, &self.place)?.cast(&dtype)?);
                    c.rename(value.name.as_str().into());
                    c
                }
            });
        }
        DataFrame::new(n, out)
    }

    /// Fails where a column names another symbol than the path does.
    fn check_told(&self, column: &Column, given: &str) -> PolarsResult<()> {
        let text = column.cast(&DataType::String)?;
        let other = text
            .str()?
            .iter()
            .enumerate()
            .find_map(|(row, s)| Some((row, s.filter(|s| !s.eq_ignore_ascii_case(given))?)));
        let Some((row, value)) = other else { return Ok(()) };
        let reason = format!("is another symbol than {given}, which the path names");
        Err(bad_value(&self.place, row, column.name(), value, &reason))
    }

    /// When the wanted rows opened and were complete, and which they are if not all.
    fn place_rows(&self, df: &DataFrame) -> PolarsResult<Placed> {
        if let (Clock::Instants(1), Some(width)) = (self.clock, Placer::new(&self.spec).all_as_stamped())
            && !self.is_guessed
        {
            let time = df.column(&self.times[0])?.as_materialized_series();
            let open = time.to_physical_repr().cast(&DataType::Int64)?.i64()?.clone();
            if open.null_count() == 0 {
                let available = if width == 0 { open.clone() } else { &open + width };
                return Ok(Placed { open, available, kept: None, steps: BTreeMap::new() });
            }
        }
        let n = df.height();
        let (mut open, mut available) = (Vec::with_capacity(n), Vec::with_capacity(n));
        let mut kept: Vec<IdxSize> = Vec::new();
        let mut placer = Placer::new(&self.spec);
        let mut row: IdxSize = 0;
        let mut steps = BTreeMap::new();
        let mut before = None;
        let mut put = |place: Option<crate::stamp::Place>, stamp: i64| {
            match place {
                Some(place) => {
                    if let Some((opened, stamped)) = before.replace((place.open, stamp))
                        && opened == place.open
                        && stamped != stamp
                    {
                        *steps.entry(stamp.abs_diff(stamped).try_into().unwrap_or(i64::MAX)).or_default() += 1;
                    }
                    // Rows are listed from the first that is left out on.
                    if open.len() != row as usize || !kept.is_empty() {
                        if kept.is_empty() {
                            kept.extend(0..open.len() as IdxSize);
                        }
                        kept.push(row);
                    }
                    open.push(place.open);
                    available.push(place.available);
                }
                None if kept.is_empty() => kept.extend(0..open.len() as IdxSize),
                None => {}
            }
            row += 1;
        };
        let time = df.column(&self.times[0])?.as_materialized_series().clone();
        let coarse = placer.is_coarse();
        if self.clock == Clock::Text {
            let day = time.cast(&DataType::String)?;
            let clock = match self.times.get(1) {
                Some(name) => Some(df.column(name)?.as_materialized_series().cast(&DataType::String)?),
                None => None,
            };
            let (day, clock) = (day.str()?, clock.as_ref().map(|c| c.str()).transpose()?);
            for i in 0..n {
                let text = day.get(i).unwrap_or_default();
                let joined;
                let text = match clock.and_then(|c| c.get(i)).filter(|c| !c.trim_matches(['0', ':', ' ']).is_empty()) {
                    Some(clock) => {
                        joined = format!("{text} {clock:0>6}");
                        &joined
                    }
                    None => text,
                };
                let stamp = match (self.spec.time.unit, text.trim().parse::<i64>()) {
                    (Some(unit), Ok(count)) => count.checked_mul(unit.nanos()).map(Stamp::Instant),
                    _ => Stamp::parse(text),
                };
                let stamp = stamp.ok_or_else(|| self.bad_time(i, text, "is no date or time"))?;
                put(self.put_stamp(&mut placer, coarse, stamp, i)?, stamp.reading());
            }
        } else {
            let physical = time.to_physical_repr().cast(&DataType::Int64)?;
            let physical = physical.i64()?;
            let scale = match self.clock {
                Clock::Days => NANOS_PER_DAY,
                Clock::Instants(unit) | Clock::Walls(unit) => unit,
                Clock::Text => 1,
            };
            let plain = matches!(self.clock, Clock::Instants(_)) && !coarse;
            let mut i = 0;
            for chunk in physical.downcast_iter() {
                for value in chunk {
                    let raw = value.ok_or_else(|| self.bad_time(i, "nothing", "is missing"))?;
                    let too_far = || self.bad_time(i, &raw.to_string(), "is beyond the years 1677 to 2262");
                    if self.is_guessed && Epoch::guess(*raw).nanos() != scale {
                        let reason = "is a time of another unit than the first; one column counts in one unit";
                        return Err(self.bad_time(i, &raw.to_string(), reason));
                    }
                    let at = raw.checked_mul(scale).ok_or_else(too_far)?;
                    if plain {
                        put(placer.instant(at), at);
                    } else {
                        let stamp = match self.clock {
                            Clock::Days => Stamp::Day(Date::of_nanos(at)),
                            Clock::Walls(_) => Stamp::Wall(at),
                            Clock::Instants(_) | Clock::Text => Stamp::Instant(at),
                        };
                        put(self.put_stamp(&mut placer, coarse, stamp, i)?, at);
                    }
                    i += 1;
                }
            }
        }
        let all = open.len() == n;
        Ok(Placed {
            open: Int64Chunked::from_vec(TS.into(), open),
            available: Int64Chunked::from_vec(AVAILABLE.into(), available),
            kept: (!all).then(|| IdxCa::from_vec("".into(), kept)),
            steps,
        })
    }

    /// The place of a stamp that is not a plain instant.
    fn put_stamp(
        &self,
        placer: &mut Placer,
        coarse: bool,
        stamp: Stamp,
        row: usize,
    ) -> PolarsResult<Option<crate::stamp::Place>> {
        if coarse {
            return Ok(placer.day_of(stamp, self.zone).and_then(|day| placer.day(day)));
        }
        let skipped = || {
            let value = match stamp {
                Stamp::Instant(at) | Stamp::Wall(at) => Timestamp(at).to_string(),
                Stamp::Day(date) => date.to_string(),
            };
            let reason = format!("is in the hour that the clocks of {} skipped", self.zone);
            self.bad_time(row, value.trim_end_matches('Z'), &reason)
        };
        stamp.instant(self.zone).map(|at| placer.instant(at)).ok_or_else(skipped)
    }

    /// An error about a time, which the loader turns into one of ours.
    fn bad_time(&self, row: usize, value: &str, reason: &str) -> PolarsError {
        bad_value(&self.place, row, &self.times[0], value, reason)
    }
}

/// What parts the fields of an error that carries a place: it is not seen where the error is shown.
const SEPARATOR: char = '\u{2063}';

/// An error about a value, in a form that [`parse_bad_value`] reads back.
fn bad_value(place: &str, row: usize, column: &str, value: &str, reason: &str) -> PolarsError {
    let s = SEPARATOR;
    let value = value.replace(s, "");
    PolarsError::ComputeError(
        format!(
            "a value cannot be used: column {s}{column}{s}: {s}{value}{s}; it {s}{reason}{s} (row {s}{row}{s} of a \
             piece of {place} or of a file after it; `Loader::load` names the file and the row)"
        )
        .into(),
    )
}

/// Row, column, value and reason of an error made by [`bad_value`], wherever it is wrapped.
pub(super) fn parse_bad_value(text: &str) -> Option<(u64, String, String, String)> {
    let mut fields = text.split(SEPARATOR).skip(1).step_by(2).map(str::to_owned);
    let (column, value, reason) = (fields.next()?, fields.next()?, fields.next()?);
    Some((fields.next()?.parse().ok()?, column, value, reason))
}

/// How the time column counts, and the zone of its stamps.
fn clock(
    spec: &DataSpec,
    times: &[&str],
    dtype: &DataType,
    place: &str,
    first_time: impl FnOnce(&str) -> Result<Option<i64>>,
) -> Result<(Clock, Zone)> {
    let zone = spec.time.zone.unwrap_or(Zone::Utc);
    Ok(match dtype {
        _ if times.len() > 1 => (Clock::Text, zone),
        DataType::Date => (Clock::Days, zone),
        DataType::String => (Clock::Text, zone),
        DataType::Datetime(unit, tz) => {
            let unit = match unit {
                TimeUnit::Nanoseconds => 1,
                TimeUnit::Microseconds => 1_000,
                TimeUnit::Milliseconds => 1_000_000,
            };
            match tz {
                // Which day an instant lies in hangs on its zone; which instant it is does not.
                Some(tz) => match (Zone::parse(tz.as_str()), spec.time.zone) {
                    (Ok(zone), _) | (Err(_), Some(zone)) => (Clock::Instants(unit), zone),
                    (Err(_), None) if !Placer::new(spec).is_coarse() => (Clock::Instants(unit), Zone::Utc),
                    (Err(_), None) => {
                        return Err(Error::WrongType {
                            place: place.to_owned(),
                            column: times[0].to_owned(),
                            got: format!("a time in {}", tz.as_str()),
                            wanted: "a day",
                            mend: "this zone is not known here: store days as dates, or name their zone in `time.zone`"
                                .into(),
                        });
                    }
                },
                None if zone == Zone::Utc => (Clock::Instants(unit), zone),
                None => (Clock::Walls(unit), zone),
            }
        }
        d if d.is_integer() => {
            let unit = match spec.time.unit {
                Some(unit) => unit,
                None => match first_time(times[0])? {
                    // 20240305 and 20240305093000 are days and times written without their dashes.
                    Some(n) if !matches!(Stamp::parse(&n.to_string()), None | Some(Stamp::Instant(_))) => {
                        return Ok((Clock::Text, zone));
                    }
                    first => first.map_or(Epoch::Nanoseconds, Epoch::guess),
                },
            };
            (Clock::Instants(unit.nanos()), zone)
        }
        other => {
            return Err(Error::WrongType {
                place: place.to_owned(),
                column: times[0].to_owned(),
                got: other.to_string(),
                wanted: "a time",
                mend: "store it as a timestamp, a date, text or a whole number since 1970".into(),
            });
        }
    })
}

/// Whether a column holds numbers as they are.
fn is_number(dtype: &DataType) -> bool {
    dtype.is_primitive_numeric() || matches!(dtype, DataType::Boolean | DataType::Decimal(..) | DataType::Null)
}

/// Fails for a column that can hold no numbers.
fn check_number(column: &str, dtype: &DataType, place: &str) -> Result<()> {
    if is_number(dtype) || dtype == &DataType::String {
        return Ok(());
    }
    Err(Error::WrongType {
        place: place.to_owned(),
        column: column.to_owned(),
        got: dtype.to_string(),
        wanted: "numbers",
        mend: "store it as a float, an integer or a decimal".into(),
    })
}

/// A column as numbers; text is read as a number, and a blank is missing.
fn numbers(column: &Column, place: &str) -> PolarsResult<Column> {
    if column.dtype() != &DataType::String {
        return column.cast(&DataType::Float64);
    }
    let text = column.str()?;
    let mut out: Vec<Option<f64>> = Vec::with_capacity(text.len());
    for (row, value) in text.iter().enumerate() {
        out.push(match value.map(str::trim) {
            None | Some("" | "-" | "null" | "NULL" | "None" | "N/A" | "n/a" | "N/D" | "nan" | "NaN" | "NA") => None,
            Some(v) => Some(v.parse().map_err(|_| bad_value(place, row, column.name(), v, "is no number"))?),
        });
    }
    Ok(Float64Chunked::from_iter_options(column.name().clone(), out.into_iter()).into_column())
}
