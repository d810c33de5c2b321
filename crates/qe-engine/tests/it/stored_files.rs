//! Result files on disk: what is written is read again, whole, by names, and nothing is left half there.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use polars::prelude::*;
use qe_core::instrument::AssetClass;
use qe_core::timeframe::Timeframe;
use qe_engine::StrategySpec;
use qe_engine::frame::{RunFiles, read_metrics, table_to_frame, write_run, write_table};
use qe_engine::market::Market;
use qe_engine::results::{MetricsTable, RunManifest, Table, Values, file_names};
use qe_engine::run::{Report, RunOptions, run};

const SPEC: &str = r#"
version = 1
name = "Files / of a run"
[params]
n = { kind = { int = { min = 3, max = 90 } }, default = 20 }
k = { kind = { float = { min = 0.5, max = 1.5 } }, default = 1.0 }
is_long = { kind = "bool", default = true }
kind = { kind = { choice = { options = ["a", "b"] } }, default = "b" }
[entry]
long = "$is_long and close > $k * sma(close, $n)"
[[exits]]
time_stop = { bars = 9 }
[costs]
spread_frac = 0.0001
"#;

fn made() -> (Arc<Market>, Report, RunManifest) {
    let simulated = crate::support::simulated();
    let market = Arc::new(Market::new(&simulated.bars(Timeframe::H1).unwrap()[0], simulated.calendar()).unwrap());
    let spec = StrategySpec::from_toml(SPEC).unwrap();
    let options = RunOptions::default();
    let report = run(&spec, &market, &options).unwrap();
    let stored = RunManifest::new(&spec, &options, &report, Some(AssetClass::Etf), "here".into()).unwrap();
    (market, report, stored)
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn parquet(path: &Path) -> DataFrame {
    ParquetReader::new(fs::File::open(path).unwrap()).finish().unwrap()
}

/// As text, where a gap is equal to a gap.
fn told(table: &Table) -> String {
    format!("{table:?}")
}

#[test]
fn a_run_is_four_files_and_reads_as_it_was() {
    let (market, report, stored) = made();
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("new/folder");
    let files = write_run(&report, &market, &stored, &folder).unwrap();
    let kept = file_names(&report.identity, Some(AssetClass::Etf));
    let mut want = vec![kept.metrics, kept.aligned, kept.trades, kept.run];
    want.sort();
    assert_eq!(names(&folder), want);
    assert_eq!(files, RunFiles::of(&stored, &folder));
    // The record reads as it was, and gives the same row of metrics as the report.
    let again = RunManifest::from_json(&fs::read_to_string(&files.run).unwrap()).unwrap();
    assert_eq!(again, stored);
    let mut of_record = MetricsTable::new();
    of_record.push_stored(&again).unwrap();
    let read = read_metrics(&files.metrics).unwrap();
    assert_eq!(told(&read), told(&of_record.finish().unwrap()));
    let Some(Values::Int(n)) = read.column("param_n") else { panic!("{read:?}") };
    assert_eq!(n, &[Some(20)]);
    assert_eq!(read.column("param_is_long"), Some(&Values::Bool(vec![Some(true)])));
    assert_eq!(read.column("param_kind"), Some(&Values::Text(vec![Some("b".into())])));
    assert_eq!(read.column("end"), Some(&Values::Time(vec![Some(report.identity.end.0)])));
    // Worth bar by bar, with when each bar was complete; a row for each round trip.
    let aligned = parquet(&files.aligned);
    let names: Vec<&str> = aligned.get_column_names().into_iter().map(|n| n.as_str()).collect();
    assert_eq!((&names[..3], names[9]), (&["ts", "available", "signal"][..], "equity"));
    let equity: Vec<f64> = aligned.column("equity").unwrap().f64().unwrap().into_no_null_iter().collect();
    assert_eq!(equity, report.curve.equity);
    let trades = parquet(&files.trades);
    assert!(trades.height() > 20 && trades.height() == report.trades.len());
    let pnl: f64 = trades.column("pnl").unwrap().f64().unwrap().into_no_null_iter().sum();
    assert!((pnl - report.pnl()).abs() < 1e-6 * report.ledger.capital, "{pnl} {}", report.pnl());
    // The same run again gives the same bytes.
    let bytes = files.all().map(|p| fs::read(p).unwrap());
    write_run(&report, &market, &stored, &folder).unwrap();
    assert!(files.all().map(|p| fs::read(p).unwrap()) == bytes);
}

#[test]
fn nothing_is_left_half_there() {
    let (market, report, stored) = made();
    let dir = tempfile::tempdir().unwrap();
    // What cannot be replaced by a file stops the writing: no draft stays, and no record says that all is there.
    let files = RunFiles::of(&stored, dir.path());
    fs::create_dir(&files.trades).unwrap();
    let said = write_run(&report, &market, &stored, dir.path()).unwrap_err().to_string();
    assert!(said.contains(".trades.parquet") && said.contains("it is a folder"), "{said}");
    assert!(!files.run.exists() && names(dir.path()).iter().all(|n| !n.ends_with(".part")));
    let file = dir.path().join("file");
    fs::write(&file, "mine").unwrap();
    let said = write_run(&report, &market, &stored, &file).unwrap_err().to_string();
    assert!(said.contains("it cannot be written"), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    let spec = StrategySpec::from_toml(&SPEC.replace("default = 20", "default = 21")).unwrap();
    let options = RunOptions::default();
    let other = run(&spec, &market, &options).unwrap();
    let said = write_run(&other, &market, &stored, dir.path()).unwrap_err().to_string();
    assert!(said.contains("the record of another run"), "{said}");
}

#[test]
fn what_another_version_or_program_wrote_is_read_by_names_or_refused() {
    let (_, report, _) = made();
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let mut table = MetricsTable::new();
    table.push_run(&report, None).unwrap();
    let table = table.finish().unwrap();
    write_table(&table, &at("m.parquet")).unwrap();
    let save = |df: DataFrame, name: &str| qe_data::frame::save(df, &at(name)).unwrap();
    let df = table_to_frame(&table).unwrap();
    // An older file lacks a column, and has its columns in another order and beside others.
    let older = df.drop("sharpe_daily").unwrap();
    let mut columns: Vec<Column> = older.into_columns().into_iter().rev().collect();
    columns.push(Column::new("beside".into(), [1i32]));
    save(DataFrame::new(1, columns).unwrap(), "older.parquet");
    let read = read_metrics(&at("older.parquet")).unwrap();
    assert_eq!(read.column("sharpe_daily"), Some(&Values::Float(vec![None])));
    assert_eq!(read.column("total_return"), table.column("total_return"));
    assert_eq!((read.columns()[0].name.as_str(), read.column("beside")), ("schema_version", None));
    // Another program writes whole numbers in its own width.
    let narrow = df.clone().lazy().with_column(col("n_trades").cast(DataType::Int32)).collect().unwrap();
    save(narrow, "narrow.parquet");
    assert_eq!(read_metrics(&at("narrow.parquet")).unwrap().column("n_trades"), table.column("n_trades"));
    let later = df.clone().lazy().with_column(lit(2_u64).alias("schema_version")).collect().unwrap();
    save(later, "later.parquet");
    let text = df.clone().lazy().with_column(lit("much").alias("pnl")).collect().unwrap();
    save(text, "text.parquet");
    save(df!("a" => [1]).unwrap(), "none.parquet");
    let whole = fs::read(at("m.parquet")).unwrap();
    fs::write(at("cut.parquet"), &whole[..whole.len() / 2]).unwrap();
    fs::write(at("empty.parquet"), "").unwrap();
    for (name, part) in [
        ("later.parquet", "its schema_version is 2, and this crate knows 1"),
        ("text.parquet", "column \"pnl\" is str, and f64 is read"),
        ("none.parquet", "no column schema_version"),
        ("cut.parquet", "cut.parquet: "),
        ("empty.parquet", "empty.parquet: "),
        ("gone.parquet", "it cannot be read"),
    ] {
        let said = read_metrics(&at(name)).unwrap_err().to_string();
        assert!(said.contains(part), "{name}: {said}");
    }
}
