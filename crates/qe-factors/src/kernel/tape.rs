//! What a computation remembers, as words: written and read back by one and the same visit.
//!
//! A [`Tape`] is recorded or played. Where it is recorded every word of a memory is put on it; where it is played every
//! word is taken from it, in the same order. So a memory has one description, by [`Keep`](super::Keep), and what is
//! written cannot differ from what is read.
//!
//! Words are whole numbers of 64 bits. A number is its bits, NaN and -0.0 too: what goes on from them has the same bits.
//! A tape that is played may be of anything: a word that is impossible where it stands is refused, nothing is indexed or
//! allocated by a word that was not looked at, and after the first refusal nothing is changed.

use qe_core::ident::id_of;
use serde::Serialize;

use super::Keep;
use crate::error::{Error, Result};

/// The words of a memory, being written or read.
#[derive(Debug)]
pub struct Tape<'w>(Mode<'w>);

#[derive(Debug)]
enum Mode<'w> {
    Record(Vec<u64>),
    Play { words: &'w [u64], at: usize, fault: Option<String> },
}

impl Tape<'_> {
    /// All words of a memory.
    pub fn record<K: Keep + ?Sized>(of: &mut K) -> Vec<u64> {
        let mut tape = Tape(Mode::Record(Vec::new()));
        of.keep(&mut tape);
        match tape.0 {
            Mode::Record(words) => words,
            Mode::Play { .. } => Vec::new(),
        }
    }

    /// Gives a memory back to what was made as the one that it was recorded of.
    ///
    /// # Errors
    /// When the words are of something else: too few, too many, or impossible. What they were to be given to has then
    /// some of them and is of no use.
    pub fn play<K: Keep + ?Sized>(words: &[u64], to: &mut K) -> Result<()> {
        let mut tape = Tape(Mode::Play { words, at: 0, fault: None });
        to.keep(&mut tape);
        let Mode::Play { at, fault, .. } = tape.0 else { return Ok(()) };
        let n = words.len();
        let reason = match fault {
            Some(reason) => reason,
            None if at < n => format!("it has {n} words, and {at} are wanted"),
            None => return Ok(()),
        };
        Err(Error::Data {
            place: format!("a memory at word {at} of {n}"),
            reason,
            mend: "restore it into the plan that it was kept of, as it was written".into(),
        })
    }

    /// Whether a memory is being read.
    pub fn is_played(&self) -> bool {
        matches!(self.0, Mode::Play { .. })
    }

    /// Says that what was read cannot be. Only the first reason counts, and nothing is read after it.
    pub fn refuse(&mut self, why: impl Into<String>) {
        if let Mode::Play { fault: fault @ None, .. } = &mut self.0 {
            *fault = Some(why.into());
        }
    }

    /// A word.
    pub fn word(&mut self, word: &mut u64) {
        match &mut self.0 {
            Mode::Record(words) => words.push(*word),
            Mode::Play { fault: Some(_), .. } => {}
            Mode::Play { words, at, fault } => match words.get(*at) {
                Some(read) => (*word, *at) = (*read, *at + 1),
                None => *fault = Some("it ends before all is read".into()),
            },
        }
    }

    /// A count or a place that is `most` at most.
    pub fn count(&mut self, n: &mut usize, most: usize) {
        let mut word = *n as u64;
        self.word(&mut word);
        if word <= most as u64 {
            *n = word as usize;
        } else {
            self.refuse(format!("it says {word} where {most} is the most"));
        }
    }

    /// A list that grows to `most` at most.
    pub fn list<T: Keep + Default>(&mut self, list: &mut Vec<T>, most: usize) {
        let mut n = list.len();
        self.count(&mut n, most.min(self.n_after()));
        if list.len() != n {
            list.clear();
            list.resize_with(n, T::default);
        }
        list.iter_mut().for_each(|value| value.keep(self));
    }

    /// A word that tells what the memory is of, and is the same where it is read.
    pub fn same(&mut self, own: u64, what: &str) {
        let mut word = own;
        self.word(&mut word);
        if word != own {
            self.refuse(format!("it is of another {what}"));
        }
    }

    /// As [`Tape::same`], of anything that can be written.
    pub fn same_as(&mut self, own: &impl Serialize, what: &str) {
        match id_of("kept", own) {
            Ok(id) => self.same(id.0.iter().take(8).fold(0, |word, byte| word << 8 | u64::from(*byte)), what),
            Err(e) => self.refuse(e.to_string()),
        }
    }

    /// How many words are still to be read after the next; any number where they are written.
    pub(super) fn n_after(&self) -> usize {
        match &self.0 {
            Mode::Record(_) => usize::MAX,
            Mode::Play { words, at, .. } => (words.len() - at).saturating_sub(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq)]
    struct Some {
        n: usize,
        grown: Vec<f64>,
        flag: bool,
    }

    impl Keep for Some {
        fn keep(&mut self, tape: &mut Tape<'_>) {
            tape.count(&mut self.n, 9);
            tape.list(&mut self.grown, 3);
            self.flag.keep(tape);
        }
    }

    #[test]
    fn what_was_recorded_is_played_and_nothing_else() {
        let mut some = Some { n: 7, grown: vec![1.5, -0.0], flag: true };
        let words = Tape::record(&mut some);
        assert_eq!(words, [7, 2, 1.5f64.to_bits(), (-0.0f64).to_bits(), 1]);
        let mut other = Some::default();
        Tape::play(&words, &mut other).unwrap();
        assert_eq!(other, some);
        let refused = |words: &[u64]| Tape::play(words, &mut Some::default()).unwrap_err().to_string();
        for (words, why) in [
            (&words[..4], "it ends before all is read"),
            (&[10, 0, 0], "it says 10 where 9 is the most"),
            (&[0, 4, 0, 0, 0, 0, 0], "it says 4 where 3 is the most"),
            // No more is made room for than there are words.
            (&[0, 2, 0], "it says 2 where 1 is the most"),
            (&[0, 0, 2], "it says 2 where 1 is the most"),
            (&[0, 0, 1, 0], "it has 4 words, and 3 are wanted"),
        ] {
            let said = refused(words);
            assert!(said.contains(why) && said.contains("; restore it into the plan"), "{said}");
        }
    }
}
