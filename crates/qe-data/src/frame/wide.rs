//! Option chains and panels as frames: the tables that have more than a time and numbers.

use polars::prelude::*;
use qe_core::black::Right;
use qe_core::chain::{Chain, OptionQuote};
use qe_core::columns::Shared;
use qe_core::panel::Panel;

use super::convert::{numbers, shared_array, time_column, times};
use super::{AVAILABLE, SYMBOL, TS, frame_error};
use crate::error::{Error, Result};

/// The columns of numbers of a chain, in order.
const QUOTE: [&str; 8] = ["strike", "bid", "ask", "bid_size", "ask_size", "volume", "open_interest", "underlying"];

/// A chain as a frame: `symbol` (of the underlying), `ts`, `expiry`, `right` (`call` or `put`), then numbers.
///
/// # Errors
/// When the dataframe library refuses a column, which our shape rules out.
pub fn chain_to_frame(chain: &Chain) -> Result<DataFrame> {
    let wrap = |e: PolarsError| frame_error(chain.underlying(), &e);
    let n = chain.len();
    let right = chain.right().iter().map(|r| if *r == Right::Call { "call" } else { "put" });
    let values = [
        chain.strike(),
        chain.bid(),
        chain.ask(),
        chain.bid_size(),
        chain.ask_size(),
        chain.volume(),
        chain.open_interest(),
        chain.underlying_price(),
    ];
    let mut out = vec![
        Column::new_scalar(SYMBOL.into(), Scalar::from(PlSmallStr::from_str(chain.underlying())), n),
        time_column(TS, &Shared::from(chain.time().to_vec())).map_err(wrap)?,
        time_column("expiry", &Shared::from(chain.expiry().to_vec())).map_err(wrap)?,
        StringChunked::from_iter_values("right".into(), right).into_column(),
    ];
    out.extend(QUOTE.iter().zip(values).map(|(name, v)| Float64Chunked::from_slice((*name).into(), v).into_column()));
    DataFrame::new(n, out).map_err(wrap)
}

/// A frame of that shape as the chain of one underlying.
///
/// # Errors
/// When a column is missing, a right is neither `call` nor `put`, or a contract is quoted twice at one time.
pub fn chain_from_frame(df: &DataFrame, underlying: &str) -> Result<Chain> {
    let wrap = |e: PolarsError| frame_error(underlying, &e);
    let column = |name: &str| {
        let there = df.columns().iter().map(|c| c.name().to_string());
        let mend = "a chain has ts, expiry, right, strike, bid, ask, their sizes, volume, open_interest, underlying";
        df.column(name).cloned().map_err(|_| Error::missing_column(underlying, name, there, mend))
    };
    let (time, expiry) = (times(column(TS)?).map_err(wrap)?, times(column("expiry")?).map_err(wrap)?);
    let right = column("right")?.cast(&DataType::String).map_err(wrap)?;
    let right = right.str().map_err(wrap)?;
    let values: Vec<Shared<f64>> =
        QUOTE.iter().map(|name| numbers(column(name)?).map(|v| v.to_f64()).map_err(wrap)).collect::<Result<_>>()?;
    let mut rows = Vec::with_capacity(df.height());
    for i in 0..df.height() {
        let right = match right.get(i).map(str::to_ascii_lowercase).as_deref() {
            Some("call" | "c") => Right::Call,
            Some("put" | "p") => Right::Put,
            other => {
                return Err(Error::BadValue {
                    place: underlying.to_owned(),
                    row: i as u64 + 1,
                    column: "right".into(),
                    value: other.unwrap_or("nothing").to_owned(),
                    reason: "it is neither a call nor a put".into(),
                    mend: "write call or put".into(),
                });
            }
        };
        let v = |k: usize| values[k][i];
        rows.push(OptionQuote {
            time: time[i],
            expiry: expiry[i],
            strike: v(0),
            right,
            bid: v(1),
            ask: v(2),
            bid_size: v(3),
            ask_size: v(4),
            volume: v(5),
            open_interest: v(6),
            underlying: v(7),
        });
    }
    Ok(Chain::new(underlying, rows)?)
}

/// A panel as a frame, symbol after symbol: `symbol`, `ts`, `available`, the groupings as text, the fields as numbers.
/// Every symbol has a row at every time; outside of its membership the fields are NaN.
///
/// # Errors
/// When the dataframe library refuses a column, which our shape rules out.
pub fn panel_to_frame(panel: &Panel) -> Result<DataFrame> {
    let wrap = |e: PolarsError| frame_error("a panel", &e);
    let (n_symbols, n_times) = (panel.n_symbols(), panel.n_times());
    let every_time = |at: &[i64]| Shared::from(at.repeat(n_symbols));
    let per_symbol = |name: &str, labels: &[String]| {
        let rows = labels.iter().flat_map(|l| std::iter::repeat_n(l.as_str(), n_times));
        StringChunked::from_iter_values(name.into(), rows).into_column()
    };
    let mut out = vec![
        per_symbol(SYMBOL, panel.symbols()),
        time_column(TS, &every_time(panel.axis().open())).map_err(wrap)?,
        time_column(AVAILABLE, &every_time(panel.axis().available())).map_err(wrap)?,
    ];
    for name in panel.groups() {
        out.push(per_symbol(name, panel.group(name)?));
    }
    for name in panel.fields() {
        out.push(shared_array::<Float64Type>(name, panel.field(name)?).into_column());
    }
    DataFrame::new(n_symbols * n_times, out).map_err(wrap)
}
