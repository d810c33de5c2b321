//! Reading golden tables, and the little generator that both the tables and the tests know. Tests only.
//!
//! A table is CSV under `data-fixtures/golden/stats/`, with `#` lines that name source, version and tolerance.
//! Data sets that are too long to store are made by the same linear congruential generator on both sides:
//! `s = s * 6364136223846793005 + 1442695040888963407`, value `(s >> 11) / 2^53 + offset`, from `s = 42`.

use std::collections::BTreeMap;

/// One row of a table, by column name.
#[derive(Debug)]
pub(crate) struct Row(BTreeMap<String, String>);

impl Row {
    /// A cell as text.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).unwrap_or_else(|| panic!("no column {name}"))
    }

    /// A cell as a number (`nan` and `inf` are read too).
    pub(crate) fn num(&self, name: &str) -> f64 {
        self.text(name).parse().unwrap()
    }

    /// A cell that holds numbers separated by blanks.
    pub(crate) fn nums(&self, name: &str) -> Vec<f64> {
        self.text(name).split_whitespace().map(|t| t.parse().unwrap()).collect()
    }
}

/// The rows of a table; an empty table fails.
pub(crate) fn rows(csv: &str) -> Vec<Row> {
    let mut lines = csv.lines().filter(|l| !l.starts_with('#') && !l.is_empty());
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let rows: Vec<Row> = lines
        .map(|l| {
            let cells: Vec<&str> = l.split(',').collect();
            assert_eq!(cells.len(), names.len(), "{l}");
            Row(names.iter().zip(cells).map(|(n, c)| ((*n).to_owned(), c.to_owned())).collect())
        })
        .collect();
    assert!(!rows.is_empty());
    rows
}

/// Uniform numbers in [offset, offset + 1).
pub(crate) fn lcg(n: usize, offset: f64) -> Vec<f64> {
    let mut s: u64 = 42;
    let mut next = || {
        s = s.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (s >> 11) as f64 / (1u64 << 53) as f64 + offset
    };
    (0..n).map(|_| next()).collect()
}

/// Asserts that two numbers agree to a relative and absolute tolerance; NaN agrees with NaN.
#[track_caller]
pub(crate) fn close(got: f64, want: f64, tol: f64, what: &dyn std::fmt::Debug) {
    let same = got == want || (got.is_nan() && want.is_nan());
    assert!(same || (got - want).abs() <= tol * want.abs().max(1.0), "{what:?}: got {got:e}, want {want:e}");
}

/// Asserts that two numbers agree to a relative tolerance alone.
#[track_caller]
pub(crate) fn close_rel(got: f64, want: f64, tol: f64, what: &dyn std::fmt::Debug) {
    let same = got == want || (got.is_nan() && want.is_nan());
    assert!(same || (got - want).abs() <= tol * want.abs(), "{what:?}: got {got:e}, want {want:e}");
}
