//! Frames and arrays are two views of one thing.

use polars::prelude::*;
use qe_core::columns::{Axis, Column as Values, Columns};
use qe_data::frame::{asof_join, bars_from_frame, bars_to_frame, columns_from_frame, columns_to_frame};

use crate::sample::{bits, regular};

#[test]
fn bars_survive_the_way_through_a_frame_without_copying() {
    let bars = regular("SPY", "2024-02-26", "2024-02-27");
    let df = bars_to_frame(&bars).unwrap();
    let names: Vec<_> = df.get_column_names().iter().map(|n| n.to_string()).collect();
    assert_eq!(names, ["symbol", "ts", "available", "open", "high", "low", "close", "volume"]);
    let back = bars_from_frame(&df, "SPY", bars.kind()).unwrap();
    assert_eq!(bits(&back), bits(&bars));
    assert_eq!(back.close().as_ptr(), bars.close().as_ptr(), "the memory is shared both ways");
    assert_eq!(back.open_time().as_ptr(), bars.open_time().as_ptr());
}

#[test]
fn nulls_become_nan_and_other_numbers_doubles() {
    let df = df!["ts" => [1_i64, 2], "a" => [Some(1_i32), None], "b" => [true, false], "c" => ["x", "y"]].unwrap();
    let table = columns_from_frame(&df).unwrap();
    assert_eq!(table.names().collect::<Vec<_>>(), ["a", "b"]);
    assert!(table.get("a").unwrap().value(1).is_nan());
    assert_eq!(table.get("b").unwrap().value(0), 1.0);
    assert!(columns_from_frame(&df.drop("ts").unwrap()).is_err());
}

#[test]
fn the_join_in_a_query_is_the_join_of_arrays() {
    let axis = |open: Vec<i64>, width: i64| {
        Axis::new(open.clone(), open.iter().map(|t| t + width).collect::<Vec<_>>()).unwrap()
    };
    let fast = Columns::new(axis((0..50).map(|i| i * 10).collect(), 10)).with("x", vec![1.0; 50]).unwrap();
    let slow = Columns::new(axis(vec![0, 100, 300], 100)).with("v", vec![1.0, 2.0, f64::NAN]).unwrap();
    for max_age in [None, Some(60), Some(0)] {
        let lazy = |c: &Columns| columns_to_frame(c).unwrap().lazy();
        let query = asof_join(lazy(&fast), lazy(&slow), "slow_", max_age).unwrap();
        let got = columns_from_frame(&query.collect().unwrap()).unwrap();
        let options = qe_data::asof::AsOf { max_age, prefix: "slow_".into() };
        let expected = qe_data::asof::asof(&fast, &slow, &options).unwrap();
        for name in ["slow_v", "slow_age_s"] {
            let values = |c: &Columns| c.get(name).unwrap().to_f64().iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            assert_eq!(values(&got), values(&expected), "{name} {max_age:?}");
        }
        assert!(matches!(got.get("slow_v").unwrap(), Values::F64(v) if v[8].is_nan()), "complete at 100 only");
    }
    let taken = asof_join(columns_to_frame(&fast).unwrap().lazy(), columns_to_frame(&fast).unwrap().lazy(), "", None);
    assert!(taken.is_err());
}

#[test]
fn a_chain_survives_the_way_through_files() {
    let market = market();
    let spec = qe_data::market::OptionsSpec { sessions: 5, max_rows: 5_000, ..Default::default() };
    let chain = qe_data::market::options::generate(&spec, &market).unwrap();
    let df = qe_data::frame::chain_to_frame(&chain).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let options = qe_data::frame::StoreOptions { partition: qe_data::frame::Partition::Whole, ..Default::default() };
    let files = qe_data::frame::store_frame("SPY", &df, dir.path(), options).unwrap();
    let args = ScanArgsParquet::default();
    let read = LazyFrame::scan_parquet(PlRefPath::new(files[0].to_string_lossy().as_ref()), args).unwrap();
    let back = qe_data::frame::chain_from_frame(&read.collect().unwrap(), "SPY").unwrap();
    assert_eq!(back.len(), chain.len());
    assert!((0..chain.len()).all(|i| format!("{:?}", back.row(i)) == format!("{:?}", chain.row(i))));
    let text = qe_data::frame::chain_from_frame(&df.drop("right").unwrap(), "SPY").unwrap_err().to_string();
    assert!(text.contains("no column \"right\""), "{text}");
}

#[test]
fn a_panel_is_a_row_per_symbol_and_time() {
    let spec = qe_data::market::CrossSectionSpec { n_symbols: 12, sessions: 30, ..Default::default() };
    let cross = qe_data::market::CrossSection::generate(&spec, &qe_core::par::Pool::inline()).unwrap();
    let df = qe_data::frame::panel_to_frame(&cross.panel).unwrap();
    assert_eq!(df.height(), 12 * 30);
    assert!(["sector", "industry", "subindustry"].iter().all(|g| df.column(g).unwrap().str().is_ok()));
    let symbol = &cross.panel.symbols()[7];
    let rows = df.lazy().filter(col("symbol").eq(lit(symbol.as_str()))).collect().unwrap();
    let table = columns_from_frame(&rows).unwrap();
    let bits = |v: &[f64]| v.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    let (a, b) = (table.get("close").unwrap().to_f64(), cross.panel.history("close", symbol).unwrap());
    assert_eq!(bits(&a), bits(&b));
}

fn market() -> qe_data::market::Market {
    let spec = qe_data::market::MarketSpec { symbols: vec!["SPY".into()], years: 1, ..Default::default() };
    qe_data::market::Market::generate(&spec, &qe_core::par::Pool::inline()).unwrap()
}
