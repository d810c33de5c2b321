//! Running a program over blocks of rows that stay in cache, with the memory of its kernels.

use std::ops::{Deref, DerefMut};

use super::graph::{Graph, MAX_INPUTS, MAX_OUTPUTS, Op};
use super::mask::Mask;
use super::program::{Instr, Program, Src, Wiring};
use super::scalar::{self, Bin, Cmp, Un};
use crate::kernel::Kernel;

/// The fewest rows in a block, a multiple of 64, and the most. Windows that go block by block of their own length have many of
/// them in a long one.
pub(crate) const BLOCK: usize = 1024;
pub(crate) const LONGEST: usize = 8 * BLOCK;

/// Bytes of buffers that stay in a near cache, beside what is read.
pub(crate) const NEAR: usize = 256 << 10;

/// A buffer of numbers that begins where a line of the cache does, so that no vector of it lies across two.
#[derive(Debug, Clone, Default)]
pub(crate) struct Buffer {
    room: Vec<f64>,
    start: usize,
    len: usize,
}

impl Buffer {
    /// No numbers.
    const EMPTY: Self = Self { room: Vec::new(), start: 0, len: 0 };
    /// Numbers in the longest line of a cache.
    const LINE: usize = 16;

    /// Bytes of one for so many numbers.
    pub(crate) fn n_bytes(len: usize) -> usize {
        size_of::<Self>() + (len + Self::LINE) * size_of::<f64>()
    }

    /// Zeros.
    fn new(len: usize) -> Self {
        let room = vec![0.0; len + Self::LINE];
        let start = room.as_ptr().align_offset(Self::LINE * size_of::<f64>()).min(Self::LINE);
        Self { room, start, len }
    }
}

impl Deref for Buffer {
    type Target = [f64];

    #[inline]
    fn deref(&self) -> &[f64] {
        &self.room[self.start..self.start + self.len]
    }
}

impl DerefMut for Buffer {
    #[inline]
    fn deref_mut(&mut self) -> &mut [f64] {
        &mut self.room[self.start..self.start + self.len]
    }
}

/// Buffers of a machine, which many plans can use one after the other.
#[derive(Debug, Clone, Default)]
pub struct Workspace {
    slots: Vec<Buffer>,
    masks: Vec<Mask>,
    /// A buffer for each constant that a kernel reads.
    spare: Vec<Buffer>,
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
        let grow = |buffers: &mut Vec<Buffer>, n: usize| {
            if buffers.len() < n {
                buffers.resize(n, Buffer::EMPTY);
            }
            for buffer in buffers[..n].iter_mut().filter(|b| b.len() < block) {
                *buffer = Buffer::new(block);
            }
        };
        grow(&mut self.slots, program.n_slots() as usize);
        grow(&mut self.spare, program.n_spare());
        if self.masks.len() < program.n_masks() as usize {
            self.masks.resize(program.n_masks() as usize, Mask::EMPTY);
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
        for stage in 0..program.stages().len() {
            self.run_stage(program, stage, columns, n);
        }
    }

    /// Takes the next rows through one stage.
    pub(crate) fn run_stage(&mut self, program: &Program, stage: usize, columns: &[&[f64]], n: usize) {
        for step in program.stages()[stage].code.clone() {
            self.run_step(program, step, columns, n);
        }
    }

    /// Takes the next rows through all stages, of whose tests only some steps are run.
    pub(crate) fn run_but(&mut self, program: &Program, tests: &[usize], columns: &[&[f64]], n: usize) {
        for stage in program.stages() {
            for step in stage.code.start..stage.tests.start {
                self.run_step(program, step, columns, n);
            }
        }
        for &step in tests {
            self.run_step(program, step, columns, n);
        }
    }

    /// Takes the next rows through one step.
    #[inline]
    pub(crate) fn run_step(&mut self, program: &Program, step: usize, columns: &[&[f64]], n: usize) {
        let instr = &program.code()[step];
        if let Op::Kernel(k) = instr.op {
            self.run_kernel(&program.wiring()[k as usize], k as usize, columns, n);
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
        self.view(program.outputs()[idx], columns, n)
    }

    /// The condition that an output was in the last rows.
    pub(crate) fn condition(&self, program: &Program, idx: usize) -> Option<&Mask> {
        match program.outputs()[idx] {
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
        let mut outs: [Buffer; O] = [Buffer::EMPTY; O];
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
            Op::Cmp(op) => out.compare(op, self.view(a, columns, n), self.view(b, columns, n), n),
            Op::Flag(v) => out.fill(n, |_| (v, !v)),
            Op::IsMissing => match self.view(a, columns, n) {
                View::Many(a) => out.fill(n, |i| (a[i].is_nan(), !a[i].is_nan())),
                View::One(a) => out.fill(n, |_| (a.is_nan(), !a.is_nan())),
            },
            Op::ToCond => {
                out.compare(Cmp::Ne, self.view(a, columns, n), View::One(0.0), n);
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
