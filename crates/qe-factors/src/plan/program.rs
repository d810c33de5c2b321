//! What a plan does: its nodes as steps, in order, in buffers that are handed on.
//!
//! Buffers go from node to node as their last reader is done, so a plan of thousands of nodes works in a few. A program is
//! run in blocks of rows by [`super::machine`], over panels by [`super::panel`], and row by row by [`super::row`].

use std::collections::HashSet;
use std::ops::Range;

use super::graph::{Graph, Id, Op, Ty, of_vec};
use super::machine::{BLOCK, Buffer, LONGEST, NEAR};
use super::mask::Mask;
use super::stages::stage_of_each;
use crate::kernel::Kernel;

/// Where an operand is found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Src {
    /// A column of the data; those beyond them are what earlier stages have kept.
    Column(u32),
    /// A buffer of numbers.
    Slot(u32),
    /// A constant.
    Num(f64),
    /// A buffer of conditions.
    Mask(u32),
    /// Nothing.
    None,
}

impl Src {
    /// What tells it from others.
    pub(crate) fn key(&self) -> (u8, u64) {
        match *self {
            Self::Column(c) => (0, u64::from(c)),
            Self::Slot(s) => (1, u64::from(s)),
            Self::Num(x) => (2, x.to_bits()),
            Self::Mask(m) => (3, u64::from(m)),
            Self::None => (4, 0),
        }
    }
}

/// A column of numbers that a program reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// A column of the data, by number.
    Column(u32),
    /// When rows opened, as bits.
    Open,
    /// When rows were complete, as bits.
    Available,
}

/// A step of the machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Instr {
    /// What it does. Of a kernel the number is that of its wiring.
    pub(crate) op: Op,
    pub(crate) args: [Src; 3],
    /// The buffer written, of numbers or of conditions by the type of the node.
    pub(crate) dst: u32,
    pub(crate) is_cond: bool,
}

/// A kernel's operands and buffers.
#[derive(Debug, Clone)]
pub(crate) struct Wiring {
    pub(crate) inputs: Vec<Src>,
    pub(crate) outs: Vec<u32>,
}

/// What to do, in which order, in which buffers.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    code: Vec<Instr>,
    /// The node that each step computes.
    nodes: Vec<Id>,
    wiring: Vec<Wiring>,
    /// The number of the graph's call behind each kernel of the program, and which of its outputs are read, one bit each.
    calls: Vec<(u32, u32)>,
    n_slots: u32,
    n_masks: u32,
    n_kept: u32,
    /// Where outputs stand at the end of their stages.
    outputs: Vec<Src>,
    /// Which of them are tests, as in [`Stage::tests`].
    is_test: Vec<bool>,
    /// How many columns its tests compare, if that is so often that they are worth being written as steps first.
    n_stepped: usize,
    /// What of the data is read; [`Src::Column`] is a place in this list.
    columns: Vec<Source>,
    /// The stages: what is computed for each symbol by itself between operations across all of them.
    stages: Vec<Stage>,
}

/// A stretch of a program that each symbol runs for itself, after some operations across all symbols.
///
/// Buffers last for a stage. What a later one reads, and what operations across symbols give, is kept as a column beyond
/// those of the data.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stage {
    pub(crate) before: Vec<Across>,
    /// The steps of the program.
    pub(crate) code: Range<usize>,
    /// The last of them: comparisons that outputs alone read, and where those fail. Who wants their bits alone need not run
    /// them: what they read is there until the stage ends.
    pub(crate) tests: Range<usize>,
    /// The outputs that are there at the end of it.
    pub(crate) outputs: Vec<usize>,
    /// What it keeps: the buffer, and the number of the column among those that are kept.
    pub(crate) keep: Vec<(Src, usize)>,
}

/// An operation across symbols.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Across {
    /// Its place in the graph's list.
    pub(crate) op: u32,
    pub(crate) src: Src,
    /// The number of the column that it makes among those that are kept.
    pub(crate) to: usize,
}

/// Buffers that are handed on.
#[derive(Debug, Default)]
struct Pool {
    free: Vec<u32>,
    n: u32,
}

impl Pool {
    fn take(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.n += 1;
            self.n - 1
        })
    }
}

impl Program {
    /// The program that computes some nodes of a graph and whatever they need.
    pub(crate) fn new(graph: &Graph, outputs: &[Id]) -> Self {
        let n = graph.len();
        let mut needed = vec![false; n];
        // How many readers are still to come; an output is read once more, at the end of its stage.
        let mut readers = vec![0u32; n];
        for id in outputs {
            needed[id.idx()] = true;
            readers[id.idx()] += 1;
        }
        for i in (0..n).rev().map(|i| Id(i as u32)) {
            let children = if needed[i.idx()] { graph.children(i) } else { &[] };
            for child in children {
                needed[child.idx()] = true;
                readers[child.idx()] += 1;
            }
        }
        let is_test = tests(graph, outputs, &readers);
        let mut made = Maker::new(graph, &needed, readers);
        let stage_of = stage_of_each(graph, outputs);
        let n_stages = (0..n).filter(|&i| needed[i]).map(|i| stage_of[i] + 1).max().unwrap_or(1);
        let mut places = vec![Src::None; outputs.len()];
        let mut stages = Vec::with_capacity(n_stages as usize);
        for stage in 0..n_stages {
            let is_cross = |i: &usize| matches!(graph.nodes[*i].op, Op::Cross(_));
            let here: Vec<usize> = (0..n).filter(|&i| needed[i] && stage_of[i] == stage).collect();
            let (crosses, own): (Vec<usize>, Vec<usize>) = here.iter().partition(|i| is_cross(i));
            // What they read is free only after all of them: they run side by side.
            let before = crosses.iter().filter_map(|&i| made.cross(Id(i as u32))).collect();
            crosses.iter().for_each(|&i| made.read(graph.nodes[i].args[0]));
            made.hand_on();
            let start = made.code.len();
            own.iter().filter(|i| !is_test[**i]).for_each(|&i| made.node(Id(i as u32), &needed));
            let first_test = made.code.len();
            own.iter().filter(|i| is_test[**i]).for_each(|&i| made.node(Id(i as u32), &needed));
            let (code, tests) = (start..made.code.len(), first_test..made.code.len());
            let ready: Vec<usize> = (0..outputs.len()).filter(|&o| stage_of[outputs[o].idx()] == stage).collect();
            for &o in &ready {
                places[o] = made.place[outputs[o].idx()];
                made.read(outputs[o]);
            }
            let keep = own.iter().filter_map(|&i| made.keep(Id(i as u32))).collect();
            made.hand_on();
            stages.push(Stage { before, code, tests, outputs: ready, keep });
        }
        let tests = || stages.iter().flat_map(|stage: &Stage| &made.code[stage.tests.clone()]);
        Self {
            n_stepped: n_stepped(tests().filter(|instr| matches!(instr.op, Op::Cmp(_)))),
            stages,
            outputs: places,
            is_test: outputs.iter().map(|id| is_test[id.idx()]).collect(),
            code: made.code,
            nodes: made.nodes,
            wiring: made.wiring,
            calls: made.calls,
            n_slots: made.slots.n,
            n_masks: made.masks.n,
            n_kept: made.kept.n,
            columns: made.columns,
        }
    }

    /// What of the data it reads, in the order in which it wants it.
    pub(crate) fn columns(&self) -> &[Source] {
        &self.columns
    }

    /// The stages, in order; there is at least one.
    pub(crate) fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// How many columns are kept from stage to stage.
    pub(crate) fn n_kept(&self) -> usize {
        self.n_kept as usize
    }

    /// The node that each step computes, in order.
    pub(crate) fn nodes(&self) -> &[Id] {
        &self.nodes
    }

    /// How many steps it takes for a block.
    pub(crate) fn n_steps(&self) -> usize {
        self.code.len()
    }

    /// The steps, in order.
    pub(crate) fn code(&self) -> &[Instr] {
        &self.code
    }

    /// Where kernels read and write.
    pub(crate) fn wiring(&self) -> &[Wiring] {
        &self.wiring
    }

    /// Where the outputs are found.
    pub(crate) fn outputs(&self) -> &[Src] {
        &self.outputs
    }

    /// Whether an output is a comparison, or where one fails, as in [`Stage::tests`].
    pub(crate) fn is_test(&self, output: usize) -> bool {
        self.is_test[output]
    }

    /// How many buffers of numbers there are.
    pub(crate) fn n_slots(&self) -> u32 {
        self.n_slots
    }

    /// How many buffers of conditions there are.
    pub(crate) fn n_masks(&self) -> u32 {
        self.n_masks
    }

    /// The kernels, their first row being row `first_row` of the data set.
    pub(crate) fn kernels(&self, graph: &Graph, first_row: u64) -> Vec<Box<dyn Kernel>> {
        let kernel = |&(c, wanted): &(u32, u32)| graph.calls[c as usize].kernel_for(first_row, wanted);
        self.calls.iter().map(kernel).collect()
    }

    /// The kernels, by their numbers in the graph's list.
    pub(crate) fn calls(&self) -> impl Iterator<Item = u32> + '_ {
        self.calls.iter().map(|(call, _)| *call)
    }

    /// Bytes of the buffers of a machine that works in blocks of so many rows.
    pub(crate) fn n_bytes(&self, block: usize) -> usize {
        let masks = self.n_masks as usize * (size_of::<Mask>() + block.div_ceil(64) * 16);
        (self.n_slots as usize + self.n_spare()) * Buffer::n_bytes(block) + masks
    }

    /// Rows in a block: as many as let buffers stay in a near cache.
    pub(crate) fn block(&self) -> usize {
        let mut block = LONGEST;
        while block > BLOCK && (self.n_slots as usize + self.n_spare()) * Buffer::n_bytes(block) > NEAR {
            block /= 2;
        }
        block
    }

    /// How many columns are compared so often that they are worth being written as steps first; none, if they are not.
    pub(crate) fn n_stepped(&self) -> usize {
        self.n_stepped
    }

    /// How many buffers kernels ask for that read constants: one for each place of an input that is one.
    pub(crate) fn n_spare(&self) -> usize {
        let is_buffer = |src: &Src| matches!(src, Src::Column(_) | Src::Slot(_));
        let last = |w: &Wiring| w.inputs.iter().rposition(|src| !is_buffer(src)).map_or(0, |i| i + 1);
        self.wiring.iter().map(last).max().unwrap_or(0)
    }

    /// About how many bytes it takes itself.
    pub(crate) fn n_bytes_itself(&self) -> usize {
        let wiring = |w: &Wiring| of_vec(&w.inputs) + of_vec(&w.outs);
        let stage = |s: &Stage| of_vec(&s.before) + of_vec(&s.outputs) + of_vec(&s.keep);
        of_vec(&self.code)
            + of_vec(&self.nodes)
            + of_vec(&self.wiring)
            + of_vec(&self.calls)
            + of_vec(&self.outputs)
            + of_vec(&self.is_test)
            + of_vec(&self.columns)
            + of_vec(&self.stages)
            + self.wiring.iter().map(wiring).sum::<usize>()
            + self.stages.iter().map(stage).sum::<usize>()
    }
}

/// How many columns some comparisons read; none, where that is too seldom, or one is a constant, which is no column.
fn n_stepped<'c>(tests: impl Iterator<Item = &'c Instr>) -> usize {
    /// How often a column is compared that is written as steps first.
    const OFTEN: usize = 8;
    let (mut n_tests, mut columns) = (0, HashSet::new());
    for test in tests {
        n_tests += 1;
        for side in &test.args[..2] {
            if let Src::Num(_) = side {
                return 0;
            }
            columns.insert(side.key());
        }
    }
    if n_tests >= OFTEN * columns.len() { columns.len() } else { 0 }
}

/// Comparisons that outputs alone read, be it where they fail, and these failures. Only where what they compare has several
/// such readers: it stays in its buffer until the stage ends.
fn tests(graph: &Graph, outputs: &[Id], readers: &[u32]) -> Vec<bool> {
    const FEWEST: u32 = 4;
    let n = graph.len();
    // Readers that are neither outputs nor failures that outputs alone read.
    let mut others = readers.to_vec();
    outputs.iter().for_each(|id| others[id.idx()] -= 1);
    for i in (0..n).rev() {
        if readers[i] > 0 && others[i] == 0 && graph.nodes[i].op == Op::Not {
            others[graph.nodes[i].args[0].idx()] -= 1;
        }
    }
    let is_test = |i: usize| readers[i] > 0 && others[i] == 0 && matches!(graph.nodes[i].op, Op::Cmp(_));
    let mut compared = vec![0; n];
    (0..n).filter(|&i| is_test(i)).flat_map(|i| graph.nodes[i].children()).for_each(|c| compared[c.idx()] += 1);
    let stays = |c: &Id| compared[c.idx()] >= FEWEST || matches!(graph.nodes[c.idx()].op, Op::Column(_) | Op::Num(_));
    let mut out: Vec<bool> = (0..n).map(|i| is_test(i) && graph.nodes[i].children().iter().all(stays)).collect();
    for i in (0..n).filter(|&i| readers[i] > 0 && graph.nodes[i].op == Op::Not && others[i] == 0) {
        out[i] = out[graph.nodes[i].args[0].idx()];
    }
    out
}

/// What a program is made with.
struct Maker<'a> {
    graph: &'a Graph,
    readers: Vec<u32>,
    place: Vec<Src>,
    slots: Pool,
    masks: Pool,
    /// Columns that are kept from stage to stage.
    kept: Pool,
    /// Those of them that have had their last reader.
    read: Vec<u32>,
    code: Vec<Instr>,
    nodes: Vec<Id>,
    wiring: Vec<Wiring>,
    /// The kernels, and which of their outputs are read, one bit each.
    calls: Vec<(u32, u32)>,
    /// The kernel of the program that a kernel's node became.
    call_of: Vec<u32>,
    columns: Vec<Source>,
}

impl<'a> Maker<'a> {
    fn new(graph: &'a Graph, needed: &[bool], readers: Vec<u32>) -> Self {
        let mut made = Self {
            graph,
            readers,
            place: vec![Src::None; needed.len()],
            slots: Pool::default(),
            masks: Pool::default(),
            kept: Pool::default(),
            read: Vec::new(),
            code: Vec::new(),
            nodes: Vec::new(),
            wiring: Vec::new(),
            calls: Vec::new(),
            call_of: vec![u32::MAX; needed.len()],
            columns: Vec::new(),
        };
        for i in (0..needed.len()).filter(|&i| needed[i]) {
            let source = match graph.nodes[i].op {
                Op::Column(c) => Source::Column(c),
                Op::Open => Source::Open,
                Op::Available => Source::Available,
                _ => continue,
            };
            // Equal nodes are one, so no column comes twice.
            made.place[i] = Src::Column(made.columns.len() as u32);
            made.columns.push(source);
        }
        made
    }

    fn node(&mut self, id: Id, needed: &[bool]) {
        let node = self.graph.nodes[id.idx()];
        match node.op {
            Op::Column(_) | Op::Open | Op::Available => {}
            Op::Num(bits) => self.place[id.idx()] = Src::Num(f64::from_bits(bits)),
            Op::Output(j) => {
                let kernel = self.call_of[node.args[0].idx()];
                self.place[id.idx()] = Src::Slot(self.wiring[kernel as usize].outs[j as usize]);
            }
            Op::Kernel(c) => self.kernel(id, c, needed),
            _ => {
                let mut args = [Src::None; 3];
                for (arg, child) in args.iter_mut().zip(node.children()) {
                    *arg = self.place[child.idx()];
                }
                let is_cond = node.ty == Ty::Cond;
                let dst = if is_cond { self.masks.take() } else { self.slots.take() };
                self.code.push(Instr { op: node.op, args, dst, is_cond });
                self.nodes.push(id);
                self.place[id.idx()] = if is_cond { Src::Mask(dst) } else { Src::Slot(dst) };
                for &child in node.children() {
                    self.read(child);
                }
            }
        }
    }

    fn cross(&mut self, id: Id) -> Option<Across> {
        let node = self.graph.nodes[id.idx()];
        let Op::Cross(op) = node.op else { return None };
        let src = self.place[node.args[0].idx()];
        Some(Across { op, src, to: self.column_for(id) })
    }

    /// Keeps a node of the stage that ends, if it is a number that a later stage reads.
    fn keep(&mut self, id: Id) -> Option<(Src, usize)> {
        let src = self.place[id.idx()];
        let Src::Slot(slot) = src else { return None };
        if self.readers[id.idx()] == 0 {
            return None;
        }
        self.slots.free.push(slot);
        Some((src, self.column_for(id)))
    }

    /// A column beyond those of the data, where a node stands from now on.
    fn column_for(&mut self, id: Id) -> usize {
        let to = self.kept.take();
        self.place[id.idx()] = Src::Column(self.columns.len() as u32 + to);
        to as usize
    }

    /// Whoever read these columns is done.
    fn hand_on(&mut self) {
        self.kept.free.append(&mut self.read);
    }

    fn kernel(&mut self, id: Id, c: u32, needed: &[bool]) {
        let call = &self.graph.calls[c as usize];
        let kernel = self.wiring.len() as u32;
        let inputs: Vec<Src> = call.inputs.iter().map(|i| self.place[i.idx()]).collect();
        let outs: Vec<u32> = call.outputs.iter().map(|_| self.slots.take()).collect();
        self.call_of[id.idx()] = kernel;
        self.wiring.push(Wiring { inputs, outs: outs.clone() });
        self.code.push(Instr { op: Op::Kernel(kernel), args: [Src::None; 3], dst: kernel, is_cond: false });
        self.nodes.push(id);
        for &input in &call.inputs {
            self.read(input);
        }
        // An output that nobody reads is free again at once.
        let mut wanted = 0;
        for (j, slot) in outs.into_iter().enumerate() {
            let read = self.graph.known_output(id, j as u32).is_some_and(|o| needed[o.idx()]);
            wanted |= u32::from(read) << j;
            if !read {
                self.slots.free.push(slot);
            }
        }
        self.calls.push((c, wanted));
    }

    /// One reader of a node is done; after the last one its buffer is free.
    fn read(&mut self, id: Id) {
        let left = &mut self.readers[id.idx()];
        *left -= 1;
        if *left > 0 {
            return;
        }
        match self.place[id.idx()] {
            Src::Slot(slot) => self.slots.free.push(slot),
            Src::Mask(mask) => self.masks.free.push(mask),
            Src::Column(c) => self.read.extend(c.checked_sub(self.columns.len() as u32)),
            Src::Num(_) | Src::None => {}
        }
    }
}
