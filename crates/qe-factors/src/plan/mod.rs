//! Plans: many expressions computed at once, each distinct part of them once.
//!
//! A [`Graph`] shares equal parts and folds constants as it is built; a [`Plan`] is the part of it that some outputs need,
//! in an order and in buffers that are reused. [`Plan::eval`] runs it over columns in blocks that stay in cache,
//! [`Plan::stepper`] row by row as rows come in, and [`Plan::panel_stepper`] those of all symbols: the same bits. What a stepper remembers is kept in a
//! [`Snapshot`], from which another goes on.

mod across;
mod cross;
mod fitted;
mod graph;
mod held;
mod local;
mod machine;
mod mask;
mod other;
mod panel;
mod panel_stepper;
mod program;
mod rank;
mod row;
mod rule;
pub mod scalar;
mod scan;
mod snapshot;
mod stages;
mod tf;
mod transpose;
mod trues;

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use qe_core::columns::{Columns, Shared};
use qe_core::compare::Coarse;

pub use cross::Cross;
pub(crate) use fitted::OutOfSample;
pub(crate) use graph::{Fast, of_vec};
pub use graph::{Graph, Id, MAX_INPUTS, MAX_OUTPUTS, Op, Ty};
pub use held::{HeldRows, MAX_COLUMNS, Plain};
pub(crate) use local::{Local, LocalOp};
use machine::Machine;
pub use machine::Workspace;
pub use mask::Mask;
pub(crate) use other::{Other, Whose};
pub use panel_stepper::PanelStepper;
use program::{Program, Source};
use row::RowMachine;
pub use rule::{Field, Kept, Memory, Outside, Rule, Scope};
pub(crate) use scan::{Scan, Slot};
pub use snapshot::Snapshot;
pub(crate) use tf::Tf;
pub use trues::{Block, Trues};

use crate::error::{Error, Result};

/// An output of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// What it is called: its text, or the name that it was given.
    pub name: Arc<str>,
    /// What it gives.
    pub ty: Ty,
    /// The first row from which on it is there on clean input, whatever that says: there is input on which the row before is
    /// missing. Windows and filters are missing in all rows before.
    pub lookback: usize,
    /// How many rows later what it gives is known: 0, but for labels.
    pub ahead: u32,
    /// What it reads of things that were fitted, by their names; none where it is of the market alone.
    pub fitted: Vec<Arc<str>>,
    /// From which opening time on all of that is heard: rows that open earlier are no test of it. A fitted thing is missing
    /// in every row, be it of another symbol, that opens before its own window's end; an output may say something without
    /// it all the same, as `coalesce` does. `None` where nothing was fitted, or in-sample values alone were asked for.
    pub heard_from: Option<i64>,
}

/// Expressions that are ready to be computed.
#[derive(Debug, Clone)]
pub struct Plan {
    graph: Graph,
    program: Program,
    /// The columns by number: those of the table, then what is read of other symbols.
    columns: Arc<[Arc<str>]>,
    n_own: usize,
    others: Arc<[Other]>,
    outputs: Vec<Output>,
    ids: Vec<Id>,
    /// What it computes, once somebody has asked.
    id: OnceLock<qe_core::ident::Id>,
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

impl Value {
    /// A number per row; a condition as 1, 0, and NaN where it is unknown.
    pub fn to_numbers(&self) -> Vec<f64> {
        match self {
            Self::Number(v) => v.clone(),
            Self::Condition(mask) => {
                let mut out = vec![f64::NAN; mask.len()];
                mask.to_numbers(&mut out);
                out
            }
        }
    }

    /// As [`Value::to_numbers`], without copying what are numbers already.
    pub fn into_numbers(self) -> Vec<f64> {
        match self {
            Self::Number(v) => v,
            condition @ Self::Condition(_) => condition.to_numbers(),
        }
    }
}

/// Puts into each row what comes so many rows later; the last rows do not know it.
fn bring_forward(numbers: &mut [f64], ahead: u32) {
    let n = numbers.len();
    let ahead = n.min(ahead as usize);
    numbers.copy_within(ahead.., 0);
    numbers[n - ahead..].fill(f64::NAN);
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
    /// When the graph reads a column that has no name, or an output is no value of the graph.
    pub fn new(
        graph: Graph,
        columns: impl Into<Arc<[Arc<str>]>>,
        outputs: impl IntoIterator<Item = (Arc<str>, Id)>,
    ) -> Result<Self> {
        Self::with_others(graph, columns.into(), Vec::new(), outputs)
    }

    /// As [`Plan::new`], which reads other symbols too, by the columns that follow.
    pub(crate) fn with_others(
        graph: Graph,
        own: Arc<[Arc<str>]>,
        others: Vec<Other>,
        outputs: impl IntoIterator<Item = (Arc<str>, Id)>,
    ) -> Result<Self> {
        let n_own = own.len();
        let columns = other::all_columns(own, &others);
        let heard = fitted::Heard::new(&graph, &others, n_own);
        let (mut ids, mut described) = (Vec::new(), Vec::new());
        for (name, id) in outputs {
            if id.idx() >= graph.len() || !graph.is_value(id) {
                return Err(Error::Data {
                    place: format!("output {name}"),
                    reason: "its node is no value of this graph".into(),
                    mend: "take a node that this graph gave; of a kernel, one of its outputs by Graph::output".into(),
                });
            }
            ids.push(id);
            let (fitted, heard_from) = heard.of(id);
            let (ty, lookback) = (graph.ty(id), graph.lookback(id));
            described.push(Output { name, ty, lookback, ahead: 0, fitted, heard_from });
        }
        let program = Program::new(&graph, &ids);
        let beyond = |s: &Source| matches!(s, Source::Column(c) if *c as usize >= columns.len());
        if let Some(Source::Column(last)) = program.columns().iter().copied().find(beyond) {
            return Err(Error::Data {
                place: format!("column {last}"),
                reason: format!("the plan reads it, but only {} columns are named", columns.len()),
                mend: "name every column that the graph reads".into(),
            });
        }
        let others = other::only_read(others, &program, columns.len())?;
        Ok(Self { graph, program, columns, n_own, others, outputs: described, ids, id: OnceLock::new() })
    }

    /// The outputs, in order.
    pub fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// The columns that it reads, in the order in which [`Stepper::step`] wants their values.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.program.columns().iter().filter_map(|source| match source {
            Source::Column(c) if (*c as usize) < self.n_own => Some(&*self.columns[*c as usize]),
            Source::Column(_) | Source::Open | Source::Available => None,
        })
    }

    /// A plan that gives every intermediate result beside the outputs, and their names: `%3 = sma(%0, period=20)`.
    ///
    /// # Errors
    /// As [`Plan::new`].
    pub fn with_all_outputs(&self) -> Result<Self> {
        let needed = self.needed();
        let inner = (0..self.graph.len()).filter(|&i| needed[i]).map(|i| Id(i as u32));
        let inner = inner.filter(|id| self.graph.is_value(*id));
        let inner = inner.map(|id| (format!("%{} = {}", id.idx(), self.graph.describe(id, &self.columns)).into(), id));
        let outputs = self.outputs.iter().zip(&self.ids).map(|(o, id)| (o.name.clone(), *id));
        let own = self.columns[..self.n_own].into();
        let plan = Self::with_others(self.graph.clone(), own, self.others.to_vec(), inner.chain(outputs))?;
        let n_inner = plan.outputs.len() - self.outputs.len();
        let ahead: Vec<u32> = vec![0; n_inner].into_iter().chain(self.outputs.iter().map(|o| o.ahead)).collect();
        Ok(plan.with_ahead(&ahead))
    }

    /// The same plan, whose outputs tell what comes so many rows later.
    pub(crate) fn with_ahead(mut self, ahead: &[u32]) -> Self {
        self.outputs.iter_mut().zip(ahead).for_each(|(output, ahead)| output.ahead = *ahead);
        self
    }

    /// Fails if an output tells what comes later, which is not known where rows are taken as they come.
    fn ensure_no_label(&self) -> Result<()> {
        match self.outputs.iter().find(|o| o.ahead > 0) {
            Some(label) => Err(Error::Data {
                place: format!("output {}", label.name),
                reason: format!("it is a label that looks {} ahead", label.ahead),
                mend: "compute labels over a whole table or panel, and take them out of what is traded".into(),
            }),
            None => Ok(()),
        }
    }

    /// The first row from which on all outputs are there on clean input, whatever that says.
    pub fn lookback(&self) -> usize {
        self.outputs.iter().map(|o| o.lookback).max().unwrap_or(0)
    }

    /// How many distinct steps are taken for a block of rows.
    pub fn n_steps(&self) -> usize {
        self.program.n_steps()
    }

    /// About how many bytes evaluation over so many rows takes beside its input: outputs, buffers, and what kernels remember.
    pub fn n_bytes(&self, n_rows: usize) -> usize {
        self.n_bytes_of_outputs(n_rows).saturating_add(self.n_bytes_in_blocks(self.program.block().min(n_rows)))
    }

    /// Bytes of all outputs over so many rows.
    fn n_bytes_of_outputs(&self, n_rows: usize) -> usize {
        let output = |o: &Output| match o.ty {
            Ty::Num => n_rows.saturating_mul(8),
            Ty::Cond => n_rows.div_ceil(64).saturating_mul(16),
        };
        self.outputs.iter().map(output).fold(0, usize::saturating_add)
    }

    /// About how many bytes it takes itself, as it was compiled.
    pub fn n_bytes_itself(&self) -> usize {
        let output = |o: &Output| o.name.len() + 16 + 16 * o.fitted.len();
        let others = self.others.iter().map(|o| o.plan.n_bytes_itself()).sum::<usize>();
        self.graph.n_bytes()
            + self.program.n_bytes_itself()
            + of_vec(&self.outputs)
            + of_vec(&self.ids)
            + self.outputs.iter().map(output).sum::<usize>()
            + others
    }

    /// About how many bytes evaluation block by block takes beside its input: buffers, and what kernels remember.
    pub fn n_bytes_at_work(&self) -> usize {
        self.n_bytes_in_blocks(self.program.block())
    }

    /// The same in blocks of so many rows.
    fn n_bytes_in_blocks(&self, block: usize) -> usize {
        self.program.n_bytes(block).saturating_add(self.n_bytes_of_kernels())
    }

    /// As [`Plan::n_bytes_at_work`], of [`Plan::each_block_of`] and what it writes comparisons with.
    pub fn n_bytes_at_work_in_bits(&self) -> usize {
        let block = self.program.block();
        self.n_bytes_in_blocks(block).saturating_add(Coarse::n_bytes(self.program.n_stepped(), block))
    }

    /// Bytes that kernels remember.
    fn n_bytes_of_kernels(&self) -> usize {
        let kernel = |call: u32| self.graph.calls[call as usize].what.n_bytes();
        self.program.calls().map(kernel).fold(0, usize::saturating_add)
    }

    /// Fails if an evaluation would take more than it may.
    fn ensure_within(&self, budget: Option<usize>, n_bytes: usize, mend: &str) -> Result<()> {
        match budget {
            Some(budget) if n_bytes > budget => Err(Error::Data {
                place: format!("a plan of {} steps and {} outputs", self.n_steps(), self.outputs.len()),
                reason: format!("it takes about {n_bytes} bytes, and {budget} are allowed"),
                mend: mend.to_owned(),
            }),
            _ => Ok(()),
        }
    }

    /// Computes all outputs over a table.
    ///
    /// # Errors
    /// When the table lacks a column that the plan reads, or it would take more memory than it may.
    pub fn eval(&self, table: &Columns) -> Result<Values> {
        self.eval_in(table, &mut Workspace::new())
    }

    /// As [`Plan::eval`], in buffers that many plans can use one after the other.
    ///
    /// # Errors
    /// As [`Plan::eval`].
    pub fn eval_in(&self, table: &Columns, space: &mut Workspace) -> Result<Values> {
        let mend = "allow more, or take the outputs block by block with Plan::each_block";
        self.ensure_within(space.budget, self.n_bytes(table.len()), mend)?;
        let number = |o: &Output| match o.ty {
            Ty::Num => Value::Number(Vec::with_capacity(table.len())),
            Ty::Cond => Value::Condition(Mask::unknown(table.len())),
        };
        let mut outputs: Vec<Value> = self.outputs.iter().map(number).collect();
        self.blocks(table, space, self.program.block(), None, |block| {
            for (idx, output) in outputs.iter_mut().enumerate() {
                match (output, block.part(idx)) {
                    (Value::Number(out), Part::Numbers(x)) => out.extend_from_slice(x),
                    (Value::Number(out), Part::Number(x)) => out.resize(block.rows().end, x),
                    (Value::Condition(out), Part::Condition(mask)) => out.put(block.rows().start, mask),
                    _ => {}
                }
            }
        })?;
        for (value, output) in outputs.iter_mut().zip(&self.outputs) {
            if let Value::Number(numbers) = value {
                bring_forward(numbers, output.ahead);
            }
        }
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
        self.ensure_no_label()?;
        self.blocks(table, space, self.program.block(), None, |block| {
            for idx in 0..self.outputs.len() {
                take(idx, block.rows(), block.part(idx));
            }
        })
    }

    /// Whether some output works across symbols, so that it needs a panel.
    pub fn is_across(&self) -> bool {
        self.program.stages().iter().any(|s| !s.before.is_empty())
    }

    /// The groupings of symbols that it reads, sorted.
    pub fn groupings(&self) -> Vec<&str> {
        let ops = self.program.stages().iter().flat_map(|s| &s.before).map(|a| &self.graph.crosses[a.op as usize]);
        let mut names: Vec<&str> =
            ops.filter_map(|op| if let Cross::Neutralize(g) = op { Some(&**g) } else { None }).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Fails if some output works across symbols, where there is one symbol only.
    fn ensure_no_cross(&self) -> Result<()> {
        match self.program.stages().iter().flat_map(|s| &s.before).next() {
            None => Ok(()),
            Some(across) => Err(Error::Data {
                place: format!("{:?}", self.graph.crosses[across.op as usize]),
                reason: "it works across symbols, and there is one only".into(),
                mend: "evaluate the plan over a Panel, or let Plan::panel_stepper take all symbols' rows".into(),
            }),
        }
    }

    /// What each step costs over a table: the step in words, and nanoseconds a row by `now`, a clock in nanoseconds.
    ///
    /// # Errors
    /// As [`Plan::eval`].
    pub fn profile(&self, table: &Columns, mut now: impl FnMut() -> u64) -> Result<Vec<(String, f64)>> {
        self.ensure_no_cross()?;
        let n = table.len();
        let shared: Vec<Shared<f64>> =
            self.program.columns().iter().map(|&s| self.column(table, s)).collect::<Result<_>>()?;
        let block = self.program.block();
        let mut machine = Machine::new(&self.program, &self.graph, table.first_row(), block.min(n), Workspace::new());
        let mut spent = vec![0; self.program.n_steps()];
        for start in (0..n).step_by(block) {
            let rows = start..(start + block).min(n);
            let part: Vec<&[f64]> = shared.iter().map(|c| &c[rows.clone()]).collect();
            let mut before = now();
            for (step, spent) in spent.iter_mut().enumerate() {
                machine.run_step(&self.program, step, &part, rows.len());
                let after = now();
                *spent += after.saturating_sub(before);
                before = after;
            }
        }
        let words = self
            .program
            .nodes()
            .iter()
            .map(|&id| format!("%{} = {}", id.idx(), self.graph.describe(id, &self.columns)));
        Ok(words.zip(spent).map(|(words, spent)| (words, spent as f64 / n.max(1) as f64)).collect())
    }

    /// A column of a table by the plan's number: mostly it stands there under the same number.
    fn column(&self, table: &Columns, source: Source) -> Result<Shared<f64>> {
        let number = match source {
            Source::Column(number) => number,
            Source::Open => return Ok(Shared::from_owner(Bits(table.axis().shared_open().clone()))),
            Source::Available => return Ok(Shared::from_owner(Bits(table.axis().shared_available().clone()))),
        };
        let name = &self.columns[number as usize];
        let same = table.name_at(number as usize) == Some(&**name);
        let column = if same { table.at(number as usize) } else { None };
        match column {
            Some(column) => Ok(column.to_f64()),
            None if table.index_of(name).is_some() => Ok(table.get(name)?.to_f64()),
            None if self.columns_across().any(|across| *across == **name) => Err(Error::Data {
                place: name.to_string(),
                reason: "it works across symbols, and a table holds one".into(),
                mend: "add its values by Plan::with_across, or evaluate over a Panel".into(),
            }),
            None if number as usize >= self.n_own => Err(Error::Data {
                place: name.to_string(),
                reason: "it is of another symbol, and a table holds one".into(),
                mend: "add it by Plan::with_symbols, or evaluate over a Panel".into(),
            }),
            None => Ok(table.get(name)?.to_f64()),
        }
    }

    /// The plan with its memory, for rows as they come in, the first being row `first_row` of its data set.
    ///
    /// # Errors
    /// When an output works across symbols.
    pub fn stepper(&self, first_row: u64) -> Result<Stepper<'_>> {
        self.ensure_no_cross()?;
        self.ensure_no_label()?;
        let machine = RowMachine::new(&self.program, &self.graph, first_row);
        let others = other::Live::new(&self.others, self.columns.len() - self.n_own);
        Ok(Stepper { plan: self, machine, others, out: vec![f64::NAN; self.outputs.len()] })
    }
}

/// A plan that takes row after row.
#[derive(Debug, Clone)]
pub struct Stepper<'p> {
    plan: &'p Plan,
    machine: RowMachine,
    others: other::Live,
    out: Vec<f64>,
}

impl Stepper<'_> {
    /// Takes a row: when it opened and when it was complete, and a value for each of [`Plan::columns`], in order. All
    /// outputs come back, conditions as 1, 0 and NaN. `None` if the row has fewer values than the plan reads.
    pub fn step(&mut self, open: i64, available: i64, row: &[f64]) -> Option<&[f64]> {
        let mut values = row.iter();
        for (i, source) in self.plan.program.columns().iter().enumerate() {
            let value = match source {
                Source::Column(c) if *c as usize >= self.plan.n_own => self.others.held(*c as usize - self.plan.n_own),
                Source::Column(_) => *values.next()?,
                Source::Open => f64::from_bits(open as u64),
                Source::Available => f64::from_bits(available as u64),
            };
            self.machine.columns_mut()[i] = value;
        }
        self.machine.step(&mut self.out);
        self.forget_across();
        Some(&self.out)
    }

    /// As [`Stepper::step`], of a row that has more values: `places` say where each of [`Plan::columns`] stands in it. `None`
    /// if a place is missing.
    #[inline]
    pub fn step_from(&mut self, open: i64, available: i64, row: &[f64], places: &[usize]) -> Option<&[f64]> {
        let mut places = places.iter();
        for (i, source) in self.plan.program.columns().iter().enumerate() {
            let value = match source {
                Source::Column(c) if *c as usize >= self.plan.n_own => self.others.held(*c as usize - self.plan.n_own),
                Source::Column(_) => *row.get(*places.next()?)?,
                Source::Open => f64::from_bits(open as u64),
                Source::Available => f64::from_bits(available as u64),
            };
            self.machine.columns_mut()[i] = value;
        }
        self.machine.step(&mut self.out);
        self.forget_across();
        Some(&self.out)
    }

    /// What the last row gave, as [`Stepper::step`] gave it; nothing is known before the first.
    #[inline]
    pub fn last(&self) -> &[f64] {
        &self.out
    }

    /// The same, to be given back: a [`Snapshot`] keeps what rows to come need, and that is not among it.
    pub fn last_mut(&mut self) -> &mut [f64] {
        &mut self.out
    }
}

/// Times as numbers of the same bits, which nobody calculates with.
struct Bits(Shared<i64>);

impl AsRef<[f64]> for Bits {
    fn as_ref(&self) -> &[f64] {
        bytemuck::cast_slice(&self.0)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let needed = self.needed();
        let mut readers = vec![0_u32; self.graph.len()];
        let read = (0..self.graph.len()).filter(|&i| needed[i]).flat_map(|i| self.graph.children(Id(i as u32)));
        read.chain(&self.ids).for_each(|id| readers[id.idx()] += 1);
        for i in (0..self.graph.len()).filter(|&i| needed[i]) {
            let id = Id(i as u32);
            write!(f, "%{i} = {}", self.graph.describe(id, &self.columns))?;
            let lookback = Some(self.graph.lookback(id)).filter(|n| *n > 0).map(|n| format!("from row {n} on"));
            // What is computed once and read more often is what sharing saves; columns and numbers cost nothing.
            let is_step = !self.graph.children(id).is_empty();
            let shared = Some(readers[i]).filter(|n| *n > 1 && is_step).map(|n| format!("shared by {n}"));
            let notes: Vec<String> = lookback.into_iter().chain(shared).collect();
            if !notes.is_empty() {
                write!(f, "  # {}", notes.join(", "))?;
            }
            writeln!(f)?;
        }
        for (output, id) in self.outputs.iter().zip(&self.ids) {
            write!(f, "{} = %{}", output.name, id.idx())?;
            if !output.fitted.is_empty() {
                write!(f, "  # fitted: {}", output.fitted.join(", "))?;
            }
            writeln!(f)?;
        }
        for other in self.others.iter() {
            match &other.whose {
                Whose::Symbol(symbol) => writeln!(f, "of {symbol}:")?,
                Whose::All => writeln!(f, "of all symbols:")?,
            }
            other.plan.to_string().lines().try_for_each(|line| writeln!(f, "  {line}"))?;
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
