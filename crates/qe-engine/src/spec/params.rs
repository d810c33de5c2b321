//! A parameter of a strategy: its range, its default, how it is searched.

use qe_core::param::{Kind, Param, Scale, Value};
use serde::{Deserialize, Serialize};

/// A parameter without its name: `kind = { int = { min = 5, max = 54 } }`, `default = 20`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParamSpec {
    /// What it is when nobody says otherwise.
    pub default: Value,
    /// One line on what it does.
    #[serde(default)]
    pub doc: String,
    /// How it is searched.
    #[serde(default)]
    pub scale: Scale,
    /// What it may be.
    pub kind: Kind,
}

impl ParamSpec {
    /// Lets it be a value of its kind, and nothing but that.
    pub(crate) fn admit(&mut self, value: &Value) {
        match (&mut self.kind, value) {
            (Kind::Int { min, max, .. }, Value::Int(x)) => (*min, *max) = (*x, *x),
            (Kind::Float { min, max, .. }, Value::Float(x)) => (*min, *max) = (*x, *x),
            (Kind::Choice { options }, Value::Text(word)) => *options = vec![word.clone()],
            _ => return,
        }
        self.default = value.clone();
    }

    /// The parameter under its name.
    pub(crate) fn named(&self, name: &str) -> Param {
        Param {
            name: name.to_owned(),
            kind: self.kind.clone(),
            scale: self.scale,
            default: self.default.clone(),
            doc: self.doc.clone(),
        }
    }
}
