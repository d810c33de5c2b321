//! In what the data of two sides differ: the market itself, its bars, columns, masks, spreads, and symbols that are read.
//!
//! Rows are compared where both have them, by when they open. Of two symbols, or two timeframes, it is told that they are
//! two, and which bars only one has; that their prices differ goes without saying.

use std::collections::BTreeSet;

use qe_core::columns::Column;
use qe_core::time::Timestamp;
use serde_json::Value;

use super::changed::{Changed, Place};
use super::pairs::{is_same, pairs};
use super::peers;
use crate::error::Result;
use crate::market::Market;

/// The fields in which two markets differ; `reads` are the other symbols that one of the two runs reads, and `compares` whether
/// one of them compares symbols.
pub(super) fn of_markets(a: &Market, b: &Market, reads: &BTreeSet<String>, compares: bool) -> Result<Vec<Changed>> {
    let mut out = Vec::new();
    let mut field = |name: &str, a: String, b: String| {
        if a != b {
            out.push(Changed::new(format!("data.{name}"), a, b));
        }
    };
    field("symbol", a.symbol().into(), b.symbol().into());
    field("timeframe", a.timeframe().to_string(), b.timeframe().to_string());
    field("multiplier", a.multiplier().to_string(), b.multiplier().to_string());
    if a.calendar() != b.calendar() {
        let text = |m: &Market| serde_json::to_value(m.calendar()).unwrap_or(Value::Null);
        out.push(Changed::new("data.calendar", text(a), text(b)));
    }
    let is_one = a.symbol() == b.symbol() && a.timeframe() == b.timeframe();
    let is_bare = |m: &Market| m.symbols().names().next().is_none() && !(compares && m.peers().is_some());
    if is_one && is_bare(a) && is_bare(b) && a.id()? == b.id()? && first_row(a) == first_row(b) {
        return Ok(out);
    }
    let name = if is_one { format!("data.{}", a.symbol()) } else { "data".to_owned() };
    bars(&name, a, b, &mut out);
    if is_one {
        columns(&name, a, b, &mut out);
        beside(&name, a, b, &mut out);
    }
    for symbol in reads.iter().filter(|s| s.as_str() != a.symbol() || !is_one) {
        let name = format!("data.{symbol}");
        of_another(&name, a.of_symbol(symbol), b.of_symbol(symbol), &mut out);
    }
    if compares {
        let known = |symbol: &str| is_one && (symbol == a.symbol() || reads.contains(symbol));
        peers::of_markets(a, b, known, &mut out);
    }
    Ok(out)
}

/// In what the data of another symbol differ.
pub(super) fn of_another(name: &str, a: Option<&Market>, b: Option<&Market>, out: &mut Vec<Changed>) {
    match (a, b) {
        (Some(x), Some(y)) => {
            if x.timeframe() != y.timeframe() {
                let field = format!("{name}.timeframe");
                out.push(Changed::new(field, x.timeframe().to_string(), y.timeframe().to_string()));
            }
            bars(name, x, y, out);
            columns(name, x, y, out);
        }
        (None, None) => {}
        (x, _) => {
            let there = |is: bool| if is { Value::from("there") } else { Value::Null };
            out.push(Changed::new(name, there(x.is_some()), there(x.is_none())));
        }
    }
}

fn first_row(market: &Market) -> u64 {
    market.columns().first_row()
}

/// Which bars only one has, and the number of the first.
fn bars(name: &str, a: &Market, b: &Market, out: &mut Vec<Changed>) {
    let (x, y) = (a.columns().axis(), b.columns().axis());
    let (mut alone, mut first) = ([0_u64; 2], None);
    for pair in pairs(x.open(), y.open()) {
        match pair {
            (Some(_), Some(_)) => continue,
            (Some(_), _) => alone[0] += 1,
            (None, _) => alone[1] += 1,
        }
        first = first.or(Some(place(a, b, pair)));
    }
    let text = |n: usize, alone: u64| format!("{n} bars, {alone} of them here alone");
    if let Some(first) = first {
        let changed = Changed::new(format!("{name}.bars"), text(a.len(), alone[0]), text(b.len(), alone[1]));
        out.push(changed.in_rows(first, alone[0] + alone[1]));
    }
    if first_row(a) != first_row(b) {
        out.push(Changed::new(format!("{name}.first_row"), first_row(a), first_row(b)));
    }
}

/// A pair of rows as a place.
fn place(a: &Market, b: &Market, (row_a, row_b): (Option<usize>, Option<usize>)) -> Place {
    let opens = |m: &Market, row: Option<usize>| row.and_then(|row| m.columns().axis().open().get(row)).copied();
    let time = opens(a, row_a).or_else(|| opens(b, row_b)).unwrap_or(i64::MAX);
    Place { time: Timestamp(time), row_a: row_a.map(|row| row as u64), row_b: row_b.map(|row| row as u64) }
}

/// Which values differ in rows that both have.
fn columns(name: &str, a: &Market, b: &Market, out: &mut Vec<Changed>) {
    let (x, y) = (a.columns(), b.columns());
    let mut names: Vec<&str> = x.names().collect();
    names.extend(y.names().filter(|name| x.index_of(name).is_none()));
    let stored = |column: &Column| match column {
        Column::F32(_) => "stored as f32",
        Column::F64(_) => "stored as f64",
    };
    for column in names {
        let field = format!("{name}.{column}");
        match (x.get(column), y.get(column)) {
            (Ok(v), Ok(w)) if stored(v) != stored(w) => out.push(Changed::new(field, stored(v), stored(w))),
            (Ok(v), Ok(w)) => rows(field, a, b, |i| v.value(i), |k| w.value(k), out),
            (v, _) => {
                let there = |is: bool| if is { Value::from("a column") } else { Value::Null };
                out.push(Changed::new(field, there(v.is_ok()), there(v.is_err())));
            }
        }
    }
    let times = |m: &Market| m.columns().axis().available().to_vec();
    let (of_a, of_b) = (times(a), times(b));
    let (mut n, mut first) = (0, None);
    for (i, k) in both(a, b) {
        if of_a[i] != of_b[k] {
            n += 1;
            first = first.or(Some((i, k)));
        }
    }
    if let Some((i, k)) = first {
        let text = |time: i64| Timestamp(time).to_string();
        let changed = Changed::new(format!("{name}.available"), text(of_a[i]), text(of_b[k]));
        out.push(changed.in_rows(place(a, b, (Some(i), Some(k))), n));
    }
}

/// The rows that both have.
fn both<'a>(a: &'a Market, b: &'a Market) -> impl Iterator<Item = (usize, usize)> + use<'a> {
    pairs(a.columns().axis().open(), b.columns().axis().open()).filter_map(|(i, k)| Some((i?, k?)))
}

/// In how many of the rows that both have a number differs.
fn rows(
    field: String,
    a: &Market,
    b: &Market,
    of_a: impl Fn(usize) -> f64,
    of_b: impl Fn(usize) -> f64,
    out: &mut Vec<Changed>,
) {
    let (mut n, mut first) = (0, None);
    for (i, k) in both(a, b) {
        if !is_same(of_a(i), of_b(k)) {
            n += 1;
            first = first.or(Some((i, k)));
        }
    }
    if let Some((i, k)) = first {
        let text = |x: f64| if x.is_nan() { Value::from("missing") } else { Value::from(x) };
        let changed = Changed::new(field, text(of_a(i)), text(of_b(k)));
        out.push(changed.in_rows(place(a, b, (Some(i), Some(k))), n));
    }
}

/// What the market was given beside its bars: masks, spreads, bars of a lower timeframe.
fn beside(name: &str, a: &Market, b: &Market, out: &mut Vec<Changed>) {
    let (x, y) = (a.masks(), b.masks());
    let masks = [
        ("tradable", &x.tradable, &y.tradable, true),
        ("borrowable", &x.borrowable, &y.borrowable, true),
        ("corporate_action", &x.corporate_action, &y.corporate_action, false),
    ];
    for (mask, of_a, of_b, free) in masks {
        let at = |mask: &[bool], row: usize| f64::from(u8::from(mask.get(row).copied().unwrap_or(free)));
        rows(format!("{name}.masks.{mask}"), a, b, |i| at(of_a, i), |k| at(of_b, k), out);
    }
    let spread = |m: &Market, row: usize| m.spread().and_then(|x| x.get(row)).copied().unwrap_or(f64::NAN);
    rows(format!("{name}.spread"), a, b, |i| spread(a, i), |k| spread(b, k), out);
    let (x, y) = (a.fine_parts(), b.fine_parts());
    if x.is_none() && y.is_none() {
        return;
    }
    let n = |parts: &Option<_>, n: usize| if parts.is_some() { Value::from(n) } else { Value::Null };
    let (n_a, n_b) = (x.as_ref().map_or(0, |p| p.available.len()), y.as_ref().map_or(0, |p| p.available.len()));
    let is_alike = match (&x, &y) {
        (Some(x), Some(y)) => {
            let mut prices = x.prices.iter().flatten().zip(y.prices.iter().flatten());
            x.available == y.available && x.rows == y.rows && prices.all(|(p, q)| is_same(*p, *q))
        }
        _ => false,
    };
    if !is_alike {
        out.push(Changed::new(format!("{name}.detail"), n(&x, n_a), n(&y, n_b)));
    }
}
