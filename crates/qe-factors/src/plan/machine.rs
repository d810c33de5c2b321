//! Running a plan: its nodes in order, over blocks of rows that stay in cache, with the memory of its kernels.
//!
//! A whole history, a block and a single live row go through the same loop. Buffers are handed from node to node as their
//! last reader is done, so a plan of thousands of nodes works in a few.

use std::ops::Range;

use super::graph::{Graph, Id, MAX_INPUTS, MAX_OUTPUTS, Op, Ty};
use super::mask::Mask;
use super::scalar::{self, Bin, Cmp, Un};
use crate::kernel::Kernel;

/// Rows in a block: a multiple of 64, and few enough that a dozen buffers stay in the nearest caches.
pub(crate) const BLOCK: usize = 1024;

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
    code: Range<usize>,
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
        let mut made = Maker::new(graph, &needed, readers);
        let stage_of = stages(graph, outputs);
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
            own.iter().for_each(|&i| made.node(Id(i as u32), &needed));
            let code = start..made.code.len();
            let ready: Vec<usize> = (0..outputs.len()).filter(|&o| stage_of[outputs[o].idx()] == stage).collect();
            for &o in &ready {
                places[o] = made.place[outputs[o].idx()];
                made.read(outputs[o]);
            }
            let keep = own.iter().filter_map(|&i| made.keep(Id(i as u32))).collect();
            made.hand_on();
            stages.push(Stage { before, code, outputs: ready, keep });
        }
        Self {
            stages,
            outputs: places,
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
        self.n_slots as usize * block * 8 + self.n_masks as usize * block.div_ceil(64) * 16
    }
}

/// Outputs are taken together until so many operations across symbols are new, which may run side by side.
const SIDE_BY_SIDE: usize = 8;

/// The stage of each node that outputs need: at least that of its latest child, and of one that works across symbols the
/// stage after it.
///
/// A few outputs are made at a time, and nodes that they are the first to need stand as late as their readers among them
/// do: so little has to be kept from stage to stage.
fn stages(graph: &Graph, outputs: &[Id]) -> Vec<u32> {
    const NONE: u32 = u32::MAX;
    let across = |i: usize| u32::from(matches!(graph.nodes[i].op, Op::Cross(_)));
    let children = |i: usize| graph.children(Id(i as u32)).iter().map(|c| c.idx());
    let (mut stage_of, mut earliest) = (vec![NONE; graph.len()], vec![NONE; graph.len()]);
    let mut is_new = vec![false; graph.len()];
    let mut first = 0;
    let mut outputs = outputs.iter().map(|id| id.idx()).peekable();
    while outputs.peek().is_some() {
        // What these outputs need and none before them has needed.
        let (mut new, mut n_across) = (Vec::new(), 0);
        while let Some(output) = outputs.next_if(|_| n_across < SIDE_BY_SIDE) {
            let mut todo = vec![output];
            while let Some(i) = todo.pop() {
                if earliest[i] == NONE {
                    earliest[i] = first;
                    n_across += across(i) as usize;
                    new.push(i);
                    todo.extend(children(i));
                }
            }
        }
        // Children have lower numbers than their readers.
        new.sort_unstable();
        for &i in &new {
            let made = |c: usize| if stage_of[c] == NONE { earliest[c] } else { stage_of[c] };
            earliest[i] = children(i).map(|c| made(c) + across(i)).fold(first, u32::max);
        }
        new.iter().for_each(|&i| is_new[i] = true);
        for &i in new.iter().rev() {
            // None of them reads it: it is an output.
            if stage_of[i] == NONE {
                stage_of[i] = earliest[i];
            }
            for child in children(i).filter(|&c| is_new[c]) {
                stage_of[child] = stage_of[child].min(stage_of[i] - across(i));
            }
        }
        new.iter().for_each(|&i| is_new[i] = false);
        first = new.iter().map(|&i| earliest[i]).fold(first, u32::max);
    }
    // An output of a kernel is there when the kernel is.
    for i in 0..graph.len() {
        if matches!(graph.nodes[i].op, Op::Output(_)) {
            stage_of[i] = stage_of[graph.nodes[i].args[0].idx()];
        }
    }
    stage_of
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

/// Buffers of a machine, which many plans can use one after the other.
#[derive(Debug, Clone, Default)]
pub struct Workspace {
    slots: Vec<Vec<f64>>,
    masks: Vec<Mask>,
    /// A buffer for each constant that a kernel reads.
    spare: Vec<Vec<f64>>,
    /// The most bytes that an evaluation may take beside its input; any, if none is said.
    pub(crate) budget: Option<usize>,
}

impl Workspace {
    /// No buffers yet, and no bound.
    pub fn new() -> Self {
        Self::default()
    }

    /// No buffers yet. What would take more bytes than this, outputs included, is refused before it begins.
    pub fn within(max_bytes: usize) -> Self {
        Self { budget: Some(max_bytes), ..Self::default() }
    }

    /// Grows to what a program needs in blocks of so many rows.
    pub(crate) fn fit(&mut self, program: &Program, block: usize) {
        let grow = |buffers: &mut Vec<Vec<f64>>, n: usize| {
            if buffers.len() < n {
                buffers.resize(n, Vec::new());
            }
            for buffer in buffers[..n].iter_mut().filter(|b| b.len() < block) {
                buffer.resize(block, 0.0);
            }
        };
        grow(&mut self.slots, program.n_slots as usize);
        grow(&mut self.spare, if program.wiring.is_empty() { 0 } else { MAX_INPUTS });
        if self.masks.len() < program.n_masks as usize {
            self.masks.resize(program.n_masks as usize, Mask::EMPTY);
        }
    }
}

/// A program with its buffers and the memory of its kernels.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    kernels: Vec<Box<dyn Kernel>>,
    space: Workspace,
}

impl Machine {
    /// A machine that takes at most `block` rows at a time, the first to come being row `first_row` of the data set.
    pub(crate) fn new(program: &Program, graph: &Graph, first_row: u64, block: usize, mut space: Workspace) -> Self {
        space.fit(program, block);
        Self { kernels: program.kernels(graph, first_row), space }
    }

    /// Hands its buffers of numbers over for others; conditions stay.
    pub(crate) fn swap_buffers(&mut self, space: &mut Workspace) {
        std::mem::swap(&mut self.space.slots, &mut space.slots);
        std::mem::swap(&mut self.space.spare, &mut space.spare);
    }

    /// The buffers, for another machine.
    pub(crate) fn into_workspace(self) -> Workspace {
        self.space
    }

    /// Takes the next rows of all columns: at most a block, all of one length.
    pub(crate) fn run(&mut self, program: &Program, columns: &[&[f64]], n: usize) {
        for stage in 0..program.stages.len() {
            self.run_stage(program, stage, columns, n);
        }
    }

    /// Takes the next rows through one stage.
    pub(crate) fn run_stage(&mut self, program: &Program, stage: usize, columns: &[&[f64]], n: usize) {
        for step in program.stages[stage].code.clone() {
            self.run_step(program, step, columns, n);
        }
    }

    /// Takes the next rows through one step.
    #[inline]
    pub(crate) fn run_step(&mut self, program: &Program, step: usize, columns: &[&[f64]], n: usize) {
        let instr = &program.code[step];
        if let Op::Kernel(k) = instr.op {
            self.run_kernel(&program.wiring[k as usize], k as usize, columns, n);
        } else if instr.is_cond {
            let mut out = std::mem::take(&mut self.space.masks[instr.dst as usize]);
            self.run_cond(instr, columns, n, &mut out);
            self.space.masks[instr.dst as usize] = out;
        } else {
            let mut out = std::mem::take(&mut self.space.slots[instr.dst as usize]);
            self.run_num(instr, columns, &mut out[..n]);
            self.space.slots[instr.dst as usize] = out;
        }
    }

    /// The numbers of an output of the last rows.
    pub(crate) fn number<'a>(&'a self, program: &Program, idx: usize, columns: &[&'a [f64]], n: usize) -> View<'a> {
        self.view(program.outputs[idx], columns, n)
    }

    /// The condition that an output was in the last rows.
    pub(crate) fn condition(&self, program: &Program, idx: usize) -> Option<&Mask> {
        match program.outputs[idx] {
            Src::Mask(m) => self.space.masks.get(m as usize),
            _ => None,
        }
    }

    /// What a source holds for the last rows.
    pub(crate) fn view<'a>(&'a self, src: Src, columns: &[&'a [f64]], n: usize) -> View<'a> {
        match src {
            Src::Column(c) => View::Many(&columns[c as usize][..n]),
            Src::Slot(s) => View::Many(&self.space.slots[s as usize][..n]),
            Src::Num(x) => View::One(x),
            Src::Mask(_) | Src::None => View::One(f64::NAN),
        }
    }

    fn mask(&self, src: Src) -> &Mask {
        const EMPTY: &Mask = &Mask::EMPTY;
        match src {
            Src::Mask(m) => &self.space.masks[m as usize],
            _ => EMPTY,
        }
    }

    fn run_kernel(&mut self, wiring: &Wiring, kernel: usize, columns: &[&[f64]], n: usize) {
        // Most read and give little, and a live row should not pay for the places of the widest.
        match (wiring.inputs.len(), wiring.outs.len()) {
            (..=2, ..=1) => self.run_kernel_of::<2, 1>(wiring, kernel, columns, n),
            (..=5, ..=4) => self.run_kernel_of::<5, 4>(wiring, kernel, columns, n),
            _ => self.run_kernel_of::<MAX_INPUTS, MAX_OUTPUTS>(wiring, kernel, columns, n),
        }
    }

    /// Runs a kernel of at most `I` inputs and `O` outputs.
    #[inline]
    fn run_kernel_of<const I: usize, const O: usize>(
        &mut self,
        wiring: &Wiring,
        kernel: usize,
        columns: &[&[f64]],
        n: usize,
    ) {
        let mut outs: [Vec<f64>; O] = [const { Vec::new() }; O];
        for (out, &slot) in outs.iter_mut().zip(&wiring.outs) {
            *out = std::mem::take(&mut self.space.slots[slot as usize]);
        }
        for (spare, &src) in self.space.spare.iter_mut().zip(&wiring.inputs) {
            if let Src::Num(x) = src {
                spare[..n].fill(x);
            }
        }
        let mut inputs: [&[f64]; I] = [&[]; I];
        for (i, (input, &src)) in inputs.iter_mut().zip(&wiring.inputs).enumerate() {
            *input = match src {
                Src::Column(c) => &columns[c as usize][..n],
                Src::Slot(s) => &self.space.slots[s as usize][..n],
                _ => &self.space.spare[i][..n],
            };
        }
        let mut slices: [&mut [f64]; O] = std::array::from_fn(|_| Default::default());
        for (slice, out) in slices.iter_mut().zip(&mut outs).take(wiring.outs.len()) {
            *slice = &mut out[..n];
        }
        self.kernels[kernel].run(&inputs[..wiring.inputs.len()], &mut slices[..wiring.outs.len()]);
        for (out, &slot) in outs.iter_mut().zip(&wiring.outs) {
            self.space.slots[slot as usize] = std::mem::take(out);
        }
    }

    fn run_cond(&self, instr: &Instr, columns: &[&[f64]], n: usize, out: &mut Mask) {
        let [a, b, c] = instr.args;
        match instr.op {
            Op::Cmp(op) => {
                let (a, b) = (self.view(a, columns, n), self.view(b, columns, n));
                match op {
                    Cmp::Lt => compare(out, n, a, b, |x, y| scalar::cmp(Cmp::Lt, x, y)),
                    Cmp::Le => compare(out, n, a, b, |x, y| scalar::cmp(Cmp::Le, x, y)),
                    Cmp::Eq => compare(out, n, a, b, |x, y| scalar::cmp(Cmp::Eq, x, y)),
                    Cmp::Ne => compare(out, n, a, b, |x, y| scalar::cmp(Cmp::Ne, x, y)),
                }
            }
            Op::Flag(v) => out.fill(n, |_| (v, !v)),
            Op::IsMissing => {
                compare(out, n, self.view(a, columns, n), View::One(0.0), |x, _| (x.is_nan(), !x.is_nan()))
            }
            Op::ToCond => {
                compare(out, n, self.view(a, columns, n), View::One(0.0), |x, _| scalar::cmp(Cmp::Ne, x, 0.0));
            }
            Op::Not => out.not(self.mask(a)),
            Op::And => out.and(self.mask(a), self.mask(b)),
            Op::Or => out.or(self.mask(a), self.mask(b)),
            Op::If => out.choose(self.mask(a), self.mask(b), self.mask(c)),
            _ => out.reset(n),
        }
    }

    fn run_num(&self, instr: &Instr, columns: &[&[f64]], out: &mut [f64]) {
        let n = out.len();
        let [a, b, c] = instr.args;
        match instr.op {
            Op::Un(op) => unary(op, self.view(a, columns, n), out),
            Op::Bin(op) => binary(op, self.view(a, columns, n), self.view(b, columns, n), out),
            Op::ToNum => self.mask(a).to_numbers(out),
            Op::If => {
                let (yes, no) = (self.view(b, columns, n), self.view(c, columns, n));
                choose(self.mask(a), yes, no, out);
            }
            _ => out.fill(f64::NAN),
        }
    }
}

/// A block's operand: a number per row, or one for all.
#[derive(Debug, Clone, Copy)]
pub(crate) enum View<'a> {
    /// A number per row.
    Many(&'a [f64]),
    /// One number for all rows.
    One(f64),
}

impl View<'_> {
    /// Writes it out.
    pub(crate) fn copy_to(self, out: &mut [f64]) {
        match self {
            Self::Many(x) => out.copy_from_slice(x),
            Self::One(x) => out.fill(x),
        }
    }
}

#[inline]
fn compare(out: &mut Mask, n: usize, a: View<'_>, b: View<'_>, f: impl Fn(f64, f64) -> (bool, bool)) {
    match (a, b) {
        (View::Many(a), View::Many(b)) => out.fill(n, |i| f(a[i], b[i])),
        (View::Many(a), View::One(b)) => out.fill(n, |i| f(a[i], b)),
        (View::One(a), View::Many(b)) => out.fill(n, |i| f(a, b[i])),
        (View::One(a), View::One(b)) => out.fill(n, |_| f(a, b)),
    }
}

fn choose(c: &Mask, yes: View<'_>, no: View<'_>, out: &mut [f64]) {
    let at = |v: View<'_>, i: usize| match v {
        View::Many(x) => x[i],
        View::One(x) => x,
    };
    for (i, o) in out.iter_mut().enumerate() {
        let bit = |w: &[u64]| w[i / 64] >> (i % 64) & 1 == 1;
        *o = if bit(c.yes()) {
            at(yes, i)
        } else if bit(c.no()) {
            at(no, i)
        } else {
            f64::NAN
        };
    }
}

fn unary(op: Un, a: View<'_>, out: &mut [f64]) {
    // One loop per operation, so that each is compiled for itself.
    macro_rules! each {
        ($($op:ident)*) => {
            match op {
                $(Un::$op => map1(a, out, |x| scalar::un(Un::$op, x)),)*
            }
        };
    }
    each!(Abs Acos Asin Atan Ceil Cos Cosh Cube Exp Expm1 Floor Inv Log Log10 Log1p Log2 Neg Relu Round Sigmoid Sign Sin
        Sinh Sqrt Square Tan Tanh);
}

fn binary(op: Bin, a: View<'_>, b: View<'_>, out: &mut [f64]) {
    macro_rules! each {
        ($($op:ident)*) => {
            match op {
                $(Bin::$op => map2(a, b, out, |x, y| scalar::bin(Bin::$op, x, y)),)*
            }
        };
    }
    each!(Add Atan2 Coalesce Div Max Min Mul Pow Rem SignedPow Sub);
}

#[inline]
fn map1(a: View<'_>, out: &mut [f64], f: impl Fn(f64) -> f64) {
    match a {
        View::Many(a) => out.iter_mut().zip(a).for_each(|(o, &x)| *o = f(x)),
        View::One(x) => out.fill(f(x)),
    }
}

#[inline]
fn map2(a: View<'_>, b: View<'_>, out: &mut [f64], f: impl Fn(f64, f64) -> f64) {
    match (a, b) {
        (View::Many(a), View::Many(b)) => out.iter_mut().zip(a.iter().zip(b)).for_each(|(o, (&x, &y))| *o = f(x, y)),
        (View::Many(a), View::One(y)) => out.iter_mut().zip(a).for_each(|(o, &x)| *o = f(x, y)),
        (View::One(x), View::Many(b)) => out.iter_mut().zip(b).for_each(|(o, &y)| *o = f(x, y)),
        (View::One(x), View::One(y)) => out.fill(f(x, y)),
    }
}
