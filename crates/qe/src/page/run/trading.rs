//! Round trips as a page shows them: on the price, by how far they went against their position, by why they ended.

use std::collections::{BTreeMap, BTreeSet};

use qe_engine::ledger::Refused;
use qe_engine::trades::Trade;
use serde::Serialize;

use crate::page::draw::Line;

/// Entries and exits on the price, by side. Of many, each column of the drawing keeps the first, the least, the
/// greatest and the last of each kind.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Marks {
    /// Where long positions were entered, at the market's price.
    pub long_entries: Line,
    /// Where they were left.
    pub long_exits: Line,
    /// Where short positions were entered.
    pub short_entries: Line,
    /// Where they were left.
    pub short_exits: Line,
}

impl Marks {
    /// Of the trades that have their mark within some bars, counted from `first`.
    pub(crate) fn of(trades: &[Trade], first: usize, n: usize) -> Self {
        let mark = |side: f64, is_entry: bool| {
            let own = trades.iter().filter(|t| t.side == side && (is_entry || t.exit_time.is_some()));
            let mut points: Vec<(u32, f64)> = own
                .map(|t| if is_entry { (t.entry_row, t.entry_raw) } else { (t.exit_row, t.exit_raw) })
                .filter(|(row, _)| (first..first + n).contains(&(*row as usize)))
                .map(|(row, price)| (row - first as u32, price))
                .collect();
            points.sort_by_key(|(row, _)| *row);
            Line::of_points(n, points.into_iter())
        };
        Self {
            long_entries: mark(1.0, true),
            long_exits: mark(1.0, false),
            short_entries: mark(-1.0, true),
            short_exits: mark(-1.0, false),
        }
    }

    /// How many are drawn.
    pub fn n_drawn(&self) -> usize {
        [&self.long_entries, &self.long_exits, &self.short_entries, &self.short_exits].map(|l| l.at.len()).iter().sum()
    }
}

/// How far round trips went against their position, and what they won.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Excursions {
    /// Of those that won: the greatest loss on the way, and the result, as fractions.
    pub won: Vec<(f64, f64)>,
    /// Of those that lost, or came to nothing.
    pub lost: Vec<(f64, f64)>,
    /// How many there are of both.
    pub n: usize,
    /// The share of winners that were never further in the loss than half of the losers were; `None` without both.
    pub won_within_half_of_lost: Option<f64>,
    /// The median of the greatest losses on the way, of winners and of losers.
    pub medians: (Option<f64>, Option<f64>),
}

/// More dots than these share places of a grid.
const MOST_DOTS: usize = 4000;

impl Excursions {
    pub(crate) fn of(trades: &[Trade]) -> Self {
        let closed =
            trades.iter().filter(|t| t.exit_time.is_some() && t.mae_frac.is_finite() && t.pnl_frac.is_finite());
        let (won, lost): (Vec<_>, Vec<_>) = closed.map(|t| (t.mae_frac, t.pnl_frac)).partition(|p| p.1 > 0.0);
        let median = |of: &[(f64, f64)]| qe_core::stats::median(&of.iter().map(|p| p.0).collect::<Vec<_>>());
        let medians = (median(&won), median(&lost));
        let within = |m: f64| won.iter().filter(|p| p.0 < m).count() as f64 / won.len() as f64;
        let won_within_half_of_lost = medians.1.filter(|_| !won.is_empty()).map(within);
        let n = won.len() + lost.len();
        let ends = Ends::of(won.iter().chain(&lost));
        let [won, lost] = [won, lost].map(|of| if n > MOST_DOTS { ends.thinned(of) } else { of });
        Self { won, lost, n, won_within_half_of_lost, medians }
    }
}

/// The ends of both axes.
struct Ends {
    low: (f64, f64),
    high: (f64, f64),
}

impl Ends {
    fn of<'a>(points: impl Iterator<Item = &'a (f64, f64)>) -> Self {
        let none = Self { low: (f64::MAX, f64::MAX), high: (f64::MIN, f64::MIN) };
        points.fold(none, |e, p| Self {
            low: (e.low.0.min(p.0), e.low.1.min(p.1)),
            high: (e.high.0.max(p.0), e.high.1.max(p.1)),
        })
    }

    /// One point of each place of a grid, the first: what is left out lies under a dot that is drawn.
    fn thinned(&self, points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
        let place =
            |v: f64, low: f64, high: f64, n: f64| if high > low { ((v - low) / (high - low) * n) as i32 } else { 0 };
        let mut taken = BTreeSet::new();
        let place =
            |p: &(f64, f64)| (place(p.0, self.low.0, self.high.0, 240.0), place(p.1, self.low.1, self.high.1, 120.0));
        points.into_iter().filter(|p| taken.insert(place(p))).collect()
    }
}

/// Round trips that ended for one reason.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExitRow {
    /// Why.
    pub reason: String,
    /// How many.
    pub n: usize,
    /// How many of them won.
    pub n_won: usize,
    /// What they won together, in money.
    pub pnl: f64,
    /// What they won each, as a fraction of what was put in.
    pub mean_frac: f64,
    /// How many bars each was held.
    pub mean_bars: f64,
}

/// By reason, the most frequent first.
pub(crate) fn exits(trades: &[Trade]) -> Vec<ExitRow> {
    let mut by_reason: BTreeMap<&str, Vec<&Trade>> = BTreeMap::new();
    for trade in trades.iter().filter(|t| t.exit_time.is_some()) {
        by_reason.entry(trade.reason.as_deref().unwrap_or("exit")).or_default().push(trade);
    }
    let row = |(reason, trades): (&str, Vec<&Trade>)| {
        let n = trades.len() as f64;
        ExitRow {
            reason: reason.to_owned(),
            n: trades.len(),
            n_won: trades.iter().filter(|t| t.pnl > 0.0).count(),
            pnl: trades.iter().map(|t| t.pnl).sum(),
            mean_frac: trades.iter().map(|t| t.pnl_frac).sum::<f64>() / n,
            mean_bars: trades.iter().map(|t| f64::from(t.exit_row - t.entry_row)).sum::<f64>() / n,
        }
    };
    let mut rows: Vec<ExitRow> = by_reason.into_iter().map(row).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.n));
    rows
}

/// Orders that were refused or made smaller for one reason.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RefusedRow {
    /// Why.
    pub reason: String,
    /// How many to buy or hold long.
    pub n_long: usize,
    /// How many to sell or hold short.
    pub n_short: usize,
}

/// By reason, the most frequent first.
pub(crate) fn refusals(refused: &[Refused]) -> Vec<RefusedRow> {
    let mut by_reason: BTreeMap<_, (usize, usize)> = BTreeMap::new();
    for one in refused {
        let (long, short) = by_reason.entry(one.why).or_default();
        *if one.side < 0.0 { short } else { long } += 1;
    }
    let row = |(why, (n_long, n_short))| RefusedRow { reason: words(&format!("{why:?}")), n_long, n_short };
    let mut rows: Vec<RefusedRow> = by_reason.into_iter().map(row).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.n_long + row.n_short));
    rows
}

/// The name of a variant as words: `CappedByLimit` is "capped by limit".
pub(crate) fn words(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push(' ');
        }
        out.extend(c.to_lowercase());
    }
    out
}

/// A round trip, as a table shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TradeRow {
    /// When it was entered, nanoseconds UTC.
    pub entry_time: i64,
    /// When it was left.
    pub exit_time: Option<i64>,
    /// 1 for long, -1 for short.
    pub side: f64,
    /// The market's price at the entry.
    pub entry: f64,
    /// At the exit.
    pub exit: f64,
    /// What it won, in money.
    pub pnl: f64,
    /// As a fraction of what was put in.
    pub pnl_frac: f64,
    /// How far it went against the position.
    pub mae_frac: f64,
    /// How many bars it was held.
    pub n_bars: u32,
    /// Why it was left.
    pub reason: String,
}

impl TradeRow {
    pub(crate) fn of(trade: &Trade) -> Self {
        Self {
            entry_time: trade.entry_time,
            exit_time: trade.exit_time,
            side: trade.side,
            entry: trade.entry_raw,
            exit: trade.exit_raw,
            pnl: trade.pnl,
            pnl_frac: trade.pnl_frac,
            mae_frac: trade.mae_frac,
            n_bars: trade.exit_row - trade.entry_row,
            reason: trade.reason.as_deref().unwrap_or("open").to_owned(),
        }
    }
}

/// The places of the closed round trips, the best first, ties in the order of time.
pub(crate) fn best_first(trades: &[Trade]) -> Vec<usize> {
    let mut order: Vec<usize> =
        (0..trades.len()).filter(|i| trades[*i].exit_time.is_some() && trades[*i].pnl.is_finite()).collect();
    order.sort_by(|a, b| trades[*b].pnl.total_cmp(&trades[*a].pnl));
    order
}

#[cfg(test)]
mod tests {
    use qe_engine::ledger::Refusal;

    use super::*;

    fn trade(entry_row: u32, pnl: f64, mae: f64, reason: &str) -> Trade {
        Trade {
            entry_time: 0,
            exit_time: Some(1),
            entry_row,
            exit_row: entry_row + 2,
            duration: 1,
            side: if entry_row.is_multiple_of(2) { 1.0 } else { -1.0 },
            units: 1.0,
            entry_price: 100.0,
            exit_price: 100.0 + pnl,
            entry_raw: 100.0,
            exit_raw: 100.0 + pnl,
            pnl,
            pnl_frac: pnl / 100.0,
            costs: 0.0,
            mae_frac: mae,
            mfe_frac: 0.0,
            strength: f64::NAN,
            reason: Some(reason.into()),
            is_undecided: false,
        }
    }

    #[test]
    fn exits_are_told_by_reason() {
        let trades = [trade(0, 5.0, 0.0, "target"), trade(3, -2.0, 0.1, "stop"), trade(8, 1.0, 0.0, "target")];
        let rows = exits(&trades);
        assert_eq!((rows[0].reason.as_str(), rows[0].n, rows[0].n_won, rows[0].pnl), ("target", 2, 2, 6.0));
        assert_eq!((rows[1].n_won, rows[1].mean_bars), (0, 2.0));
        assert!((rows[0].mean_frac - 0.03).abs() < 1e-15);
        assert_eq!(best_first(&trades), [0, 2, 1]);
        assert_eq!(words("CappedByLeverage"), "capped by leverage");
    }

    #[test]
    fn refusals_are_told_by_reason_and_side() {
        let one = |side, why| Refused { line: 0, row: 0, side, why };
        let all = [one(1.0, Refusal::Gate), one(-1.0, Refusal::CappedByLimit), one(-1.0, Refusal::CappedByLimit)];
        let rows = refusals(&all);
        assert_eq!((rows[0].reason.as_str(), rows[0].n_long, rows[0].n_short), ("capped by limit", 0, 2));
        assert_eq!((rows[1].reason.as_str(), rows[1].n_long, rows[1].n_short), ("gate", 1, 0));
    }

    #[test]
    fn marks_stand_by_side_and_within_the_bars() {
        let mut trades = vec![trade(10, 1.0, 0.0, "x"), trade(13, 1.0, 0.0, "x"), trade(98, 1.0, 0.0, "x")];
        trades[1].exit_time = None;
        let marks = Marks::of(&trades, 10, 90);
        assert_eq!((marks.long_entries.at.as_slice(), marks.long_exits.at.as_slice()), (&[0, 88][..], &[2][..]));
        assert_eq!((marks.short_entries.at.as_slice(), marks.short_exits.at.len(), marks.n_drawn()), (&[3][..], 0, 4));
    }

    #[test]
    fn many_dots_share_places_and_the_farthest_stay() {
        let few = Excursions::of(&[trade(0, 1.0, 0.1, "x"), trade(0, -1.0, 0.3, "x"), trade(0, 2.0, 0.4, "x")]);
        assert_eq!((few.n, few.won.len(), few.won_within_half_of_lost), (3, 2, Some(0.5)));
        assert_eq!(few.medians, (Some(0.25), Some(0.3)));
        // What came to nothing has not won.
        assert_eq!(Excursions::of(&[trade(0, 0.0, 0.1, "x")]).lost.len(), 1);
        let mut trades: Vec<Trade> =
            (0..50_000).map(|i| trade(0, f64::from(i % 101) - 50.0, f64::from(i % 17) / 17.0, "x")).collect();
        trades.push(trade(0, 9999.0, 0.5, "x"));
        let many = Excursions::of(&trades);
        assert_eq!(many.n, 50_001);
        assert!(many.won.contains(&(0.5, 99.99)) && many.won.len() + many.lost.len() < 2000);
    }
}
