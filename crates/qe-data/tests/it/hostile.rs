//! Input as a hostile user would write it: what cannot be read is refused by name, and nothing is silently changed.

use std::fs;
use std::path::Path;

use polars::prelude::*;
use proptest::prelude::*;
use qe_core::calendar::{Calendar, SessionHours};
use qe_core::time::{Date, NANOS_PER_DAY, NANOS_PER_HOUR, Timestamp};
use qe_core::timeframe::Timeframe;
use qe_core::zone::Zone;
use qe_data::frame::{Dataset, Loader, Partition, StoreOptions, Unfinished, bars_to_frame, leftovers, store};
use qe_data::resample::Side;
use qe_data::spec::{DataKind, TimeSpec, TimeUnit as Epoch, When};
use qe_data::{DataSpec, Error};

use crate::sample::{bits, day, files_below, parquet, partitioned, regular};

fn spec_of(dir: &Path) -> DataSpec {
    DataSpec::bars([dir.display().to_string()], Timeframe::M1)
}

fn load(spec: &DataSpec) -> qe_data::Result<Dataset> {
    Loader::new(spec.clone())?.load()
}

fn said(spec: &DataSpec) -> String {
    load(spec).unwrap_err().to_string()
}

fn write(path: &Path, text: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// SPY's minutes as a frame with nothing but times of a type and the five columns.
fn frame(from: &str, to: &str, time: &DataType) -> DataFrame {
    let mut df = bars_to_frame(&regular("SPY", from, to)).unwrap().drop_many(["available", "symbol"]);
    let ts = df.column("ts").unwrap().cast(time).unwrap();
    df.with_column(ts).unwrap();
    df
}

fn datetime(unit: TimeUnit, zone: Option<&'static str>) -> DataType {
    DataType::Datetime(unit, zone.map(named))
}

fn named(name: &'static str) -> polars::prelude::TimeZone {
    polars::prelude::TimeZone::opt_try_new(Some(name)).unwrap().unwrap()
}

/// The frame with a column put in or replaced.
fn with(df: &DataFrame, column: Column) -> DataFrame {
    let mut df = df.clone();
    df.with_column(column).unwrap();
    df
}

const HEADER: &str = "date,open,high,low,close,volume";

#[test]
fn symbols_may_store_their_times_each_in_another_way() {
    let kinds = [
        datetime(TimeUnit::Microseconds, None),
        datetime(TimeUnit::Milliseconds, Some("UTC")),
        datetime(TimeUnit::Nanoseconds, Some("America/New_York")),
        datetime(TimeUnit::Microseconds, Some("Africa/Lagos")),
        DataType::Int64,
        DataType::String,
    ];
    let expected = regular("SPY", "2024-07-02", "2024-07-04");
    for (a, first) in kinds.iter().enumerate() {
        for (b, second) in kinds.iter().enumerate() {
            let dir = tempfile::tempdir().unwrap();
            parquet(&dir.path().join("A.parquet"), &frame("2024-07-02", "2024-07-04", first));
            parquet(&dir.path().join("B.parquet"), &frame("2024-07-02", "2024-07-04", second));
            let loaded = load(&spec_of(dir.path())).unwrap();
            let times: Vec<&[i64]> = loaded.bars.iter().map(|b| b.open_time()).collect();
            assert_eq!(times, [expected.open_time(); 2], "{a} {b}");
            let scanned = Loader::new(spec_of(dir.path())).unwrap().scan().unwrap().collect().unwrap();
            assert_eq!(scanned.height(), 2 * expected.len());
        }
    }
}

#[test]
fn files_of_one_symbol_that_differ_are_told_apart_by_file_and_column() {
    let utc = datetime(TimeUnit::Microseconds, Some("UTC"));
    let (one, two) = (frame("2024-07-02", "2024-07-03", &utc), frame("2024-07-03", "2024-07-04", &utc));
    let n = two.height();
    let close = |t: &DataType| two.column("close").unwrap().cast(t).unwrap();
    let cases = [
        (frame("2024-07-03", "2024-07-04", &datetime(TimeUnit::Microseconds, None)), "column \"ts\""),
        (frame("2024-07-03", "2024-07-04", &DataType::Int64), "column \"ts\""),
        (with(&two, close(&DataType::Float32)), "column \"close\""),
        (with(&two, Column::new("vwap".into(), vec![1.0; n])), "column \"vwap\""),
        (two.drop("volume").unwrap(), "column \"volume\""),
    ];
    for (other, column) in cases {
        for swapped in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            fs::create_dir(dir.path().join("symbol=A")).unwrap();
            let (x, y) = if swapped { (&other, &one) } else { (&one, &other) };
            parquet(&dir.path().join("symbol=A/1.parquet"), x);
            parquet(&dir.path().join("symbol=A/2.parquet"), y);
            // Times without a zone are meant as New York's: the reader would take them for the other file's UTC.
            let time = TimeSpec { zone: Some(Zone::NewYork), ..TimeSpec::default() };
            match load(&DataSpec { time, ..spec_of(dir.path()) }) {
                // A column that nobody asked for may be missing from a later file.
                Ok(all) => {
                    assert!(swapped && column.contains("vwap"), "{column} {swapped}: {} rows", all.bars[0].len())
                }
                Err(e) => assert!(e.to_string().contains("2.parquet") && e.to_string().contains(column), "{e}"),
            }
        }
    }
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("symbol=A")).unwrap();
    parquet(&dir.path().join("symbol=A/1.parquet"), &one);
    let order = two.select(["volume", "close", "ts", "low", "high", "open"]).unwrap();
    parquet(&dir.path().join("symbol=A/2.parquet"), &order);
    assert_eq!(load(&spec_of(dir.path())).unwrap().bars[0].len(), 600, "the order of columns does not matter");
}

#[test]
fn decimals_integers_dictionaries_and_columns_not_asked_for() {
    let utc = datetime(TimeUnit::Nanoseconds, Some("UTC"));
    let df = frame("2024-07-02", "2024-07-03", &utc);
    let n = df.height();
    let nested = df.clone().select(["open", "low"]).unwrap().into_struct("nested".into()).into_column();
    let df = with(&df, nested);
    let df = with(&df, df.column("close").unwrap().cast(&DataType::Decimal(18, 4)).unwrap());
    let df = with(&df, df.column("volume").unwrap().cast(&DataType::UInt32).unwrap());
    let df = with(&df, Column::new("halted".into(), vec![true; n]));
    let df =
        with(&df, Column::new("seconds".into(), (0..n as i32).map(|i| 1_719_927_000 + 60 * i).collect::<Vec<_>>()));
    let dir = tempfile::tempdir().unwrap();
    parquet(&dir.path().join("A.parquet"), &df);
    let spec = DataSpec { columns: vec!["halted".into()], ..spec_of(dir.path()) };
    let bars = load(&spec).unwrap().bars.remove(0);
    assert_eq!((bars.len(), bars.columns().get("halted").unwrap().value(7)), (390, 1.0));
    assert!((bars.close()[3] - regular("SPY", "2024-07-02", "2024-07-03").close()[3]).abs() < 1e-4);
    // Seconds in 32 bits, with a range to push down.
    let time = TimeSpec { column: Some("seconds".into()), ..TimeSpec::default() };
    let ranged = DataSpec { time, ..spec_of(dir.path()) }.between(day("2024-07-02"), day("2024-07-03"));
    assert_eq!(load(&ranged).unwrap().bars[0].open_time(), bars.open_time());
    for t in [DataType::UInt64, DataType::UInt32] {
        let df = with(&df, df.column("seconds").unwrap().cast(&t).unwrap());
        parquet(&dir.path().join("A.parquet"), &df);
        assert_eq!(load(&ranged).unwrap().bars[0].len(), 390, "{t}");
    }
}

#[test]
fn a_column_of_numbers_counts_in_one_unit() {
    let text = |first: i64, second: i64| df!["ts" => [first, second], "x" => [1.0, 2.0]].unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("A.parquet");
    let features = DataSpec::events([path.display().to_string()], DataKind::Features);
    parquet(&path, &text(1_720_000_000_000, 1_720_000_060));
    let error = Loader::new(features.clone()).unwrap().load_columns().unwrap_err().to_string();
    assert!(error.contains("row 2") && error.contains("another unit") && error.contains("time.unit"), "{error}");
    let time = TimeSpec { unit: Some(Epoch::Milliseconds), ..TimeSpec::default() };
    assert!(Loader::new(DataSpec { time, ..features }).unwrap().load_columns().is_ok(), "who says it means it");
    // A unit that the user gives counts for text too.
    let path = dir.path().join("B.csv");
    fs::write(&path, "ts,x\n1000,1\n2000,2\n").unwrap();
    let time = TimeSpec { unit: Some(Epoch::Seconds), ..TimeSpec::default() };
    let spec = DataSpec {
        time,
        columns: vec!["x".into()],
        ..DataSpec::events([path.display().to_string()], DataKind::Features)
    };
    let table = Loader::new(spec).unwrap().load_columns().unwrap().remove(0).1;
    assert_eq!(table.axis().open(), [1_000_000_000_000, 2_000_000_000_000]);
}

#[test]
fn days_written_as_whole_numbers_are_days() {
    let dir = tempfile::tempdir().unwrap();
    let df = df!["date" => [20_240_702_i32, 20_240_703], "open" => [1.0, 2.0], "high" => [1.0, 2.0],
        "low" => [1.0, 2.0], "close" => [1.0, 2.0]]
    .unwrap();
    parquet(&dir.path().join("A.parquet"), &df);
    let spec = DataSpec { timeframe: Timeframe::D1, ..spec_of(dir.path()) };
    let bars = load(&spec).unwrap().bars.remove(0);
    assert_eq!(Timestamp(bars.open_time()[0]).to_string(), "2024-07-02T13:30:00Z");
    let one = load(&spec.between(day("2024-07-03"), day("2024-07-04"))).unwrap();
    assert_eq!(one.bars[0].close(), [2.0]);
}

#[test]
fn days_in_a_zone_that_is_not_known_are_refused() {
    // Midnight in Lagos is 23:00 UTC of the day before: read as UTC, every bar would be a day early.
    let dir = tempfile::tempdir().unwrap();
    let at = Timestamp::parse("2024-07-01T23:00:00Z").unwrap().nanos();
    let times = Column::new("ts".into(), [at]).cast(&datetime(TimeUnit::Nanoseconds, Some("Africa/Lagos"))).unwrap();
    let df = with(&frame("2024-07-02", "2024-07-03", &DataType::Int64).head(Some(1)), times);
    parquet(&dir.path().join("A.parquet"), &df);
    let spec = DataSpec { timeframe: Timeframe::D1, ..spec_of(dir.path()) };
    let error = said(&spec);
    assert!(error.contains("Africa/Lagos") && error.contains("time.zone"), "{error}");
    let zone = Some(Zone::Fixed { minutes: 60 });
    let spec = DataSpec { time: TimeSpec { zone, ..TimeSpec::default() }, ..spec };
    assert_eq!(Timestamp(load(&spec).unwrap().bars[0].open_time()[0]).to_string(), "2024-07-02T13:30:00Z");
}

#[test]
fn a_rename_that_means_nothing_or_leads_nowhere_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("A.csv"), format!("{HEADER}\n2024-07-02,1,2,1,1,5\n"));
    let base = DataSpec { timeframe: Timeframe::D1, ..spec_of(dir.path()) };
    let rename = |a: &str, b: &str| DataSpec { rename: [(a.to_owned(), b.to_owned())].into(), ..base.clone() };
    let error = said(&rename("clsoe", "open"));
    assert!(error.starts_with("rename") && error.contains("did you mean \"close\""), "{error}");
    assert!(said(&rename("ts", "date")).contains("time.column"));
    let error = said(&rename("volume", "Vol"));
    assert!(error.contains("no column \"Vol\"") && error.contains("A.csv"), "{error}");
    for name in ["ts", "available", "symbol"] {
        assert!(said(&DataSpec { columns: vec![name.into()], ..base.clone() }).starts_with("columns"));
    }
    assert!(said(&base.clone().symbols([""])).starts_with("symbols"));
}

#[test]
fn a_folder_and_a_column_must_name_the_same_symbol() {
    let dir = tempfile::tempdir().unwrap();
    let df = frame("2024-07-02", "2024-07-03", &datetime(TimeUnit::Nanoseconds, None));
    let path = dir.path().join("exchange=X/symbol=SPY/a.parquet");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let named = |name: &str| with(&df, Column::new("symbol".into(), vec![name; df.height()]));
    parquet(&path, &named("spy"));
    assert_eq!(load(&spec_of(dir.path())).unwrap().bars[0].symbol(), "SPY", "case apart, they agree");
    parquet(&path, &named("QQQ"));
    let error = said(&spec_of(dir.path()));
    assert!(error.contains("a.parquet, row 1, column \"symbol\": QQQ") && error.contains("SPY"), "{error}");
    let categories = df
        .clone()
        .hstack(&[Column::new("symbol".into(), vec!["SPY"; df.height()])
            .cast(&DataType::from_categories(Categories::global()))
            .unwrap()])
        .unwrap();
    parquet(&path, &categories);
    assert_eq!(load(&spec_of(dir.path())).unwrap().bars[0].len(), 390);
}

#[test]
fn rows_without_a_symbol_are_refused() {
    let df = frame("2024-07-02", "2024-07-03", &datetime(TimeUnit::Nanoseconds, None));
    for missing in [None, Some("")] {
        let names: Vec<Option<&str>> = (0..df.height()).map(|i| if i == 3 { missing } else { Some("A") }).collect();
        let dir = tempfile::tempdir().unwrap();
        parquet(&dir.path().join("all.parquet"), &with(&df, Column::new("symbol".into(), names)));
        let error = said(&spec_of(dir.path()));
        assert!(error.contains("1 rows have no symbol"), "{error}");
    }
}

#[test]
fn files_named_by_days_belong_to_the_symbol_of_their_folder() {
    let dir = tempfile::tempdir().unwrap();
    for (name, day) in [("2024-07-02", "2024-07-02"), ("20240703", "2024-07-03")] {
        write(&dir.path().join(format!("SPY/{name}.csv")), format!("{HEADER}\n{day},1,2,1,1,5\n"));
    }
    let spec = DataSpec { timeframe: Timeframe::D1, ..spec_of(dir.path()) };
    let loaded = load(&spec).unwrap();
    assert_eq!(loaded.bars.iter().map(|b| (b.symbol(), b.len())).collect::<Vec<_>>(), [("SPY", 2)]);
}

#[test]
fn a_thousand_text_files_of_one_symbol_are_one_table() {
    let dir = tempfile::tempdir().unwrap();
    let first = day("2021-01-01").days();
    for i in 0..1_000 {
        let date = Date::from_days(first + i);
        write(&dir.path().join(format!("SPY/{date}.csv")), format!("{HEADER}\n{date},{i},{i},{i},{i},5\n"));
    }
    let spec = DataSpec { timeframe: Timeframe::D1, calendar: Calendar::crypto(), ..spec_of(dir.path()) };
    let loaded = load(&spec).unwrap();
    let expected: Vec<f64> = (0..1_000).map(f64::from).collect();
    assert_eq!((loaded.bars[0].close(), loaded.intake["SPY"].n_read), (&expected[..], 1_000));
    write(&dir.path().join("SPY/2023-07-01.csv"), "date,open,high,low,close\n2023-07-01,1,1,1,1\n");
    let error = said(&spec);
    assert!(error.contains("2023-07-01.csv has no column \"volume\""), "{error}");
}

#[test]
fn one_symbol_in_two_formats_is_refused_and_two_symbols_are_not() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("A.csv"), "ts,open,high,low,close\n2024-07-02T13:30:00Z,1,2,1,1\n");
    parquet(&dir.path().join("B.parquet"), &frame("2024-07-02", "2024-07-03", &DataType::Int64));
    let sizes = |d: Dataset| d.bars.iter().map(|b| b.len()).collect::<Vec<_>>();
    assert_eq!(sizes(load(&spec_of(dir.path())).unwrap()), [1, 390]);
    parquet(&dir.path().join("A.parquet"), &frame("2024-07-02", "2024-07-03", &DataType::Int64));
    let error = said(&spec_of(dir.path()));
    assert!(error.contains("A.parquet") && error.contains("another format"), "{error}");
}

#[cfg(unix)]
#[test]
fn circles_of_links_and_links_to_neighbours_count_once() {
    use std::os::unix::fs::symlink;
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("a/b/A.csv"), format!("{HEADER}\n2024-07-02,1,2,1,1,5\n"));
    for name in ["u", "v", "w"] {
        symlink("..", dir.path().join("a").join(name)).unwrap();
        symlink("../..", dir.path().join("a/b").join(name)).unwrap();
    }
    symlink("a", dir.path().join("latest")).unwrap();
    symlink("nowhere", dir.path().join("broken")).unwrap();
    let spec = DataSpec { timeframe: Timeframe::D1, ..spec_of(dir.path()) };
    assert_eq!(load(&spec).unwrap().bars[0].len(), 1);
    let twice = [dir.path().display().to_string(), format!("{}/a/../a/b/", dir.path().display())];
    assert_eq!(load(&DataSpec { paths: twice.into(), ..spec.clone() }).unwrap().bars[0].len(), 1);
    symlink("nowhere", dir.path().join("Z.csv")).unwrap();
    assert!(said(&spec).contains("Z.csv"), "a link to a file that is gone is named");
}

#[cfg(unix)]
#[test]
fn names_that_are_not_utf8_are_refused_and_odd_ones_are_read() {
    use std::os::unix::ffi::OsStrExt;
    let dir = tempfile::tempdir().unwrap();
    let text = format!("{HEADER}\n2024-07-02,1,2,1,1,5\n");
    write(&dir.path().join("sp ace/ü/50% *?#.csv"), &text);
    let spec = DataSpec { timeframe: Timeframe::D1, ..spec_of(dir.path()) };
    assert_eq!(load(&spec).unwrap().bars[0].symbol(), "50% *?#");
    let outright = DataSpec { paths: vec![format!("{}/sp ace/ü/50% *?#.csv", dir.path().display())], ..spec.clone() };
    assert_eq!(load(&outright).unwrap().bars[0].len(), 1, "a file of this very name is meant");
    write(&dir.path().join(std::ffi::OsStr::from_bytes(b"\xff.csv")), &text);
    assert!(said(&spec).contains("not UTF-8"));
}

#[test]
fn text_files_that_are_no_tables_are_refused_by_name() {
    let row = "2024-07-02,1,2,0.5,1.5,10";
    let cases = [
        (format!("{HEADER}\n{row},extra\n").into_bytes(), "A.csv is not a readable CSV"),
        (format!("{HEADER}\n2024-07-02,\"1,234.5\",2,1,1,1\n").into_bytes(), "row 1, column \"open\": 1,234.5"),
        ([format!("{HEADER}\n").as_bytes(), b"2024-07-02,1,2,0.5,\xff\xfe,1\n"].concat(), "utf-8"),
        (format!("date,open,open,high,low,close\n{row}\n").into_bytes(), "two columns are named \"open\""),
        ("1,2.5,abc;".repeat(10_000).into_bytes(), "longer than"),
        (format!("{HEADER}\n").into_bytes(), "no rows"),
        (b"PAR1\0\0\0\0".to_vec(), "zero bytes"),
    ];
    for (bytes, part) in cases {
        let dir = tempfile::tempdir().unwrap();
        write(&dir.path().join("A.csv"), bytes);
        let error = said(&DataSpec { timeframe: Timeframe::D1, ..spec_of(dir.path()) });
        assert!(error.contains(part), "{part}: {error}");
    }
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("A.csv"), format!("\u{feff}{HEADER}\r\n{row}\r\n"));
    assert_eq!(load(&DataSpec { timeframe: Timeframe::D1, ..spec_of(dir.path()) }).unwrap().bars[0].volume(), [10.0]);
    let features = DataSpec::events([dir.path().display().to_string()], DataKind::Features);
    let error = Loader::new(features).unwrap().load_columns().unwrap_err().to_string();
    assert!(error.contains("A.csv") && error.contains("`columns`"), "text columns are not left out unsaid: {error}");
}

#[test]
fn an_hour_that_the_clocks_skipped_is_told_as_people_read_it() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("A.csv"), "ts,open,high,low,close\n2024-03-10 02:30,1,2,1,1\n");
    let time = TimeSpec { zone: Some(Zone::NewYork), ..TimeSpec::default() };
    let error = said(&DataSpec { time, hours: SessionHours::All, ..spec_of(dir.path()) });
    assert!(error.contains("2024-03-10T02:30:00") && error.contains("America/New_York"), "{error}");
}

#[test]
fn a_bad_value_in_a_lazy_query_reads_well() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("A.csv"), format!("{HEADER}\n2024-07-02,1,2,1,soon,5\n"));
    let lazy = Loader::new(DataSpec { timeframe: Timeframe::D1, ..spec_of(dir.path()) }).unwrap().scan().unwrap();
    let text = lazy.collect().unwrap_err().to_string().replace('\u{2063}', "");
    assert!(text.contains("column close: soon; it is no number"), "{text}");
    assert!(!text.contains(char::is_control), "{text:?}");
}

#[test]
fn a_symbol_that_has_nothing_in_the_range_is_no_unknown_name() {
    let dir = tempfile::tempdir().unwrap();
    let text = "symbol,date,open,high,low,close\nA,2024-07-02,1,2,1,1\nB,2024-07-03,1,2,1,1\n";
    write(&dir.path().join("all.csv"), text);
    let spec = DataSpec { timeframe: Timeframe::D1, ..spec_of(dir.path()) };
    let ranged = spec.clone().symbols(["A", "B"]).between(day("2024-07-02"), day("2024-07-03"));
    let error = load(&ranged).unwrap_err();
    assert!(matches!(error, Error::NoRows { .. }) && error.to_string().contains("\"B\" has none"), "{error}");
    let error = said(&spec_of(dir.path()));
    assert!(error.contains("1d"), "daily rows read as minutes: {error}");
}

#[test]
fn a_table_says_what_was_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let spec = DataSpec { timeframe: Timeframe::D1, ..spec_of(dir.path()) };
    write(&dir.path().join("A.csv"), format!("{HEADER}\n2024-07-05,1,2,1,1,5\n2024-07-06,1,2,1,1,5\n"));
    let table = Loader::new(spec).unwrap().load_tables().unwrap().remove(0);
    assert_eq!((table.symbol.as_str(), table.columns.len(), table.intake.n_outside), ("A", 1, 1), "a Saturday");
}

#[test]
fn two_writers_of_one_file_leave_one_of_the_two() {
    let dir = tempfile::tempdir().unwrap();
    let both = [regular("A", "2024-07-02", "2024-07-03"), regular("A", "2024-07-02", "2024-07-20").slice(0..389)];
    std::thread::scope(|scope| {
        for b in &both {
            scope.spawn(|| {
                for _ in 0..30 {
                    store("A", b.columns(), dir.path(), StoreOptions::default()).unwrap();
                }
            });
        }
    });
    assert_eq!(files_below(dir.path()).len(), 1, "no draft is left");
    let got = bits(&load(&spec_of(dir.path())).unwrap().bars[0]);
    assert!(both.iter().any(|b| bits(b) == got));
}

#[test]
fn drafts_of_a_killed_writer_are_not_read_and_what_would_stay_is_known() {
    let bars = regular("SPY", "2024-01-29", "2024-03-05");
    let dir = partitioned(std::slice::from_ref(&bars));
    write(&dir.path().join("symbol=SPY/year=2024/month=02/.data.parquet.77-0.part"), "half");
    assert_eq!(bits(&load(&spec_of(dir.path())).unwrap().bars[0]), bits(&bars));
    let left = |rows, options| leftovers("SPY", &bars.columns().slice(rows), dir.path(), options).unwrap().len();
    assert_eq!(left(0..bars.len(), StoreOptions::default()), 0);
    assert_eq!(left(0..1, StoreOptions::default()), 2, "February and March would stay");
    assert_eq!(left(0..bars.len(), StoreOptions { partition: Partition::Year, ..Default::default() }), 3);
    assert_eq!(leftovers("QQQ", bars.columns(), dir.path(), StoreOptions::default()).unwrap().len(), 0);
}

#[test]
fn a_symbol_that_was_not_written_to_its_end_is_refused_until_it_is() {
    let bars = ["SPY", "QQQ"].map(|s| regular(s, "2024-01-29", "2024-03-05"));
    let dir = partitioned(&bars);
    let _killed = Unfinished::mark(&dir.path().join("symbol=SPY")).unwrap();
    let error = load(&spec_of(dir.path())).unwrap_err().to_string();
    assert!(error.contains("symbol=SPY") && error.contains("write it again, or remove"), "{error}");
    assert_eq!(load(&spec_of(dir.path()).symbols(["QQQ"])).unwrap().bars.len(), 1, "the other one is whole");
    assert_eq!(leftovers("SPY", bars[0].columns(), dir.path(), StoreOptions::default()).unwrap().len(), 0);
    store("SPY", bars[0].columns(), dir.path(), StoreOptions::default()).unwrap();
    assert_eq!(load(&spec_of(dir.path())).unwrap().bars.len(), 2);
}

#[test]
fn far_ranges_are_only_wide() {
    let dir = partitioned(&[regular("SPY", "2024-07-02", "2024-07-03")]);
    for (start, end) in [("0001-01-01", "9999-12-31"), ("2024-07-02", "9999-12-31"), ("1677-09-22", "2262-04-11")] {
        let spec = spec_of(dir.path()).between(day(start), day(end));
        assert_eq!(load(&spec).unwrap().bars[0].len(), 390, "{start} {end}");
    }
    for (start, end) in [(i64::MIN, i64::MIN + 1), (i64::MAX - 1, i64::MAX)] {
        let spec = spec_of(dir.path()).between(Timestamp(start), Timestamp(end));
        assert!(matches!(load(&spec), Err(Error::NoRows { .. })));
    }
}

/// Daily, weekly, monthly or intraday rows of one symbol, filed by the day of their stamp.
fn filed(stamps: &[i64], zone: Zone, folders: bool) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut by_folder: std::collections::BTreeMap<String, Vec<i64>> = Default::default();
    for &t in stamps {
        let (y, m, d) = zone.date_at(t).ymd();
        let name =
            if folders { format!("year={y}/month={m:02}/day={d:02}/x.parquet") } else { format!("{y}-{m:02}.parquet") };
        by_folder.entry(format!("symbol=A/{name}")).or_default().push(t);
    }
    for (name, times) in by_folder {
        let values: Vec<f64> = times.iter().map(|t| *t as f64).collect();
        let df =
            df!["ts" => &times, "open" => &values, "high" => &values, "low" => &values, "close" => &values].unwrap();
        let df = with(&df, df.column("ts").unwrap().cast(&datetime(TimeUnit::Nanoseconds, Some("UTC"))).unwrap());
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        parquet(&path, &df);
    }
    dir
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Names of files and pushed-down bounds leave out no row that is wanted, however it is stamped and filed.
    #[test]
    fn a_range_is_the_whole_filtered(
        tf in prop::sample::select(vec!["1m", "30m", "1h", "4h", "12h", "1d", "1w", "1mo", "3mo"]),
        right in any::<bool>(),
        crypto in any::<bool>(),
        hours in prop::sample::select(vec![SessionHours::Regular, SessionHours::Extended, SessionHours::All]),
        in_utc in any::<bool>(),
        by_day in any::<bool>(),
        shift in 0_i64..24,
        from in 0_i64..70 * 24,
        length in 1_i64..40 * 24,
        whole_days in any::<bool>(),
    ) {
        let timeframe = Timeframe::parse(tf).unwrap();
        let calendar = if crypto { Calendar::crypto() } else { Calendar::us_equities() };
        let begin = day("2024-02-15").days();
        let step = match timeframe.nanos() {
            Some(width) => width.max(NANOS_PER_HOUR / 2),
            None => NANOS_PER_DAY * if tf == "1d" { 1 } else { 7 },
        };
        let shift = if timeframe.nanos().is_some() { shift % 2 * NANOS_PER_HOUR / 2 } else { shift * NANOS_PER_HOUR };
        let first = i64::from(begin) * NANOS_PER_DAY + shift;
        let stamps: Vec<i64> = (first..first + 70 * NANOS_PER_DAY).step_by(step as usize).collect();
        let zone = if in_utc { Zone::Utc } else { calendar.zone() };
        let dir = filed(&stamps, zone, by_day);
        let time = TimeSpec { stamp: if right { Side::Right } else { Side::Left }, ..TimeSpec::default() };
        // Weeks by days that fall into one month repeat its opening: the first of them is kept.
        let duplicates = qe_data::spec::Duplicates::KeepFirst;
        let all = DataSpec { timeframe, calendar, hours, time, duplicates, ..spec_of(dir.path()) };
        let at = |h: i64| -> When {
            let t = i64::from(begin) * NANOS_PER_DAY + h * NANOS_PER_HOUR;
            if whole_days { Date::of_nanos(t).into() } else { Timestamp(t).into() }
        };
        let (start, end) = (at(from), at(from + length + if whole_days { 24 } else { 0 }));
        let part = DataSpec { start: Some(start), end: Some(end), ..all.clone() };
        let range = part.range();
        let wanted: Vec<(i64, u64)> = match load(&all) {
            Err(Error::NoRows { .. }) => Vec::new(),
            all => {
                let b = all.unwrap().bars.remove(0);
                let rows = b.open_time().iter().zip(b.close()).map(|(t, c)| (*t, c.to_bits()));
                rows.filter(|(t, _)| range.contains(*t)).collect()
            }
        };
        let got: Vec<(i64, u64)> = match load(&part) {
            Err(Error::NoRows { .. }) => Vec::new(),
            part => {
                let b = part.unwrap().bars.remove(0);
                b.open_time().iter().zip(b.close()).map(|(t, c)| (*t, c.to_bits())).collect()
            }
        };
        prop_assert_eq!(&got, &wanted);
    }

    /// Any specification that is written down is the same when it is read again.
    #[test]
    fn specifications_round_trip(a in any::<i64>(), b in 0_i32..2_900_000, right in any::<bool>(), name in "\\PC{1,12}") {
        let time = TimeSpec {
            column: Some(name.clone()),
            unit: Some(Epoch::Microseconds),
            zone: Some(Zone::fixed(b % 1_000).unwrap()),
            stamp: if right { Side::Right } else { Side::Left },
        };
        let spec = DataSpec {
            start: Some(When::At(Timestamp(a))),
            end: Some(When::Day(Date::from_days(b - 700_000))),
            rename: [("close".to_owned(), name.clone())].into(),
            vendor: Some(name.clone()),
            time,
            ..DataSpec::bars([name], Timeframe::H4)
        };
        let text = serde_json::to_string(&spec).unwrap();
        prop_assert_eq!(serde_json::from_str::<DataSpec>(&text).unwrap(), spec);
    }
}
