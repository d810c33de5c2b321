//! Errors of this crate: each names the place and what to do about it.

use std::ops::Range;

/// The result of a fallible function of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can be wrong with what a caller handed to this crate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An error of the vocabulary underneath.
    #[error(transparent)]
    Core(#[from] qe_core::Error),
    /// A text that is no expression.
    #[error(transparent)]
    Syntax(#[from] crate::expr::SyntaxError),
    /// A name that stands for no column, or for several.
    #[error(transparent)]
    Name(#[from] crate::expr::NameError),
    /// Arguments that an indicator cannot take together.
    #[error("{indicator}: {reason}; {mend}")]
    Arguments {
        /// The indicator.
        indicator: &'static str,
        /// What is wrong.
        reason: String,
        /// What to write instead.
        mend: String,
    },
    /// Data that do not fit what is to be computed.
    #[error("{place}: {reason}; {mend}")]
    Data {
        /// The column or the symbol.
        place: String,
        /// What is wrong.
        reason: String,
        /// What to do about it.
        mend: String,
    },
    /// An expression that reads well and makes no sense.
    #[error("{shown}")]
    Meaning {
        /// The place in the expression with a caret under it, the reason and the mend.
        shown: String,
        /// What is wrong.
        reason: String,
        /// The bytes of the expression that are wrong.
        at: Range<usize>,
    },
    /// One of several factors whose equation cannot be used.
    #[error("{name}: {error}")]
    Factor {
        /// What it is called.
        name: String,
        /// Its place among the equations.
        idx: usize,
        /// What is wrong.
        error: Box<Error>,
    },
}

impl Error {
    /// The bytes of the expression that are wrong, where it is about an expression.
    pub fn at(&self) -> Option<Range<usize>> {
        match self {
            Self::Syntax(e) => Some(e.at.clone()),
            Self::Meaning { at, .. } => Some(at.clone()),
            Self::Factor { error, .. } => error.at(),
            _ => None,
        }
    }
}
