//! Errors of this crate: one enum, named fields, and in each message the place and the mend.

use std::fmt;

/// The result of a fallible function of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can be wrong with what a caller handed to this crate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A text that does not say what it should.
    #[error("cannot read {what} from {text:?}: {reason}; {mend}")]
    Parse {
        /// What was to be read, with its article: "a date", "a timeframe".
        what: &'static str,
        /// The offending text, whole.
        text: String,
        /// Why it cannot be read.
        reason: String,
        /// What would be read instead.
        mend: String,
    },
    /// A value outside of what a field may hold.
    #[error("{field}: {value} is not allowed, {reason}; {mend}")]
    Invalid {
        /// The field, as the user writes it.
        field: String,
        /// The offending value, as text.
        value: String,
        /// Why it is not allowed.
        reason: String,
        /// What to write instead.
        mend: String,
    },
    /// Two things that must have one length do not.
    #[error("{what} has {got} rows, but {expected} are needed; {mend}")]
    Length {
        /// The thing that is too short or too long.
        what: String,
        /// How many rows it must have.
        expected: usize,
        /// How many it has.
        got: usize,
        /// What to do about it.
        mend: String,
    },
    /// A name that is not there.
    #[error("no {what} is named {name:?}{}", known(.nearest, .available))]
    Unknown {
        /// The family: "column", "parameter", "symbol".
        what: &'static str,
        /// The name asked for.
        name: String,
        /// The nearest name that exists, where one is near.
        nearest: Option<String>,
        /// Names that exist.
        available: Vec<String>,
    },
    /// Times that must ascend and do not.
    #[error("{what}: row {row} ({at}) is not after row {} ({before}); {mend}", .row - 1)]
    Unsorted {
        /// Whose times.
        what: String,
        /// The first row out of order, from 0.
        row: usize,
        /// Its time, as text.
        at: String,
        /// The time of the row before it, as text.
        before: String,
        /// What to do about it.
        mend: String,
    },
    /// A calculation that has no answer for this input.
    #[error("{what} is undefined here: {reason}; {mend}")]
    Undefined {
        /// The measure.
        what: &'static str,
        /// Why it is undefined.
        reason: String,
        /// What would define it.
        mend: String,
    },
}

/// Spelled-out help for an unknown name.
fn known(nearest: &Option<String>, available: &[String]) -> impl fmt::Display {
    const SHOWN: usize = 12;
    let mut text = String::new();
    if let Some(n) = nearest {
        text.push_str(&format!("; did you mean {n:?}?"));
    }
    if available.is_empty() {
        text.push_str("; there are none");
    } else {
        let mut names: Vec<&str> = available.iter().take(SHOWN).map(String::as_str).collect();
        let rest = available.len().saturating_sub(SHOWN);
        let more = format!("{rest} more");
        if rest > 0 {
            names.push(&more);
        }
        text.push_str(&format!("; there are: {}", names.join(", ")));
    }
    text
}

impl Error {
    /// An [`Error::Unknown`] with the nearest of `available` picked out.
    pub fn unknown<'a>(what: &'static str, name: &str, available: impl IntoIterator<Item = &'a str>) -> Self {
        let available: Vec<String> = available.into_iter().map(str::to_owned).collect();
        let nearest = nearest(name, available.iter().map(String::as_str)).map(str::to_owned);
        Self::Unknown { what, name: name.to_owned(), nearest, available }
    }

    /// An [`Error::Invalid`] from parts.
    pub fn invalid(
        field: impl Into<String>,
        value: impl fmt::Display,
        reason: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self::Invalid { field: field.into(), value: value.to_string(), reason: reason.into(), mend: mend.into() }
    }

    /// An [`Error::Parse`] from parts.
    pub fn parse(what: &'static str, text: &str, reason: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::Parse { what, text: text.to_owned(), reason: reason.into(), mend: mend.into() }
    }
}

/// The name in `available` that a user most likely meant: at most a third of the letters differ, case apart.
pub fn nearest<'a>(name: &str, available: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = name.to_lowercase().chars().take(64).collect();
    let limit = (wanted.len() / 3).max(1);
    available
        .into_iter()
        .map(|candidate| (distance(&wanted, &candidate.to_lowercase().chars().take(64).collect::<Vec<_>>()), candidate))
        .filter(|(d, _)| *d <= limit)
        .min_by_key(|(d, _)| *d)
        .map(|(_, candidate)| candidate)
}

/// How many letters to add, drop, change or swap with a neighbour to get from `a` to `b`.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before = vec![0; b.len() + 1];
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut next = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let change = row[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            next[j] = change.min(row[j] + 1).min(next[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                next[j] = next[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut row, next);
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_and_far_ones_are_not() {
        let names = ["open", "high", "low", "close", "volume"];
        assert_eq!(nearest("clsoe", names), Some("close"));
        assert_eq!(nearest("Volum", names), Some("volume"));
        assert_eq!(nearest("bid", names), None);
    }

    #[test]
    fn an_unknown_name_lists_what_there_is() {
        let text = Error::unknown("column", "hihg", ["open", "high"]).to_string();
        assert_eq!(text, "no column is named \"hihg\"; did you mean \"high\"?; there are: open, high");
    }
}
