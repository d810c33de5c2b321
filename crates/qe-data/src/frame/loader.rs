//! From a specification to a lazy query, and from that to arrays.
//!
//! The search for files knows paths only ([`crate::layout`]); the schema of a symbol's first file then gives the recipe
//! by which every piece of its data comes to our shape ([`super::normalise`]). All files of a symbol must agree with
//! the first; symbols may differ in the types and zones of their files. `scan` stays lazy. `load` runs one query per
//! symbol and turns each into arrays before the next, so that memory holds the arrays and one symbol's frame.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use polars::prelude::*;
use qe_core::bars::Bars;
use qe_core::columns::Columns;
use qe_core::ticks::{Quotes, Ticks};
use qe_core::time::{NANOS_PER_DAY, Timestamp};
use qe_core::timeframe::Timeframe;

use super::normalise::{Recipe, Seen, SymbolFrom};
use super::{AVAILABLE, SYMBOL, TS, collect, convert, csv, frame_error, names};
use crate::adjust::{Actions, Adjustment, adjust};
use crate::arrange::arrange;
use crate::error::{Error, Result};
use crate::identity::{DataIdentity, IdentityBuilder};
use crate::layout::{Found, SourceFile, Wanted, days_of_stem, find_files};
use crate::quality::Intake;
use crate::spec::{DataKind, DataSpec, Duplicates, Format};
use crate::stamp::partition_days;

/// Endings of Parquet files.
const PARQUET: [&str; 3] = ["parquet", "pq", "parq"];

/// Endings of text files.
const CSV: [&str; 6] = ["csv", "csv.gz", "tsv", "tsv.gz", "txt", "txt.gz"];

/// How many text files one query reads.
const TEXT_FILES_AT_ONCE: usize = 64;

/// The loader by the name that the first design gave it; it reads CSV under the same contract.
pub type ParquetLoader = Loader;

/// Loads what a specification says.
#[derive(Debug, Clone)]
pub struct Loader {
    pub(super) spec: Arc<DataSpec>,
}

/// Bars in memory, and what is known about them.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// The bars, by symbol in alphabetical order; adjusted as the specification says.
    pub bars: Vec<Bars>,
    /// The bars as traded, in the same order, where `bars` are adjusted; they share what adjusting left alone.
    pub raw: Vec<Bars>,
    /// What they are, by their contents.
    pub identity: DataIdentity,
    /// What was seen and done on the way in, by symbol.
    pub intake: BTreeMap<String, Intake>,
}

impl Dataset {
    /// The bars of a symbol.
    ///
    /// # Errors
    /// When there are none.
    pub fn get(&self, symbol: &str) -> Result<&Bars> {
        let found = self.bars.iter().find(|b| b.symbol() == symbol);
        found.ok_or_else(|| qe_core::Error::unknown("symbol", symbol, self.bars.iter().map(Bars::symbol)).into())
    }
}

/// The rows of one symbol as arrays, whatever their kind.
#[derive(Debug, Clone)]
pub struct Table {
    /// Whose rows.
    pub symbol: String,
    /// The rows.
    pub columns: Columns,
    /// What was seen and done on the way in.
    pub intake: Intake,
}

/// The files of one symbol, or of several where a column tells them apart.
pub(super) struct Group {
    pub(super) symbol: SymbolFrom,
    pub(super) files: Vec<PathBuf>,
}

impl Loader {
    /// A loader for a specification.
    ///
    /// # Errors
    /// When the specification contradicts itself.
    pub fn new(spec: DataSpec) -> Result<Self> {
        Ok(Self { spec: Arc::new(spec.validated()?) })
    }

    /// The specification.
    pub fn spec(&self) -> &DataSpec {
        &self.spec
    }

    /// The files that could hold rows that are wanted, told by their paths; nothing is opened for this.
    ///
    /// # Errors
    /// When a path leads to nothing, or all files are ruled out by their names.
    pub fn files(&self) -> Result<Found> {
        let endings = match self.spec.format {
            Format::Auto => endings(),
            Format::Parquet => PARQUET.to_vec(),
            Format::Csv => CSV.to_vec(),
        };
        let wanted = Wanted {
            symbols: self.spec.symbols.clone(),
            days: partition_days(&self.spec),
            endings,
            ..Default::default()
        };
        let found = find_files(&self.spec.paths, &wanted)?;
        if found.files.is_empty() {
            return Err(Error::NoRows {
                reason: format!(
                    "the names of all {} files and folders rule them out {}",
                    found.n_ruled_out,
                    self.asked()
                ),
                mend: "widen the range or check the symbols".into(),
            });
        }
        Ok(found)
    }

    /// The query, with columns `symbol`, `ts`, `available` and the numbers that are wanted. Only the files that could
    /// hold wanted rows are in it; within them, row groups are skipped by their statistics. Rows come as they are
    /// stored: [`Loader::load`] sorts them and looks for repeated times.
    ///
    /// # Errors
    /// When there are no files, or the first one lacks a column or cannot be read.
    pub fn scan(&self) -> Result<LazyFrame> {
        let mut parts = Vec::new();
        let mut shape: Option<(Schema, PathBuf)> = None;
        for group in &self.groups()? {
            let recipe = Arc::new(self.recipe_for(&group.files[0], &group.symbol)?);
            let (schema, first) = shape.get_or_insert_with(|| (recipe.schema(), group.files[0].clone()));
            if *schema != recipe.schema() {
                let reason = format!("its columns are not those of {}", first.display());
                let mend = "name the columns wanted in `columns`, or scan one symbol at a time";
                return Err(Error::refused(group.files[0].display().to_string(), reason, mend));
            }
            parts.push(self.query(group, &recipe, &Arc::default())?);
        }
        concat(parts, UnionArgs { parallel: false, rechunk: false, maintain_order: true, ..Default::default() })
            .map_err(|e| frame_error("the scan", &e))
    }

    /// Bars in memory, with their identity.
    ///
    /// # Errors
    /// When a file cannot be read, a value cannot be used, a policy refuses the data, or no row is left.
    pub fn load(&self) -> Result<Dataset> {
        self.load_with(|_, _| {})
    }

    /// The same; `progress` hears how many symbols are done, and of how many.
    ///
    /// # Errors
    /// As [`Loader::load`].
    pub fn load_with(&self, mut progress: impl FnMut(usize, usize)) -> Result<Dataset> {
        if self.spec.kind != DataKind::Bars {
            let mend = "use `load_trades`, `load_quotes` or `load_columns`";
            return Err(Error::spec("kind", format!("{:?} are no bars", self.spec.kind), mend));
        }
        let actions = self.actions()?;
        let mut identity = IdentityBuilder::new(format!("bars {}", self.spec.timeframe));
        let (mut bars, mut raw, mut intake) = (Vec::new(), Vec::new(), BTreeMap::new());
        self.each_table(|done, of, table| {
            let mut made = Bars::from_columns(table.symbol.as_str(), self.spec.timeframe, table.columns)?;
            if let Some(actions) = &actions {
                let as_of = self.spec.as_of.map(|at| self.spec.calendar.zone().date_at(at.nanos()));
                let both = adjust(&made, actions, self.spec.adjustment, as_of, &self.spec.calendar)?;
                raw.push(both.raw);
                made = both.adjusted;
            }
            identity.push(&table.symbol, made.columns())?;
            bars.push(made);
            intake.insert(table.symbol, table.intake);
            progress(done, of);
            Ok(())
        })?;
        let identity = identity.finish(self.spec.vendor.clone(), self.spec.as_of)?;
        Ok(Dataset { bars, raw, identity, intake })
    }

    /// The corporate actions that the specification names a file for, where prices are to be adjusted.
    fn actions(&self) -> Result<Option<Actions>> {
        let Some(path) = self.spec.actions.as_ref().filter(|_| self.spec.adjustment != Adjustment::Raw) else {
            return Ok(None);
        };
        let text = std::fs::read_to_string(path).map_err(|e| Error::io("read", path, &e))?;
        Actions::from_csv(&text).map(Some)
    }

    /// Trades in memory.
    ///
    /// # Errors
    /// As [`Loader::load`].
    pub fn load_trades(&self) -> Result<Vec<Ticks>> {
        let mut out = Vec::new();
        self.each_table(|_, _, t| {
            out.push(Ticks::from_columns(t.symbol, t.columns)?);
            Ok(())
        })?;
        Ok(out)
    }

    /// Quotes in memory.
    ///
    /// # Errors
    /// As [`Loader::load`].
    pub fn load_quotes(&self) -> Result<Vec<Quotes>> {
        let mut out = Vec::new();
        self.each_table(|_, _, t| {
            out.push(Quotes::from_columns(t.symbol, t.columns)?);
            Ok(())
        })?;
        Ok(out)
    }

    /// Any numbers in memory, by symbol.
    ///
    /// # Errors
    /// As [`Loader::load`].
    pub fn load_columns(&self) -> Result<Vec<(String, Columns)>> {
        Ok(self.load_tables()?.into_iter().map(|t| (t.symbol, t.columns)).collect())
    }

    /// Any numbers in memory, by symbol, and what was seen and done on the way in.
    ///
    /// # Errors
    /// As [`Loader::load`].
    pub fn load_tables(&self) -> Result<Vec<Table>> {
        let mut out = Vec::new();
        self.each_table(|_, _, t| {
            out.push(t);
            Ok(())
        })?;
        Ok(out)
    }

    /// The label of each symbol in a column of text: its sector, say.
    ///
    /// # Errors
    /// When a file lacks the column, or a symbol has no label or several in it.
    pub fn labels(&self, column: &str) -> Result<BTreeMap<String, String>> {
        let mut out = BTreeMap::new();
        for group in &self.groups()? {
            let place = group.files[0].display().to_string();
            let columns: Vec<String> = self.schema_of(&group.files[0])?.iter_names().map(|n| n.to_string()).collect();
            let source = names::need(column, &columns, &self.spec.rename, &place)?;
            let mut wanted = vec![col(source).cast(DataType::String).alias("label")];
            if let SymbolFrom::Column(name) = &group.symbol {
                wanted.push(col(name.as_str()).cast(DataType::String).alias(SYMBOL));
            }
            let lf = self.raw(&group.files)?.select(wanted);
            let df = collect(lf.unique_generic(None, UniqueKeepStrategy::Any), &place)?;
            let wrap = |e: PolarsError| frame_error(&place, &e);
            let text = |name: &str| df.column(name).and_then(|c| Ok(c.str()?.clone())).map_err(wrap);
            let labels = text("label")?;
            let told = match &group.symbol {
                SymbolFrom::Column(_) => Some(text(SYMBOL)?),
                SymbolFrom::Given(_) => None,
            };
            for i in 0..df.height() {
                let symbol = match (&group.symbol, &told) {
                    (SymbolFrom::Given(symbol), _) => symbol.as_str(),
                    (_, told) => told.as_ref().and_then(|t| t.get(i)).unwrap_or_default(),
                };
                // A row without a label does not speak against the others.
                let Some(label) = labels.get(i).filter(|l| !l.trim().is_empty()) else { continue };
                if let Some(other) = out.insert(symbol.to_owned(), label.to_owned()).filter(|o| o != label) {
                    let mut both = [other.as_str(), label];
                    both.sort_unstable();
                    let reason =
                        format!("{symbol} is {:?} in some rows of {source:?} and {:?} in others", both[0], both[1]);
                    return Err(Error::refused(place, reason, "give each symbol one label, in a file of its own"));
                }
            }
        }
        Ok(out)
    }

    /// The columns of the first file, each with the type that it has there.
    ///
    /// # Errors
    /// When there are no files, or the first cannot be read.
    pub fn stored_columns(&self) -> Result<Vec<(String, String)>> {
        let files = self.files()?.files;
        let schema = self.schema_of(&files[0].path)?;
        Ok(schema.iter().map(|(name, dtype)| (name.to_string(), dtype.to_string())).collect())
    }

    /// Runs the queries, symbol by symbol in alphabetical order, and hands each table over as arrays.
    fn each_table(&self, mut take: impl FnMut(usize, usize, Table) -> Result<()>) -> Result<()> {
        let groups = self.groups()?;
        let mut n_rows = 0;
        let mut found: Vec<String> = Vec::new();
        // While one symbol becomes arrays, the next one is read.
        std::thread::scope(|scope| -> Result<()> {
            let (send, receive) = std::sync::mpsc::sync_channel(0);
            let groups = &groups;
            scope.spawn(move || {
                for (i, group) in groups.iter().enumerate() {
                    let frame = self.collect_group(group);
                    let failed = frame.is_err();
                    if send.send((i, frame)).is_err() || failed {
                        break;
                    }
                }
            });
            for (i, frame) in receive {
                let (df, seen) = frame?;
                n_rows += df.height();
                match &groups[i].symbol {
                    SymbolFrom::Given(symbol) => {
                        if df.height() > 0 {
                            found.push(symbol.clone());
                            take(i + 1, groups.len(), self.table(symbol, df, &seen)?)?;
                        }
                    }
                    SymbolFrom::Column(_) => {
                        let parts = split_by_symbol(df)?;
                        let n_parts = parts.len();
                        for (j, (symbol, part)) in parts.into_iter().enumerate() {
                            found.push(symbol.clone());
                            // What was seen cannot be told apart by symbol here: it stands with the first.
                            let seen = if j == 0 { Arc::clone(&seen) } else { Arc::new(seen.without_counts()) };
                            take(j + 1, n_parts, self.table(&symbol, part, &seen)?)?;
                        }
                    }
                }
            }
            Ok(())
        })?;
        if n_rows == 0 {
            let n_files: usize = groups.iter().map(|g| g.files.len()).sum();
            return Err(Error::NoRows {
                reason: format!("{n_files} files were read and none has a row {}", self.asked()),
                mend: self.mend_for_no_rows(),
            });
        }
        if let Some(missing) = self.spec.symbols.iter().find(|s| !found.contains(s)) {
            let near = qe_core::error::nearest(missing, found.iter().map(String::as_str));
            let near = near.map(|n| format!("; did you mean {n:?}?")).unwrap_or_default();
            return Err(Error::NoRows {
                reason: format!("{missing:?} has none {}{near}", self.asked_when()),
                mend: format!("ask for it without a range, or leave it out; there are: {}", some_of(&found)),
            });
        }
        Ok(())
    }

    /// Runs the query of one group.
    fn collect_group(&self, group: &Group) -> Result<(DataFrame, Arc<Seen>)> {
        let recipe = &Arc::new(self.recipe_for(&group.files[0], &group.symbol)?);
        let seen = Arc::new(Seen::default());
        let place = match &group.symbol {
            SymbolFrom::Given(symbol) => symbol,
            SymbolFrom::Column(_) => "the data",
        };
        // The plan of a query over text files takes time in proportion to the square of their number.
        let at_once = if self.is_csv(&group.files[0]) { TEXT_FILES_AT_ONCE } else { group.files.len() };
        let mut out: Option<DataFrame> = None;
        for files in group.files.chunks(at_once) {
            if files[0] != group.files[0] {
                self.compare(&group.files[0], &files[0], recipe)?;
            }
            let part = Group { symbol: group.symbol.clone(), files: files.to_vec() };
            let mut lf = self.query(&part, recipe, &seen)?;
            if let SymbolFrom::Given(_) = group.symbol {
                lf = lf.drop(by_name([SYMBOL], true, false));
            }
            let df = collect(lf, place).map_err(|e| self.explain(e, &part, recipe))?;
            match &mut out {
                None => out = Some(df),
                Some(out) => {
                    out.vstack_mut(&df).map_err(|e| frame_error(place, &e))?;
                }
            }
        }
        Ok((out.unwrap_or_default(), seen))
    }

    /// A collected frame as arrays, its rows in order.
    fn table(&self, symbol: &str, df: DataFrame, seen: &Seen) -> Result<Table> {
        let mut intake = Intake {
            n_read: seen.n_read.load(Ordering::Relaxed),
            n_outside: seen.n_outside.load(Ordering::Relaxed),
            ..Intake::default()
        };
        let mut columns: BTreeMap<String, Column> = BTreeMap::new();
        let mut order: Vec<String> = Vec::new();
        for c in df.into_columns() {
            order.push(c.name().to_string());
            columns.insert(c.name().to_string(), c);
        }
        let mut time = |name: &str| -> Result<_> {
            let c = columns.remove(name).ok_or_else(|| Error::missing_column(symbol, name, [], "a bug: report it"))?;
            convert::times(c).map_err(|e| frame_error(symbol, &e))
        };
        let (open, available) = (time(TS)?, time(AVAILABLE)?);
        self.check_length(symbol, &open, seen)?;
        let (axis, rows) = arrange(symbol, open, available, &self.spec, &mut intake)?;
        let mut out = Columns::new(axis);
        for name in order {
            let Some(c) = columns.remove(&name) else { continue };
            if c.null_count() > 0 {
                intake.n_null.insert(name.clone(), c.null_count() as u64);
            }
            let values = convert::numbers(c).map_err(|e| frame_error(symbol, &e))?;
            out.push(
                name,
                match values {
                    qe_core::columns::Column::F64(v) => qe_core::columns::Column::F64(rows.of(v)),
                    qe_core::columns::Column::F32(v) => qe_core::columns::Column::F32(rows.of_f32(v)),
                },
            )?;
        }
        Ok(Table { symbol: symbol.to_owned(), columns: out, intake })
    }

    /// Fails where bars fall together because they are shorter than the specification says. Keeping one of them would make
    /// the first hour of a day the whole of it.
    fn check_length(&self, symbol: &str, open: &[i64], seen: &Seen) -> Result<()> {
        let asked = self.spec.timeframe;
        if self.spec.kind != DataKind::Bars || self.spec.duplicates != Duplicates::Fail {
            return Ok(());
        }
        let Some(actual) = seen.step().filter(|step| *step < asked.nominal_nanos()) else { return Ok(()) };
        let repeats: Vec<i64> = open.windows(2).filter(|w| w[0] == w[1]).map(|w| w[0]).collect();
        // A day that is there twice, stamped at two times, does not speak for all others.
        let is_some = if asked.is_intraday() { !repeats.is_empty() } else { 2 * repeats.len() >= open.len() };
        let actual = if actual == NANOS_PER_DAY { Ok(Timeframe::D1) } else { Timeframe::from_nanos(actual) };
        match (repeats.first(), actual) {
            (Some(first), Ok(actual)) if is_some => Err(Error::TooFine {
                place: symbol.to_owned(),
                n_repeats: repeats.len(),
                first: Timestamp(*first),
                asked,
                actual,
            }),
            _ => Ok(()),
        }
    }

    /// The files, put together by symbol.
    fn groups(&self) -> Result<Vec<Group>> {
        let files = self.files()?.files;
        let first = &files[0];
        let columns: Vec<String> = if first.symbol.is_some() {
            Vec::new()
        } else {
            self.schema_of(&first.path)?.iter_names().map(|n| n.to_string()).collect()
        };
        let mut by_symbol: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        for file in &files {
            let symbol = match (&file.symbol, names::find(SYMBOL, &columns, &self.spec.rename)) {
                (Some(symbol), _) => symbol.clone(),
                (None, Some(column)) => {
                    let files = files.into_iter().map(|f| f.path).collect();
                    return Ok(vec![Group { symbol: SymbolFrom::Column(column.to_owned()), files }]);
                }
                (None, None) => self.symbol_of_file(file, files.len()),
            };
            by_symbol.entry(symbol).or_default().push(file.path.clone());
        }
        if let Some(empty) = by_symbol.get("").and_then(|files| files.first()) {
            let mend = "name the symbol in the folder: symbol=SPY";
            return Err(Error::refused(empty.display().to_string(), "its folder names no symbol", mend));
        }
        if !self.spec.symbols.is_empty() {
            by_symbol.retain(|symbol, _| self.spec.symbols.contains(symbol));
            if by_symbol.is_empty() {
                let stems = files.iter().map(|f| self.symbol_of_file(f, 0)).collect::<Vec<_>>();
                let asked = &self.spec.symbols[0];
                return Err(qe_core::Error::unknown("symbol", asked, stems.iter().map(String::as_str)).into());
            }
        }
        Ok(by_symbol.into_iter().map(|(s, files)| Group { symbol: SymbolFrom::Given(s), files }).collect())
    }

    /// The symbol of a file that does not say: the only one asked for if there is one file, else the file's name, or
    /// its folder's where the file is named by a day or a month.
    fn symbol_of_file(&self, file: &SourceFile, n_files: usize) -> String {
        if let (1, [only]) = (n_files, self.spec.symbols.as_slice()) {
            return only.clone();
        }
        let name_of = |p: &Path| p.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let name = name_of(&file.path);
        let lower = name.to_lowercase();
        let ending = PARQUET.iter().chain(&CSV).find(|e| lower.ends_with(&format!(".{e}")));
        let stem = ending.map_or(name.as_str(), |e| &name[..name.len() - e.len() - 1]);
        if days_of_stem(stem).is_none() {
            return stem.to_owned();
        }
        let whole = std::path::absolute(&file.path).unwrap_or_else(|_| file.path.clone());
        let folder = whole.ancestors().skip(1).map(name_of).find(|n| !n.contains('='));
        folder.filter(|n| !n.is_empty()).unwrap_or_else(|| stem.to_owned())
    }

    /// Whether a file is text.
    pub(super) fn is_csv(&self, path: &Path) -> bool {
        let name = path.to_string_lossy().to_lowercase();
        match self.spec.format {
            Format::Csv => true,
            Format::Parquet => false,
            Format::Auto => CSV.iter().any(|e| name.ends_with(&format!(".{e}"))),
        }
    }

    /// The stored rows of some files, as they are.
    pub(super) fn raw(&self, files: &[PathBuf]) -> Result<LazyFrame> {
        let place = || files.first().map(|f| f.display().to_string()).unwrap_or_default();
        let is_csv = files.first().is_some_and(|f| self.is_csv(f));
        if let Some(other) = files.iter().find(|f| self.is_csv(f) != is_csv) {
            let reason = format!("it holds the same symbol as {} in another format", place());
            return Err(Error::refused(other.display().to_string(), reason, "load one of them, or set `format`"));
        }
        if is_csv {
            return csv::scan(files);
        }
        let paths: Vec<PlRefPath> = files.iter().map(|f| PlRefPath::new(f.to_string_lossy().as_ref())).collect();
        let args = ScanArgsParquet {
            glob: false,
            cache: false,
            hive_options: HiveOptions { enabled: Some(false), ..Default::default() },
            ..Default::default()
        };
        LazyFrame::scan_parquet_files(paths.into_iter().collect(), args).map_err(|e| frame_error(&place(), &e))
    }

    /// The schema of a file.
    pub(super) fn schema_of(&self, path: &Path) -> Result<SchemaRef> {
        let file = [path.to_owned()];
        let schema = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| -> Result<SchemaRef> {
            self.raw(&file)?.collect_schema().map_err(|e| frame_error(&path.display().to_string(), &e))
        }));
        match schema {
            Ok(Ok(schema)) => Ok(schema),
            Ok(Err(e)) => Err(self.broken(path, &e)),
            Err(_) => {
                let e = Error::Frame { place: String::new(), reason: Arc::from("the reader broke down") };
                Err(self.broken(path, &e))
            }
        }
    }

    /// How to bring a file to our shape.
    pub(super) fn recipe_for(&self, file: &Path, symbol: &SymbolFrom) -> Result<Recipe> {
        let schema = self.schema_of(file)?;
        let place = file.display().to_string();
        let symbol = match symbol {
            SymbolFrom::Column(name) => Some(name.as_str()),
            SymbolFrom::Given(_) => None,
        };
        Recipe::new(&self.spec, &schema, symbol, &place, |column| {
            let first = self.raw(&[file.to_owned()])?.select([col(column).cast(DataType::Int64)]).limit(1);
            let df = collect(first, &place)?;
            let value = df.column(column).ok().and_then(|c| c.get(0).ok()).and_then(|v| v.try_extract::<i64>().ok());
            Ok(value)
        })
    }

    /// The lazy query over one group of files.
    fn query(&self, group: &Group, recipe: &Arc<Recipe>, seen: &Arc<Seen>) -> Result<LazyFrame> {
        if recipe.must_compare_times() {
            group.files[1..].iter().try_for_each(|path| self.compare(&group.files[0], path, recipe))?;
        }
        let mut lf = self.raw(&group.files)?;
        let mut sources: Vec<String> = recipe.sources().map(str::to_owned).collect();
        if let SymbolFrom::Column(name) = &group.symbol {
            if !self.spec.symbols.is_empty() {
                let wanted = Series::new("symbols".into(), &self.spec.symbols);
                lf = lf.filter(col(name.as_str()).cast(DataType::String).is_in(lit(wanted).implode(false), false));
            }
            sources.push(name.clone());
        }
        if let Some(bounds) = recipe.bounds() {
            lf = lf.filter(bounds);
        }
        let (columns, schema) = (sources, Arc::new(recipe.schema()));
        let exprs: Vec<Expr> = {
            let mut names: Vec<&str> = Vec::new();
            columns.iter().for_each(|c| {
                if !names.contains(&c.as_str()) {
                    names.push(c)
                }
            });
            names.into_iter().map(col).collect()
        };
        let (recipe, symbol, seen) = (Arc::clone(recipe), group.symbol.clone(), Arc::clone(seen));
        Ok(lf.select(exprs).map(
            move |df| recipe.apply(df, &symbol, &seen),
            OptFlags::STREAMING,
            Some(Arc::new(move |_: &Schema| Ok(Arc::clone(&schema)))),
            Some("to one shape"),
        ))
    }
}

/// The endings of all files that are read.
pub(super) fn endings() -> Vec<&'static str> {
    PARQUET.iter().chain(&CSV).copied().collect()
}

/// The first few of some names.
pub(super) fn some_of(names: &[String]) -> String {
    match names.len() {
        0..=10 => names.join(", "),
        n => format!("{} and {} more", names[..10].join(", "), n - 10),
    }
}

/// A frame of several symbols, apart, in alphabetical order.
fn split_by_symbol(df: DataFrame) -> Result<Vec<(String, DataFrame)>> {
    let wrap = |e: PolarsError| frame_error("the data", &e);
    let parts = df.partition_by_stable([SYMBOL], true).map_err(wrap)?;
    let mut out = Vec::with_capacity(parts.len());
    for part in parts {
        let name = part.column(SYMBOL).map_err(wrap)?.str().map_err(wrap)?.get(0).map(str::to_owned);
        let Some(name) = name.filter(|n| !n.is_empty()) else {
            let mend = "fill the column, or name the right one in `rename`";
            return Err(Error::refused("the data", format!("{} rows have no symbol", part.height()), mend));
        };
        out.push((name, part.drop(SYMBOL).map_err(wrap)?));
    }
    out.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(out)
}
