//! Option quotes as columns: every listed contract at every time of observation.
//!
//! Rows are sorted by time, then expiry, strike and right (calls first), so a snapshot is a slice and an expiry
//! within it is one too. A side without a quote is NaN; nothing is marked at mid here.

use std::ops::Range;
use std::sync::Arc;

use crate::black::Right;
use crate::columns::Shared;
use crate::error::{Error, Result};
use crate::time::Timestamp;

/// One row of a chain.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OptionQuote {
    /// When it was observed, nanoseconds UTC.
    pub time: i64,
    /// When the contract expires, nanoseconds UTC.
    pub expiry: i64,
    /// The strike.
    pub strike: f64,
    /// Call or put.
    pub right: Right,
    /// The best bid; NaN for none.
    pub bid: f64,
    /// The best ask; NaN for none.
    pub ask: f64,
    /// The size at the bid.
    pub bid_size: f64,
    /// The size at the ask.
    pub ask_size: f64,
    /// Contracts traded in the session so far; NaN if unknown.
    pub volume: f64,
    /// Open contracts; NaN if unknown.
    pub open_interest: f64,
    /// The underlying's price at that time.
    pub underlying: f64,
}

impl OptionQuote {
    /// Whether both sides are there and in order: only then can it be traded against.
    pub fn is_two_sided(&self) -> bool {
        self.bid >= 0.0 && self.ask > 0.0 && self.bid <= self.ask
    }

    /// Whether the bid is above the ask.
    pub fn is_crossed(&self) -> bool {
        self.bid > self.ask
    }

    /// The key that rows are sorted by.
    fn key(&self) -> (i64, i64, u64, u8) {
        (self.time, self.expiry, total_order(self.strike), u8::from(self.right == Right::Put))
    }
}

/// Bits of `x` that sort as `f64::total_cmp` does.
fn total_order(x: f64) -> u64 {
    let bits = x.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

/// The option quotes of one underlying.
#[derive(Debug, Clone)]
pub struct Chain {
    underlying: Arc<str>,
    time: Shared<i64>,
    expiry: Shared<i64>,
    right: Shared<Right>,
    numbers: [Shared<f64>; 8],
}

impl Chain {
    /// A chain from rows in any order.
    ///
    /// # Errors
    /// When a strike is not above zero, or a contract is quoted twice at one time.
    pub fn new(underlying: impl Into<Arc<str>>, mut rows: Vec<OptionQuote>) -> Result<Self> {
        let underlying = underlying.into();
        if let Some((row, q)) = rows.iter().enumerate().find(|(_, q)| !(q.strike > 0.0 && q.strike.is_finite())) {
            let field = format!("strike in row {row} of {underlying}");
            return Err(Error::invalid(field, q.strike, "a strike is above zero", "drop the row or mend it"));
        }
        rows.sort_by_key(OptionQuote::key);
        if let Some(w) = rows.windows(2).find(|w| w[0].key() == w[1].key()) {
            return Err(Error::invalid(
                format!("chain of {underlying} at {}", Timestamp(w[0].time)),
                format!("{} {:?} expiring {}", w[0].strike, w[0].right, Timestamp(w[0].expiry)),
                "it is quoted twice at that time",
                "keep one quote per contract and time",
            ));
        }
        let column = |f: fn(&OptionQuote) -> f64| rows.iter().map(f).collect::<Shared<f64>>();
        Ok(Self {
            time: rows.iter().map(|q| q.time).collect(),
            expiry: rows.iter().map(|q| q.expiry).collect(),
            right: rows.iter().map(|q| q.right).collect(),
            numbers: [
                column(|q| q.strike),
                column(|q| q.bid),
                column(|q| q.ask),
                column(|q| q.bid_size),
                column(|q| q.ask_size),
                column(|q| q.volume),
                column(|q| q.open_interest),
                column(|q| q.underlying),
            ],
            underlying,
        })
    }

    /// What the options are on.
    pub fn underlying(&self) -> &str {
        &self.underlying
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.time.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.time.is_empty()
    }

    /// Times of observation.
    pub fn time(&self) -> &[i64] {
        &self.time
    }

    /// Expiries.
    pub fn expiry(&self) -> &[i64] {
        &self.expiry
    }

    /// Rights.
    pub fn right(&self) -> &[Right] {
        &self.right
    }

    /// Strikes.
    pub fn strike(&self) -> &[f64] {
        &self.numbers[0]
    }

    /// Best bids.
    pub fn bid(&self) -> &[f64] {
        &self.numbers[1]
    }

    /// Best asks.
    pub fn ask(&self) -> &[f64] {
        &self.numbers[2]
    }

    /// Sizes at the bid.
    pub fn bid_size(&self) -> &[f64] {
        &self.numbers[3]
    }

    /// Sizes at the ask.
    pub fn ask_size(&self) -> &[f64] {
        &self.numbers[4]
    }

    /// Contracts traded so far in the session.
    pub fn volume(&self) -> &[f64] {
        &self.numbers[5]
    }

    /// Open contracts.
    pub fn open_interest(&self) -> &[f64] {
        &self.numbers[6]
    }

    /// The underlying's price at the time of each row.
    pub fn underlying_price(&self) -> &[f64] {
        &self.numbers[7]
    }

    /// One row; `None` beyond the end.
    pub fn row(&self, row: usize) -> Option<OptionQuote> {
        let right = *self.right.get(row)?;
        let [strike, bid, ask, bid_size, ask_size, volume, open_interest, underlying] =
            [0, 1, 2, 3, 4, 5, 6, 7].map(|i: usize| self.numbers[i][row]);
        let (time, expiry) = (self.time[row], self.expiry[row]);
        Some(OptionQuote {
            time,
            expiry,
            strike,
            right,
            bid,
            ask,
            bid_size,
            ask_size,
            volume,
            open_interest,
            underlying,
        })
    }

    /// The rows of the last observation at or before `at`; empty if there is none.
    pub fn snapshot(&self, at: i64) -> Range<usize> {
        let end = self.time.partition_point(|&t| t <= at);
        match self.time[..end].last() {
            Some(&last) => self.time[..end].partition_point(|&t| t < last)..end,
            None => 0..0,
        }
    }

    /// All observations, as rows of each.
    pub fn snapshots(&self) -> impl Iterator<Item = Range<usize>> {
        let mut start = 0;
        self.time.chunk_by(|a, b| a == b).map(move |c| {
            let rows = start..start + c.len();
            start = rows.end;
            rows
        })
    }

    /// The expiries within some rows of one observation, ascending, with the rows of each; none for rows that are not
    /// there.
    pub fn expiries(&self, snapshot: Range<usize>) -> impl Iterator<Item = (i64, Range<usize>)> {
        let mut start = snapshot.start;
        self.expiry.get(snapshot).unwrap_or_default().chunk_by(|a, b| a == b).map(move |c| {
            let rows = start..start + c.len();
            start = rows.end;
            (c[0], rows)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quote(time: i64, expiry: i64, strike: f64, right: Right) -> OptionQuote {
        let n = f64::NAN;
        OptionQuote {
            time,
            expiry,
            strike,
            right,
            bid: 1.0,
            ask: 1.2,
            bid_size: 5.0,
            ask_size: 5.0,
            volume: n,
            open_interest: n,
            underlying: 100.0,
        }
    }

    fn chain() -> Chain {
        let rows = vec![
            quote(2, 9, 100.0, Right::Put),
            quote(2, 9, 100.0, Right::Call),
            quote(1, 9, 105.0, Right::Call),
            quote(1, 9, 95.0, Right::Call),
            quote(1, 5, 95.0, Right::Call),
        ];
        Chain::new("SPY", rows).unwrap()
    }

    #[test]
    fn a_free_bid_and_a_locked_quote_have_two_sides_and_a_crossed_or_missing_one_has_not() {
        let sides = |bid, ask| OptionQuote { bid, ask, ..quote(1, 9, 100.0, Right::Put) };
        assert!(sides(0.0, 0.05).is_two_sided() && sides(1.0, 1.0).is_two_sided());
        for (bid, ask) in [(1.1, 1.0), (0.0, 0.0), (-0.1, 1.0), (f64::NAN, 1.0), (1.0, f64::NAN)] {
            assert!(!sides(bid, ask).is_two_sided(), "{bid} {ask}");
        }
        assert!(sides(1.1, 1.0).is_crossed() && !sides(1.0, 1.0).is_crossed());
    }

    #[test]
    fn rows_are_sorted_and_a_snapshot_is_a_slice() {
        let c = chain();
        assert_eq!(c.strike(), [95.0, 95.0, 105.0, 100.0, 100.0]);
        assert_eq!(c.right()[3..], [Right::Call, Right::Put]);
        assert_eq!((c.snapshot(0), c.snapshot(1), c.snapshot(7)), (0..0, 0..3, 3..5));
        assert_eq!(c.snapshots().collect::<Vec<_>>(), [0..3, 3..5]);
        assert_eq!(c.expiries(0..3).collect::<Vec<_>>(), [(5, 0..1), (9, 1..3)]);
        assert_eq!(c.expiries(3..9).count(), 0);
        assert_eq!(c.row(2).unwrap().strike, 105.0);
        assert!(c.row(5).is_none());
    }

    #[test]
    fn quotes_know_when_they_cannot_be_traded() {
        let good = quote(1, 2, 100.0, Right::Call);
        assert!(good.is_two_sided());
        assert!(!OptionQuote { bid: 1.3, ..good }.is_two_sided() && OptionQuote { bid: 1.3, ..good }.is_crossed());
        assert!(!OptionQuote { ask: f64::NAN, ..good }.is_two_sided());
    }

    #[test]
    fn impossible_and_repeated_contracts_are_refused() {
        assert!(Chain::new("SPY", vec![quote(1, 2, 0.0, Right::Call)]).is_err());
        let twice = vec![quote(1, 2, 100.0, Right::Call); 2];
        assert!(Chain::new("SPY", twice).unwrap_err().to_string().contains("quoted twice"));
        assert!(Chain::new("SPY", vec![]).unwrap().is_empty());
    }
}
