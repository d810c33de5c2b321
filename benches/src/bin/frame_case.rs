//! The vectorised engine over many symbols as a process of its own, beside hand-written expressions of polars that tell the
//! same figures: prints one line of JSON. `both` compares what they tell before it times them in turn.
#![expect(clippy::print_stdout, reason = "the figures are this program's output")]

use std::time::Instant;

use benches::case::peak_bytes;
use polars::prelude::*;
use qe_core::calendar::Calendar;
use qe_core::par::Threads;
use qe_core::rng::Stream;
use qe_core::timeframe::Timeframe;
use qe_engine::fills::FillTiming;
use qe_engine::frame::VectorizedEngine;
use qe_engine::vector::Vectorized;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const USAGE: &str = "frame_case ours|windows|groups|both N_SYMBOLS N_BARS RUNS";

/// A bar of five minutes.
const STEP: i64 = 300_000_000_000;

fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let [who, n_symbols, n_bars, runs] = words.as_slice() else { return Err(USAGE.into()) };
    let (n_symbols, n_bars, runs): (usize, usize, usize) = (n_symbols.parse()?, n_bars.parse()?, runs.parse()?);
    let df = frame(n_symbols, n_bars)?;
    let input: usize = df.estimated_size();
    let before = peak_bytes();
    let all: Vec<(&str, Way)> = vec![("ours", ours), ("windows", windows), ("groups", groups)];
    let asked: Vec<&(&str, Way)> = all.iter().filter(|(name, _)| *who == "both" || who == name).collect();
    if asked.is_empty() {
        return Err(USAGE.into());
    }
    if let [(_, ours), rest @ ..] = &asked[..] {
        let told = figures(&ours(df.clone().lazy())?)?;
        for (name, other) in rest {
            compare(name, &told, &figures(&other(df.clone().lazy())?)?)?;
        }
    }
    let mut seconds = vec![Vec::new(); asked.len()];
    for _ in 0..runs {
        for ((_, way), seconds) in asked.iter().zip(&mut seconds) {
            let start = Instant::now();
            let told = way(df.clone().lazy())?;
            seconds.push(format!("{:.4}", start.elapsed().as_secs_f64()));
            std::hint::black_box(told);
        }
    }
    let told: Vec<String> =
        asked.iter().zip(&seconds).map(|((name, _), s)| format!("\"{name}\":[{}]", s.join(","))).collect();
    println!(
        "{{\"case\":\"frame\",{},\"input_bytes\":{input},\"bytes_before\":{before},\"peak_bytes\":{}}}",
        told.join(","),
        peak_bytes()
    );
    Ok(())
}

/// A query to figures of each symbol.
type Way = fn(LazyFrame) -> Outcome<DataFrame>;

/// Walks of many symbols, each one's rows together, with weights that change now and then.
fn frame(n_symbols: usize, n_bars: usize) -> Outcome<DataFrame> {
    let n = n_symbols * n_bars;
    let (mut symbol, mut ts) = (Vec::with_capacity(n), Vec::with_capacity(n));
    let mut columns: [Vec<f64>; 3] = std::array::from_fn(|_| Vec::with_capacity(n));
    let names: Vec<String> = (0..n_symbols).map(|s| format!("SYMBOL{s:04}")).collect();
    for name in &names {
        let mut r = Stream::new(7, name, 0);
        let (mut close, mut weight) = (100.0, 0.0);
        for t in 0..n_bars {
            let open = close;
            close *= 1.0 + 0.002 * (r.uniform() - 0.5);
            if r.bernoulli(0.02) {
                weight = [-1.0, 0.0, 0.5, 1.0][r.below(4) as usize];
            }
            symbol.push(name.as_str());
            ts.push(t as i64 * STEP);
            columns.iter_mut().zip([open, close, weight]).for_each(|(column, x)| column.push(x));
        }
    }
    let [open, close, signal] = columns;
    let times = Int64Chunked::from_vec("ts".into(), ts).into_datetime(TimeUnit::Nanoseconds, None);
    let columns = vec![
        Column::new("symbol".into(), symbol),
        times.into_column(),
        Column::new("open".into(), open),
        Column::new("close".into(), close),
        Column::new("signal".into(), signal),
    ];
    Ok(DataFrame::new(n, columns)?)
}

fn ours(lf: LazyFrame) -> Outcome<DataFrame> {
    let rule = Vectorized { fill: FillTiming::SIGNAL_CLOSE, capital: 1.0, ..Vectorized::default() };
    let engine =
        VectorizedEngine { rule, threads: Threads::All, ..VectorizedEngine::new(Timeframe::M5, Calendar::crypto()) };
    Ok(engine.metrics(lf)?.collect()?)
}

/// The figures of net returns and worth, in whatever context they stand.
fn of_symbol(net: Expr, worth: Expr, held: Expr, before: Expr) -> Vec<Expr> {
    let years = Calendar::crypto().periods_per_year(Timeframe::M5);
    let mean = net.clone().mean();
    let deviation = net.clone().std(1);
    let down = when(net.clone().lt(lit(0.0))).then(net.clone() * net.clone()).otherwise(lit(0.0)).mean().sqrt();
    vec![
        (worth.clone().last() - lit(1.0)).alias("total_return"),
        (mean.clone() / deviation.clone() * lit(years.sqrt())).alias("sharpe_step_raw"),
        (deviation * lit(years.sqrt())).alias("vol"),
        (mean / down * lit(years.sqrt())).alias("sortino_step"),
        (lit(1.0) - worth.clone() / worth.clone().cum_max(false)).max().alias("max_drawdown_bars"),
        (worth.last().pow(lit(years) / net.len().cast(DataType::Float64)) - lit(1.0)).alias("cagr_step"),
        (held.clone() - before.clone()).abs().sum().alias("turnover"),
        held.neq(before).sum().alias("changes"),
    ]
}

/// Window by window, as most write it.
fn windows(lf: LazyFrame) -> Outcome<DataFrame> {
    let before = |e: Expr| e.shift(lit(1)).over([col("symbol")]);
    let zero = |e: Expr| e.fill_null(lit(0.0));
    let lf = lf
        .with_columns([
            zero(before(col("signal"))?).alias("held"),
            zero(col("close") / before(col("close"))? - lit(1.0)).alias("moved"),
        ])
        .with_columns([(col("held") * col("moved")).alias("net"), zero(before(col("held"))?).alias("before")])
        .with_column((lit(1.0) + col("net")).cum_prod(false).over([col("symbol")])?.alias("worth"));
    let told = of_symbol(col("net"), col("worth"), col("held"), col("before"));
    Ok(lf.group_by_stable([col("symbol")]).agg(told).collect()?)
}

/// All within one grouping, as those write it who know how.
fn groups(lf: LazyFrame) -> Outcome<DataFrame> {
    let zero = |e: Expr| e.fill_null(lit(0.0));
    let held = zero(col("signal").shift(lit(1)));
    let moved = zero(col("close") / col("close").shift(lit(1)) - lit(1.0));
    let net = held.clone() * moved;
    let worth = (lit(1.0) + net.clone()).cum_prod(false);
    let before = zero(held.clone().shift(lit(1)));
    Ok(lf.group_by_stable([col("symbol")]).agg(of_symbol(net, worth, held, before)).collect()?)
}

/// What all of them tell, symbol by symbol.
const SHARED: [&str; 3] = ["total_return", "sharpe_step_raw", "max_drawdown_bars"];

fn figures(df: &DataFrame) -> Outcome<Vec<f64>> {
    let mut out = Vec::new();
    for name in SHARED {
        out.extend(df.column(name)?.f64()?.iter().map(|v| v.unwrap_or(f64::NAN)));
    }
    Ok(out)
}

fn compare(name: &str, a: &[f64], b: &[f64]) -> Outcome<()> {
    let worst = a.iter().zip(b).map(|(a, b)| (a - b).abs() / b.abs().max(1.0)).fold(0.0, f64::max);
    if a.len() != b.len() || worst.is_nan() || worst > 1e-9 {
        return Err(format!("{name} tells other figures: {worst:e} apart").into());
    }
    Ok(())
}
