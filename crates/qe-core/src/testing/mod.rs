//! What implementers test with: feature `testing`.
//!
//! [`check_evaluator`] is the contract of [`Evaluator`](crate::eval::Evaluator), for ours and for a user's own.
//! [`limit_lanes`] runs narrow code on a wide machine, so that whole runs can be compared.

mod evaluator;
mod lanes;

pub use evaluator::check_evaluator;
pub(crate) use lanes::allows_lanes;
pub use lanes::limit_lanes;
