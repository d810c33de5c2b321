//! Writing tables as partitioned Parquet: `symbol=SPY/year=2024/month=03/data.parquet`.
//!
//! A file is written under a name that readers skip and then renamed, so a process that is killed leaves no file that
//! is half there. Until all files of a symbol are there its folder says so, and readers refuse it: a writer that was
//! stopped leaves no history with a hole in it that looks whole. Writing the same partition again replaces it.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use polars::prelude::*;
use polars_parquet::write::schema_to_metadata_key;
use qe_core::columns::Columns;
use qe_core::time::Date;
use qe_core::zone::Zone;

use super::convert::times;
use super::{AVAILABLE, SYMBOL, TS, columns_to_frame, frame_error, loader};
use crate::error::{Error, Result};
use crate::layout::{UNFINISHED, Wanted, find_files};

/// How files are cut by time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Partition {
    /// One file per symbol.
    Whole,
    /// `year=2024`.
    Year,
    /// `year=2024/month=03`.
    #[default]
    Month,
    /// `year=2024/month=03/day=05`.
    Day,
}

impl Partition {
    /// The folders of a day.
    fn folders(self, date: Date) -> String {
        let (y, m, d) = date.ymd();
        match self {
            Self::Whole => String::new(),
            Self::Year => format!("year={y}"),
            Self::Month => format!("year={y}/month={m:02}"),
            Self::Day => format!("year={y}/month={m:02}/day={d:02}"),
        }
    }
}

/// How to write.
#[derive(Debug, Clone, Copy)]
pub struct StoreOptions {
    /// How files are cut by time.
    pub partition: Partition,
    /// Whose days the folders are named after.
    pub zone: Zone,
    /// Rows per row group; readers skip whole groups by their range of times.
    pub row_group: usize,
    /// Whether the completion times are written too; loaders derive them from the timeframe.
    pub with_available: bool,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { partition: Partition::Month, zone: Zone::Utc, row_group: 1 << 16, with_available: false }
    }
}

/// Writes the rows of one symbol under `root`; the paths written come back.
///
/// # Errors
/// When a folder or a file cannot be written.
pub fn store(symbol: &str, table: &Columns, root: &Path, options: StoreOptions) -> Result<Vec<PathBuf>> {
    let mut df = columns_to_frame(table)?;
    if !options.with_available {
        df = df.drop(AVAILABLE).map_err(|e| frame_error("a table", &e))?;
    }
    store_frame(symbol, &df, root, options)
}

/// Writes a frame of one symbol, its rows in order of `ts`, under `root`; the paths written come back. A column
/// `symbol` is left out, since the folder says it.
///
/// # Errors
/// When `ts` is missing or no time, or a folder or a file cannot be written.
pub fn store_frame(symbol: &str, df: &DataFrame, root: &Path, options: StoreOptions) -> Result<Vec<PathBuf>> {
    let wrap = |e: PolarsError| frame_error(symbol, &e);
    let open = times(df.column(TS).map_err(wrap)?.clone()).map_err(wrap)?;
    let df = df.drop_many([SYMBOL]);
    let base = root.join(format!("symbol={}", percent_encoded(symbol)));
    let mut written = Vec::new();
    let unfinished = Unfinished::mark(&base)?;
    for (folders, rows) in cut(&open, options) {
        let folder = base.join(folders);
        fs::create_dir_all(&folder).map_err(|e| Error::io("write", &folder, &e))?;
        let path = folder.join("data.parquet");
        write(df.slice(rows.start as i64, rows.len()), &path, options)?;
        written.push(path);
    }
    unfinished.finish()?;
    Ok(written)
}

/// A folder that is being written: readers refuse it until [`Unfinished::finish`]. Dropping it leaves the mark, as
/// being killed does.
#[derive(Debug)]
#[must_use = "readers refuse the folder until it is finished"]
pub struct Unfinished(PathBuf);

impl Unfinished {
    /// Marks a folder, which is made if it is not there.
    ///
    /// # Errors
    /// When the folder or the mark cannot be written.
    pub fn mark(folder: &Path) -> Result<Self> {
        let mark = folder.join(UNFINISHED);
        fs::create_dir_all(folder).map_err(|e| Error::io("write", folder, &e))?;
        File::create(&mark).map_err(|e| Error::io("write", &mark, &e))?;
        Ok(Self(mark))
    }

    /// Takes the mark away.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn finish(self) -> Result<()> {
        match fs::remove_file(&self.0) {
            // Another writer of the same folder may have been first.
            Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::io("remove", &self.0, &e)),
            _ => Ok(()),
        }
    }
}

/// Files of a symbol under `root` that writing `table` would not replace. Reading the folder afterwards would give
/// their rows as well: those of another month, or the same ones where files were cut otherwise before.
///
/// # Errors
/// When a folder cannot be listed.
pub fn leftovers(symbol: &str, table: &Columns, root: &Path, options: StoreOptions) -> Result<Vec<PathBuf>> {
    let base = root.join(format!("symbol={}", percent_encoded(symbol)));
    if !base.is_dir() {
        return Ok(Vec::new());
    }
    let wanted = Wanted { endings: loader::endings(), unfinished: true, ..Wanted::default() };
    let found = match find_files(&[base.display().to_string()], &wanted) {
        Err(Error::NoFiles { .. }) => return Ok(Vec::new()),
        other => other?,
    };
    let cut = cut(table.axis().open(), options);
    let written: Vec<PathBuf> = cut.iter().map(|(folders, _)| base.join(folders).join("data.parquet")).collect();
    Ok(found.files.into_iter().map(|f| f.path).filter(|p| !written.contains(p)).collect())
}

/// The endings that [`save`] writes.
const SAVED: [&str; 4] = ["parquet", "pq", "parq", "csv"];

/// Whether [`save`] would know what to do with a path: it ends in `.parquet` or `.csv`.
pub fn is_savable(path: &Path) -> bool {
    path.extension().is_some_and(|e| SAVED.iter().any(|s| e.eq_ignore_ascii_case(s)))
}

/// Fails where [`save`] cannot but fail: to be asked before a long computation.
///
/// # Errors
/// When the path has another ending than `.parquet` or `.csv`, its folder is not there, or it is a folder itself.
pub fn check_savable(path: &Path) -> Result<()> {
    let refused = |reason: &str, mend: &str| Err(Error::refused(path.display().to_string(), reason, mend));
    if !is_savable(path) {
        return refused("its name does not say how to write it", "end it with .parquet or .csv");
    }
    if path.is_dir() {
        return refused("it is a folder", "name a file");
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match folder.is_dir() {
        true => Ok(()),
        false => refused(&format!("there is no folder {}", folder.display()), "make it, or check the path"),
    }
}

/// Writes a frame as one file, whole or not at all: Parquet or CSV by its ending. A file that is there is replaced.
///
/// # Errors
/// As [`check_savable`], and when the file cannot be written.
pub fn save(df: DataFrame, path: &Path) -> Result<()> {
    check_savable(path)?;
    write(df, path, StoreOptions::default())
}

/// Writes one file, whole or not at all.
fn write(mut df: DataFrame, path: &Path, options: StoreOptions) -> Result<()> {
    let is_text = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv"));
    let fill = |mut file: &File| {
        let written = match is_text {
            true => {
                CsvWriter::new(&mut file).with_datetime_format(Some("%Y-%m-%dT%H:%M:%S%.fZ".into())).finish(&mut df)
            }
            false => ParquetWriter::new(file)
                .with_compression(ParquetCompression::Zstd(None))
                .with_statistics(StatisticsOptions::default())
                .with_row_group_size(Some(options.row_group.max(1)))
                .with_key_value_metadata(Some(readable(df.schema())))
                .finish(&mut df)
                .map(|_| ()),
        };
        written.map_err(|e| frame_error(&path.display().to_string(), &e))
    };
    write_whole(path, fill, |at, e| Error::io("write", at, e))
}

/// The types that Arrow's readers are told to give: text is what all of them can filter, sort and group. polars would
/// tell them views of text, and pyarrow, and pandas upon it, can do little with those. The bytes of the values are the
/// same.
fn readable(schema: &Schema) -> KeyValueMetadata {
    KeyValueMetadata::Static(vec![schema_to_metadata_key(&schema.to_arrow(CompatLevel::oldest()))])
}

/// Makes a file by `fill`, whole or not at all: under another name beside its own, renamed when the disk has it. `fault`
/// tells what the operating system refused, and where.
///
/// # Errors
/// As `fill` and `fault`.
pub fn write_whole<E>(
    path: &Path,
    fill: impl FnOnce(&File) -> std::result::Result<(), E>,
    fault: impl Fn(&Path, &std::io::Error) -> E,
) -> std::result::Result<(), E> {
    // Each writer has a draft of its own, so that two that write one file never mix their bytes.
    static N_DRAFTS: AtomicU64 = AtomicU64::new(0);
    let n = N_DRAFTS.fetch_add(1, Ordering::Relaxed);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let draft = path.with_file_name(format!(".{name}.{}-{n}.part", std::process::id()));
    let make = || {
        let file = File::create(&draft).map_err(|e| fault(&draft, &e))?;
        fill(&file)?;
        file.sync_all().map_err(|e| fault(&draft, &e))?;
        fs::rename(&draft, path).map_err(|e| fault(path, &e))
    };
    let written = make();
    if written.is_err() {
        // It is of no use to anybody; if it cannot be removed either, readers skip it.
        let _ = fs::remove_file(&draft);
    }
    written
}

/// The folders, and the rows that belong in each, in order.
fn cut(open: &[i64], options: StoreOptions) -> Vec<(String, Range<usize>)> {
    let mut out: Vec<(String, Range<usize>)> = Vec::new();
    let mut start = 0;
    while start < open.len() {
        let date = options.zone.date_at(open[start]);
        // Rows ascend, so those of one local day are together.
        let end = start + open[start..].partition_point(|&t| options.zone.date_at(t) <= date);
        let folders = options.partition.folders(date);
        match out.last_mut() {
            Some((last, rows)) if *last == folders => rows.end = end,
            _ => out.push((folders, start..end)),
        }
        start = end;
    }
    out
}

/// A symbol as the name of a folder: letters, digits, `.`, `_`, `-` and `^` as they are, other bytes as `%2F`.
fn percent_encoded(symbol: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'^' | b'.');
    symbol.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use qe_core::time::Timestamp;

    #[test]
    fn rows_are_cut_by_the_days_of_the_zone() {
        let at = |text: &str| Timestamp::parse(text).unwrap().nanos();
        let open = [at("2024-01-31T23:00:00Z"), at("2024-02-01T00:30:00Z"), at("2024-02-01T12:00:00Z")];
        let names = |partition, zone| -> Vec<(String, Range<usize>)> {
            cut(&open, StoreOptions { partition, zone, ..Default::default() })
        };
        assert_eq!(
            names(Partition::Month, Zone::Utc),
            [("year=2024/month=01".to_owned(), 0..1), ("year=2024/month=02".to_owned(), 1..3)]
        );
        assert_eq!(names(Partition::Month, Zone::NewYork)[0].1, 0..2);
        assert_eq!(names(Partition::Whole, Zone::Utc), [(String::new(), 0..3)]);
        assert_eq!(names(Partition::Day, Zone::Utc).len(), 2);
    }

    #[test]
    fn one_table_is_saved_whole_by_its_ending() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let day = qe_core::time::NANOS_PER_DAY;
        let table = Columns::new(qe_core::columns::Axis::instants(vec![0, day]).unwrap());
        let table = table.with("a b", vec![0.1 + 0.2, f64::NAN]).unwrap();
        save(crate::frame::dated_to_frame(&table).unwrap(), &at("t.CSV")).unwrap();
        let text = fs::read_to_string(at("t.CSV")).unwrap();
        assert_eq!(text, "date,a b\n1970-01-01,0.30000000000000004\n1970-01-02,NaN\n");
        let both = crate::frame::tables_to_frame([("B", &table), ("A", &table)]).unwrap();
        let names: Vec<&str> = both.get_column_names().into_iter().map(|n| n.as_str()).collect();
        assert_eq!((both.shape(), names), ((4, 4), vec![SYMBOL, TS, AVAILABLE, "a b"]));
        save(both, &at("t.parquet")).unwrap();
        save(df!("a" => [1]).unwrap(), &at("t.parquet")).unwrap();
        for (name, part) in [("t.txt", ".parquet or .csv"), ("t", ".csv"), ("no/t.csv", "no folder"), ("", "end it")] {
            let said = save(DataFrame::empty(), &at(name)).unwrap_err().to_string();
            assert!(said.contains(part), "{name}: {said}");
        }
        fs::create_dir(at("d.csv")).unwrap();
        assert!(check_savable(&at("d.csv")).unwrap_err().to_string().contains("it is a folder"));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3, "no draft is left");
        let dated = Columns::new(table.axis().clone()).with("date", vec![1.0, 2.0]).unwrap();
        assert!(crate::frame::dated_to_frame(&dated).unwrap_err().to_string().contains("another name"));
    }

    #[test]
    fn text_is_told_to_readers_as_text_and_not_as_views() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.parquet");
        save(df!("a" => [Some("x"), None], "b" => [1.5, 2.5]).unwrap(), &path).unwrap();
        let metadata = polars_parquet::read::read_metadata(&mut File::open(&path).unwrap()).unwrap();
        let told = metadata.key_value_metadata().as_ref().unwrap().iter().find(|kv| kv.key == "ARROW:schema").unwrap();
        let views =
            schema_to_metadata_key(&df!("a" => ["x"], "b" => [1.5]).unwrap().schema().to_arrow(CompatLevel::newest()));
        assert!(told.value.is_some() && told.value != views.value, "{told:?}");
        let back = ParquetReader::new(File::open(&path).unwrap()).finish().unwrap();
        assert_eq!(back.dtypes(), [DataType::String, DataType::Float64]);
        assert_eq!((back.column("a").unwrap().null_count(), back.height()), (1, 2));
    }

    #[test]
    fn odd_symbols_make_safe_folders() {
        assert_eq!(percent_encoded("BRK.B"), "BRK.B");
        assert_eq!(percent_encoded("BTC/USD"), "BTC%2FUSD");
        assert_eq!(percent_encoded("^VIX é"), "^VIX%20%C3%A9");
    }
}
