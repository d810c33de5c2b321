//! When a position is closed.

use std::collections::BTreeMap;
use std::fmt;

use qe_core::param::Value;
use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::block::BlockUse;
use super::condition::Condition;

/// A side of the market.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// A position that gains when the price rises.
    Long,
    /// A position that gains when the price falls.
    Short,
}

impl Side {
    /// Its place in pairs.
    pub fn idx(self) -> usize {
        self as usize
    }
}

/// An exit: a table with one rule, and perhaps a side and a reason.
#[derive(Debug, Clone, PartialEq)]
pub struct ExitSpec {
    /// What is done.
    pub rule: ExitRule,
    /// For which positions; for all, if left out.
    pub side: Option<Side>,
    /// What the trade log calls it; the name of the rule, if left out.
    pub reason: Option<String>,
}

/// The rule of an exit.
#[derive(Debug, Clone, PartialEq)]
pub enum ExitRule {
    /// A condition, asked when a bar is complete and filled by the fill timing.
    When(Condition),
    /// The price of a stop that rests in the market.
    Stop(String),
    /// The price of a limit that rests in the market.
    Target(String),
    /// The distance of a stop that follows the best price since the entry.
    Trail(String),
    /// A block of the catalogue.
    Block(BlockUse),
}

impl ExitRule {
    /// What it is called.
    pub fn name(&self) -> &str {
        match self {
            Self::When(_) => "when",
            Self::Stop(_) => "stop",
            Self::Target(_) => "target",
            Self::Trail(_) => "trail",
            Self::Block(block) => &block.name,
        }
    }
}

impl Serialize for ExitSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(side) = self.side {
            map.serialize_entry("side", &side)?;
        }
        if let Some(reason) = &self.reason {
            map.serialize_entry("reason", reason)?;
        }
        match &self.rule {
            ExitRule::When(condition) => map.serialize_entry("when", condition)?,
            ExitRule::Stop(text) | ExitRule::Target(text) | ExitRule::Trail(text) => {
                map.serialize_entry(self.rule.name(), text)?;
            }
            ExitRule::Block(block) => map.serialize_entry(&block.name, &block.args)?,
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for ExitSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ExitVisitor)
    }
}

struct ExitVisitor;

impl<'de> Visitor<'de> for ExitVisitor {
    type Value = ExitSpec;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an exit: a table with `when`, `stop`, `target`, `trail` or a block")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ExitSpec, A::Error> {
        let (mut rule, mut side, mut reason) = (None, None, None);
        while let Some(key) = map.next_key::<String>()? {
            let next = match &*key {
                "side" => {
                    side = Some(map.next_value()?);
                    continue;
                }
                "reason" => {
                    reason = Some(map.next_value()?);
                    continue;
                }
                "when" => ExitRule::When(map.next_value()?),
                "stop" => ExitRule::Stop(map.next_value()?),
                "target" => ExitRule::Target(map.next_value()?),
                "trail" => ExitRule::Trail(map.next_value()?),
                _ => ExitRule::Block(BlockUse { name: key, args: map.next_value::<BTreeMap<String, Value>>()? }),
            };
            if let Some(first) = rule.replace(next) {
                let (first, second): (ExitRule, _) = (first, rule.as_ref().map_or("", ExitRule::name));
                return Err(A::Error::custom(format!(
                    "`{}` and `{second}` in one exit: begin another with [[exits]]",
                    first.name()
                )));
            }
        }
        let rule =
            rule.ok_or_else(|| A::Error::custom("the exit has no rule: give `when`, `stop`, `target` or a block"))?;
        Ok(ExitSpec { rule, side, reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_one_exit() {
        let text = r#"{"side":"long","reason":"slow","time_stop":{"bars":20}}"#;
        let exit: ExitSpec = serde_json::from_str(text).unwrap();
        assert_eq!(
            (exit.side, exit.reason.as_deref(), exit.rule.name()),
            (Some(Side::Long), Some("slow"), "time_stop")
        );
        assert_eq!(serde_json::to_string(&exit).unwrap(), text);
        let error = |text: &str| serde_json::from_str::<ExitSpec>(text).unwrap_err().to_string();
        assert!(error(r#"{"when":"a > b","stop":"c"}"#).contains("`when` and `stop` in one exit"));
        assert!(error(r#"{"side":"long"}"#).contains("the exit has no rule"));
        assert!(error(r#"{"side":"up","stop":"c"}"#).contains("unknown variant `up`"));
    }
}
