//! What a leak check came to, and in words that find the place.

use std::fmt;

use qe_core::time::Timestamp;
use serde::{Serialize, Serializer};

use super::{Cut, Tampering};

/// The first place in which a run on a market that is other after a cut differs from that on the market as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Up to where the market is the same.
    #[serde(serialize_with = "text")]
    pub cut: Cut,
    /// What was done to it after that.
    #[serde(serialize_with = "text")]
    pub tampering: Tampering,
    /// When what differs was known.
    pub time: i64,
    /// In which row.
    pub row: usize,
    /// What differs: ``column `close` ``, `entry.long`, `fill 3`.
    pub what: String,
    /// Which field of it; empty where it has none, or where it is in one of the two runs alone.
    pub field: String,
    /// What it is on the market as it is.
    pub before: String,
    /// What it is where the market is other after the cut.
    pub after: String,
}

/// One cut, and one way to tamper with what comes after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trial {
    /// Up to where the market is the same.
    #[serde(serialize_with = "text")]
    pub cut: Cut,
    /// What was done to it after that.
    #[serde(serialize_with = "text")]
    pub tampering: Tampering,
    /// How many acts were known by then.
    pub n_compared: usize,
    /// Whether what was done after the cut is another: the tampering was felt.
    pub is_parted: bool,
    /// The first difference up to the cut, if there is one.
    pub first: Option<Difference>,
}

/// What a leak check came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeakReport {
    /// How much was done on the market as it is.
    pub n_acts: usize,
    /// The trials, by cut.
    pub trials: Vec<Trial>,
}

impl LeakReport {
    /// Whether no run differed up to its cut.
    pub fn is_clean(&self) -> bool {
        self.first().is_none()
    }

    /// The earliest difference of all trials.
    pub fn first(&self) -> Option<&Difference> {
        self.trials.iter().filter_map(|t| t.first.as_ref()).min_by_key(|d| d.time)
    }

    /// How many trials compared something that was done.
    pub fn n_compared(&self) -> usize {
        self.trials.iter().filter(|t| t.n_compared > 0).count()
    }

    /// In how many trials what was done after the cut was another.
    pub fn n_parted(&self) -> usize {
        self.trials.iter().filter(|t| t.is_parted).count()
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cut, tampering, time, row, what, field, before, after } = self;
        let of = if field.is_empty() { String::new() } else { format!(", {field}") };
        let at = Timestamp(*time);
        write!(f, "{what}{of} in row {row}, known at {at}: {before}, and {after} where the market is the same up to ")?;
        write!(f, "{cut}, and {tampering}")
    }
}

impl fmt::Display for LeakReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n, n_cuts) = (self.trials.len(), self.trials.chunk_by(|a, b| a.cut == b.cut).count());
        match self.first() {
            Some(first) => {
                let n_leaks = self.trials.iter().filter(|t| t.first.is_some()).count();
                write!(f, "it knows the future, in {n_leaks} of {n} trials; first: {first}")
            }
            None if self.n_acts == 0 => write!(f, "no leak in {n} trials, but nothing was done in the whole run"),
            None => write!(
                f,
                "no leak in {n} trials ({n_cuts} cuts; {} compared something that was done, in {} what came after was other)",
                self.n_compared(),
                self.n_parted()
            ),
        }
    }
}

fn text<T: fmt::Display, S: Serializer>(value: &T, s: S) -> Result<S::Ok, S::Error> {
    s.collect_str(value)
}
