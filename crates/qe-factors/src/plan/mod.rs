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
use std::sync::Arc;

use qe_core::columns::{Columns, Shared};

pub use graph::{Graph, Id, MAX_INPUTS, Op, Ty};
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
    columns: Vec<Arc<str>>,
    outputs: Vec<Output>,
    ids: Vec<Id>,
}

/// What a plan gave: a column or a condition for each output.
#[derive(Debug, Clone)]
pub struct Values {
    outputs: Vec<Value>,
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
    pub fn new(graph: Graph, columns: Vec<Arc<str>>, outputs: Vec<(Arc<str>, Id)>) -> Result<Self> {
        let ids: Vec<Id> = outputs.iter().map(|(_, id)| *id).collect();
        let program = Program::new(&graph, &ids);
        if program.n_columns() > columns.len() {
            return Err(Error::Data {
                place: format!("column {}", program.n_columns() - 1),
                reason: format!("the plan reads it, but only {} columns are named", columns.len()),
                mend: "name every column that the graph reads".into(),
            });
        }
        let output = |(name, id): (Arc<str>, Id)| Output { name, ty: graph.ty(id), lookback: graph.lookback(id) };
        let outputs = outputs.into_iter().map(output).collect();
        Ok(Self { graph, program, columns, outputs, ids })
    }

    /// The outputs, in order.
    pub fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// The columns that it may read, by number.
    pub fn columns(&self) -> &[Arc<str>] {
        &self.columns
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
        let shared: Vec<Shared<f64>> = self.columns[..self.program.n_columns()]
            .iter()
            .map(|name| Ok(table.get(name)?.to_f64()))
            .collect::<Result<_>>()?;
        let columns: Vec<&[f64]> = shared.iter().map(|c| &**c).collect();
        Ok(self.eval_slices(&columns, table.len(), table.first_row()))
    }

    /// Computes all outputs over slices of `n` rows each, in the order of the plan's columns.
    fn eval_slices(&self, columns: &[&[f64]], n: usize, first_row: u64) -> Values {
        let mut machine = Machine::new(&self.program, &self.graph, first_row, BLOCK.min(n));
        let mut outputs: Vec<Value> = self
            .outputs
            .iter()
            .map(|o| match o.ty {
                Ty::Num => Value::Number(Vec::with_capacity(n)),
                Ty::Cond => Value::Condition(Mask::unknown(n)),
            })
            .collect();
        let mut part: Vec<&[f64]> = Vec::with_capacity(columns.len());
        for start in (0..n).step_by(BLOCK) {
            let end = (start + BLOCK).min(n);
            part.clear();
            part.extend(columns.iter().map(|c| &c[start..end]));
            machine.run(&self.program, &part, end - start);
            for (idx, output) in outputs.iter_mut().enumerate() {
                match output {
                    Value::Number(out) => match machine.number(&self.program, idx, &part, end - start) {
                        View::Many(x) => out.extend_from_slice(x),
                        View::One(x) => out.resize(end, x),
                    },
                    Value::Condition(out) => {
                        if let Some(mask) = machine.condition(&self.program, idx) {
                            out.put(start, mask);
                        }
                    }
                }
            }
        }
        Values { outputs }
    }

    /// The plan with its memory, for rows as they come in, the first being row `first_row` of its data set.
    pub fn stepper(&self, first_row: u64) -> Stepper<'_> {
        let machine = Machine::new(&self.program, &self.graph, first_row, 1);
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
    /// Takes a row: a value for each of the plan's columns, in order. All outputs come back, conditions as 1, 0 and NaN.
    /// `None` if the row has fewer values than the plan reads.
    pub fn step(&mut self, row: &[f64]) -> Option<&[f64]> {
        let program = &self.plan.program;
        if row.len() < program.n_columns() {
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
