//! A plan over the symbols of a panel.
//!
//! Each symbol has a machine of its own. They go through the program stage by stage, and what works across symbols is done
//! for all of them between two stages.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use qe_core::columns::Shared;
use qe_core::panel::Panel;
use qe_core::par::Pool;

use super::cross::{Cross, Groups, Scratch};
use super::machine::{BLOCK, Machine, Source, Src, View, Workspace};
use super::{Bits, Plan};
use crate::error::Result;

impl Plan {
    /// Computes all outputs over every symbol of a panel: matrices as the panel's own, symbol by symbol. Conditions are 1,
    /// 0 and NaN. What works across symbols leaves those out whose value is missing.
    ///
    /// # Errors
    /// When the panel lacks a field or a grouping that the plan reads.
    pub fn eval_panel(&self, panel: &Panel, pool: &Pool) -> Result<Vec<Vec<f64>>> {
        let (n_symbols, n) = (panel.n_symbols(), panel.n_times());
        // A matrix for each field, and one row for the times that all symbols share.
        let field = |source: &Source| -> Result<(Shared<f64>, usize)> {
            Ok(match source {
                Source::Column(c) => (panel.field(&self.columns[*c as usize])?.clone(), n),
                Source::Open => (Shared::from_owner(Bits(panel.axis().shared_open().clone())), 0),
                Source::Available => (Shared::from_owner(Bits(panel.axis().shared_available().clone())), 0),
            })
        };
        let fields: Vec<(Shared<f64>, usize)> = self.program.columns().iter().map(field).collect::<Result<_>>()?;
        let groups: Vec<Option<Groups>> = self
            .graph
            .crosses
            .iter()
            .map(|op| match op {
                Cross::Neutralize(name) => Ok(Some(Groups::new(panel.group(name)?))),
                _ => Ok(None),
            })
            .collect::<Result<_>>()?;
        let block = self.panel_block(n_symbols).min(n.max(1));
        let machine = |_| Mutex::new(Machine::new(&self.program, &self.graph, 0, block, Workspace::new()));
        let machines: Vec<Mutex<Machine>> = pool.map(n_symbols, machine);
        let mut out = vec![vec![f64::NAN; n_symbols * n]; self.outputs.len()];
        let columns = |symbol: usize, rows: &Range<usize>| -> Vec<&[f64]> {
            fields.iter().map(|(f, stride)| &f[symbol * stride + rows.start..symbol * stride + rows.end]).collect()
        };
        for start in (0..n).step_by(block) {
            let rows = start..(start + block).min(n);
            for (stage, what) in self.program.stages().iter().enumerate() {
                let across = |i: usize| {
                    let (op, src, dst) = what.before[i];
                    self.across(op, groups[op as usize].as_ref(), src, dst, &machines, &columns, &rows)
                };
                // They read what an earlier stage has made and write buffers of their own, so they may run side by side.
                pool.map(what.before.len(), across);
                pool.map(n_symbols, |symbol| {
                    lock(&machines[symbol]).run_stage(&self.program, stage, &columns(symbol, &rows), rows.len());
                });
            }
            for (symbol, machine) in machines.iter().enumerate() {
                let machine = lock(machine);
                let part = columns(symbol, &rows);
                for (idx, out) in out.iter_mut().enumerate() {
                    let to = &mut out[symbol * n + rows.start..symbol * n + rows.end];
                    match machine.condition(&self.program, idx) {
                        Some(mask) => mask.to_numbers(to),
                        None => match machine.number(&self.program, idx, &part, rows.len()) {
                            View::Many(x) => to.copy_from_slice(x),
                            View::One(x) => to.fill(x),
                        },
                    }
                }
            }
        }
        Ok(out)
    }

    /// One operation across symbols over a block of times.
    #[expect(clippy::too_many_arguments, reason = "it is the body of a loop, apart from it for its length")]
    fn across<'c>(
        &self,
        op: u32,
        groups: Option<&Groups>,
        src: Src,
        dst: u32,
        machines: &[Mutex<Machine>],
        columns: &impl Fn(usize, &Range<usize>) -> Vec<&'c [f64]>,
        rows: &Range<usize>,
    ) {
        let (n, n_symbols) = (rows.len(), machines.len());
        let mut values = vec![0.0; n * n_symbols];
        for (symbol, machine) in machines.iter().enumerate() {
            let machine = lock(machine);
            match machine.view(src, &columns(symbol, rows), n) {
                View::Many(x) => x.iter().enumerate().for_each(|(t, &v)| values[t * n_symbols + symbol] = v),
                View::One(v) => (0..n).for_each(|t| values[t * n_symbols + symbol] = v),
            }
        }
        let (op, mut scratch) = (&self.graph.crosses[op as usize], Scratch::default());
        values.chunks_exact_mut(n_symbols.max(1)).for_each(|row| op.apply(row, groups, &mut scratch));
        for (symbol, machine) in machines.iter().enumerate() {
            let mut machine = lock(machine);
            let to = &mut machine.slot_mut(dst)[..n];
            to.iter_mut().enumerate().for_each(|(t, v)| *v = values[t * n_symbols + symbol]);
        }
    }

    /// How many times a block of a panel has, so that the buffers of all symbols stay within a quarter of a gigabyte.
    fn panel_block(&self, n_symbols: usize) -> usize {
        let per_row = self.program.n_bytes(64) / 64 * n_symbols.max(1);
        ((256 << 20) / per_row.max(1) / 64 * 64).clamp(64, BLOCK)
    }
}

/// Nobody panics while holding a machine, so its state is whole.
fn lock(machine: &Mutex<Machine>) -> MutexGuard<'_, Machine> {
    machine.lock().unwrap_or_else(PoisonError::into_inner)
}
