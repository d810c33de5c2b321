//! A number that may depend on parameters.

use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number, or an expression of parameters alone, such as `"$cooldown"` or `"inf"`.
#[derive(Debug, Clone, PartialEq)]
pub enum Num {
    /// The same at every point.
    Number(f64),
    /// An expression of parameters and numbers.
    Text(String),
}

impl Num {
    /// It as an expression.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Number(x) if x.is_nan() => "nan".to_owned(),
            Self::Number(x) => format!("{x:?}"),
            Self::Text(text) => text.clone(),
        }
    }
}

impl From<f64> for Num {
    fn from(x: f64) -> Self {
        Self::Number(x)
    }
}

impl From<&str> for Num {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Serialize for Num {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(x) if x.is_finite() => serializer.serialize_f64(*x),
            // JSON has no infinity.
            other => serializer.serialize_str(&other.text()),
        }
    }
}

impl<'de> Deserialize<'de> for Num {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl Visitor<'_> for V {
            type Value = Num;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or an expression of parameters in quotes")
            }
            fn visit_i64<E>(self, v: i64) -> Result<Num, E> {
                Ok(Num::Number(v as f64))
            }
            fn visit_u64<E>(self, v: u64) -> Result<Num, E> {
                Ok(Num::Number(v as f64))
            }
            fn visit_f64<E>(self, v: f64) -> Result<Num, E> {
                Ok(Num::Number(v))
            }
            fn visit_str<E>(self, v: &str) -> Result<Num, E> {
                Ok(Num::Text(v.to_owned()))
            }
        }
        deserializer.deserialize_any(V)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_numbers_and_infinity_is_a_word() {
        let read = |text: &str| serde_json::from_str::<Num>(text).unwrap();
        assert_eq!(read("3"), Num::Number(3.0));
        assert_eq!(read("-0.5"), Num::Number(-0.5));
        assert_eq!(read("\"$n + 1\""), Num::from("$n + 1"));
        assert_eq!(serde_json::to_string(&Num::Number(f64::INFINITY)).unwrap(), "\"inf\"");
        assert_eq!(serde_json::to_string(&Num::Number(0.25)).unwrap(), "0.25");
        assert_eq!((Num::Number(1e300).text(), Num::Number(-2.0).text()), ("1e300".into(), "-2.0".into()));
    }
}
