//! Every indicator agrees with numbers that somebody else computed.
//!
//! `data-fixtures/golden/indicators/bars.csv` is the input; `NAME.csv` beside it holds a column for each output and each
//! set of parameters: `NAME.OUTPUT@param=value;param=value`, or `NAME@…` where there is one output. A column `in:NAME`
//! is an input of its own, for what does not read bars. The tolerance of the header is relative to the larger of 1 and
//! the value.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use qe_core::param::Value;
use qe_factors::indicators::{ALL, Signature, compute};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../data-fixtures/golden/indicators")
}

struct Table {
    tolerance: f64,
    columns: BTreeMap<String, Vec<f64>>,
}

fn read(name: &str) -> Table {
    let path = folder().join(format!("{name}.csv"));
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let tolerance = text.lines().find_map(|l| l.strip_prefix("# tolerance: ")).unwrap();
    let tolerance = tolerance.split([' ', ',']).next().unwrap().parse().unwrap();
    let mut lines = text.lines().filter(|l| !l.starts_with('#'));
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let mut columns = vec![Vec::new(); names.len()];
    for line in lines {
        for (column, cell) in columns.iter_mut().zip(line.split(',')) {
            column.push(cell.parse::<f64>().unwrap());
        }
    }
    Table { tolerance, columns: names.iter().map(|n| (*n).to_owned()).zip(columns).collect() }
}

fn parameters(text: &str) -> Vec<(&str, Value)> {
    let value = |v: &str| match (v.parse::<i64>(), v.parse::<f64>(), v.parse::<bool>()) {
        (Ok(v), ..) => Value::Int(v),
        (_, Ok(v), _) => Value::Float(v),
        (_, _, Ok(v)) => Value::Bool(v),
        _ => Value::Text(v.to_owned()),
    };
    text.split(';').filter(|p| !p.is_empty()).map(|p| p.split_once('=').unwrap()).map(|(n, v)| (n, value(v))).collect()
}

fn check(signature: &Signature, bars: &Table) {
    let table = read(signature.name);
    let input = |name: &str, default: Option<&str>| -> &[f64] {
        let own = table.columns.get(&format!("in:{name}"));
        own.or_else(|| bars.columns.get(default.unwrap_or(name))).unwrap_or_else(|| panic!("no input {name}"))
    };
    let inputs: Vec<&[f64]> = signature.inputs.iter().map(|i| input(i.name, i.default)).collect();
    let mut seen = vec![0; signature.outputs.len()];
    for (head, want) in table.columns.iter().filter(|(h, _)| !h.starts_with("in:")) {
        let (name, params) = head.split_once('@').unwrap_or((head, ""));
        let output = name.strip_prefix(signature.name).unwrap().trim_start_matches('.');
        let output = if output.is_empty() { signature.name } else { output };
        let j = signature.outputs.iter().position(|o| *o == output).unwrap_or_else(|| panic!("no output {output}"));
        let indicator = signature.with(&parameters(params)).unwrap();
        let got = &compute(signature, indicator.as_ref(), &inputs).unwrap()[j];
        assert_eq!(got.len(), want.len(), "{head}");
        for (row, (g, w)) in got.iter().zip(want).enumerate() {
            let close = (g.is_nan() && w.is_nan()) || (g - w).abs() <= table.tolerance * w.abs().max(1.0);
            assert!(close, "{head}, row {row}: got {g}, want {w}");
        }
        assert!(want.iter().filter(|w| !w.is_nan()).count() > 50, "{head}: too few numbers");
        seen[j] += 1;
    }
    assert!(seen.iter().all(|n| *n > 0), "{}: an output without a golden", signature.name);
}

#[test]
fn every_indicator_agrees_with_its_golden_and_every_golden_has_its_indicator() {
    let bars = read("bars");
    ALL.iter().for_each(|signature| check(signature, &bars));
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        assert!(stem == "bars" || ALL.iter().any(|s| s.name == stem), "{stem} is no indicator");
    }
}
