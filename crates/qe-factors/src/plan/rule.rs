//! Rules: expressions that read an open position or the account, as small scalar programs.
//!
//! An exit is computed while a position is open, a size or a gate when it is asked for. What such an expression reads of
//! the market stays in the plan as columns that all points share; the rule itself is a handful of operations on single
//! numbers, run row by row.

use std::fmt;

use super::graph::Ty;
use super::local::Local;

/// A value that no column holds, by its name in expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// `cash`
    Cash,
    /// `drawdown`
    Drawdown,
    /// `entry.price`
    EntryPrice,
    /// `equity`
    Equity,
    /// `pos.bars`
    PosBars,
    /// `pos.high`
    PosHigh,
    /// `pos.low`
    PosLow,
    /// `pos.pnl_frac`
    PosPnlFrac,
    /// `pos.side`
    PosSide,
}

impl Field {
    /// The field that a name stands for.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "cash" => Self::Cash,
            "drawdown" => Self::Drawdown,
            "entry.price" => Self::EntryPrice,
            "equity" => Self::Equity,
            "pos.bars" => Self::PosBars,
            "pos.high" => Self::PosHigh,
            "pos.low" => Self::PosLow,
            "pos.pnl_frac" => Self::PosPnlFrac,
            "pos.side" => Self::PosSide,
            _ => return None,
        })
    }

    /// Whether it is of the account; otherwise it is of an open position.
    pub fn is_of_account(self) -> bool {
        matches!(self, Self::Cash | Self::Drawdown | Self::Equity)
    }
}

/// What is known beside the market in one row. What is not known is missing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outside {
    /// Money that is not invested.
    pub cash: f64,
    /// How far equity is below its highest, as a fraction.
    pub drawdown: f64,
    /// At what price the position was entered.
    pub entry_price: f64,
    /// Money and positions together.
    pub equity: f64,
    /// For how many rows the position has been open.
    pub pos_bars: f64,
    /// The highest price since the entry.
    pub pos_high: f64,
    /// The lowest price since the entry.
    pub pos_low: f64,
    /// What the position has won, over its value at the entry.
    pub pos_pnl_frac: f64,
    /// 1 for a long position, -1 for a short one.
    pub pos_side: f64,
}

impl Outside {
    /// Nothing is known.
    pub const NONE: Self = Self {
        cash: f64::NAN,
        drawdown: f64::NAN,
        entry_price: f64::NAN,
        equity: f64::NAN,
        pos_bars: f64::NAN,
        pos_high: f64::NAN,
        pos_low: f64::NAN,
        pos_pnl_frac: f64::NAN,
        pos_side: f64::NAN,
    };

    fn get(&self, field: Field) -> f64 {
        match field {
            Field::Cash => self.cash,
            Field::Drawdown => self.drawdown,
            Field::EntryPrice => self.entry_price,
            Field::Equity => self.equity,
            Field::PosBars => self.pos_bars,
            Field::PosHigh => self.pos_high,
            Field::PosLow => self.pos_low,
            Field::PosPnlFrac => self.pos_pnl_frac,
            Field::PosSide => self.pos_side,
        }
    }
}

impl Default for Outside {
    fn default() -> Self {
        Self::NONE
    }
}

/// What an expression may read beside columns of the market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// What was fitted on a training window.
    pub fitted: bool,
    /// The open position.
    pub position: bool,
    /// The account.
    pub account: bool,
}

impl Scope {
    /// A series, which may be fitted: entries, filters, factors.
    pub const SERIES: Self = Self { fitted: true, position: false, account: false };
    /// The market alone: what is shared by all training windows.
    pub const MARKET: Self = Self { fitted: false, position: false, account: false };
    /// An exit: the open position too.
    pub const EXIT: Self = Self { fitted: true, position: true, account: false };
    /// A gate, asked before there is a position: the account too.
    pub const GATE: Self = Self { fitted: true, position: false, account: true };
    /// A size: position and account.
    pub const SIZE: Self = Self { fitted: true, position: true, account: true };
}

/// A scalar program over outputs of a plan, an open position and the account.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    local: Local,
    root: u32,
    inputs: Vec<usize>,
    fields: Vec<Field>,
}

impl Rule {
    /// A program whose root is an operation of `local`, whose inputs are outputs of a plan.
    pub(crate) fn new(local: Local, root: u32, inputs: Vec<usize>) -> Self {
        let fields = local.slots().iter().filter_map(|name| Field::parse(name)).collect();
        Self { local, root, inputs, fields }
    }

    /// The outputs of the plan that it reads, in the order in which [`Rule::run`] wants their values.
    pub fn inputs(&self) -> &[usize] {
        &self.inputs
    }

    /// What it reads of the position and the account.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// What it gives: an exit is to be a condition, a size a number.
    pub fn ty(&self) -> Ty {
        self.local.nodes.get(self.root as usize).map_or(Ty::Num, |node| node.ty)
    }

    /// Whether it reads the open position, or what was since its entry.
    pub fn reads_position(&self) -> bool {
        self.local.remembers() || self.fields.iter().any(|f| !f.is_of_account())
    }

    /// Whether it reads the account.
    pub fn reads_account(&self) -> bool {
        self.fields.iter().any(|f| f.is_of_account())
    }

    /// How many operations it takes for a row.
    pub fn n_steps(&self) -> usize {
        self.local.n_registers()
    }

    /// Memory to run it in, as of an entry.
    pub fn memory(&self) -> Memory {
        Memory { registers: vec![f64::NAN; self.local.n_registers()], slots: vec![f64::NAN; self.fields.len()] }
    }

    /// Its value in a row: `inputs` are the values of the plan's outputs [`Rule::inputs`] in that row, conditions as 1, 0
    /// and NaN. It is to be run in every row from the entry on, since extremes since the entry grow as it runs. A condition
    /// comes as 1, 0, or NaN where it is unknown.
    #[inline]
    pub fn run(&self, inputs: &[f64], outside: &Outside, memory: &mut Memory) -> f64 {
        memory.slots.iter_mut().zip(&self.fields).for_each(|(slot, field)| *slot = outside.get(*field));
        self.local.run(inputs, &memory.slots, &mut memory.registers);
        memory.registers.get(self.root as usize).copied().unwrap_or(f64::NAN)
    }
}

impl Rule {
    /// Runs it row after row, as [`Rule::run`] does, up to the first row in which it is true, without that one: how many
    /// rows that is, the length of the columns if it is true in none. `columns` are the plan's outputs [`Rule::inputs`]. Of
    /// a rule that reads fields nothing is run.
    pub fn run_until_true(&self, columns: &[&[f64]], memory: &mut Memory) -> usize {
        let n = columns.iter().map(|x| x.len()).min().unwrap_or(0);
        if !self.fields.is_empty() || columns.len() != self.inputs.len() {
            return 0;
        }
        match self.local.below_extreme(self.root) {
            Some((x, extreme, of)) => {
                let (x, of) = (&columns[x][..n], &columns[of][..n]);
                let known = &mut memory.registers[extreme];
                for (i, (&x, &of)) in x.iter().zip(of).enumerate() {
                    let highest = if of > *known || known.is_nan() { of } else { *known };
                    if x < highest {
                        return i;
                    }
                    *known = highest;
                }
                n
            }
            None => 0,
        }
    }

    /// Whether [`Rule::run_until_true`] runs it at all.
    pub fn can_run_until_true(&self) -> bool {
        self.fields.is_empty() && self.local.below_extreme(self.root).is_some()
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}= @{}", self.local, self.root)?;
        self.inputs
            .iter()
            .enumerate()
            .try_for_each(|(i, output)| write!(f, "{} input {i} is output {output}", [";", ","][usize::from(i > 0)]))
    }
}

/// What a rule remembers of a position while it is open.
#[derive(Debug, Clone, PartialEq)]
pub struct Memory {
    registers: Vec<f64>,
    slots: Vec<f64>,
}

impl Memory {
    /// Forgets everything, as at an entry.
    pub fn reset(&mut self) {
        self.registers.fill(f64::NAN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::{Schema, compile_scoped, parse};

    #[test]
    fn many_rows_at_once_are_rows_one_by_one() {
        let schema = Schema::new(["a", "b"]);
        let rule = |text: &str| {
            let expr = parse(text).unwrap();
            let compiled = compile_scoped(&[("exit", &expr, Scope::EXIT)], &schema, None).unwrap();
            let rule = compiled.rules()[0].clone();
            let names: Vec<String> =
                rule.inputs().iter().map(|&o| compiled.plan().outputs()[o].name.to_string()).collect();
            (rule, names)
        };
        let (other, _) = rule("a < max_since_entry(b) and pos.bars > 1");
        assert!(!other.can_run_until_true());
        assert_eq!(other.run_until_true(&[&[1.0], &[2.0]], &mut other.memory()), 0);
        let (rule, names) = rule("a < max_since_entry(b)");
        assert!(rule.can_run_until_true());
        let n = f64::NAN;
        let (a, b) = ([n, 3.0, 9.0, n, 5.0, 4.0, 7.0, 1.0], [n, 1.0, 2.0, 5.0, n, 3.0, 7.0, 2.0]);
        let columns = if names[0] == "a" { [&a[..], &b[..]] } else { [&b[..], &a[..]] };
        let mut one = rule.memory();
        let mut trues = vec![];
        for row in 0..a.len() {
            if rule.run(&columns.map(|x| x[row]), &Outside::NONE, &mut one) == 1.0 {
                trues.push(row);
            }
        }
        assert_eq!(trues, [5, 7]);
        let mut many = rule.memory();
        assert_eq!(rule.run_until_true(&columns.map(|x| &x[..2]), &mut many), 2);
        assert_eq!(rule.run_until_true(&columns.map(|x| &x[2..]), &mut many), 3);
        assert_eq!(rule.run(&columns.map(|x| x[5]), &Outside::NONE, &mut many), 1.0);
        assert_eq!(rule.run_until_true(&columns.map(|x| &x[6..]), &mut many), 1);
        assert_eq!(rule.run(&columns.map(|x| x[7]), &Outside::NONE, &mut many), 1.0);
        assert_eq!(rule.run_until_true(&columns.map(|x| &x[..0]), &mut many), 0);
    }
}
