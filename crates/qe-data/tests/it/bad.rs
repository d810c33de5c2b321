//! Whatever is wrong with the input, an error says where and what to do, and nothing panics.

use std::fs;
use std::path::Path;

use polars::prelude::*;
use proptest::prelude::*;
use qe_core::timeframe::Timeframe;
use qe_data::frame::{Loader, bars_to_frame};
use qe_data::{DataSpec, Error};

use crate::sample::{day, files_below, parquet, partitioned, regular};

fn error_of(path: &Path, change: impl FnOnce(DataSpec) -> DataSpec) -> Error {
    let spec = change(DataSpec::bars([path.display().to_string()], Timeframe::M1));
    Loader::new(spec).and_then(|l| l.load()).unwrap_err()
}

/// One file with a changed frame in it.
fn changed(change: impl FnOnce(DataFrame) -> DataFrame) -> (tempfile::TempDir, Error) {
    let bars = regular("SPY", "2024-02-26", "2024-02-27");
    let df = bars_to_frame(&bars).unwrap().drop("available").unwrap();
    let dir = tempfile::tempdir().unwrap();
    parquet(&dir.path().join("SPY.parquet"), &change(df));
    let error = error_of(dir.path(), |s| s);
    (dir, error)
}

#[test]
fn an_empty_file_and_one_cut_short_are_named() {
    let dir = partitioned(&[regular("SPY", "2024-01-30", "2024-03-02")]);
    let files = files_below(dir.path());
    let whole = fs::read(&files[1]).unwrap();
    for cut in [0, 3, 100, whole.len() / 2, whole.len() - 1] {
        fs::write(&files[1], &whole[..cut]).unwrap();
        let error = error_of(dir.path(), |s| s);
        assert!(matches!(&error, Error::Broken { path, .. } if *path == files[1]), "{cut}: {error}");
        assert!(error.to_string().contains("cut short"), "{error}");
    }
}

#[test]
fn a_missing_column_and_a_wrong_type_are_named() {
    let (_, error) = changed(|df| df.drop("close").unwrap());
    assert!(error.to_string().contains("SPY.parquet has no column \"close\""), "{error}");
    let (_, error) = changed(|df| {
        let lists = df.column("close").unwrap().as_materialized_series().clone();
        let lists = lists.reshape_list(&[ReshapeDimension::Infer, ReshapeDimension::new_dimension(1)]).unwrap();
        let mut df = df;
        df.with_column(lists.into_column()).unwrap();
        df
    });
    assert!(matches!(&error, Error::WrongType { column, .. } if column == "close"), "{error}");
    let (_, error) = changed(|mut df| {
        df.with_column(Column::new("ts".into(), vec![1.5; df.height()])).unwrap();
        df
    });
    assert!(matches!(&error, Error::WrongType { column, .. } if column == "ts"), "{error}");
    let (_, error) = changed(|mut df| {
        df.with_column(Column::new("close".into(), vec!["x"; df.height()])).unwrap();
        df
    });
    assert!(matches!(&error, Error::BadValue { row: 1, column, .. } if column == "close"), "{error}");
}

#[test]
fn files_of_different_columns_or_types_are_told_apart() {
    let dir = partitioned(&[regular("SPY", "2024-01-30", "2024-03-02")]);
    let files = files_below(dir.path());
    let df = LazyFrame::scan_parquet(PlRefPath::new(files[1].to_string_lossy().as_ref()), Default::default()).unwrap();
    let df = df.collect().unwrap();
    parquet(&files[1], &df.drop("low").unwrap());
    let error = error_of(dir.path(), |s| s);
    assert!(matches!(&error, Error::MissingColumn { place, .. } if place.contains("month=02")), "{error}");
    let seconds = df.column("ts").unwrap().cast(&DataType::Int64).unwrap();
    let mut other = df.clone();
    other.with_column(seconds).unwrap();
    parquet(&files[1], &other);
    let error = error_of(dir.path(), |s| s).to_string();
    assert!(error.contains("ts") || error.contains("type"), "{error}");
}

#[test]
fn a_time_that_is_missing_is_an_error() {
    let (_, error) = changed(|df| {
        let late = when(col("close").gt(lit(0.0)).and(int_range_like())).then(lit(NULL)).otherwise(col("ts"));
        df.lazy()
            .with_row_index("i", None)
            .with_column(late.alias("ts"))
            .drop(by_name(["i"], true, false))
            .collect()
            .unwrap()
    });
    assert!(matches!(&error, Error::BadValue { row: 6, column, .. } if column == "ts"), "{error}");
    fn int_range_like() -> Expr {
        col("i").eq(lit(5))
    }
}

#[test]
fn paths_that_lead_nowhere() {
    let dir = partitioned(&[regular("SPY", "2024-01-30", "2024-02-02")]);
    assert!(matches!(error_of(&dir.path().join("nope"), |s| s), Error::Io { .. }));
    assert!(matches!(error_of(&dir.path().join("*.parquet"), |s| s), Error::NoFiles { .. }));
    assert!(matches!(error_of(dir.path(), |s| s.symbols(["QQQ"])), Error::NoRows { .. }));
    let error = error_of(dir.path(), |s| s.between(day("2019-01-01"), day("2019-02-01")));
    assert!(matches!(error, Error::NoRows { .. }), "{error}");
    let error = error_of(dir.path(), |s| s.between(day("2024-02-10"), day("2024-02-11")));
    assert!(matches!(error, Error::NoRows { .. }), "{error}");
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(error_of(empty.path(), |s| s), Error::NoFiles { .. }));
}

#[test]
fn a_file_without_rows_is_no_data() {
    let (_, error) = changed(|df| df.slice(0, 0));
    assert!(matches!(error, Error::NoRows { .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let dir = partitioned(&[regular("SPY", "2024-02-01", "2024-02-02")]);
    let file = files_below(dir.path()).remove(0);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    // Root reads everything, so the test says something for other users only.
    if fs::File::open(&file).is_err() {
        let error = error_of(dir.path(), |s| s).to_string();
        assert!(error.contains("data.parquet"), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Any damage to a file is an error or goes unnoticed; it never is a panic.
    #[test]
    fn damaged_parquet_never_panics(at in 0.0_f64..1.0, byte in any::<u8>(), n in 1_usize..20) {
        let dir = partitioned(&[regular("SPY", "2024-02-01", "2024-02-02")]);
        let file = files_below(dir.path()).remove(0);
        let mut bytes = fs::read(&file).unwrap();
        let start = (at * bytes.len() as f64) as usize;
        let end = (start + n).min(bytes.len());
        bytes[start..end].fill(byte);
        fs::write(&file, bytes).unwrap();
        let spec = DataSpec::bars([dir.path().display().to_string()], Timeframe::M1);
        if let Err(e) = Loader::new(spec).unwrap().load() {
            prop_assert!(!e.to_string().is_empty());
        }
    }

    #[test]
    fn any_text_is_a_table_or_an_error(text in "[0-9a-z,;:.\\-\n\" ]{0,200}") {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("x.csv"), &text).unwrap();
        let spec = DataSpec::bars([dir.path().display().to_string()], Timeframe::D1);
        let _ = Loader::new(spec).unwrap().load();
    }

    #[test]
    fn any_rows_under_a_good_header_are_a_table_or_an_error(rows in "([0-9T:.,\\- a-z]{0,40}\n){0,6}") {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("x.csv"), format!("date,open,high,low,close,volume\n{rows}")).unwrap();
        let spec = DataSpec::bars([dir.path().display().to_string()], Timeframe::D1);
        let _ = Loader::new(spec).unwrap().load();
    }
}
