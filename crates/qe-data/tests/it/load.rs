//! Partitions in, bars out: what is read, what is left alone, and that nothing is changed on the way.

use std::fs;

use polars::prelude::*;
use qe_core::calendar::{Calendar, SessionHours};
use qe_core::timeframe::Timeframe;
use qe_core::zone::Zone;
use qe_data::DataSpec;
use qe_data::frame::{Loader, Partition, StoreOptions, store};
use qe_data::spec::{DataKind, Duplicates, Gaps, TimeSpec, TimeUnit as Epoch};

use crate::sample::{bits, day, files_below, minutes, parquet, partitioned, regular, walk};

fn spec(dir: &tempfile::TempDir) -> DataSpec {
    DataSpec::bars([dir.path().display().to_string()], Timeframe::M1)
}

#[test]
fn what_was_stored_comes_back_to_the_bit_whatever_the_partitions() {
    let bars = [regular("QQQ", "2024-01-29", "2024-03-05"), regular("SPY", "2024-01-29", "2024-03-05")];
    for partition in [Partition::Whole, Partition::Year, Partition::Month, Partition::Day] {
        let dir = tempfile::tempdir().unwrap();
        for b in &bars {
            let options = StoreOptions { partition, row_group: 100, ..Default::default() };
            store(b.symbol(), b.columns(), dir.path(), options).unwrap();
        }
        let loaded = Loader::new(spec(&dir)).unwrap().load().unwrap();
        assert_eq!(loaded.bars.iter().map(bits).collect::<String>(), bars.iter().map(bits).collect::<String>());
    }
}

#[test]
fn a_query_opens_only_the_files_it_needs() {
    // Ten symbols, twenty months: two hundred files. All but one hold garbage, which no reader survives.
    let symbols: Vec<String> = (0..10).map(|i| format!("S{i}")).collect();
    let dir = tempfile::tempdir().unwrap();
    for s in &symbols {
        for month in 0..20 {
            let (y, m) = (2023 + month / 12, 1 + month % 12);
            let from = format!("{y}-{m:02}-03");
            let one =
                walk(s, minutes(&from, &format!("{y}-{m:02}-06"), &Calendar::us_equities(), SessionHours::Regular));
            store(s, one.columns(), dir.path(), StoreOptions::default()).unwrap();
        }
    }
    let files = files_below(dir.path());
    assert_eq!(files.len(), 200);
    let wanted = dir.path().join("symbol=S3/year=2024/month=02/data.parquet");
    for file in files.iter().filter(|f| **f != wanted) {
        fs::write(file, b"no parquet").unwrap();
    }
    let query = spec(&dir).symbols(["S3"]).between(day("2024-02-01"), day("2024-03-01"));
    let loader = Loader::new(query).unwrap();
    let found = loader.files().unwrap();
    assert_eq!(found.files.iter().map(|f| f.path.clone()).collect::<Vec<_>>(), [wanted]);
    assert_eq!(found.n_listed, 4, "the root, the symbol, the year and the month; nobody else's folders");
    assert!(!loader.load().unwrap().bars[0].is_empty());
    assert!(loader.scan().unwrap().collect().unwrap().height() > 0);
    assert!(Loader::new(spec(&dir).symbols(["S4"])).unwrap().load().is_err(), "the others are garbage indeed");
}

#[test]
fn ranges_are_exact_to_the_row() {
    let whole = regular("SPY", "2024-02-26", "2024-03-06");
    let dir = partitioned(std::slice::from_ref(&whole));
    for (from, to) in [("2024-02-27", "2024-03-01"), ("2024-03-01", "2024-03-02"), ("2024-02-29", "2024-03-05")] {
        let query = spec(&dir).between(day(from), day(to));
        let expected = whole.between(query.range());
        let loader = Loader::new(query).unwrap();
        assert_eq!(bits(loader.load().unwrap().get("SPY").unwrap()), bits(&expected));
        let lazy = loader.scan().unwrap().collect().unwrap();
        assert_eq!(lazy.height(), expected.len(), "{from} {to}");
    }
}

#[test]
fn the_lazy_query_reads_only_the_columns_it_needs() {
    let dir = partitioned(&[regular("SPY", "2024-02-26", "2024-02-28")]);
    let plan = Loader::new(spec(&dir).between(day("2024-02-26"), day("2024-02-27"))).unwrap().scan().unwrap();
    let text = plan.describe_optimized_plan().unwrap();
    assert!(text.contains("PROJECT 6/6") || text.contains("PROJECT */6"), "{text}");
    assert!(text.contains("SELECTION"), "the range reaches the reader:\n{text}");
    let few = DataSpec { kind: DataKind::Features, columns: vec!["close".into()], ..spec(&dir) };
    let text = Loader::new(few).unwrap().scan().unwrap().describe_optimized_plan().unwrap();
    assert!(text.contains("PROJECT 2/6"), "{text}");
}

#[test]
fn any_unit_and_zone_of_time_comes_in_as_nanoseconds_utc() {
    let bars = regular("SPY", "2024-03-08", "2024-03-12");
    let expected = bits(&bars);
    let ts = |df: &DataFrame, to: DataType| df.column("ts").unwrap().cast(&to).unwrap();
    let base = qe_data::frame::columns_to_frame(bars.columns()).unwrap().drop("available").unwrap();
    let utc = |unit| DataType::Datetime(unit, Some(polars::prelude::TimeZone::UTC));
    let new_york = |unit| {
        let zone = polars::prelude::TimeZone::opt_try_new(Some("America/New_York")).unwrap();
        DataType::Datetime(unit, zone)
    };
    let local = |unit| {
        let text = "America/New_York";
        let aware = ts(&base, new_york(unit));
        let naive = base.clone().lazy().select([lit(aware.take_materialized_series())
            .dt()
            .replace_time_zone(None, lit("raise"), NonExistent::Raise)
            .alias("ts")]);
        (naive.collect().unwrap().column("ts").unwrap().clone(), text)
    };
    use polars::prelude::TimeUnit::{Microseconds, Milliseconds, Nanoseconds};
    let mut cases: Vec<(Column, TimeSpec)> = Vec::new();
    for unit in [Nanoseconds, Microseconds, Milliseconds] {
        cases.push((ts(&base, utc(unit)), TimeSpec::default()));
        cases.push((ts(&base, new_york(unit)), TimeSpec::default()));
        cases.push((ts(&base, DataType::Datetime(unit, None)), TimeSpec::default()));
        cases.push((local(unit).0, TimeSpec { zone: Some(Zone::NewYork), ..Default::default() }));
    }
    let nanos = ts(&base, DataType::Int64);
    for unit in [Epoch::Seconds, Epoch::Milliseconds, Epoch::Microseconds, Epoch::Nanoseconds] {
        let counted = (nanos.as_materialized_series() / unit.nanos()).with_name("ts".into());
        cases.push((counted.clone().into(), TimeSpec::default()));
        cases.push((counted.into(), TimeSpec { unit: Some(unit), ..Default::default() }));
    }
    let n = cases.len();
    for (i, (column, time)) in cases.into_iter().enumerate() {
        let dir = tempfile::tempdir().unwrap();
        let mut df = base.clone();
        let dtype = column.dtype().clone();
        df.with_column(column).unwrap();
        parquet(&dir.path().join("SPY.parquet"), &df);
        let query = DataSpec { time, ..spec(&dir) }.between(day("2024-03-08"), day("2024-03-12"));
        let loaded = Loader::new(query).unwrap().load().unwrap();
        assert_eq!(bits(loaded.get("SPY").unwrap()), expected, "case {i} of {n}: {dtype}");
    }
}

#[test]
fn a_symbol_column_tells_symbols_apart() {
    let bars = [regular("A", "2024-02-26", "2024-02-28"), regular("B", "2024-02-26", "2024-02-28")];
    let frames = bars.iter().map(|b| qe_data::frame::bars_to_frame(b).unwrap().lazy()).collect::<Vec<_>>();
    let both = concat(frames, UnionArgs::default()).unwrap();
    for mixed in [false, true] {
        let df = if mixed { both.clone().sort(["ts"], Default::default()) } else { both.clone() };
        let mut df = df.collect().unwrap().drop("available").unwrap();
        // Pandas users store symbols as categories.
        let symbol = df.column("symbol").unwrap().cast(&DataType::from_categories(Categories::global())).unwrap();
        df.with_column(symbol).unwrap();
        let dir = tempfile::tempdir().unwrap();
        parquet(&dir.path().join("all.parquet"), &df);
        let loaded = Loader::new(spec(&dir)).unwrap().load().unwrap();
        assert_eq!(loaded.bars.iter().map(bits).collect::<String>(), bars.iter().map(bits).collect::<String>());
        let one = Loader::new(spec(&dir).symbols(["B"])).unwrap().load().unwrap();
        assert_eq!(one.bars.iter().map(bits).collect::<String>(), bits(&bars[1]));
    }
}

#[test]
fn single_precision_is_for_features_only() {
    let dir = partitioned(&[regular("SPY", "2024-02-26", "2024-02-27")]);
    let query = DataSpec { dtype: qe_data::spec::Dtype::Float32, ..spec(&dir) };
    let bars = Loader::new(query.clone()).unwrap().load().unwrap();
    assert!(matches!(bars.bars[0].columns().get("close").unwrap(), qe_core::columns::Column::F64(_)));
    let features = Loader::new(DataSpec { kind: DataKind::Features, ..query }).unwrap().load_columns().unwrap();
    assert!(matches!(features[0].1.get("close").unwrap(), qe_core::columns::Column::F32(_)));
}

#[test]
fn extended_hours_are_left_out_and_counted_or_kept_on_demand() {
    let calendar = Calendar::us_equities();
    let extended = walk("SPY", minutes("2024-07-02", "2024-07-04", &calendar, SessionHours::Extended));
    let dir = partitioned(std::slice::from_ref(&extended));
    let regular = Loader::new(spec(&dir)).unwrap().load().unwrap();
    assert_eq!(regular.bars[0].len(), 390 + 210, "a whole day and a half one");
    let intake = &regular.intake["SPY"];
    assert_eq!((intake.n_read as usize, intake.n_outside as usize), (extended.len(), extended.len() - 600));
    let all = Loader::new(DataSpec { hours: SessionHours::All, ..spec(&dir) }).unwrap().load().unwrap();
    assert_eq!(bits(&all.bars[0]), bits(&extended));
}

#[test]
fn policies_reach_the_files() {
    let bars = regular("SPY", "2024-02-26", "2024-02-27");
    let dir = tempfile::tempdir().unwrap();
    let df = qe_data::frame::bars_to_frame(&bars.slice(0..10)).unwrap().drop("available").unwrap();
    let twice = df.vstack(&df.slice(5, 1)).unwrap().vstack(&df.slice(3, 1)).unwrap();
    parquet(&dir.path().join("SPY.parquet"), &twice);
    let text = Loader::new(spec(&dir)).unwrap().load().unwrap_err().to_string();
    assert!(text.contains("SPY") && text.contains("keep_first"), "{text}");
    let keep = DataSpec { duplicates: Duplicates::KeepLast, ..spec(&dir) };
    let loaded = Loader::new(keep).unwrap().load().unwrap();
    assert_eq!(bits(&loaded.bars[0]), bits(&bars.slice(0..10)));
    assert_eq!((loaded.intake["SPY"].n_unsorted, loaded.intake["SPY"].n_duplicates), (2, 2));

    let holes = df.slice(0, 3).vstack(&df.slice(6, 4)).unwrap();
    parquet(&dir.path().join("SPY.parquet"), &holes);
    let filled = Loader::new(DataSpec { gaps: Gaps::Nan, ..spec(&dir) }).unwrap().load().unwrap();
    assert_eq!((filled.bars[0].len(), filled.intake["SPY"].n_filled), (10, 3));
    assert!(filled.bars[0].close()[4].is_nan() && filled.bars[0].close()[6] == bars.close()[6]);
}

#[test]
fn trades_and_quotes_load_with_all_that_shares_an_instant() {
    let dir = tempfile::tempdir().unwrap();
    let ts = vec![1_720_000_000_000_i64, 1_720_000_000_000, 1_720_000_000_005];
    let trades = df!["timestamp" => &ts, "price" => [10.0, 10.5, 10.0], "qty" => [1_i32, 2, 3]].unwrap();
    parquet(&dir.path().join("ES.parquet"), &trades);
    let path = [dir.path().display().to_string()];
    let ticks = Loader::new(DataSpec::events(path.clone(), DataKind::Trades)).unwrap().load_trades().unwrap();
    assert_eq!((ticks[0].symbol(), ticks[0].size()), ("ES", &[1.0, 2.0, 3.0][..]));
    assert_eq!(ticks[0].time()[2] - ticks[0].time()[0], 5_000_000);
    assert!(ticks[0].side()[0].is_nan(), "the file names no sides");
    let quotes = df!["timestamp" => &ts, "bid" => [Some(1.0), None, Some(1.1)], "ask" => [1.2, 1.2, 1.2]].unwrap();
    parquet(&dir.path().join("ES.parquet"), &quotes);
    let quotes = Loader::new(DataSpec::events(path, DataKind::Quotes)).unwrap().load_quotes().unwrap();
    assert!(quotes[0].bid()[1].is_nan() && quotes[0].ask() == [1.2, 1.2, 1.2]);
}

#[test]
fn a_symbol_that_was_asked_for_and_has_no_row_is_an_error() {
    let dir = partitioned(&[regular("A", "2024-02-26", "2024-02-28"), regular("B", "2024-02-28", "2024-02-29")]);
    let query = spec(&dir).symbols(["A", "B"]).between(day("2024-02-26"), day("2024-02-28"));
    let text = Loader::new(query.clone()).unwrap().load().unwrap_err().to_string();
    assert!(text.contains('B') && text.contains("leave it out"), "{text}");
    let all = Loader::new(DataSpec { symbols: vec![], ..query }).unwrap().load().unwrap();
    assert_eq!(all.bars.len(), 1, "nobody asked for B by name");
}

/// Polars reads through maps of the files. A process that holds one when somebody cuts the file short in place is ended by the
/// system, so what was loaded, and may live for days, must hold none.
#[cfg(target_os = "linux")]
#[test]
fn what_was_loaded_holds_no_map_of_a_file() {
    let bars = regular("SPY", "2024-01-29", "2024-03-05");
    let dir = tempfile::tempdir().unwrap();
    let df = qe_data::frame::bars_to_frame(&bars).unwrap().drop("available").unwrap();
    let plain = fs::File::create(dir.path().join("SPY.parquet")).unwrap();
    ParquetWriter::new(plain)
        .with_compression(ParquetCompression::Uncompressed)
        .with_statistics(StatisticsOptions::empty())
        .finish(&mut df.clone())
        .unwrap();
    let loaded = Loader::new(spec(&dir)).unwrap().load().unwrap();
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let held: Vec<&str> = maps.lines().filter(|l| l.contains(&dir.path().display().to_string())).collect();
    assert!(held.is_empty(), "{held:?}");
    assert_eq!(bits(&loaded.bars[0]), bits(&bars));
}
