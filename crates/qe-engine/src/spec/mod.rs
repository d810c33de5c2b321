//! What people write: a strategy as data.
//!
//! A [`StrategySpec`] is read from TOML or JSON and may be wrong. [`StrategySpec::compile`] makes of it a plan, which
//! cannot be. Conditions, prices and sizes are expressions of the language of `qe-factors`, or blocks of the
//! catalogue, which are names for such expressions and nothing else. `docs/strategies.md` shows the format.

mod block;
mod condition;
mod entry;
mod execution;
mod exits;
mod num;
mod params;
pub(crate) mod profile;
mod session;
mod sizing;

use std::collections::BTreeMap;

use qe_core::param::Param;
use serde::{Deserialize, Serialize};

pub use block::BlockUse;
pub use condition::Condition;
pub use entry::{EntrySpec, OrderSpec, RestingSpec};
pub use execution::{Cooldown, ExecutionSpec, FillSpec, Opposite};
pub use exits::{ExitRule, ExitSpec, Side};
pub use num::Num;
pub use params::ParamSpec;
pub use profile::Profile;
pub use session::{Blackout, SessionSpec};
pub use sizing::{SizeRule, SizingSpec};

use crate::costs::CostModel;
use crate::error::{Error, Result};

/// The version of the format that this crate writes.
pub const VERSION: u32 = 1;

/// A strategy as people write it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StrategySpec {
    /// The version of the format.
    pub version: u32,
    /// What it is called.
    pub name: String,
    /// Its rules in words.
    #[serde(default)]
    pub about: String,
    /// Where it comes from.
    #[serde(default)]
    pub source: String,
    /// What is taken for settings that are left out, and whether they may differ.
    #[serde(default)]
    pub profile: Profile,
    /// Conditions of parameters alone that a point must meet, such as `$fast_period < $slow_period`.
    #[serde(default)]
    pub require: Vec<String>,
    /// Conditions that must hold, besides, where a position is entered on either side.
    #[serde(default)]
    pub filters: Vec<Condition>,
    /// Parameters by name.
    #[serde(default)]
    pub params: BTreeMap<String, ParamSpec>,
    /// Expressions by name, for use in others.
    #[serde(default)]
    pub series: BTreeMap<String, String>,
    /// When and how a position is entered.
    #[serde(default)]
    pub entry: EntrySpec,
    /// When a position is closed: the first that fires gives the reason.
    #[serde(default)]
    pub exits: Vec<ExitSpec>,
    /// How much.
    #[serde(default)]
    pub sizing: SizingSpec,
    /// How decisions are filled.
    #[serde(default)]
    pub execution: ExecutionSpec,
    /// What sessions and events forbid.
    #[serde(default)]
    pub session: SessionSpec,
    /// What trading costs: what the profile says where it is left out, and else these fields, all others nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub costs: Option<CostModel>,
}

impl StrategySpec {
    /// Reads a specification in TOML. Whether its expressions make sense is not looked at: see [`StrategySpec::check`].
    ///
    /// # Errors
    /// When it is no TOML, has a field that does not exist, or is of another version.
    pub fn from_toml(text: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Versioned {
            version: Option<u32>,
        }
        // The version comes first: of another one, all other complaints would mislead.
        let versioned: Result<Versioned, _> = toml::from_str(text);
        versioned.map_or(Ok(()), |v| check_version(v.version))?;
        toml::from_str(text).map_err(|e| unreadable("TOML", e.to_string()))
    }

    /// Reads a specification in JSON, as [`StrategySpec::from_toml`].
    ///
    /// # Errors
    /// As [`StrategySpec::from_toml`].
    pub fn from_json(text: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Versioned {
            version: Option<u32>,
        }
        let versioned: Result<Versioned, _> = serde_json::from_str(text);
        versioned.map_or(Ok(()), |v| check_version(v.version))?;
        serde_json::from_str(text).map_err(|e| unreadable("JSON", e.to_string()))
    }

    /// The specification in TOML, fields in the order of this struct and names in alphabetical order.
    ///
    /// # Errors
    /// When a whole number is beyond what TOML can write.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string(self).map_err(|e| unreadable("TOML", e.to_string()))
    }

    /// The specification in JSON, as [`StrategySpec::to_toml`].
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string_pretty(self).map_err(|e| unreadable("JSON", e.to_string()))
    }

    /// The parameters, by name.
    pub fn params(&self) -> Vec<Param> {
        self.params.iter().map(|(name, p)| p.named(name)).collect()
    }
}

fn check_version(version: Option<u32>) -> Result<()> {
    match version {
        Some(VERSION) => Ok(()),
        Some(other) => Err(Error::spec("version", format!("{other} is not known"), format!("give {VERSION}"))),
        None => Err(Error::spec("version", "it is missing", format!("begin with `version = {VERSION}`"))),
    }
}

fn unreadable(format: &str, error: String) -> Error {
    Error::spec(format, error.trim_end().to_owned(), "docs/strategies.md lists what there is")
}
