//! What went wrong, in words: which file, which column, which row, and what to do about it.
//!
//! A query over many files says little about where it failed. So it is run again on the error path, file by file, and
//! the first file that fails on its own is the one to name.

use std::path::Path;

use polars::prelude::*;
use qe_core::calendar::SessionHours;

use super::loader::{Group, Loader, some_of};
use super::normalise::{Recipe, Seen, SymbolFrom, parse_bad_value};
use super::{collect, frame_error};
use crate::error::{Error, Result};
use crate::spec::DataKind;

impl Loader {
    /// What was asked for, in words.
    pub(super) fn asked(&self) -> String {
        match self.spec.symbols.as_slice() {
            [] => self.asked_when(),
            some => format!("for {} {}", some_of(some), self.asked_when()),
        }
    }

    /// The stretch of time that was asked for, in words.
    pub(super) fn asked_when(&self) -> String {
        let start = self.spec.start.map_or("the beginning".to_owned(), |w| w.to_string());
        let end = self.spec.end.map_or("the end".to_owned(), |w| w.to_string());
        format!("from {start} up to {end}")
    }

    /// What to do where files have rows, and none is wanted.
    pub(super) fn mend_for_no_rows(&self) -> String {
        let spec = &self.spec;
        let all = [
            (
                "give the timeframe of the bars (daily ones are 1d)",
                spec.kind == DataKind::Bars && spec.timeframe.is_intraday(),
            ),
            ("widen the range", spec.start.is_some() || spec.end.is_some()),
            ("choose other hours", spec.hours != SessionHours::All),
            ("check the time zone of the stamps", true),
        ];
        all.iter().filter(|(_, helps)| *helps).map(|(way, _)| *way).collect::<Vec<_>>().join(", or ")
    }

    /// A failed query, explained by the first file that fails on its own.
    pub(super) fn explain(&self, error: Error, group: &Group, recipe: &Recipe) -> Error {
        for path in &group.files {
            if let Err(e) = self.compare(&group.files[0], path, recipe) {
                return e;
            }
        }
        for path in &group.files {
            if let Err(e) = self.try_file(path, &group.symbol) {
                return e;
            }
        }
        error
    }

    /// Fails for a file whose columns are not those of the first.
    pub(super) fn compare(&self, first: &Path, path: &Path, recipe: &Recipe) -> Result<()> {
        let (expected, schema) = (self.schema_of(first)?, self.schema_of(path)?);
        let place = path.display().to_string();
        if let Some(column) = recipe.sources().find(|c| !schema.contains(c)) {
            let mend = "give all files of a data set the same columns";
            return Err(Error::missing_column(place, column, schema.iter_names().map(|n| n.to_string()), mend));
        }
        let other = recipe.sources().find(|c| schema.get(c) != expected.get(c));
        let reason = if let Some(column) = other {
            let dtype = |s: &Schema| s.get(column).map(ToString::to_string).unwrap_or_default();
            let first = first.display();
            format!("its column {column:?} is {}, and that of {first} is {}", dtype(&schema), dtype(&expected))
        } else if let Some(column) = schema.iter_names().find(|c| !expected.contains(c)) {
            format!("it has a column {column:?}, which {} lacks", first.display())
        } else if self.is_csv(path) && !schema.iter_names().eq(expected.iter_names()) {
            format!("its columns stand in another order than those of {}", first.display())
        } else {
            return Ok(());
        };
        Err(Error::refused(place, reason, "write all files of a symbol with the same columns and types"))
    }

    /// Reads one file whole, as the query would.
    fn try_file(&self, path: &Path, symbol: &SymbolFrom) -> Result<()> {
        let own = self.recipe_for(path, symbol)?;
        let df =
            collect(self.raw(&[path.to_owned()])?, &path.display().to_string()).map_err(|e| self.broken(path, &e))?;
        let place = path.display().to_string();
        match own.apply(df, symbol, &Seen::default()) {
            Ok(_) => Ok(()),
            Err(e) => Err(match parse_bad_value(&e.to_string()) {
                Some((row, column, value, reason)) => {
                    let mend = own.mend_for(&column).to_owned();
                    Error::BadValue { place, row: row + 1, column, value, reason, mend }
                }
                None => frame_error(&place, &e),
            }),
        }
    }

    /// A file that the reader refuses.
    pub(super) fn broken(&self, path: &Path, error: &Error) -> Error {
        match error {
            Error::Io { .. } | Error::Broken { .. } | Error::MissingColumn { .. } | Error::WrongType { .. } => {
                error.clone()
            }
            other => {
                let reason = match other {
                    Error::Frame { reason, .. } => reason.lines().next().unwrap_or_default().to_owned(),
                    other => other.to_string(),
                };
                let format = if self.is_csv(path) { "CSV" } else { "Parquet" };
                let mend = "it may be cut short or of another format; write it again or take it out".to_owned();
                Error::Broken { path: path.to_owned(), format, reason, mend }
            }
        }
    }
}
