//! A service that embeds the kernels compiles no dataframe library, and few crates at all.

use std::collections::BTreeSet;

use super::Finding;
use crate::run;
use crate::workspace::Workspace;

/// The crates that must be light, with the features they are looked at with.
const LIGHT: &[(&str, &[&str])] = &[
    ("qe-core", &[]),
    ("qe-data", &["--no-default-features"]),
    ("qe-engine", &["--no-default-features"]),
    ("qe-factors", &["--no-default-features"]),
];

/// Beginnings of names that must not be in their trees.
const HEAVY: &[&str] = &["arrow", "parquet", "polars"];

/// A light tree has fewer crates than this, itself included.
const LIMIT: usize = 60;

/// Asks cargo for the tree of each light crate that exists, and judges it.
pub(crate) fn check(ws: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (package, features) in LIGHT {
        let Some(member) = ws.member(package) else { continue };
        let mut command = run::cargo(&ws.root);
        command.args(["tree", "--offline", "--locked", "-e", "normal", "--prefix", "none", "-p", package]);
        match run::output(command.args(*features)) {
            Ok(tree) => findings.extend(judge(&member.manifest.path, package, &tree)),
            Err(error) => {
                let mend = "fetch what Cargo.lock names (`cargo fetch --locked`) and look again";
                findings.push(Finding::new(&member.manifest.path, 0, format!("{error:#}"), mend));
            }
        }
    }
    findings
}

/// Judges the tree of a package, as `cargo tree --prefix none` prints it.
fn judge(path: &str, package: &str, tree: &str) -> Vec<Finding> {
    let lines = tree.lines().map(|line| line.split_whitespace().take(2).collect::<Vec<_>>());
    let crates: BTreeSet<Vec<&str>> = lines.filter(|words| words.len() == 2).collect();
    let mut findings = Vec::new();
    if !crates.iter().any(|words| words[0] == package) {
        findings.push(Finding::new(path, 0, "the tree does not name its own root", "see what `cargo tree` prints"));
    }
    let heavy: Vec<&str> = crates.iter().map(|words| words[0]).filter(|name| is_heavy(name)).collect();
    if !heavy.is_empty() {
        let what = format!("{package} without frames compiles {}", heavy.join(", "));
        findings.push(Finding::new(path, 0, what, "make the dependency optional, behind feature `frame`"));
    }
    if crates.len() >= LIMIT {
        let what = format!("{package} without frames compiles {} crates", crates.len());
        findings.push(Finding::new(path, 0, what, format!("stay under {LIMIT}: do without, or write it ourselves")));
    }
    findings
}

/// Whether a package belongs to a dataframe library. `arrayvec` does not, `arrow-data` does.
fn is_heavy(name: &str) -> bool {
    HEAVY
        .iter()
        .any(|heavy| name.strip_prefix(heavy).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_'])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_clean, assert_found, assert_ours_is_clean};

    #[test]
    fn a_small_tree_is_clean() {
        assert_clean(&judge("p", "qe-core", "qe-core v0.1.0 (path)\nlibm v0.2.1\nlibm v0.2.1 (*)\narrayref v1.0.0\n"));
    }

    #[test]
    fn frames_are_found_however_deep() {
        let tree = "qe-data v0.1.0 (path)\npolars-core v0.55.2\narrow-array v59.3.0\n";
        assert_found(&judge("p", "qe-data", tree), &[("p", 0, "compiles arrow-array, polars-core")]);
    }

    #[test]
    fn too_many_crates_are_found_and_repeats_do_not_count() {
        let of = |n: usize| (0..n).map(|i| format!("c{i} v1.0.0\nc{i} v1.0.0 (*)\n")).collect::<String>();
        assert_clean(&judge("p", "c0", &of(LIMIT - 1)));
        assert_found(&judge("p", "c0", &of(LIMIT)), &[("p", 0, "compiles 60 crates")]);
    }

    #[test]
    fn an_empty_tree_is_not_a_clean_one() {
        assert_found(&judge("p", "qe-core", ""), &[("p", 0, "own root")]);
    }

    #[test]
    fn ours_is_clean() {
        assert_ours_is_clean(check);
    }
}
