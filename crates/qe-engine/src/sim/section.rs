//! A stretch of rows with all that points ask of it: conditions as bitmaps, numbers, tables of prices.

use std::ops::Range;

use qe_core::compare::Coarse;
use qe_factors::plan::{Block, Part, Trues};

use crate::program::{Exit, Program, Source, StrategyPlan};

/// Where an output of the plan is kept, if some point asks for it.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    /// As a bitmap of the rows in which it is true.
    bits: Option<u32>,
    /// As numbers.
    numbers: Option<u32>,
}

/// Which outputs are kept, and as what.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    places: Vec<Place>,
    /// The outputs that are kept as bitmaps, and those that are kept as numbers, in the order of their places.
    bits: Vec<usize>,
    numbers: Vec<usize>,
    /// How the plan makes the bitmaps.
    trues: Trues,
    /// Whether somebody asks where columns that are compared are there.
    with_known: bool,
}

impl Layout {
    /// What the programs of a strategy ask for. Of those in `failures`, by program, exits are where entries fail.
    pub(crate) fn new(plan: &StrategyPlan, failures: &[bool]) -> Self {
        let mut layout = Self::wanted(plan, failures);
        layout.trues = plan.compiled.plan().trues(&layout.bits, &layout.numbers);
        layout
    }

    /// Which outputs are kept, and as what, but not how they are made.
    fn wanted(plan: &StrategyPlan, failures: &[bool]) -> Self {
        let mut layout =
            Self { places: vec![Place::default(); plan.compiled.plan().outputs().len()], ..Self::default() };
        for rule in plan.compiled.rules() {
            rule.inputs().iter().for_each(|&output| layout.want_number(output));
        }
        for (i, program) in plan.programs.iter().enumerate() {
            if let Ok(program) = program {
                let is_failure = failures.get(i).is_some_and(|is| *is);
                layout.want(program, is_failure);
                layout.with_known |= is_failure;
            }
        }
        if let Some(Source::Output(output)) = plan.spread_multiplier {
            layout.want_number(output);
        }
        layout
    }

    /// The most bytes that a layout of all programs of a plan takes, while it is made too, and those of a row of a section:
    /// known before a walk is made, which knows where exits are where entries fail.
    pub(crate) fn n_bytes_at_most(plan: &StrategyPlan) -> [usize; 2] {
        // What tells comparisons apart and sorts them, for each.
        const MAKING: usize = 192;
        let all = Self::wanted(plan, &[]);
        let n_bits = all.bits.len();
        let lists = size_of::<Place>() * all.places.len() + 2 * size_of::<usize>() * (n_bits + all.numbers.len());
        let trues = n_bits * (MAKING + size_of::<[usize; 2]>()) + plan.compiled.plan().n_steps() * 2 * MAKING / 4;
        // Each comparison has two columns of its own at most.
        [lists + trues, 8 * all.numbers.len() + (3 * n_bits).div_ceil(8)]
    }

    /// Where the two columns stand that an output compares, if it is a comparison that the plan makes for us.
    pub(crate) fn compared(&self, output: usize) -> Option<[usize; 2]> {
        self.trues.compared(self.places[output].bits? as usize)
    }

    /// How the plan makes the bitmaps.
    pub(crate) fn trues(&self) -> &Trues {
        &self.trues
    }

    fn want(&mut self, program: &Program, is_failure: bool) {
        use crate::program::{EntryOrder, ExitKind};
        let bits = program.entry.iter().flatten();
        let is_asked = |e: &&Exit| e.kind == ExitKind::When && !is_failure;
        let when = program.exits.iter().flatten().filter(is_asked).map(|e| &e.source);
        for source in bits.chain(when) {
            if let Source::Output(output) = *source {
                self.want_bits(output);
            }
        }
        let levels = program.exits.iter().flatten().filter(|e| e.kind != ExitKind::When).map(|e| e.source);
        let orders = match program.order {
            EntryOrder::Market => [None; 2],
            EntryOrder::Limit { level, .. } | EntryOrder::Stop { level, .. } => level,
        };
        let others = [Some(program.size.source), program.size.scale, program.strength, program.weight];
        // Gates are asked now and then, one row at a time, as numbers.
        let gates = program.gates.iter().copied();
        for source in levels.chain(orders.into_iter().flatten()).chain(others.into_iter().flatten()).chain(gates) {
            if let Source::Output(output) = source {
                self.want_number(output);
            }
        }
    }

    fn want_bits(&mut self, output: usize) {
        if self.places[output].bits.is_none() {
            self.places[output].bits = Some(self.bits.len() as u32);
            self.bits.push(output);
        }
    }

    fn want_number(&mut self, output: usize) {
        if self.places[output].numbers.is_none() {
            self.places[output].numbers = Some(self.numbers.len() as u32);
            self.numbers.push(output);
        }
    }

    fn n_known(&self) -> usize {
        if self.with_known { self.trues.n_operands() } else { 0 }
    }
}

/// A stretch of rows.
#[derive(Debug, Default)]
pub(crate) struct Section {
    pub(crate) rows: Range<usize>,
    bits: Vec<u64>,
    /// Room for comparisons.
    coarse: Coarse,
    /// Where each column that is compared is there, and whether it is so throughout.
    known: Vec<u64>,
    is_whole: Vec<bool>,
    numbers: Vec<f64>,
    n_words: usize,
    /// Rows of numbers: one before the section's first, and its own.
    n_rows: usize,
}

impl Section {
    /// Room for so many rows, a multiple of 64.
    pub(crate) fn new(layout: &Layout, n_rows: usize) -> Self {
        let n_words = n_rows.div_ceil(64);
        Self {
            rows: 0..0,
            bits: vec![0; layout.bits.len() * n_words],
            coarse: Coarse::default(),
            known: vec![0; layout.n_known() * n_words],
            is_whole: vec![true; layout.n_known()],
            numbers: vec![f64::NAN; layout.numbers.len() * (n_rows + 1)],
            n_words,
            n_rows: n_rows + 1,
        }
    }

    /// Takes what the plan gave in a block of rows, which begins at a multiple of 64 rows from the section's first.
    pub(crate) fn put(&mut self, layout: &Layout, block: &Block<'_>) {
        let (rows, n_rows) = (block.rows(), self.n_rows.max(1));
        let at = rows.start - self.rows.start;
        block.write_trues(&layout.trues, &mut self.coarse, &mut self.bits, self.n_words, at / 64);
        if layout.with_known {
            block.write_known(&layout.trues, &self.coarse, &mut self.known, self.n_words, at / 64);
            let last = if rows.len() % 64 == 0 { !0 } else { (1 << (rows.len() % 64)) - 1 };
            for (known, is_whole) in self.known.chunks(self.n_words.max(1)).zip(&mut self.is_whole) {
                let words = &known[at / 64..(at + rows.len()).div_ceil(64)];
                let is_there = words.split_last().is_none_or(|(l, w)| *l == last && w.iter().all(|w| *w == !0));
                *is_whole = is_there && (at == 0 || *is_whole);
            }
        }
        for (&output, numbers) in layout.numbers.iter().zip(self.numbers.chunks_mut(n_rows)) {
            let numbers = &mut numbers[1 + at..][..rows.len()];
            match block.part(output) {
                Part::Numbers(x) => numbers.copy_from_slice(x),
                Part::Number(x) => numbers.fill(x),
                Part::Condition(mask) => mask.to_numbers(numbers),
            }
        }
    }

    /// Where a column that is compared is there, as [`Layout::compared`] numbers it; nothing where it is so throughout.
    #[inline]
    pub(crate) fn known(&self, operand: usize) -> Option<&[u64]> {
        (!self.is_whole[operand]).then(|| &self.known[operand * self.n_words..][..self.n_words])
    }

    /// The bitmap of an output that is a condition.
    #[inline]
    pub(crate) fn bits(&self, layout: &Layout, output: usize) -> &[u64] {
        match layout.places[output].bits {
            Some(slot) => &self.bits[slot as usize * self.n_words..(slot as usize + 1) * self.n_words],
            None => &[],
        }
    }

    /// Moves on to the next rows, which follow these: the last row's numbers are kept as those before the first.
    pub(crate) fn advance(&mut self, to: Range<usize>) {
        let n = self.rows.len();
        self.numbers.chunks_mut(self.n_rows.max(1)).for_each(|x| x[0] = x[n]);
        self.rows = to;
    }

    /// The numbers of an output: first that of the row before the section, then those of its rows.
    #[inline]
    pub(crate) fn numbers(&self, layout: &Layout, output: usize) -> &[f64] {
        match layout.places[output].numbers {
            Some(slot) => &self.numbers[slot as usize * self.n_rows..(slot as usize + 1) * self.n_rows],
            None => &[],
        }
    }
}

/// The first set bit at or after `from` and before `to`, counted from the first word's.
#[inline]
pub(crate) fn next_set(words: &[u64], from: usize, to: usize) -> Option<usize> {
    if from >= to {
        return None;
    }
    let mut w = from / 64;
    let mut word = words[w] & (!0 << (from % 64));
    while word == 0 {
        w += 1;
        if w * 64 >= to {
            return None;
        }
        word = words[w];
    }
    let at = w * 64 + word.trailing_zeros() as usize;
    (at < to).then_some(at)
}

/// Whether a bit is set.
#[inline]
pub(crate) fn is_set(words: &[u64], at: usize) -> bool {
    words[at / 64] >> (at % 64) & 1 == 1
}
