//! The use of a block of the catalogue: its name and what it is given.

use std::collections::BTreeMap;

use qe_core::param::Value;

/// `donchian_breakout_long = { period = "$entry_period" }`: a text is an expression, in which a parameter is `$name`.
#[derive(Debug, Clone, PartialEq)]
pub struct BlockUse {
    /// Which block.
    pub name: String,
    /// What it is given by name; all else is as by default.
    pub args: BTreeMap<String, Value>,
}
