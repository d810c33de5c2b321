//! What a stepper remembers, as a value that can be stored, and from which another stepper goes on with the same bits.
//!
//! A [`Snapshot`] is words in hexadecimal digits: no format of numbers changes a bit of it, be it of NaN. It says which
//! plan it is of, and has a checksum, so that one of another plan, or one that was cut or changed, is refused. It is no
//! protection against somebody who forges one, but then too nothing is read that does not fit.

use qe_core::ident::{self, id_of};
use serde::{Deserialize, Serialize};

use super::{Plan, Stepper};
use crate::error::{Error, Result};
use crate::kernel::{Keep, Tape};

/// How states write themselves: to be counted up whenever a state keeps other things than before, or in another order. A
/// test of the indicators tells when.
const LAYOUT: u32 = 1;

/// How many digits make a word.
const DIGITS: usize = 16;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// What a stepper remembers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    layout: u32,
    /// The plan that it is of.
    plan: ident::Id,
    words: String,
    /// Of all that.
    check: ident::Id,
}

impl Snapshot {
    /// The memory of something that computes a plan.
    pub(super) fn of<K: Keep>(plan: ident::Id, memory: &mut K) -> Result<Self> {
        let recorded = Tape::record(memory);
        let digits = |word: u64| (0..DIGITS).rev().map(move |k| char::from(HEX[(word >> (4 * k)) as usize & 15]));
        let mut words = String::with_capacity(DIGITS * recorded.len());
        recorded.iter().for_each(|word| words.extend(digits(*word)));
        let check = checksum(LAYOUT, plan, &words)?;
        Ok(Self { layout: LAYOUT, plan, words, check })
    }

    /// Gives it to something fresh that computes a plan. Where it fails that is of no use any more.
    pub(super) fn give<K: Keep>(&self, plan: ident::Id, memory: &mut K) -> Result<()> {
        if self.layout != LAYOUT {
            let reason = format!("it is written in form {}, and this version reads form {LAYOUT}", self.layout);
            return Err(refused(
                reason,
                "let a fresh stepper take the rows of its warm-up, or go on with that version",
            ));
        }
        if checksum(self.layout, self.plan, &self.words)? != self.check {
            let reason = "its checksum is of something else: it was cut or changed on the way".into();
            return Err(refused(reason, "store it whole, as it was written, and restore that"));
        }
        if self.plan != plan {
            let reason = format!("it is of plan {}, and this is plan {}", self.plan.short(), plan.short());
            let mend = "restore it into a plan of the same expressions, in order, over the same columns and symbols";
            return Err(refused(reason, mend));
        }
        Tape::play(&self.words()?, memory)
    }

    /// The plan that it is of, as [`Plan::id`] says it.
    pub fn plan(&self) -> ident::Id {
        self.plan
    }

    fn words(&self) -> Result<Vec<u64>> {
        let word = |digits: &[u8]| {
            let is_whole = digits.len() == DIGITS && digits.iter().all(u8::is_ascii_hexdigit);
            let digits = std::str::from_utf8(digits).ok().filter(|_| is_whole)?;
            u64::from_str_radix(digits, 16).ok()
        };
        let words: Option<Vec<u64>> = self.words.as_bytes().chunks(DIGITS).map(word).collect();
        words.ok_or_else(|| refused("it is not made of words".into(), "store it whole, as it was written"))
    }
}

fn checksum(layout: u32, plan: ident::Id, words: &str) -> Result<ident::Id> {
    Ok(id_of("plan memory", &(layout, plan, words))?)
}

fn refused(reason: String, mend: &str) -> Error {
    Error::Data { place: "a kept memory".into(), reason, mend: mend.into() }
}

impl Plan {
    /// What it computes: plans of one id give the same outputs of the same rows, and go on from each other's memory.
    ///
    /// # Errors
    /// None that is known of.
    pub fn id(&self) -> Result<ident::Id> {
        if let Some(id) = self.id.get() {
            return Ok(*id);
        }
        let id = id_of("plan", &self.to_string())?;
        Ok(*self.id.get_or_init(|| id))
    }
}

impl Stepper<'_> {
    /// Everything that it remembers of the rows so far, those of other symbols too.
    ///
    /// # Errors
    /// As [`Plan::id`].
    pub fn memory(&self) -> Result<Snapshot> {
        let Self { plan, machine, others, out: _ } = self;
        Snapshot::of(plan.id()?, &mut (machine.clone(), others.clone()))
    }

    /// Forgets its own rows and remembers those of a snapshot: from then on it gives the bits that the stepper gives which
    /// the snapshot was taken of. That knew its own row number, so what this one was told of its first row counts no more.
    ///
    /// # Errors
    /// When the snapshot is of another plan, or was cut or changed. The stepper stays as it was.
    pub fn restore(&mut self, from: &Snapshot) -> Result<()> {
        let mut memory = (self.machine.clone(), self.others.clone());
        from.give(self.plan.id()?, &mut memory)?;
        (self.machine, self.others) = memory;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Graph;

    fn plan(period: i64) -> Plan {
        let mut graph = Graph::new();
        let close = graph.column(0);
        let sma = crate::indicators::by_name("sma").unwrap();
        let args = sma.args(&[("period", qe_core::param::Value::Int(period))]).unwrap();
        let call = graph.call(sma, &args, &[close]).unwrap();
        let out = graph.output(call, 0);
        Plan::new(graph, vec!["close".into()], [("x".into(), out)]).unwrap()
    }

    #[test]
    fn what_is_of_something_else_or_was_changed_is_refused_with_its_mend() {
        let (plan, other) = (plan(5), plan(6));
        let mut stepper = plan.stepper(3).unwrap();
        for i in 0..9 {
            stepper.step(i, i + 1, &[i as f64]).unwrap();
        }
        let kept = stepper.memory().unwrap();
        assert_eq!((kept.plan(), kept.layout), (plan.id().unwrap(), LAYOUT));
        let said = |kept: &Snapshot| plan.stepper(0).unwrap().restore(kept).unwrap_err().to_string();
        let why = other.stepper(0).unwrap().restore(&kept).unwrap_err().to_string();
        assert!(why.contains("it is of plan") && why.ends_with("over the same columns and symbols"), "{why}");
        let cut = Snapshot { words: kept.words[..32].into(), ..kept.clone() };
        assert!(said(&cut).contains("was cut or changed on the way; store it whole"), "{}", said(&cut));
        let old = Snapshot { layout: 0, ..kept.clone() };
        assert!(said(&old).contains("form 0, and this version reads form 1; let a fresh"), "{}", said(&old));
        // Somebody may forge a checksum too.
        let forged =
            |words: String| Snapshot { check: checksum(LAYOUT, kept.plan, &words).unwrap(), words, ..kept.clone() };
        for words in ["12", "x", "000000000000000é", "+000000000000001"] {
            assert!(said(&forged(words.into())).contains("it is not made of words"), "{words}");
        }
        assert!(said(&forged(kept.words[..32].into())).contains("it ends before all is read"));
        assert!(said(&forged(format!("{}{:016x}", kept.words, 0))).contains("words, and"));
        let with_word = |at: usize, word: u64| {
            let mut words = kept.words.clone();
            words.replace_range(16 * at..16 * (at + 1), &format!("{word:016x}"));
            said(&forged(words))
        };
        // How many kernels there are, and where the window stands in its block.
        assert!(with_word(0, 2).contains("it is of another length"), "{}", with_word(0, 2));
        assert!(with_word(1, 255).contains("it says 255 where 4 is the most"), "{}", with_word(1, 255));
        // A refused memory leaves a stepper as it was.
        let (mut a, mut b) = (stepper.clone(), stepper);
        assert!(a.restore(&forged(kept.words[..48].into())).is_err());
        assert_eq!(a.step(9, 10, &[1.0]).unwrap()[0], b.step(9, 10, &[1.0]).unwrap()[0]);
    }
}
