//! The arguments that say what to load, shared by all commands that load.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum, ValueHint};
use qe_core::calendar::{Calendar, SessionHours};
use qe_core::timeframe::Timeframe;
use qe_core::zone::Zone;
use qe_data::DataSpec;
use qe_data::resample::Side;
use qe_data::spec::{DataKind, Duplicates, Gaps, TimeUnit, When};
use serde::de::DeserializeOwned;

/// What to load.
#[derive(Debug, Clone, Args)]
pub(crate) struct SourceArgs {
    /// Files, folders and patterns (`*`, `?`, `**`).
    #[arg(required_unless_present_any = ["spec", "data"], value_hint = ValueHint::AnyPath)]
    paths: Vec<String>,
    /// The same by name, as often as wanted.
    #[arg(long, value_name = "PATH", num_args = 1.., value_hint = ValueHint::AnyPath)]
    data: Vec<String>,
    /// A data specification (TOML or JSON); the other options change it.
    #[arg(long, value_name = "FILE")]
    spec: Option<PathBuf>,
    /// What the rows are.
    #[arg(long, value_enum)]
    kind: Option<KindArg>,
    /// The symbols wanted, with commas between them.
    #[arg(long, value_delimiter = ',')]
    symbols: Vec<String>,
    /// The first day (2024-01-31) or instant (2024-01-31T14:30:00Z) wanted.
    #[arg(long)]
    start: Option<When>,
    /// The first day or instant no longer wanted.
    #[arg(long)]
    end: Option<When>,
    /// How long a stored bar is: 1m, 5m, 1h, 1d.
    #[arg(long, short)]
    timeframe: Option<Timeframe>,
    /// Whose sessions: us_equities or crypto.
    #[arg(long, value_parser = calendar)]
    calendar: Option<Calendar>,
    /// Which part of the day.
    #[arg(long, value_enum)]
    hours: Option<HoursArg>,
    /// The column with the time.
    #[arg(long)]
    time_column: Option<String>,
    /// The unit of a time that is a number.
    #[arg(long, value_enum)]
    time_unit: Option<UnitArg>,
    /// The zone of a time that does not say: America/New_York.
    #[arg(long)]
    time_zone: Option<Zone>,
    /// The times are the ends of the bars, not their beginnings.
    #[arg(long)]
    stamped_at_end: bool,
    /// What to do with rows of one time.
    #[arg(long, value_enum)]
    duplicates: Option<DuplicatesArg>,
    /// What to do with bars that are missing.
    #[arg(long, value_enum)]
    gaps: Option<GapsArg>,
    /// Columns wanted beside the usual ones, with commas between them.
    #[arg(long, value_delimiter = ',')]
    columns: Vec<String>,
    /// Who made the data.
    #[arg(long)]
    vendor: Option<String>,
}

macro_rules! value_enum {
    ($name:ident => $target:ident { $($variant:ident),* }) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
        #[value(rename_all = "snake_case")]
        enum $name { $($variant),* }

        impl From<$name> for $target {
            fn from(value: $name) -> Self {
                match value { $($name::$variant => Self::$variant),* }
            }
        }
    };
}

value_enum!(KindArg => DataKind { Bars, Trades, Quotes, Features });
value_enum!(HoursArg => SessionHours { Regular, Extended, All });
value_enum!(UnitArg => TimeUnit { Seconds, Milliseconds, Microseconds, Nanoseconds });
value_enum!(DuplicatesArg => Duplicates { Fail, KeepFirst, KeepLast });
value_enum!(GapsArg => Gaps { Keep, Nan, Fail });

fn calendar(name: &str) -> qe_core::Result<Calendar> {
    Calendar::by_name(name)
}

impl SourceArgs {
    /// The same for a table of features: its rows are taken as they are stamped, days being UTC's, unless something
    /// else is asked for.
    pub(crate) fn feature_spec(&self) -> Result<DataSpec> {
        let mut args = self.clone();
        if args.spec.is_none() {
            args.kind = args.kind.or(Some(KindArg::Features));
            args.calendar = args.calendar.or_else(|| Some(Calendar::crypto()));
            args.hours = args.hours.or(Some(HoursArg::All));
        }
        args.spec()
    }

    /// The same for bars that are traded in these timeframes: where nothing says how long a stored bar is, it is as
    /// long as the shortest of them.
    pub(crate) fn bars_spec(&self, traded: &[Timeframe]) -> Result<DataSpec> {
        let mut args = self.clone();
        if args.spec.is_none() {
            args.timeframe = args.timeframe.or_else(|| traded.iter().min_by_key(|t| t.nominal_nanos()).copied());
        }
        let spec = args.spec()?;
        if spec.kind != DataKind::Bars {
            bail!("--kind: {:?} cannot be traded; give bars", spec.kind);
        }
        Ok(spec)
    }

    /// Takes these symbols, where none are named.
    pub(crate) fn or_symbols(&mut self, symbols: &[String]) {
        if self.symbols.is_empty() {
            self.symbols = symbols.to_vec();
        }
    }

    /// The file of a data specification, if there is one.
    pub(crate) fn spec_file(&self) -> Option<&Path> {
        self.spec.as_deref()
    }

    /// The symbols wanted.
    pub(crate) fn symbols(&self) -> &[String] {
        &self.symbols
    }

    /// The specification that the arguments add up to.
    pub(crate) fn spec(&self) -> Result<DataSpec> {
        let mut spec = match &self.spec {
            Some(path) => read_spec(path)?,
            None => DataSpec::bars(Vec::<String>::new(), Timeframe::M1),
        };
        if !(self.paths.is_empty() && self.data.is_empty()) {
            spec.paths = [&self.paths[..], &self.data].concat();
        }
        fn set<T>(slot: &mut T, value: Option<impl Into<T>>) {
            if let Some(value) = value {
                *slot = value.into();
            }
        }
        set(&mut spec.kind, self.kind);
        set(&mut spec.timeframe, self.timeframe);
        set(&mut spec.calendar, self.calendar.clone());
        set(&mut spec.duplicates, self.duplicates);
        set(&mut spec.gaps, self.gaps);
        spec.start = self.start.or(spec.start);
        spec.end = self.end.or(spec.end);
        spec.time.column = self.time_column.clone().or(spec.time.column);
        spec.time.unit = self.time_unit.map(Into::into).or(spec.time.unit);
        spec.time.zone = self.time_zone.or(spec.time.zone);
        spec.vendor = self.vendor.clone().or(spec.vendor);
        if self.stamped_at_end {
            spec.time.stamp = Side::Right;
        }
        for (slot, given) in [(&mut spec.symbols, &self.symbols), (&mut spec.columns, &self.columns)] {
            if !given.is_empty() {
                slot.clone_from(given);
            }
        }
        match self.hours {
            Some(hours) => spec.hours = hours.into(),
            // Events are looked at whole unless somebody asks for less.
            None if self.spec.is_none() && matches!(spec.kind, DataKind::Trades | DataKind::Quotes) => {
                spec.hours = SessionHours::All;
            }
            None => {}
        }
        Ok(spec.validated()?)
    }
}

/// A specification of any kind from a TOML or JSON file, by its ending.
pub(crate) fn read_spec<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let place = || format!("{} does not say what it should", path.display());
    if path.extension().is_some_and(|e| e == "json") {
        serde_json::from_str(&text).with_context(place)
    } else {
        toml::from_str(&text).with_context(place)
    }
}
