//! Points of a strategy's parameters from what was typed: `--set`, a grid, or random draws.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use qe_core::param::{Kind, Param, Value};
use qe_core::point::PointTable;
use qe_core::rng::Stream;

/// The values of `--set NAME=VALUE`, checked against the parameters that there are.
pub(crate) fn fixed(sets: &[String], params: &[Param]) -> Result<BTreeMap<String, Value>> {
    let mut out = BTreeMap::new();
    for text in sets {
        let Some((name, value)) = text.split_once('=') else {
            bail!("--set {text}: it does not say which value; write NAME=VALUE, such as --set period=20");
        };
        let (name, value) = (name.trim(), value.trim());
        let Some(param) = params.iter().find(|p| p.name == name) else {
            return Err(qe_core::Error::unknown("parameter", name, params.iter().map(|p| p.name.as_str())).into());
        };
        let value = param.check(&typed(value, &param.kind))?;
        if out.insert(name.to_owned(), value).is_some() {
            bail!("--set {text}: {name} is set twice; set it once");
        }
    }
    Ok(out)
}

/// A value as it was typed; what is none of the parameter's kind stays a text, which its check refuses.
fn typed(text: &str, kind: &Kind) -> Value {
    let whole = || text.parse().ok().map(Value::Int);
    let number = || text.parse().ok().map(Value::Float);
    let value = match kind {
        Kind::Int { .. } | Kind::Float { .. } => whole().or_else(number),
        Kind::Bool => text.parse().ok().map(Value::Bool),
        Kind::Choice { .. } => None,
    };
    value.unwrap_or_else(|| Value::Text(text.to_owned()))
}

/// Every combination of the parameters that are not fixed, in the order of the parameters.
pub(crate) fn grid(params: &[Param], fixed: &BTreeMap<String, Value>, most: u64) -> Result<PointTable> {
    let free: Vec<Param> = params.iter().filter(|p| !fixed.contains_key(&p.name)).cloned().collect();
    if let Some(param) = free.iter().find(|p| p.n_values().is_none()) {
        let name = &param.name;
        bail!(
            "{name}: any number from its least to its greatest is allowed, so it has no grid; fix it with --set \
             {name}={}, give it a step, or draw --points N",
            param.default
        );
    }
    let n = free.iter().fold(1_u64, |n, p| n.saturating_mul(p.n_values().unwrap_or(1)));
    if n > most {
        bail!(
            "the grid has {n} points, more than --max-points {most}; draw --points N, fix some with --set, or allow \
             more"
        );
    }
    let grid = PointTable::grid(free.clone(), most)?;
    let mut out = PointTable::new(params.to_vec())?;
    for row in 0..grid.len() {
        let at = |p: &Param| free.iter().position(|f| f.name == p.name);
        let value = |p: &Param| match at(p) {
            Some(idx) => grid.value(row, idx),
            None => fixed.get(&p.name).cloned(),
        };
        let values: Vec<Value> = params.iter().filter_map(value).collect();
        out.push(row as u64, &values)?;
    }
    Ok(out)
}

/// Random draws of the parameters that are not fixed, each point from a stream of its own; and how many of the draws
/// were points that had been drawn before, and were left out.
pub(crate) fn draws(params: &[Param], fixed: &BTreeMap<String, Value>, n: u64, seed: u64) -> Result<(PointTable, u64)> {
    let mut out = PointTable::new(params.to_vec())?;
    let mut seen = BTreeSet::new();
    let first = Stream::new(seed, "sweep.points", 0);
    for id in 0..n {
        let mut stream = first.sibling(id);
        let value = |p: &Param| {
            // Each parameter takes its number, fixed or not: fixing one leaves the others as they were drawn.
            let unit = stream.uniform();
            fixed.get(&p.name).cloned().unwrap_or_else(|| p.from_unit(unit))
        };
        let values: Vec<Value> = params.iter().map(value).collect();
        let key: Vec<String> = values.iter().map(ToString::to_string).collect();
        if seen.insert(key) {
            out.push(id, &values)?;
        }
    }
    let n_repeated = n - out.len() as u64;
    Ok((out, n_repeated))
}

/// The values of a point by name.
pub(crate) fn by_name(points: &PointTable, row: usize) -> BTreeMap<String, Value> {
    let values = points.row(row).unwrap_or_default();
    points.params().iter().map(|p| p.name.clone()).zip(values).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params() -> Vec<Param> {
        vec![
            Param::int("fast", 1, 9, 3),
            Param::float("mult", 0.5, 4.0, 2.0),
            Param::bool("short", false),
            Param::choice("exit", ["stop", "trail"], "stop"),
        ]
    }

    fn set(texts: &[&str]) -> Result<BTreeMap<String, Value>> {
        let texts: Vec<String> = texts.iter().map(|t| (*t).to_owned()).collect();
        fixed(&texts, &params())
    }

    #[test]
    fn values_are_read_as_their_parameters_want_them() {
        let got = set(&["fast=5.0", "mult=1", "short=true", "exit=trail"]).unwrap();
        assert_eq!((&got["fast"], &got["mult"]), (&Value::Int(5), &Value::Float(1.0)));
        assert_eq!((&got["short"], &got["exit"]), (&Value::Bool(true), &Value::from("trail")));
        for (texts, part) in [
            (&["fast"][..], "write NAME=VALUE"),
            (&["fats=3"], "did you mean \"fast\""),
            (&["fast=10"], "a whole number from 1 to 9"),
            (&["fast=x"], "parameter fast: x is not allowed"),
            (&["fast=2.5"], "a whole number from 1 to 9"),
            (&["mult=NaN"], "a number from 0.5 to 4"),
            (&["short=1"], "give true or false"),
            (&["exit=none"], "one of stop, trail"),
            (&["fast=1", "fast=2"], "is set twice"),
        ] {
            let said = set(texts).unwrap_err().to_string();
            assert!(said.contains(part), "{texts:?}: {said}");
        }
    }

    #[test]
    fn a_grid_keeps_what_is_fixed_and_turns_the_rest() {
        let table = grid(&params(), &set(&["mult=1.5"]).unwrap(), 36).unwrap();
        assert_eq!(table.len(), 36);
        assert_eq!(table.row(1).unwrap(), [1.into(), 1.5.into(), false.into(), "trail".into()]);
        assert!(grid(&params(), &BTreeMap::new(), 99).unwrap_err().to_string().contains("--set mult=2.0"));
        let said = grid(&params(), &set(&["mult=1"]).unwrap(), 35).unwrap_err().to_string();
        assert!(said.contains("36 points, more than --max-points 35"), "{said}");
    }

    #[test]
    fn draws_are_the_same_again_and_none_stands_twice() {
        let none = BTreeMap::new();
        let (a, _) = draws(&params(), &none, 50, 7).unwrap();
        let (b, _) = draws(&params(), &none, 20, 7).unwrap();
        assert_eq!(a.slice(0..20), b, "more draws leave the first as they were");
        assert_ne!(draws(&params(), &none, 20, 8).unwrap().0, b);
        let held = set(&["mult=1", "short=false", "exit=stop"]).unwrap();
        let (few, n_repeated) = draws(&params(), &held, 200, 7).unwrap();
        assert_eq!((few.len(), n_repeated), (9, 191));
        assert_eq!(few.value(0, 0), a.value(0, 0), "what is free is drawn as before");
    }
}
