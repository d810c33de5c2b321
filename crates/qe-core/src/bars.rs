//! Price bars of one symbol: [`Columns`] that are known to hold open, high, low, close and volume.
//!
//! Prices are `f64`. Bars of time ascend strictly; bars cut by activity (every 500 trades) may share an opening
//! instant. A bar carries the time it opened and the time it was complete; only the second says when a rule may
//! use it. Extra columns (vwap, trades, …) ride along.

use std::fmt;
use std::ops::RangeBounds;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::columns::{Axis, Column, Columns, Shared};
use crate::error::{Error, Result};
use crate::time::{TimeRange, Timestamp};
use crate::timeframe::Timeframe;

/// The names of the five columns that bars always have, in order.
pub const OHLCV: [&str; 5] = ["open", "high", "low", "close", "volume"];

/// Whether a column is one of a bar's prices: a row in which none of them has a value is no bar.
pub fn is_price(column: &str) -> bool {
    OHLCV[..4].contains(&column)
}

/// What closes a bar.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BarKind {
    /// The clock.
    Time(Timeframe),
    /// A number of trades.
    Ticks(u64),
    /// A traded quantity.
    Volume(f64),
    /// A traded value: price times quantity.
    Dollars(f64),
}

impl From<Timeframe> for BarKind {
    fn from(timeframe: Timeframe) -> Self {
        Self::Time(timeframe)
    }
}

impl fmt::Display for BarKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(timeframe) => write!(f, "{timeframe}"),
            Self::Ticks(n) => write!(f, "{n} ticks"),
            Self::Volume(v) => write!(f, "{v} volume"),
            Self::Dollars(v) => write!(f, "{v} dollars"),
        }
    }
}

/// Bars of one symbol and one kind.
#[derive(Debug, Clone)]
pub struct Bars {
    symbol: Arc<str>,
    kind: BarKind,
    columns: Columns,
}

impl Bars {
    /// Bars from an axis and the five columns, in the order of [`OHLCV`].
    ///
    /// # Errors
    /// When a column has another length than the axis, or two bars of time open at one instant.
    pub fn new(
        symbol: impl Into<Arc<str>>,
        kind: impl Into<BarKind>,
        axis: Axis,
        ohlcv: [impl Into<Shared<f64>>; 5],
    ) -> Result<Self> {
        let mut columns = Columns::new(axis);
        for (name, values) in OHLCV.into_iter().zip(ohlcv) {
            columns.push(name, values.into())?;
        }
        Self::from_columns(symbol, kind, columns)
    }

    /// Bars from columns that include the five of [`OHLCV`]; others are kept behind them.
    ///
    /// # Errors
    /// When one of the five is missing or stored in single precision, or two bars of time open at one instant.
    pub fn from_columns(symbol: impl Into<Arc<str>>, kind: impl Into<BarKind>, columns: Columns) -> Result<Self> {
        let (symbol, kind) = (symbol.into(), kind.into());
        for name in OHLCV {
            if let Column::F32(_) = columns.get(name)? {
                return Err(Error::invalid(
                    format!("column {name:?} of {symbol}"),
                    "Float32",
                    "prices and volumes are kept in double precision",
                    "load it as Float64",
                ));
            }
        }
        if let BarKind::Time(_) = kind
            && let Some(row) = columns.axis().first_repeat()
        {
            return Err(Error::Unsorted {
                what: format!("bars of {symbol}"),
                row,
                at: Timestamp(columns.axis().open()[row]).to_string(),
                before: Timestamp(columns.axis().open()[row - 1]).to_string(),
                mend: "keep one bar per opening time".into(),
            });
        }
        let extras: Vec<String> = columns.names().filter(|n| !OHLCV.contains(n)).map(str::to_owned).collect();
        let order = OHLCV.into_iter().chain(extras.iter().map(String::as_str));
        let columns = columns.select(order)?;
        Ok(Self { symbol, kind, columns })
    }

    /// Whose bars.
    pub fn symbol(&self) -> &str {
        &self.symbol
    }

    /// What closes a bar.
    pub fn kind(&self) -> BarKind {
        self.kind
    }

    /// How long a bar is; `None` for bars that no clock closes.
    pub fn timeframe(&self) -> Option<Timeframe> {
        match self.kind {
            BarKind::Time(timeframe) => Some(timeframe),
            _ => None,
        }
    }

    /// How many bars.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// The bars as plain columns.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// When each bar opened and when it was complete.
    pub fn axis(&self) -> &Axis {
        self.columns.axis()
    }

    /// Opening times, nanoseconds UTC.
    pub fn open_time(&self) -> &[i64] {
        self.axis().open()
    }

    /// The times at which each bar was complete, nanoseconds UTC.
    pub fn available(&self) -> &[i64] {
        self.axis().available()
    }

    /// One of the five columns; the constructor has put them first.
    fn price(&self, idx: usize) -> &[f64] {
        match self.columns.at(idx) {
            Some(Column::F64(values)) => values,
            _ => &[],
        }
    }

    /// Opening prices.
    pub fn open(&self) -> &[f64] {
        self.price(0)
    }

    /// Highest prices.
    pub fn high(&self) -> &[f64] {
        self.price(1)
    }

    /// Lowest prices.
    pub fn low(&self) -> &[f64] {
        self.price(2)
    }

    /// Closing prices.
    pub fn close(&self) -> &[f64] {
        self.price(3)
    }

    /// Traded volume; NaN where the source has none.
    pub fn volume(&self) -> &[f64] {
        self.price(4)
    }

    /// A part of the bars, sharing their memory.
    #[must_use]
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Self {
        Self { symbol: Arc::clone(&self.symbol), kind: self.kind, columns: self.columns.slice(range) }
    }

    /// The bars that open within `range`, sharing their memory.
    #[must_use]
    pub fn between(&self, range: TimeRange) -> Self {
        self.slice(self.axis().rows_in(range))
    }

    /// The same bars with one more column.
    ///
    /// # Errors
    /// When the name is taken or the length differs.
    pub fn with(mut self, name: impl Into<Arc<str>>, column: impl Into<Column>) -> Result<Self> {
        self.columns.push(name, column)?;
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis() -> Axis {
        Axis::new(vec![0, 60], vec![60, 120]).unwrap()
    }

    #[test]
    fn the_five_columns_come_first_and_extras_follow() {
        let columns = Columns::new(axis())
            .with("vwap", vec![1.0, 2.0])
            .unwrap()
            .with("close", vec![4.0, 4.5])
            .unwrap()
            .with("low", vec![3.0, 3.0])
            .unwrap()
            .with("high", vec![5.0, 5.0])
            .unwrap()
            .with("volume", vec![9.0, 9.0])
            .unwrap()
            .with("open", vec![3.5, 4.0])
            .unwrap();
        let bars = Bars::from_columns("SPY", Timeframe::M1, columns).unwrap();
        assert_eq!(bars.columns().names().collect::<Vec<_>>(), ["open", "high", "low", "close", "volume", "vwap"]);
        assert_eq!((bars.close(), bars.volume()), (&[4.0, 4.5][..], &[9.0, 9.0][..]));
        assert_eq!(bars.slice(1..).close(), [4.5]);
    }

    #[test]
    fn a_missing_column_single_precision_and_a_repeated_time_are_errors() {
        let short = Columns::new(axis()).with("open", vec![1.0, 1.0]).unwrap();
        assert!(Bars::from_columns("SPY", Timeframe::M1, short).unwrap_err().to_string().contains("high"));
        let single = Columns::new(axis()).with("open", vec![1.0_f32, 1.0]).unwrap();
        assert!(Bars::from_columns("SPY", Timeframe::M1, single).unwrap_err().to_string().contains("double"));
        let twice = Axis::new(vec![5, 5], vec![6, 6]).unwrap();
        let err = Bars::new("SPY", Timeframe::M1, twice, [(); 5].map(|()| vec![1.0; 2])).unwrap_err();
        assert!(err.to_string().contains("one bar per opening time"), "{err}");
    }
}
