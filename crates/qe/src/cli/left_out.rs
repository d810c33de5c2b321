//! What of the files a run did not see: rows outside of the sessions or the stretch, and rows that repeat a time.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use qe_core::calendar::{Calendar, SessionHours};
use qe_data::DataSpec;
use qe_data::quality::Intake;
use serde::Serialize;

/// How many rows were read, and how many of them were left out.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LeftOut {
    n_read: u64,
    n_outside: u64,
    n_duplicates: u64,
    /// Where rows lie that are outside, and what would keep them.
    #[serde(skip)]
    outside: (String, &'static str),
}

impl LeftOut {
    /// Of what the loader counted.
    pub(crate) fn new(spec: &DataSpec, intake: &BTreeMap<String, Intake>) -> Self {
        let sum = |of: fn(&Intake) -> u64| intake.values().map(of).sum();
        Self {
            n_read: sum(|i| i.n_read),
            n_outside: sum(|i| i.n_outside),
            n_duplicates: sum(|i| i.n_duplicates),
            outside: outside(spec),
        }
    }

    /// It as lines of text; nothing where all that was read was taken.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let n = self.n_read;
        if self.n_outside > 0 {
            let (place, mend) = &self.outside;
            let _ = writeln!(text, "{} of {n} rows are outside of {place}, and left out{mend}", self.n_outside);
        }
        if self.n_duplicates > 0 {
            let _ = writeln!(text, "{} of {n} rows repeat a time, and are left out", self.n_duplicates);
        }
        text
    }
}

/// Where rows lie that are not wanted, and what would keep them.
fn outside(spec: &DataSpec) -> (String, &'static str) {
    let is_cut = spec.start.is_some() || spec.end.is_some();
    let is_always =
        spec.calendar == Calendar::crypto() || (spec.hours == SessionHours::All && spec.timeframe.is_intraday());
    let (place, mend) = match (is_always, spec.timeframe.is_intraday()) {
        (true, _) => ("the years 1677 to 2262".to_owned(), ""),
        (false, true) => {
            let hours = if spec.hours == SessionHours::Extended { "extended" } else { "regular" };
            (format!("the {hours} hours of {}", spec.calendar), "; --calendar crypto or --hours all keeps them")
        }
        // Hours tell no days: a Saturday is in none of them.
        (false, false) => (format!("the sessions of {}", spec.calendar), "; --calendar crypto keeps all days"),
    };
    match (is_cut, is_always) {
        (false, _) => (place, mend),
        (true, true) => ("--start and --end".to_owned(), ""),
        (true, false) => (format!("{place}, or of --start and --end"), ""),
    }
}
