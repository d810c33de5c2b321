//! The factor figures that one process can measure: indicators over a year of minutes, a plan row by row, compiling many
//! points, and random equations. Outputs are checked before anything is timed.
#![expect(clippy::unwrap_used, reason = "a bench that cannot prepare its input should stop")]

use std::hint::black_box;
use std::sync::Arc;

use benches::equations::{Count, N_ROWS, draw, table};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use qe_core::bars::OHLCV;
use qe_core::param::Param;
use qe_core::point::PointTable;
use qe_core::rng::Stream;
use qe_factors::expr::{Schema, compile, parse};
use qe_factors::indicators::{ALL, compute};
use qe_factors::plan::{Graph, Part, Plan, Workspace};

const N: usize = 525_600;

/// High, low and close of a walk.
fn walk() -> [Vec<f64>; 3] {
    let mut stream = Stream::new(4, "bench.walk", 0);
    let (mut high, mut low, mut close) = (Vec::new(), Vec::new(), Vec::new());
    let mut last = 100.0;
    for _ in 0..N {
        let next = last * (1.0 + 2e-4 * stream.normal());
        high.push(f64::max(last, next) * (1.0 + 1e-4 * stream.uniform()));
        low.push(f64::min(last, next) * (1.0 - 1e-4 * stream.uniform()));
        close.push(next);
        last = next;
    }
    [high, low, close]
}

fn indicators(c: &mut Criterion) {
    let [high, low, close] = walk();
    let mut group = c.benchmark_group("a year of minutes");
    group.throughput(Throughput::Elements(N as u64));
    for name in ["sma", "ema", "rsi", "macd", "ts_max", "atr"] {
        let signature = ALL.iter().find(|s| s.name == name).unwrap();
        let built = signature.with(&[]).unwrap();
        let field = |input: Option<&str>| match input {
            Some("high") => &high[..],
            Some("low") => &low[..],
            _ => &close[..],
        };
        let inputs: Vec<&[f64]> = signature.inputs.iter().map(|i| field(i.default)).collect();
        let mut columns = compute(signature, built.as_ref(), &inputs).unwrap();
        assert_eq!(columns[0].iter().take_while(|v| v.is_nan()).count(), built.lookback());
        group.bench_function(name, |b| {
            b.iter(|| {
                let mut out: Vec<&mut [f64]> = columns.iter_mut().map(Vec::as_mut_slice).collect();
                built.kernel(0).run(black_box(&inputs), &mut out);
            });
        });
    }
    group.finish();
}

fn stepping(c: &mut Criterion) {
    let [_, _, close] = walk();
    let tree = parse("close > sma(close, 50) and rsi(close, 14) < 70").unwrap();
    let plan = compile(&[("entry", &tree)], &Schema::new(OHLCV), None).unwrap().into_plan();
    let mut stepper = plan.stepper(0).unwrap();
    let known = close[..100].iter().filter(|&&x| !stepper.step(0, 1, &[x]).unwrap()[0].is_nan()).count();
    assert!(known > 50);
    let mut row = 0;
    c.bench_function("a row through a plan: close > sma(close, 50) and rsi(close, 14) < 70", |b| {
        b.iter(|| {
            row = (row + 1) % N;
            stepper.step(0, 1, black_box(&[close[row]])).map(|out| out[0])
        });
    });
}

fn compiling(c: &mut Criterion) {
    let tree = parse("cross_above(sma(close, $fast), sma(close, $slow))").unwrap();
    let params = [Param::int("fast", 5, 54, 5), Param::int("slow", 60, 159, 60)];
    let points = PointTable::grid(params, 5000).unwrap();
    assert_eq!(points.len(), 5000);
    let schema = Schema::new(OHLCV);
    let plan = |points| compile(&[("entry", &tree)], &schema, Some(points)).unwrap().into_plan();
    // 150 averages, and of each its value a row ago, beside two comparisons and their conjunction per point.
    assert!(plan(&points).n_steps() <= 150 * 3 + 3 * 5000);
    let mut group = c.benchmark_group("compile");
    group.throughput(Throughput::Elements(points.len() as u64));
    group.bench_function("5,000 points of a crossing", |b| b.iter(|| plan(black_box(&points))));
    group.finish();
}

fn equations(c: &mut Criterion) {
    let (table, names) = table().unwrap();
    let mut space = Workspace::new();
    let mut run = |exp_and_log: bool| {
        let (mut stream, mut count, mut sum) = (Stream::new(2, "bench.equations", 0), Count::default(), 0.0);
        for _ in 0..1000 {
            let mut graph = Graph::new();
            let root = draw(&mut graph, &mut stream, 3, exp_and_log, &mut count);
            let plan = Plan::new(graph, Arc::clone(&names), [("f".into(), root)]).unwrap();
            let last = |_, _, part: Part<'_>| {
                if let Part::Numbers(x) = part {
                    sum += x[x.len() - 1];
                }
            };
            plan.each_block(&table, &mut space, last).unwrap();
        }
        (count, sum)
    };
    let mut group = c.benchmark_group("1,000 random equations, a plan each");
    for (what, exp_and_log) in [("arithmetic", false), ("with exp and log", true)] {
        let (count, _) = run(exp_and_log);
        assert!(count.operations < count.nodes);
        group.throughput(Throughput::Elements((count.nodes * N_ROWS) as u64));
        group.bench_function(what, |b| b.iter(|| run(black_box(exp_and_log))));
    }
    group.finish();
}

criterion_group!(benches, indicators, stepping, compiling, equations);
criterion_main!(benches);
