//! The rows of a frame by symbol, in the order in which they stand.

use std::collections::HashMap;
use std::ops::Range;

use polars::prelude::*;
use qe_core::columns::Shared;
use qe_data::frame::{SYMBOL, TS, numbers, times};

/// What a pass reads of a frame.
pub(super) struct Rows {
    /// Each symbol with the stretches of rows that are its own; one without a name where there is no such column.
    pub(super) symbols: Vec<(String, Vec<Range<usize>>)>,
    /// When rows opened, where that is read.
    pub(super) ts: Option<Shared<i64>>,
    /// Opens, where they are read.
    pub(super) open: Option<Shared<f64>>,
    pub(super) close: Shared<f64>,
    pub(super) signal: Shared<f64>,
}

impl Rows {
    pub(super) fn of(df: &DataFrame, signal: &str, has_open: bool, has_ts: bool) -> PolarsResult<Self> {
        let read = |name: &str| -> PolarsResult<Shared<f64>> { Ok(numbers(df.column(name)?.clone())?.to_f64()) };
        let price = |name: &str| -> PolarsResult<Shared<f64>> {
            let prices = read(name)?;
            // As of every market: a price is above zero, or missing.
            if let Some(row) = prices.iter().position(|v| *v <= 0.0 || v.is_infinite()) {
                polars_bail!(ComputeError:
                    "{name} is {} in row {row}; leave the bar out, or make the price NaN if it is not known", prices[row]);
            }
            Ok(prices)
        };
        Ok(Self {
            symbols: symbols(df)?,
            ts: if has_ts { Some(times(df.column(TS)?.clone())?) } else { None },
            open: if has_open { Some(price("open")?) } else { None },
            close: price("close")?,
            signal: read(signal)?,
        })
    }

    /// Fails where a symbol's rows do not stand in order of time.
    pub(super) fn ensure_sorted(&self) -> PolarsResult<()> {
        let Some(ts) = &self.ts else { return Ok(()) };
        for (symbol, stretches) in &self.symbols {
            let mut last = i64::MIN;
            for at in stretches {
                let own = &ts[at.clone()];
                let is_sorted = own.first().is_none_or(|t| *t > last) && own.windows(2).all(|t| t[0] < t[1]);
                if !is_sorted {
                    let near = own.windows(2).position(|t| t[0] >= t[1]).map_or(at.start, |i| at.start + i + 1);
                    polars_bail!(ComputeError:
                        "rows of {symbol:?} are out of order or twice at row {near}; sort by `ts` first, each time once");
                }
                last = own.last().copied().unwrap_or(last);
            }
        }
        Ok(())
    }
}

/// Each symbol in the order in which it first stands, with its rows.
fn symbols(df: &DataFrame) -> PolarsResult<Vec<(String, Vec<Range<usize>>)>> {
    let Ok(column) = df.column(SYMBOL) else {
        return Ok(vec![(String::new(), std::iter::once(0..df.height()).collect())]);
    };
    let column = column.as_materialized_series().cast(&DataType::String)?;
    let names = column.str()?;
    polars_ensure!(names.null_count() == 0, ComputeError: "column `symbol` is missing in some rows; name every symbol");
    let mut out: Vec<(String, Vec<Range<usize>>)> = Vec::new();
    let mut place_of: HashMap<String, usize> = HashMap::new();
    // Of most frames the rows of a symbol stand together, so the name before is looked at first.
    let mut last: Option<(usize, usize)> = None;
    for (row, name) in names.iter().flatten().enumerate() {
        if let Some((place, _)) = last
            && out[place].0 == name
        {
            continue;
        }
        end(&mut out, last, row);
        let place = match place_of.get(name) {
            Some(place) => *place,
            None => {
                out.push((name.to_owned(), Vec::new()));
                place_of.insert(name.to_owned(), out.len() - 1);
                out.len() - 1
            }
        };
        last = Some((place, row));
    }
    end(&mut out, last, df.height());
    Ok(out)
}

/// Ends a stretch before a row.
fn end(out: &mut [(String, Vec<Range<usize>>)], last: Option<(usize, usize)>, row: usize) {
    if let Some((place, start)) = last {
        out[place].1.push(start..row);
    }
}
