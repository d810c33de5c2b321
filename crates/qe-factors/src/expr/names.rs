//! Which column a name stands for.
//!
//! A name is looked for as it is written, and then as the end of a column's name, after an underscore or a dot:
//! `ret_range_50` finds `morphology_ret_range_50` if no other column ends that way. The index is a sorted list of all
//! such ends: memory in proportion to the names, a look-up by binary search, and one order on every machine.

use std::sync::Arc;

use qe_core::error::nearest;

use super::error::quoted;
use super::lex::is_plain_name;

/// Longer ends of names are not indexed; such a name is found whole.
const MAX_SUFFIX: usize = 1024;
/// The most names that an error lists.
const SHOWN: usize = 8;

/// The names of columns, indexed.
#[derive(Debug, Clone, Default)]
pub struct Names {
    names: Vec<Arc<str>>,
    /// Every end of a name that a user may write, as column and first byte: sorted by text, whole names first.
    ends: Vec<(u32, u32)>,
}

/// A name that stands for no column, or for several.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// No column is meant.
    #[error("{}; {}", self.reason(), self.mend())]
    Unknown {
        /// The name as written.
        name: String,
        /// Columns that it may be a slip for, the nearest first, at most 8.
        nearest: Vec<String>,
        /// The first columns there are, at most 8.
        available: Vec<String>,
        /// How many columns there are.
        n_available: usize,
    },
    /// Several columns may be meant.
    #[error("{}; {}", self.reason(), self.mend())]
    Ambiguous {
        /// The name as written.
        name: String,
        /// The columns, the shortest name first, at most 8.
        candidates: Vec<String>,
        /// How many they are.
        n_candidates: usize,
    },
}

impl Names {
    /// An index of columns; the place of a name is its column.
    pub fn new(names: impl IntoIterator<Item = impl Into<Arc<str>>>) -> Self {
        let names: Vec<Arc<str>> = names.into_iter().map(Into::into).collect();
        let mut ends = Vec::new();
        for (column, name) in names.iter().enumerate() {
            ends.push((column as u32, 0));
            let bytes = name.as_bytes();
            let first = bytes.len().saturating_sub(MAX_SUFFIX).max(1);
            ends.extend(
                (first..bytes.len()).filter(|i| matches!(bytes[i - 1], b'_' | b'.')).map(|i| (column as u32, i as u32)),
            );
        }
        let mut index = Self { names, ends: Vec::new() };
        ends.sort_unstable_by(|a, b| (index.end(*a), a.1 > 0, a).cmp(&(index.end(*b), b.1 > 0, b)));
        index.ends = ends;
        index
    }

    /// How many columns there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are no columns.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The name of a column.
    pub fn get(&self, column: usize) -> Option<&str> {
        self.names.get(column).map(|n| &**n)
    }

    /// The column that a name stands for.
    ///
    /// # Errors
    /// When it stands for none, or for several.
    pub fn resolve(&self, name: &str) -> Result<usize, NameError> {
        self.find(name)?.ok_or_else(|| self.unknown(name))
    }

    /// The column of exactly this name, if there is one.
    pub(crate) fn whole(&self, name: &str) -> Option<usize> {
        let first = self.ends.partition_point(|e| (self.end(*e), e.1 > 0) < (name, false));
        self.ends.get(first).filter(|e| e.1 == 0 && self.end(**e) == name).map(|e| e.0 as usize)
    }

    /// The column that a name stands for, if any: what it may be a slip for is not looked for, which takes long.
    pub(crate) fn find(&self, name: &str) -> Result<Option<usize>, NameError> {
        let first = self.ends.partition_point(|e| self.end(*e) < name);
        let same = &self.ends[first..];
        let same = &same[..same.partition_point(|e| self.end(*e) == name)];
        let whole = &same[..same.partition_point(|(_, start)| *start == 0)];
        match (whole, same) {
            ([(column, _)], _) | ([], [(column, _)]) => Ok(Some(*column as usize)),
            ([], []) => Ok(None),
            ([], several) | (several, _) => Err(self.ambiguous(name, several)),
        }
    }

    fn end(&self, (column, start): (u32, u32)) -> &str {
        &self.names[column as usize][start as usize..]
    }

    fn ambiguous(&self, name: &str, ends: &[(u32, u32)]) -> NameError {
        let mut columns: Vec<u32> = ends.iter().map(|(column, _)| *column).collect();
        columns.sort_unstable_by_key(|c| (self.names[*c as usize].len(), *c));
        let candidates = columns.iter().take(SHOWN).map(|c| self.names[*c as usize].to_string()).collect();
        NameError::Ambiguous { name: name.to_owned(), candidates, n_candidates: columns.len() }
    }

    fn unknown(&self, name: &str) -> NameError {
        // What differs in length by more than a third cannot be near.
        let letters = name.chars().take(64).count();
        let limit = (letters / 3).max(1);
        let mut pool: Vec<(u32, &str)> = self
            .ends
            .iter()
            .map(|e| (e.0, self.end(*e)))
            .filter(|(_, end)| end.chars().take(64).count().abs_diff(letters) <= limit)
            .collect();
        let mut near: Vec<String> = Vec::new();
        while near.len() < SHOWN {
            let Some(end) = nearest(name, pool.iter().map(|(_, end)| *end)) else { break };
            // Several columns may end this way.
            let mut columns: Vec<u32> = pool.iter().filter(|(_, e)| *e == end).map(|(c, _)| *c).collect();
            near.extend(columns.iter().take(SHOWN - near.len()).map(|c| self.names[*c as usize].to_string()));
            columns.sort_unstable();
            pool.retain(|(c, _)| columns.binary_search(c).is_err());
        }
        NameError::Unknown {
            name: name.to_owned(),
            nearest: near,
            available: self.names.iter().take(SHOWN).map(|n| n.to_string()).collect(),
            n_available: self.names.len(),
        }
    }
}

impl NameError {
    /// What is wrong, for an error that shows the place.
    pub fn reason(&self) -> String {
        match self {
            Self::Unknown { name, .. } => format!("no column is named {}", quoted(name)),
            Self::Ambiguous { name, n_candidates, .. } => {
                format!("{} may stand for {n_candidates} columns", quoted(name))
            }
        }
    }

    /// What to write instead.
    pub fn mend(&self) -> String {
        match self {
            Self::Unknown { n_available: 0, .. } => "there are no columns".to_owned(),
            Self::Unknown { nearest, available, n_available, .. } if nearest.is_empty() => {
                format!("there are {}", listed(available, *n_available, "and"))
            }
            Self::Unknown { nearest, .. } => {
                format!("did you mean {}?{}", listed(nearest, nearest.len(), "or"), how_written(nearest))
            }
            Self::Ambiguous { candidates, n_candidates, .. } => {
                format!("write one of {} in full{}", listed(candidates, *n_candidates, "and"), how_written(candidates))
            }
        }
    }
}

/// A word on backquotes where one of these names cannot do without.
fn how_written(names: &[String]) -> &'static str {
    if names.iter().all(|n| is_plain_name(n)) { "" } else { " (backquotes and all)" }
}

/// `a`, `b` and `c`
fn listed(names: &[String], total: usize, joint: &str) -> String {
    let mut items: Vec<String> = names.iter().map(|n| quoted(&n.replace('`', "``"))).collect();
    if total > names.len() {
        items.push(format!("{} more", total - names.len()));
    }
    match items.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} {joint} {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(names: &[&str], name: &str) -> String {
        Names::new(names.iter().copied()).resolve(name).unwrap_err().to_string()
    }

    #[test]
    fn a_name_is_found_whole_before_it_is_found_as_an_end() {
        let names = Names::new(["x_close", "close", "y_close", "spy.open", "morphology_ret_range_50"]);
        assert_eq!(names.resolve("close"), Ok(1));
        assert_eq!(names.resolve("x_close"), Ok(0));
        assert_eq!(names.resolve("open"), Ok(3));
        assert_eq!(names.resolve("ret_range_50"), Ok(4));
        assert_eq!(names.resolve("range_50"), Ok(4));
        assert_eq!(names.resolve("50"), Ok(4));
        assert_eq!((names.len(), names.is_empty(), names.get(1)), (5, false, Some("close")));
    }

    #[test]
    fn an_end_begins_after_an_underscore_or_a_dot_only() {
        let names = Names::new(["abc_def", "tail_", "_"]);
        assert_eq!(names.resolve("def"), Ok(0));
        for name in ["ef", "bc_def", "_def", "", "abc"] {
            assert!(matches!(names.resolve(name), Err(NameError::Unknown { .. })), "{name:?}");
        }
        assert_eq!(names.resolve("tail_"), Ok(1));
        assert_eq!(names.resolve("_"), Ok(2));
    }

    #[test]
    fn what_may_stand_for_several_lists_them() {
        assert_eq!(
            message(&["spy_ret_50", "b_ret_50", "close"], "ret_50"),
            "`ret_50` may stand for 2 columns; write one of `b_ret_50` and `spy_ret_50` in full"
        );
        assert_eq!(
            message(&["close", "open", "close"], "close"),
            "`close` may stand for 2 columns; write one of `close` and `close` in full"
        );
        let many: Vec<String> = (0..20).map(|i| format!("a{i}_x")).collect();
        assert_eq!(
            message(&many.iter().map(String::as_str).collect::<Vec<_>>(), "x"),
            "`x` may stand for 20 columns; write one of `a0_x`, `a1_x`, `a2_x`, `a3_x`, `a4_x`, `a5_x`, `a6_x`, `a7_x` \
             and 12 more in full"
        );
    }

    #[test]
    fn what_stands_for_none_lists_the_nearest() {
        let names = ["open", "high", "low", "close", "volume", "morphology_ret_range_50"];
        assert_eq!(message(&names, "clsoe"), "no column is named `clsoe`; did you mean `close`?");
        assert_eq!(message(&names, "Close"), "no column is named `Close`; did you mean `close`?");
        assert_eq!(
            message(&names, "ret_rnge_50"),
            "no column is named `ret_rnge_50`; did you mean `morphology_ret_range_50`?"
        );
        assert_eq!(
            message(&["rsi_14", "rsi_7", "rsi_21"], "rsi_12"),
            "no column is named `rsi_12`; did you mean `rsi_14`, `rsi_21` or `rsi_7`?"
        );
        assert_eq!(
            message(&["open", "high"], "sentiment"),
            "no column is named `sentiment`; there are `open` and `high`"
        );
        assert_eq!(
            message(&["S&P 500", "open"], "S&P_500"),
            "no column is named `S&P_500`; did you mean `S&P 500`? (backquotes and all)"
        );
        assert_eq!(
            message(&["x_1`d", "y_1`d"], "1`d"),
            "`1`d` may stand for 2 columns; write one of `x_1``d` and `y_1``d` in full (backquotes and all)"
        );
        assert_eq!(message(&[], "close"), "no column is named `close`; there are no columns");
    }

    #[test]
    fn ten_thousand_columns_are_no_burden() {
        let all: Vec<String> = (0..10_000).map(|i| format!("family_{}_feature_{i}_z", i % 7)).collect();
        let names = Names::new(all.iter().map(String::as_str));
        assert_eq!(names.ends.len(), 50_000);
        for (i, name) in all.iter().enumerate() {
            assert_eq!(names.resolve(name), Ok(i));
            assert_eq!(names.resolve(&name["family_0_".len()..]), Ok(i));
        }
        let Err(NameError::Ambiguous { candidates, n_candidates, .. }) = names.resolve("z") else { panic!() };
        assert_eq!((candidates.len(), n_candidates), (8, 10_000));
        let Err(NameError::Unknown { nearest, .. }) = names.resolve("feature_12345_z") else { panic!() };
        assert_eq!(nearest.len(), 8);
    }

    #[test]
    fn a_name_of_underscores_alone_is_indexed_in_bounds() {
        let names = Names::new(["_".repeat(1 << 20), "a_".repeat(1 << 19) + "b"]);
        assert!(names.ends.len() < 2_000);
        assert_eq!(names.resolve("b"), Ok(1));
    }
}
