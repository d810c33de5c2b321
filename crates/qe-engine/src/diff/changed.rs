//! One field in which two sides differ, and all of them of two JSON values.
//!
//! Arrays are compared behind what they begin with alike and before what they end with alike, so that an exit that is put
//! in between others is one difference and not one of all that follow.

use std::collections::BTreeSet;
use std::fmt;

use qe_core::time::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// A field in which two sides differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Changed {
    /// Which: `costs.slippage_bps`, `exits[1].stop`, `params.n`, `data.SPY.close`.
    pub field: String,
    /// What it is in A; null where there is no such thing.
    pub a: Value,
    /// What it is in B.
    pub b: Value,
    /// Of something that each row has: the first row in which it differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Place>,
    /// And in how many rows it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n_rows: Option<u64>,
}

/// A row of a table, in each of two of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Place {
    /// When it could be known; of data, when the bar opens.
    pub time: Timestamp,
    /// Its number in A; `None` where A does not have it.
    pub row_a: Option<u64>,
    /// Its number in B.
    pub row_b: Option<u64>,
}

impl Changed {
    /// A field that has one value.
    pub(super) fn new(field: impl Into<String>, a: impl Into<Value>, b: impl Into<Value>) -> Self {
        Self { field: field.into(), a: a.into(), b: b.into(), first: None, n_rows: None }
    }

    /// Something that rows have.
    pub(super) fn in_rows(self, first: Place, n_rows: u64) -> Self {
        Self { first: Some(first), n_rows: Some(n_rows), ..self }
    }
}

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} -> {}", self.field, Shown(&self.a), Shown(&self.b))?;
        if let (Some(first), Some(n)) = (&self.first, self.n_rows) {
            write!(f, " ({n} {}, first at {})", if n == 1 { "row" } else { "rows" }, first.time)?;
        }
        Ok(())
    }
}

/// A value as people read it.
struct Shown<'a>(&'a Value);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => f.write_str("none"),
            Value::String(text) => f.write_str(text),
            other => write!(f, "{other}"),
        }
    }
}

/// The fields in which two values differ, under a name.
pub(super) fn of_values(field: &str, a: &Value, b: &Value) -> Vec<Changed> {
    let mut out = Vec::new();
    compare(field, a, b, &mut out);
    out
}

fn compare(field: &str, a: &Value, b: &Value, out: &mut Vec<Changed>) {
    match (a, b) {
        (Value::Object(x), Value::Object(y)) => {
            let names: BTreeSet<&String> = x.keys().chain(y.keys()).collect();
            for name in names {
                let inner = if field.is_empty() { name.clone() } else { format!("{field}.{name}") };
                compare(&inner, x.get(name).unwrap_or(&Value::Null), y.get(name).unwrap_or(&Value::Null), out);
            }
        }
        (Value::Array(x), Value::Array(y)) => {
            let n_head = x.iter().zip(y).take_while(|(x, y)| x == y).count();
            let (x, y) = (&x[n_head..], &y[n_head..]);
            let n_tail = x.iter().rev().zip(y.iter().rev()).take_while(|(x, y)| x == y).count();
            let (x, y) = (&x[..x.len() - n_tail], &y[..y.len() - n_tail]);
            for i in 0..x.len().max(y.len()) {
                let inner = format!("{field}[{}]", n_head + i);
                compare(&inner, x.get(i).unwrap_or(&Value::Null), y.get(i).unwrap_or(&Value::Null), out);
            }
        }
        (a, b) if a != b => out.push(Changed::new(field, a.clone(), b.clone())),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(a: &Value, b: &Value) -> Vec<String> {
        of_values("", a, b).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_leaf_that_differs_is_named_by_its_path() {
        let a = json!({"entry": {"long": "close > open"}, "lot": 0.0, "same": [1, 2]});
        let b = json!({"entry": {"long": "close > high", "short": "true"}, "lot": 0.0, "same": [1, 2]});
        assert_eq!(told(&a, &b), ["entry.long: close > open -> close > high", "entry.short: none -> true"]);
        assert!(told(&a, &a).is_empty());
    }

    #[test]
    fn what_is_put_in_between_is_one_difference() {
        let a = json!({"exits": [{"stop": "1"}, {"when": "x"}, {"when": "y"}]});
        let b = json!({"exits": [{"stop": "1"}, {"target": "2"}, {"when": "x"}, {"when": "y"}]});
        assert_eq!(told(&a, &b), [r#"exits[1]: none -> {"target":"2"}"#]);
        assert_eq!(told(&b, &a), [r#"exits[1]: {"target":"2"} -> none"#]);
        let c = json!({"exits": [{"stop": "1"}, {"when": "z"}, {"when": "y"}]});
        assert_eq!(told(&a, &c), ["exits[1].when: x -> z"]);
    }
}
