//! The data figures that one process can measure: resampling of arrays, hashing, the simulated market, and loading
//! against plain polars. Outputs are checked before anything is timed.
#![expect(clippy::unwrap_used, reason = "a bench that cannot prepare its input should stop")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use polars::prelude::*;
use qe_core::bars::Bars;
use qe_core::calendar::Calendar;
use qe_core::par::{Pool, Threads};
use qe_core::time::{Date, TimeRange};
use qe_core::timeframe::Timeframe;
use qe_data::DataSpec;
use qe_data::frame::{Loader, StoreOptions, store};
use qe_data::identity::IdentityBuilder;
use qe_data::market::{Market, MarketSpec};
use qe_data::resample::{ResampleSpec, resample};

/// One symbol, five years of minutes.
fn one_symbol() -> Bars {
    let spec = MarketSpec { symbols: vec!["SPY".into()], ..MarketSpec::default() };
    let market = Market::generate(&spec, &Pool::new(Threads::All).unwrap()).unwrap();
    market.minute_bars()[0].clone()
}

fn resampling(c: &mut Criterion) {
    let bars = one_symbol();
    let spec = ResampleSpec::new(Timeframe::H1, Calendar::us_equities());
    let out = resample(&bars, &spec).unwrap().bars;
    assert_eq!(out.volume().iter().sum::<f64>(), bars.volume().iter().sum::<f64>());
    let mut group = c.benchmark_group("resample");
    group.throughput(Throughput::Elements(bars.len() as u64));
    group.bench_function("1m to 1h, all five columns", |b| b.iter(|| resample(black_box(&bars), &spec).unwrap()));
    group.bench_function("1m to 1h, a plain loop over fixed groups of 60", |b| b.iter(|| plain_loop(black_box(&bars))));
    group.finish();
}

/// What the same work costs without calendar, gaps or missing values: the floor.
fn plain_loop(bars: &Bars) -> [Vec<f64>; 5] {
    let groups = |x: &[f64], f: &dyn Fn(&[f64]) -> f64| x.chunks(60).map(f).collect::<Vec<f64>>();
    [
        groups(bars.open(), &|g| g[0]),
        groups(bars.high(), &|g| g.iter().fold(f64::MIN, |m, &v| if v > m { v } else { m })),
        groups(bars.low(), &|g| g.iter().fold(f64::MAX, |m, &v| if v < m { v } else { m })),
        groups(bars.close(), &|g| g[g.len() - 1]),
        groups(bars.volume(), &|g| g.iter().sum()),
    ]
}

fn hashing(c: &mut Criterion) {
    let bars = one_symbol();
    let id = |bars: &Bars| {
        let mut builder = IdentityBuilder::new("bars 1m");
        builder.push(bars.symbol(), bars.columns()).unwrap();
        builder.finish(None, None).unwrap().id
    };
    assert_ne!(id(&bars), id(&bars.slice(1..)));
    let mut group = c.benchmark_group("identity");
    group.throughput(Throughput::Bytes(bars.columns().n_bytes() as u64));
    group.bench_function("times and five columns", |b| b.iter(|| id(black_box(&bars))));
    group.finish();
}

fn simulating(c: &mut Criterion) {
    let spec = MarketSpec::default();
    let mut group = c.benchmark_group("market");
    group.sample_size(10);
    let n: usize =
        Market::generate(&spec, &Pool::new(Threads::All).unwrap()).unwrap().minute_bars().iter().map(Bars::len).sum();
    group.throughput(Throughput::Elements(n as u64));
    group.bench_function("8 symbols x 5 years of minutes", |b| {
        b.iter(|| Market::generate(black_box(&spec), &Pool::new(Threads::All).unwrap()).unwrap());
    });
    group.finish();
}

fn loading(c: &mut Criterion) {
    let market = Market::generate(&MarketSpec::default(), &Pool::new(Threads::All).unwrap()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut n = 0;
    for b in market.minute_bars() {
        store(b.symbol(), b.columns(), dir.path(), StoreOptions::default()).unwrap();
        n += b.len();
    }
    let path = dir.path().display().to_string();
    let ours = || Loader::new(DataSpec::bars([path.as_str()], Timeframe::M1)).unwrap().load().unwrap();
    let theirs = || {
        let hive = HiveOptions { enabled: Some(true), ..Default::default() };
        let args = ScanArgsParquet { hive_options: hive, ..Default::default() };
        let columns = ["symbol", "ts", "open", "high", "low", "close", "volume"].map(col);
        let lf = LazyFrame::scan_parquet(PlRefPath::new(path.as_str()), args).unwrap().select(columns);
        lf.collect_with_engine(Engine::Streaming).unwrap().unwrap_single()
    };
    assert_eq!(ours().bars.iter().map(Bars::len).sum::<usize>(), theirs().height());
    let mut group = c.benchmark_group("load 480 monthly files");
    group.sample_size(10);
    group.throughput(Throughput::Elements(n as u64));
    group.bench_function("into bars, with identity", |b| b.iter(ours));
    group.bench_function("plain polars, the same columns", |b| b.iter(theirs));
    group.finish();
}

/// One symbol and one month out of ever more files: the cost must not grow with the others.
fn pushdown(c: &mut Criterion) {
    let market = Market::generate(&MarketSpec { years: 2, ..MarketSpec::default() }, &Pool::inline()).unwrap();
    let month =
        |bars: &Bars| bars.between(TimeRange::of_days(Date::new(2020, 3, 1).unwrap(), Date::new(2020, 4, 1).unwrap()));
    let mut group = c.benchmark_group("one symbol, one month");
    for n_symbols in [1, 10, 100] {
        let dir = tempfile::tempdir().unwrap();
        for i in 0..n_symbols {
            let bars = &market.minute_bars()[i % 8];
            let rows = if n_symbols == 1 { month(bars) } else { bars.clone() };
            store(&format!("S{i}"), rows.columns(), dir.path(), StoreOptions::default()).unwrap();
        }
        let n_files = if n_symbols == 1 { 1 } else { n_symbols * 24 };
        let spec = DataSpec::bars([dir.path().display().to_string()], Timeframe::M1)
            .symbols(["S0"])
            .between(Date::new(2020, 3, 1).unwrap(), Date::new(2020, 4, 1).unwrap());
        let loader = Loader::new(spec).unwrap();
        assert_eq!(loader.files().unwrap().files.len(), 1);
        assert_eq!(loader.load().unwrap().bars[0].len(), month(&market.minute_bars()[0]).len());
        group.bench_function(format!("out of {n_files} files"), |b| b.iter(|| loader.load().unwrap()));
    }
    group.finish();
}

criterion_group!(benches, resampling, hashing, simulating, loading, pushdown);
criterion_main!(benches);
