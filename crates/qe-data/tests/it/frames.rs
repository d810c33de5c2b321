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
