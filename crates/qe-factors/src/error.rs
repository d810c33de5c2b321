//! Errors of this crate: each names the place and what to do about it.

/// The result of a fallible function of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can be wrong with what a caller handed to this crate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An error of the vocabulary underneath.
    #[error(transparent)]
    Core(#[from] qe_core::Error),
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
}
