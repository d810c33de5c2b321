//! What cases share that run as processes of their own: raw numbers in files, and what the system tells of the process.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::time::Instant;

/// The most memory that this process has held, where the system tells.
pub fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// Seconds that this process has been computing, where the system tells: what else the machine does is not in them.
pub fn cpu_seconds() -> f64 {
    let told = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    told.split_whitespace().next().and_then(|ns| ns.parse::<f64>().ok()).map_or(f64::NAN, |ns| ns / 1e9)
}

/// The raw numbers of a file.
///
/// # Errors
/// When the file cannot be read.
pub fn read_numbers(path: &str) -> std::io::Result<Vec<f64>> {
    let bytes = std::fs::read(path)?;
    Ok(bytes.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect())
}

/// Writes columns of raw numbers, one after the other.
///
/// # Errors
/// When the file cannot be written.
pub fn write_numbers<'a>(path: &str, columns: impl IntoIterator<Item = &'a [f64]>) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for column in columns {
        column.iter().try_for_each(|v| file.write_all(&v.to_le_bytes()))?;
    }
    file.flush()
}

/// Writes numbers, if a file is named for them.
///
/// # Errors
/// When the file cannot be written.
pub fn save(path: Option<&str>, numbers: &[f64]) -> std::io::Result<()> {
    path.map_or(Ok(()), |path| write_numbers(path, [numbers]))
}

/// Seconds of some runs, after one that does not count, and what the last gave.
///
/// # Errors
/// When a run fails.
pub fn timed<T>(
    runs: usize,
    mut call: impl FnMut() -> Result<T, Box<dyn std::error::Error>>,
) -> Result<(String, T), Box<dyn std::error::Error>> {
    let mut last = call()?;
    let mut seconds = Vec::with_capacity(runs);
    for _ in 0..runs {
        // Memory is that of one run.
        drop(last);
        let start = Instant::now();
        last = call()?;
        seconds.push(format!("{:.6}", start.elapsed().as_secs_f64()));
    }
    Ok((format!("\"seconds\":[{}]", seconds.join(",")), last))
}
