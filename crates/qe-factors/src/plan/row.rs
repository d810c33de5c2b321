//! A plan over live rows, one at a time: every node is a single number, and kernels take single rows.
//!
//! The operations are those of [`super::machine`] on one number, by the same scalar functions, so the bits are the same.
//! Columns, results and constants stand in one list of numbers, so that an operand is a place in it and nothing else. A
//! condition is 1, 0, or NaN for unknown, as in [`super::local`].

use std::ops::Range;

use super::graph::{Graph, MAX_INPUTS, MAX_OUTPUTS, Op};
use super::local::{and, choose, condition, or};
use super::program::{Program, Src};
use super::scalar::{self, Bin, Cmp};
use crate::keep;
use crate::kernel::Kernel;

/// A plan as it runs row by row, and its memory.
#[derive(Debug, Clone)]
pub(crate) struct RowMachine {
    code: RowCode,
    memory: RowMemory,
}

/// What is done in a row.
#[derive(Debug, Clone)]
pub(super) struct RowCode {
    code: Vec<Step>,
    /// Where kernels read, and then write, one after the other.
    wires: Vec<u32>,
    outputs: Vec<u32>,
}

/// What a row is made in, and what is remembered of those before it.
#[derive(Debug, Clone)]
pub(super) struct RowMemory {
    kernels: Vec<Box<dyn Kernel>>,
    /// The columns of the row, what is kept from stage to stage, then what the steps give, then constants.
    pub(super) values: Vec<f64>,
}

keep!(RowMachine { memory } given { code });

// Every row writes its values before it reads them.
keep!(RowMemory { kernels } scratch { values });

/// A step: what it does, which values it reads, and where it writes. Of a kernel: where its wires begin, and how many of them
/// are read and written.
#[derive(Debug, Clone, Copy)]
struct Step {
    op: Op,
    args: [u32; 3],
    dst: u32,
}

/// Where the buffers of numbers begin among a row's values.
pub(super) fn first_slot(program: &Program) -> u32 {
    (program.columns().len() + program.n_kept()) as u32
}

impl RowCode {
    /// What a program does in a row, and the memory of a symbol whose first row is row `first_row` of the data set.
    pub(super) fn new(program: &Program, graph: &Graph, first_row: u64) -> (Self, RowMemory) {
        let slots = first_slot(program);
        let masks = slots + program.n_slots();
        let mut values = vec![f64::NAN; (masks + program.n_masks()) as usize];
        let mut place = |src: Src| match src {
            Src::Column(c) => c,
            Src::Slot(s) => slots + s,
            Src::Mask(m) => masks + m,
            Src::Num(x) => {
                values.push(x);
                values.len() as u32 - 1
            }
            Src::None => 0,
        };
        let (mut code, mut wires) = (Vec::with_capacity(program.n_steps()), Vec::new());
        for instr in program.code() {
            code.push(match instr.op {
                Op::Kernel(k) => {
                    let (wiring, start) = (&program.wiring()[k as usize], wires.len() as u32);
                    wires.extend(wiring.inputs.iter().map(|&src| place(src)));
                    wires.extend(wiring.outs.iter().map(|slot| slots + slot));
                    let args = [start, wiring.inputs.len() as u32, wiring.outs.len() as u32];
                    Step { op: instr.op, args, dst: 0 }
                }
                op => {
                    let dst = if instr.is_cond { masks } else { slots } + instr.dst;
                    Step { op, args: instr.args.map(&mut place), dst }
                }
            });
        }
        let outputs = program.outputs().iter().map(|&src| place(src)).collect();
        let kernels = program.kernels(graph, first_row);
        (Self { code, wires, outputs }, RowMemory { kernels, values })
    }

    /// Takes the row that was written through some steps.
    pub(super) fn run_steps(&self, steps: Range<usize>, memory: &mut RowMemory) {
        self.run(&self.code[steps], memory);
    }

    /// Where an output stands among the values.
    pub(super) fn output(&self, idx: usize) -> usize {
        self.outputs[idx] as usize
    }

    #[inline]
    fn run(&self, code: &[Step], memory: &mut RowMemory) {
        let RowMemory { kernels, values } = memory;
        for step in code {
            let [a, b, c] = step.args;
            let x = |i: u32| values[i as usize];
            let value = match step.op {
                Op::Kernel(k) => {
                    let wires = &self.wires[a as usize..(a + b + c) as usize];
                    let (inputs, outs) = wires.split_at(b as usize);
                    run_kernel(&mut *kernels[k as usize], inputs, outs, values);
                    continue;
                }
                // The commonest stand for themselves: the rest is behind a second choice.
                Op::Bin(Bin::Add) => x(a) + x(b),
                Op::Bin(Bin::Sub) => x(a) - x(b),
                Op::Bin(Bin::Mul) => x(a) * x(b),
                Op::Bin(op) => scalar::bin(op, x(a), x(b)),
                Op::Un(op) => scalar::un(op, x(a)),
                Op::Cmp(op) => condition(scalar::cmp(op, x(a), x(b))),
                Op::ToCond => condition(scalar::cmp(Cmp::Ne, x(a), 0.0)),
                Op::IsMissing => condition((x(a).is_nan(), !x(a).is_nan())),
                Op::Flag(v) => condition((v, !v)),
                Op::ToNum => x(a),
                Op::Not => 1.0 - x(a),
                Op::And => and(x(a), x(b)),
                Op::Or => or(x(a), x(b)),
                Op::If => choose(x(a), x(b), x(c)),
                _ => f64::NAN,
            };
            values[step.dst as usize] = value;
        }
    }
}

impl RowMachine {
    /// A machine whose first row is row `first_row` of the data set.
    pub(crate) fn new(program: &Program, graph: &Graph, first_row: u64) -> Self {
        let (code, memory) = RowCode::new(program, graph, first_row);
        Self { code, memory }
    }

    /// The columns of the row to come, to be written.
    pub(crate) fn columns_mut(&mut self) -> &mut [f64] {
        &mut self.memory.values
    }

    /// Takes the row that was written.
    pub(crate) fn step(&mut self, out: &mut [f64]) {
        let Self { code, memory } = self;
        code.run(&code.code, memory);
        out.iter_mut().zip(&code.outputs).for_each(|(out, &place)| *out = memory.values[place as usize]);
    }
}

/// One row through a kernel.
fn run_kernel(kernel: &mut dyn Kernel, inputs: &[u32], outs: &[u32], values: &mut [f64]) {
    match (inputs, outs) {
        ([a], [out]) => {
            let mut value = [f64::NAN];
            kernel.row(&[values[*a as usize]], &mut value);
            values[*out as usize] = value[0];
        }
        ([a, b], [out]) => {
            let mut value = [f64::NAN];
            kernel.row(&[values[*a as usize], values[*b as usize]], &mut value);
            values[*out as usize] = value[0];
        }
        ([a, b, c], [out]) => {
            let mut value = [f64::NAN];
            kernel.row(&[values[*a as usize], values[*b as usize], values[*c as usize]], &mut value);
            values[*out as usize] = value[0];
        }
        // A live row should not pay for the places of the widest.
        _ if inputs.len() <= 4 && outs.len() <= 4 => run_kernel_of::<4, 4>(kernel, inputs, outs, values),
        _ => run_kernel_of::<MAX_INPUTS, MAX_OUTPUTS>(kernel, inputs, outs, values),
    }
}

/// One row through a kernel of at most `I` inputs and `O` outputs.
fn run_kernel_of<const I: usize, const O: usize>(
    kernel: &mut dyn Kernel,
    inputs: &[u32],
    outs: &[u32],
    values: &mut [f64],
) {
    let (mut x, mut y) = ([f64::NAN; I], [f64::NAN; O]);
    x.iter_mut().zip(inputs).for_each(|(to, &at)| *to = values[at as usize]);
    kernel.row(&x[..inputs.len()], &mut y[..outs.len()]);
    // One by one: what was just written in halves is slow to read as wholes.
    outs.iter().zip(&y).for_each(|(&at, value)| values[at as usize] = *value);
}
