//! Expressions, indicators and a user's own kernels in lazy queries.

use polars::prelude::*;
use qe_core::calendar::Calendar;
use qe_core::columns::{Axis, Columns};
use qe_core::rng::Stream;
use qe_core::timeframe::Timeframe;
use qe_factors::expr::{Schema as Names, compile, parse};
use qe_factors::frame::{debug_frame, indicator, kernel, with_factors};
use qe_factors::plan::Value;

const N: usize = 390;

fn closes(seed: u64) -> Vec<f64> {
    let mut stream = Stream::new(seed, "frames", 0);
    let mut at = 50.0 + seed as f64;
    (0..N)
        .map(|_| {
            at += stream.normal();
            at
        })
        .collect()
}

/// Two symbols, their rows in turn, one session of minutes.
fn frame() -> DataFrame {
    let open = qe_core::time::Timestamp::parse("2024-03-05T14:30:00Z").unwrap().nanos();
    let (a, b) = (closes(1), closes(2));
    let ts: Vec<i64> = (0..2 * N as i64).map(|i| open + i / 2 * 60_000_000_000).collect();
    let close: Vec<f64> = (0..2 * N).map(|i| if i % 2 == 0 { a[i / 2] } else { b[i / 2] }).collect();
    let symbol: Vec<&str> = (0..2 * N).map(|i| ["A", "B"][i % 2]).collect();
    let utc = Some(polars::prelude::TimeZone::UTC);
    let ts = Int64Chunked::from_vec("ts".into(), ts);
    let known = (&ts + 60_000_000_000i64).with_name("available".into());
    let time = |ca: Int64Chunked| ca.into_datetime(TimeUnit::Nanoseconds, utc.clone()).into_column();
    DataFrame::new(
        2 * N,
        vec![Column::new("symbol".into(), symbol), time(ts), time(known), Column::new("close".into(), close)],
    )
    .unwrap()
}

fn of_symbol(df: &DataFrame, symbol: &str, column: &str) -> Column {
    let mine = df.clone().lazy().filter(col("symbol").eq(lit(symbol))).collect().unwrap();
    mine.column(column).unwrap().clone()
}

fn same(a: &[f64], b: &Column) {
    let b: Vec<f64> = b.f64().unwrap().iter().map(|v| v.unwrap_or(f64::NAN)).collect();
    assert_eq!(a.len(), b.len());
    assert!(a.iter().zip(&b).all(|(a, b)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())), "{a:?}\n{b:?}");
}

/// The minutes of a symbol.
fn table(symbol_seed: u64) -> Columns {
    let open = qe_core::time::Timestamp::parse("2024-03-05T14:30:00Z").unwrap().nanos();
    let at: Vec<i64> = (0..N as i64).map(|i| open + i * 60_000_000_000).collect();
    let known: Vec<i64> = at.iter().map(|t| t + 60_000_000_000).collect();
    let mut table = Columns::new(Axis::new(at, known).unwrap());
    table.push("close", closes(symbol_seed)).unwrap();
    table
}

/// What a plan gives over one symbol alone.
fn alone(symbol_seed: u64, text: &str) -> Value {
    let table = table(symbol_seed);
    let ast = parse(text).unwrap();
    let names = Names::new(["close"]).bars(Timeframe::M1, Calendar::us_equities());
    let plan = compile(&[("x", &ast)], &names, None).unwrap().into_plan();
    plan.eval(&table).unwrap().into_outputs().remove(0)
}

#[test]
fn no_symbol_bleeds_into_another_and_the_bits_are_those_of_the_plan() {
    let texts = [
        ("fast", "sma(close, 5)"),
        ("strength", "rsi(close, 14)"),
        ("entry", "cross_above(close, sma(close, 20))"),
        ("slow", "tf(\"15m\", sma(close, 3))"),
        ("again", "sma(close, 5)"),
    ];
    let bars = Names::new(["close"]).bars(Timeframe::M1, Calendar::us_equities());
    let lf = with_factors(frame().lazy(), &texts, Some(&bars)).unwrap();
    let df = lf.collect().unwrap();
    let names: Vec<&str> = df.get_column_names().iter().map(|n| n.as_str()).collect();
    assert_eq!(names, ["symbol", "ts", "available", "close", "fast", "strength", "entry", "slow", "again"]);
    for (seed, symbol) in [(1, "A"), (2, "B")] {
        for (name, text) in texts {
            let got = of_symbol(&df, symbol, name);
            match alone(seed, text) {
                Value::Number(want) => same(&want, &got),
                Value::Condition(want) => {
                    let got: Vec<Option<bool>> = got.bool().unwrap().iter().collect();
                    assert_eq!(got, (0..N).map(|i| want.get(i)).collect::<Vec<_>>(), "{name}");
                }
            }
        }
    }
}

#[test]
fn every_symbol_reads_the_rows_of_another_by_what_was_known() {
    let text = "close / sym(\"B\", sma(close, 3)) + if(sym(\"B\", close > close[1]), 1, 0)";
    let bars = Names::new(["close"]).with_symbols(["A", "B"]);
    let tables = [("A", table(1)), ("B", table(2))];
    let plan = compile(&[("x", &parse(text).unwrap())], &bars, None).unwrap().into_plan();
    let lf = with_factors(frame().lazy(), &[("x", text), ("own", "close * 2")], Some(&bars)).unwrap();
    let df = lf.collect().unwrap();
    let names: Vec<&str> = df.get_column_names().iter().map(|n| n.as_str()).collect();
    assert_eq!(names, ["symbol", "ts", "available", "close", "x", "own"]);
    assert!(df.select(["symbol", "ts", "close"]).unwrap().equals(&frame().select(["symbol", "ts", "close"]).unwrap()));
    for (symbol, host) in &tables {
        let joined = plan.with_symbols(host, &[("B", &tables[1].1)]).unwrap();
        let values = plan.eval(&joined).unwrap();
        same(values.number(0).unwrap(), &of_symbol(&df, symbol, "x"));
    }
    // Without a time of availability, a row is known when it opens; without times there is no telling.
    let lf = frame().lazy().drop(cols(["available"]));
    let df = with_factors(lf.clone(), &[("x", text)], Some(&bars)).unwrap().collect().unwrap();
    assert_eq!(df.get_column_names().len(), 4);
    same(
        plan.eval(&plan.with_symbols(&tables[0].1, &[("B", &tables[1].1)]).unwrap()).unwrap().number(0).unwrap(),
        &of_symbol(&df, "A", "x"),
    );
    let error = with_factors(lf.drop(cols(["ts"])), &[("x", text)], Some(&bars)).err().unwrap().to_string();
    assert!(error.contains("column `ts`: B is read"), "{error}");
}

#[test]
fn indicators_and_kernels_of_a_user_are_expressions_over_groups() {
    let own = kernel(&[col("close"), col("close") * lit(2.0)], &["low", "sum"], |x, out| {
        let mut low = f64::INFINITY;
        for i in 0..x[0].len() {
            low = low.min(x[0][i]);
            out[0][i] = low;
            out[1][i] = x[0][i] + x[1][i];
        }
    });
    let rsi = indicator("rsi", &[col("close")], &[("period", 5i64.into())]).unwrap();
    let macd = indicator("macd", &[col("close")], &[]).unwrap();
    let over = |e: Expr| e.over([col("symbol")]).unwrap();
    let df = frame()
        .lazy()
        .with_columns([over(rsi).alias("rsi"), over(macd).alias("macd"), over(own).alias("own")])
        .with_column(col("macd").struct_().field_by_name("hist").alias("hist"))
        .with_column(col("own").struct_().field_by_name("low").alias("low"))
        .collect()
        .unwrap();
    for (seed, symbol) in [(1, "A"), (2, "B")] {
        let (Value::Number(rsi), Value::Number(hist)) = (alone(seed, "rsi(close, 5)"), alone(seed, "macd(close).hist"))
        else {
            panic!("numbers");
        };
        same(&rsi, &of_symbol(&df, symbol, "rsi"));
        same(&hist, &of_symbol(&df, symbol, "hist"));
        let mut low = f64::INFINITY;
        let want: Vec<f64> = closes(seed)
            .iter()
            .map(|c| {
                low = low.min(*c);
                low
            })
            .collect();
        same(&want, &of_symbol(&df, symbol, "low"));
    }
    assert!(indicator("rsi", &[], &[]).unwrap_err().to_string().contains("it reads x"));
    assert!(indicator("rsj", &[col("close")], &[]).unwrap_err().to_string().contains("did you mean"));
    let said = |t| with_factors(frame().lazy(), &[("x", t)], None).err().unwrap().to_string();
    assert!(said("clse + 1").contains("did you mean") && said("1 +").contains("cannot read"), "{}", said("1 +"));
}

#[test]
fn every_intermediate_can_be_looked_at() {
    let ast = parse("sma(close, 3) > close[1] * 2").unwrap();
    let plan = compile(&[("signal", &ast)], &Names::new(["close"]), None).unwrap().into_plan();
    let mut table = Columns::new(Axis::instants(vec![1, 2, 3, 4]).unwrap());
    table.push("close", vec![1.0, 2.0, 3.0, 4.0]).unwrap();
    let df = debug_frame(&plan, &table).unwrap();
    let names: Vec<String> = df.get_column_names().iter().map(|n| n.to_string()).collect();
    assert!(names.iter().any(|n| n.ends_with("= close")) && names.last().unwrap() == "signal", "{names:?}");
    assert_eq!(df.height(), 4);
}
