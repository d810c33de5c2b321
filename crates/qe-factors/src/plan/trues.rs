//! Where many conditions of a plan are true, as bitmaps that go to one place.
//!
//! A sweep asks thousands of comparisons of a few columns, and of each only where it is true. Those of one column with
//! several others go side by side, straight to their place: no condition is made that nobody reads. Where a comparison
//! fails follows from where it holds, and from where both of its columns are there.

use std::collections::HashMap;
use std::ops::Range;

use qe_core::columns::{Columns, Shared};
use qe_core::compare::{self, AT_ONCE, Coarse, Order, Side, compare, compare_each};
use qe_core::wide::ask_for;

use super::graph::{Id, Op, Ty, of_vec};
use super::machine::{Machine, View, Workspace};
use super::program::Src;
use super::scalar::Cmp;
use super::{Part, Plan};
use crate::error::Result;

/// How many comparisons ahead the places are asked for that are written.
const AHEAD: usize = 2;

/// Which outputs are wanted as bitmaps, and how they are made.
#[derive(Debug, Clone, Default)]
pub struct Trues {
    /// Columns that are compared, by number.
    operands: Vec<Src>,
    /// One column with several others.
    tiles: Vec<Tile>,
    /// Conditions that the plan's own steps make: the output and its bitmap.
    made: Vec<(usize, usize)>,
    /// The operands of the comparison that a bitmap is.
    compared: Vec<Option<[usize; 2]>>,
    /// Steps among the tests that are run all the same.
    steps: Vec<usize>,
    /// Whether columns are written as steps before they are compared.
    has_steps: bool,
}

/// A few columns, and what is compared with each of them: the column, and the bitmaps.
#[derive(Debug, Clone)]
struct Tile {
    order: Order,
    ys: [usize; AT_ONCE],
    xs: Vec<(usize, [usize; AT_ONCE])>,
}

impl Trues {
    /// Bytes that it takes beside its own.
    pub fn n_bytes(&self) -> usize {
        let tile = |t: &Tile| of_vec(&t.xs);
        of_vec(&self.operands)
            + of_vec(&self.tiles)
            + of_vec(&self.made)
            + of_vec(&self.compared)
            + of_vec(&self.steps)
            + self.tiles.iter().map(tile).sum::<usize>()
    }

    /// How many columns are compared.
    pub fn n_operands(&self) -> usize {
        self.operands.len()
    }

    /// Whether columns are compared so often that they are written as steps first.
    pub fn has_steps(&self) -> bool {
        self.has_steps
    }

    /// The columns that a bitmap compares, if it is a comparison.
    pub fn compared(&self, bitmap: usize) -> Option<[usize; 2]> {
        self.compared.get(bitmap).copied().flatten()
    }
}

/// A comparison, as it stands in a program's tests.
struct Test {
    order: Order,
    sides: [Src; 2],
}

impl Plan {
    /// How to make bitmaps of where some outputs are true: the first is bitmap 0. Of `others` all is wanted, by
    /// [`Block::part`].
    pub fn trues(&self, outputs: &[usize], others: &[usize]) -> Trues {
        let mut trues = Trues { has_steps: self.program.n_stepped() > 0, ..Trues::default() };
        let test_of = self.steps_of_tests();
        // What is wanted in full is run, and what it reads.
        let mut todo: Vec<Id> = others.iter().map(|&o| self.ids[o]).collect();
        while let Some(id) = todo.pop() {
            if let Some(&step) = test_of.get(&id)
                && !trues.steps.contains(&step)
            {
                trues.steps.push(step);
                todo.extend(self.graph.nodes[id.idx()].children());
            }
        }
        trues.steps.sort_unstable();
        let mut numbers: HashMap<(u8, u64), usize> = HashMap::new();
        // Where an order holds between two columns, by the second of them.
        let mut by_order: Vec<(Order, usize, usize, usize)> = Vec::new();
        for (bitmap, &output) in outputs.iter().enumerate() {
            let Some(test) = self.test(output, &test_of) else {
                trues.made.push((output, bitmap));
                trues.compared.push(None);
                continue;
            };
            let sides = test.sides.map(|side| {
                *numbers.entry(side.key()).or_insert_with(|| {
                    trues.operands.push(side);
                    trues.operands.len() - 1
                })
            });
            trues.compared.push(Some(sides));
            by_order.push((test.order, sides[0], sides[1], bitmap));
        }
        let distinct = |side: usize| {
            let mut seen = vec![false; trues.operands.len()];
            by_order.iter().for_each(|t| seen[[t.1, t.2][side]] = true);
            seen.into_iter().filter(|s| *s).count()
        };
        // The fewer columns are those that stay in cache.
        if distinct(0) < distinct(1) {
            by_order.iter_mut().for_each(|t| *t = (t.0.turned(), t.2, t.1, t.3));
        }
        by_order.sort_unstable_by_key(|&(order, x, y, bitmap)| (order, y, x, bitmap));
        let groups: Vec<&[(Order, usize, usize, usize)]> = by_order.chunk_by(|a, b| (a.0, a.2) == (b.0, b.2)).collect();
        let mut at = 0;
        while at < groups.len() {
            // Several columns that are compared with the same others.
            let first = groups[at];
            let is_alike = |g: &&&[(Order, usize, usize, usize)]| {
                g.len() == first.len() && g[0].0 == first[0].0 && g.iter().zip(first).all(|(a, b)| a.1 == b.1)
            };
            let n = groups[at..].iter().take(AT_ONCE).take_while(is_alike).count().max(1);
            // Where there are fewer, the last stands for those that are not there.
            let group = |k: usize| groups[at + k.min(n - 1)];
            trues.tiles.push(Tile {
                order: first[0].0,
                ys: std::array::from_fn(|k| group(k)[0].2),
                xs: (0..first.len()).map(|i| (first[i].1, std::array::from_fn(|k| group(k)[i].3))).collect(),
            });
            at += n;
        }
        trues
    }

    /// Whether an output is where another fails, which is a comparison that [`Trues::compared`] tells.
    pub fn is_failure_of(&self, output: usize, of: usize) -> bool {
        let node = self.graph.nodes[self.ids[output].idx()];
        node.op == Op::Not && node.args[0] == self.ids[of] && self.program.is_test(of)
    }

    /// The step that makes each condition which is a test. By what it is, not by where it is kept: a comparison of
    /// which only its failure is wanted leaves its buffer to the tests after it.
    fn steps_of_tests(&self) -> HashMap<Id, usize> {
        let tests = self.program.stages().iter().flat_map(|stage| stage.tests.clone());
        tests.map(|step| (self.program.nodes()[step], step)).collect()
    }

    /// The comparison that an output is, if it is a test.
    fn test(&self, output: usize, test_of: &HashMap<Id, usize>) -> Option<Test> {
        let mut id = self.ids[output];
        let mut instr = &self.program.code()[*test_of.get(&id)?];
        let is_failure = instr.op == Op::Not;
        if is_failure {
            id = self.graph.nodes[id.idx()].args[0];
            instr = &self.program.code()[*test_of.get(&id)?];
        }
        let Op::Cmp(op) = instr.op else { return None };
        let order = match op {
            Cmp::Lt => Order::Less,
            Cmp::Le => Order::AtMost,
            Cmp::Eq => Order::Equal,
            Cmp::Ne => Order::Unequal,
        };
        let order = if is_failure { order.negated() } else { order };
        Some(Test { order, sides: [instr.args[0], instr.args[1]] })
    }

    /// As [`Plan::each_block`], with all outputs of a block at once: those that `trues` wants as bitmaps come by
    /// [`Block::write_trues`] alone. Each multiple of `section` rows, which is one of 64, is where a block ends.
    ///
    /// # Errors
    /// As [`Plan::eval`].
    pub fn each_block_of(
        &self,
        trues: &Trues,
        table: &Columns,
        space: &mut Workspace,
        section: usize,
        take: impl FnMut(&Block<'_>),
    ) -> Result<()> {
        self.ensure_no_label()?;
        let mut block = self.program.block();
        while !section.is_multiple_of(block) && block > 64 {
            block /= 2;
        }
        self.blocks(table, space, block, Some(trues), take)
    }

    pub(super) fn blocks(
        &self,
        table: &Columns,
        space: &mut Workspace,
        block: usize,
        trues: Option<&Trues>,
        mut take: impl FnMut(&Block<'_>),
    ) -> Result<()> {
        self.ensure_no_cross()?;
        let n = table.len();
        let need = self.n_bytes_in_blocks(block.min(n));
        self.ensure_within(space.budget, need, "allow more, or evaluate fewer outputs at a time")?;
        let shared: Vec<Shared<f64>> =
            self.program.columns().iter().map(|&s| self.column(table, s)).collect::<Result<_>>()?;
        let mut machine =
            Machine::new(&self.program, &self.graph, table.first_row(), block.min(n), std::mem::take(space));
        for start in (0..n).step_by(block) {
            let rows = start..(start + block).min(n);
            let columns: Vec<&[f64]> = shared.iter().map(|c| &c[rows.clone()]).collect();
            match trues {
                Some(trues) => machine.run_but(&self.program, &trues.steps, &columns, rows.len()),
                None => machine.run(&self.program, &columns, rows.len()),
            }
            take(&Block { plan: self, machine: &machine, columns: &columns, rows });
        }
        *space = machine.into_workspace();
        Ok(())
    }
}

/// What a plan gave in a block of rows.
#[derive(Debug)]
pub struct Block<'a> {
    plan: &'a Plan,
    machine: &'a Machine,
    columns: &'a [&'a [f64]],
    rows: Range<usize>,
}

impl Block<'_> {
    /// Which rows.
    pub fn rows(&self) -> Range<usize> {
        self.rows.clone()
    }

    /// What an output gave.
    pub fn part(&self, output: usize) -> Part<'_> {
        let program = &self.plan.program;
        match (self.plan.outputs[output].ty, self.machine.condition(program, output)) {
            (Ty::Cond, Some(mask)) => Part::Condition(mask),
            _ => match self.machine.number(program, output, self.columns, self.rows.len()) {
                View::Many(x) => Part::Numbers(x),
                View::One(x) => Part::Number(x),
            },
        }
    }

    /// Writes the bitmaps of this block: bitmap `b` to the words from `b * stride + at` on. `coarse` is room to work in.
    pub fn write_trues(&self, trues: &Trues, coarse: &mut Coarse, out: &mut [u64], stride: usize, at: usize) {
        let n = self.rows.len();
        for &(output, bitmap) in &trues.made {
            let words = &mut out[bitmap * stride + at..][..n.div_ceil(64)];
            match self.part(output) {
                Part::Condition(mask) => words.copy_from_slice(mask.yes()),
                Part::Number(_) | Part::Numbers(_) => words.fill(0),
            }
        }
        if trues.has_steps {
            return self.write_by_steps(trues, coarse, out, stride, at);
        }
        let mut one = [const { Vec::new() }; AT_ONCE];
        let mut x_one = Vec::new();
        for tile in &trues.tiles {
            for (y, one) in tile.ys.into_iter().zip(&mut one) {
                self.constant(trues, y, one);
            }
            let ys: [&[f64]; AT_ONCE] = std::array::from_fn(|k| self.operand(trues, tile.ys[k], &one[k]));
            for &(x, bitmaps) in &tile.xs {
                self.constant(trues, x, &mut x_one);
                let x = self.operand(trues, x, &x_one);
                compare_each(tile.order, x, ys, out, bitmaps.map(|b| b * stride + at));
            }
        }
    }

    /// Compares columns, none of which is a constant, by steps.
    fn write_by_steps(&self, trues: &Trues, coarse: &mut Coarse, out: &mut [u64], stride: usize, at: usize) {
        let columns: Vec<&[f64]> = (0..trues.operands.len()).map(|i| self.operand(trues, i, &[])).collect();
        coarse.take(&columns);
        let column = |i: usize| (i, columns[i]);
        // Words in a line of the cache.
        let (line, n_words) = (8, self.rows.len().div_ceil(64));
        for tile in &trues.tiles {
            for (i, &(x, bitmaps)) in tile.xs.iter().enumerate() {
                // What comes after the next is far away.
                for b in tile.xs.get(i + AHEAD).map_or(&[][..], |(_, bitmaps)| bitmaps) {
                    (0..n_words).step_by(line).for_each(|word| ask_for(out, b * stride + at + word));
                }
                coarse.compare_each(tile.order, column(x), tile.ys.map(column), out, bitmaps.map(|b| b * stride + at));
            }
        }
    }

    /// Writes where the columns that are compared are there, as [`Block::write_trues`] does, and after it.
    pub fn write_known(&self, trues: &Trues, coarse: &Coarse, out: &mut [u64], stride: usize, at: usize) {
        let n = self.rows.len();
        let (mut one, mut missing) = (Vec::new(), vec![0; n.div_ceil(64)]);
        for operand in 0..trues.operands.len() {
            if trues.has_steps && coarse.is_whole(operand, n) {
                let known = &mut out[operand * stride + at..][..n / 64];
                known.fill(!0);
                continue;
            }
            self.constant(trues, operand, &mut one);
            // A number that is there is itself.
            let x = Side::Many(self.operand(trues, operand, &one));
            let known = &mut out[operand * stride + at..][..missing.len()];
            compare(compare::Test::Equal, x, x, n, known, &mut missing);
        }
    }

    /// Fills room with a constant, if an operand is one.
    fn constant(&self, trues: &Trues, operand: usize, room: &mut Vec<f64>) {
        if let Src::Num(x) = trues.operands[operand] {
            room.clear();
            room.resize(self.rows.len(), x);
        }
    }

    fn operand<'b>(&'b self, trues: &Trues, operand: usize, constant: &'b [f64]) -> &'b [f64] {
        match self.machine.view(trues.operands[operand], self.columns, self.rows.len()) {
            View::Many(x) => x,
            View::One(_) => constant,
        }
    }
}
