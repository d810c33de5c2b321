//! A plan over the symbols of a panel.
//!
//! Each symbol has a machine of its own. They go through a block of times stage by stage, and what works across symbols is
//! done between two stages, on as many times at once as stay in cache. Buffers belong to whoever is at work; a symbol keeps
//! what a later stage reads in its row of a matrix, and writes its outputs where they stay.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use qe_core::columns::Shared;
use qe_core::panel::Panel;
use qe_core::par::Pool;

use super::cross::{Cross, Groups, Scratch};
use super::machine::{BLOCK, Machine, Workspace};
use super::program::{Across, Source, Src};
use super::transpose::{Rows, transpose};
use super::{Bits, Plan, bring_forward};
use crate::error::Result;

/// How many bytes of a block are kept from stage to stage: fewer would make blocks so short that to come back to each
/// symbol costs more than its rows.
const MAX_KEPT: usize = 160 << 20;

/// The fewest times of a block.
const FEWEST: usize = 64;

/// How many times go through an operation across symbols together: few enough that their values stay in cache.
const TIMES: usize = 32;

impl Plan {
    /// Computes all outputs over every symbol of a panel: matrices as the panel's own, symbol by symbol. Conditions are 1,
    /// 0 and NaN. What works across symbols leaves those out whose value is missing, and those that have no row at that time
    /// ([`Panel::rows_of`]): also where a value outlives its rows, as that of `bars_since`, of `tf` or of a constant does.
    ///
    /// # Errors
    /// When the panel lacks a field or a grouping that the plan reads.
    pub fn eval_panel(&self, panel: &Panel, pool: &Pool) -> Result<Vec<Vec<f64>>> {
        self.eval_panel_within(panel, pool, usize::MAX)
    }

    /// As [`Plan::eval_panel`], in at most about so many bytes beside the panel, outputs included: the less, the shorter the
    /// blocks. What does not fit at all is refused before it begins.
    ///
    /// # Errors
    /// As [`Plan::eval_panel`], and when it would take more.
    pub fn eval_panel_within(&self, panel: &Panel, pool: &Pool, max_bytes: usize) -> Result<Vec<Vec<f64>>> {
        let (n_symbols, n) = (panel.n_symbols(), panel.n_times());
        let block = self.panel_block(n_symbols, n, pool.threads(), max_bytes)?;
        let others = self.read_over_panel(panel, pool, max_bytes)?;
        // A matrix for each field, and one row for the times that all symbols share.
        let field = |source: &Source| -> Result<(Shared<f64>, usize)> {
            Ok(match source {
                Source::Column(c) if *c as usize >= self.n_own => {
                    let known = others.iter().find(|(column, ..)| column == c);
                    known.map_or_else(|| (vec![f64::NAN; n].into(), 0), |(_, values, apart)| (values.clone(), *apart))
                }
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
        let absent = if self.is_across() { absent(panel, pool) } else { Vec::new() };
        // Every number of them is written; until then zeros take no memory.
        let mut out: Vec<Vec<f64>> = self.outputs.iter().map(|_| vec![0.0; n_symbols * n]).collect();
        let machine = |_| Machine::new(&self.program, &self.graph, 0, 0, Workspace::new());
        let mut symbols: Vec<Symbol<'_>> =
            pool.map(n_symbols, machine).into_iter().map(|machine| Symbol { machine, outputs: Vec::new() }).collect();
        for matrix in &mut out {
            symbols.iter_mut().zip(matrix.chunks_mut(n.max(1))).for_each(|(s, row)| s.outputs.push(row));
        }
        let kept = (0..self.program.n_kept()).map(|_| vec![0.0; n_symbols * block]).collect();
        let mut run =
            Run { plan: self, pool, fields, groups, absent, n_symbols, block, kept, spaces: Mutex::default() };
        for start in (0..n).step_by(block) {
            let rows = start..(start + block).min(n);
            for stage in 0..self.program.stages().len() {
                run.across(stage, &rows);
                run.each_symbol(stage, &rows, &mut symbols);
            }
        }
        for (matrix, output) in out.iter_mut().zip(&self.outputs) {
            matrix.chunks_mut(n.max(1)).for_each(|row| bring_forward(row, output.ahead));
        }
        Ok(out)
    }

    /// About how many bytes evaluation over a panel of so many symbols and times takes at least, on so many threads:
    /// [`Plan::eval_panel_within`] is content with as many.
    pub fn least_bytes_of_panel(&self, n_symbols: usize, n_times: usize, n_threads: usize) -> usize {
        self.n_bytes_of_panel(n_symbols, n_times, n_threads, FEWEST.min(n_times))
    }

    /// About how many bytes evaluation over a panel takes in blocks of so many times, on so many threads: outputs, what is
    /// kept from stage to stage, the memory of every symbol's kernels, buffers, and what is read of other symbols.
    fn n_bytes_of_panel(&self, n_symbols: usize, n_times: usize, n_threads: usize, block: usize) -> usize {
        let row = size_of::<f64>() * n_symbols;
        let outputs = self.outputs.len().saturating_mul(row).saturating_mul(n_times);
        let kept = self.program.n_kept().saturating_mul(row).saturating_mul(block);
        let kernels = self.n_bytes_of_kernels().saturating_mul(n_symbols);
        let buffers = self.program.n_bytes(block).saturating_mul(n_threads.min(n_symbols));
        let others = self.of_symbols().map(|(_, o)| o.plan.n_bytes(n_times)).fold(0, usize::saturating_add);
        let across = self.across().map_or(0, |plan| plan.n_bytes_of_panel(n_symbols, n_times, n_threads, block));
        let rows = if self.is_across() { n_times.div_ceil(64).saturating_mul(row) } else { 0 };
        [kept, kernels, buffers, others, across, rows].into_iter().fold(outputs, usize::saturating_add)
    }

    /// What it reads that is not in the symbols' own rows, by the numbers of its columns: values, and how far apart those of
    /// one symbol begin from those of the next; 0 where all read the same.
    fn read_over_panel(&self, panel: &Panel, pool: &Pool, max_bytes: usize) -> Result<Vec<(u32, Shared<f64>, usize)>> {
        let mut read: Vec<_> = self.symbols_of_panel(panel)?.into_iter().map(|(c, values)| (c, values, 0)).collect();
        if let Some((columns, plan)) = self.of_all().map(|o| (&o.columns, &o.plan)) {
            let values = plan.eval_panel_within(panel, pool, max_bytes)?;
            read.extend(columns.iter().zip(values).map(|(c, matrix)| (*c, matrix.into(), panel.n_times())));
        }
        Ok(read)
    }

    /// How many times a block has: as many as a whole run's, but of what is kept no more than fits [`MAX_KEPT`], and of
    /// everything no more than is allowed.
    fn panel_block(&self, n_symbols: usize, n_times: usize, n_threads: usize, max_bytes: usize) -> Result<usize> {
        let per_time = self.program.n_kept() * n_symbols * size_of::<f64>();
        let mut most = (MAX_KEPT / per_time.max(1)).clamp(FEWEST, BLOCK);
        let n_bytes = |block: usize| self.n_bytes_of_panel(n_symbols, n_times, n_threads, block.min(n_times));
        while most > FEWEST && n_bytes(most) > max_bytes {
            most = (most / 2).max(FEWEST);
        }
        self.ensure_within(
            Some(max_bytes),
            n_bytes(most),
            "allow more, or evaluate fewer outputs or symbols at a time",
        )?;
        // Blocks of one length.
        let n_blocks = n_times.div_ceil(most).max(1);
        Ok(n_times.div_ceil(n_blocks).max(1))
    }
}

/// A symbol with the memory of its kernels, and its rows of the outputs.
struct Symbol<'o> {
    machine: Machine,
    outputs: Vec<&'o mut [f64]>,
}

/// A plan on its way over a panel.
struct Run<'p> {
    plan: &'p Plan,
    pool: &'p Pool,
    /// The columns of the data, and how far apart the rows of the symbols begin in each.
    fields: Vec<(Shared<f64>, usize)>,
    groups: Vec<Option<Groups>>,
    /// The symbols that have no row at some time, and when they have one.
    absent: Vec<(usize, Vec<u64>)>,
    n_symbols: usize,
    block: usize,
    /// What stages have kept of the block: a row for each symbol.
    kept: Vec<Vec<f64>>,
    /// Buffers that nobody works in just now.
    spaces: Mutex<Vec<Workspace>>,
}

impl Run<'_> {
    /// A column of the program from a time of the block on, and how far apart the rows of the symbols begin.
    fn column(&self, column: usize, rows: &Range<usize>) -> Rows<&[f64]> {
        match self.fields.get(column) {
            Some((field, stride)) => (&field[rows.start.min(field.len())..], *stride),
            None => (&self.kept[column - self.fields.len()], self.block),
        }
    }

    /// All columns of a symbol. Those that are being written are empty.
    fn columns(&self, symbol: usize, rows: &Range<usize>) -> Vec<&[f64]> {
        let all = 0..self.fields.len() + self.kept.len();
        all.map(|column| {
            let (x, stride) = self.column(column, rows);
            x.get(symbol * stride..symbol * stride + rows.len()).unwrap_or(&[])
        })
        .collect()
    }

    /// The operations across symbols before a stage. They write columns that none of them reads.
    fn across(&mut self, stage: usize, rows: &Range<usize>) {
        let before = &self.plan.program.stages()[stage].before;
        let take = |across: &Across| (*across, std::mem::take(&mut self.kept[across.to]));
        let mut work: Vec<(Across, Vec<f64>)> = before.iter().map(take).collect();
        self.pool.map_mut(&mut work, |_, (across, to)| self.one_across(*across, rows, to));
        for (across, column) in work {
            self.kept[across.to] = column;
        }
    }

    fn one_across(&self, across: Across, rows: &Range<usize>, to: &mut [f64]) {
        let (op, groups) = (&self.plan.graph.crosses[across.op as usize], &self.groups[across.op as usize]);
        let mut scratch = Scratch::default();
        let mut values = vec![0.0; TIMES * self.n_symbols];
        for at in (0..rows.len()).step_by(TIMES) {
            let n = TIMES.min(rows.len() - at);
            let values = &mut values[..n * self.n_symbols];
            match across.src {
                Src::Column(column) => {
                    let (x, stride) = self.column(column as usize, rows);
                    transpose((&x[at..], stride), (self.n_symbols, n), (values, self.n_symbols));
                }
                Src::Num(x) => values.fill(x),
                Src::Slot(_) | Src::Mask(_) | Src::None => values.fill(f64::NAN),
            }
            self.leave_out_absent(rows.start + at, n, values);
            let at_once = values.chunks_exact_mut(self.n_symbols.max(1));
            at_once.for_each(|values| op.apply(values, groups.as_ref(), &mut scratch));
            transpose((values, self.n_symbols), (n, self.n_symbols), (&mut to[at..], self.block));
        }
    }

    /// Makes the values of symbols missing where they have no row. The values are of so many times from one on, time by time.
    fn leave_out_absent(&self, from: usize, n: usize, values: &mut [f64]) {
        for (symbol, rows) in &self.absent {
            let is_there = |t: usize| rows[t / 64] >> (t % 64) & 1 == 1;
            for at in (0..n).filter(|at| !is_there(from + at)) {
                values[at * self.n_symbols + symbol] = f64::NAN;
            }
        }
    }

    /// What each symbol does by itself in a stage.
    fn each_symbol(&mut self, stage: usize, rows: &Range<usize>, symbols: &mut [Symbol<'_>]) {
        let keep = &self.plan.program.stages()[stage].keep;
        let mut written: Vec<Vec<f64>> = keep.iter().map(|(_, to)| std::mem::take(&mut self.kept[*to])).collect();
        let mut work: Vec<(&mut Symbol<'_>, Vec<&mut [f64]>)> = symbols.iter_mut().map(|s| (s, Vec::new())).collect();
        for column in &mut written {
            work.iter_mut().zip(column.chunks_mut(self.block)).for_each(|((_, kept), row)| kept.push(row));
        }
        self.pool.map_mut(&mut work, |i, (symbol, kept)| self.one_symbol(stage, rows, i, symbol, kept));
        for ((_, to), column) in keep.iter().zip(written) {
            self.kept[*to] = column;
        }
    }

    fn one_symbol(
        &self,
        stage: usize,
        rows: &Range<usize>,
        i: usize,
        symbol: &mut Symbol<'_>,
        kept: &mut [&mut [f64]],
    ) {
        let (program, columns, n) = (&self.plan.program, self.columns(i, rows), rows.len());
        let what = &program.stages()[stage];
        let machine = &mut symbol.machine;
        let mut space = lock(&self.spaces).pop().unwrap_or_default();
        space.fit(program, self.block);
        machine.swap_buffers(&mut space);
        machine.run_stage(program, stage, &columns, n);
        for ((src, _), to) in what.keep.iter().zip(kept) {
            machine.view(*src, &columns, n).copy_to(&mut to[..n]);
        }
        for &idx in &what.outputs {
            let to = &mut symbol.outputs[idx][rows.clone()];
            match machine.condition(program, idx) {
                Some(mask) => mask.to_numbers(to),
                None => machine.number(program, idx, &columns, n).copy_to(to),
            }
        }
        machine.swap_buffers(&mut space);
        lock(&self.spaces).push(space);
    }
}

/// The symbols that have no row at some time, and when they have one: [`Panel::rows_of`].
fn absent(panel: &Panel, pool: &Pool) -> Vec<(usize, Vec<u64>)> {
    let is_gap = |rows: &[u64]| rows.iter().map(|w| w.count_ones() as usize).sum::<usize>() < panel.n_times();
    let rows = pool.map(panel.n_symbols(), |symbol| panel.rows_of(symbol));
    rows.into_iter().enumerate().filter(|(_, rows)| is_gap(rows)).collect()
}

/// Nobody panics while holding buffers, so they are whole.
fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
