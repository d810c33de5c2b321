//! Operators with memory that are no indicators: lags and events. One file each, one list.
//!
//! They are computations as indicators are, but have no warm-up of their own to speak of, or read conditions: 1 for true,
//! 0 for false, NaN for unknown, which they pass over.

pub mod bars_since;
pub mod count_true;
pub mod ewm;
pub mod lag;
pub mod latch;
pub mod session;
pub mod value_when;

pub use session::SessionDay;

use crate::indicators::Signature;

/// Every operator, alphabetical by name.
pub const ALL: &[&Signature] = &[
    &bars_since::SIGNATURE,
    &count_true::SIGNATURE,
    &ewm::SIGNATURE,
    &lag::SIGNATURE,
    &latch::SIGNATURE,
    &value_when::SIGNATURE,
];
