//! Trades and quotes of one symbol, event by event.
//!
//! Both are [`Columns`] with known names. The axis holds the exchange's time and the time of receipt, so a feed's
//! delay is part of the data; several events may share one instant, and keep their order.

use std::ops::{Deref, RangeBounds};
use std::sync::Arc;

use crate::columns::{Axis, Column, Columns, Shared};
use crate::error::Result;
use crate::time::TimeRange;

/// The names of the three columns that trades always have, in order.
pub const TRADE_COLUMNS: [&str; 3] = ["price", "size", "side"];

/// The names of the four columns that quotes always have, in order.
pub const QUOTE_COLUMNS: [&str; 4] = ["bid", "ask", "bid_size", "ask_size"];

/// A table of events of one symbol: what trades and quotes share.
#[derive(Debug, Clone)]
pub struct Events {
    symbol: Arc<str>,
    columns: Columns,
}

impl Events {
    /// The named columns first, in double precision; others behind them.
    fn new(symbol: Arc<str>, columns: Columns, first: &[&str]) -> Result<Self> {
        let mut ordered = Columns::new(columns.axis().clone()).starting_at_row(columns.first_row());
        for name in first {
            ordered.push(*name, columns.get(name)?.to_f64())?;
        }
        for (name, column) in columns.iter().filter(|(n, _)| !first.contains(n)) {
            ordered.push(name, column.clone())?;
        }
        Ok(Self { symbol, columns: ordered })
    }

    fn column(&self, idx: usize) -> &[f64] {
        match self.columns.at(idx) {
            Some(Column::F64(values)) => values,
            _ => &[],
        }
    }

    /// Whose events.
    pub fn symbol(&self) -> &str {
        &self.symbol
    }

    /// The events as plain columns.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// Exchange time and time of receipt.
    pub fn axis(&self) -> &Axis {
        self.columns.axis()
    }

    /// How many events.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// Exchange times, nanoseconds UTC.
    pub fn time(&self) -> &[i64] {
        self.axis().open()
    }

    /// A part of the events, sharing their memory.
    fn slice(&self, range: impl RangeBounds<usize>) -> Self {
        Self { symbol: Arc::clone(&self.symbol), columns: self.columns.slice(range) }
    }
}

/// Trades of one symbol.
#[derive(Debug, Clone)]
pub struct Ticks(Events);

impl Deref for Ticks {
    type Target = Events;
    fn deref(&self) -> &Events {
        &self.0
    }
}

impl Ticks {
    /// Trades from an axis, prices, sizes and sides (+1 the buyer was the aggressor, -1 the seller, 0 unknown).
    ///
    /// # Errors
    /// When a column has another length than the axis.
    pub fn new(
        symbol: impl Into<Arc<str>>,
        axis: Axis,
        price: impl Into<Shared<f64>>,
        size: impl Into<Shared<f64>>,
        side: impl Into<Shared<f64>>,
    ) -> Result<Self> {
        let columns =
            Columns::new(axis).with("price", price.into())?.with("size", size.into())?.with("side", side.into())?;
        Self::from_columns(symbol, columns)
    }

    /// Trades from columns that include the three of [`TRADE_COLUMNS`].
    ///
    /// # Errors
    /// When one of the three is missing.
    pub fn from_columns(symbol: impl Into<Arc<str>>, columns: Columns) -> Result<Self> {
        Events::new(symbol.into(), columns, &TRADE_COLUMNS).map(Self)
    }

    /// Prices.
    pub fn price(&self) -> &[f64] {
        self.0.column(0)
    }

    /// Sizes.
    pub fn size(&self) -> &[f64] {
        self.0.column(1)
    }

    /// Aggressors: +1 buyer, -1 seller, 0 unknown.
    pub fn side(&self) -> &[f64] {
        self.0.column(2)
    }

    /// A part of the trades, sharing their memory.
    #[must_use]
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Self {
        Self(self.0.slice(range))
    }

    /// The trades within `range`, sharing their memory.
    #[must_use]
    pub fn between(&self, range: TimeRange) -> Self {
        self.slice(self.axis().rows_in(range))
    }

    /// Sides by the tick rule where the source names none: the sign of the last change of price.
    #[must_use]
    pub fn sides_by_tick_rule(&self) -> Vec<f64> {
        let mut side = 0.0;
        let mut last = f64::NAN;
        let mut sides = Vec::with_capacity(self.len());
        for (&price, &known) in self.price().iter().zip(self.side()) {
            if price > last {
                side = 1.0;
            } else if price < last {
                side = -1.0;
            }
            if !price.is_nan() {
                last = price;
            }
            sides.push(if known == 0.0 || known.is_nan() { side } else { known });
        }
        sides
    }
}

/// The best bid and ask of one symbol over time.
#[derive(Debug, Clone)]
pub struct Quotes(Events);

impl Deref for Quotes {
    type Target = Events;
    fn deref(&self) -> &Events {
        &self.0
    }
}

impl Quotes {
    /// Quotes from columns that include the four of [`QUOTE_COLUMNS`]; a side without a quote is NaN.
    ///
    /// # Errors
    /// When one of the four is missing.
    pub fn from_columns(symbol: impl Into<Arc<str>>, columns: Columns) -> Result<Self> {
        Events::new(symbol.into(), columns, &QUOTE_COLUMNS).map(Self)
    }

    /// Best bids.
    pub fn bid(&self) -> &[f64] {
        self.0.column(0)
    }

    /// Best asks.
    pub fn ask(&self) -> &[f64] {
        self.0.column(1)
    }

    /// Sizes at the best bid.
    pub fn bid_size(&self) -> &[f64] {
        self.0.column(2)
    }

    /// Sizes at the best ask.
    pub fn ask_size(&self) -> &[f64] {
        self.0.column(3)
    }

    /// A part of the quotes, sharing their memory.
    #[must_use]
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Self {
        Self(self.0.slice(range))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trades(price: Vec<f64>, side: Vec<f64>) -> Ticks {
        let n = price.len();
        Ticks::new("ES", Axis::instants(vec![1; n]).unwrap(), price, vec![1.0; n], side).unwrap()
    }

    #[test]
    fn several_trades_may_share_an_instant() {
        let t = trades(vec![10.0, 10.25, 10.25], vec![1.0, 1.0, -1.0]);
        assert_eq!((t.len(), t.slice(1..).price()), (3, &[10.25, 10.25][..]));
    }

    #[test]
    fn the_tick_rule_keeps_the_last_direction_and_known_sides() {
        let t = trades(vec![10.0, 10.25, 10.25, f64::NAN, 10.0, 10.0], vec![0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
        assert_eq!(t.sides_by_tick_rule(), [0.0, 1.0, 1.0, 1.0, -1.0, 1.0]);
    }

    #[test]
    fn quotes_name_the_column_they_miss() {
        let c = Columns::new(Axis::instants(vec![1]).unwrap()).with("bid", vec![1.0]).unwrap();
        assert!(Quotes::from_columns("ES", c).unwrap_err().to_string().contains("\"ask\""));
    }
}
