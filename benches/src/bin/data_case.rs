//! One case of the data benches as a process of its own, so that its peak memory is its own: prints seconds, rows and
//! peak bytes as JSON. `benches/peers/data.py` runs these beside the peers.
#![expect(clippy::print_stdout, reason = "the figures are this program's output")]

use benches::case::peak_bytes;
use std::path::{Path, PathBuf};
use std::time::Instant;

use polars::prelude::*;
use qe_core::bars::Bars;
use qe_core::calendar::Calendar;
use qe_core::columns::{Axis, Columns};
use qe_core::rng::Stream;
use qe_core::time::Date;
use qe_core::timeframe::Timeframe;
use qe_data::DataSpec;
use qe_data::frame::{Loader, Partition, StoreOptions, resample_trades, store};
use qe_data::resample::ResampleSpec;
use qe_data::spec::DataKind;

type Outcome = Result<Done, Box<dyn std::error::Error>>;

/// What a case did, with sums by which the outputs of peers are compared.
#[derive(Default)]
struct Done {
    rows: usize,
    bytes: usize,
    close: f64,
    volume: f64,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let usage = "data_case make-ticks|load-ours|load-polars|ticks-ours|ticks-polars DIR [MILLIONS]";
    let [case, dir, rest @ ..] = args.as_slice() else { return Err(usage.into()) };
    let dir = PathBuf::from(dir);
    let start = Instant::now();
    let done = match case.as_str() {
        "make-ticks" => make_ticks(&dir, rest.first().map_or(Ok(100), |m| m.parse())?)?,
        "load-ours" => load_ours(&dir)?,
        "load-polars" => load_polars(&dir)?,
        "ticks-ours" => ticks_ours(&dir)?,
        "ticks-polars" => ticks_polars(&dir)?,
        _ => return Err(usage.into()),
    };
    let seconds = start.elapsed().as_secs_f64();
    let Done { rows, bytes, close, volume } = done;
    println!(
        "{{\"case\":\"{case}\",\"seconds\":{seconds:.4},\"rows\":{rows},\"array_bytes\":{bytes},\
         \"peak_bytes\":{},\"close\":{close:?},\"volume\":{volume:?}}}",
        peak_bytes()
    );
    Ok(())
}

/// Trades of one symbol over many sessions, in files of five million.
fn make_ticks(dir: &Path, millions: usize) -> Outcome {
    let calendar = Calendar::us_equities();
    let sessions: Vec<_> = calendar.sessions(Date::new(2019, 1, 2)?, Date::new(2024, 1, 1)?).collect();
    let n = millions * 1_000_000;
    let per_session = n.div_ceil(sessions.len());
    let mut rng = Stream::new(1, "bench.ticks", 0);
    let mut price = 400.0_f64;
    let mut made = 0;
    for chunk in sessions.chunks(sessions.len().div_ceil(millions.div_ceil(5).max(1))) {
        let (mut at, mut prices, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
        for s in chunk {
            let step = (s.close - s.open) as f64 / per_session as f64;
            for i in 0..per_session.min(n - made) {
                at.push(s.open + ((i as f64 + rng.uniform()) * step) as i64);
                price += ((rng.uniform() * 3.0) as i64 - 1) as f64 * 0.01;
                prices.push(price);
                sizes.push((1.0 + rng.uniform() * 20.0).floor() / 4.0);
                made += 1;
            }
        }
        if at.is_empty() {
            break;
        }
        let part = dir.join(format!("part={made:09}"));
        let table = Columns::new(Axis::instants(at)?).with("price", prices)?.with("size", sizes)?;
        store(
            "ES",
            &table,
            &part,
            StoreOptions { partition: Partition::Whole, row_group: 1 << 18, ..Default::default() },
        )?;
    }
    Ok(Done { rows: made, ..Done::default() })
}

fn load_ours(dir: &Path) -> Outcome {
    let data = Loader::new(DataSpec::bars([dir.display().to_string()], Timeframe::M1))?.load()?;
    let add = |f: &dyn Fn(&Bars) -> f64| data.bars.iter().map(f).sum::<f64>();
    Ok(Done {
        rows: data.bars.iter().map(Bars::len).sum(),
        bytes: data.bars.iter().map(|b| b.columns().n_bytes()).sum(),
        close: add(&|b| b.close().iter().sum()),
        volume: add(&|b| b.volume().iter().sum()),
    })
}

fn load_polars(dir: &Path) -> Outcome {
    let args = ScanArgsParquet {
        hive_options: HiveOptions { enabled: Some(true), ..Default::default() },
        ..Default::default()
    };
    let lf = LazyFrame::scan_parquet(PlRefPath::new(dir.to_string_lossy().as_ref()), args)?;
    let columns = ["symbol", "ts", "open", "high", "low", "close", "volume"].map(col);
    let df = lf.select(columns).collect_with_engine(Engine::Streaming)?.unwrap_single();
    summed(&df)
}

fn summed(df: &DataFrame) -> Outcome {
    let add = |name: &str| -> PolarsResult<f64> { Ok(df.column(name)?.f64()?.sum().unwrap_or(f64::NAN)) };
    Ok(Done { rows: df.height(), bytes: df.estimated_size(), close: add("close")?, volume: add("volume")? })
}

fn tick_files(dir: &Path) -> DataSpec {
    DataSpec::events([dir.display().to_string()], DataKind::Trades)
}

fn ticks_ours(dir: &Path) -> Outcome {
    let trades = Loader::new(tick_files(dir))?.scan()?.filter(col("size").gt(lit(0.5)));
    let spec = ResampleSpec::new(Timeframe::M1, Calendar::us_equities());
    let df = resample_trades(trades, &spec)?.collect_with_engine(Engine::Streaming)?.unwrap_single();
    summed(&df)
}

/// The same by hand in polars. It knows nothing of sessions, so it truncates to the minute.
fn ticks_polars(dir: &Path) -> Outcome {
    let args = ScanArgsParquet {
        hive_options: HiveOptions { enabled: Some(true), ..Default::default() },
        ..Default::default()
    };
    let lf = LazyFrame::scan_parquet(PlRefPath::new(dir.to_string_lossy().as_ref()), args)?;
    let minute = (col("ts").cast(DataType::Int64) / lit(60_000_000_000_i64)).alias("minute");
    let bars = lf
        .filter(col("size").gt(lit(0.5)))
        .with_column(minute)
        .group_by([col("symbol"), col("minute")])
        .agg([
            col("price").first().alias("open"),
            col("price").max().alias("high"),
            col("price").min().alias("low"),
            col("price").last().alias("close"),
            col("size").sum().alias("volume"),
        ])
        .sort(["symbol", "minute"], Default::default());
    let df = bars.collect_with_engine(Engine::Streaming)?.unwrap_single();
    summed(&df)
}
