//! One progress bar over work of several stages, whose shares of the time are known, and how long each took.

use std::collections::BTreeMap;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use super::output::Output;

/// A stage: its name, and its share of the time.
pub(crate) type Stage = (&'static str, u64);

/// Steps of the bar for each part of a share, so that it moves within stages.
const STEPS: u64 = 100;

/// Where the work stands.
#[derive(Debug)]
pub(crate) struct Stages {
    all: &'static [Stage],
    at: usize,
    begun: Instant,
    seconds: BTreeMap<&'static str, f64>,
    bar: ProgressBar,
}

impl Stages {
    /// Before the first of some stages.
    pub(crate) fn begin(all: &'static [Stage], out: &Output) -> Self {
        let bar = out.bar(STEPS * all.iter().map(|s| s.1).sum::<u64>(), all.first().map_or("", |s| s.0));
        // Steps are none of the reader's: they are shares of the time.
        if let Ok(style) =
            ProgressStyle::with_template("{msg:>12} {bar:30} {percent:>3} % {elapsed} (about {eta} to go)")
        {
            bar.set_style(style);
        }
        Self { all, at: 0, begun: Instant::now(), seconds: BTreeMap::new(), bar }
    }

    /// So many steps of this stage are done.
    pub(crate) fn step(&self, done: usize, of: usize) {
        let before: u64 = self.all[..self.at].iter().map(|s| s.1).sum();
        let share = self.all.get(self.at).map_or(0, |s| s.1);
        let within = STEPS * share * done.min(of) as u64 / of.max(1) as u64;
        self.bar.set_position(STEPS * before + within);
    }

    /// This stage is done, and the next one begins.
    pub(crate) fn next(&mut self) {
        let Some((name, _)) = self.all.get(self.at) else { return };
        self.seconds.insert(name, self.begun.elapsed().as_secs_f64());
        self.begun = Instant::now();
        self.at += 1;
        if let Some((name, _)) = self.all.get(self.at) {
            self.bar.set_message(*name);
        }
        self.step(0, 1);
    }

    /// All is done: how long each stage took.
    pub(crate) fn finish(mut self) -> BTreeMap<&'static str, f64> {
        self.next();
        self.bar.finish_and_clear();
        self.seconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_goes_through_the_shares() {
        const ALL: &[Stage] = &[("one", 1), ("two", 3)];
        let mut stages = Stages::begin(ALL, &Output::new(true, true));
        assert_eq!(stages.bar.position(), 0);
        stages.step(1, 2);
        assert_eq!(stages.bar.position(), 50);
        stages.next();
        assert_eq!(stages.bar.position(), 100);
        stages.step(9, 3);
        assert_eq!(stages.bar.position(), 400);
        stages.step(0, 0);
        let seconds = stages.finish();
        assert!(seconds.keys().eq(&["one", "two"]) && seconds.values().all(|s| *s >= 0.0), "{seconds:?}");
    }
}
