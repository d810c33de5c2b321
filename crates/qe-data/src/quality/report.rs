//! What was found, as values and as a table for people.

use std::collections::BTreeMap;
use std::fmt;

use qe_core::time::{TimeRange, Timestamp};
use serde::{Deserialize, Serialize};

use super::policy::{Action, Check, QualityPolicy};
use crate::error::{Error, Result};

/// Where something was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The row, from 0; for a gap the row that comes after it.
    pub row: Option<u64>,
    /// When that row opens; for a gap the opening of the first bar that is missing.
    pub at: Option<Timestamp>,
    /// Whose row.
    pub symbol: String,
    /// The values.
    pub detail: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = self.row.map(|r| format!("row {r}"));
        let parts = [row, self.at.map(|t| t.to_string()), Some(self.detail.clone())];
        let parts: Vec<String> = parts.into_iter().flatten().filter(|p| !p.is_empty()).collect();
        f.write_str(&parts.join(", "))
    }
}

/// One kind of thing that was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// What.
    pub check: Check,
    /// What it leads to.
    pub severity: Action,
    /// How often.
    pub count: u64,
    /// How often per row; per expected bar for gaps.
    pub share_frac: f64,
    /// The first places.
    pub first: Vec<Place>,
}

/// A check that could not be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Skipped {
    /// Which.
    pub check: Check,
    /// Why not.
    pub reason: String,
}

/// What a loader saw and changed before the rows became an axis, which is sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Intake {
    /// Rows read.
    pub n_read: u64,
    /// Rows that stepped back in time.
    pub n_unsorted: u64,
    /// Rows with the time of another one, left out.
    pub n_duplicates: u64,
    /// Rows outside of the hours or the stretch that were asked for, left out.
    pub n_outside: u64,
    /// Rows of NaN put in for bars that were missing.
    pub n_filled: u64,
    /// Values that were null, by column.
    pub n_null: BTreeMap<String, u64>,
}

/// The worst that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing.
    Pass,
    /// Something to look at.
    Warn,
    /// Something that must not pass.
    Fail,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
        })
    }
}

/// What was found in the rows of one symbol.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QualityReport {
    /// Whose rows.
    pub subject: String,
    /// What kind of rows: `bars 1m`.
    pub kind: String,
    /// How many.
    pub n_rows: u64,
    /// From the first opening to just after the last; `None` without rows.
    pub span: Option<TimeRange>,
    /// How many bars the calendar expects, where it can say.
    pub n_expected: Option<u64>,
    /// How many of those are missing.
    pub n_missing: Option<u64>,
    /// What the loader saw, where it told.
    pub intake: Option<Intake>,
    /// What was found, by check.
    pub findings: Vec<Finding>,
    /// What could not be looked for.
    pub skipped: Vec<Skipped>,
}

impl QualityReport {
    /// The finding of one check, if there is one.
    pub fn finding(&self, check: Check) -> Option<&Finding> {
        self.findings.iter().find(|f| f.check == check)
    }

    /// How often a check found something.
    pub fn count(&self, check: Check) -> u64 {
        self.finding(check).map_or(0, |f| f.count)
    }

    /// The worst of all findings.
    pub fn verdict(&self) -> Verdict {
        match self.findings.iter().map(|f| f.severity).max() {
            Some(Action::Fail) => Verdict::Fail,
            Some(Action::Warn) => Verdict::Warn,
            _ => Verdict::Pass,
        }
    }

    /// Fails if the policy says that these rows must not pass.
    ///
    /// # Errors
    /// When a finding is a failure; the first one is named with its count, its first place and what to do.
    pub fn enforce(&self) -> Result<()> {
        let mut failed = self.findings.iter().filter(|f| f.severity == Action::Fail);
        let Some(first) = failed.next() else { return Ok(()) };
        let place = first.first.first().map(|p| format!(", first at {p}")).unwrap_or_default();
        let others: Vec<&str> = failed.map(|f| f.check.name()).collect();
        let others = if others.is_empty() { String::new() } else { format!("; also {}", others.join(", ")) };
        Err(Error::refused(
            format!("{} of {}", self.kind, self.subject),
            format!("{} found {} times{place}{others}", first.check, first.count),
            first.check.mend(),
        ))
    }
}

impl fmt::Display for QualityReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict() {
            Verdict::Pass => "PASS",
            Verdict::Warn => "WARN",
            Verdict::Fail => "FAIL",
        };
        writeln!(f, "quality of {}, {}: {verdict}", self.subject, self.kind)?;
        match self.span {
            None => writeln!(f, "  no rows")?,
            Some(s) => {
                let (from, to) = (Timestamp(s.start), Timestamp(s.end.saturating_sub(1)));
                writeln!(f, "  {} rows from {from} to {to}", self.n_rows)?;
            }
        }
        if let (Some(expected), Some(missing)) = (self.n_expected, self.n_missing) {
            let share = percent(missing, expected);
            writeln!(f, "  {expected} bars expected, {missing} missing ({share:.3} %)")?;
        }
        if let Some(i) = &self.intake {
            let (read, back, twice, outside) = (i.n_read, i.n_unsorted, i.n_duplicates, i.n_outside);
            writeln!(f, "  {read} rows read: {back} out of order, {twice} repeated, {outside} outside of hours")?;
            if i.n_filled > 0 {
                writeln!(f, "  {} rows of NaN put in for missing bars", i.n_filled)?;
            }
            for (column, n) in i.n_null.iter().filter(|(_, n)| **n > 0) {
                writeln!(f, "  {n} nulls in column {column:?}")?;
            }
        }
        if !self.findings.is_empty() {
            writeln!(f, "  {:<15}  {:<6}  {:>10}  {:>9}  first", "check", "action", "count", "share")?;
        }
        for found in &self.findings {
            let share = format!("{:.4} %", found.share_frac * 100.0);
            let mut places = found.first.iter().map(Place::to_string);
            let first = places.next().unwrap_or_default();
            let line =
                format!("  {:<15}  {:<6}  {:>10}  {share:>9}  {first}", found.check, found.severity, found.count);
            writeln!(f, "{}", line.trim_end())?;
            for place in places {
                writeln!(f, "  {:<15}  {:<6}  {:>10}  {:>9}  {place}", "", "", "", "")?;
            }
        }
        for s in &self.skipped {
            writeln!(f, "  {} was not checked: {}", s.check, s.reason)?;
        }
        Ok(())
    }
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 * 100.0 }
}

/// Counts what one check finds, and keeps the first places.
#[derive(Debug)]
pub(super) struct Tally<'a> {
    symbol: &'a str,
    times: &'a [i64],
    n_places: usize,
    pub(super) count: u64,
    first: Vec<Place>,
}

impl Tally<'_> {
    /// Something in a row.
    pub(super) fn hit(&mut self, row: usize, detail: impl FnOnce() -> String) {
        self.hits(1, row, self.times.get(row).copied(), detail);
    }

    /// Something that counts `n` times, at a time that need not be a row's.
    pub(super) fn hits(&mut self, n: u64, row: usize, at: Option<i64>, detail: impl FnOnce() -> String) {
        self.count += n;
        if self.first.len() < self.n_places {
            let (row, at) = (Some(row as u64), at.map(Timestamp));
            self.first.push(Place { row, at, symbol: self.symbol.to_owned(), detail: detail() });
        }
    }
}

/// A report in the making.
#[derive(Debug)]
pub(super) struct Sheet<'a> {
    policy: &'a QualityPolicy,
    times: &'a [i64],
    pub(super) report: QualityReport,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(subject: &str, kind: String, times: &'a [i64], policy: &'a QualityPolicy) -> Self {
        let span = times.first().zip(times.last()).map(|(a, b)| TimeRange::new(*a, b.saturating_add(1)));
        let report = QualityReport {
            subject: subject.to_owned(),
            kind,
            n_rows: times.len() as u64,
            span,
            n_expected: None,
            n_missing: None,
            intake: None,
            findings: Vec::new(),
            skipped: Vec::new(),
        };
        Self { policy, times, report }
    }

    /// Makes a check unless the policy ignores it; shares are of the rows.
    pub(super) fn run(&mut self, check: Check, look: impl FnOnce(&mut Tally<'_>, &QualityPolicy)) {
        self.run_of(check, self.times.len() as u64, |tally, policy| {
            look(tally, policy);
            Ok(())
        });
    }

    /// Makes a check that may find that it cannot be made; shares are of `n`.
    pub(super) fn run_of(
        &mut self,
        check: Check,
        n: u64,
        look: impl FnOnce(&mut Tally<'_>, &QualityPolicy) -> std::result::Result<(), String>,
    ) {
        let severity = self.policy.action(check);
        if severity == Action::Ignore {
            return;
        }
        let (times, n_places) = (self.times, self.policy.n_places);
        let mut tally = Tally { symbol: &self.report.subject, times, n_places, count: 0, first: Vec::new() };
        let made = look(&mut tally, self.policy);
        let (count, first) = (tally.count, tally.first);
        if let Err(reason) = made {
            self.report.skipped.push(Skipped { check, reason });
        }
        self.add(check, severity, count, n, first);
    }

    fn add(&mut self, check: Check, severity: Action, count: u64, n: u64, first: Vec<Place>) {
        if count == 0 {
            return;
        }
        match self.report.findings.iter_mut().find(|f| f.check == check) {
            Some(found) => {
                found.count += count;
                found.first.extend(first);
            }
            None => {
                let share_frac = count as f64 / n.max(1) as f64;
                self.report.findings.push(Finding { check, severity, count, share_frac, first });
            }
        }
    }

    /// Adds what the loader saw, and sorts the findings.
    pub(super) fn finish(mut self, intake: Option<&Intake>) -> QualityReport {
        if let Some(seen) = intake {
            let counts = [
                (Check::DuplicateTimes, seen.n_duplicates),
                (Check::OutsideSession, seen.n_outside),
                (Check::Unsorted, seen.n_unsorted),
            ];
            for (check, count) in counts {
                let severity = self.policy.action(check);
                if severity != Action::Ignore {
                    self.add(check, severity, count, seen.n_read, Vec::new());
                }
            }
        }
        self.report.intake = intake.cloned();
        self.report.findings.sort_by_key(|f| f.check);
        self.report
    }
}
