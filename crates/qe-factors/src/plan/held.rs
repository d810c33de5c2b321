//! Rules over many rows at once, while a position is held.
//!
//! Most of what an exit says does not change while a position is open: the price that was paid, what was kept at the
//! signal. [`Held`] knows which operations those are; they were done when the position was opened, and their registers
//! keep what they gave. What is left, often one comparison of a column with a number, is done for a block of rows at a
//! time. Every number is made by the same operation from the same operands as in a run row by row, so the bits are the same.

use qe_core::wide::{Loops, first, wide};

use super::graph::of_vec;
use super::local::{Local, LocalOp, and, choose, condition, or};
use super::rule::Field;
use super::scalar::{self, Bin, Cmp};

/// Rows that are done at a time.
const BLOCK: usize = 64;

/// The most columns that a rule may read to be run over many rows at once.
pub const MAX_COLUMNS: usize = 8;

/// Where an operand is found.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Operand {
    /// It does not change: in this register.
    Fixed(u32),
    /// A column of the plan, by its place among the rule's inputs.
    Column(u32),
    /// What a step gave.
    Step(u32),
}

/// What is done for each row.
#[derive(Debug, Clone, Copy, PartialEq)]
enum What {
    Op(LocalOp),
    Field(Field),
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Step {
    what: What,
    args: [Operand; 3],
    /// Where an extreme is kept.
    register: u32,
}

/// What of a rule changes from row to row while a position is open.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Held {
    steps: Vec<Step>,
    root: Operand,
    /// The operations that what is remembered needs of the signal's row, and those that the rest needs of the entry.
    pub(super) at_signal: Vec<u32>,
    pub(super) at_entry: Vec<u32>,
}

/// A condition that compares a column with what does not change while a position is open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plain {
    /// The column, by its place among the rule's inputs.
    pub column: usize,
    op: Cmp,
    is_left: bool,
    register: u32,
}

/// Rows in which a position is open, as a rule reads them.
#[derive(Debug, Clone, Copy)]
pub struct HeldRows<'a> {
    /// The rule's inputs, in their order, each of all rows.
    pub columns: &'a [&'a [f64]],
    /// The highest price of each row.
    pub high: &'a [f64],
    /// The lowest.
    pub low: &'a [f64],
    /// The price at which a position is marked.
    pub marks: &'a [f64],
    /// For how many rows the position was open before the first.
    pub pos_bars: f64,
    /// Its highest price before the first.
    pub pos_high: f64,
    /// Its lowest.
    pub pos_low: f64,
    /// At what price it was entered.
    pub entry_price: f64,
    /// 1 for a long position, -1 for a short one.
    pub pos_side: f64,
}

impl Held {
    /// What changes in a program, whose slots are these fields; nothing if it reads what is not of a position.
    pub(super) fn new(local: &Local, root: u32, fields: &[Field]) -> Option<Self> {
        let mut steps: Vec<Step> = Vec::new();
        let mut place = Vec::with_capacity(local.nodes.len());
        // Operations that are known to be true or false while a position is open.
        let mut known: Vec<Option<bool>> = Vec::with_capacity(local.nodes.len());
        for (i, node) in local.nodes.iter().enumerate() {
            let register = i as u32;
            let fixed = Operand::Fixed(register);
            let args = node.args.map(|a| place.get(a as usize).copied().unwrap_or(fixed));
            let operands = &args[..node.operands().len()];
            let mut step = |what| {
                steps.push(Step { what, args, register });
                Operand::Step(steps.len() as u32 - 1)
            };
            let mut is = None;
            let at = match node.op {
                LocalOp::Input(k) => Operand::Column(k),
                LocalOp::Slot(k) => match *fields.get(k as usize)? {
                    field if field.is_of_account() => return None,
                    Field::EntryPrice | Field::PosSide => fixed,
                    field => step(What::Field(field)),
                },
                // A position that is open has all its fields.
                LocalOp::IsMissing if matches!(local.nodes[node.args[0] as usize].op, LocalOp::Slot(_)) => {
                    is = Some(false);
                    fixed
                }
                LocalOp::If if known[node.args[0] as usize].is_some() => {
                    let branch = if known[node.args[0] as usize] == Some(true) { 1 } else { 2 };
                    is = known[node.args[branch] as usize];
                    args[branch]
                }
                LocalOp::AtSignal => fixed,
                _ if operands.iter().all(|a| matches!(a, Operand::Fixed(_))) => fixed,
                op => step(What::Op(op)),
            };
            place.push(at);
            known.push(is);
        }
        let root = *place.get(root as usize)?;
        let mut held = Self { steps, root, at_signal: Vec::new(), at_entry: Vec::new() }.needed();
        let is = |at: u32, what: fn(&LocalOp) -> bool| what(&local.nodes[at as usize].op);
        let all = |what: fn(&LocalOp) -> bool| (0..local.nodes.len() as u32).filter(move |&at| is(at, what));
        let keeps = |op: &LocalOp| matches!(op, LocalOp::AtSignal | LocalOp::Extreme(_));
        held.at_signal = below(local, all(keeps), |_| false);
        let fixed = held.steps.iter().flat_map(|s| s.args()).chain([&held.root]);
        let fixed = fixed.filter_map(|at| if let Operand::Fixed(r) = at { Some(*r) } else { None });
        let extremes = all(|op| matches!(op, LocalOp::Extreme(_)));
        // What was kept at the signal stays as it is.
        held.at_entry = below(local, fixed.chain(extremes), |op| *op == LocalOp::AtSignal);
        Some(held)
    }

    /// The one comparison that it is, if it is that.
    pub(super) fn plain(&self) -> Option<Plain> {
        let [Step { what: What::Op(LocalOp::Cmp(op)), args: [a, b, _], .. }] = self.steps[..] else { return None };
        match (self.root, a, b) {
            (Operand::Step(0), Operand::Column(k), Operand::Fixed(register)) => {
                Some(Plain { column: k as usize, op, is_left: true, register })
            }
            (Operand::Step(0), Operand::Fixed(register), Operand::Column(k)) => {
                Some(Plain { column: k as usize, op, is_left: false, register })
            }
            _ => None,
        }
    }

    /// The same without steps that nobody reads.
    fn needed(self) -> Self {
        let mut needed = vec![false; self.steps.len()];
        let mark = |needed: &mut Vec<bool>, at: Operand| {
            if let Operand::Step(s) = at {
                needed[s as usize] = true;
            }
        };
        mark(&mut needed, self.root);
        for s in (0..needed.len()).rev() {
            if needed[s] {
                self.steps[s].args().iter().for_each(|a| mark(&mut needed, *a));
            }
        }
        let mut to = vec![0; needed.len()];
        let mut steps = Vec::new();
        let moved = |to: &[u32], at: Operand| match at {
            Operand::Step(s) => Operand::Step(to[s as usize]),
            at => at,
        };
        for (s, step) in self.steps.iter().enumerate().filter(|(s, _)| needed[*s]) {
            to[s] = steps.len() as u32;
            steps.push(Step { args: step.args.map(|a| moved(&to, a)), ..*step });
        }
        Self { steps, root: moved(&to, self.root), ..self }
    }

    /// Bytes that it takes beside its own.
    pub(super) fn n_bytes(&self) -> usize {
        of_vec(&self.steps) + of_vec(&self.at_signal) + of_vec(&self.at_entry)
    }

    /// Bytes of the room that it works in.
    pub(super) fn n_bytes_at_work(&self) -> usize {
        size_of::<f64>() * n_room(self.steps.len())
    }

    /// Whether it is the same in every row.
    pub(super) fn is_fixed(&self) -> bool {
        matches!(self.root, Operand::Fixed(_))
    }

    /// Whether it remembers something of the rows that it goes over.
    pub(super) fn remembers(&self) -> bool {
        self.steps.iter().any(|s| matches!(s.what, What::Op(LocalOp::Extreme(_))))
    }

    /// Goes over rows, `n` at most, until `ends` finds a place to stop among the values of a block that begins in a row.
    /// Says how many rows it went over; what is remembered is then that of the row before.
    pub(super) fn run_until(
        &self,
        rows: &HeldRows<'_>,
        n: usize,
        registers: &mut [f64],
        room: &mut Vec<f64>,
        ends: impl Ends,
    ) -> usize {
        room.resize(n_room(self.steps.len()), 0.0);
        wide(Run { held: self, rows, n, registers, room, ends })
    }
}

impl Plain {
    /// The first of some values of the column for which it is true.
    #[inline]
    pub(super) fn first(self, values: &[f64], registers: &[f64]) -> Option<usize> {
        let (column, number) = (Side::Each(values), Side::One(registers[self.register as usize]));
        let (a, b) = if self.is_left { (column, number) } else { (number, column) };
        WhereTrue.first(0, Values::Compared(self.op, a, b, values.len()))
    }
}

/// How many numbers so many steps work in.
fn n_room(n_steps: usize) -> usize {
    n_steps * (BLOCK + 1) + 3 * BLOCK
}

/// The operations that some need, with themselves, in order; those that stay as they are need nothing.
fn below(local: &Local, roots: impl Iterator<Item = u32>, stays: impl Fn(&LocalOp) -> bool) -> Vec<u32> {
    let mut needed = vec![false; local.nodes.len()];
    roots.for_each(|at| needed[at as usize] = true);
    for i in (0..needed.len()).rev() {
        needed[i] = needed[i] && !stays(&local.nodes[i].op);
        if needed[i] {
            local.nodes[i].operands().iter().for_each(|&at| needed[at as usize] = true);
        }
    }
    (0..needed.len() as u32).filter(|&i| needed[i as usize]).collect()
}

impl Step {
    fn args(&self) -> &[Operand] {
        let n = match self.what {
            What::Op(op) => op.n_operands(),
            What::Field(_) => 0,
        };
        &self.args[..n]
    }
}

/// Where going over rows stops.
pub(super) trait Ends {
    /// The first place to stop among some values, the first of which is of this row.
    fn first(&mut self, row: usize, values: Values<'_>) -> Option<usize>;
}

/// Values of some rows.
#[derive(Clone, Copy)]
pub(super) enum Values<'a> {
    All(f64, usize),
    Each(&'a [f64]),
    /// A comparison that is not made yet.
    Compared(Cmp, Side<'a>, Side<'a>, usize),
}

/// One side of a comparison.
#[derive(Clone, Copy)]
pub(super) enum Side<'a> {
    One(f64),
    Each(&'a [f64]),
}

/// Stops where a condition is true.
pub(super) struct WhereTrue;

impl Ends for WhereTrue {
    #[inline(always)]
    fn first(&mut self, _: usize, values: Values<'_>) -> Option<usize> {
        match values {
            Values::All(x, n) => (x == 1.0 && n > 0).then_some(0),
            Values::Each(x) => first(x.len(), |i| x[i] == 1.0),
            Values::Compared(op, a, b, n) => match op {
                Cmp::Lt => first_of(a, b, n, |x, y| x < y),
                Cmp::Le => first_of(a, b, n, |x, y| x <= y),
                Cmp::Eq => first_of(a, b, n, |x, y| x == y),
                Cmp::Ne => first_of(a, b, n, |x, y| scalar::cmp(Cmp::Ne, x, y).0),
            },
        }
    }
}

#[inline(always)]
fn first_of(a: Side<'_>, b: Side<'_>, n: usize, is: impl Fn(f64, f64) -> bool) -> Option<usize> {
    match (a, b) {
        (Side::Each(a), Side::One(y)) => {
            let a = &a[..n];
            first(n, |i| is(a[i], y))
        }
        (Side::One(x), Side::Each(b)) => {
            let b = &b[..n];
            first(n, |i| is(x, b[i]))
        }
        (Side::Each(a), Side::Each(b)) => {
            let (a, b) = (&a[..n], &b[..n]);
            first(n, |i| is(a[i], b[i]))
        }
        (Side::One(x), Side::One(y)) => (n > 0 && is(x, y)).then_some(0),
    }
}

struct Run<'a, E> {
    held: &'a Held,
    rows: &'a HeldRows<'a>,
    n: usize,
    registers: &'a mut [f64],
    room: &'a mut [f64],
    ends: E,
}

impl<E: Ends> Loops for Run<'_, E> {
    type Out = usize;

    #[inline(always)]
    fn run(self) -> usize {
        let Self { held, rows, n, registers, room, mut ends } = self;
        let n_steps = held.steps.len();
        let (carried, room) = room.split_at_mut(n_steps);
        let (operands, values) = room.split_at_mut(3 * BLOCK);
        for (carried, step) in carried.iter_mut().zip(&held.steps) {
            *carried = match step.what {
                What::Op(LocalOp::Extreme(_)) => registers[step.register as usize],
                What::Field(Field::PosHigh) => rows.pos_high,
                What::Field(Field::PosLow) => rows.pos_low,
                _ => 0.0,
            };
        }
        // The root's own comparison is left to who looks for the first row.
        let compared = match held.root {
            Operand::Step(s) if s as usize + 1 == n_steps => match held.steps[s as usize] {
                Step { what: What::Op(LocalOp::Cmp(op)), args: [a, b, _], .. } => Some((op, a, b)),
                _ => None,
            },
            _ => None,
        };
        let n_done = n_steps - usize::from(compared.is_some());
        let mut from = 0;
        while from < n {
            // Rows on which nothing has to be worked out are looked through in one go.
            let m = if n_done == 0 { n } else { BLOCK.min(n - from) };
            for (s, step) in held.steps[..n_done].iter().enumerate() {
                let (done, rest) = values.split_at_mut(s * BLOCK);
                let out = &mut rest[..m];
                match step.what {
                    What::Field(field) => fill_field(out, field, rows, from, &mut carried[s]),
                    What::Op(op) => {
                        let mut given = operands.chunks_exact_mut(BLOCK);
                        let mut side = |at: Operand| -> &[f64] {
                            let all = given.next().unwrap_or_default();
                            match side_of(at, registers, rows, done, from, m) {
                                Side::Each(x) => x,
                                Side::One(x) => {
                                    all[..m].fill(x);
                                    &all[..m]
                                }
                            }
                        };
                        let [a, b, c] = match op.n_operands() {
                            1 => [side(step.args[0]), &[], &[]],
                            2 => [side(step.args[0]), side(step.args[1]), &[]],
                            _ => step.args.map(&mut side),
                        };
                        fill(out, op, a, b, c, &mut carried[s]);
                    }
                }
            }
            let found = match (compared, held.root) {
                (Some((op, a, b)), _) => {
                    let [a, b] = [a, b].map(|at| side_of(at, registers, rows, values, from, m));
                    ends.first(from, Values::Compared(op, a, b, m))
                }
                (None, root) => match side_of(root, registers, rows, values, from, m) {
                    Side::One(x) => ends.first(from, Values::All(x, m)),
                    Side::Each(x) => ends.first(from, Values::Each(x)),
                },
            };
            let n_rows = found.unwrap_or(m);
            for (s, step) in held.steps.iter().enumerate() {
                if let What::Op(LocalOp::Extreme(_)) = step.what
                    && n_rows > 0
                {
                    registers[step.register as usize] = values[s * BLOCK + n_rows - 1];
                }
            }
            if found.is_some() {
                return from + n_rows;
            }
            from += m;
        }
        n
    }
}

#[inline(always)]
fn side_of<'a>(
    at: Operand,
    registers: &[f64],
    rows: &'a HeldRows<'_>,
    values: &'a [f64],
    from: usize,
    m: usize,
) -> Side<'a> {
    match at {
        Operand::Fixed(r) => Side::One(registers[r as usize]),
        Operand::Column(k) => Side::Each(&rows.columns[k as usize][from..from + m]),
        Operand::Step(s) => Side::Each(&values[s as usize * BLOCK..][..m]),
    }
}

#[inline(always)]
fn fill_field(out: &mut [f64], field: Field, rows: &HeldRows<'_>, from: usize, last: &mut f64) {
    let to = from + out.len();
    let mut each = |x: &[f64], f: &mut dyn FnMut(f64) -> f64| out.iter_mut().zip(x).for_each(|(out, x)| *out = f(*x));
    match field {
        Field::PosHigh => each(&rows.high[from..to], &mut |x| {
            *last = last.max(x);
            *last
        }),
        Field::PosLow => each(&rows.low[from..to], &mut |x| {
            *last = last.min(x);
            *last
        }),
        Field::PosPnlFrac => each(&rows.marks[from..to], &mut |x| rows.pos_side * (x / rows.entry_price - 1.0)),
        Field::PosBars => out.iter_mut().zip(from..).for_each(|(out, row)| *out = rows.pos_bars + (row as f64 + 1.0)),
        Field::EntryPrice => out.fill(rows.entry_price),
        Field::PosSide => out.fill(rows.pos_side),
        Field::Cash | Field::Drawdown | Field::Equity => out.fill(f64::NAN),
    }
}

#[inline(always)]
fn fill(out: &mut [f64], op: LocalOp, a: &[f64], b: &[f64], c: &[f64], last: &mut f64) {
    let n = out.len();
    let a = &a[..n];
    match op {
        LocalOp::Extreme(greatest) => {
            for (out, &a) in out.iter_mut().zip(a) {
                let is_beyond = if greatest { a > *last } else { a < *last };
                *last = if is_beyond || last.is_nan() { a } else { *last };
                *out = *last;
            }
        }
        LocalOp::Un(op) => one(out, a, |x| scalar::un(op, x)),
        LocalOp::IsMissing => one(out, a, |x| condition((x.is_nan(), !x.is_nan()))),
        LocalOp::Not => one(out, a, |x| 1.0 - x),
        LocalOp::Bin(Bin::Add) => two(out, a, b, |x, y| x + y),
        LocalOp::Bin(Bin::Sub) => two(out, a, b, |x, y| x - y),
        LocalOp::Bin(Bin::Mul) => two(out, a, b, |x, y| x * y),
        LocalOp::Bin(op) => two(out, a, b, |x, y| scalar::bin(op, x, y)),
        LocalOp::Cmp(op) => two(out, a, b, |x, y| condition(scalar::cmp(op, x, y))),
        LocalOp::And => two(out, a, b, and),
        LocalOp::Or => two(out, a, b, or),
        LocalOp::If => {
            let (b, c) = (&b[..n], &c[..n]);
            out.iter_mut().enumerate().for_each(|(i, out)| *out = choose(a[i], b[i], c[i]));
        }
        // These are no steps.
        LocalOp::Input(_) | LocalOp::Slot(_) | LocalOp::Num(_) | LocalOp::AtSignal => out.fill(f64::NAN),
    }
}

#[inline(always)]
fn one(out: &mut [f64], a: &[f64], f: impl Fn(f64) -> f64) {
    out.iter_mut().zip(a).for_each(|(out, a)| *out = f(*a));
}

#[inline(always)]
fn two(out: &mut [f64], a: &[f64], b: &[f64], f: impl Fn(f64, f64) -> f64) {
    out.iter_mut().zip(a.iter().zip(b)).for_each(|(out, (a, b))| *out = f(*a, *b));
}

#[cfg(test)]
mod tests {
    use qe_core::rng::Stream;

    use super::*;
    use crate::expr::{Schema, compile_scoped, parse};
    use crate::plan::{Memory, Outside, Rule, Scope};

    const RULES: &[&str] = &[
        "close < entry.price - 2 * max_since_entry(if(is_missing(pos.bars), high - low, nan))",
        "close < max_since_entry(close - 1.5 * (high - low))",
        "close >= max_since_entry(high) * 0.98 and pos.bars > 3",
        "pos.bars >= 17",
        "high > pos.high * 0.999 or low < pos.low",
        "pos.pnl_frac > 0.01 or pos.pnl_frac < -0.02",
        "pos.side * (close - entry.price) > 0.5 and not (low == entry.price)",
        "if(pos.bars > 5, close > open, high < open)",
        "is_missing(close) and pos.bars > 2",
        "is_missing(pos.high) or close != open",
        "min_since_entry(low) + sqrt(max_since_entry(abs(close))) < close",
        "close < entry.price * (1 - 0.01)",
        "min(close, entry.price) <= max(open, low) - 0.3 * pos.bars",
        "max_since_entry(open) > 101 ? close < open : close % 3 > 2.5",
        "close < entry.price - 1.5 * at_signal(high - low)",
        "close > at_signal(close - entry.price) or close < at_signal(open)",
        "entry.price > 100",
    ];
    const LEVELS: &[&str] = &[
        "entry.price * 0.99",
        "max_since_entry(close - (high - low))",
        "entry.price - 2 * max_since_entry(if(is_missing(pos.bars), high - low, nan))",
        "pos.high - 1",
        "max_since_entry(close) * 0.985",
        "low - (pos.bars > 4 ? 0.1 : nan)",
    ];

    /// Those of them that do not change while a position is open.
    const FIXED: &[&str] = &["entry.price > 100", "entry.price * 0.99", LEVELS[2]];

    /// Those that compare a column with what does not change.
    const PLAIN: &[&str] = &[RULES[0], RULES[11], "close < entry.price - 1.5 * at_signal(high - low)"];

    struct Market {
        columns: Vec<(String, Vec<f64>)>,
    }

    impl Market {
        fn new(stream: &mut Stream, n: usize) -> Self {
            let mut price = 100.0;
            let mut x = [const { Vec::new() }; 4];
            for _ in 0..n {
                let open = price + 0.1 * stream.normal();
                price = open + 0.5 * stream.normal();
                let bar =
                    [open, open.max(price) + 0.2 * stream.uniform(), open.min(price) - 0.2 * stream.uniform(), price];
                // Whole numbers of cents, so that prices meet; now and then one is missing.
                for (x, v) in x.iter_mut().zip(bar) {
                    x.push(if stream.below(20) == 0 { f64::NAN } else { (v * 100.0).round() / 100.0 });
                }
            }
            let names = ["open", "high", "low", "close"].map(String::from);
            Self { columns: names.into_iter().zip(x).collect() }
        }

        fn get(&self, name: &str) -> &[f64] {
            self.columns.iter().find(|(n, _)| n == name).map(|(_, x)| &x[..]).unwrap()
        }
    }

    /// Rules over the market's own columns, inputs computed by a plan.
    fn rule(text: &str, market: &Market) -> (Rule, Vec<Vec<f64>>) {
        use qe_core::columns::{Axis, Columns};
        let schema = Schema::new(["open", "high", "low", "close"]);
        let expr = parse(text).unwrap();
        let compiled = compile_scoped(&[("exit", &expr, Scope::EXIT)], &schema, None).unwrap();
        let n = market.get("close").len() as i64;
        let mut table = Columns::new(Axis::instants((0..n).collect::<Vec<_>>()).unwrap());
        for (name, x) in &market.columns {
            table = table.with(name.as_str(), x.clone()).unwrap();
        }
        let result = compiled.plan().eval(&table).unwrap();
        let rule = compiled.rules()[0].clone();
        let inputs = rule.inputs().iter().map(|&o| result.outputs()[o].to_numbers().to_vec()).collect();
        (rule, inputs)
    }

    /// A position of one row after the other, as a plain loop has it.
    struct Plain<'a> {
        market: &'a Market,
        inputs: &'a [Vec<f64>],
        outside: Outside,
        memory: Memory,
    }

    impl Plain<'_> {
        fn step(&mut self, rule: &Rule, row: usize) -> f64 {
            let o = &mut self.outside;
            o.pos_bars += 1.0;
            o.pos_high = o.pos_high.max(self.market.get("high")[row]);
            o.pos_low = o.pos_low.min(self.market.get("low")[row]);
            let mark = 100.0 + (row % 7) as f64;
            o.pos_pnl_frac = o.pos_side * (mark / o.entry_price - 1.0);
            let inputs: Vec<f64> = self.inputs.iter().map(|x| x[row]).collect();
            rule.run(&inputs, &self.outside, &mut self.memory)
        }
    }

    #[test]
    fn many_rows_at_once_are_rows_one_by_one() {
        let mut stream = Stream::new(7, "held", 0);
        let mut room = Vec::new();
        let mut n_stops = [0; RULES.len() + LEVELS.len()];
        for round in 0..60 {
            let n = 200;
            let market = Market::new(&mut stream, n);
            let marks: Vec<f64> = (0..n).map(|row| 100.0 + (row % 7) as f64).collect();
            for (which, text) in RULES.iter().chain(LEVELS).enumerate() {
                let (rule, inputs) = rule(text, &market);
                let signal = stream.below(20) as usize;
                let side = if round % 2 == 0 { 1.0 } else { -1.0 };
                let mut plain =
                    Plain { market: &market, inputs: &inputs, outside: Outside::NONE, memory: rule.memory() };
                // The signal's row, the fill, and the close of the first row.
                plain.outside.pos_side = side;
                let at = |row: usize| inputs.iter().map(|x| x[row]).collect::<Vec<f64>>();
                let signalled = plain.outside;
                rule.run(&at(signal), &signalled, &mut plain.memory);
                let price = 100.0 + (round as f64 - 30.0) / 20.0;
                plain.outside = Outside {
                    entry_price: price,
                    pos_bars: 0.0,
                    pos_high: price,
                    pos_low: price,
                    pos_pnl_frac: 0.0,
                    ..plain.outside
                };
                rule.run(&at(signal), &plain.outside, &mut plain.memory);
                // Where both are done in part, what comes of the rows after them is the same.
                let mut many = rule.memory();
                assert!(rule.begin(&at(signal), &signalled, &mut many));
                rule.enter(&at(signal), &plain.outside, &mut many);
                let mut part = Plain { memory: many, ..plain };
                let (a, b) = (part.step(&rule, signal + 1), plain.step(&rule, signal + 1));
                assert_eq!(a.to_bits(), b.to_bits(), "{text}");
                let mut many = if round % 3 == 0 { plain.memory.clone() } else { part.memory };
                let is_plain = rule.plain().is_some();
                assert_eq!(is_plain, PLAIN.contains(text), "{text}");
                let kept = rule.kept().unwrap();
                let mut row = signal + 2;
                while row + 1 < n {
                    let to = (row + 1 + stream.below(150) as usize).min(n - 1);
                    let columns: Vec<&[f64]> = inputs.iter().map(|x| &x[row..to]).collect();
                    let o = plain.outside;
                    let rows = HeldRows {
                        columns: &columns,
                        high: &market.get("high")[row..to],
                        low: &market.get("low")[row..to],
                        marks: &marks[row..to],
                        pos_bars: o.pos_bars,
                        pos_high: o.pos_high,
                        pos_low: o.pos_low,
                        entry_price: price,
                        pos_side: side,
                    };
                    let is_level = which >= RULES.len();
                    let before = many.clone();
                    let got = if is_level {
                        let next = if side > 0.0 { "low" } else { "high" };
                        let prices = &market.get(next)[row + 1..to + 1];
                        rule.run_until_reached(&rows, prices, side > 0.0, &mut many, &mut room)
                    } else {
                        rule.run_until_true(&rows, to - row, &mut many, &mut room)
                    };
                    let mut want = to - row;
                    for i in 0..to - row {
                        let memory = plain.memory.clone();
                        let outside = plain.outside;
                        let value = plain.step(&rule, row + i);
                        let price = market.get(if side > 0.0 { "low" } else { "high" })[row + i + 1];
                        let is_met = match (is_level, side > 0.0) {
                            (false, _) => value == 1.0,
                            (true, true) => price <= value,
                            (true, false) => price >= value,
                        };
                        if is_met {
                            want = i;
                            (plain.memory, plain.outside) = (memory, outside);
                            n_stops[which] += 1;
                            break;
                        }
                    }
                    assert_eq!(got, want, "{text} from row {row} to {to}");
                    // As text, in which what is missing is equal to itself.
                    assert!(kept.remembers || format!("{many:?}") == format!("{before:?}"), "{text}");
                    // The next row, by itself, from what each remembers.
                    row += want;
                    let mut other = Plain { memory: many.clone(), outside: plain.outside, ..plain };
                    let (a, b) = (other.step(&rule, row), plain.step(&rule, row));
                    assert_eq!(a.to_bits(), b.to_bits(), "{text} in row {row}");
                    many = other.memory;
                    row += 1;
                }
                assert_eq!(kept.is_fixed, FIXED.contains(text), "{text}");
            }
        }
        assert!(n_stops.iter().all(|n| *n > 0), "{n_stops:?}");
    }

    #[test]
    fn what_reads_the_account_is_run_row_by_row() {
        let schema = Schema::new(["close"]);
        let expr = parse("close * equity").unwrap();
        let compiled = compile_scoped(&[("size", &expr, Scope::SIZE)], &schema, None).unwrap();
        let rule = &compiled.rules()[0];
        assert_eq!(rule.kept(), None);
        let rows = HeldRows {
            columns: &[&[1.0]],
            high: &[1.0],
            low: &[1.0],
            marks: &[1.0],
            pos_bars: 0.0,
            pos_high: 1.0,
            pos_low: 1.0,
            entry_price: 1.0,
            pos_side: 1.0,
        };
        assert_eq!(rule.run_until_true(&rows, 1, &mut rule.memory(), &mut Vec::new()), 0);
    }
}
