//! Errors of this crate: each names the place and what to do about it.

/// The result of a fallible function of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can be wrong with what a caller handed to this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An error of the vocabulary underneath.
    #[error(transparent)]
    Core(#[from] qe_core::Error),
    /// An error of an expression, or of what it is computed over.
    #[error(transparent)]
    Factors(#[from] qe_factors::Error),
    /// An error of data.
    #[error(transparent)]
    Data(#[from] qe_data::Error),
    /// A field of a strategy's specification that cannot be used.
    #[error("{field}: {reason}; {mend}")]
    Spec {
        /// The field, as `exits[1].when`.
        field: String,
        /// What is wrong.
        reason: String,
        /// What to write instead.
        mend: String,
    },
    /// An expression of a specification that cannot be used.
    #[error("{field}:\n{error}")]
    Expression {
        /// The field, as `entry.long`.
        field: String,
        /// What is wrong, with a caret under the place.
        error: Box<qe_factors::Error>,
    },
    /// More memory than is allowed.
    #[error("{place}: it takes {n_bytes} bytes, and {allowed} are allowed; allow more")]
    Memory {
        /// What takes it.
        place: String,
        /// How much it takes at least.
        n_bytes: usize,
        /// How much it may take.
        allowed: usize,
    },
    /// A stored run that cannot be written or read.
    #[error("{place}: {reason}; {mend}")]
    Stored {
        /// The file, or the part of it.
        place: String,
        /// What is wrong.
        reason: String,
        /// What to do about it.
        mend: String,
    },
    /// Data that a strategy cannot run over.
    #[error("{place}: {reason}; {mend}")]
    Market {
        /// The symbol, the column or the row.
        place: String,
        /// What is wrong.
        reason: String,
        /// What to do about it.
        mend: String,
    },
}

impl Error {
    /// As an error of data, for what speaks through the cache of prepared data.
    pub(crate) fn into_data(self) -> qe_data::Error {
        match self {
            Self::Data(error) => error,
            Self::Core(error) => error.into(),
            other => qe_data::Error::refused("a universe", other.to_string(), "mend the bars or the masks"),
        }
    }

    /// As an error of the vocabulary underneath, for what speaks through its traits: its own, or the text of this.
    pub(crate) fn into_core(self) -> qe_core::Error {
        match self {
            Self::Core(error) => error,
            other => {
                qe_core::Error::invalid("strategy", "this sweep", other.to_string(), "mend the strategy or the data")
            }
        }
    }

    /// An error of a field of a specification.
    pub(crate) fn spec(field: impl Into<String>, reason: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::Spec { field: field.into(), reason: reason.into(), mend: mend.into() }
    }

    /// An error of a stored run.
    pub(crate) fn stored(place: impl Into<String>, reason: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::Stored { place: place.into(), reason: reason.into(), mend: mend.into() }
    }

    /// An error of an expression of a specification.
    pub(crate) fn expression(field: impl Into<String>, error: qe_factors::Error) -> Self {
        Self::Expression { field: field.into(), error: Box::new(error) }
    }
}
