//! Text files with separators, read as text: the recipe turns it into times and numbers and knows the row of what
//! cannot be read.
//!
//! The separator is the likeliest of `,`, `;`, tab and `|` by the first line. A file whose first line is numbers has
//! no header: with twelve columns it is one of Binance's candles, and anything else is an error.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::prelude::*;

use super::{collect, frame_error};
use crate::error::{Error, Result};

/// The longest first line.
const LONGEST: u64 = 1 << 16;

/// The columns of Binance's candles, which come without a header.
const BINANCE: [&str; 12] = [
    "open_time",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "close_time",
    "quote_volume",
    "trades",
    "taker_buy_volume",
    "taker_buy_quote_volume",
    "ignore",
];

/// What the first line says about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sniffed {
    separator: u8,
    /// Column names for a file without a header.
    names: Option<Vec<String>>,
}

/// The rows of some files, all columns as text.
pub(super) fn scan(files: &[PathBuf]) -> Result<LazyFrame> {
    let parts = files.iter().map(|f| scan_one(f)).collect::<Result<Vec<_>>>()?;
    let union = UnionArgs { parallel: false, maintain_order: true, ..Default::default() };
    concat(parts, union).map_err(|e| frame_error("the text files", &e))
}

fn scan_one(path: &Path) -> Result<LazyFrame> {
    let sniffed = sniff(path)?;
    let mut reader = LazyCsvReader::new(PlRefPath::new(path.to_string_lossy().as_ref()))
        .with_glob(false)
        .with_cache(false)
        .with_separator(sniffed.separator)
        .with_infer_schema_length(Some(0));
    if let Some(names) = sniffed.names {
        let schema: Schema = names.iter().map(|n| Field::new(n.as_str().into(), DataType::String)).collect();
        reader = reader.with_has_header(false).with_schema(Some(Arc::new(schema)));
    }
    reader.finish().map_err(|e| frame_error(&path.display().to_string(), &e))
}

/// Reads the first line of a file.
fn sniff(path: &Path) -> Result<Sniffed> {
    let broken = |reason: &str, mend: &str| Error::Broken {
        path: path.to_owned(),
        format: "CSV",
        reason: reason.to_owned(),
        mend: mend.to_owned(),
    };
    let separated = |separator| Sniffed { separator, names: None };
    let file = File::open(path).map_err(|e| Error::io("read", path, &e))?;
    let mut line = Vec::new();
    let mut reader = BufReader::new(file).take(LONGEST);
    reader.read_until(b'\n', &mut line).map_err(|e| Error::io("read", path, &e))?;
    if line.starts_with(&[0x1f, 0x8b]) {
        line = unpacked_line(path)?.into_bytes();
    } else if line.len() as u64 == LONGEST && line.last() != Some(&b'\n') {
        let reason = format!("its first line is longer than {LONGEST} bytes, so it is no header");
        return Err(broken(&reason, "check that lines end, and that the first one names the columns"));
    }
    let line = String::from_utf8_lossy(&line);
    let line = line.trim_start_matches('\u{feff}').trim();
    if line.is_empty() {
        return Err(broken("it has no first line", "write a header and rows, or take the file out"));
    }
    if line.contains('\0') {
        return Err(broken("it holds zero bytes, so it is no text", "check the format"));
    }
    let count = |s: u8| line.bytes().filter(|b| *b == s).count();
    let separator = *b",;\t|".iter().rev().max_by_key(|s| count(**s)).unwrap_or(&b',');
    let fields: Vec<&str> = line.split(char::from(separator)).map(str::trim).collect();
    if fields.iter().any(|f| f.parse::<f64>().is_err()) {
        return Ok(separated(separator));
    }
    if fields.len() != BINANCE.len() {
        let reason = format!("its first line is {} numbers, so it has no header", fields.len());
        return Err(broken(&reason, "put the names of the columns in a first line"));
    }
    Ok(Sniffed { separator, names: Some(BINANCE.map(str::to_owned).to_vec()) })
}

/// The first line of compressed text.
fn unpacked_line(path: &Path) -> Result<String> {
    let place = path.display().to_string();
    let schema: Schema = [Field::new("line".into(), DataType::String)].into_iter().collect();
    // A separator and a quote that no text has: the whole line is one field.
    let lf = LazyCsvReader::new(PlRefPath::new(path.to_string_lossy().as_ref()))
        .with_glob(false)
        .with_cache(false)
        .with_has_header(false)
        .with_separator(1)
        .with_quote_char(None)
        .with_schema(Some(Arc::new(schema)))
        .with_n_rows(Some(1))
        .finish()
        .map_err(|e| frame_error(&place, &e))?;
    let df = collect(lf, &place)?;
    let line = df.column("line").ok().and_then(|c| c.str().ok()).and_then(|c| c.get(0).map(str::to_owned));
    Ok(line.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sniffed(text: &str) -> Result<Sniffed> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.csv");
        std::fs::write(&path, text).unwrap();
        sniff(&path)
    }

    #[test]
    fn separators_and_headers_are_told_by_the_first_line() {
        assert_eq!(sniffed("Date,Open,Close\n").unwrap(), Sniffed { separator: b',', names: None });
        assert_eq!(sniffed("Date;Open;Close\n1;2;3").unwrap().separator, b';');
        assert_eq!(sniffed("Date\tOpen").unwrap().separator, b'\t');
        let candle = "1709251200000,1,2,0.5,1.5,10,1709251259999,15,3,5,7,0\n";
        assert_eq!(sniffed(candle).unwrap().names.unwrap()[4], "close");
    }

    #[test]
    fn what_is_no_table_is_refused_with_the_file() {
        for (text, part) in [("", "no first line"), ("1,2,3\n", "no header"), ("a\0b,c\n", "zero bytes")] {
            let error = sniffed(text).unwrap_err().to_string();
            assert!(error.contains(part) && error.contains("x.csv"), "{error}");
        }
    }
}
