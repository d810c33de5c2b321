//! The vectorised engine in lazy queries: against the pass row by row, the batch walk, and a user's own query.

use std::num::NonZeroUsize;

use polars::prelude::*;
use qe_core::calendar::Calendar;
use qe_core::par::Threads;
use qe_core::rng::Stream;
use qe_core::timeframe::Timeframe;
use qe_engine::costs::CostModel;
use qe_engine::fills::FillTiming;
use qe_engine::frame::{VectorizedEngine, add_indicators, bridge, combine, indicator};
use qe_engine::metrics::ALL;
use qe_engine::metrics::summary::Summary;
use qe_engine::vector::{Track, Vectorized};
use qe_factors::expr::Schema as Names;

const HOUR: i64 = 3_600_000_000_000;
const DAY: i64 = 24 * HOUR;
const SYMBOLS: [&str; 3] = ["AA", "B", "a symbol of a long name"];

/// Hours of some symbols, each symbol's rows together, or all symbols of an hour together.
fn frame(n: usize, is_mixed: bool) -> DataFrame {
    let mut rows: Vec<(usize, &str, [f64; 3])> = Vec::new();
    for (k, symbol) in SYMBOLS.into_iter().enumerate() {
        let mut r = Stream::new(5, symbol, 0);
        let (mut last, mut weight) = (50.0 + k as f64, 0.0);
        for t in 0..n {
            let open = last * (1.0 + 0.002 * r.normal());
            let close = open * (1.0 + 0.01 * r.normal());
            weight = if r.bernoulli(0.2) { [-1.0, 0.0, 0.5, 1.0][r.below(4) as usize] } else { weight };
            rows.push((t, symbol, [open, close, if r.bernoulli(0.02) { f64::NAN } else { weight }]));
            last = close;
        }
    }
    if is_mixed {
        rows.sort_by_key(|row| row.0);
    }
    let ts: Vec<i64> = rows.iter().map(|row| row.0 as i64 * HOUR).collect();
    let column = |i: usize| rows.iter().map(|row| row.2[i]).collect::<Vec<f64>>();
    df!(
        "symbol" => rows.iter().map(|row| row.1).collect::<Vec<_>>(),
        "ts" => ts,
        "open" => column(0),
        "close" => column(1),
        "signal" => column(2),
        "beside" => vec![1i32; rows.len()],
    )
    .unwrap()
    .lazy()
    .with_column(col("ts").cast(DataType::Datetime(TimeUnit::Nanoseconds, None)))
    .collect()
    .unwrap()
}

fn engine() -> VectorizedEngine {
    let costs = CostModel { spread_frac: 0.0004, taker_fee_bps: 1.0, ..CostModel::default() };
    let rule = Vectorized { costs, ..Vectorized::default() };
    VectorizedEngine { rule, ..VectorizedEngine::new(Timeframe::H1, Calendar::crypto()) }
}

fn numbers(df: &DataFrame, name: &str) -> Vec<f64> {
    df.column(name).unwrap().f64().unwrap().iter().map(|v| v.unwrap_or(f64::NAN)).collect()
}

fn bits(df: &DataFrame, names: &[&str]) -> Vec<u64> {
    names.iter().flat_map(|name| numbers(df, name)).map(f64::to_bits).collect()
}

/// The rows of one symbol.
fn only(df: &DataFrame, symbol: &str) -> DataFrame {
    df.clone().lazy().filter(col("symbol").eq(lit(symbol))).collect().unwrap()
}

const ALIGNED: [&str; 7] = ["signal", "position", "asset_return", "gross_return", "cost", "net_return", "equity"];

#[test]
fn no_symbol_bleeds_into_another_and_every_row_is_the_passes() {
    let engine = engine();
    let sorted = engine.aligned(frame(500, false).lazy()).unwrap().collect().unwrap();
    let mixed = engine.aligned(frame(500, true).lazy()).unwrap().collect().unwrap();
    assert_eq!(sorted.get_column_names().len(), 6 + 6);
    for symbol in SYMBOLS {
        let own = only(&frame(500, false), symbol);
        let alone = engine.aligned(own.lazy().drop(cols(["symbol"]))).unwrap().collect().unwrap();
        let want = bits(&alone, &ALIGNED);
        assert!(bits(&only(&sorted, symbol), &ALIGNED) == want && bits(&only(&mixed, symbol), &ALIGNED) == want);
        let mut track = Track::new(&engine.rule);
        let (open, close, signal) = (numbers(&alone, "open"), numbers(&alone, "close"), numbers(&alone, "signal"));
        for (t, equity) in numbers(&alone, "equity").iter().enumerate() {
            let row = track.take((t / 24) as i32, open[t], close[t], signal[t]);
            assert_eq!(row.equity.to_bits(), equity.to_bits(), "{symbol} in row {t}");
        }
    }
    // What stands beside stays where it was.
    assert_eq!(mixed.column("beside").unwrap().sum_reduce().unwrap().value().try_extract::<i64>().unwrap(), 1500);
    let debug = engine.debug(frame(50, true).lazy()).unwrap().collect().unwrap();
    let (units, cash) = (numbers(&debug, "units"), numbers(&debug, "cash"));
    let (close, equity) = (numbers(&debug, "close"), numbers(&debug, "equity"));
    for t in 0..150 {
        assert!((cash[t] + units[t] * close[t] - equity[t]).abs() < 1e-9 * equity[t], "row {t}");
    }
}

#[test]
fn metrics_keep_no_series_and_are_the_same_on_any_threads_and_chunks() {
    let one = VectorizedEngine { threads: Threads::ONE, ..engine() };
    let want = one.metrics(frame(2000, false).lazy()).unwrap().collect().unwrap();
    assert_eq!((want.height(), want.width()), (3, 1 + ALL.len() + 4));
    let figures: Vec<&str> = ALL.iter().map(|m| m.name).collect();
    let two = VectorizedEngine { threads: Threads::N(NonZeroUsize::new(2).unwrap()), ..engine() };
    for (engine, is_mixed) in [(&two, false), (&two, true), (&one, true)] {
        let whole = frame(2000, is_mixed);
        // In many pieces.
        let parts: Vec<LazyFrame> = (0..60).map(|i| whole.slice(i * 100, 100).lazy()).collect();
        let pieces = concat(parts, UnionArgs::default()).unwrap();
        let got = engine.metrics(pieces).unwrap().collect().unwrap();
        assert_eq!(bits(&got, &figures), bits(&want, &figures));
        assert_eq!(got.column("final_equity").unwrap(), want.column("final_equity").unwrap());
    }
    // They are those of the same pass, by the house's own metrics.
    for (i, symbol) in SYMBOLS.into_iter().enumerate() {
        let own = only(&frame(2000, false), symbol);
        let (open, close, signal) = (numbers(&own, "open"), numbers(&own, "close"), numbers(&own, "signal"));
        let mut track = Track::new(&one.rule);
        (0..2000).for_each(|t| {
            track.take((t / 24) as i32, open[t], close[t], signal[t]);
        });
        let scored = track.finish();
        let daily = scored.daily(one.rule.capital);
        let calendar = Calendar::crypto();
        let years = [calendar.periods_per_year(Timeframe::H1), calendar.sessions_per_year()];
        let summary = Summary::of(&scored.performance(&daily, one.rule.capital, years));
        for name in &figures {
            let told = want.column(name).unwrap().f64().unwrap().get(i);
            assert_eq!(told.map(f64::to_bits), summary.get(name).map(f64::to_bits), "{name} of {symbol}");
        }
        assert!(summary.get("n_trades").unwrap() > 50.0 && summary.get("sharpe_daily").is_some());
    }
    // Of the query nothing else is read.
    let plan = one.metrics(frame(10, false).lazy()).unwrap().describe_optimized_plan().unwrap();
    assert!(!plan.contains("beside"), "{plan}");
}

#[test]
fn scoring_may_begin_later_and_closes_before_are_known() {
    let engine = VectorizedEngine { eval_start: Some(10 * DAY), ..engine() };
    let all = engine.aligned(frame(480, false).lazy()).unwrap().collect().unwrap();
    let told = numbers(&only(&all, "B"), "equity");
    assert!(told[..240].iter().all(|v| v.is_nan()) && told[240..].iter().all(|v| !v.is_nan()));
    let later = only(&frame(480, false), "B").slice(240, 240);
    let fresh = VectorizedEngine { eval_start: None, ..engine.clone() };
    let fresh = fresh.aligned(later.lazy()).unwrap().collect().unwrap();
    assert_eq!(
        bits(&fresh.select(["equity"]).unwrap(), &["equity"]),
        told[240..].iter().map(|v| v.to_bits()).collect::<Vec<_>>()
    );
    let n = engine.metrics(frame(480, true).lazy()).unwrap().collect().unwrap();
    assert!(n.column("n_steps").unwrap().u64().unwrap().iter().all(|n| n == Some(240)));
}

#[test]
fn indicators_kernels_and_conditions_stand_before_it_in_one_query() {
    let names = Names::new(["open", "close"]).bars(Timeframe::H1, Calendar::crypto());
    let features = [("up", "close > sma(close, 10)"), ("down", "close < sma(close, 30)")];
    let lf = add_indicators(frame(300, false).lazy().drop(cols(["signal"])), &features, Some(&names)).unwrap();
    let momentum = indicator("roc", &[col("close")], &[]).unwrap().over([col("symbol")]).unwrap();
    // A stop that follows the highest close by 2 %: what a row keeps depends on the row before.
    let follow = bridge(&[col("close")], &["stop"], |x, out| {
        let mut stop = f64::MIN;
        for (close, out) in x[0].iter().zip(out[0].iter_mut()) {
            stop = f64::max(stop, close * 0.98);
            *out = stop;
        }
    });
    let lf = lf.with_columns([momentum.alias("momentum"), follow.over([col("symbol")]).unwrap().alias("stop")]);
    let long = col("up").and(col("momentum").gt(lit(0.0))).and(col("close").gt(col("stop") * lit(0.9)));
    let lf = lf.with_column(combine(long, Some(col("down"))).alias("signal"));
    let engine = VectorizedEngine {
        rule: Vectorized { fill: FillTiming::SIGNAL_CLOSE, ..Vectorized::default() },
        ..VectorizedEngine::new(Timeframe::H1, Calendar::crypto())
    };
    let aligned = engine.aligned(lf.clone()).unwrap().collect().unwrap();
    // The seed's formula by the library's own expressions: position = signal.shift(1), times returns, compounded.
    let seed = lf
        .with_columns([
            col("signal").shift(lit(1)).over([col("symbol")]).unwrap().fill_null(lit(0.0)).alias("held"),
            (col("close") / col("close").shift(lit(1)).over([col("symbol")]).unwrap() - lit(1.0))
                .fill_null(lit(0.0))
                .alias("moved"),
        ])
        .with_column(
            (lit(1.0) + col("held") * col("moved")).cum_prod(false).over([col("symbol")]).unwrap().alias("worth"),
        )
        .collect()
        .unwrap();
    let (ours, theirs) = (numbers(&aligned, "equity"), numbers(&seed, "worth"));
    assert!(ours.iter().zip(&theirs).all(|(a, b)| (a / 10_000.0 - b).abs() < 1e-12 * b));
    assert_eq!(numbers(&aligned, "position"), numbers(&seed, "held"));
    assert!(theirs.iter().any(|w| (w - 1.0).abs() > 0.02));
}

#[test]
fn conditions_are_combined_and_what_is_unknown_says_nothing() {
    let df = df!(
        "l" => [Some(true), Some(true), None, Some(false), None],
        "s" => [Some(false), Some(true), Some(true), None, None],
    )
    .unwrap();
    let signal = |s: Option<Expr>| {
        let df = df.clone().lazy().select([combine(col("l"), s).alias("x")]).collect().unwrap();
        numbers(&df, "x")
    };
    assert_eq!(signal(Some(col("s"))), [1.0, 0.0, -1.0, 0.0, 0.0]);
    assert_eq!(signal(None), [1.0, 1.0, 0.0, 0.0, 0.0]);
}

#[test]
fn what_is_wrong_with_a_query_is_told_with_its_mend() {
    let engine = engine();
    let said = |lf: LazyFrame| match engine.metrics(lf) {
        Ok(lf) => lf.collect().map(drop).unwrap_err().to_string(),
        Err(e) => e.to_string(),
    };
    let good = || frame(20, true).lazy();
    assert!(said(good().drop(cols(["open"]))).contains("\"open\": the engine reads it"));
    assert!(said(good().rename(["close"], ["Close"], true)).contains("did you mean \"Close\"?"));
    assert!(said(good().drop(cols(["ts"]))).contains("give every row its time"));
    assert!(said(good().with_column(lit("x").alias("signal"))).contains("cast it to numbers"));
    let back = good().sort(["ts"], SortMultipleOptions::default().with_order_descending(true));
    assert!(said(back).contains("sort by `ts` first"));
    assert!(said(concat([good(), good()], UnionArgs::default()).unwrap()).contains("each time once"));
    let nameless = good()
        .with_column(when(col("ts").dt().hour().eq(lit(3))).then(lit(NULL)).otherwise(col("symbol")).alias("symbol"));
    assert!(said(nameless).contains("name every symbol"));
    let timeless = good().with_column(lit(NULL).cast(DataType::Datetime(TimeUnit::Nanoseconds, None)).alias("ts"));
    assert!(said(timeless).contains("times that are missing"));
    for (price, text) in [(0.0, "close is 0 in row"), (-1.0, "close is -1"), (f64::INFINITY, "close is inf")] {
        let close = when(col("ts").dt().hour().eq(lit(3))).then(lit(price)).otherwise(col("close"));
        let told = said(good().with_column(close.alias("close")));
        assert!(told.contains(text) && told.contains("make the price NaN"), "{told}");
    }
    let costs = CostModel { min_fee: 1.0, ..CostModel::default() };
    let dear = VectorizedEngine { rule: Vectorized { costs, ..Vectorized::default() }, ..engine.clone() };
    assert!(dear.aligned(good()).map(drop).unwrap_err().to_string().contains("costs.min_fee"));
    // Nothing and next to nothing are no fault.
    let none = engine.metrics(good().filter(lit(false))).unwrap().collect().unwrap();
    assert_eq!(none.height(), 0);
    let one = engine.metrics(good().filter(col("ts").dt().hour().eq(lit(3)))).unwrap().collect().unwrap();
    assert_eq!(one.height(), 3);
    assert_eq!(one.column("n_steps").unwrap().u64().unwrap().get(0), Some(1));
    let gone = good().with_columns([lit(f64::NAN).alias("close"), lit(f64::NAN).alias("open")]);
    let gone = engine.metrics(gone).unwrap().collect().unwrap();
    assert_eq!(gone.column("final_equity").unwrap().f64().unwrap().get(1), Some(10_000.0));
}
