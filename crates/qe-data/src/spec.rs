//! What to load, as data: the contract between a user and the loaders.
//!
//! A [`DataSpec`] is what people write in TOML, JSON or Rust, and may be wrong; [`DataSpec::validated`] says so with
//! the field and the mend. Nothing is read before that.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use qe_core::calendar::{Calendar, SessionHours};
use qe_core::time::{Date, TimeRange, Timestamp};
use qe_core::timeframe::Timeframe;
use qe_core::zone::Zone;
use serde::{Deserialize, Serialize};

use crate::adjust::Adjustment;
use crate::error::{Error, Result};
use crate::resample::Side;

/// What kind of rows the files hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataKind {
    /// Open, high, low, close and volume per row.
    #[default]
    Bars,
    /// A trade per row: price and size.
    Trades,
    /// A best bid and ask per row.
    Quotes,
    /// Any numbers per row.
    Features,
}

impl DataKind {
    /// The columns that such data cannot do without.
    pub fn required(self) -> &'static [&'static str] {
        match self {
            Self::Bars => &["open", "high", "low", "close"],
            Self::Trades => &["price", "size"],
            Self::Quotes => &["bid", "ask"],
            Self::Features => &[],
        }
    }

    /// The columns that are NaN where the files lack them.
    pub fn optional(self) -> &'static [&'static str] {
        match self {
            Self::Bars => &["volume"],
            Self::Trades => &["side"],
            Self::Quotes => &["bid_size", "ask_size"],
            Self::Features => &[],
        }
    }
}

/// How the files are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// By their endings.
    #[default]
    Auto,
    /// Apache Parquet.
    Parquet,
    /// Text with separators.
    Csv,
}

/// How features and extra columns are stored in memory. Prices are always in double precision.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dtype {
    /// Eight bytes a value.
    #[default]
    Float64,
    /// Four bytes a value.
    Float32,
}

/// The unit of a time column that holds whole numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeUnit {
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Milliseconds,
    /// Microseconds since 1970.
    Microseconds,
    /// Nanoseconds since 1970.
    Nanoseconds,
}

impl TimeUnit {
    /// Nanoseconds in one.
    pub fn nanos(self) -> i64 {
        match self {
            Self::Seconds => 1_000_000_000,
            Self::Milliseconds => 1_000_000,
            Self::Microseconds => 1_000,
            Self::Nanoseconds => 1,
        }
    }

    /// The unit in which a plausible instant has this size: the ranges of years 1973 to 5138 do not overlap.
    pub fn guess(value: i64) -> Self {
        match value.unsigned_abs() {
            0..100_000_000_000 => Self::Seconds,
            100_000_000_000..100_000_000_000_000 => Self::Milliseconds,
            100_000_000_000_000..100_000_000_000_000_000 => Self::Microseconds,
            _ => Self::Nanoseconds,
        }
    }
}

/// How the time column is to be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TimeSpec {
    /// Its name; without one, the usual names are tried.
    pub column: Option<String>,
    /// Its unit where it holds whole numbers; without one, the size of the first value tells.
    pub unit: Option<TimeUnit>,
    /// The zone of its clock where the file does not say; without one, UTC.
    pub zone: Option<Zone>,
    /// Whether the stamp is the opening of a bar or its completion.
    pub stamp: Side,
}

/// What to do with rows that open at one time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Duplicates {
    /// Refuse the data.
    #[default]
    Fail,
    /// Keep the first as read; count the others.
    KeepFirst,
    /// Keep the last as read; count the others.
    KeepLast,
}

/// What to do with rows that are out of order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unsorted {
    /// Sort them, keeping the order of equal times, and count how many stepped back.
    #[default]
    Sort,
    /// Refuse the data.
    Fail,
}

/// What to do with bars that the calendar expects and the data lack.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gaps {
    /// Leave them out; the quality report counts them.
    #[default]
    Keep,
    /// Put rows of NaN in their places.
    Nan,
    /// Refuse the data.
    Fail,
}

/// A day or an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum When {
    /// A day of the calendar.
    Day(Date),
    /// An instant.
    At(Timestamp),
}

impl When {
    /// The instant: a day is the midnight that it begins with, in the calendar's zone.
    pub fn nanos(self, calendar: &Calendar) -> i64 {
        match self {
            Self::Day(date) => calendar.zone().to_utc(date.midnight_utc()).earliest(),
            Self::At(at) => at.nanos(),
        }
    }
}

impl From<Date> for When {
    fn from(date: Date) -> Self {
        Self::Day(date)
    }
}

impl From<Timestamp> for When {
    fn from(at: Timestamp) -> Self {
        Self::At(at)
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(date) => date.fmt(f),
            Self::At(at) => at.fmt(f),
        }
    }
}

impl FromStr for When {
    type Err = qe_core::Error;
    fn from_str(text: &str) -> std::result::Result<Self, qe_core::Error> {
        Date::parse(text).map(Self::Day).or_else(|_| Timestamp::parse(text).map(Self::At))
    }
}

impl Serialize for When {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What to load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSpec {
    /// Files, folders and patterns (`*`, `?`, `**`).
    pub paths: Vec<String>,
    /// How the files are written.
    #[serde(default)]
    pub format: Format,
    /// What kind of rows they hold.
    #[serde(default)]
    pub kind: DataKind,
    /// The symbols wanted; all of them if empty.
    #[serde(default)]
    pub symbols: Vec<String>,
    /// The first day or instant wanted.
    #[serde(default)]
    pub start: Option<When>,
    /// The first day or instant no longer wanted.
    #[serde(default)]
    pub end: Option<When>,
    /// Columns wanted beside those that the kind needs; for features, those wanted, or all of them if empty.
    #[serde(default)]
    pub columns: Vec<String>,
    /// Names in the files for names in memory: `close = "Adj Close"`.
    #[serde(default)]
    pub rename: BTreeMap<String, String>,
    /// How long a stored bar is.
    #[serde(default = "one_minute")]
    pub timeframe: Timeframe,
    /// Whose sessions the rows belong to.
    #[serde(default = "Calendar::us_equities")]
    pub calendar: Calendar,
    /// Which part of the day is wanted.
    #[serde(default = "regular")]
    pub hours: SessionHours,
    /// How the time column is to be read.
    #[serde(default)]
    pub time: TimeSpec,
    /// Whose clock the `year=`, `month=` and `day=` folders follow. Without one, files are opened that could hold
    /// the rows under UTC or the calendar's clock.
    #[serde(default)]
    pub partition_zone: Option<Zone>,
    /// Which corporate actions prices and volumes are adjusted for.
    #[serde(default)]
    pub adjustment: Adjustment,
    /// The file that lists the corporate actions.
    #[serde(default)]
    pub actions: Option<String>,
    /// How features and extra columns are stored.
    #[serde(default)]
    pub dtype: Dtype,
    /// What to do with rows that open at one time.
    #[serde(default)]
    pub duplicates: Duplicates,
    /// What to do with rows that are out of order.
    #[serde(default)]
    pub unsorted: Unsorted,
    /// What to do with bars that the calendar expects and the data lack.
    #[serde(default)]
    pub gaps: Gaps,
    /// Who made the data.
    #[serde(default)]
    pub vendor: Option<String>,
    /// When the data were taken from the vendor: later corrections are not in them.
    #[serde(default)]
    pub as_of: Option<Timestamp>,
}

fn one_minute() -> Timeframe {
    Timeframe::M1
}

fn regular() -> SessionHours {
    SessionHours::Regular
}

impl DataSpec {
    /// Bars of `timeframe` under some paths, in the regular hours of US equities, raw, in double precision.
    pub fn bars<S: Into<String>>(paths: impl IntoIterator<Item = S>, timeframe: Timeframe) -> Self {
        Self {
            paths: paths.into_iter().map(Into::into).collect(),
            format: Format::Auto,
            kind: DataKind::Bars,
            symbols: Vec::new(),
            start: None,
            end: None,
            columns: Vec::new(),
            rename: BTreeMap::new(),
            timeframe,
            calendar: Calendar::us_equities(),
            hours: SessionHours::Regular,
            time: TimeSpec::default(),
            partition_zone: None,
            adjustment: Adjustment::Raw,
            actions: None,
            dtype: Dtype::Float64,
            duplicates: Duplicates::Fail,
            unsorted: Unsorted::Sort,
            gaps: Gaps::Keep,
            vendor: None,
            as_of: None,
        }
    }

    /// Rows of another kind under some paths, at any hour.
    pub fn events<S: Into<String>>(paths: impl IntoIterator<Item = S>, kind: DataKind) -> Self {
        Self { kind, hours: SessionHours::All, ..Self::bars(paths, Timeframe::M1) }
    }

    /// The same, for some symbols only.
    #[must_use]
    pub fn symbols<S: Into<String>>(mut self, symbols: impl IntoIterator<Item = S>) -> Self {
        self.symbols = symbols.into_iter().map(Into::into).collect();
        self
    }

    /// The same, from `start` up to but not including `end`.
    #[must_use]
    pub fn between(mut self, start: impl Into<When>, end: impl Into<When>) -> Self {
        (self.start, self.end) = (Some(start.into()), Some(end.into()));
        self
    }

    /// The stretch of time that is wanted.
    pub fn range(&self) -> TimeRange {
        TimeRange {
            start: self.start.map_or(i64::MIN, |w| w.nanos(&self.calendar)),
            end: self.end.map_or(i64::MAX, |w| w.nanos(&self.calendar)),
        }
    }

    /// The specification itself if it makes sense.
    ///
    /// # Errors
    /// Names the first field that does not, and what to write there.
    pub fn validated(self) -> Result<Self> {
        if self.paths.is_empty() || self.paths.iter().any(|p| p.trim().is_empty()) {
            return Err(Error::spec("paths", "there is nothing to load", "give a file, a folder or a pattern"));
        }
        if self.range().is_empty() {
            let (start, end) = (self.start.map(|w| w.to_string()), self.end.map(|w| w.to_string()));
            let reason = format!("nothing lies between {} and {}", start.unwrap_or_default(), end.unwrap_or_default());
            return Err(Error::spec("start, end", reason, "give an end after the start; the end itself is left out"));
        }
        for (field, list) in [("symbols", &self.symbols), ("columns", &self.columns)] {
            if let Some(i) = (1..list.len()).find(|&i| list[..i].contains(&list[i])) {
                return Err(Error::spec(field, format!("{:?} stands twice", list[i]), "name it once"));
            }
        }
        for (field, list) in [("symbols", &self.symbols), ("columns", &self.columns)] {
            if list.iter().any(|name| name.trim().is_empty()) {
                return Err(Error::spec(field, "one of the names is empty", "leave the field out to mean all"));
            }
        }
        if let Some(name) = self.columns.iter().find(|c| ["symbol", "ts", "available"].contains(&c.as_str())) {
            let reason = format!("{name:?} is a name that every table has for its own");
            return Err(Error::spec("columns", reason, "it is there without asking; leave it out"));
        }
        let named = || {
            let kind = self.kind.required().iter().chain(self.kind.optional()).copied();
            kind.chain(self.columns.iter().map(String::as_str)).chain(["symbol"])
        };
        if let Some(name) = self.rename.keys().find(|name| !named().any(|n| n == name.as_str())) {
            let near = qe_core::error::nearest(name, named());
            let near = near.map(|n| format!("; did you mean {n:?}?")).unwrap_or_default();
            let reason = format!("nothing is loaded as {name:?}{near}");
            let mend = "rename what the kind needs or `columns` asks for; the time column goes in `time.column`";
            return Err(Error::spec("rename", reason, mend));
        }
        if self.gaps == Gaps::Nan && (self.kind != DataKind::Bars || !self.timeframe.is_intraday()) {
            let mend = "use `keep`, and read the gaps from the quality report";
            return Err(Error::spec("gaps", "only bars within the day have known places", mend));
        }
        if self.adjustment != Adjustment::Raw && self.actions.is_none() {
            let reason = format!("{:?} needs to know the corporate actions", self.adjustment);
            return Err(Error::spec("adjustment", reason, "name their file in `actions`, or load `raw`"));
        }
        if self.adjustment != Adjustment::Raw && self.kind != DataKind::Bars {
            return Err(Error::spec("adjustment", "only bars are adjusted", "load `raw`"));
        }
        if self.duplicates != Duplicates::Fail && matches!(self.kind, DataKind::Trades | DataKind::Quotes) {
            let mend = "leave `duplicates` out: events at one instant are all kept";
            return Err(Error::spec("duplicates", "two events may share an instant", mend));
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    #[test]
    fn a_short_spec_has_the_documented_defaults_and_a_long_one_round_trips() {
        let spec: DataSpec = serde_json::from_str(r#"{"paths": ["data"], "start": "2024-01-02"}"#).unwrap();
        let expected = DataSpec { start: Some(day("2024-01-02").into()), ..DataSpec::bars(["data"], Timeframe::M1) };
        assert_eq!(spec, expected);
        let text = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<DataSpec>(&text).unwrap(), spec);
        let typo = serde_json::from_str::<DataSpec>(r#"{"paths": ["data"], "symbol": "SPY"}"#).unwrap_err();
        assert!(typo.to_string().contains("symbols"), "{typo}");
    }

    #[test]
    fn a_day_begins_at_the_exchange_and_not_in_greenwich() {
        let spec = DataSpec::bars(["x"], Timeframe::M1).between(day("2024-01-02"), day("2024-07-02"));
        let range = spec.range();
        assert_eq!(Timestamp(range.start).to_string(), "2024-01-02T05:00:00Z");
        assert_eq!(Timestamp(range.end).to_string(), "2024-07-02T04:00:00Z");
    }

    #[test]
    fn contradictions_are_named() {
        let base = || DataSpec::bars(["x"], Timeframe::M1);
        let cases = [
            (DataSpec { paths: vec![], ..base() }, "paths"),
            (base().between(day("2024-01-02"), day("2024-01-02")), "start, end"),
            (base().symbols(["A", "B", "A"]), "symbols"),
            (DataSpec { gaps: Gaps::Nan, timeframe: Timeframe::D1, ..base() }, "gaps"),
            (DataSpec { adjustment: Adjustment::Split, ..base() }, "adjustment"),
        ];
        for (spec, field) in cases {
            let text = spec.validated().unwrap_err().to_string();
            assert!(text.starts_with(field), "{text}");
        }
        assert!(base().validated().is_ok());
    }

    #[test]
    fn the_size_of_a_number_tells_its_unit() {
        let at = 1_709_251_200_i64;
        let units = [TimeUnit::Seconds, TimeUnit::Milliseconds, TimeUnit::Microseconds, TimeUnit::Nanoseconds];
        for unit in units {
            assert_eq!(TimeUnit::guess(at * (1_000_000_000 / unit.nanos())), unit);
        }
    }
}
