//! A strategy as it stands, as a value that can be stored, and from which it goes on: mid-position, mid-warm-up, with
//! orders on their way.
//!
//! It is words in hexadecimal digits, and what the plan remembers is kept by `qe_factors`: no format of numbers changes a bit.
//! It says what it is of and has a checksum: one of another strategy, of another version, or one that was cut or changed is
//! refused.

use qe_core::ident::{Id, id_of};
use qe_factors::plan::Snapshot as Kept;
use serde::{Deserialize, Serialize};

use super::Live;
use super::tape::Tape;
use crate::error::{Error, Result};

/// How states write themselves: counted up whenever they keep other things than before.
const LAYOUT: u32 = 3;

/// How many digits make a word.
const DIGITS: usize = 16;

/// A strategy as it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    layout: u32,
    /// The strategy, its point, and its feeds.
    strategy: Id,
    /// What the plan remembers of each symbol that is traded, and then of all that are compared.
    plans: Vec<Kept>,
    words: String,
    /// Of all that.
    check: Id,
}

impl Live<'_> {
    /// The strategy as it stands, to be stored between two calls.
    ///
    /// # Errors
    /// None that is known of.
    pub fn snapshot(&self) -> Result<Snapshot> {
        let mut tape = Tape::empty();
        let mut last_id = self.out.last_id;
        tape.word(&mut last_id);
        self.lasts.iter().for_each(|last| tape.time(&mut last.clone()));
        let mut plans = Vec::with_capacity(self.pilots.len());
        for pilot in &self.pilots {
            plans.push(pilot.stepper.memory()?);
            pilot.state.clone().keep(&mut tape);
            pilot.stepper.last().iter().for_each(|x| tape.number(&mut x.clone()));
        }
        if let Some(section) = &self.section {
            plans.push(section.stepper.memory()?);
        }
        let words: String = tape.into_words().iter().map(|word| format!("{word:016x}")).collect();
        let strategy = self.id()?;
        let check = checksum(LAYOUT, strategy, &plans, &words)?;
        Ok(Snapshot { layout: LAYOUT, strategy, plans, words, check })
    }

    /// Goes on from a snapshot, as the strategy did that it was taken of. What this one knew is forgotten.
    ///
    /// # Errors
    /// When the snapshot is of another strategy, point or feeds, of another version, or was cut or changed. The strategy
    /// stays as it was.
    pub fn restore(&mut self, from: &Snapshot) -> Result<()> {
        if from.layout != LAYOUT {
            let reason = format!("it is written in form {}, and this version reads form {LAYOUT}", from.layout);
            return Err(refused(
                reason,
                "let a fresh strategy take the bars of its warm-up, or go on with that version",
            ));
        }
        if checksum(from.layout, from.strategy, &from.plans, &from.words)? != from.check {
            let reason = "its checksum is of something else: it was cut or changed on the way".into();
            return Err(refused(reason, "store it whole, as it was written, and restore that"));
        }
        let strategy = self.id()?;
        if from.strategy != strategy {
            let reason = format!("it is of strategy {}, and this is {}", from.strategy.short(), strategy.short());
            return Err(refused(reason, "restore it into the same strategy, at the same point, over the same feeds"));
        }
        let damaged = || refused("it is not made of words".into(), "store it whole, as it was written");
        let mut tape = Tape::of(words(&from.words).ok_or_else(damaged)?);
        let mut last_id = 0;
        tape.word(&mut last_id);
        let mut lasts = self.lasts.clone();
        lasts.iter_mut().for_each(|last| tape.time(last));
        let mut states = Vec::with_capacity(self.pilots.len());
        for (pilot, plan) in self.pilots.iter().zip(&from.plans) {
            let (mut state, mut stepper) = (pilot.state.clone(), pilot.stepper.clone());
            state.keep(&mut tape);
            stepper.restore(plan)?;
            // What an entry at the next open reads is of the last row.
            stepper.last_mut().iter_mut().for_each(|x| tape.number(x));
            states.push((state, stepper));
        }
        if !tape.is_read() || from.plans.len() != self.pilots.len() + usize::from(self.section.is_some()) {
            return Err(damaged());
        }
        if let (Some(section), Some(kept)) = (&mut self.section, from.plans.last()) {
            // It changes nothing where it fails, and it is the last that can.
            section.stepper.restore(kept)?;
        }
        for (pilot, (state, stepper)) in self.pilots.iter_mut().zip(states) {
            (pilot.state, pilot.stepper) = (state, stepper);
        }
        self.out.clear();
        (self.out.last_id, self.lasts) = (last_id, lasts);
        Ok(())
    }

    /// What it is: strategy, point, and feeds.
    fn id(&self) -> Result<Id> {
        let feeds: Vec<_> =
            self.feeds.iter().map(|f| (&f.symbol, f.is_traded, f.calendar.name(), &f.columns)).collect();
        let mut all = Vec::new();
        for pilot in &self.pilots {
            let plan = pilot.plan;
            let rules: Vec<String> = plan.compiled.rules().iter().map(ToString::to_string).collect();
            let said = format!("{:?} {:?} {:?}", pilot.state.mind.program, plan.execution, plan.blackout_events);
            all.push((plan.spec_id, plan.compiled.plan().id()?, rules, said));
        }
        let id = id_of("live strategy v1", &(feeds, all))?;
        match &self.section {
            Some(section) => Ok(id_of("live strategy among others v1", &(id, section.members()))?),
            None => Ok(id),
        }
    }
}

fn words(digits: &str) -> Option<Vec<u64>> {
    let word = |digits: &[u8]| {
        let is_whole = digits.len() == DIGITS && digits.iter().all(u8::is_ascii_hexdigit);
        u64::from_str_radix(std::str::from_utf8(digits).ok().filter(|_| is_whole)?, 16).ok()
    };
    digits.as_bytes().chunks(DIGITS).map(word).collect()
}

fn checksum(layout: u32, strategy: Id, plans: &[Kept], words: &str) -> Result<Id> {
    Ok(id_of("live snapshot", &(layout, strategy, plans, words))?)
}

fn refused(reason: String, mend: &str) -> Error {
    Error::Market { place: "a kept strategy".into(), reason, mend: mend.into() }
}
