//! Small data sets on disk and in memory.

use std::fs;
use std::path::{Path, PathBuf};

use polars::prelude::*;
use qe_core::bars::Bars;
use qe_core::calendar::{Calendar, SessionHours};
use qe_core::columns::Axis;
use qe_core::rng::Stream;
use qe_core::time::{Date, NANOS_PER_MINUTE};
use qe_core::timeframe::Timeframe;
use qe_data::frame::{StoreOptions, store};

/// A day of the calendar.
pub(crate) fn day(text: &str) -> Date {
    Date::parse(text).unwrap()
}

/// Opening times of all minutes of the sessions between two days.
pub(crate) fn minutes(from: &str, to: &str, calendar: &Calendar, hours: SessionHours) -> Vec<i64> {
    (day(from).days()..day(to).days())
        .filter_map(|d| calendar.window(Date::from_days(d), hours))
        .flat_map(|w| (w.start..w.end).step_by(NANOS_PER_MINUTE as usize))
        .collect()
}

/// A random walk of one-minute bars at the given times, with fractional volumes.
pub(crate) fn walk(symbol: &str, open_time: Vec<i64>) -> Bars {
    let mut rng = Stream::new(7, symbol, 0);
    let n = open_time.len();
    let [mut open, mut high, mut low, mut close, mut volume] = [(); 5].map(|()| Vec::with_capacity(n));
    let mut price = 100.0;
    for _ in 0..n {
        let step = |rng: &mut Stream| (rng.uniform() - 0.5) * 0.2;
        let (o, c) = (price, price + step(&mut rng));
        open.push(o);
        high.push(f64::max(o, c) + rng.uniform() * 0.1);
        low.push(f64::min(o, c) - rng.uniform() * 0.1);
        close.push(c);
        volume.push(rng.uniform() * 1000.0);
        price = c;
    }
    let available: Vec<i64> = open_time.iter().map(|t| t + NANOS_PER_MINUTE).collect();
    let axis = Axis::new(open_time, available).unwrap();
    Bars::new(symbol, Timeframe::M1, axis, [open, high, low, close, volume]).unwrap()
}

/// A walk over the regular sessions between two days.
pub(crate) fn regular(symbol: &str, from: &str, to: &str) -> Bars {
    walk(symbol, minutes(from, to, &Calendar::us_equities(), SessionHours::Regular))
}

/// Writes bars in monthly partitions.
pub(crate) fn partitioned(bars: &[Bars]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for b in bars {
        store(b.symbol(), b.columns(), dir.path(), StoreOptions::default()).unwrap();
    }
    dir
}

/// Writes a frame as one Parquet file: a new one, for a frame read from the old may still lie in its mapped pages, which go
/// when a file is cut short in place.
pub(crate) fn parquet(path: &Path, df: &DataFrame) {
    if path.exists() {
        fs::remove_file(path).unwrap();
    }
    let file = fs::File::create_new(path).unwrap();
    ParquetWriter::new(file).finish(&mut df.clone()).unwrap();
}

/// All files below a folder, sorted.
pub(crate) fn files_below(root: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { out.extend(files_below(&path)) } else { out.push(path) }
    }
    out.sort();
    out
}

/// Everything that makes bars what they are, as text to compare: bits, not roundings.
pub(crate) fn bits(bars: &Bars) -> String {
    let mut text = format!("{} {} {:?} {:?}\n", bars.symbol(), bars.kind(), bars.open_time(), bars.available());
    for (name, column) in bars.columns().iter() {
        let values: Vec<u64> = column.to_f64().iter().map(|v| v.to_bits()).collect();
        text.push_str(&format!("{name} {values:?}\n"));
    }
    text
}
