//! A run's trades, fills and worth as CSV, one row each. What is missing is an empty field; times are UTC.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail};
use qe_core::time::Timestamp;
use qe_data::frame::check_savable;
use qe_engine::ledger::{Cause, Fills};
use qe_engine::market::Market;
use qe_engine::portfolio::PortfolioReport;
use qe_engine::results::{Values, trade_log};
use qe_engine::run::Report;

/// Fails where [`write`] cannot but fail: to be asked before a long computation.
pub(crate) fn check(path: &Path) -> Result<()> {
    if !path.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv")) {
        bail!("{}: it is written as CSV; end its name with .csv", path.display());
    }
    Ok(check_savable(path)?)
}

fn number(x: f64) -> String {
    if x.is_nan() { String::new() } else { x.to_string() }
}

fn time(at: i64) -> String {
    Timestamp(at).to_string()
}

/// A text as a field.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

fn lines(header: &str, rows: impl Iterator<Item = Vec<String>>) -> String {
    rows.fold(format!("{header}\n"), |mut text, row| {
        let _ = writeln!(text, "{}", row.join(","));
        text
    })
}

/// Round trips, the open one last: the columns of a stored trade log.
pub(crate) fn trades(report: &Report) -> Result<String> {
    let table = trade_log(&report.trades)?;
    let names: Vec<&str> = table.columns().iter().map(|c| c.name.as_str()).collect();
    let row = |i: usize| table.columns().iter().map(|c| field(&c.values, i)).collect();
    Ok(lines(&names.join(","), (0..table.len()).map(row)))
}

/// A value of a table.
fn field(values: &Values, row: usize) -> String {
    let some = match values {
        Values::Bool(x) => x[row].map(|v| v.to_string()),
        Values::Int(x) => x[row].map(|v| v.to_string()),
        Values::UInt(x) => x[row].map(|v| v.to_string()),
        Values::Float(x) => x[row].map(number),
        Values::Text(x) => x[row].as_deref().map(quoted),
        Values::Time(x) => x[row].map(time),
    };
    some.unwrap_or_default()
}

/// Why a fill happened, in a word of the strategy.
fn cause(cause: Cause, reasons: &[Arc<str>]) -> String {
    match cause {
        Cause::Entry => "entry".to_owned(),
        Cause::Exit(reason) => reasons.get(usize::from(reason)).map_or_else(|| "exit".to_owned(), ToString::to_string),
        Cause::Opposite => "opposite".to_owned(),
        Cause::SessionEnd => "session_end".to_owned(),
        Cause::SessionMissed => "session_missed".to_owned(),
        Cause::Weight => "weight".to_owned(),
        Cause::Close => "close".to_owned(),
        Cause::Stop => "stop".to_owned(),
        Cause::Target => "target".to_owned(),
        Cause::Trail => "trail".to_owned(),
        Cause::MarginCall => "margin_call".to_owned(),
    }
}

/// Fills, in the order in which they happened.
pub(crate) fn fills(report: &Report, reasons: &[Arc<str>]) -> String {
    let header = "time,row,signal_row,at,units,raw,price,fee,cash,held,cause,is_ambiguous";
    let f: &Fills = &report.ledger.fills;
    let at = |phase: u8| ["open", "within", "close"].get(usize::from(phase)).copied().unwrap_or_default().to_owned();
    let row = |i: usize| {
        let mut row = vec![time(f.time[i]), f.row[i].to_string(), f.signal_row[i].to_string(), at(f.phase[i])];
        row.extend([f.units[i], f.raw[i], f.price[i], f.fee[i], f.cash[i], f.held[i]].map(number));
        row.extend([quoted(&cause(f.cause[i], reasons)), f.is_ambiguous[i].to_string()]);
        row
    };
    lines(header, (0..f.len()).map(row))
}

/// Fills of several sleeves, in the order in which they happened, each with its sleeve.
pub(crate) fn fills_of_sleeves(report: &PortfolioReport) -> String {
    let header = "time,strategy,symbol,order,units,raw,price,fee,cash,held,cause";
    let f: &Fills = &report.broker.ledger.fills;
    let row = |i: usize| {
        let sleeve = &report.sleeves[f.line[i] as usize];
        let mut row = vec![time(f.time[i]), quoted(&sleeve.strategy), quoted(&sleeve.symbol)];
        row.push(report.broker.fill_orders[i].0.to_string());
        row.extend([f.units[i], f.raw[i], f.price[i], f.fee[i], f.cash[i], f.held[i]].map(number));
        row.push(quoted(&cause(f.cause[i], &report.broker.reasons)));
        row
    };
    lines(header, (0..f.len()).map(row))
}

/// Worth and cash at every instant at which some bar was complete.
pub(crate) fn worth(report: &PortfolioReport) -> String {
    let broker = &report.broker;
    let from = broker.times.partition_point(|t| *t <= report.begin.nanos());
    let row = |i: usize| vec![time(broker.times[i]), number(broker.worth[i]), number(broker.cash[i])];
    lines("time,equity,cash", (from..broker.times.len()).map(row))
}

/// What each sleeve won on each day.
pub(crate) fn attribution(report: &PortfolioReport) -> String {
    let attribution = &report.attribution;
    let names = report.sleeves.iter().map(|s| quoted(&format!("{} by {}", s.symbol, s.strategy)));
    let header = std::iter::once("day".to_owned()).chain(names).collect::<Vec<_>>().join(",");
    let row = |d: usize| {
        let won = attribution.day(d).iter().map(|x| number(*x));
        std::iter::once(attribution.days[d].to_string()).chain(won).collect()
    };
    lines(&header, (0..attribution.days.len()).map(row))
}

/// Worth at each close.
pub(crate) fn equity(report: &Report, market: &Market) -> String {
    let (curve, axis) = (&report.curve, market.columns().axis());
    let row = |(i, row): (usize, usize)| {
        let mut out = vec![time(axis.open()[row]), time(axis.available()[row])];
        out.extend([curve.equity[i], curve.cash[i], curve.units[i]].map(number));
        out
    };
    lines("ts,available,equity,cash,units", curve.rows.clone().enumerate().map(row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_keeps_its_commas_and_a_missing_number_is_empty() {
        assert_eq!(quoted("trend over"), "trend over");
        assert_eq!(quoted("a, \"b\""), "\"a, \"\"b\"\"\"");
        assert_eq!((number(f64::NAN), number(0.1), number(-2.0)), (String::new(), "0.1".into(), "-2".into()));
        assert_eq!(cause(Cause::Exit(1), &["a".into(), "b".into()]), "b");
    }
}
