//! The trade log as a table: a row per round trip, in the order of entries.

use super::table::{Cell, Column, Dtype, Table, Values};
use crate::error::Result;
use crate::trades::Trade;

/// The columns, in order.
const COLUMNS: [(&str, Dtype); 19] = [
    ("entry_time", Dtype::Time),
    ("exit_time", Dtype::Time),
    ("entry_row", Dtype::Int),
    ("exit_row", Dtype::Int),
    ("duration", Dtype::Int),
    ("side", Dtype::Int),
    ("units", Dtype::Float),
    ("entry_price", Dtype::Float),
    ("exit_price", Dtype::Float),
    ("entry_raw", Dtype::Float),
    ("exit_raw", Dtype::Float),
    ("pnl", Dtype::Float),
    ("pnl_frac", Dtype::Float),
    ("costs", Dtype::Float),
    ("mae_frac", Dtype::Float),
    ("mfe_frac", Dtype::Float),
    ("strength", Dtype::Float),
    ("reason", Dtype::Text),
    ("is_undecided", Dtype::Bool),
];

/// The trade log of a run. An open trade has no `exit_time` and no `reason`; a strength that nobody asked for is null.
///
/// # Errors
/// None that trades could cause: the columns are as many as there are trades.
pub fn trade_log(trades: &[Trade]) -> Result<Table> {
    let mut columns: Vec<(&str, Values)> = COLUMNS.map(|(name, dtype)| (name, Values::of(dtype))).into();
    for trade in trades {
        let cells = [
            Cell::Time(trade.entry_time),
            trade.exit_time.map_or(Cell::Null, Cell::Time),
            Cell::Int(trade.entry_row.into()),
            Cell::Int(trade.exit_row.into()),
            Cell::Int(trade.duration),
            Cell::Int(trade.side as i64),
            Cell::Float(trade.units),
            Cell::Float(trade.entry_price),
            Cell::Float(trade.exit_price),
            Cell::Float(trade.entry_raw),
            Cell::Float(trade.exit_raw),
            Cell::Float(trade.pnl),
            Cell::Float(trade.pnl_frac),
            Cell::Float(trade.costs),
            Cell::Float(trade.mae_frac),
            Cell::Float(trade.mfe_frac),
            Cell::Float(trade.strength),
            trade.reason.clone().map_or(Cell::Null, Cell::Text),
            Cell::Bool(trade.is_undecided),
        ];
        columns.iter_mut().zip(cells).for_each(|((_, values), cell)| values.push(cell));
    }
    Table::new(columns.into_iter().map(|(name, values)| Column { name: name.to_owned(), values }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_of_a_trade_is_a_column_of_its_name() {
        let trade = Trade {
            entry_time: 1_000,
            exit_time: None,
            entry_row: 3,
            exit_row: 9,
            duration: 7,
            side: -1.0,
            units: 2.5,
            entry_price: 99.0,
            exit_price: 101.0,
            entry_raw: 100.0,
            exit_raw: 100.5,
            pnl: -5.0,
            pnl_frac: -0.02,
            costs: 0.25,
            mae_frac: 0.03,
            mfe_frac: 0.0,
            strength: f64::NAN,
            reason: None,
            is_undecided: true,
        };
        // The names and their order are those of the struct as it is written.
        let written = serde_json::to_string(&trade).unwrap();
        let fields: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
        let mut at = 0;
        for name in &fields {
            let place = written[at..].find(&format!("\"{name}\":")).unwrap_or_else(|| panic!("{name}: {written}"));
            at += place;
        }
        assert_eq!(written.matches("\":").count(), fields.len());
        let table = trade_log(&[trade.clone(), Trade { exit_time: Some(1_007), strength: 0.5, ..trade }]).unwrap();
        assert_eq!(table.column("exit_time"), Some(&Values::Time(vec![None, Some(1_007)])));
        assert_eq!(table.column("side"), Some(&Values::Int(vec![Some(-1), Some(-1)])));
        assert_eq!(table.column("strength"), Some(&Values::Float(vec![None, Some(0.5)])));
        assert_eq!(table.column("reason").map(|v| v.is_null(0)), Some(true));
        assert_eq!(trade_log(&[]).unwrap().columns().len(), fields.len());
    }
}
