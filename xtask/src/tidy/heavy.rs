//! Heavy dependencies stay in their homes, by manifest and by source, and binaries stay at the top.

use toml::Value;

use super::Finding;
use crate::source;
use crate::workspace::{Dependency, Member, Workspace};

/// A heavy dependency, or several that share a home.
struct Heavy {
    /// The packages, each with those whose names begin with it: `polars` and `polars-core`.
    packages: &'static [&'static str],
    /// The members that may name them in `[dependencies]`.
    homes: &'static [&'static str],
    /// The members that may name them in `[dev-dependencies]`.
    dev_homes: &'static [&'static str],
    /// The feature that must switch them on, in members other than `benches` and `xtask`.
    feature: Option<&'static str>,
    /// Whether a source may name them.
    in_source: fn(&str) -> bool,
    /// The rule in words.
    rule: &'static str,
}

const EVERY_CRATE: &[&str] = &["*"];

const HEAVY: &[Heavy] = &[
    Heavy {
        packages: &["arrow", "parquet", "polars"],
        homes: &["benches", "qe-data", "qe-engine", "qe-factors"],
        dev_homes: &["benches"],
        feature: Some("frame"),
        in_source: is_frame,
        rule: "only qe-data, qe-factors and qe-engine name it, optional behind feature `frame`, in files under a `frame` module, in tests and in benches",
    },
    Heavy {
        packages: &["anyhow", "clap", "indicatif", "tracing-subscriber"],
        homes: &["qe", "xtask"],
        dev_homes: EVERY_CRATE,
        feature: Some("cli"),
        in_source: is_command,
        rule: "only the qe command names it, optional behind feature `cli`, and xtask and examples",
    },
    Heavy {
        packages: &["criterion"],
        homes: &["benches"],
        dev_homes: &["benches"],
        feature: None,
        in_source: |path| path.starts_with("benches/"),
        rule: "only benches measures",
    },
    Heavy {
        packages: &["rayon"],
        homes: &["qe-core"],
        dev_homes: &[],
        feature: None,
        in_source: |path| path == "crates/qe-core/src/par.rs",
        rule: "only crates/qe-core/src/par.rs names it: everything parallel goes through its ordered map",
    },
    Heavy {
        packages: &["rusqlite"],
        homes: &["qe-tracker"],
        dev_homes: &["qe-tracker"],
        feature: None,
        in_source: |path| path.starts_with("crates/qe-tracker/"),
        rule: "only qe-tracker keeps a database",
    },
];

impl Heavy {
    /// Whether a package is one of these, or a part of one.
    fn means(&self, package: &str) -> bool {
        let package = package.replace('_', "-");
        let rest = self.packages.iter().find_map(|name| package.strip_prefix(name));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }
}

/// Whether a source belongs to a `frame` module, to tests or to benches.
fn is_frame(path: &str) -> bool {
    let frame_crate = ["data", "engine", "factors"].iter().any(|name| path.starts_with(&format!("crates/qe-{name}/")));
    let frame = path.contains("/frame/") || path.ends_with("/frame.rs");
    (frame_crate && frame) || path.contains("/tests/") || path.starts_with("benches/")
}

/// Whether a source belongs to a command or is an example.
fn is_command(path: &str) -> bool {
    path == "crates/qe/src/main.rs"
        || path == "crates/qe/src/cli.rs"
        || path.starts_with("crates/qe/src/cli/")
        || path.starts_with("xtask/")
        || path.contains("/examples/")
}

/// Finds direct users of heavy dependencies outside of their homes, and binaries below `qe`.
pub(crate) fn check(ws: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in &ws.members {
        for dependency in member.manifest.dependencies() {
            for heavy in HEAVY.iter().filter(|heavy| heavy.means(&dependency.package)) {
                check_dependency(member, &dependency, heavy, &mut findings);
            }
        }
        check_binaries(ws, member, &mut findings);
    }
    for file in &ws.sources {
        for word in source::words(&file.code).filter(|word| word.names_crate()) {
            for heavy in HEAVY.iter().filter(|heavy| heavy.means(word.text)) {
                if !(heavy.in_source)(&file.path) {
                    findings.push(Finding::new(
                        &file.path,
                        word.line,
                        format!("{} is named here", word.text),
                        heavy.rule,
                    ));
                }
            }
        }
    }
    findings
}

/// Checks one dependency against the homes, and that its feature alone brings it.
fn check_dependency(member: &Member, dependency: &Dependency, heavy: &Heavy, findings: &mut Vec<Finding>) {
    let homes = if dependency.is_dev() { heavy.dev_homes } else { heavy.homes };
    let place = |what: String| Finding::new(&member.manifest.path, dependency.line, what, heavy.rule);
    if homes != EVERY_CRATE && !homes.contains(&member.name.as_str()) {
        findings.push(place(format!("{} names {} in {}", member.name, dependency.package, dependency.section)));
        return;
    }
    let Some(feature) = heavy.feature else { return };
    if dependency.is_dev() || ["benches", "xtask"].contains(&member.name.as_str()) {
        return;
    }
    if !dependency.optional {
        findings.push(place(format!("{} is not optional", dependency.package)));
    }
    let wanted = format!("dep:{}", dependency.key);
    let features = member.manifest.get("features").and_then(Value::as_table);
    for (name, list) in features.into_iter().flatten() {
        let brings = list.as_array().is_some_and(|list| list.iter().any(|item| item.as_str() == Some(&wanted)));
        if brings && name != feature {
            findings.push(place(format!("feature {name:?} brings {}", dependency.package)));
        }
    }
}

/// A crate below `qe` has no binary.
fn check_binaries(ws: &Workspace, member: &Member, findings: &mut Vec<Finding>) {
    if !member.dir.starts_with("crates/") || member.name == "qe" {
        return;
    }
    let mend = "only qe and xtask have binaries: make it a command of qe, or an example";
    if member.manifest.get("bin").is_some() {
        findings.push(Finding::new(
            &member.manifest.path,
            member.manifest.line("bin", "name"),
            "a binary target",
            mend,
        ));
    }
    for path in &ws.paths {
        let inside = member.inside(path).unwrap_or("");
        if inside == "src/main.rs" || inside.starts_with("src/bin/") {
            findings.push(Finding::new(path, 0, "a binary target", mend));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Tree, assert_clean, assert_found, assert_ours_is_clean};

    #[test]
    fn homes_are_clean() {
        let tree = Tree::new(&[
            (
                "crates/qe-data/Cargo.toml",
                "[package]\nname = \"qe-data\"\n[features]\nframe = [\"dep:polars\"]\n[dependencies]\npolars = { workspace = true, optional = true }\n",
            ),
            ("crates/qe-data/src/lib.rs", "//! Speaks of polars.\nconst A: &str = \"polars\"; fn arrow_schema() {}"),
            ("crates/qe-data/src/frame/scan.rs", "use polars::prelude::*;"),
            ("crates/qe-data/tests/it/main.rs", "use polars::prelude::*;"),
            (
                "crates/qe-core/Cargo.toml",
                "[package]\nname = \"qe-core\"\n[dependencies]\nrayon.workspace = true\n[dev-dependencies]\nanyhow.workspace = true\n",
            ),
            ("crates/qe-core/src/par.rs", "use rayon::prelude::*;"),
            ("crates/qe-core/examples/a.rs", "fn main() -> anyhow::Result<()> { Ok(()) }"),
            ("crates/qe/Cargo.toml", "[package]\nname = \"qe\"\n[[bin]]\nname = \"qe\"\n"),
            ("crates/qe/src/main.rs", "fn main() -> anyhow::Result<()> { Ok(()) }"),
        ]);
        assert_clean(&check(&tree.workspace()));
    }

    #[test]
    fn a_heavy_dependency_away_from_home_is_found() {
        let tree = Tree::new(&[
            (
                "crates/qe-core/Cargo.toml",
                "[package]\nname = \"qe-core\"\n[dependencies]\npolars.workspace = true\nanyhow.workspace = true\n[dev-dependencies]\ncriterion.workspace = true\n",
            ),
            ("crates/qe-core/src/frame.rs", "use polars::prelude::*;"),
            ("crates/qe-core/src/rng.rs", "\nuse rayon::join;"),
            (
                "crates/qe-data/Cargo.toml",
                "[package]\nname = \"qe-data\"\n[features]\nframe = []\nextra = [\"dep:arrow-array\"]\n[dependencies]\narrow-array = { workspace = true, optional = true }\npolars.workspace = true\nrusqlite.workspace = true\n",
            ),
            ("crates/qe-data/src/scan.rs", "fn f(x: arrow_array::RecordBatch) -> anyhow::Result<()> {}"),
        ]);
        assert_found(
            &check(&tree.workspace()),
            &[
                ("crates/qe-core/Cargo.toml", 4, "qe-core names polars"),
                ("crates/qe-core/Cargo.toml", 5, "qe-core names anyhow"),
                ("crates/qe-core/Cargo.toml", 7, "qe-core names criterion"),
                ("crates/qe-core/src/frame.rs", 1, "polars is named"),
                ("crates/qe-core/src/rng.rs", 2, "rayon is named"),
                ("crates/qe-data/Cargo.toml", 7, "feature \"extra\" brings arrow-array"),
                ("crates/qe-data/Cargo.toml", 8, "polars is not optional"),
                ("crates/qe-data/Cargo.toml", 9, "qe-data names rusqlite"),
                ("crates/qe-data/src/scan.rs", 1, "arrow_array is named"),
                ("crates/qe-data/src/scan.rs", 1, "anyhow is named"),
            ],
        );
    }

    #[test]
    fn a_binary_below_qe_is_found() {
        let tree = Tree::new(&[
            ("crates/qe-data/Cargo.toml", "[package]\nname = \"qe-data\"\n[[bin]]\nname = \"x\"\n"),
            ("crates/qe-data/src/main.rs", "fn main() {}"),
            ("crates/qe-data/src/bin/y.rs", "fn main() {}"),
        ]);
        assert_found(
            &check(&tree.workspace()),
            &[
                ("crates/qe-data/Cargo.toml", 4, "binary"),
                ("crates/qe-data/src/main.rs", 0, "binary"),
                ("crates/qe-data/src/bin/y.rs", 0, "binary"),
            ],
        );
    }

    #[test]
    fn ours_is_clean() {
        assert_ours_is_clean(check);
    }
}
