//! What a pass tells, as columns: every row, or a row of metrics for each symbol.

use polars::prelude::*;
use qe_core::par::Pool;
use qe_data::frame::SYMBOL;

use super::engine::Told;
use super::rows::Rows;
use crate::metrics;
use crate::metrics::summary::Summary;
use crate::vector::{Row, Scored, Track};

/// A column of what a row came to.
pub(super) type Field = (&'static str, fn(&Row) -> f64);

/// The columns of the aligned frame, in order.
pub(super) const ALIGNED: [Field; 7] = [
    ("signal", |r| r.signal),
    ("position", |r| r.position),
    ("asset_return", |r| r.asset_return),
    ("gross_return", |r| r.gross_return),
    ("cost", |r| r.cost),
    ("net_return", |r| r.net_return),
    ("equity", |r| r.equity),
];

/// What stands beside them for a debugger.
pub(super) const INNER: [Field; 4] =
    [("units", |r| r.units), ("cash", |r| r.cash), ("turnover", |r| r.turnover), ("drawdown", |r| r.drawdown)];

/// What stands beside the metrics, under the names of [`results::schema`](crate::results::schema).
pub(super) const BESIDE: [&str; 4] = ["n_steps", "max_drawdown_bars", "final_equity", "is_ruined"];

/// A frame with the columns of every row added; rows before scoring begins are missing.
pub(super) fn aligned(df: &DataFrame, told: &Told, fields: &[Field]) -> PolarsResult<DataFrame> {
    let rows = Rows::of(df, &told.signal, told.has_open, told.has_ts)?;
    rows.ensure_sorted()?;
    let pool = pool(told)?;
    let n = df.height();
    // Symbol after symbol, each with its rows one after the other.
    let of_symbol = |i: usize| {
        let mut out: Vec<Vec<f64>> = fields.iter().map(|_| Vec::new()).collect();
        pass(&rows, i, told, &mut |row| {
            for (column, (_, of)) in out.iter_mut().zip(fields) {
                column.push(row.map_or(f64::NAN, of));
            }
        });
        out
    };
    let mut made = pool.map(rows.symbols.len(), of_symbol);
    let mut columns: Vec<Column> = Vec::with_capacity(fields.len());
    for (at, (name, _)) in fields.iter().enumerate() {
        let parts = made.iter_mut().map(|columns| std::mem::take(&mut columns[at]));
        let mut values = vec![f64::NAN; n];
        for (part, (_, stretches)) in parts.zip(&rows.symbols) {
            let mut from = 0;
            for stretch in stretches {
                let to = from + stretch.len();
                values[stretch.clone()].copy_from_slice(&part[from..to]);
                from = to;
            }
        }
        columns.push(Column::new((*name).into(), values));
    }
    let mut out = df.clone();
    for column in columns {
        out.with_column(column)?;
    }
    Ok(out)
}

/// A row of metrics for each symbol.
pub(super) fn metrics(df: &DataFrame, told: &Told) -> PolarsResult<DataFrame> {
    let rows = Rows::of(df, &told.signal, told.has_open, true)?;
    rows.ensure_sorted()?;
    let scored: Vec<(Scored, Summary)> = pool(told)?.map(rows.symbols.len(), |i| {
        let scored = pass(&rows, i, told, &mut |_| {});
        let capital = told.rule.capital;
        let daily = scored.daily(capital);
        let summary = Summary::of(&scored.performance(&daily, capital, told.years));
        (scored, summary)
    });
    let mut columns: Vec<Column> = Vec::with_capacity(metrics::ALL.len() + 5);
    if df.column(SYMBOL).is_ok() {
        columns
            .push(Column::new(SYMBOL.into(), rows.symbols.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>()));
    }
    for metric in metrics::ALL {
        let values: Vec<Option<f64>> = scored.iter().map(|(_, summary)| summary.get(metric.name)).collect();
        columns.push(Column::new(metric.name.into(), values));
    }
    let [n_steps, fall, equity, ruined] = BESIDE;
    columns.push(Column::new(n_steps.into(), scored.iter().map(|(s, _)| s.n_rows).collect::<Vec<u64>>()));
    columns.push(Column::new(fall.into(), scored.iter().map(|(s, _)| s.max_drawdown).collect::<Vec<f64>>()));
    columns.push(Column::new(equity.into(), scored.iter().map(|(s, _)| s.equity).collect::<Vec<f64>>()));
    columns.push(Column::new(ruined.into(), scored.iter().map(|(s, _)| s.is_ruined).collect::<Vec<bool>>()));
    DataFrame::new(scored.len(), columns)
}

/// Takes the rows of a symbol; each is told, as nothing where it is not scored.
fn pass(rows: &Rows, symbol: usize, told: &Told, tell: &mut impl FnMut(Option<&Row>)) -> Scored {
    let mut track = Track::new(&told.rule);
    let mut cursor = told.calendar.cursor();
    for stretch in &rows.symbols[symbol].1 {
        for row in stretch.clone() {
            let ts = rows.ts.as_ref().map(|ts| ts[row]);
            let close = rows.close[row];
            if let (Some(from), Some(ts)) = (told.eval_start, ts)
                && ts < from
            {
                track.pass(close);
                tell(None);
                continue;
            }
            let day = ts.map_or(0, |ts| cursor.day_of(ts).days());
            let open = rows.open.as_ref().map_or(f64::NAN, |open| open[row]);
            tell(Some(&track.take(day, open, close, rows.signal[row])));
        }
    }
    track.finish()
}

fn pool(told: &Told) -> PolarsResult<Pool> {
    Pool::new(told.threads).map_err(|e| polars_err!(ComputeError: "{}", e))
}
