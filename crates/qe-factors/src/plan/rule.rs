//! Rules: expressions that read an open position or the account, as small scalar programs.
//!
//! An exit is computed while a position is open, a size or a gate when it is asked for. What such an expression reads of
//! the market stays in the plan as columns that all points share; the rule itself is a handful of operations on single
//! numbers, run row by row.

use std::fmt;

use qe_core::wide::first;

use super::graph::{Ty, of_vec};
use super::held::{Ends, Held, HeldRows, MAX_COLUMNS, Plain, Values, WhereTrue};
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
    /// What comes later, by `forward`.
    pub future: bool,
}

impl Scope {
    /// A series, which may be fitted: entries, filters, factors.
    pub const SERIES: Self = Self { fitted: true, position: false, account: false, future: false };
    /// The market alone: what is shared by all training windows.
    pub const MARKET: Self = Self { fitted: false, position: false, account: false, future: false };
    /// An exit: the open position too.
    pub const EXIT: Self = Self { fitted: true, position: true, account: false, future: false };
    /// A gate, asked before there is a position: the account too.
    pub const GATE: Self = Self { fitted: true, position: false, account: true, future: false };
    /// A size: position and account.
    pub const SIZE: Self = Self { fitted: true, position: true, account: true, future: false };
    /// A label: what came of it later, which research sets beside a signal. No strategy may read one.
    pub const LABEL: Self = Self { future: true, ..Self::SERIES };
}

/// A scalar program over outputs of a plan, an open position and the account.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    local: Local,
    root: u32,
    inputs: Vec<usize>,
    fields: Vec<Field>,
    /// What of it changes while a position is open, if it can be run over many rows at once.
    held: Option<Held>,
}

impl Rule {
    /// A program whose root is an operation of `local`, whose inputs are outputs of a plan.
    pub(crate) fn new(local: Local, root: u32, inputs: Vec<usize>) -> Self {
        let fields: Vec<Field> = local.slots().iter().filter_map(|name| Field::parse(name)).collect();
        let held = Held::new(&local, root, &fields).filter(|_| inputs.len() <= MAX_COLUMNS);
        Self { local, root, inputs, fields, held }
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

    /// Bytes of what it remembers, beside a [`Memory`]'s own.
    pub fn n_bytes_of_memory(&self) -> usize {
        size_of::<f64>() * (self.local.n_registers() + self.fields.len())
    }

    /// Bytes of the room that it works in where it is run over many rows at once.
    pub fn n_bytes_at_work(&self) -> usize {
        self.held.as_ref().map_or(0, Held::n_bytes_at_work)
    }

    /// About how many bytes it takes beside its own.
    pub(crate) fn n_bytes(&self) -> usize {
        let held = self.held.as_ref().map_or(0, Held::n_bytes);
        self.local.n_bytes() + of_vec(&self.inputs) + of_vec(&self.fields) + held
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
    /// How it runs while a position is open; `None` if it has to be run row by row.
    pub fn kept(&self) -> Option<Kept> {
        self.held.as_ref().map(|held| Kept { is_fixed: held.is_fixed(), remembers: held.remembers() })
    }

    /// Runs it over rows in which a position is held, `n` of them at most, up to the first in which it is true, without
    /// that one: how many rows that is, and the memory is as [`Rule::run`] leaves it after them. The rule must have been
    /// run since the entry. Nothing is run where [`Rule::kept`] says so.
    pub fn run_until_true(&self, rows: &HeldRows<'_>, n: usize, memory: &mut Memory, room: &mut Vec<f64>) -> usize {
        self.run_until(rows, n, memory, room, WhereTrue)
    }

    /// As [`Rule::run_until_true`], of a rule that gives a level: up to the first row whose value a price reaches, the
    /// price being at or below it with `is_below`, else at or above it.
    pub fn run_until_reached(
        &self,
        rows: &HeldRows<'_>,
        prices: &[f64],
        is_below: bool,
        memory: &mut Memory,
        room: &mut Vec<f64>,
    ) -> usize {
        let n = prices.len();
        if is_below {
            self.run_until(rows, n, memory, room, WhereReached(|row, i, level: f64| prices[row + i] <= level))
        } else {
            self.run_until(rows, n, memory, room, WhereReached(|row, i, level: f64| prices[row + i] >= level))
        }
    }

    fn run_until(
        &self,
        rows: &HeldRows<'_>,
        n: usize,
        memory: &mut Memory,
        room: &mut Vec<f64>,
        ends: impl Ends,
    ) -> usize {
        match &self.held {
            Some(held) if rows.columns.len() == self.inputs.len() && rows.columns.iter().all(|x| x.len() >= n) => {
                held.run_until(rows, n, &mut memory.registers, room, ends)
            }
            _ => 0,
        }
    }

    /// The comparison of a column with what does not change while a position is open, if it is one.
    pub fn plain(&self) -> Option<Plain> {
        self.held.as_ref().and_then(Held::plain)
    }

    /// Forgets everything and takes from the row of an entry's signal what it keeps of that. `false` where nothing is done,
    /// and the rule has to be run.
    #[inline]
    pub fn begin(&self, inputs: &[f64], outside: &Outside, memory: &mut Memory) -> bool {
        let Some(held) = &self.held else { return false };
        memory.registers.fill(f64::NAN);
        self.run_some(&held.at_signal, inputs, outside, memory);
        true
    }

    /// After [`Rule::begin`], takes from the entry what does not change from then on: as [`Rule::run`] does, but for its value.
    #[inline]
    pub fn enter(&self, inputs: &[f64], outside: &Outside, memory: &mut Memory) {
        if let Some(held) = &self.held {
            self.run_some(&held.at_entry, inputs, outside, memory);
        }
    }

    #[inline]
    fn run_some(&self, some: &[u32], inputs: &[f64], outside: &Outside, memory: &mut Memory) {
        memory.slots.iter_mut().zip(&self.fields).for_each(|(slot, field)| *slot = outside.get(*field));
        self.local.run_some(some, inputs, &memory.slots, &mut memory.registers);
    }
}

impl Plain {
    /// The first of some values of its column for which it is true.
    #[inline]
    pub fn first_true(self, values: &[f64], memory: &Memory) -> Option<usize> {
        self.first(values, &memory.registers)
    }
}

/// How a rule runs while a position is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Whether it gives the same in every row.
    pub is_fixed: bool,
    /// Whether it remembers something of each row.
    pub remembers: bool,
}

/// Stops where a level is reached: it is asked with the first row of a block, a place in it, and the level there.
struct WhereReached<F>(F);

impl<F: Fn(usize, usize, f64) -> bool> Ends for WhereReached<F> {
    #[inline(always)]
    fn first(&mut self, row: usize, values: Values<'_>) -> Option<usize> {
        match values {
            Values::All(x, n) => first(n, |i| self.0(row, i, x)),
            Values::Each(x) => first(x.len(), |i| self.0(row, i, x[i])),
            // A comparison is no level.
            Values::Compared(..) => Some(0),
        }
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
#[derive(Debug, PartialEq)]
pub struct Memory {
    registers: Vec<f64>,
    slots: Vec<f64>,
}

impl Clone for Memory {
    fn clone(&self) -> Self {
        Self { registers: self.registers.clone(), slots: self.slots.clone() }
    }

    /// Without new room, where there is some: entries do this all the time.
    fn clone_from(&mut self, source: &Self) {
        self.registers.clone_from(&source.registers);
        self.slots.clone_from(&source.slots);
    }
}

impl Memory {
    /// All that it remembers, as numbers: to be kept and given back.
    pub fn registers_mut(&mut self) -> &mut [f64] {
        &mut self.registers
    }

    /// Forgets everything, as at an entry.
    pub fn reset(&mut self) {
        self.registers.fill(f64::NAN);
    }
}
