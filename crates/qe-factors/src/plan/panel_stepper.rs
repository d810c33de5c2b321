//! A plan over the symbols of a panel, instant by instant as rows come in.
//!
//! Each symbol has a memory of its own and runs the plan's stages row by row, as [`super::row`] does; what works across
//! symbols is done between two stages, on the values of all symbols at that instant. A symbol without a row is missing
//! there, as in a panel, so the bits are those of [`Plan::eval_panel`].

use qe_core::ident::{self, id_of};
use qe_core::panel::Panel;

use super::cross::{Cross, Groups, Scratch};
use super::other::Live;
use super::program::{Source, Src};
use super::row::{RowCode, RowMemory, first_slot};
use super::snapshot::Snapshot;
use super::{Other, Plan};
use crate::error::{Error, Result};

/// A plan that takes the rows of many symbols, instant by instant.
#[derive(Debug)]
pub struct PanelStepper<'p> {
    plan: &'p Plan,
    /// The plan over these symbols and their groups.
    id: ident::Id,
    symbols: Vec<String>,
    /// The columns of a row: those that the plan reads, then others that it reads of the symbols that it names.
    columns: Vec<&'p str>,
    /// Which symbol each of those is, and which columns are read of it.
    named: Vec<(usize, Vec<usize>)>,
    code: RowCode,
    memories: Vec<RowMemory>,
    others: Live,
    groups: Vec<Option<Groups>>,
    /// The buffers that a stage keeps for later ones: from which place of the values to which.
    keeps: Vec<Vec<(usize, usize)>>,
    scratch: Scratch,
    /// The rows of this instant, symbol by symbol, and whether there is one.
    rows: Vec<f64>,
    is_there: Vec<bool>,
    /// A value of each symbol.
    across: Vec<f64>,
    out: Vec<f64>,
}

impl Plan {
    /// The plan with its memory for the symbols of a panel, whose rows come in instant by instant, the first being row
    /// `first_row` of the panel's data set. Of the panel symbols and groupings are read, and none of its rows. Of a symbol
    /// that the plan names, its own rows count from its first one here.
    ///
    /// # Errors
    /// When the panel lacks a symbol or a grouping that the plan reads, an output tells what comes later, or the plan is one
    /// [for one symbol](Plan::for_one_symbol).
    pub fn panel_stepper(&self, panel: &Panel, first_row: u64) -> Result<PanelStepper<'_>> {
        self.ensure_no_label()?;
        if self.across().is_some() {
            return Err(Error::Data {
                place: "a plan for one symbol".into(),
                reason: "it reads across symbols by columns that it is told".into(),
                mend: "let the plan step that Plan::across gives, and tell each symbol's Stepper its values".into(),
            });
        }
        let symbols = panel.symbols().to_vec();
        let mut columns: Vec<&str> = self.columns().collect();
        let mut named = Vec::with_capacity(self.others.len());
        for (symbol, Other { plan, .. }) in self.of_symbols() {
            let Ok(idx) = panel.index_of(symbol) else {
                return Err(self.lacks_symbol(symbol, symbols.iter().map(String::as_str)));
            };
            let mut place = |name| {
                columns.iter().position(|known| *known == name).unwrap_or_else(|| {
                    columns.push(name);
                    columns.len() - 1
                })
            };
            named.push((idx, plan.columns().map(&mut place).collect()));
        }
        let labels = self.groupings().into_iter().map(|name| Ok((name, panel.group(name)?)));
        let labels: Vec<(&str, &[String])> = labels.collect::<Result<_>>()?;
        let id = id_of("panel plan", &(self.id()?, &symbols, &labels))?;
        let of_group = |op: &Cross| match op {
            Cross::Neutralize(name) => {
                labels.iter().find(|(n, _)| *n == &**name).map(|(_, labels)| Groups::new(labels))
            }
            _ => None,
        };
        let (code, memory) = RowCode::new(&self.program, &self.graph, first_row);
        let (n_columns, slots) = (self.program.columns().len(), first_slot(&self.program) as usize);
        let keep = |(src, to): &(Src, usize)| match src {
            Src::Slot(slot) => Some((slots + *slot as usize, n_columns + to)),
            _ => None,
        };
        let n = symbols.len();
        Ok(PanelStepper {
            plan: self,
            id,
            rows: vec![f64::NAN; n * columns.len()],
            symbols,
            columns,
            named,
            code,
            memories: vec![memory; n],
            others: Live::new(&self.others, self.columns.len() - self.n_own),
            groups: self.graph.crosses.iter().map(of_group).collect(),
            keeps: self.program.stages().iter().map(|stage| stage.keep.iter().filter_map(keep).collect()).collect(),
            scratch: Scratch::with_capacity(n),
            is_there: vec![false; n],
            across: vec![f64::NAN; n],
            out: vec![f64::NAN; n * self.outputs.len()],
        })
    }
}

impl PanelStepper<'_> {
    /// The symbols, in the panel's order.
    pub fn symbols(&self) -> &[String] {
        &self.symbols
    }

    /// The columns of a row, in order.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = &str> {
        self.columns.iter().copied()
    }

    /// Takes the rows of an instant: when they opened and when they were complete, and for each symbol that has one, by its
    /// number, a value for each of [`PanelStepper::columns`]. A symbol that is left out has no row, or is no member then; one
    /// that is given has one, whatever its values: give those that a panel would have ([`Panel::rows_of`]).
    ///
    /// All outputs of the first symbol come back, then those of the second, conditions as 1, 0 and NaN. `None`, and
    /// nothing is taken, if there is no such symbol, it has two rows, or one with fewer values than are read.
    pub fn step<'r>(
        &mut self,
        open: i64,
        available: i64,
        rows: impl IntoIterator<Item = (usize, &'r [f64])>,
    ) -> Option<&[f64]> {
        let n_columns = self.columns.len();
        self.is_there.fill(false);
        self.rows.fill(f64::NAN);
        for (symbol, row) in rows {
            let is_there = self.is_there.get_mut(symbol)?;
            if std::mem::replace(is_there, true) {
                return None;
            }
            self.rows[symbol * n_columns..][..n_columns].copy_from_slice(row.get(..n_columns)?);
        }
        // What is complete in this instant is known in it.
        for (idx, (symbol, columns)) in self.named.iter().enumerate().filter(|(_, (symbol, _))| self.is_there[*symbol])
        {
            let row = &self.rows[symbol * n_columns..][..n_columns];
            self.others.step(self.plan, idx, [open, available], columns.iter().map(|c| row[*c]))?;
        }
        self.fill(open, available);
        for stage in 0..self.plan.program.stages().len() {
            self.across(stage);
            self.each_symbol(stage);
        }
        Some(&self.out)
    }

    /// Writes the columns of all symbols.
    fn fill(&mut self, open: i64, available: i64) {
        let (n_columns, n_own) = (self.columns.len(), self.plan.n_own);
        for (symbol, memory) in self.memories.iter_mut().enumerate() {
            let mut own = self.rows[symbol * n_columns..][..n_columns].iter();
            for (value, source) in memory.values.iter_mut().zip(self.plan.program.columns()) {
                *value = match source {
                    Source::Column(c) if *c as usize >= n_own => self.others.held(*c as usize - n_own),
                    Source::Column(_) => own.next().copied().unwrap_or(f64::NAN),
                    Source::Open => f64::from_bits(open as u64),
                    Source::Available => f64::from_bits(available as u64),
                };
            }
        }
    }

    /// The operations across symbols before a stage. They write columns that none of them reads.
    fn across(&mut self, stage: usize) {
        let (graph, program) = (&self.plan.graph, &self.plan.program);
        for across in &program.stages()[stage].before {
            for ((value, memory), is_there) in self.across.iter_mut().zip(&self.memories).zip(&self.is_there) {
                *value = match across.src {
                    // What outlives its rows is not of those that are there.
                    _ if !is_there => f64::NAN,
                    Src::Column(column) => memory.values[column as usize],
                    Src::Num(x) => x,
                    Src::Slot(_) | Src::Mask(_) | Src::None => f64::NAN,
                };
            }
            let op = across.op as usize;
            graph.crosses[op].apply(&mut self.across, self.groups[op].as_ref(), &mut self.scratch);
            let to = program.columns().len() + across.to;
            self.memories.iter_mut().zip(&self.across).for_each(|(memory, value)| memory.values[to] = *value);
        }
    }

    /// What each symbol does by itself in a stage.
    fn each_symbol(&mut self, stage: usize) {
        let (what, n_outputs) = (&self.plan.program.stages()[stage], self.plan.outputs.len());
        for (symbol, memory) in self.memories.iter_mut().enumerate() {
            self.code.run_steps(what.code.clone(), memory);
            for &(from, to) in &self.keeps[stage] {
                memory.values[to] = memory.values[from];
            }
            for &idx in &what.outputs {
                self.out[symbol * n_outputs + idx] = memory.values[self.code.output(idx)];
            }
        }
    }

    /// Everything that it remembers of the rows so far.
    ///
    /// # Errors
    /// None that is known of.
    pub fn memory(&self) -> Result<Snapshot> {
        Snapshot::of(self.id, &mut (self.memories.clone(), self.others.clone()))
    }

    /// Forgets its own rows and remembers those of a snapshot, as [`super::Stepper::restore`] does.
    ///
    /// # Errors
    /// When the snapshot is of another plan, other symbols or groups, or was cut or changed. The stepper stays as it was.
    pub fn restore(&mut self, from: &Snapshot) -> Result<()> {
        let mut memory = (self.memories.clone(), self.others.clone());
        from.give(self.id, &mut memory)?;
        (self.memories, self.others) = memory;
        Ok(())
    }
}
