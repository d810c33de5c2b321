//! Small scalar programs: what is computed one row at a time from values that no column holds.
//!
//! The step of a `scan` reads its own last value; an exit reads the open position; a size reads the account. Such an
//! expression is a list of operations on single numbers. Whatever in it depends on the market alone stays in the graph as a
//! column, and comes in as an input. A condition is 1, 0, or NaN for unknown, and means what it means in a plan.

use std::collections::HashMap;
use std::fmt;
use std::mem::{Discriminant, discriminant};

use super::graph::{Fast, Id, Ty, infix, of_map, of_vec, sign};
use super::scalar::{self, Bin, Cmp, Un};

/// What an operation of a local program does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum LocalOp {
    /// A column of the plan, by its place in [`Local::inputs`].
    Input(u32),
    /// A value from outside, by its place in [`Local::slots`].
    Slot(u32),
    Num(f64),
    Un(Un),
    Bin(Bin),
    Cmp(Cmp),
    IsMissing,
    Not,
    And,
    Or,
    If,
    /// Its first operand as it was at the signal: while its second, how long the position has been open, is missing.
    AtSignal,
    /// The greatest value (or the least, if `false`) that its operand has had since the registers were emptied. What is
    /// missing is passed over.
    Extreme(bool),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct LocalNode {
    pub(crate) op: LocalOp,
    pub(crate) args: [u32; 3],
    pub(crate) ty: Ty,
}

/// A scalar program: operations in order, operands before what reads them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Local {
    pub(crate) nodes: Vec<LocalNode>,
    pub(crate) inputs: Vec<Id>,
    pub(crate) slots: Vec<String>,
    /// Where equal operations stand. Only what is still being built has it: a part has none.
    known: HashMap<(Key, [u32; 3]), u32, Fast>,
    known_inputs: HashMap<Id, u32, Fast>,
}

/// What tells an operation from others: zeros of either sign are equal, and not the same.
type Key = (Discriminant<LocalOp>, u64);

impl LocalOp {
    fn key(&self) -> Key {
        let which = match *self {
            Self::Num(x) => x.to_bits(),
            Self::Input(k) | Self::Slot(k) => u64::from(k),
            Self::Un(op) => op as u64,
            Self::Bin(op) => op as u64,
            Self::Cmp(op) => op as u64,
            Self::Extreme(greatest) => u64::from(greatest),
            Self::IsMissing | Self::Not | Self::And | Self::Or | Self::If | Self::AtSignal => 0,
        };
        (discriminant(self), which)
    }
}

impl Local {
    /// The columns of the plan that it reads, in the order in which [`Local::run`] wants them.
    pub(crate) fn inputs(&self) -> &[Id] {
        &self.inputs
    }

    /// The names of the values from outside, in the order in which [`Local::run`] wants them.
    pub(crate) fn slots(&self) -> &[String] {
        &self.slots
    }

    /// How many registers it works in.
    pub(crate) fn n_registers(&self) -> usize {
        self.nodes.len()
    }

    /// About how many bytes it takes beside its own.
    pub(crate) fn n_bytes(&self) -> usize {
        let names = of_vec(&self.slots) + self.slots.iter().map(String::capacity).sum::<usize>();
        of_vec(&self.nodes) + of_vec(&self.inputs) + names + of_map(&self.known) + of_map(&self.known_inputs)
    }

    pub(crate) fn push(&mut self, op: LocalOp, args: [u32; 3], ty: Ty) -> u32 {
        let nodes = &mut self.nodes;
        *self.known.entry((op.key(), args)).or_insert_with(|| {
            nodes.push(LocalNode { op, args, ty });
            nodes.len() as u32 - 1
        })
    }

    pub(crate) fn input(&mut self, id: Id, ty: Ty) -> u32 {
        let inputs = &mut self.inputs;
        let idx = *self.known_inputs.entry(id).or_insert_with(|| {
            inputs.push(id);
            inputs.len() as u32 - 1
        });
        self.push(LocalOp::Input(idx), [0; 3], ty)
    }

    pub(crate) fn slot(&mut self, name: &str) -> u32 {
        let idx = self.slots.iter().position(|known| known == name).unwrap_or_else(|| {
            self.slots.push(name.to_owned());
            self.slots.len() - 1
        });
        self.push(LocalOp::Slot(idx as u32), [0; 3], Ty::Num)
    }

    /// Whether it remembers rows since an entry.
    pub(crate) fn remembers(&self) -> bool {
        self.nodes.iter().any(|n| matches!(n.op, LocalOp::Extreme(_)))
    }

    /// Runs it for one row in `registers`, one for each operation. Register `i` then holds the value of operation `i`,
    /// and an extreme is kept there from row to row. Inputs or slots that are not given are missing.
    #[inline]
    pub(crate) fn run(&self, inputs: &[f64], slots: &[f64], registers: &mut [f64]) {
        for i in 0..self.nodes.len().min(registers.len()) {
            self.operate(i, inputs, slots, registers);
        }
    }

    /// As [`Local::run`], some operations alone, in the order in which they stand.
    #[inline]
    pub(crate) fn run_some(&self, some: &[u32], inputs: &[f64], slots: &[f64], registers: &mut [f64]) {
        some.iter().for_each(|&i| self.operate(i as usize, inputs, slots, registers));
    }

    #[inline]
    fn operate(&self, i: usize, inputs: &[f64], slots: &[f64], registers: &mut [f64]) {
        let node = &self.nodes[i];
        // Operands stand before what reads them.
        let (done, rest) = registers.split_at_mut(i);
        let x = |k: usize| done.get(node.args[k] as usize).copied().unwrap_or(f64::NAN);
        let given = |values: &[f64], k: u32| values.get(k as usize).copied().unwrap_or(f64::NAN);
        rest[0] = match node.op {
            LocalOp::Input(k) => given(inputs, k),
            LocalOp::Slot(k) => given(slots, k),
            LocalOp::Num(x) => x,
            LocalOp::Un(op) => scalar::un(op, x(0)),
            LocalOp::Bin(op) => scalar::bin(op, x(0), x(1)),
            LocalOp::Cmp(op) => condition(scalar::cmp(op, x(0), x(1))),
            LocalOp::IsMissing => condition((x(0).is_nan(), !x(0).is_nan())),
            LocalOp::Not => 1.0 - x(0),
            LocalOp::And => and(x(0), x(1)),
            LocalOp::Or => or(x(0), x(1)),
            LocalOp::If => choose(x(0), x(1), x(2)),
            LocalOp::AtSignal => {
                if x(1).is_nan() {
                    x(0)
                } else {
                    rest[0]
                }
            }
            LocalOp::Extreme(greatest) => {
                let (a, known) = (x(0), rest[0]);
                let is_beyond = if greatest { a > known } else { a < known };
                if is_beyond || known.is_nan() { a } else { known }
            }
        };
    }

    /// The part of it that some of its operations need, and where those stand in it.
    pub(crate) fn part(&self, roots: &[u32]) -> (Self, Vec<u32>) {
        let mut needed = vec![false; self.nodes.len()];
        roots.iter().for_each(|&r| needed[r as usize] = true);
        for i in (0..needed.len()).rev() {
            if needed[i] {
                self.nodes[i].operands().iter().for_each(|&a| needed[a as usize] = true);
            }
        }
        let (mut part, mut place) = (Self::default(), vec![0u32; self.nodes.len()]);
        for (i, node) in self.nodes.iter().enumerate().filter(|(i, _)| needed[*i]) {
            // All of them differ, so nothing has to be looked for.
            let op = match node.op {
                LocalOp::Input(k) => {
                    part.inputs.push(self.inputs[k as usize]);
                    LocalOp::Input(part.inputs.len() as u32 - 1)
                }
                LocalOp::Slot(k) => {
                    part.slots.push(self.slots[k as usize].clone());
                    LocalOp::Slot(part.slots.len() as u32 - 1)
                }
                op => op,
            };
            let mut args = [0; 3];
            args.iter_mut().zip(node.operands()).for_each(|(to, &a)| *to = place[a as usize]);
            place[i] = part.nodes.len() as u32;
            part.nodes.push(LocalNode { op, args, ty: node.ty });
        }
        (part, roots.iter().map(|&r| place[r as usize]).collect())
    }
}

impl LocalOp {
    /// How many operands it has.
    #[inline]
    pub(super) fn n_operands(self) -> usize {
        match self {
            Self::Input(_) | Self::Slot(_) | Self::Num(_) => 0,
            Self::Un(_) | Self::IsMissing | Self::Not | Self::Extreme(_) => 1,
            Self::Bin(_) | Self::Cmp(_) | Self::And | Self::Or | Self::AtSignal => 2,
            Self::If => 3,
        }
    }
}

impl LocalNode {
    pub(super) fn operands(&self) -> &[u32] {
        &self.args[..self.op.n_operands()]
    }
}

impl fmt::Display for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, node) in self.nodes.iter().enumerate() {
            let [a, b, _] = node.args;
            let named = |op: String| node.operands().iter().fold(op.to_lowercase(), |text, a| format!("{text} @{a}"));
            let text = match node.op {
                LocalOp::Input(k) => format!("input {k}"),
                LocalOp::Slot(k) => self.slots[k as usize].clone(),
                LocalOp::Num(x) => format!("{x}"),
                LocalOp::Bin(op) => match infix(op) {
                    Some(sign) => format!("@{a} {sign} @{b}"),
                    None => named(format!("{op:?}")),
                },
                LocalOp::Cmp(op) => format!("@{a} {} @{b}", sign(op)),
                LocalOp::Un(op) => named(format!("{op:?}")),
                LocalOp::AtSignal => format!("at_signal @{a}"),
                LocalOp::Extreme(true) => named("max_since_entry".into()),
                LocalOp::Extreme(false) => named("min_since_entry".into()),
                op => named(format!("{op:?}")),
            };
            writeln!(f, "@{i} = {text}")?;
        }
        Ok(())
    }
}

/// A condition as a number.
#[inline]
pub(super) fn condition((holds, fails): (bool, bool)) -> f64 {
    if holds {
        1.0
    } else if fails {
        0.0
    } else {
        f64::NAN
    }
}

/// Kleene's `and`: false if either is, else unknown if either is.
#[inline]
pub(super) fn and(a: f64, b: f64) -> f64 {
    if a == 0.0 || b == 0.0 { 0.0 } else { a * b }
}

/// Kleene's `or`.
#[inline]
pub(super) fn or(a: f64, b: f64) -> f64 {
    1.0 - and(1.0 - a, 1.0 - b)
}

/// `if(c, a, b)`
#[inline]
pub(super) fn choose(c: f64, a: f64, b: f64) -> f64 {
    if c == 1.0 {
        a
    } else if c == 0.0 {
        b
    } else {
        f64::NAN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connectives_are_kleenes() {
        let n = f64::NAN;
        let mut local = Local::default();
        let (a, b) = (local.slot("a"), local.slot("b"));
        let and = local.push(LocalOp::And, [a, b, 0], Ty::Cond);
        let or = local.push(LocalOp::Or, [a, b, 0], Ty::Cond);
        let not = local.push(LocalOp::Not, [a, 0, 0], Ty::Cond);
        let pick = local.push(LocalOp::If, [a, b, not], Ty::Cond);
        let mut r = vec![0.0; local.n_registers()];
        let same = |x: f64, y: f64| x == y || x.is_nan() && y.is_nan();
        for (va, vb, want) in [
            (1.0, 1.0, [1.0, 1.0, 0.0, 1.0]),
            (1.0, 0.0, [0.0, 1.0, 0.0, 0.0]),
            (1.0, n, [n, 1.0, 0.0, n]),
            (0.0, 1.0, [0.0, 1.0, 1.0, 1.0]),
            (0.0, 0.0, [0.0, 0.0, 1.0, 1.0]),
            (0.0, n, [0.0, n, 1.0, 1.0]),
            (n, 1.0, [n, 1.0, n, n]),
            (n, 0.0, [0.0, n, n, n]),
            (n, n, [n, n, n, n]),
        ] {
            local.run(&[], &[va, vb], &mut r);
            let got = [and, or, not, pick].map(|i| r[i as usize]);
            assert!(got.iter().zip(want).all(|(g, w)| same(*g, w)), "{va} {vb}: {got:?}");
        }
    }

    #[test]
    fn a_part_keeps_what_it_needs_alone() {
        let mut local = Local::default();
        let (a, _) = (local.slot("a"), local.slot("unused"));
        let two = local.push(LocalOp::Num(2.0), [0; 3], Ty::Num);
        let sum = local.push(LocalOp::Bin(Bin::Add), [a, two, 0], Ty::Num);
        let (part, roots) = local.part(&[sum]);
        assert_eq!((part.n_registers(), part.slots()), (3, &["a".to_owned()][..]));
        let mut r = vec![0.0; 3];
        part.run(&[], &[5.0], &mut r);
        assert_eq!(r[roots[0] as usize], 7.0);
    }
}
