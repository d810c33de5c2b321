//! Errors of this crate: each names the file, the column or the row, and what to do about it.

use std::path::PathBuf;
use std::sync::Arc;

use qe_core::time::Timestamp;
use qe_core::timeframe::Timeframe;

/// The result of a fallible function of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong on the way from files to arrays.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An error of the vocabulary underneath.
    #[error(transparent)]
    Core(#[from] qe_core::Error),
    /// A specification that contradicts itself.
    #[error("{field}: {reason}; {mend}")]
    Spec {
        /// The field, as the user writes it.
        field: String,
        /// What is wrong with it.
        reason: String,
        /// What to write instead.
        mend: String,
    },
    /// A path or pattern that leads to no file.
    #[error("{pattern:?} leads to no file{}; {mend}", looked.as_ref().map(|l| format!(" ({l})")).unwrap_or_default())]
    NoFiles {
        /// The path or pattern as given.
        pattern: String,
        /// What was seen on the way, where something was.
        looked: Option<String>,
        /// What to do about it.
        mend: String,
    },
    /// A file or folder that cannot be read or written.
    #[error("cannot {verb} {}: {reason}; {mend}", path.display())]
    Io {
        /// "read", "write", "list".
        verb: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        reason: String,
        /// What to do about it.
        mend: String,
    },
    /// A file that is not what its name says, or is cut short.
    #[error("{} is not a readable {format} file: {reason}; {mend}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// "Parquet", "CSV".
        format: &'static str,
        /// What the reader says.
        reason: String,
        /// What to do about it.
        mend: String,
    },
    /// A column that is not there.
    #[error("{} has no column {column:?}{}; it has: {}; {mend}", place, hint(.nearest), .available.join(", "))]
    MissingColumn {
        /// The file or data set.
        place: String,
        /// The column asked for.
        column: String,
        /// The nearest name that exists.
        nearest: Option<String>,
        /// The columns that exist.
        available: Vec<String>,
        /// What to do about it.
        mend: String,
    },
    /// A column of a type that cannot be used.
    #[error("{place}, column {column:?}: {got} cannot be read as {wanted}; {mend}")]
    WrongType {
        /// The file or data set.
        place: String,
        /// The column.
        column: String,
        /// The type it has.
        got: String,
        /// What it is needed as.
        wanted: &'static str,
        /// What to do about it.
        mend: String,
    },
    /// A value that cannot be used.
    #[error("{place}, row {row}, column {column:?}: {value}; {reason}; {mend}")]
    BadValue {
        /// The file or data set.
        place: String,
        /// The row, counted from 1 after the header.
        row: u64,
        /// The column.
        column: String,
        /// The value, as text.
        value: String,
        /// What is wrong with it.
        reason: String,
        /// What to do about it.
        mend: String,
    },
    /// A query that no row answers.
    #[error("no rows: {reason}; {mend}")]
    NoRows {
        /// What was asked for, and what there is.
        reason: String,
        /// What to do about it.
        mend: String,
    },
    /// Data that a policy says must not pass.
    #[error("{place}: {reason}; {mend}")]
    Refused {
        /// The data set, symbol or file.
        place: String,
        /// What is wrong with it.
        reason: String,
        /// What to do about it.
        mend: String,
    },
    /// Bars that are shorter than the specification says, so that several fall together.
    #[error(
        "{place}: {n_repeats} rows open at the time of the row before them, the first of them at {first}: bars of {asked} were \
         asked for, and the stamps are {actual} apart; load them as bars of {actual}, and make longer ones of those"
    )]
    TooFine {
        /// The symbol.
        place: String,
        /// How many rows repeat the time of the row before them.
        n_repeats: usize,
        /// The first time that is repeated.
        first: Timestamp,
        /// How long bars are said to be.
        asked: Timeframe,
        /// How far the stamps are apart.
        actual: Timeframe,
    },
    /// An error of the dataframe library that is none of the above.
    #[error("{place}: {reason}")]
    Frame {
        /// What was being done.
        place: String,
        /// What the library says.
        reason: Arc<str>,
    },
}

/// The nearest name, spelled out.
fn hint(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|n| format!("; did you mean {n:?}?")).unwrap_or_default()
}

impl Error {
    /// An [`Error::Spec`] from parts.
    pub fn spec(field: impl Into<String>, reason: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::Spec { field: field.into(), reason: reason.into(), mend: mend.into() }
    }

    /// An [`Error::Refused`] from parts.
    pub fn refused(place: impl Into<String>, reason: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::Refused { place: place.into(), reason: reason.into(), mend: mend.into() }
    }

    /// An [`Error::Io`] from what the operating system said.
    pub fn io(verb: &'static str, path: impl Into<PathBuf>, error: &std::io::Error) -> Self {
        let mend = match error.kind() {
            std::io::ErrorKind::NotFound => "check the path",
            std::io::ErrorKind::PermissionDenied => "give this user the right to it",
            std::io::ErrorKind::StorageFull => "make room on the disk",
            _ => "check the disk and try again",
        };
        Self::Io { verb, path: path.into(), reason: error.to_string(), mend: mend.to_owned() }
    }

    /// An [`Error::MissingColumn`] with the nearest of `available` picked out.
    pub fn missing_column(
        place: impl Into<String>,
        column: &str,
        available: impl IntoIterator<Item = String>,
        mend: impl Into<String>,
    ) -> Self {
        let available: Vec<String> = available.into_iter().collect();
        let nearest = qe_core::error::nearest(column, available.iter().map(String::as_str)).map(str::to_owned);
        Self::MissingColumn { place: place.into(), column: column.to_owned(), nearest, available, mend: mend.into() }
    }
}
