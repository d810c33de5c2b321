//! Other symbols in a plan: each has a plan of its own, whose outputs come to the host as columns.
//!
//! In every row of the host stands what was last known of the other symbol when the host's row was complete, so nothing of
//! an unfinished bar is seen. [`Plan::with_symbols`] adds those columns to a table; a panel has them by itself, and a
//! [`Stepper`] takes the other symbol's rows as they come.

use std::sync::Arc;

use qe_core::columns::{Axis, Columns, Shared};
use qe_core::error::nearest;
use qe_core::panel::Panel;
use qe_data::asof::{NO_ROW, asof_rows};

use super::program::{Program, Source};
use super::row::RowMachine;
use super::{Plan, Stepper, Value};
use crate::error::{Error, Result};
use crate::keep;

/// Whose rows something is computed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Whose {
    /// Another symbol's own.
    Symbol(Arc<str>),
    /// Those of all symbols of a panel, the host among them. A plan reads this of one other at most, and it stands last.
    All,
}

/// What a plan reads that is not in its own rows.
#[derive(Debug, Clone)]
pub(crate) struct Other {
    pub(crate) whose: Whose,
    pub(crate) plan: Plan,
    /// The number of the host's column that each output comes to.
    pub(crate) columns: Vec<u32>,
}

/// The host's own columns, and those that other symbols come to, by their numbers.
pub(super) fn all_columns(own: Arc<[Arc<str>]>, others: &[Other]) -> Arc<[Arc<str>]> {
    if others.is_empty() {
        return own;
    }
    let n = others.iter().flat_map(|o| &o.columns).map(|c| *c as usize + 1).fold(own.len(), usize::max);
    let mut all: Vec<Arc<str>> = own.iter().cloned().chain(std::iter::repeat(Arc::from(""))).take(n).collect();
    for (column, output) in others.iter().flat_map(|o| o.columns.iter().zip(o.plan.outputs())) {
        all[*column as usize] = output.name.clone();
    }
    all.into()
}

/// The others as far as a program reads them: what is folded away in the host is computed nowhere.
pub(super) fn only_read(others: Vec<Other>, program: &Program, n_columns: usize) -> Result<Arc<[Other]>> {
    if others.is_empty() {
        return Ok(others.into());
    }
    let mut is_read = vec![false; n_columns];
    for source in program.columns() {
        if let Source::Column(c) = source {
            is_read[*c as usize] = true;
        }
    }
    let mut read = Vec::with_capacity(others.len());
    for Other { whose, plan, columns } in others {
        if columns.iter().all(|c| is_read[*c as usize]) {
            read.push(Other { whose, plan, columns });
            continue;
        }
        let kept = || (0..columns.len()).filter(|&i| is_read[columns[i] as usize]);
        if kept().next().is_some() {
            let outputs = kept().map(|i| (plan.outputs[i].name.clone(), plan.ids[i]));
            let own = plan.columns[..plan.n_own].into();
            let plan = Plan::with_others(plan.graph.clone(), own, plan.others.to_vec(), outputs)?;
            read.push(Other { whose, plan, columns: kept().map(|i| columns[i]).collect() });
        }
    }
    Ok(read.into())
}

impl Plan {
    /// The other symbols that it reads.
    pub fn symbols(&self) -> impl Iterator<Item = &str> {
        self.of_symbols().map(|(symbol, _)| &**symbol)
    }

    /// What it reads of other symbols, in order.
    pub(super) fn of_symbols(&self) -> impl Iterator<Item = (&Arc<str>, &Other)> {
        self.others.iter().filter_map(Other::with_symbol)
    }

    /// The columns that it reads of other symbols, by the names that [`Plan::with_symbols`] gives them.
    pub fn columns_of_symbols(&self) -> impl Iterator<Item = &str> {
        self.of_symbols().flat_map(|(_, o)| o.columns.iter()).map(|c| &*self.columns[*c as usize])
    }

    /// What it computes over the rows of another symbol; `None` if it reads nothing of it. Its outputs are the columns that
    /// [`Plan::with_symbols`] adds, by their names.
    pub fn of_symbol(&self, symbol: &str) -> Option<&Self> {
        self.of_symbols().find(|(known, _)| ***known == *symbol).map(|(_, o)| &o.plan)
    }

    /// The table with what the plan reads of other symbols as further columns. `tables` are the other symbols' rows; each
    /// row of the table sees the last of them that was complete when it was.
    ///
    /// # Errors
    /// When a symbol that is read is not given, or lacks a column.
    pub fn with_symbols(&self, table: &Columns, tables: &[(&str, &Columns)]) -> Result<Columns> {
        let mut out = table.clone();
        for (symbol, other) in self.of_symbols() {
            let Some((_, rows)) = tables.iter().find(|(name, _)| **name == **symbol) else {
                return Err(self.lacks_symbol(symbol, tables.iter().map(|(name, _)| *name)));
            };
            for (output, values) in other.plan.outputs().iter().zip(other.joined(symbol, table.axis(), rows)?) {
                out.push(output.name.clone(), values)?;
            }
        }
        Ok(out)
    }

    /// What it reads of other symbols over the times of a panel, by the numbers of its columns.
    pub(super) fn symbols_of_panel(&self, panel: &Panel) -> Result<Vec<(u32, Shared<f64>)>> {
        let mut columns = Vec::new();
        for (symbol, other) in self.of_symbols() {
            let Ok(idx) = panel.index_of(symbol) else {
                return Err(self.lacks_symbol(symbol, panel.symbols().iter().map(String::as_str)));
            };
            let rows = present(&panel.columns_of(symbol)?, &panel.rows_of(idx))?;
            let values = other.joined(symbol, panel.axis(), &rows)?;
            columns.extend(other.columns.iter().copied().zip(values.into_iter().map(Shared::from)));
        }
        Ok(columns)
    }

    pub(super) fn lacks_symbol<'n>(&self, symbol: &str, there: impl Iterator<Item = &'n str>) -> Error {
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

/// The rows that a symbol of a panel has, of all the panel's times: [`Panel::rows_of`].
fn present(table: &Columns, rows: &[u64]) -> Result<Columns> {
    let rows: Vec<usize> = (0..table.len()).filter(|i| rows[i / 64] >> (i % 64) & 1 == 1).collect();
    if rows.len() == table.len() {
        return Ok(table.clone());
    }
    let pick = |times: &[i64]| rows.iter().map(|&i| times[i]).collect::<Vec<i64>>();
    let mut out = Columns::new(Axis::new(pick(table.axis().open()), pick(table.axis().available()))?);
    for (name, column) in table.iter() {
        let column = column.to_f64();
        out.push(name, rows.iter().map(|&i| column[i]).collect::<Vec<f64>>())?;
    }
    Ok(out)
}

impl Other {
    /// The symbol whose rows it is of, if it is of one.
    fn with_symbol(&self) -> Option<(&Arc<str>, &Self)> {
        match &self.whose {
            Whose::Symbol(symbol) => Some((symbol, self)),
            Whose::All => None,
        }
    }

    /// All outputs as they were known in each row of an axis.
    fn joined(&self, symbol: &str, axis: &Axis, rows: &Columns) -> Result<Vec<Vec<f64>>> {
        if rows.len() >= NO_ROW as usize {
            return Err(Error::Data {
                place: format!("symbol {symbol}"),
                reason: format!("{} rows are more than can be joined", rows.len()),
                mend: "give a shorter stretch at a time".into(),
            });
        }
        let mut last = vec![NO_ROW; axis.len()];
        asof_rows(axis.available(), rows.axis().available(), &mut last);
        let held =
            |values: Vec<f64>| last.iter().map(|row| values.get(*row as usize).copied().unwrap_or(f64::NAN)).collect();
        Ok(self.values(rows)?.into_iter().map(held).collect())
    }

    /// All outputs over the symbol's rows, conditions as 1, 0 and NaN.
    fn values(&self, rows: &Columns) -> Result<Vec<Vec<f64>>> {
        Ok(self.plan.eval(rows)?.into_outputs().into_iter().map(Value::into_numbers).collect())
    }
}

/// The other symbols in a stepper: a machine for each, and what was last known of them.
#[derive(Debug, Clone)]
pub(super) struct Live {
    /// The places of the symbols in the plan's list, by their names.
    by_name: Vec<u32>,
    /// For each symbol its machine, and where that writes its outputs.
    machines: Vec<(RowMachine, Vec<f64>)>,
    /// For each of the host's columns that are of other symbols, in order.
    held: Vec<f64>,
}

keep!(Live { machines, held } given { by_name });

impl Live {
    /// No rows of any of them; `n_columns` are the host's columns that are of other symbols.
    pub(super) fn new(others: &[Other], n_columns: usize) -> Self {
        let machine = |(_, o): (_, &Other)| (o.machine(0), vec![f64::NAN; o.plan.outputs().len()]);
        // What is of all symbols stands last, and has no machine here.
        let machines: Vec<_> = others.iter().filter_map(Other::with_symbol).map(machine).collect();
        let mut by_name: Vec<u32> = (0..machines.len() as u32).collect();
        by_name.sort_by_key(|&i| others[i as usize].with_symbol().map(|(symbol, _)| symbol));
        Self { by_name, machines, held: vec![f64::NAN; n_columns] }
    }

    /// Holds values of some of the columns, by their numbers among those of other symbols.
    pub(super) fn hold(&mut self, values: impl Iterator<Item = (usize, f64)>) {
        values.for_each(|(idx, value)| self.held[idx] = value);
    }

    /// What was last known, by the number among the columns of other symbols.
    pub(super) fn held(&self, idx: usize) -> f64 {
        self.held.get(idx).copied().unwrap_or(f64::NAN)
    }

    /// Takes a row of a symbol by its place in the plan's list: values for the columns that are read of it, in order.
    pub(super) fn step(
        &mut self,
        host: &Plan,
        idx: usize,
        [open, available]: [i64; 2],
        mut row: impl Iterator<Item = f64>,
    ) -> Option<()> {
        let other = &host.others[idx];
        let (machine, out) = &mut self.machines[idx];
        for (i, source) in other.plan.program.columns().iter().enumerate() {
            machine.columns_mut()[i] = match source {
                Source::Column(_) => row.next()?,
                Source::Open => f64::from_bits(open as u64),
                Source::Available => f64::from_bits(available as u64),
            };
        }
        machine.step(out);
        other.columns.iter().zip(out).for_each(|(c, value)| self.held[*c as usize - host.n_own] = *value);
        Some(())
    }

    fn place(&self, others: &[Other], symbol: &str) -> Option<usize> {
        let name = |i: u32| others[i as usize].with_symbol().map(|(name, _)| &**name);
        let found = self.by_name.binary_search_by(|&i| name(i).cmp(&Some(symbol))).ok()?;
        Some(self.by_name[found] as usize)
    }
}

impl Other {
    /// A machine whose first row is row `first_row` of the symbol's own rows.
    fn machine(&self, first_row: u64) -> RowMachine {
        RowMachine::new(&self.plan.program, &self.plan.graph, first_row)
    }
}

impl Stepper<'_> {
    /// Says that the rows of another symbol begin at row `first_row` of its data set, as [`Plan::stepper`] says it of the
    /// host's; they begin at row 0 otherwise. To be called before the first of them, since it forgets those that came.
    /// `None` if the plan does not read the symbol.
    pub fn begin_symbol(&mut self, symbol: &str, first_row: u64) -> Option<()> {
        let idx = self.others.place(&self.plan.others, symbol)?;
        let other = &self.plan.others[idx];
        self.others.machines[idx].0 = other.machine(first_row);
        other.columns.iter().for_each(|c| self.others.held[*c as usize - self.plan.n_own] = f64::NAN);
        Some(())
    }

    /// Takes a row of another symbol: values for the columns of [`Plan::of_symbol`], in order. What the host's rows read of
    /// it from now on is of this row, so of rows that are complete in the same instant, those of other symbols come first.
    /// `None` if the plan does not read the symbol, or the row has fewer values than it reads.
    pub fn step_symbol(&mut self, symbol: &str, open: i64, available: i64, row: &[f64]) -> Option<()> {
        let idx = self.others.place(&self.plan.others, symbol)?;
        self.others.step(self.plan, idx, [open, available], row.iter().copied())
    }
}
