//! Plans: many expressions computed at once, each distinct part of them once.
//!
//! A [`Graph`] shares equal parts and folds constants as it is built; a [`Plan`] is the part of it that some outputs need,
//! in an order and in buffers that are reused. [`Plan::eval`] runs it over columns in blocks that stay in cache,
//! [`Plan::stepper`] row by row as rows come in: the same loop, so the same bits.

mod graph;
mod machine;
mod mask;
pub mod scalar;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use qe_core::columns::{Columns, Shared};

pub use graph::{Graph, Id, MAX_INPUTS, Op, Ty};
pub use machine::Workspace;
use machine::{BLOCK, Machine, Program, View};
pub use mask::Mask;

use crate::error::{Error, Result};

/// An output of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// What it is called: its text, or the name that it was given.
    pub name: Arc<str>,
    /// What it gives.
    pub ty: Ty,
    /// How many rows at the beginning are missing on clean input.
    pub lookback: usize,
}

/// Expressions that are ready to be computed.
#[derive(Debug, Clone)]
pub struct Plan {
    graph: Graph,
    program: Program,
    columns: Arc<[Arc<str>]>,
    outputs: Vec<Output>,
    ids: Vec<Id>,
}

/// What a plan gave: a column or a condition for each output.
#[derive(Debug, Clone)]
pub struct Values {
    outputs: Vec<Value>,
}

/// What an output gave in a block of rows.
#[derive(Debug, Clone, Copy)]
pub enum Part<'a> {
    /// A number per row.
    Numbers(&'a [f64]),
    /// One number for all rows.
    Number(f64),
    /// A condition.
    Condition(&'a Mask),
}

/// What an output gave.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number per row, NaN where it is missing.
    Number(Vec<f64>),
    /// A condition.
    Condition(Mask),
}

impl Values {
    /// All outputs, in order.
    pub fn outputs(&self) -> &[Value] {
        &self.outputs
    }

    /// The numbers of an output; `None` if it is a condition, or there is none.
    pub fn number(&self, idx: usize) -> Option<&[f64]> {
        match self.outputs.get(idx) {
            Some(Value::Number(v)) => Some(v),
            _ => None,
        }
    }

    /// An output that is a condition; `None` if it is a number, or there is none.
    pub fn condition(&self, idx: usize) -> Option<&Mask> {
        match self.outputs.get(idx) {
            Some(Value::Condition(m)) => Some(m),
            _ => None,
        }
    }

    /// The outputs as they are, without copying.
    pub fn into_outputs(self) -> Vec<Value> {
        self.outputs
    }
}

impl Plan {
    /// The plan that computes some nodes of a graph, which reads columns of these names by their numbers.
    ///
    /// # Errors
    /// When the graph reads a column that has no name.
    pub fn new(
        graph: Graph,
        columns: impl Into<Arc<[Arc<str>]>>,
        outputs: impl IntoIterator<Item = (Arc<str>, Id)>,
    ) -> Result<Self> {
        let columns = columns.into();
        let (mut ids, mut described) = (Vec::new(), Vec::new());
        for (name, id) in outputs {
            ids.push(id);
            described.push(Output { name, ty: graph.ty(id), lookback: graph.lookback(id) });
        }
        let program = Program::new(&graph, &ids);
        if let Some(last) = program.columns().iter().find(|c| **c as usize >= columns.len()) {
            return Err(Error::Data {
                place: format!("column {last}"),
                reason: format!("the plan reads it, but only {} columns are named", columns.len()),
                mend: "name every column that the graph reads".into(),
            });
        }
        Ok(Self { graph, program, columns, outputs: described, ids })
    }

    /// The outputs, in order.
    pub fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// The columns that it reads, in the order in which [`Stepper::step`] wants their values.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = &str> {
        self.program.columns().iter().map(|&c| &*self.columns[c as usize])
    }

    /// How many rows at the beginning of some output are missing on clean input.
    pub fn lookback(&self) -> usize {
        self.outputs.iter().map(|o| o.lookback).max().unwrap_or(0)
    }

    /// How many distinct steps are taken for a block of rows.
    pub fn n_steps(&self) -> usize {
        self.program.n_steps()
    }

    /// Bytes that evaluation over so many rows takes beside its input: outputs and buffers, the memory of kernels apart.
    pub fn n_bytes(&self, n_rows: usize) -> usize {
        let output = |o: &Output| match o.ty {
            Ty::Num => n_rows * 8,
            Ty::Cond => n_rows.div_ceil(64) * 16,
        };
        self.outputs.iter().map(output).sum::<usize>() + self.program.n_bytes(BLOCK)
    }

    /// Computes all outputs over a table.
    ///
    /// # Errors
    /// When the table lacks a column that the plan reads.
    pub fn eval(&self, table: &Columns) -> Result<Values> {
        self.eval_in(table, &mut Workspace::new())
    }

    /// As [`Plan::eval`], in buffers that many plans can use one after the other.
    ///
    /// # Errors
    /// As [`Plan::eval`].
    pub fn eval_in(&self, table: &Columns, space: &mut Workspace) -> Result<Values> {
        let number = |o: &Output| match o.ty {
            Ty::Num => Value::Number(Vec::with_capacity(table.len())),
            Ty::Cond => Value::Condition(Mask::unknown(table.len())),
        };
        let mut outputs: Vec<Value> = self.outputs.iter().map(number).collect();
        self.each_block(table, space, |idx, rows, part| match (&mut outputs[idx], part) {
            (Value::Number(out), Part::Numbers(x)) => out.extend_from_slice(x),
            (Value::Number(out), Part::Number(x)) => out.resize(rows.end, x),
            (Value::Condition(out), Part::Condition(mask)) => out.put(rows.start, mask),
            _ => {}
        })?;
        Ok(Values { outputs })
    }

    /// Computes all outputs over a table block by block, and hands each part over before the next is made: nothing as
    /// long as the table is kept. `take` is told the output, its rows and their values.
    ///
    /// # Errors
    /// As [`Plan::eval`].
    pub fn each_block(
        &self,
        table: &Columns,
        space: &mut Workspace,
        mut take: impl FnMut(usize, Range<usize>, Part<'_>),
    ) -> Result<()> {
        let n = table.len();
        let shared: Vec<Shared<f64>> =
            self.program.columns().iter().map(|&c| self.column(table, c)).collect::<Result<_>>()?;
        let mut machine =
            Machine::new(&self.program, &self.graph, table.first_row(), BLOCK.min(n), std::mem::take(space));
        let mut part: Vec<&[f64]> = Vec::with_capacity(shared.len());
        for start in (0..n).step_by(BLOCK) {
            let rows = start..(start + BLOCK).min(n);
            part.clear();
            part.extend(shared.iter().map(|c| &c[rows.clone()]));
            machine.run(&self.program, &part, rows.len());
            for (idx, output) in self.outputs.iter().enumerate() {
                let values = match (output.ty, machine.condition(&self.program, idx)) {
                    (Ty::Cond, Some(mask)) => Part::Condition(mask),
                    _ => match machine.number(&self.program, idx, &part, rows.len()) {
                        View::Many(x) => Part::Numbers(x),
                        View::One(x) => Part::Number(x),
                    },
                };
                take(idx, rows.clone(), values);
            }
        }
        *space = machine.into_workspace();
        Ok(())
    }

    /// A column of a table by the plan's number: mostly it stands there under the same number.
    fn column(&self, table: &Columns, number: u32) -> Result<Shared<f64>> {
        let name = &self.columns[number as usize];
        let same = table.name_at(number as usize) == Some(&**name);
        let column = if same { table.at(number as usize) } else { None };
        Ok(match column {
            Some(column) => column.to_f64(),
            None => table.get(name)?.to_f64(),
        })
    }

    /// The plan with its memory, for rows as they come in, the first being row `first_row` of its data set.
    pub fn stepper(&self, first_row: u64) -> Stepper<'_> {
        let machine = Machine::new(&self.program, &self.graph, first_row, 1, Workspace::new());
        Stepper { plan: self, machine, out: vec![f64::NAN; self.outputs.len()] }
    }
}

/// A plan that takes row after row.
#[derive(Debug, Clone)]
pub struct Stepper<'p> {
    plan: &'p Plan,
    machine: Machine,
    out: Vec<f64>,
}

impl Stepper<'_> {
    /// Takes a row: a value for each of [`Plan::columns`], in order. All outputs come back, conditions as 1, 0 and NaN.
    /// `None` if the row has fewer values than the plan reads.
    pub fn step(&mut self, row: &[f64]) -> Option<&[f64]> {
        let program = &self.plan.program;
        if row.len() < program.columns().len() {
            return None;
        }
        const MANY: usize = 64;
        let mut few: [&[f64]; MANY] = [&[]; MANY];
        let columns: &[&[f64]] = if row.len() <= MANY {
            for (column, value) in few.iter_mut().zip(row) {
                *column = std::slice::from_ref(value);
            }
            &few[..row.len()]
        } else {
            &row.iter().map(std::slice::from_ref).collect::<Vec<_>>()
        };
        self.machine.run(program, columns, 1);
        for (idx, out) in self.out.iter_mut().enumerate() {
            *out = match self.machine.condition(program, idx) {
                Some(mask) => mask.get(0).map_or(f64::NAN, |v| f64::from(u8::from(v))),
                None => match self.machine.number(program, idx, columns, 1) {
                    View::Many(x) => x[0],
                    View::One(x) => x,
                },
            };
        }
        Some(&self.out)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let needed = self.needed();
        for i in (0..self.graph.len()).filter(|&i| needed[i]) {
            let id = Id(i as u32);
            let lookback = self.graph.lookback(id);
            write!(f, "%{i} = {}", self.graph.describe(id, &self.columns))?;
            if lookback > 0 {
                write!(f, "  # from row {lookback} on")?;
            }
            writeln!(f)?;
        }
        for (output, id) in self.outputs.iter().zip(&self.ids) {
            writeln!(f, "{} = %{}", output.name, id.idx())?;
        }
        Ok(())
    }
}

impl Plan {
    /// The nodes that some output needs.
    fn needed(&self) -> Vec<bool> {
        let mut needed = vec![false; self.graph.len()];
        self.ids.iter().for_each(|id| needed[id.idx()] = true);
        for i in (0..needed.len()).rev() {
            if needed[i] {
                self.graph.children(Id(i as u32)).iter().for_each(|c| needed[c.idx()] = true);
            }
        }
        needed
    }
}
