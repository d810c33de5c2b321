//! A table as columns, in which any value may be missing.
//!
//! `qe_core`'s tables of points and outcomes have columns without gaps, and NaN for what is undefined; a file that others read
//! needs nulls, texts and instants. A float that is NaN or infinite is a null here.

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, Result};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dtype {
    /// True or false.
    Bool,
    /// Whole numbers of 64 bits.
    Int,
    /// Whole numbers of 64 bits without a sign.
    UInt,
    /// Double precision.
    Float,
    /// Text.
    Text,
    /// An instant: nanoseconds since 1970, UTC.
    Time,
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Bool => "bool",
            Self::Int => "i64",
            Self::UInt => "u64",
            Self::Float => "f64",
            Self::Text => "text",
            Self::Time => "time",
        })
    }
}

/// The values of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// See [`Dtype::Bool`].
    Bool(Vec<Option<bool>>),
    /// See [`Dtype::Int`].
    Int(Vec<Option<i64>>),
    /// See [`Dtype::UInt`].
    UInt(Vec<Option<u64>>),
    /// See [`Dtype::Float`]; each is finite.
    Float(Vec<Option<f64>>),
    /// See [`Dtype::Text`].
    Text(Vec<Option<Arc<str>>>),
    /// See [`Dtype::Time`].
    Time(Vec<Option<i64>>),
}

/// One value.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Cell {
    /// None.
    #[default]
    Null,
    Bool(bool),
    Int(i64),
    UInt(u64),
    Float(f64),
    Text(Arc<str>),
    Time(i64),
}

impl Values {
    /// No values yet of a type.
    pub(super) fn of(dtype: Dtype) -> Self {
        match dtype {
            Dtype::Bool => Self::Bool(Vec::new()),
            Dtype::Int => Self::Int(Vec::new()),
            Dtype::UInt => Self::UInt(Vec::new()),
            Dtype::Float => Self::Float(Vec::new()),
            Dtype::Text => Self::Text(Vec::new()),
            Dtype::Time => Self::Time(Vec::new()),
        }
    }

    /// Adds a value; one of another type is missing, but for whole numbers among floats.
    pub(super) fn push(&mut self, cell: Cell) {
        match (self, cell) {
            (Self::Bool(x), Cell::Bool(v)) => x.push(Some(v)),
            (Self::Int(x), Cell::Int(v)) => x.push(Some(v)),
            (Self::UInt(x), Cell::UInt(v)) => x.push(Some(v)),
            (Self::Float(x), Cell::Float(v)) => x.push(Some(v + 0.0).filter(|v| v.is_finite())),
            (Self::Float(x), Cell::Int(v)) => x.push(Some(v as f64)),
            (Self::Text(x), Cell::Text(v)) => x.push(Some(v)),
            (Self::Time(x), Cell::Time(v)) => x.push(Some(v)),
            (Self::Bool(x), _) => x.push(None),
            (Self::Int(x), _) | (Self::Time(x), _) => x.push(None),
            (Self::UInt(x), _) => x.push(None),
            (Self::Float(x), _) => x.push(None),
            (Self::Text(x), _) => x.push(None),
        }
    }

    /// Their type.
    pub fn dtype(&self) -> Dtype {
        match self {
            Self::Bool(_) => Dtype::Bool,
            Self::Int(_) => Dtype::Int,
            Self::UInt(_) => Dtype::UInt,
            Self::Float(_) => Dtype::Float,
            Self::Text(_) => Dtype::Text,
            Self::Time(_) => Dtype::Time,
        }
    }

    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Self::Bool(x) => x.len(),
            Self::Int(x) | Self::Time(x) => x.len(),
            Self::UInt(x) => x.len(),
            Self::Float(x) => x.len(),
            Self::Text(x) => x.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a value is missing; so is one beyond the end.
    pub fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Bool(x) => x.get(row).is_none_or(Option::is_none),
            Self::Int(x) | Self::Time(x) => x.get(row).is_none_or(Option::is_none),
            Self::UInt(x) => x.get(row).is_none_or(Option::is_none),
            Self::Float(x) => x.get(row).is_none_or(Option::is_none),
            Self::Text(x) => x.get(row).is_none_or(Option::is_none),
        }
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its values.
    pub values: Values,
}

/// Columns of one length under distinct names.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    columns: Vec<Column>,
}

impl Table {
    /// A table of columns.
    ///
    /// # Errors
    /// When two have one name, or they are of several lengths.
    pub fn new(columns: Vec<Column>) -> Result<Self> {
        for (i, column) in columns.iter().enumerate() {
            let place = || format!("column {:?}", column.name);
            if columns[..i].iter().any(|c| c.name == column.name) {
                return Err(Error::stored(place(), "there are two of this name", "rename one of them"));
            }
            let n = columns.first().map_or(0, |c| c.values.len());
            if column.values.len() != n {
                let reason = format!("it has {} values, and the first has {n}", column.values.len());
                return Err(Error::stored(place(), reason, "give one for each row"));
            }
        }
        Ok(Self { columns })
    }

    /// The columns, in order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The columns, to keep.
    pub fn into_columns(self) -> Vec<Column> {
        self.columns
    }

    /// The values of a column, if there is one of this name.
    pub fn column(&self, name: &str) -> Option<&Values> {
        self.columns.iter().find(|c| c.name == name).map(|c| &c.values)
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.columns.first().map_or(0, |c| c.values.len())
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_a_null_and_zero_is_one() {
        let mut x = Values::of(Dtype::Float);
        for v in [1.5, f64::NAN, f64::INFINITY, -0.0] {
            x.push(Cell::Float(v));
        }
        x.push(Cell::Int(3));
        x.push(Cell::Text("3".into()));
        let Values::Float(got) = &x else { panic!("{x:?}") };
        assert_eq!(got, &[Some(1.5), None, None, Some(0.0), Some(3.0), None]);
        assert!(got[3].unwrap().is_sign_positive());
        assert!(!x.is_null(0) && x.is_null(1) && x.is_null(99));
    }

    #[test]
    fn names_are_distinct_and_lengths_are_one() {
        let column = |name: &str, n: i64| Column { name: name.into(), values: Values::Int((0..n).map(Some).collect()) };
        let error = |columns| Table::new(columns).unwrap_err().to_string();
        assert!(error(vec![column("a", 1), column("a", 1)]).contains("column \"a\": there are two"));
        assert!(error(vec![column("a", 1), column("b", 2)]).contains("it has 2 values, and the first has 1"));
        let table = Table::new(vec![column("a", 2), column("b", 2)]).unwrap();
        assert_eq!((table.len(), table.column("b").map(Values::len), table.column("c")), (2, Some(2), None));
        assert!(Table::default().is_empty());
    }
}
