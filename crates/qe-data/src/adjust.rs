//! To come.

use serde::{Deserialize, Serialize};

/// Which corporate actions prices and volumes are adjusted for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adjustment {
    /// As traded.
    #[default]
    Raw,
    /// Splits.
    Split,
    /// Splits and dividends.
    Total,
}
