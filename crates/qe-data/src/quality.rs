//! To come.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a loader saw and did on the way in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intake {
    /// Rows read.
    pub n_read: u64,
    /// Rows that stepped back in time.
    pub n_unsorted: u64,
    /// Rows left out because their time was there already.
    pub n_duplicates: u64,
    /// Rows left out because they lie outside of the hours or the range.
    pub n_outside: u64,
    /// Rows of NaN put in for bars that were missing.
    pub n_filled: u64,
    /// Missing values, by column.
    pub n_null: BTreeMap<String, u64>,
}
