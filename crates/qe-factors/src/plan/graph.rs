//! The graph of a plan: equal parts are one node, constants are folded, every node knows its lookback.
//!
//! Nodes are only ever added, children before parents, through functions that fold and share; so a graph cannot be cyclic,
//! ill-typed or wasteful. Expressions compile to it, and a search over equations builds it directly.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::Arc;

use super::cross::Cross;
use super::scalar::{self, Bin, Cmp, Un};
use crate::expr::written_name;
use crate::indicators::{Args, Indicator, Signature};
use crate::kernel::Kernel;
use crate::ops;

/// A node of a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub(crate) u32);

impl Id {
    pub(crate) fn idx(self) -> usize {
        self.0 as usize
    }
}

/// What a node gives per row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ty {
    /// A number, NaN where it is missing.
    Num,
    /// True, false or unknown.
    Cond,
}

/// What a node does with its children.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    /// A column of the data.
    Column(u32),
    /// When a row opened, in nanoseconds, as bits: only kernels read it.
    Open,
    /// When a row was complete, in nanoseconds, as bits: only kernels read it.
    Available,
    /// A constant, by its bits.
    Num(u64),
    /// A constant condition.
    Flag(bool),
    /// An operation on one number.
    Un(Un),
    /// An operation on two numbers.
    Bin(Bin),
    /// A comparison.
    Cmp(Cmp),
    /// Whether a number is missing; never unknown.
    IsMissing,
    /// `not`
    Not,
    /// `and`
    And,
    /// `or`
    Or,
    /// The second where the first is true, the third where it is false; missing or unknown where that is unknown.
    If,
    /// A condition as 1, 0 or NaN.
    ToNum,
    /// A number as a condition: false where it is 0, unknown where it is missing.
    ToCond,
    /// A computation with memory, by its place in the graph's list.
    Kernel(u32),
    /// One of the outputs of a kernel.
    Output(u32),
    /// An operation across symbols, by its place in the graph's list.
    Cross(u32),
}

/// The most columns that a computation with memory may read.
pub const MAX_INPUTS: usize = 16;

/// The most columns that a computation with memory may give.
pub const MAX_OUTPUTS: usize = 16;

/// A node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) op: Op,
    pub(crate) args: [Id; 3],
    pub(crate) ty: Ty,
    /// How many values at the beginning are missing on clean input.
    pub(crate) lookback: u32,
}

pub(super) const NONE: Id = Id(u32::MAX);

impl Node {
    /// The children, those of kernels apart.
    pub(crate) fn children(&self) -> &[Id] {
        let n = self.args.iter().position(|a| *a == NONE).unwrap_or(self.args.len());
        &self.args[..n]
    }
}

/// A computation with memory as it stands in a graph.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) what: Arc<dyn Indicator>,
    pub(crate) name: &'static str,
    /// Its arguments as they are written, by which two of one name and the same inputs are one.
    pub(crate) args: Arc<str>,
    pub(crate) inputs: Vec<Id>,
    pub(crate) outputs: Arc<[Arc<str>]>,
}

impl Call {
    /// The kernel where the outputs in `wanted`, one bit each, are read.
    pub(crate) fn kernel_for(&self, first_row: u64, wanted: u32) -> Box<dyn Kernel> {
        self.what.kernel_for(first_row, wanted)
    }
}

/// Bytes of the elements for which a list has room.
pub(crate) fn of_vec<T>(list: &Vec<T>) -> usize {
    list.capacity() * size_of::<T>()
}

/// Bytes of the entries for which a map has room: seven of eight places are filled at most, each with a byte beside it.
pub(crate) fn of_map<K, V, S>(map: &HashMap<K, V, S>) -> usize {
    (map.capacity() * 8).div_ceil(7) * (size_of::<(K, V)>() + 1) + 16
}

/// A hash for small keys that we make ourselves: nobody can choose them to collide.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct FastHasher(u64);

impl Hasher for FastHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, x: u8) {
        self.write_u64(u64::from(x));
    }

    fn write_u32(&mut self, x: u32) {
        self.write_u64(u64::from(x));
    }

    fn write_u64(&mut self, x: u64) {
        // The multiplier of splitmix64; the rotation brings high bits down, where tables look.
        self.0 = (self.0.rotate_left(23) ^ x).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_usize(&mut self, x: usize) {
        self.write_u64(x as u64);
    }

    fn write_isize(&mut self, x: isize) {
        self.write_u64(x as u64);
    }
}

/// Maps of such keys.
pub(crate) type Fast = BuildHasherDefault<FastHasher>;

/// A key by which kernels are one: what it is, its arguments as text, its inputs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct CallKey {
    name: &'static str,
    args: Arc<str>,
    inputs: Vec<Id>,
}

/// A graph. The ids that it gives are places in it: an id of another graph stands for another node, or for none, which
/// panics.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    pub(crate) nodes: Vec<Node>,
    pub(crate) calls: Vec<Call>,
    pub(crate) crosses: Vec<Cross>,
    /// The calls of what was fitted, in order: their nodes, what it is called, and from which opening time on it is heard.
    pub(crate) fitted: Vec<(Id, Vec<Arc<str>>, i64)>,
    known: HashMap<(Op, [Id; 3]), Id, Fast>,
    known_calls: HashMap<CallKey, Id>,
}

impl Graph {
    /// An empty graph.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// About how many bytes it takes: nodes, computations with memory as they are told, and what finds them again.
    pub(crate) fn n_bytes(&self) -> usize {
        let call = |c: &Call| {
            let texts = c.args.len() + c.outputs.iter().map(|o| o.len() + 32).sum::<usize>();
            // The inputs stand in the key, too.
            size_of_val(&*c.what) + texts + 2 * of_vec(&c.inputs) + 64
        };
        of_vec(&self.nodes)
            + of_vec(&self.calls)
            + of_vec(&self.crosses)
            + of_vec(&self.fitted)
            + of_map(&self.known)
            + of_map(&self.known_calls)
            + self.calls.iter().map(call).sum::<usize>()
    }

    /// Whether a node has a value of its own: a kernel has outputs, and times are no numbers.
    pub(crate) fn is_value(&self, id: Id) -> bool {
        !matches!(self.nodes[id.idx()].op, Op::Kernel(_) | Op::Open | Op::Available)
    }

    /// What a node gives.
    pub fn ty(&self, id: Id) -> Ty {
        self.nodes[id.idx()].ty
    }

    /// How many values at the beginning of a node are missing on clean input.
    pub fn lookback(&self, id: Id) -> usize {
        self.nodes[id.idx()].lookback as usize
    }

    /// The value of a node that is a constant number.
    pub fn constant(&self, id: Id) -> Option<f64> {
        match self.nodes[id.idx()].op {
            Op::Num(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    /// The value of a node that is a constant condition.
    pub(crate) fn flag_of(&self, id: Id) -> Option<bool> {
        match self.nodes[id.idx()].op {
            Op::Flag(v) => Some(v),
            _ => None,
        }
    }

    fn intern(&mut self, op: Op, args: [Id; 3], ty: Ty, own_lookback: u32) -> Id {
        if let Some(&id) = self.known.get(&(op, args)) {
            return id;
        }
        let before = args.iter().filter(|a| **a != NONE).map(|a| self.nodes[a.idx()].lookback);
        let before = match op {
            Op::Bin(Bin::Coalesce) => before.min(),
            Op::IsMissing => None,
            _ => before.max(),
        };
        let id = Id(self.nodes.len() as u32);
        self.nodes.push(Node { op, args, ty, lookback: before.unwrap_or(0).saturating_add(own_lookback) });
        self.known.insert((op, args), id);
        id
    }

    /// A column of the data, by its number.
    pub fn column(&mut self, idx: u32) -> Id {
        self.intern(Op::Column(idx), [NONE; 3], Ty::Num, 0)
    }

    /// A column that is missing for so many rows at its beginning, by its number.
    pub(crate) fn column_from(&mut self, idx: u32, lookback: usize) -> Id {
        self.intern(Op::Column(idx), [NONE; 3], Ty::Num, u32::try_from(lookback).unwrap_or(u32::MAX))
    }

    /// When rows opened and when they were complete, as bits.
    pub(crate) fn times(&mut self) -> [Id; 2] {
        [Op::Open, Op::Available].map(|op| self.intern(op, [NONE; 3], Ty::Num, 0))
    }

    /// A constant.
    pub fn num(&mut self, x: f64) -> Id {
        let x = if x.is_nan() { f64::NAN } else { x };
        self.intern(Op::Num(x.to_bits()), [NONE; 3], Ty::Num, 0)
    }

    /// A constant condition.
    pub fn flag(&mut self, v: bool) -> Id {
        self.intern(Op::Flag(v), [NONE; 3], Ty::Cond, 0)
    }

    /// A number: itself, or a condition as 1, 0 or NaN.
    pub fn to_num(&mut self, a: Id) -> Id {
        match (self.ty(a), self.flag_of(a)) {
            (Ty::Num, _) => a,
            (Ty::Cond, Some(v)) => self.num(f64::from(u8::from(v))),
            (Ty::Cond, None) => self.intern(Op::ToNum, [a, NONE, NONE], Ty::Num, 0),
        }
    }

    /// A condition: itself, or a number as false where it is 0 and unknown where it is missing.
    pub fn to_cond(&mut self, a: Id) -> Id {
        let node = self.nodes[a.idx()];
        match (node.ty, node.op) {
            (Ty::Cond, _) => a,
            (Ty::Num, Op::ToNum) => node.args[0],
            (Ty::Num, _) => self.intern(Op::ToCond, [a, NONE, NONE], Ty::Cond, 0),
        }
    }

    /// An operation on one number.
    pub fn un(&mut self, op: Un, a: Id) -> Id {
        let a = self.to_num(a);
        if let Some(x) = self.constant(a) {
            return self.num(scalar::un(op, x));
        }
        self.intern(Op::Un(op), [a, NONE, NONE], Ty::Num, 0)
    }

    /// An operation on two numbers.
    pub fn bin(&mut self, op: Bin, a: Id, b: Id) -> Id {
        let (mut a, mut b) = (self.to_num(a), self.to_num(b));
        if let (Some(x), Some(y)) = (self.constant(a), self.constant(b)) {
            return self.num(scalar::bin(op, x, y));
        }
        // A sum and a product have the same bits either way round.
        if matches!(op, Bin::Add | Bin::Mul) && b < a {
            std::mem::swap(&mut a, &mut b);
        }
        if let (Bin::Pow, Some(y)) = (op, self.constant(b)) {
            if y == 2.0 {
                return self.un(Un::Square, a);
            } else if y == 3.0 {
                return self.un(Un::Cube, a);
            } else if y == 1.0 {
                return a;
            } else if y == -1.0 {
                return self.un(Un::Inv, a);
            }
        }
        self.intern(Op::Bin(op), [a, b, NONE], Ty::Num, 0)
    }

    /// A comparison of two numbers.
    pub fn cmp(&mut self, op: Cmp, a: Id, b: Id) -> Id {
        let (mut a, mut b) = (self.to_num(a), self.to_num(b));
        if let (Some(x), Some(y)) = (self.constant(a), self.constant(b)) {
            let (holds, fails) = scalar::cmp(op, x, y);
            if holds || fails {
                return self.flag(holds);
            }
        }
        if matches!(op, Cmp::Eq | Cmp::Ne) && b < a {
            std::mem::swap(&mut a, &mut b);
        }
        // `a <= b` is what `b < a` is not, missing numbers and all: one of the two is compared.
        let other = match op {
            Cmp::Lt => (Cmp::Le, [b, a, NONE]),
            Cmp::Le => (Cmp::Lt, [b, a, NONE]),
            Cmp::Eq => (Cmp::Ne, [a, b, NONE]),
            Cmp::Ne => (Cmp::Eq, [a, b, NONE]),
        };
        if let Some(&other) = self.known.get(&(Op::Cmp(other.0), other.1)) {
            return self.not(other);
        }
        self.intern(Op::Cmp(op), [a, b, NONE], Ty::Cond, 0)
    }

    /// Whether a number is missing.
    pub fn is_missing(&mut self, a: Id) -> Id {
        let a = self.to_num(a);
        if let Some(x) = self.constant(a) {
            return self.flag(x.is_nan());
        }
        self.intern(Op::IsMissing, [a, NONE, NONE], Ty::Cond, 0)
    }

    /// `not a`
    pub fn not(&mut self, a: Id) -> Id {
        let a = self.to_cond(a);
        let node = self.nodes[a.idx()];
        match node.op {
            Op::Flag(v) => self.flag(!v),
            Op::Not => node.args[0],
            _ => self.intern(Op::Not, [a, NONE, NONE], Ty::Cond, 0),
        }
    }

    /// `a and b`
    pub fn and(&mut self, a: Id, b: Id) -> Id {
        self.connect(Op::And, a, b, true)
    }

    /// `a or b`
    pub fn or(&mut self, a: Id, b: Id) -> Id {
        self.connect(Op::Or, a, b, false)
    }

    /// A connective; `neutral` leaves the other side as it is, its opposite decides alone.
    fn connect(&mut self, op: Op, a: Id, b: Id, neutral: bool) -> Id {
        let (a, b) = (self.to_cond(a), self.to_cond(b));
        match (self.flag_of(a), self.flag_of(b)) {
            (Some(v), _) => return if v == neutral { b } else { a },
            (_, Some(v)) => return if v == neutral { a } else { b },
            (None, None) if a == b => return a,
            (None, None) => {}
        }
        let (a, b) = if b < a { (b, a) } else { (a, b) };
        self.intern(op, [a, b, NONE], Ty::Cond, 0)
    }

    /// `if(c, a, b)`: conditions if both are, numbers otherwise.
    pub fn choose(&mut self, c: Id, a: Id, b: Id) -> Id {
        let c = self.to_cond(c);
        let both = self.ty(a) == Ty::Cond && self.ty(b) == Ty::Cond;
        let (a, b) = if both { (a, b) } else { (self.to_num(a), self.to_num(b)) };
        match self.flag_of(c) {
            Some(true) => a,
            Some(false) => b,
            None => self.intern(Op::If, [c, a, b], self.ty(a), 0),
        }
    }

    /// What `x` was so many rows ago.
    pub fn lag(&mut self, a: Id, n: u32) -> Id {
        if n == 0 || matches!(self.nodes[a.idx()].op, Op::Num(_) | Op::Flag(_)) {
            return a;
        }
        let was = self.ty(a);
        let lagged = self.call(&ops::lag::SIGNATURE, &ops::lag::args(n), &[a]).map(|c| self.output(c, 0));
        match (lagged, was) {
            (Some(id), Ty::Cond) => self.to_cond(id),
            (Some(id), Ty::Num) => id,
            (None, _) => a,
        }
    }

    /// A computation with memory over some inputs; its outputs are taken with [`Graph::output`]. `None` if it reads another
    /// number of columns, or more than [`MAX_INPUTS`].
    pub fn call(&mut self, signature: &'static Signature, args: &Args, inputs: &[Id]) -> Option<Id> {
        if inputs.len() != signature.inputs.len() {
            return None;
        }
        let shown = args.values().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let make = || (signature.build)(args).ok().map(Arc::from);
        self.call_any(
            signature.name,
            shown.into(),
            inputs,
            || signature.outputs.iter().map(|o| Arc::from(*o)).collect(),
            make,
        )
    }

    /// Any computation with memory. Two of one name, with arguments that are written alike and the same inputs, are one.
    pub(crate) fn call_any(
        &mut self,
        name: &'static str,
        args: Arc<str>,
        inputs: &[Id],
        outputs: impl FnOnce() -> Arc<[Arc<str>]>,
        make: impl FnOnce() -> Option<Arc<dyn Indicator>>,
    ) -> Option<Id> {
        if inputs.len() > MAX_INPUTS {
            return None;
        }
        let inputs: Vec<Id> = inputs.iter().map(|&a| self.to_num(a)).collect();
        let key = CallKey { name, args, inputs };
        if let Some(&id) = self.known_calls.get(&key) {
            return Some(id);
        }
        let (what, outputs) = (make()?, outputs());
        if outputs.len() > MAX_OUTPUTS {
            return None;
        }
        let before = key.inputs.iter().map(|a| self.nodes[a.idx()].lookback).max().unwrap_or(0);
        let lookback = before.saturating_add(u32::try_from(what.lookback()).unwrap_or(u32::MAX));
        let id = Id(self.nodes.len() as u32);
        self.nodes.push(Node { op: Op::Kernel(self.calls.len() as u32), args: [NONE; 3], ty: Ty::Num, lookback });
        self.calls.push(Call { what, name, args: key.args.clone(), inputs: key.inputs.clone(), outputs });
        self.known_calls.insert(key, id);
        Some(id)
    }

    /// Says that a call, the one that was made last or one that is marked already, is of something fitted, heard from an
    /// opening time on.
    pub(crate) fn mark_fitted(&mut self, call: Id, names: Vec<Arc<str>>, from: i64) {
        if self.fitted.last().is_none_or(|(last, ..)| *last < call) {
            self.fitted.push((call, names, from));
        }
    }

    /// An operation across the symbols of a panel.
    pub fn cross(&mut self, op: Cross, a: Id) -> Id {
        let a = self.to_num(a);
        let idx = self.crosses.iter().position(|known| *known == op).unwrap_or_else(|| {
            self.crosses.push(op);
            self.crosses.len() - 1
        });
        self.intern(Op::Cross(idx as u32), [a, NONE, NONE], Ty::Num, 0)
    }

    /// An output of a computation with memory, NaN if it has no such.
    pub fn output(&mut self, call: Id, idx: u32) -> Id {
        let n = match self.nodes[call.idx()].op {
            Op::Kernel(c) => self.calls[c as usize].outputs.len(),
            _ => 0,
        };
        if idx as usize >= n {
            return self.num(f64::NAN);
        }
        self.intern(Op::Output(idx), [call, NONE, NONE], Ty::Num, 0)
    }

    /// The node of a kernel's output, if anybody has asked for it.
    pub(crate) fn known_output(&self, call: Id, idx: u32) -> Option<Id> {
        self.known.get(&(Op::Output(idx), [call, NONE, NONE])).copied()
    }

    /// All children of a node, those of kernels too.
    pub(crate) fn children(&self, id: Id) -> &[Id] {
        let node = &self.nodes[id.idx()];
        match node.op {
            Op::Kernel(c) => &self.calls[c as usize].inputs,
            _ => node.children(),
        }
    }

    /// A node in words, its children by number.
    pub(crate) fn describe(&self, id: Id, columns: &[Arc<str>]) -> String {
        let node = &self.nodes[id.idx()];
        let at = |i: usize| format!("%{}", node.args[i].0);
        match node.op {
            Op::Column(i) => match columns.get(i as usize) {
                // As an expression has it: parts are told apart by their text, and a name may look like any of them.
                Some(name) => written_name(name).into_owned(),
                None => format!("column {i}"),
            },
            Op::Open => "when the row opened".into(),
            Op::Available => "when the row was complete".into(),
            Op::Num(bits) => format!("{}", f64::from_bits(bits)),
            Op::Flag(v) => v.to_string(),
            Op::Un(op) => format!("{}({})", format!("{op:?}").to_lowercase(), at(0)),
            Op::Bin(op) => match infix(op) {
                Some(sign) => format!("{} {sign} {}", at(0), at(1)),
                None => format!("{}({}, {})", named(scalar::BINARY, op), at(0), at(1)),
            },
            Op::Cmp(op) => format!("{} {} {}", at(0), sign(op), at(1)),
            Op::IsMissing => format!("is_missing({})", at(0)),
            Op::Not => format!("not {}", at(0)),
            Op::And => format!("{} and {}", at(0), at(1)),
            Op::Or => format!("{} or {}", at(0), at(1)),
            Op::If => format!("if({}, {}, {})", at(0), at(1), at(2)),
            Op::ToNum => format!("number({})", at(0)),
            Op::ToCond => format!("condition({})", at(0)),
            Op::Kernel(c) => {
                let call = &self.calls[c as usize];
                let inputs = call.inputs.iter().map(|a| format!("%{}", a.0));
                let args = Some(call.args.to_string()).filter(|a| !a.is_empty());
                format!("{}({})", call.name, inputs.chain(args).collect::<Vec<_>>().join(", "))
            }
            Op::Cross(c) => match &self.crosses[c as usize] {
                Cross::Neutralize(group) => format!("neutralize({}, {group})", at(0)),
                Cross::Scale(to) => format!("scale({}, {to})", at(0)),
                other => format!("cs_{}({})", format!("{other:?}").to_lowercase(), at(0)),
            },
            Op::Output(i) => {
                let Op::Kernel(c) = self.nodes[node.args[0].idx()].op else { return at(0) };
                let outputs = &self.calls[c as usize].outputs;
                format!("{}.{}", at(0), outputs.get(i as usize).map_or("?", |o| o))
            }
        }
    }
}

/// The sign of a comparison.
pub(super) fn sign(op: Cmp) -> &'static str {
    match op {
        Cmp::Lt => "<",
        Cmp::Le => "<=",
        Cmp::Eq => "==",
        Cmp::Ne => "!=",
    }
}

/// The sign of an operation that is written between its operands.
pub(super) fn infix(op: Bin) -> Option<&'static str> {
    Some(match op {
        Bin::Add => "+",
        Bin::Sub => "-",
        Bin::Mul => "*",
        Bin::Div => "/",
        Bin::Rem => "%",
        Bin::Pow => "^",
        _ => return None,
    })
}

/// The name of an operation in its list.
fn named<T: PartialEq + fmt::Debug>(list: &[(&'static str, T)], op: T) -> String {
    list.iter().find(|(_, o)| *o == op).map_or_else(|| format!("{op:?}").to_lowercase(), |(n, _)| (*n).to_owned())
}
