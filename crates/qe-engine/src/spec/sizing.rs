//! How much is bought or sold.

use std::collections::BTreeMap;
use std::fmt;

use qe_core::param::Value;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::block::BlockUse;
use super::num::Num;

/// How much is bought or sold: a table with one rule and its bounds.
#[derive(Debug, Clone, PartialEq)]
pub struct SizingSpec {
    /// What the size is.
    pub rule: SizeRule,
    /// A factor on it, such as what a regime allows.
    pub scale: Option<String>,
    /// A position's value is at most this share of equity. Left out: 0.25 for a block, as the seed has it, and no
    /// limit for an expression of your own.
    pub limit_frac: Option<Num>,
    /// Units come in multiples of this; 0 for any number.
    pub lot: Num,
    /// A smaller number of units is not traded.
    pub min_units: Num,
}

/// What a size is.
#[derive(Debug, Clone, PartialEq)]
pub enum SizeRule {
    /// A share of equity.
    Fraction(String),
    /// An amount of money.
    Value(String),
    /// Units.
    Units(String),
    /// A block of the catalogue.
    Block(BlockUse),
}

impl SizeRule {
    /// What it is called.
    pub fn name(&self) -> &str {
        match self {
            Self::Fraction(_) => "fraction",
            Self::Value(_) => "value",
            Self::Units(_) => "units",
            Self::Block(block) => &block.name,
        }
    }
}

impl Default for SizingSpec {
    /// A quarter of equity.
    fn default() -> Self {
        Self {
            rule: SizeRule::Block(BlockUse { name: "fixed_fraction".into(), args: BTreeMap::new() }),
            scale: None,
            limit_frac: None,
            lot: Num::Number(0.0),
            min_units: Num::Number(0.0),
        }
    }
}

impl SizingSpec {
    /// A weight is held to the bit, and traded to by whatever that takes: it knows no lots.
    ///
    /// # Errors
    /// When a lot or a least size is given.
    pub(crate) fn ensure_no_lots(&self) -> crate::error::Result<()> {
        for (field, given) in [("lot", &self.lot), ("min_units", &self.min_units)] {
            if given.text().parse() != Ok(0.0) {
                return Err(crate::error::Error::spec(
                    format!("sizing.{field}"),
                    "weights are held in any number of units",
                    "leave it out, or hold units: entries with a size, and `holding = \"units\"`",
                ));
            }
        }
        Ok(())
    }
}

impl Serialize for SizingSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(scale) = &self.scale {
            map.serialize_entry("scale", scale)?;
        }
        if let Some(limit) = &self.limit_frac {
            map.serialize_entry("limit_frac", limit)?;
        }
        map.serialize_entry("lot", &self.lot)?;
        map.serialize_entry("min_units", &self.min_units)?;
        match &self.rule {
            SizeRule::Fraction(text) | SizeRule::Value(text) | SizeRule::Units(text) => {
                map.serialize_entry(self.rule.name(), text)?;
            }
            SizeRule::Block(block) => map.serialize_entry(&block.name, &block.args)?,
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for SizingSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(SizingVisitor)
    }
}

struct SizingVisitor;

impl<'de> Visitor<'de> for SizingVisitor {
    type Value = SizingSpec;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a size: a table with `fraction`, `value`, `units` or a block")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SizingSpec, A::Error> {
        let (mut out, mut rule) = (SizingSpec::default(), None::<SizeRule>);
        while let Some(key) = map.next_key::<String>()? {
            let next = match &*key {
                "scale" => {
                    out.scale = Some(map.next_value()?);
                    continue;
                }
                "limit_frac" => {
                    out.limit_frac = Some(map.next_value()?);
                    continue;
                }
                "lot" => {
                    out.lot = map.next_value()?;
                    continue;
                }
                "min_units" => {
                    out.min_units = map.next_value()?;
                    continue;
                }
                "fraction" => SizeRule::Fraction(map.next_value::<Num>()?.text()),
                "value" => SizeRule::Value(map.next_value::<Num>()?.text()),
                "units" => SizeRule::Units(map.next_value::<Num>()?.text()),
                _ => {
                    let args = map.next_value_seed(BlockArgs { name: &key })?;
                    SizeRule::Block(BlockUse { name: key, args })
                }
            };
            if let Some(first) = &rule {
                return Err(A::Error::custom(format!(
                    "`{}` and `{}` are two sizes: give one",
                    first.name(),
                    next.name()
                )));
            }
            rule = Some(next);
        }
        if let Some(rule) = rule {
            out.rule = rule;
        }
        Ok(out)
    }
}

/// The fields of a size; any other is a block, and has a table.
const FIELDS: [&str; 7] = ["fraction", "value", "units", "scale", "limit_frac", "lot", "min_units"];

/// What a block of this name is given. A field that is no table is no block: its name is wrong.
struct BlockArgs<'a> {
    name: &'a str,
}

impl BlockArgs<'_> {
    fn unknown<T, E: Error>(&self) -> Result<T, E> {
        Err(E::unknown_field(self.name, &FIELDS))
    }
}

impl<'de> DeserializeSeed<'de> for BlockArgs<'_> {
    type Value = BTreeMap<String, Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for BlockArgs<'_> {
    type Value = BTreeMap<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a table of what the block `{}` is given", self.name)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        BTreeMap::deserialize(MapAccessDeserializer::new(map))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        self.unknown()
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        self.unknown()
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        self.unknown()
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        self.unknown()
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        self.unknown()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
        self.unknown()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_one_size_with_its_bounds() {
        let text = r#"{"limit_frac":0.5,"lot":100.0,"min_units":0.0,"fixed_fraction":{"frac":0.4}}"#;
        let sizing: SizingSpec = serde_json::from_str(text).unwrap();
        assert_eq!((sizing.rule.name(), &sizing.limit_frac), ("fixed_fraction", &Some(Num::Number(0.5))));
        assert_eq!(serde_json::to_string(&sizing).unwrap(), text);
        assert_eq!(serde_json::from_str::<SizingSpec>("{}").unwrap(), SizingSpec::default());
        let units: SizingSpec = serde_json::from_str(r#"{"units": 3}"#).unwrap();
        assert_eq!(units.rule, SizeRule::Units("3.0".into()));
        for wrong in [r#"{"fration": "1"}"#, r#"{"fration": 1}"#, r#"{"fration": [0.5]}"#, r#"{"fration": -0.5}"#] {
            let said = serde_json::from_str::<SizingSpec>(wrong).unwrap_err().to_string();
            assert!(said.contains("unknown field `fration`, expected one of `fraction`, `value`, `units`"), "{said}");
        }
        let two = serde_json::from_str::<SizingSpec>(r#"{"units": 3, "value": 4}"#).unwrap_err().to_string();
        assert!(two.contains("`units` and `value` are two sizes"), "{two}");
    }
}
