//! The 101 formulaic alphas of Kakushadze (2016): all are read, compiled and evaluated, and agree with a translation of each
//! by hand into numpy and pandas (`data-fixtures/gen/alphas/alphas.py`).

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use qe_core::calendar::Calendar;
use qe_core::columns::Axis;
use qe_core::panel::Panel;
use qe_core::par::Pool;
use qe_factors::expr::{Schema, compile, parse};

use super::across::says_the_same;
use super::panel_stepper::steps_as_the_panel;

const TEXT: &str = include_str!("alphas/alphas.txt");
const DAY: i64 = 86_400_000_000_000;

fn golden(name: &str) -> Vec<Vec<String>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../data-fixtures/golden/alphas").join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let rows = text.lines().filter(|l| !l.starts_with('#')).skip(1);
    rows.map(|l| l.split(',').map(str::to_owned).collect()).collect()
}

fn header(name: &str) -> Vec<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../data-fixtures/golden/alphas").join(name);
    let text = fs::read_to_string(path).unwrap();
    text.lines().find(|l| !l.starts_with('#')).unwrap().split(',').map(str::to_owned).collect()
}

/// Number and text of each alpha.
fn alphas() -> Vec<(&'static str, &'static str)> {
    let lines = TEXT.lines().filter(|l| !l.starts_with('#') && !l.trim().is_empty());
    lines.map(|l| l.split_once(" = ").unwrap()).collect()
}

fn panel() -> Panel {
    let head = header("panel.csv");
    let (day, name) = ("day", "name");
    let at = |n: &str| head.iter().position(|h| h == n).unwrap();
    let (day, name) = (at(day), at(name));
    let rows = golden("panel.csv");
    let groups = golden("groups.csv");
    let names: Vec<String> = groups.iter().map(|g| g[0].clone()).collect();
    let n = rows.iter().map(|r| r[day].parse::<usize>().unwrap()).max().unwrap() + 1;
    let axis = Axis::instants((0..n as i64).map(|i| i * DAY).collect::<Vec<_>>()).unwrap();
    let mut panel = Panel::new(Calendar::crypto(), axis, names.clone()).unwrap();
    let place: BTreeMap<&str, usize> = names.iter().enumerate().map(|(i, n)| (n.as_str(), i)).collect();
    for (column, field) in head.iter().enumerate().filter(|(c, _)| *c != day && *c != name) {
        let mut matrix = vec![f64::NAN; n * names.len()];
        for row in &rows {
            matrix[place[row[name].as_str()] * n + row[day].parse::<usize>().unwrap()] = row[column].parse().unwrap();
        }
        panel.push(field.clone(), matrix).unwrap();
    }
    for (column, group) in header("groups.csv").iter().enumerate().skip(1) {
        panel.push_group(group.clone(), groups.iter().map(|g| g[column].clone()).collect()).unwrap();
    }
    panel
}

#[test]
fn all_are_read_and_agree_with_translations_by_hand() {
    let alphas = alphas();
    assert_eq!(alphas.iter().map(|a| a.0.parse().unwrap()).collect::<Vec<usize>>(), (1..=101).collect::<Vec<_>>());
    let panel = panel();
    let trees: Vec<_> = alphas.iter().map(|(n, text)| parse(text).unwrap_or_else(|e| panic!("{n}: {e}"))).collect();
    let named: Vec<_> = alphas.iter().map(|a| a.0).zip(&trees).collect();
    let schema = Schema::new(panel.fields().map(str::to_owned));
    let compiled = compile(&named, &schema, None).unwrap_or_else(|e| panic!("{e}"));
    let values = compiled.plan().eval_panel(&panel, &Pool::inline()).unwrap();
    steps_as_the_panel(compiled.plan(), &panel);
    says_the_same(compiled.plan(), &panel);
    let n = panel.n_times();
    let (mut wrong, mut right): (BTreeMap<usize, String>, BTreeMap<usize, usize>) = Default::default();
    for row in golden("expected.csv") {
        let [alpha, day, want] = [0, 1, 3].map(|i| row[i].parse::<f64>().unwrap());
        let (alpha, day) = (alpha as usize, day as usize);
        let got = values[compiled.output(alpha - 1, 0).unwrap()][panel.index_of(&row[2]).unwrap() * n + day];
        if (got.is_nan() && want.is_nan()) || (got - want).abs() <= 1e-9 * want.abs().max(1.0) {
            *right.entry(alpha).or_default() += usize::from(!want.is_nan());
        } else {
            wrong.entry(alpha).or_insert_with(|| format!("day {day}, {}: got {got}, want {want}", row[2]));
        }
    }
    for (i, name) in named.iter().enumerate() {
        let alone =
            compile(&[(name.0, name.1)], &schema, None).unwrap().plan().eval_panel(&panel, &Pool::inline()).unwrap();
        let (got, want) = (&values[compiled.output(i, 0).unwrap()], &alone[0]);
        let is_same = |(a, b): (&f64, &f64)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
        assert!(got.len() == want.len() && got.iter().zip(want).all(is_same), "{} is another one alone", name.0);
    }
    let shown: Vec<String> = wrong.iter().map(|(a, w)| format!("{a}: {w}")).collect();
    assert!(wrong.is_empty(), "{} alphas differ:\n{}", wrong.len(), shown.join("\n"));
    assert!(right.values().filter(|n| **n >= 20).count() >= 90, "too few numbers to compare");
}

#[test]
fn their_canonical_text_means_the_same() {
    for (n, text) in alphas() {
        let tree = parse(text).unwrap();
        let printed = tree.to_string();
        assert_eq!(parse(&printed).unwrap().to_string(), printed, "{n}");
    }
}
