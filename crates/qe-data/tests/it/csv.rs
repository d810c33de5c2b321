//! Text files as vendors write them.

use std::fs;

use qe_core::calendar::Calendar;
use qe_core::time::Timestamp;
use qe_core::timeframe::Timeframe;
use qe_core::zone::Zone;
use qe_data::DataSpec;
use qe_data::frame::Loader;
use qe_data::spec::TimeSpec;

use crate::sample::day;

fn at(text: &str) -> i64 {
    Timestamp::parse(text).unwrap().nanos()
}

fn load(name: &str, text: &str, spec: impl FnOnce(DataSpec) -> DataSpec) -> qe_data::Result<qe_core::bars::Bars> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    fs::write(&path, text).unwrap();
    let base = DataSpec::bars([path.display().to_string()], Timeframe::D1);
    Ok(Loader::new(spec(base))?.load()?.bars.remove(0))
}

#[test]
fn yahoo() {
    let text = "Date,Open,High,Low,Close,Adj Close,Volume\n\
        2024-07-02,543.7,549.01,543.65,549.01,545.34,40434800\n\
        2024-07-03,548.69,551.83,548.65,551.46,547.77,32789900\n";
    let bars = load("SPY.csv", text, |s| DataSpec { columns: vec!["Adj Close".into()], ..s }).unwrap();
    assert_eq!((bars.symbol(), bars.close()), ("SPY", &[549.01, 551.46][..]));
    assert_eq!(bars.columns().get("Adj Close").unwrap().value(1), 547.77);
    assert_eq!(bars.available()[1], at("2024-07-03T17:00:00Z"), "a half day");
    let adjusted = |s: DataSpec| DataSpec { rename: [("close".to_owned(), "Adj Close".to_owned())].into(), ..s };
    assert_eq!(load("SPY.csv", text, adjusted).unwrap().close(), [545.34, 547.77]);
}

#[test]
fn stooq_in_both_shapes() {
    let daily = "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\n\
        SPY.US,D,20240702,000000,543.7,549.01,543.65,549.01,40434800,0\n";
    let bars = load("spy.us.txt", daily, |s| s).unwrap();
    assert_eq!((bars.symbol(), bars.open()), ("SPY.US", &[543.7][..]));
    let minute = "Date,Time,Open,High,Low,Close,Volume\n2024-07-02,15:30:00,543.7,544,543,543.5,100\n\
        2024-07-02,15:35:00,543.5,544,543,543.6,200\n";
    let bars = load("spy.csv", minute, |s| DataSpec {
        timeframe: Timeframe::M5,
        time: TimeSpec { zone: Some(Zone::parse("Europe/Warsaw").unwrap_or(Zone::Berlin)), ..Default::default() },
        ..s
    })
    .unwrap();
    assert_eq!(bars.open_time(), [at("2024-07-02T13:30:00Z"), at("2024-07-02T13:35:00Z")]);
}

#[test]
fn binance_without_a_header() {
    let text = "1719878400000,62000.1,62100,61900,62050.5,12.345,1719878459999,765000,1000,6.1,378000,0\n\
        1719878460000,62050.5,62060,62000,62010.0,3.21,1719878519999,199000,300,1.5,93000,0\n";
    let bars = load("BTCUSDT.csv", text, |s| DataSpec {
        timeframe: Timeframe::M1,
        calendar: Calendar::crypto(),
        columns: vec!["taker_buy_volume".into()],
        ..s
    })
    .unwrap();
    assert_eq!(bars.open_time()[0], at("2024-07-02T00:00:00Z"));
    assert_eq!((bars.symbol(), bars.volume()), ("BTCUSDT", &[12.345, 3.21][..]));
    // From 2025 on Binance counts microseconds.
    let micro = text.replace("1719878400000,", "1719878400000000,").replace("1719878460000,", "1719878460000000,");
    let bars =
        load("BTCUSDT.csv", &micro, |s| DataSpec { timeframe: Timeframe::M1, calendar: Calendar::crypto(), ..s });
    assert_eq!(bars.unwrap().open_time()[1], at("2024-07-02T00:01:00Z"));
}

#[test]
fn blanks_are_missing_and_separators_are_found() {
    let text = "date;open;high;low;close;volume\n2024-07-02;1.5;2;1;;\n2024-07-03;null;2;1;1.25;7\n";
    let bars = load("X.csv", text, |s| s).unwrap();
    assert!(bars.close()[0].is_nan() && bars.volume()[0].is_nan() && bars.open()[1].is_nan());
    assert_eq!(bars.close()[1], 1.25);
}

#[test]
fn a_value_that_is_no_number_is_named_by_file_row_and_column() {
    let text = "date,open,high,low,close\n2024-07-02,1,2,1,1\n2024-07-03,1,2,1,abc\n";
    let error = load("X.csv", text, |s| s).unwrap_err().to_string();
    assert!(error.contains("X.csv, row 2, column \"close\": abc; is no number"), "{error}");
    let text = "date,open,high,low,close\n2024-07-02,1,2,1,1\nsoon,1,2,1,1\n";
    let error = load("X.csv", text, |s| s).unwrap_err().to_string();
    assert!(error.contains("X.csv, row 2, column \"date\": soon; is no date or time"), "{error}");
}

#[test]
fn ranges_and_several_files_work_as_with_parquet() {
    let dir = tempfile::tempdir().unwrap();
    for (name, rows) in [("AAA", "2024-07-02,1,1,1,1,1\n2024-07-03,2,2,2,2,2\n"), ("BBB", "2024-07-03,3,3,3,3,3\n")] {
        let text = format!("date,open,high,low,close,volume\n{rows}");
        fs::write(dir.path().join(format!("{name}.csv")), text).unwrap();
    }
    let base = DataSpec::bars([format!("{}/*.csv", dir.path().display())], Timeframe::D1);
    let all = Loader::new(base.clone()).unwrap().load().unwrap();
    assert_eq!(all.bars.iter().map(|b| (b.symbol(), b.len())).collect::<Vec<_>>(), [("AAA", 2), ("BBB", 1)]);
    let one = Loader::new(base.clone().symbols(["AAA"]).between(day("2024-07-03"), day("2024-07-04"))).unwrap();
    assert_eq!(one.load().unwrap().bars[0].close(), [2.0]);
    let error = Loader::new(base.symbols(["CCC"])).unwrap().load().unwrap_err().to_string();
    assert!(error.contains("no symbol is named \"CCC\"") && error.contains("AAA, BBB"), "{error}");
}
