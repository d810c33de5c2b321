//! What a strategy sees: bars that are complete, and all before them. There is no way to a later row.

use std::cell::OnceCell;

use qe_core::columns::Shared;

use crate::error::{Error, Result};
use crate::market::Market;

/// Columns of markets as slices, made when they are first asked for.
pub(super) struct Hall<'a> {
    pub(super) markets: &'a [Market],
    columns: Vec<Vec<OnceCell<Shared<f64>>>>,
}

impl<'a> Hall<'a> {
    pub(super) fn new(markets: &'a [Market]) -> Self {
        let cells = |m: &Market| (0..m.columns().names().len()).map(|_| OnceCell::new()).collect();
        Self { markets, columns: markets.iter().map(cells).collect() }
    }
}

/// What is known: the bars that became complete at this instant, and all before.
pub struct Seen<'a> {
    pub(super) hall: &'a Hall<'a>,
    pub(super) now: i64,
    /// How many rows of each market are complete.
    pub(super) known: &'a [usize],
    /// The markets that have a new bar.
    pub(super) fresh: &'a [u32],
}

impl Seen<'_> {
    /// The instant, nanoseconds UTC.
    #[inline]
    pub fn now(&self) -> i64 {
        self.now
    }

    /// The bars that became complete, in the order of the markets.
    #[inline]
    pub fn bars(&self) -> impl ExactSizeIterator<Item = Bar<'_>> {
        self.fresh.iter().map(|m| self.bar_of(*m as usize, self.known[*m as usize] - 1))
    }

    /// The last bar of a market that is complete, if there is one and such a market.
    #[inline]
    pub fn bar(&self, market: usize) -> Option<Bar<'_>> {
        let row = self.known.get(market)?.checked_sub(1)?;
        Some(self.bar_of(market, row))
    }

    #[inline]
    fn bar_of(&self, market: usize, row: usize) -> Bar<'_> {
        Bar { of: &self.hall.markets[market], market, row }
    }

    /// Whether a market has a new bar at this instant.
    pub fn is_fresh(&self, market: usize) -> bool {
        self.fresh.iter().any(|m| *m as usize == market)
    }

    /// How many rows of a market are complete; 0 if there is no such market.
    #[inline]
    pub fn n_rows(&self, market: usize) -> usize {
        self.known.get(market).copied().unwrap_or(0)
    }

    /// How many markets there are.
    pub fn n_markets(&self) -> usize {
        self.known.len()
    }

    /// Closes of a market, up to and with the last bar that is complete; empty if there is no such market.
    #[inline]
    pub fn closes(&self, market: usize) -> &[f64] {
        match self.hall.markets.get(market) {
            Some(m) => &m.close()[..self.known[market]],
            None => &[],
        }
    }

    /// A column of a market by its name, up to and with the last bar that is complete.
    ///
    /// # Errors
    /// When there is no such market or column.
    pub fn column(&self, market: usize, name: &str) -> Result<&[f64]> {
        let of = self.hall.markets.get(market).ok_or_else(|| Error::Market {
            place: format!("market {market}"),
            reason: format!("there are {}", self.hall.markets.len()),
            mend: "count from 0".into(),
        })?;
        let idx = of.columns().index_of(name).unwrap_or(usize::MAX);
        match self.column_at(market, idx) {
            Some(column) => Ok(column),
            None => Err(of.columns().get(name).err().map_or_else(
                || Error::Market {
                    place: format!("column {name}"),
                    reason: "it is not there".into(),
                    mend: "give the name of a column".into(),
                },
                Into::into,
            )),
        }
    }

    /// As [`Seen::column`], by its place among the market's columns: for what is read at every bar.
    #[inline]
    pub fn column_at(&self, market: usize, idx: usize) -> Option<&[f64]> {
        let cell = self.hall.columns.get(market)?.get(idx)?;
        let of = &self.hall.markets[market];
        let column = match cell.get() {
            Some(column) => column,
            None => {
                let column = of.columns().at(idx)?.to_f64();
                cell.get_or_init(|| column)
            }
        };
        Some(&column[..self.known[market]])
    }
}

impl Seen<'_> {
    /// Why a strategy that was made for some markets cannot go on over these, if so.
    pub(super) fn differs(&self, markets: &[Market]) -> Option<Error> {
        let there = self.hall.markets;
        let is_same = |(a, b): (&Market, &Market)| {
            a.symbol() == b.symbol()
                && a.columns().axis() == b.columns().axis()
                && a.columns().names().eq(b.columns().names())
                && (a.mark_column(), a.line().marks) == (b.mark_column(), b.line().marks)
        };
        let first = markets.iter().zip(there).position(|pair| !is_same(pair));
        let reason = match first {
            None if markets.len() == there.len() => return None,
            None => format!("it was made for {} markets, and the broker has {}", markets.len(), there.len()),
            Some(at) => {
                format!("market {at} is {}, and it was made for other bars: of {}", there[at].key(), markets[at].key())
            }
        };
        let mend = "give the strategy and the broker the same markets, in the same order".into();
        Some(Error::Market { place: "a strategy on the broker".into(), reason, mend })
    }
}

/// A bar that is complete.
#[derive(Clone, Copy)]
pub struct Bar<'a> {
    of: &'a Market,
    /// The market.
    pub market: usize,
    /// The row.
    pub row: usize,
}

impl<'a> Bar<'a> {
    /// Whose.
    pub fn symbol(&self) -> &'a str {
        self.of.symbol()
    }

    /// When it opened.
    pub fn open_time(&self) -> i64 {
        self.of.columns().axis().open()[self.row]
    }

    /// Its first price; NaN where it is missing, as of the other prices.
    #[inline]
    pub fn open(&self) -> f64 {
        self.of.open()[self.row]
    }

    /// Its highest price.
    #[inline]
    pub fn high(&self) -> f64 {
        self.of.high()[self.row]
    }

    /// Its lowest price.
    #[inline]
    pub fn low(&self) -> f64 {
        self.of.low()[self.row]
    }

    /// Its last price.
    #[inline]
    pub fn close(&self) -> f64 {
        self.of.close()[self.row]
    }

    /// What was traded in it; NaN where that is not known.
    pub fn volume(&self) -> f64 {
        let column = self.of.columns().get("volume");
        column.map_or(f64::NAN, |c| c.value(self.row))
    }

    /// Whether it is the last of its session.
    pub fn is_session_last(&self) -> bool {
        let axis = self.of.columns().axis();
        let session = self.of.calendar().session_at(axis.open()[self.row]);
        session.is_some_and(|s| s.close <= axis.available()[self.row])
    }
}
