//! Other symbols in a plan: each has a plan of its own, whose outputs come to the host as columns.
//!
//! In every row of the host stands what was last known of the other symbol when the host's row was complete, so nothing of
//! an unfinished bar is seen. [`Plan::with_symbols`] adds those columns to a table; a panel has them by itself, and a
//! [`Stepper`] takes the other symbol's rows as they come.

use std::sync::Arc;

use qe_core::columns::{Column, Columns, Shared};
use qe_core::error::nearest;
use qe_core::panel::Panel;
use qe_data::asof::{AsOf, asof};

use super::machine::Source;
use super::row::RowMachine;
use super::{Plan, Stepper, Value, Values};
use crate::error::{Error, Result};

/// What a plan reads of another symbol.
#[derive(Debug, Clone)]
pub(crate) struct Other {
    pub(crate) symbol: Arc<str>,
    pub(crate) plan: Plan,
    /// The number of the host's column that each output comes to.
    pub(crate) columns: Vec<u32>,
}

/// The host's own columns, and those that other symbols come to, by their numbers.
pub(super) fn all_columns(own: Arc<[Arc<str>]>, others: &[Other]) -> Arc<[Arc<str>]> {
    if others.is_empty() {
        return own;
    }
    let n: usize = others.iter().map(|o| o.columns.len()).sum();
    let mut all: Vec<Arc<str>> = own.iter().cloned().chain(std::iter::repeat_n(Arc::from(""), n)).collect();
    for (column, output) in others.iter().flat_map(|o| o.columns.iter().zip(o.plan.outputs())) {
        all[*column as usize] = output.name.clone();
    }
    all.into()
}

impl Plan {
    /// The other symbols that it reads.
    pub fn symbols(&self) -> impl Iterator<Item = &str> {
        self.others.iter().map(|o| &*o.symbol)
    }

    /// The columns that it reads of other symbols, by the names that [`Plan::with_symbols`] gives them.
    pub fn columns_of_symbols(&self) -> impl Iterator<Item = &str> {
        let read = |c: &u32| self.program.columns().contains(&Source::Column(*c));
        self.others.iter().flat_map(|o| o.columns.iter()).filter(move |c| read(c)).map(|c| &*self.columns[*c as usize])
    }

    /// What it computes over the rows of another symbol; `None` if it reads nothing of it. Its outputs are the columns that
    /// [`Plan::with_symbols`] adds, by their names.
    pub fn of_symbol(&self, symbol: &str) -> Option<&Self> {
        self.others.iter().find(|o| *o.symbol == *symbol).map(|o| &o.plan)
    }

    /// The table with what the plan reads of other symbols as further columns. `tables` are the other symbols' rows; each
    /// row of the table sees the last of them that was complete when it was.
    ///
    /// # Errors
    /// When a symbol that is read is not given, or lacks a column.
    pub fn with_symbols(&self, table: &Columns, tables: &[(&str, &Columns)]) -> Result<Columns> {
        let mut out = table.clone();
        for other in self.others.iter() {
            let Some((_, rows)) = tables.iter().find(|(name, _)| **name == *other.symbol) else {
                return Err(self.lacks_symbol(&other.symbol, tables.iter().map(|(name, _)| *name)));
            };
            let mut slow = Columns::new(rows.axis().clone());
            for (output, values) in other.plan.outputs().iter().zip(other.values(rows)?) {
                slow.push(output.name.clone(), Column::from(values))?;
            }
            let joined =
                asof(&Columns::new(table.axis().clone()), &slow, &AsOf::default()).map_err(|e| Error::Data {
                    place: format!("symbol {}", other.symbol),
                    reason: e.to_string(),
                    mend: "give its rows in order of time".into(),
                })?;
            for output in other.plan.outputs() {
                out.push(output.name.clone(), joined.get(&output.name)?.clone())?;
            }
        }
        Ok(out)
    }

    /// What it reads of other symbols over the times of a panel, by the numbers of its columns.
    pub(super) fn symbols_of_panel(&self, panel: &Panel) -> Result<Vec<(u32, Shared<f64>)>> {
        let mut columns = Vec::new();
        for other in self.others.iter() {
            if panel.index_of(&other.symbol).is_err() {
                return Err(self.lacks_symbol(&other.symbol, panel.symbols().iter().map(String::as_str)));
            }
            let values = other.values(&panel.columns_of(&other.symbol)?)?;
            columns.extend(other.columns.iter().copied().zip(values.into_iter().map(Shared::from)));
        }
        Ok(columns)
    }

    fn lacks_symbol<'n>(&self, symbol: &str, there: impl Iterator<Item = &'n str>) -> Error {
        let there: Vec<&str> = there.collect();
        let mend = match nearest(symbol, there.iter().copied()) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("give its rows; there are {} other symbols", there.len()),
        };
        Error::Data {
            place: format!("symbol {symbol:?}"),
            reason: "the plan reads it, and it is not there".into(),
            mend,
        }
    }
}

impl Other {
    /// All outputs over the symbol's rows, conditions as 1, 0 and NaN.
    fn values(&self, rows: &Columns) -> Result<Vec<Vec<f64>>> {
        let number = |value: Value| match value {
            Value::Number(v) => v,
            Value::Condition(mask) => {
                let mut out = vec![f64::NAN; mask.len()];
                mask.to_numbers(&mut out);
                out
            }
        };
        Ok(self.plan.eval(rows).map(Values::into_outputs)?.into_iter().map(number).collect())
    }
}

/// Another symbol in a stepper: its machine, and what was last known of it.
#[derive(Debug, Clone)]
pub(super) struct Live {
    machine: RowMachine,
    held: Vec<f64>,
}

impl Live {
    pub(super) fn new(other: &Other) -> Self {
        let plan = &other.plan;
        let machine = RowMachine::new(&plan.program, &plan.graph, 0);
        Self { machine, held: vec![f64::NAN; plan.outputs().len()] }
    }
}

impl Stepper<'_> {
    /// Takes a row of another symbol: values for the columns of [`Plan::of_symbol`], in order. What the host's rows read of
    /// it from now on is of this row, so of rows that are complete in the same instant, those of other symbols come first.
    /// `None` if the plan does not read the symbol, or the row has fewer values than it reads.
    pub fn step_symbol(&mut self, symbol: &str, open: i64, available: i64, row: &[f64]) -> Option<()> {
        let idx = self.plan.others.iter().position(|o| *o.symbol == *symbol)?;
        let (other, live) = (&self.plan.others[idx], &mut self.others[idx]);
        let mut values = row.iter();
        for (i, source) in other.plan.program.columns().iter().enumerate() {
            live.machine.columns_mut()[i] = match source {
                Source::Column(_) => *values.next()?,
                Source::Open => f64::from_bits(open as u64),
                Source::Available => f64::from_bits(available as u64),
            };
        }
        live.machine.step(&mut live.held);
        Some(())
    }

    /// What was last known of another symbol, by the number of the host's column.
    pub(super) fn known(&self, column: u32) -> f64 {
        let find = |(other, live): (&Other, &Live)| {
            other.columns.iter().position(|c| *c == column).and_then(|i| live.held.get(i).copied())
        };
        self.plan.others.iter().zip(&self.others).find_map(find).unwrap_or(f64::NAN)
    }
}
