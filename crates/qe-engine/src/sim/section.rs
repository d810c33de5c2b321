//! A stretch of rows with all that points ask of it: conditions as bitmaps, numbers, tables of prices.

use std::ops::Range;

use qe_factors::plan::Part;

use crate::program::{Program, Source, StrategyPlan};

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
    n_bits: usize,
    n_numbers: usize,
}

impl Layout {
    /// What the programs of a strategy ask for.
    pub(crate) fn new(plan: &StrategyPlan) -> Self {
        let mut layout =
            Self { places: vec![Place::default(); plan.compiled.plan().outputs().len()], ..Self::default() };
        for rule in plan.compiled.rules() {
            rule.inputs().iter().for_each(|&output| layout.want_number(output));
        }
        for program in plan.programs.iter().flatten() {
            layout.want(program);
        }
        if let Some(Source::Output(output)) = plan.spread_multiplier {
            layout.want_number(output);
        }
        layout
    }

    fn want(&mut self, program: &Program) {
        use crate::program::{EntryOrder, ExitKind};
        let bits = program.entry.iter().flatten();
        let when = program.exits.iter().flatten().filter(|e| e.kind == ExitKind::When).map(|e| &e.source);
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
            self.places[output].bits = Some(self.n_bits as u32);
            self.n_bits += 1;
        }
    }

    fn want_number(&mut self, output: usize) {
        if self.places[output].numbers.is_none() {
            self.places[output].numbers = Some(self.n_numbers as u32);
            self.n_numbers += 1;
        }
    }

    /// About how many bytes a row of a section takes.
    pub(crate) fn bytes_per_row(&self) -> usize {
        self.n_numbers * 8 + self.n_bits.div_ceil(8) + 64
    }
}

/// A stretch of rows.
#[derive(Debug, Default)]
pub(crate) struct Section {
    pub(crate) rows: Range<usize>,
    bits: Vec<u64>,
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
            bits: vec![0; layout.n_bits * n_words],
            numbers: vec![f64::NAN; layout.n_numbers * (n_rows + 1)],
            n_words,
            n_rows: n_rows + 1,
        }
    }

    /// Takes what an output gave in a block of rows, which begins at a multiple of 64 rows from the section's first.
    pub(crate) fn put(&mut self, layout: &Layout, output: usize, from: usize, len: usize, part: Part<'_>) {
        let place = layout.places[output];
        if let Some(slot) = place.bits {
            let at = slot as usize * self.n_words + from / 64;
            let words = &mut self.bits[at..at + len.div_ceil(64)];
            match part {
                Part::Condition(mask) => words.copy_from_slice(&mask.yes()[..len.div_ceil(64)]),
                Part::Number(_) | Part::Numbers(_) => words.fill(0),
            }
        }
        if let Some(slot) = place.numbers {
            let at = slot as usize * self.n_rows + 1 + from;
            let numbers = &mut self.numbers[at..at + len];
            match part {
                Part::Numbers(x) => numbers.copy_from_slice(x),
                Part::Number(x) => numbers.fill(x),
                Part::Condition(mask) => mask.to_numbers(numbers),
            }
        }
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
