//! The difference by trades: those that both made, matched by when and to which side they were entered, and those that one
//! made alone.

use std::cmp::Ordering;

use qe_core::time::Timestamp;
use serde::Serialize;

use super::exact;
use crate::trades::Trade;

/// A trade of both, or of one alone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Matched {
    /// When it was entered.
    pub entry_time: Timestamp,
    /// 1 for long, -1 for short.
    pub side: f64,
    /// Its place among A's trades; `None` where A did not make it.
    pub a: Option<usize>,
    /// Its place among B's trades.
    pub b: Option<usize>,
    /// What B won with it beyond A; the whole of it, where one made it alone.
    pub pnl: f64,
}

/// A difference by trades. The four parts, and then the residual, add up to it in the order in which they stand.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TradeDiff {
    /// Every trade, by entry; of those that both made only what they won apart counts.
    pub trades: Vec<Matched>,
    /// How many both made, and how many of them won the same in both.
    pub n_both: usize,
    /// See `n_both`.
    pub n_same: usize,
    /// What B won beyond A with trades that both made.
    pub both: f64,
    /// What B did not win because A made them alone: their P&L, turned round.
    pub only_a: f64,
    /// What B won with trades that it made alone.
    pub only_b: f64,
    /// What no trade tells: rounding, the part of a loss beyond all money that is not owed, and what a stored result differs
    /// by from what its side gives now.
    pub rest: f64,
    /// What no sum on one grid can hold; nearly always 0.
    pub residual: f64,
}

/// The trades of two runs, whose P&L differ by a whole.
pub(super) fn of_trades(a: &[Trade], b: &[Trade], whole: f64) -> TradeDiff {
    let (mut i, mut k) = (0, 0);
    let mut trades = Vec::with_capacity(a.len().max(b.len()));
    let (mut n_both, mut n_same) = (0, 0);
    let (mut both, mut only_a, mut only_b) = (0.0, 0.0, 0.0);
    loop {
        let order = match (a.get(i), b.get(k)) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            // Of one instant, long before short.
            (Some(x), Some(y)) => x.entry_time.cmp(&y.entry_time).then(y.side.total_cmp(&x.side)),
        };
        let (of_a, of_b) = (a.get(i).filter(|_| order.is_le()), b.get(k).filter(|_| order.is_ge()));
        let Some(trade) = of_a.or(of_b) else { break };
        let won = |t: Option<&Trade>| t.map_or(0.0, |t| t.pnl);
        let pnl = won(of_b) - won(of_a);
        match order {
            Ordering::Less => only_a += pnl,
            Ordering::Greater => only_b += pnl,
            Ordering::Equal => {
                n_both += 1;
                n_same += usize::from(pnl == 0.0);
                both += pnl;
            }
        }
        trades.push(Matched {
            entry_time: Timestamp(trade.entry_time),
            side: trade.side,
            a: of_a.map(|_| i),
            b: of_b.map(|_| k),
            pnl,
        });
        i += usize::from(of_a.is_some());
        k += usize::from(of_b.is_some());
    }
    let rest = whole - ((both + only_a) + only_b);
    let (parts, residual) = exact::parts(&[both, only_a, only_b, rest], whole);
    let [both, only_a, only_b, rest] = [0, 1, 2, 3].map(|i| parts.get(i).copied().unwrap_or(0.0));
    TradeDiff { trades, n_both, n_same, both, only_a, only_b, rest, residual }
}

impl TradeDiff {
    /// How many one side made alone: A, and B.
    pub fn n_alone(&self) -> [usize; 2] {
        let n = |is: fn(&Matched) -> bool| self.trades.iter().filter(|t| is(t)).count();
        [n(|t| t.b.is_none()), n(|t| t.a.is_none())]
    }

    /// The parts in order: what both made, A alone, B alone, the rest, and the residual.
    pub fn parts(&self) -> [f64; 5] {
        [self.both, self.only_a, self.only_b, self.rest, self.residual]
    }
}
