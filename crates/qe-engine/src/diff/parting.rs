//! Where two runs part: the first bar at which the data, what is scored, the signal, an order, a fill, a cost, the position
//! or worth are not the same, in the order in which one causes the next.
//!
//! Bars are paired by when they open; those of two timeframes by when they are complete. Orders and fills are compared one
//! after the other, whatever their bars. Everything stands at the time at which it was known, a bar of the data at its opening.

use std::sync::Arc;

use qe_core::time::Timestamp;

use super::cause::Cause;
use super::changed::{Changed, Place};
use super::pairs::{is_same, pairs};
use super::seen::{Parting, Seen, SeenFill, What, word};
use super::{Made, cause};
use crate::error::Result;
use crate::fills::At;
use crate::ledger::{self, Refusal};
use crate::run::plan_of;

/// One side, as it is looked at.
struct Look<'a> {
    made: &'a Made<'a>,
    reasons: Vec<Arc<str>>,
    /// What each scored row cost.
    cost: Vec<f64>,
    /// What pairs the rows of the two.
    keys: &'a [i64],
}

impl<'a> Look<'a> {
    fn of(made: &'a Made<'a>, by_open: bool) -> Result<Self> {
        let side = made.side;
        let axis = side.market.columns().axis();
        let plan = plan_of(side.spec, side.market, side.options)?;
        let keys = if by_open { axis.open() } else { axis.available() };
        Ok(Self { made, reasons: plan.reasons, cost: side.report.cost_by_row(), keys })
    }

    fn known(&self, row: usize) -> i64 {
        self.made.side.market.columns().axis().available().get(row).copied().unwrap_or(i64::MAX)
    }

    fn opens(&self, row: usize) -> i64 {
        self.made.side.market.columns().axis().open().get(row).copied().unwrap_or(i64::MAX)
    }

    fn is_scored(&self, row: usize) -> bool {
        self.made.side.report.curve.rows.contains(&row)
    }

    /// The row that has the key of a row of the other side.
    fn row_like(&self, other: &Look<'_>, row: usize) -> Option<u64> {
        let key = other.keys.get(row)?;
        self.keys.binary_search(key).ok().map(|row| row as u64)
    }

    /// A number of each scored row, in a row of the market.
    fn scored(&self, values: &[f64], row: usize) -> f64 {
        let first = self.made.side.report.curve.rows.start;
        row.checked_sub(first).and_then(|i| values.get(i)).copied().unwrap_or(f64::NAN)
    }

    fn fill(&self, i: usize) -> Option<(i64, usize, SeenFill)> {
        let f = &self.made.side.report.ledger.fills;
        let cause = match *f.cause.get(i)? {
            ledger::Cause::Exit(reason) => self.reasons.get(usize::from(reason)).map(ToString::to_string),
            other => Some(word(&other)),
        };
        let cause = cause.unwrap_or_else(|| "exit".to_owned());
        let seen =
            SeenFill { units: f.units[i], raw: f.raw[i], price: f.price[i], fee: f.fee[i], cause, phase: f.phase[i] };
        Some((f.time[i], f.row[i] as usize, seen))
    }

    fn refused(&self, i: usize) -> Option<(i64, usize, Seen)> {
        let refused = self.made.side.report.ledger.refused.get(i)?;
        let row = refused.row as usize;
        // What is cut or forbidden at a fill is known with it; all else when the bar is complete.
        let is_of_fill = matches!(
            refused.why,
            Refusal::Blocked
                | Refusal::CappedByLimit
                | Refusal::CappedByLeverage
                | Refusal::RoundedToLot
                | Refusal::NotBorrowable
                | Refusal::CorporateAction
                | Refusal::NoCostInput
        );
        let time = match is_of_fill && self.made.settings.fill.at == At::Open {
            true => self.opens(row),
            false => self.known(row),
        };
        Some((time, row, Seen::Refused { side: refused.side, why: refused.why }))
    }
}

/// The first place of each respect in which two runs part, in the order of time, and of causes within one instant.
pub(super) fn of_runs(a: &Made<'_>, b: &Made<'_>, data: &[Changed]) -> Result<Vec<Parting>> {
    let by_open = a.side.market.timeframe() == b.side.market.timeframe();
    let (x, mut y) = (Look::of(a, by_open)?, Look::of(b, by_open)?);
    // Of the same rules the names of exits are no part.
    if a.rules == b.rules && x.reasons.len() == y.reasons.len() {
        y.reasons.clone_from(&x.reasons);
    }
    let mut out: Vec<Parting> = Vec::new();
    out.extend(of_data(data, &x, &y));
    let mut first: [Option<Parting>; 5] = Default::default();
    for pair in pairs(x.keys, y.keys) {
        let (Some(i), Some(k)) = pair else { continue };
        let mut found = |at: usize, what: What, a: Seen, b: Seen| {
            if first[at].is_none() {
                let place =
                    Place { time: Timestamp(x.known(i).max(y.known(k))), row_a: Some(i as u64), row_b: Some(k as u64) };
                first[at] = Some(Parting { what, place, a, b });
            }
        };
        let text = |is: bool| Seen::Text(if is { "scored" } else { "not scored" }.to_owned());
        match (x.is_scored(i), y.is_scored(k)) {
            (false, false) => continue,
            (true, true) => {}
            (of_a, of_b) => {
                found(0, What::Scored, text(of_a), text(of_b));
                continue;
            }
        }
        let (of_a, of_b) = (a.side.report, b.side.report);
        let signal = |signal: &[f64], row: usize| signal.get(row).copied().unwrap_or(0.0);
        let numbers = [
            (What::Signal, signal(&of_a.signal, i), signal(&of_b.signal, k)),
            (What::Cost, x.scored(&x.cost, i), y.scored(&y.cost, k)),
            (What::Position, x.scored(&of_a.curve.units, i), y.scored(&of_b.curve.units, k)),
            (What::Equity, x.scored(&of_a.curve.equity, i), y.scored(&of_b.curve.equity, k)),
        ];
        for (at, (what, p, q)) in numbers.into_iter().enumerate() {
            if !is_same(p, q) {
                found(at + 1, what, Seen::Number(p), Seen::Number(q));
            }
        }
        if first[1..].iter().all(Option::is_some) {
            break;
        }
    }
    out.extend(first.into_iter().flatten());
    out.extend(in_turn(What::Order, &x, &y, Look::refused, |p, q| p == q));
    let fill = |look: &Look<'_>, i: usize| look.fill(i).map(|(time, row, fill)| (time, row, Seen::Fill(fill)));
    let is_alike = |p: &Seen, q: &Seen| match (p, q) {
        // What was paid beyond the market's price is a cost.
        (Seen::Fill(p), Seen::Fill(q)) => (p.units, p.raw, &p.cause, p.phase) == (q.units, q.raw, &q.cause, q.phase),
        _ => false,
    };
    out.extend(in_turn(What::Fill, &x, &y, fill, is_alike));
    out.sort_by_key(|p| (p.place.time, p.what));
    Ok(out)
}

/// Where the data part: the earliest value or bar, or where they begin, if they are of two symbols or timeframes.
fn of_data(data: &[Changed], x: &Look<'_>, y: &Look<'_>) -> Option<Parting> {
    if data.is_empty() {
        return None;
    }
    let text = |field: &str, value: &serde_json::Value| {
        let value = match value {
            serde_json::Value::Null => "none".to_owned(),
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Seen::Text(format!("{field} {value}"))
    };
    let is_whole = |c: &&Changed| c.first.is_none();
    let told = |c: &Changed, place: Place| Parting {
        what: What::Data,
        place,
        a: text(&c.field, &c.a),
        b: text(&c.field, &c.b),
    };
    if let Some(whole) = data.iter().find(is_whole) {
        let start = |look: &Look<'_>| look.made.side.report.curve.rows.start;
        let time = x.opens(start(x)).min(y.opens(start(y)));
        let at = |look: &Look<'_>| Some(start(look) as u64).filter(|_| look.opens(start(look)) == time);
        return Some(told(whole, Place { time: Timestamp(time), row_a: at(x), row_b: at(y) }));
    }
    let place = |c: &&Changed| c.first.map_or(Timestamp(i64::MAX), |p| p.time);
    let first = data.iter().min_by_key(place)?;
    Some(told(first, first.first?))
}

/// The first of two lists of what happened that is not alike.
fn in_turn<'a>(
    what: What,
    x: &Look<'a>,
    y: &Look<'a>,
    get: impl Fn(&Look<'a>, usize) -> Option<(i64, usize, Seen)>,
    is_alike: impl Fn(&Seen, &Seen) -> bool,
) -> Option<Parting> {
    let mut i = 0;
    loop {
        let (p, q) = (get(x, i), get(y, i));
        match (&p, &q) {
            (None, None) => return None,
            (Some(p), Some(q)) if p.0 == q.0 && is_alike(&p.2, &q.2) => i += 1,
            _ => {
                let time = p.as_ref().map_or(i64::MAX, |p| p.0).min(q.as_ref().map_or(i64::MAX, |q| q.0));
                // What comes later on one side is not there yet.
                let (p, q) = (p.filter(|p| p.0 == time), q.filter(|q| q.0 == time));
                let row = |own: &Option<(i64, usize, Seen)>,
                           look: &Look<'_>,
                           of_other: &Option<_>,
                           other: &Look<'_>| match (own, of_other) {
                    (Some(own), _) => Some(own.1 as u64),
                    (None, Some((_, row, _))) => look.row_like(other, *row),
                    _ => None,
                };
                let place = Place { time: Timestamp(time), row_a: row(&p, x, &q, y), row_b: row(&q, y, &p, x) };
                let seen = |p: Option<(i64, usize, Seen)>| p.map_or(Seen::Nothing, |p| p.2);
                return Some(Parting { what, place, a: seen(p), b: seen(q) });
            }
        }
    }
}

/// The data's own fields among all that differ.
pub(super) fn data_of(fields: &std::collections::BTreeMap<Cause, Vec<Changed>>) -> &[Changed] {
    fields.get(&cause::Cause::Data).map_or(&[], Vec::as_slice)
}
