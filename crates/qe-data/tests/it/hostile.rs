//! Input as a hostile user would write it: what cannot be read is refused by name, and nothing is silently changed.

use std::fs;
use std::path::Path;

use polars::prelude::*;
use qe_core::calendar::{Calendar, SessionHours};
use qe_core::time::Timestamp;
use qe_core::timeframe::Timeframe;
use qe_data::DataSpec;
use qe_data::frame::{Dataset, Loader, bars_to_frame};

use crate::sample::{bits, parquet, regular};

fn at_spec(dir: &Path) -> DataSpec {
    DataSpec::bars([dir.display().to_string()], Timeframe::M1)
}

fn load(spec: &DataSpec) -> qe_data::Result<Dataset> {
    Loader::new(spec.clone())?.load()
}

fn said(spec: &DataSpec) -> String {
    load(spec).unwrap_err().to_string()
}

/// A day of SPY as a frame without `available`, its times cast to a type.
fn frame(symbol: &str, from: &str, to: &str, time: &DataType) -> DataFrame {
    let mut df = bars_to_frame(&regular(symbol, from, to)).unwrap().drop_many(["available", "symbol"]);
    let ts = df.column("ts").unwrap().cast(time).unwrap();
    df.with_column(ts).unwrap();
    df
}

fn micro(zone: Option<&str>) -> DataType {
    DataType::Datetime(
        TimeUnit::Microseconds,
        zone.map(|z| polars::prelude::TimeZone::opt_try_new(Some(z)).unwrap().unwrap()),
    )
}

fn milli(zone: Option<&str>) -> DataType {
    DataType::Datetime(
        TimeUnit::Milliseconds,
        zone.map(|z| polars::prelude::TimeZone::opt_try_new(Some(z)).unwrap().unwrap()),
    )
}

#[test]
fn probe() {
    let kinds = [
        ("us", micro(None)),
        ("msutc", milli(Some("UTC"))),
        ("ny", micro(Some("America/New_York"))),
        ("int", DataType::Int64),
        ("lagos", micro(Some("Africa/Lagos"))),
    ];
    for (a, ta) in &kinds {
        for (b, tb) in &kinds {
            for same in [true, false] {
                let dir = tempfile::tempdir().unwrap();
                let (na, nb) =
                    if same { ("symbol=A/1.parquet", "symbol=A/2.parquet") } else { ("A.parquet", "B.parquet") };
                fs::create_dir_all(dir.path().join("symbol=A")).unwrap();
                parquet(&dir.path().join(na), &frame("A", "2024-07-02", "2024-07-03", ta));
                parquet(&dir.path().join(nb), &frame("B", "2024-07-03", "2024-07-04", tb));
                match load(&at_spec(dir.path())) {
                    Ok(d) => println!(
                        "{a} {b} {same}: {:?}",
                        d.bars.iter().map(|b| (b.len(), Timestamp(b.open_time()[0]).to_string())).collect::<Vec<_>>()
                    ),
                    Err(e) => println!("{a} {b} {same}: {e}"),
                }
            }
        }
    }
    // order, extra, missing
    let base = frame("A", "2024-07-02", "2024-07-03", &micro(None));
    let next = frame("A", "2024-07-03", "2024-07-04", &micro(None));
    let order = next.select(["volume", "close", "ts", "low", "high", "open"]).unwrap();
    let mut extra = next.clone();
    extra.with_column(Column::new("vwap".into(), vec![1.0; next.height()])).unwrap();
    let novol = next.drop("volume").unwrap();
    let mut f32s = next.clone();
    f32s.with_column(next.column("close").unwrap().cast(&DataType::Float32).unwrap()).unwrap();
    let mut i32s = next.clone();
    i32s.with_column(next.column("volume").unwrap().cast(&DataType::Int32).unwrap()).unwrap();
    let mut dec = next.clone();
    dec.with_column(next.column("close").unwrap().cast(&DataType::Decimal(18, 4)).unwrap()).unwrap();
    let mut nested = next.clone();
    nested
        .with_column(
            Column::new("n".into(), vec![1.0; next.height()]).into_frame().into_struct("n".into()).into_column(),
        )
        .unwrap();
    for (name, df) in [
        ("order", order),
        ("extra", extra),
        ("novol", novol),
        ("f32", f32s),
        ("i32", i32s),
        ("dec", dec),
        ("nested", nested),
    ] {
        for (x, y) in [(&base, &df), (&df, &base.clone())] {
            for same in [true, false] {
                let dir = tempfile::tempdir().unwrap();
                let (na, nb) =
                    if same { ("symbol=A/1.parquet", "symbol=A/2.parquet") } else { ("A.parquet", "B.parquet") };
                fs::create_dir_all(dir.path().join("symbol=A")).unwrap();
                parquet(&dir.path().join(na), x);
                parquet(&dir.path().join(nb), y);
                match load(&at_spec(dir.path())) {
                    Ok(d) => println!(
                        "{name} {same}: {:?}",
                        d.bars
                            .iter()
                            .map(|b| (b.len(), b.close()[0], b.volume()[0], b.volume()[b.len() - 1]))
                            .collect::<Vec<_>>()
                    ),
                    Err(e) => println!("{name} {same}: {e}"),
                }
            }
        }
    }
}
