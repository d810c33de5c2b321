//! Making an identity piece by piece, as rows come in.

use std::collections::BTreeMap;

use qe_core::columns::{Column, Columns};
use qe_core::ident::{ColumnHasher, Id, id_of};
use qe_core::time::{TimeRange, Timestamp};

use super::{DataIdentity, HASH_VERSION, SymbolIdentity};
use crate::error::{Error, Result};
use crate::spec::Dtype;

/// Single-precision values widened at a time.
const WIDENED: usize = 4096;

/// The identity of one symbol, growing. Threads may each grow one and hand them to [`IdentityBuilder::add`].
///
/// It keeps about 70 kB per column while it grows.
#[derive(Debug, Clone)]
pub struct SymbolHasher {
    open: ColumnHasher,
    available: ColumnHasher,
    columns: BTreeMap<String, (Dtype, ColumnHasher)>,
    n_rows: u64,
    first: Option<i64>,
    /// The opening and availability of the last row.
    last: Option<(i64, i64)>,
}

impl Default for SymbolHasher {
    fn default() -> Self {
        Self::new()
    }
}

impl SymbolHasher {
    /// No rows yet.
    pub fn new() -> Self {
        Self {
            open: ColumnHasher::new("open time"),
            available: ColumnHasher::new("availability"),
            columns: BTreeMap::new(),
            n_rows: 0,
            first: None,
            last: None,
        }
    }

    /// Takes in the rows that follow those before. `symbol` only names the place in an error.
    ///
    /// # Errors
    /// When the rows begin before the last one ended up, or have other columns than those before.
    pub fn push(&mut self, symbol: &str, rows: &Columns) -> Result<()> {
        let axis = rows.axis();
        if let (Some((open, available)), Some(o), Some(a)) = (self.last, axis.open().first(), axis.available().first())
            && (*o < open || *a < available)
        {
            return Err(Error::refused(
                format!("identity of {symbol}"),
                format!("rows from {} come behind a row of {}", Timestamp(*o), Timestamp(open)),
                "hand in the rows of a symbol in the order of time",
            ));
        }
        self.check_schema(symbol, rows)?;
        for (name, column) in rows.iter() {
            let hasher = match self.columns.get_mut(name) {
                Some((_, hasher)) => hasher,
                None => {
                    &mut self.columns.entry(name.to_owned()).or_insert((dtype(column), ColumnHasher::new("values"))).1
                }
            };
            match column {
                Column::F64(values) => drop(hasher.f64s(values)),
                Column::F32(values) => {
                    let mut wide = [0.0; WIDENED];
                    for part in values.chunks(WIDENED) {
                        wide.iter_mut().zip(part).for_each(|(w, v)| *w = f64::from(*v));
                        hasher.f64s(&wide[..part.len()]);
                    }
                }
            }
        }
        self.open.i64s(axis.open());
        self.available.i64s(axis.available());
        self.n_rows += rows.len() as u64;
        self.first = self.first.or(axis.open().first().copied());
        self.last = axis.open().last().copied().zip(axis.available().last().copied()).or(self.last);
        Ok(())
    }

    fn check_schema(&self, symbol: &str, rows: &Columns) -> Result<()> {
        if self.columns.is_empty() && self.n_rows == 0 {
            return Ok(());
        }
        let known = |name: &str| self.columns.get(name).map(|c| c.0);
        let here = |name: &str| rows.get(name).ok().map(dtype);
        let names = rows.names().chain(self.columns.keys().map(String::as_str));
        let odd = names.map(|n| (n, known(n), here(n))).find(|(_, known, here)| known != here);
        match odd {
            None => Ok(()),
            Some((name, known, here)) => {
                let stored = |d: Option<Dtype>| d.map_or("missing".to_owned(), |d| format!("{d:?}"));
                Err(Error::refused(
                    format!("identity of {symbol}, column {name:?}"),
                    format!("it is {} here, and was {} before", stored(here), stored(known)),
                    "give every piece the same columns",
                ))
            }
        }
    }

    /// The identity of all rows taken in.
    ///
    /// # Errors
    /// Never for what this crate makes; the signature is that of the hash.
    pub fn finish(self) -> Result<SymbolIdentity> {
        let times = id_of("quant-engine times v1", &(self.open.finish(), self.available.finish()))?;
        let columns: BTreeMap<String, (Dtype, Id)> =
            self.columns.into_iter().map(|(name, (dtype, hasher))| (name, (dtype, hasher.finish()))).collect();
        let id = id_of("quant-engine symbol rows v1", &(self.n_rows, times, &columns))?;
        let (first, last) = (self.first.map(Timestamp), self.last.map(|l| Timestamp(l.0)));
        Ok(SymbolIdentity { id, n_rows: self.n_rows, first, last, times, columns })
    }
}

fn dtype(column: &Column) -> Dtype {
    match column {
        Column::F64(_) => Dtype::Float64,
        Column::F32(_) => Dtype::Float32,
    }
}

/// The identity of a data set, growing.
#[derive(Debug, Clone)]
pub struct IdentityBuilder {
    kind: String,
    open: BTreeMap<String, SymbolHasher>,
    done: BTreeMap<String, SymbolIdentity>,
}

impl IdentityBuilder {
    /// No rows yet, of a kind such as `bars 1m` or `trades`.
    pub fn new(kind: impl Into<String>) -> Self {
        Self { kind: kind.into(), open: BTreeMap::new(), done: BTreeMap::new() }
    }

    /// Takes in rows of a symbol that follow those before.
    ///
    /// # Errors
    /// When the symbol was closed, or as [`SymbolHasher::push`].
    pub fn push(&mut self, symbol: &str, rows: &Columns) -> Result<()> {
        self.check_open(symbol)?;
        if let Some(hasher) = self.open.get_mut(symbol) {
            return hasher.push(symbol, rows);
        }
        let mut hasher = SymbolHasher::new();
        hasher.push(symbol, rows)?;
        self.open.insert(symbol.to_owned(), hasher);
        Ok(())
    }

    /// Closes a symbol, which frees the memory that its hashes need. Symbols left open are closed at the end.
    ///
    /// # Errors
    /// When the symbol was closed before.
    pub fn close(&mut self, symbol: &str) -> Result<()> {
        self.check_open(symbol)?;
        if let Some(hasher) = self.open.remove(symbol) {
            self.done.insert(symbol.to_owned(), hasher.finish()?);
        }
        Ok(())
    }

    /// Adds a symbol that was hashed elsewhere.
    ///
    /// # Errors
    /// When rows of that symbol are here already.
    pub fn add(&mut self, symbol: &str, identity: SymbolIdentity) -> Result<()> {
        self.check_open(symbol)?;
        if self.open.contains_key(symbol) {
            let mend = "hash a symbol in one place";
            return Err(Error::refused(format!("identity of {symbol}"), "it has rows here already", mend));
        }
        self.done.insert(symbol.to_owned(), identity);
        Ok(())
    }

    fn check_open(&self, symbol: &str) -> Result<()> {
        if self.done.contains_key(symbol) {
            let mend = "hand in all rows of a symbol before closing it";
            return Err(Error::refused(format!("identity of {symbol}"), "it is closed", mend));
        }
        Ok(())
    }

    /// The identity of all rows taken in, with who made them and when they were taken.
    ///
    /// # Errors
    /// When two symbols have different columns.
    pub fn finish(mut self, vendor: Option<String>, as_of: Option<Timestamp>) -> Result<DataIdentity> {
        for (symbol, hasher) in std::mem::take(&mut self.open) {
            self.done.insert(symbol, hasher.finish()?);
        }
        let schema = |s: &SymbolIdentity| s.columns.iter().map(|(n, c)| (n.clone(), c.0)).collect::<Vec<_>>();
        let columns = self.done.values().next().map(schema).unwrap_or_default();
        if let Some((symbol, _)) = self.done.iter().find(|(_, s)| schema(s) != columns) {
            return Err(Error::refused(
                format!("identity of {symbol}"),
                "it has other columns than the first symbol",
                "give every symbol the same columns, stored alike",
            ));
        }
        let ids: BTreeMap<&String, Id> = self.done.iter().map(|(symbol, s)| (symbol, s.id)).collect();
        let id = id_of("quant-engine data v1", &(HASH_VERSION, &self.kind, ids))?;
        let start = self.done.values().filter_map(|s| s.first).min();
        let end = self.done.values().filter_map(|s| s.last).max();
        Ok(DataIdentity {
            id,
            vendor,
            as_of,
            kind: self.kind,
            n_rows: self.done.values().map(|s| s.n_rows).sum(),
            span: start.zip(end).map(|(s, e)| TimeRange::new(s.nanos(), e.nanos().saturating_add(1))),
            columns,
            symbols: self.done,
            hash_version: HASH_VERSION,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qe_core::columns::Axis;

    fn rows(open: Vec<i64>, name: &str) -> Columns {
        let n = open.len();
        Columns::new(Axis::instants(open).unwrap()).with(name, vec![1.0; n]).unwrap()
    }

    #[test]
    fn rows_out_of_order_and_other_columns_are_errors() {
        let mut builder = IdentityBuilder::new("trades");
        builder.push("A", &rows(vec![5, 6], "x")).unwrap();
        builder.push("A", &rows(vec![6, 7], "x")).unwrap();
        let err = builder.push("A", &rows(vec![6], "x")).unwrap_err().to_string();
        assert!(err.contains("identity of A") && err.contains("order of time"), "{err}");
        // The next piece opens later, and would be known before the row of 7.
        let late = Axis::new(vec![7], vec![90]).unwrap();
        let early = Axis::new(vec![8], vec![50]).unwrap();
        let piece = |axis| Columns::new(axis).with("x", vec![1.0]).unwrap();
        let mut delayed = IdentityBuilder::new("trades");
        delayed.push("A", &piece(late)).unwrap();
        assert!(delayed.push("A", &piece(early)).unwrap_err().to_string().contains("order of time"));
        let err = builder.push("A", &rows(vec![8], "y")).unwrap_err().to_string();
        assert!(err.contains("column \"y\": it is Float64 here, and was missing before"), "{err}");
        builder.push("B", &rows(vec![8], "y")).unwrap();
        assert!(builder.finish(None, None).unwrap_err().to_string().contains("identity of B"));
    }

    #[test]
    fn a_symbol_hashed_elsewhere_is_the_same_and_closed_ones_stay_closed() {
        let data = rows(vec![1, 2, 3], "x");
        let mut here = IdentityBuilder::new("trades");
        here.push("A", &data).unwrap();
        let mut there = IdentityBuilder::new("trades");
        let mut hasher = SymbolHasher::new();
        hasher.push("A", &data).unwrap();
        assert!(here.clone().add("A", hasher.clone().finish().unwrap()).is_err());
        there.add("A", hasher.finish().unwrap()).unwrap();
        here.close("A").unwrap();
        assert!(here.push("A", &data).unwrap_err().to_string().contains("closed"));
        assert!(here.close("A").is_err() && there.close("A").is_err());
        assert_eq!(here.finish(None, None).unwrap(), there.finish(None, None).unwrap());
    }

    #[test]
    fn nothing_has_an_identity_too() {
        let none = IdentityBuilder::new("trades").finish(None, None).unwrap();
        assert_eq!((none.n_rows, none.span, none.columns.len()), (0, None, 0));
        assert_ne!(none.id, IdentityBuilder::new("quotes").finish(None, None).unwrap().id);
    }
}
