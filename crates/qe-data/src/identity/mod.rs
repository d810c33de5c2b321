//! Knowing a data set again by its contents: one id over schema and values, whatever the files looked like.
//!
//! The id covers the kind of the rows, the symbols, and of each symbol its times (opening and availability), the
//! names of its columns, how each is stored (`Float64` and `Float32` differ) and every value in row order. It does
//! not cover file layout, row groups, compression, the order of columns, of symbols, or in what pieces rows
//! arrived. All NaN are one, and -0.0 is 0.0; any other changed bit changes it.
//!
//! The vendor and the day of the download are recorded beside the id and are no part of it. What counts trials
//! against one hypothesis is the [`DataIdentity::lineage`]: vendor, universe and frequency, without the values, so
//! that a correction of one price does not wipe the slate.
//!
//! Each column has its own digest, so two identities say by themselves which symbol and column differ.

mod builder;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use qe_core::ident::{Id, id_of};
use qe_core::time::{TimeRange, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::builder::{IdentityBuilder, SymbolHasher};
use crate::error::{Error, Result};
use crate::spec::Dtype;

/// The version of the way ids are made. Ids of two versions cannot be compared.
pub const HASH_VERSION: u32 = 1;

/// How many symbols a printed identity lists.
const SHOWN: usize = 20;

/// The identity of one symbol's rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SymbolIdentity {
    /// The id of all that follows.
    pub id: Id,
    /// How many rows.
    pub n_rows: u64,
    /// When the first row opens; `None` without rows.
    pub first: Option<Timestamp>,
    /// When the last row opens.
    pub last: Option<Timestamp>,
    /// The id of the opening and availability times.
    pub times: Id,
    /// How each column is stored, and the id of its values.
    pub columns: BTreeMap<String, (Dtype, Id)>,
}

/// The identity of a data set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataIdentity {
    /// The id of the contents.
    pub id: Id,
    /// Who made the data, where that was said.
    pub vendor: Option<String>,
    /// When the data were taken from the vendor, where that was said.
    pub as_of: Option<Timestamp>,
    /// What kind of rows: `bars 1m`, `trades`.
    pub kind: String,
    /// How many rows in all.
    pub n_rows: u64,
    /// From the first opening to just after the last; `None` without rows.
    pub span: Option<TimeRange>,
    /// The names of the columns, in alphabetical order, and how each is stored.
    pub columns: Vec<(String, Dtype)>,
    /// Each symbol.
    pub symbols: BTreeMap<String, SymbolIdentity>,
    /// The version of the way the ids were made.
    pub hash_version: u32,
}

/// One thing in which two data sets differ.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// The ids were made in different ways, so nothing else can be compared.
    HashVersion {
        /// The version wanted.
        wanted: u32,
        /// The version found.
        got: u32,
    },
    /// Another kind of rows.
    Kind {
        /// The kind wanted.
        wanted: String,
        /// The kind found.
        got: String,
    },
    /// A symbol that is not there.
    MissingSymbol(String),
    /// A symbol that should not be there.
    ExtraSymbol(String),
    /// Another number of rows.
    Rows {
        /// Whose.
        symbol: String,
        /// The number wanted.
        wanted: u64,
        /// The number found.
        got: u64,
    },
    /// The times of the rows.
    Times {
        /// Whose.
        symbol: String,
    },
    /// A column that only one of the two has, or that is stored in two ways.
    Schema {
        /// Whose.
        symbol: String,
        /// The column.
        column: String,
        /// How it is stored where it is wanted.
        wanted: Option<Dtype>,
        /// How it is stored where it was found.
        got: Option<Dtype>,
    },
    /// The values of a column.
    Values {
        /// Whose.
        symbol: String,
        /// The column.
        column: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stored = |d: &Option<Dtype>| d.map_or("missing".to_owned(), |d| format!("{d:?}"));
        match self {
            Self::HashVersion { wanted, got } => write!(f, "ids of version {got} instead of {wanted}"),
            Self::Kind { wanted, got } => write!(f, "rows are {got} instead of {wanted}"),
            Self::MissingSymbol(symbol) => write!(f, "{symbol} is missing"),
            Self::ExtraSymbol(symbol) => write!(f, "{symbol} is not expected"),
            Self::Rows { symbol, wanted, got } => write!(f, "{symbol} has {got} rows instead of {wanted}"),
            Self::Times { symbol } => write!(f, "{symbol} has other times"),
            Self::Schema { symbol, column, wanted, got } => {
                write!(f, "{symbol}, column {column:?} is {} instead of {}", stored(got), stored(wanted))
            }
            Self::Values { symbol, column } => write!(f, "{symbol}, column {column:?} has other values"),
        }
    }
}

impl DataIdentity {
    /// The id of where the data come from: vendor, universe and frequency, whatever the values.
    ///
    /// # Errors
    /// Never for what this crate makes; the signature is that of the hash.
    pub fn lineage(&self) -> Result<Id> {
        let universe: BTreeSet<&String> = self.symbols.keys().collect();
        let parts = (&self.vendor, universe.into_iter().collect::<Vec<_>>(), &self.kind);
        Ok(id_of("quant-engine data lineage v1", &parts)?)
    }

    /// What differs from `other`, symbol by symbol; nothing where the ids are equal.
    pub fn differences(&self, other: &Self) -> Vec<Difference> {
        if self.hash_version != other.hash_version {
            return vec![Difference::HashVersion { wanted: self.hash_version, got: other.hash_version }];
        }
        if self.id == other.id {
            return Vec::new();
        }
        let mut found = Vec::new();
        if self.kind != other.kind {
            found.push(Difference::Kind { wanted: self.kind.clone(), got: other.kind.clone() });
        }
        for (symbol, wanted) in &self.symbols {
            match other.symbols.get(symbol) {
                None => found.push(Difference::MissingSymbol(symbol.clone())),
                Some(got) if got.id != wanted.id => wanted.differences(symbol, got, &mut found),
                Some(_) => {}
            }
        }
        let extra = other.symbols.keys().filter(|s| !self.symbols.contains_key(*s));
        found.extend(extra.cloned().map(Difference::ExtraSymbol));
        found
    }

    /// Fails unless `other` has the same contents, and says what differs.
    ///
    /// # Errors
    /// When the contents differ.
    pub fn verify(&self, other: &Self) -> Result<()> {
        const NAMED: usize = 5;
        let found = self.differences(other);
        if found.is_empty() {
            return Ok(());
        }
        let mut reason: Vec<String> = found.iter().take(NAMED).map(Difference::to_string).collect();
        if found.len() > NAMED {
            reason.push(format!("{} more differences", found.len() - NAMED));
        }
        Err(Error::refused(
            format!("data {} instead of {}", other.id.short(), self.id.short()),
            reason.join("; "),
            "load the data that the id was made from, or record the new id",
        ))
    }
}

impl SymbolIdentity {
    fn differences(&self, symbol: &str, other: &Self, found: &mut Vec<Difference>) {
        let before = found.len();
        let symbol = || symbol.to_owned();
        if self.n_rows != other.n_rows {
            found.push(Difference::Rows { symbol: symbol(), wanted: self.n_rows, got: other.n_rows });
        } else if self.times != other.times {
            found.push(Difference::Times { symbol: symbol() });
        }
        // Every column of a symbol with more or fewer rows differs: that alone says nothing.
        let rows_agree = found.len() == before;
        let names: BTreeSet<&String> = self.columns.keys().chain(other.columns.keys()).collect();
        for name in names {
            let (wanted, got) = (self.columns.get(name), other.columns.get(name));
            let (w, g) = (wanted.map(|c| c.0), got.map(|c| c.0));
            if w != g {
                found.push(Difference::Schema { symbol: symbol(), column: name.clone(), wanted: w, got: g });
            } else if rows_agree && wanted != got {
                found.push(Difference::Values { symbol: symbol(), column: name.clone() });
            }
        }
    }
}

impl fmt::Display for DataIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = |t: Option<Timestamp>| t.map_or("-".to_owned(), |t| t.to_string());
        writeln!(f, "data {}  {}", self.id.short(), self.kind)?;
        let names: Vec<&str> = self.columns.iter().map(|c| c.0.as_str()).collect();
        writeln!(f, "  {} rows of {} symbols, {} columns", self.n_rows, self.symbols.len(), names.len())?;
        writeln!(f, "  vendor {}, as of {}", self.vendor.as_deref().unwrap_or("-"), said(self.as_of))?;
        let width = self.symbols.keys().take(SHOWN).map(|s| s.chars().count()).max().unwrap_or(0).max(6);
        writeln!(f, "  {:<width$}  {:>10}  {:<20}  {:<20}  id", "symbol", "rows", "first", "last")?;
        for (symbol, s) in self.symbols.iter().take(SHOWN) {
            let (first, last) = (said(s.first), said(s.last));
            writeln!(f, "  {symbol:<width$}  {:>10}  {first:<20}  {last:<20}  {}", s.n_rows, s.id.short())?;
        }
        match self.symbols.len().checked_sub(SHOWN + 1) {
            Some(more) => writeln!(f, "  and {} more", more + 1),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use qe_core::columns::{Axis, Column, Columns};

    fn rows(n: usize, names: &[&str]) -> Columns {
        let open: Vec<i64> = (0..n as i64).map(|i| i * 60).collect();
        let available: Vec<i64> = open.iter().map(|t| t + 60).collect();
        let mut out = Columns::new(Axis::new(open, available).unwrap());
        for (k, name) in names.iter().enumerate() {
            out.push(*name, (0..n).map(|i| (i * 7 + k) as f64 * 0.25).collect::<Vec<f64>>()).unwrap();
        }
        out
    }

    fn identity(parts: &[(&str, Columns)]) -> DataIdentity {
        let mut builder = IdentityBuilder::new("bars 1m");
        parts.iter().for_each(|(symbol, columns)| builder.push(symbol, columns).unwrap());
        builder.finish(Some("acme".into()), None).unwrap()
    }

    #[test]
    fn order_and_pieces_do_not_matter() {
        let (a, b) = (rows(10, &["x", "y"]), rows(4, &["y", "x"]));
        let one = identity(&[("A", a.clone()), ("B", b.clone())]);
        let swapped = a.select(["y", "x"]).unwrap();
        let pieces = [
            ("B", b.slice(..1)),
            ("A", swapped.slice(..7)),
            ("B", b.slice(1..)),
            ("A", swapped.slice(7..7)),
            ("A", a.slice(7..)),
        ];
        let two = identity(&pieces);
        assert_eq!(one, two);
        assert_eq!((one.n_rows, one.symbols["B"].n_rows), (14, 4));
        assert_eq!(one.span, Some(TimeRange::new(0, 541)));
        assert_eq!(one.columns, [("x".to_owned(), Dtype::Float64), ("y".to_owned(), Dtype::Float64)]);
        assert!(one.verify(&two).is_ok());
    }

    #[test]
    fn vendor_and_day_are_no_part_of_it_but_lineage_has_the_vendor() {
        let build = |vendor: &str, kind: &str, symbol: &str, n: usize| {
            let mut builder = IdentityBuilder::new(kind);
            builder.push(symbol, &rows(n, &["x"])).unwrap();
            builder.finish(Some(vendor.into()), Some(Timestamp(9))).unwrap()
        };
        let one = build("a", "bars 1m", "S", 5);
        assert_eq!(one.id, build("b", "bars 1m", "S", 5).id);
        assert_ne!(one.id, build("a", "bars 5m", "S", 5).id);
        let lineage = one.lineage().unwrap();
        assert_eq!(lineage, build("a", "bars 1m", "S", 6).lineage().unwrap(), "values are no part of it");
        for other in [build("b", "bars 1m", "S", 5), build("a", "bars 5m", "S", 5), build("a", "bars 1m", "T", 5)] {
            assert_ne!(lineage, other.lineage().unwrap());
        }
    }

    #[test]
    fn one_nan_and_one_zero_but_two_widths() {
        let with = |column: Column| {
            let axis = Axis::instants(vec![0, 1]).unwrap();
            identity(&[("S", Columns::new(axis).with("x", column).unwrap())])
        };
        let nan = with(vec![f64::NAN, 0.0].into());
        assert_eq!(nan.id, with(vec![-f64::NAN, -0.0].into()).id);
        let single = with(vec![f32::NAN, 0.0].into());
        assert_ne!(nan.id, single.id);
        let said = nan.verify(&single).unwrap_err().to_string();
        assert!(said.contains("S, column \"x\" is Float32 instead of Float64"), "{said}");
    }

    #[test]
    fn differences_are_named() {
        let a = rows(5, &["x", "y"]);
        let base = identity(&[("A", a.clone()), ("B", a.clone())]);
        let said = |parts: &[(&str, Columns)]| base.verify(&identity(parts)).unwrap_err().to_string();
        assert!(said(&[("A", a.clone())]).contains("B is missing"));
        assert!(said(&[("A", a.clone()), ("B", a.clone()), ("C", a.clone())]).contains("C is not expected"));
        assert!(said(&[("A", a.slice(..4)), ("B", a.clone())]).contains("A has 4 rows instead of 5"));
        let mut y: Vec<f64> = a.get("y").unwrap().to_f64().to_vec();
        y[3] += 1e-12;
        let moved = a.select(["x"]).unwrap().with("y", y).unwrap();
        let text = said(&[("A", a.clone()), ("B", moved)]);
        assert!(text.contains("B, column \"y\" has other values") && !text.contains("\"x\""), "{text}");
        let axis = Axis::new(a.axis().open().to_vec(), vec![60, 120, 180, 240, 301]).unwrap();
        let late = Columns::new(axis)
            .with("x", a.get("x").unwrap().clone())
            .unwrap()
            .with("y", a.get("y").unwrap().clone())
            .unwrap();
        assert!(said(&[("A", late), ("B", a)]).contains("A has other times"));
    }

    #[test]
    fn it_is_stored_and_printed() {
        let one = identity(&[("SPY", rows(3, &["close"]))]);
        let json = serde_json::to_string(&one).unwrap();
        assert_eq!(serde_json::from_str::<DataIdentity>(&json).unwrap(), one);
        let text = one.to_string();
        assert!(text.contains("bars 1m") && text.contains("vendor acme, as of -"), "{text}");
        assert!(text.contains("SPY              3  1970-01-01T00:00:00Z"), "{text}");
        let many: Vec<(String, Columns)> = (0..25).map(|i| (format!("S{i}"), rows(1, &["x"]))).collect();
        let many: Vec<(&str, Columns)> = many.iter().map(|(s, c)| (s.as_str(), c.clone())).collect();
        assert!(identity(&many).to_string().ends_with("and 5 more\n"));
    }

    proptest! {
        #[test]
        fn any_changed_bit_any_swapped_name_and_any_moved_row_shows(
            n in 2usize..50, row in 0usize..50, column in 0usize..2, bit in 0u32..63, other in 0usize..50,
        ) {
            let (row, other) = (row % n, other % n);
            let names = ["x", "y"];
            let data = rows(n, &names);
            let base = identity(&[("S", data.clone())]);
            let value = data.at(column).unwrap().value(row);
            let changed = f64::from_bits(value.to_bits() ^ (1 << bit));
            // -0.0 and another NaN are the same value by definition; bit 63 of zero is left out above.
            prop_assume!(!changed.is_nan());
            let rebuilt = |f: &dyn Fn(usize, usize) -> f64| {
                let mut out = Columns::new(data.axis().clone());
                for (k, name) in names.iter().enumerate() {
                    out.push(*name, (0..n).map(|i| f(k, i)).collect::<Vec<f64>>()).unwrap();
                }
                identity(&[("S", out)])
            };
            let at = |k: usize, i: usize| data.at(k).unwrap().value(i);
            prop_assert_eq!(rebuilt(&at).id, base.id);
            prop_assert_ne!(rebuilt(&|k, i| if (k, i) == (column, row) { changed } else { at(k, i) }).id, base.id);
            prop_assert_ne!(rebuilt(&|k, i| at(1 - k, i)).id, base.id);
            let swap = |i: usize| if i == row { other } else if i == other { row } else { i };
            let moved = rebuilt(&|k, i| at(k, swap(i)));
            prop_assert_eq!(moved.id == base.id, row == other);
        }

        #[test]
        fn pieces_never_matter(n in 0usize..60, cuts in proptest::collection::vec(0usize..60, 0..6)) {
            let data = rows(n, &["x", "y"]);
            let mut at: Vec<usize> = cuts.iter().map(|c| c % (n + 1)).chain([0, n]).collect();
            at.sort_unstable();
            let pieces: Vec<(&str, Columns)> = at.windows(2).map(|w| ("S", data.slice(w[0]..w[1]))).collect();
            prop_assert_eq!(identity(&pieces), identity(&[("S", data)]));
        }
    }
}
