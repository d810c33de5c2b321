//! How decisions are filled, and what is left open between them.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::num::Num;
use crate::fills::{FillTiming, Holding, PathPolicy};
use crate::program;

/// How decisions are filled. What is left out is as the profile says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExecutionSpec {
    /// Money at the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capital: Option<f64>,
    /// A position's value is at most this many times equity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leverage: Option<f64>,
    /// When decisions are filled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill: Option<FillSpec>,
    /// What is held between decisions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holding: Option<Holding>,
    /// How the order of prices within a bar is decided.
    #[serde(default)]
    pub path: PathPolicy,
    /// What an entry signal against an open position does.
    #[serde(default)]
    pub opposite: Opposite,
    /// For how long nothing is entered after an exit.
    #[serde(default)]
    pub cooldown: Cooldown,
}

/// What an entry signal against an open position does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opposite {
    /// Nothing.
    #[default]
    Ignore,
    /// It closes the position.
    Close,
    /// It closes the position and opens the other.
    Reverse,
}

impl From<Opposite> for program::Opposite {
    fn from(opposite: Opposite) -> Self {
        match opposite {
            Opposite::Ignore => Self::Ignore,
            Opposite::Close => Self::Close,
            Opposite::Reverse => Self::Reverse,
        }
    }
}

/// For how long nothing is entered after an exit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cooldown {
    /// In bars.
    pub bars: Num,
    /// In sessions.
    pub sessions: Num,
}

impl Default for Cooldown {
    fn default() -> Self {
        Self { bars: Num::Number(0.0), sessions: Num::Number(0.0) }
    }
}

/// A fill timing by its name, or `{ at = "open", delay = 2, count = "sessions" }`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FillSpec(pub FillTiming);

const NAMED: [(&str, FillTiming); 3] = [
    ("next_open", FillTiming::NEXT_OPEN),
    ("next_close", FillTiming::NEXT_CLOSE),
    ("signal_close", FillTiming::SIGNAL_CLOSE),
];

impl Serialize for FillSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match NAMED.iter().find(|(_, timing)| *timing == self.0) {
            Some((name, _)) => serializer.serialize_str(name),
            None => self.0.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for FillSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = FillSpec;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "\"next_open\", \"next_close\", \"signal_close\", or { at = ..., delay = ..., count = ... }",
                )
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<FillSpec, E> {
                let named = NAMED.iter().find(|(name, _)| *name == text);
                named.map(|(_, timing)| FillSpec(*timing)).ok_or_else(|| {
                    let names = NAMED.map(|(name, _)| name).join(", ");
                    E::custom(format!("no fill timing is named `{text}`: give one of {names}"))
                })
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<FillSpec, A::Error> {
                FillTiming::deserialize(MapAccessDeserializer::new(map)).map(FillSpec)
            }
        }
        deserializer.deserialize_any(V)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fills::{At, Count};

    #[test]
    fn a_timing_is_a_name_or_a_table() {
        let read = |text: &str| serde_json::from_str::<FillSpec>(text);
        assert_eq!(read("\"signal_close\"").unwrap().0, FillTiming::SIGNAL_CLOSE);
        let two = read(r#"{"at":"open","delay":2,"count":"sessions"}"#).unwrap();
        assert_eq!(two.0, FillTiming { at: At::Open, delay: 2, count: Count::Sessions });
        for timing in [two, FillSpec(FillTiming::NEXT_CLOSE)] {
            assert_eq!(read(&serde_json::to_string(&timing).unwrap()).unwrap(), timing);
        }
        assert!(read("\"next\"").unwrap_err().to_string().contains("no fill timing is named `next`"));
        assert!(read(r#"{"at":"open","delay":2,"lag":1}"#).unwrap_err().to_string().contains("unknown field `lag`"));
    }
}
