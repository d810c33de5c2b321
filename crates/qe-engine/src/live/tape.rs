//! A state as words, written and read by one piece of code, so that what is written is what is read.

use qe_factors::plan::Memory;

use crate::ledger::Cause;
use crate::mind::{Entry, Levels, Mind, Order, Position, Waiting, What, at_side};

/// Words that are being written, or read.
#[derive(Debug)]
pub(super) struct Tape {
    words: Vec<u64>,
    /// Which word is read next; nothing while it is written.
    at: Option<usize>,
    is_damaged: bool,
}

impl Tape {
    pub(super) fn empty() -> Self {
        Self { words: Vec::new(), at: None, is_damaged: false }
    }

    pub(super) fn of(words: Vec<u64>) -> Self {
        Self { words, at: Some(0), is_damaged: false }
    }

    /// What was written.
    pub(super) fn into_words(self) -> Vec<u64> {
        self.words
    }

    /// Whether all was read, and nothing was missing.
    pub(super) fn is_read(&self) -> bool {
        self.at == Some(self.words.len()) && !self.is_damaged
    }

    pub(super) fn word(&mut self, x: &mut u64) {
        match &mut self.at {
            None => self.words.push(*x),
            Some(at) => match self.words.get(*at) {
                Some(word) => (*x, *at) = (*word, *at + 1),
                None => self.is_damaged = true,
            },
        }
    }

    pub(super) fn number(&mut self, x: &mut f64) {
        let mut bits = x.to_bits();
        self.word(&mut bits);
        *x = f64::from_bits(bits);
    }

    pub(super) fn count(&mut self, x: &mut usize) {
        let mut word = *x as u64;
        self.word(&mut word);
        *x = usize::try_from(word).unwrap_or(usize::MAX);
    }

    pub(super) fn small(&mut self, x: &mut u32) {
        let mut word = u64::from(*x);
        self.word(&mut word);
        match u32::try_from(word) {
            Ok(word) => *x = word,
            Err(_) => self.is_damaged = true,
        }
    }

    pub(super) fn time(&mut self, x: &mut i64) {
        let mut word = x.cast_unsigned();
        self.word(&mut word);
        *x = word.cast_signed();
    }

    pub(super) fn flag(&mut self, x: &mut bool) {
        let mut word = u32::from(*x);
        self.small(&mut word);
        self.is_damaged |= word > 1;
        *x = word == 1;
    }

    pub(super) fn option<T: Clone>(&mut self, x: &mut Option<T>, fresh: &T, keep: impl FnOnce(&mut Self, &mut T)) {
        let mut is_some = x.is_some();
        self.flag(&mut is_some);
        *x = is_some.then(|| x.take().unwrap_or_else(|| fresh.clone()));
        if let Some(x) = x {
            keep(self, x);
        }
    }

    /// A list of any length; what it has room for is no part of it.
    pub(super) fn list<T: Clone>(&mut self, x: &mut Vec<T>, fresh: &T, mut keep: impl FnMut(&mut Self, &mut T)) {
        let mut n = x.len();
        self.count(&mut n);
        // No more than there are words.
        if self.at.is_some() && n > self.words.len() {
            self.is_damaged = true;
            return;
        }
        x.resize(n, fresh.clone());
        x.iter_mut().for_each(|x| keep(self, x));
    }

    fn cause(&mut self, x: &mut Cause) {
        const OPPOSITE: u32 = 1 << 16;
        let mut word = match *x {
            Cause::Exit(reason) => u32::from(reason),
            _ => OPPOSITE,
        };
        self.small(&mut word);
        *x = u16::try_from(word).map_or(Cause::Opposite, Cause::Exit);
    }

    fn entry(&mut self, x: &mut Entry) {
        let Entry { side, size, strength, signal_row } = x;
        [side, size, strength].into_iter().for_each(|x| self.number(x));
        self.count(signal_row);
    }

    fn order(&mut self, x: &mut Order) {
        let Order { due, what } = x;
        self.count(due);
        let mut kind = match what {
            What::Enter(_) => 0,
            What::Weight(_) => 1,
            What::Exit(..) => 2,
        };
        self.small(&mut kind);
        let mut entry = match what {
            What::Enter(entry) | What::Weight(entry) => *entry,
            What::Exit(..) => NO_ENTRY,
        };
        let (mut cause, mut row) = match what {
            What::Exit(cause, row) => (*cause, *row),
            _ => (Cause::Opposite, 0),
        };
        match kind {
            0 | 1 => self.entry(&mut entry),
            2 => {
                self.cause(&mut cause);
                self.count(&mut row);
            }
            _ => self.is_damaged = true,
        }
        *what = match kind {
            0 => What::Enter(entry),
            1 => What::Weight(entry),
            _ => What::Exit(cause, row),
        };
    }

    fn memory(&mut self, x: &mut Memory) {
        x.registers_mut().iter_mut().for_each(|x| self.number(x));
    }

    /// What rules remember: as many as the program has.
    fn memories(&mut self, x: &mut [Option<Memory>]) {
        x.iter_mut().flatten().for_each(|x| self.memory(x));
    }

    /// All that a strategy has in mind; the program is its own.
    pub(super) fn mind(&mut self, x: &mut Mind) {
        let mut orders: Vec<Order> = x.orders.drain(..).collect();
        self.list(&mut orders, &Order { due: 0, what: What::Exit(Cause::Opposite, 0) }, Self::order);
        x.orders.extend(orders);
        let fresh = Waiting { entry: NO_ENTRY, level: f64::NAN, is_stop: false, until: 0 };
        self.option(&mut x.waiting, &fresh, |tape, x| {
            tape.entry(&mut x.entry);
            tape.number(&mut x.level);
            tape.flag(&mut x.is_stop);
            tape.count(&mut x.until);
        });
        self.number(&mut x.decided);
        let fresh = Position::new(1.0, 0.0, f64::NAN, f64::NAN, 0, 0, f64::NAN);
        self.option(&mut x.position, &fresh, Self::position);
        let Levels { stop, target, trail, reasons } = &mut x.levels;
        [stop, target, trail].into_iter().for_each(|x| self.number(x));
        for reason in reasons {
            let mut word = u32::from(*reason);
            self.small(&mut word);
            *reason = word as u16;
        }
        self.count(&mut x.cool_until);
        self.number(&mut x.left.0);
        self.count(&mut x.left.1);
        self.number(&mut x.decided_weight);
        self.number(&mut x.held_weight);
        x.memories.iter_mut().for_each(|side| self.memories(side));
        // Of which side each entry is that was begun, its orders tell.
        let begun = x.orders.iter().filter_map(|order| match order.what {
            What::Enter(entry) => Some(entry.side),
            _ => None,
        });
        let begun = begun.chain(x.waiting.iter().map(|w| w.entry.side)).map(at_side);
        let begun: Vec<usize> = begun.filter(|side| x.has_rules[*side]).collect();
        if self.at.is_some() {
            x.begun.clear();
        }
        for (i, side) in begun.into_iter().enumerate() {
            if x.begun.len() == i {
                x.begun.push_back(x.memories[side].clone());
            }
            self.memories(&mut x.begun[i]);
        }
    }

    fn position(&mut self, x: &mut Position) {
        let Position { side, units, price, row, phase, bars, high, low, cash_before, is_undecided } = x;
        [side, units, price, bars, high, low, cash_before].into_iter().for_each(|x| self.number(x));
        self.count(row);
        let mut word = u32::from(*phase);
        self.small(&mut word);
        *phase = word as u8;
        self.flag(is_undecided);
    }
}

const NO_ENTRY: Entry = Entry { side: 1.0, size: f64::NAN, strength: f64::NAN, signal_row: 0 };
