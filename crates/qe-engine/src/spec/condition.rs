//! A condition: an expression, a block of the catalogue, or several of them that must agree.

use std::collections::BTreeMap;
use std::fmt;

use qe_core::param::Value;
use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::block::BlockUse;

/// A condition. It holds, fails, or is unknown.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// An expression.
    Text(String),
    /// `{ all = [...] }`: every member holds. One that fails or is unknown is a veto; without members it is an error.
    All(Vec<Condition>),
    /// `{ any = [...] }`: some member holds; without members it is an error.
    Any(Vec<Condition>),
    /// `{ adx_ranging = { period = 14 } }`: a block of the catalogue.
    Block(BlockUse),
}

impl From<&str> for Condition {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Serialize for Condition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = match self {
            Self::Text(text) => return serializer.serialize_str(text),
            _ => serializer.serialize_map(Some(1))?,
        };
        match self {
            Self::All(members) => map.serialize_entry("all", members)?,
            Self::Any(members) => map.serialize_entry("any", members)?,
            Self::Block(block) => map.serialize_entry(&block.name, &block.args)?,
            Self::Text(_) => {}
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ConditionVisitor)
    }
}

struct ConditionVisitor;

impl<'de> Visitor<'de> for ConditionVisitor {
    type Value = Condition;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an expression, { all = [...] }, { any = [...] }, or { block = { ... } }")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Condition, E> {
        Ok(Condition::Text(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Condition, A::Error> {
        let Some(key) = map.next_key::<String>()? else {
            return Err(A::Error::custom("an empty table is no condition: name a block, or write an expression"));
        };
        let condition = match &*key {
            "all" => Condition::All(map.next_value()?),
            "any" => Condition::Any(map.next_value()?),
            _ => Condition::Block(BlockUse { name: key, args: map.next_value::<BTreeMap<String, Value>>()? }),
        };
        match map.next_key::<String>()? {
            None => Ok(condition),
            Some(second) => Err(A::Error::custom(format!(
                "`{second}` is a second condition in one table: write {{ all = [{{ ... }}, {{ {second} = ... }}] }}"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_reads_and_writes_itself() {
        let text = r#"{"all":["close > open",{"any":[{"adx_ranging":{}},"x > 1"]},{"sma_up":{"period":"$n"}}]}"#;
        let condition: Condition = serde_json::from_str(text).unwrap();
        let Condition::All(members) = &condition else { panic!("{condition:?}") };
        assert_eq!(members[0], Condition::from("close > open"));
        let args = BTreeMap::from([("period".to_owned(), Value::from("$n"))]);
        assert_eq!(members[2], Condition::Block(BlockUse { name: "sma_up".into(), args }));
        assert_eq!(serde_json::to_string(&condition).unwrap(), text);
    }

    #[test]
    fn two_conditions_in_one_table_and_none_are_refused() {
        let error = |text: &str| serde_json::from_str::<Condition>(text).unwrap_err().to_string();
        assert!(
            error(r#"{"sma_up":{},"adx_ranging":{}}"#).contains("`adx_ranging` is a second condition in one table")
        );
        assert!(error("{}").contains("an empty table is no condition"));
        assert!(error("3").contains("an expression, { all = [...] }"));
        assert!(error(r#"{"sma_up":{"period":[1]}}"#).contains("Value"));
    }
}
