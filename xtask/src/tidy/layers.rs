//! Crates depend strictly downward, and sources name only the crates that their manifest names.

use std::collections::BTreeSet;

use super::Finding;
use crate::source;
use crate::workspace::{Member, Workspace};

/// The crates from the bottom to the top. Those of one row do not know each other.
const LAYERS: &[&[&str]] = &[
    &["qe-core"],
    &["qe-data"],
    &["qe-factors"],
    &["qe-engine"],
    &["qe-options"],
    &["qe-optimize"],
    &["qe-validate"],
    &["qe-tracker"],
    &["qe-models", "qe-agents"],
    &["qe"],
    &["benches"],
];

/// The tool that depends on none of ours.
const TOOL: &str = "xtask";

/// The row of a crate, counted from the bottom.
fn layer(name: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&name))
}

/// Finds every name that points upward or sideways, and every name without its manifest's word.
pub(crate) fn check(ws: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in &ws.members {
        if member.name != TOOL && layer(&member.name).is_none() {
            findings.push(Finding::new(
                &member.manifest.path,
                member.manifest.line("package", "name"),
                format!("{} has no place among the layers", member.name),
                "give it a row in LAYERS of xtask/src/tidy/layers.rs, or take it out",
            ));
            continue;
        }
        check_manifest(member, &mut findings);
        check_sources(ws, member, &mut findings);
    }
    findings
}

/// Whether a name is one of our libraries, whether it exists already or not.
fn is_ours(name: &str) -> bool {
    name != "benches" && layer(name).is_some()
}

/// Checks what a manifest names.
fn check_manifest(member: &Member, findings: &mut Vec<Finding>) {
    for dependency in member.manifest.dependencies() {
        let name = dependency.package.as_str();
        let ours = is_ours(name) || name.starts_with("qe-") || name == TOOL || name == "benches";
        if !ours || layer(name).is_some_and(|below| layer(&member.name).is_some_and(|own| below < own)) {
            continue;
        }
        let mend = if member.name == TOOL {
            "xtask depends on none of our crates".to_owned()
        } else {
            format!("{} may name only the crates below it", member.name)
        };
        let what = format!("{} names {name} in {}", member.name, dependency.section);
        findings.push(Finding::new(&member.manifest.path, dependency.line, what, mend));
    }
}

/// Checks what sources name, both ways.
fn check_sources(ws: &Workspace, member: &Member, findings: &mut Vec<Finding>) {
    let declared: Vec<_> = member.manifest.dependencies();
    let mut named = BTreeSet::new();
    for source in &ws.sources {
        if member.inside(&source.path).is_none() {
            continue;
        }
        for word in source::words(&source.code) {
            let package = word.text.replace('_', "-");
            if !is_ours(&package) || !word.names_crate() || package == member.name {
                continue;
            }
            if !declared.iter().any(|dependency| dependency.package == package) {
                findings.push(Finding::new(
                    &source.path,
                    word.line,
                    format!("the source names {}, the manifest of {} does not", word.text, member.name),
                    "declare the dependency if it points down, else move the code up",
                ));
            }
            named.insert(package);
        }
    }
    for dependency in declared.iter().filter(|d| is_ours(&d.package) && !named.contains(&d.package)) {
        findings.push(Finding::new(
            &member.manifest.path,
            dependency.line,
            format!("{} is declared in {}, and no source names it", dependency.package, dependency.section),
            "an edge that is not needed is not drawn: take it out",
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Tree, assert_clean, assert_found, assert_ours_is_clean};

    const CORE: (&str, &str) = ("crates/qe-core/Cargo.toml", "[package]\nname = \"qe-core\"\n");

    #[test]
    fn downward_is_clean() {
        let tree = Tree::new(&[
            CORE,
            (
                "crates/qe-data/Cargo.toml",
                "[package]\nname = \"qe-data\"\n[dependencies]\nqe-core.workspace = true\nserde.workspace = true\n",
            ),
            (
                "crates/qe-data/src/lib.rs",
                "//! Uses `qe_engine::x` in a comment.\nuse qe_core::a;\nlet qe = self.qe::<u8>;",
            ),
            ("crates/qe/Cargo.toml", "[package]\nname = \"qe\"\n[dependencies]\nqe-data.workspace = true\n"),
            ("crates/qe/src/main.rs", "use qe::prelude; use qe_data as data;"),
            ("benches/Cargo.toml", "[package]\nname = \"benches\"\n[dev-dependencies]\nqe.workspace = true\n"),
            ("benches/benches/b.rs", "fn main() { qe::run(); }"),
        ]);
        assert_clean(&check(&tree.workspace()));
    }

    #[test]
    fn upward_sideways_and_unknown_are_found() {
        let tree = Tree::new(&[
            (
                "crates/qe-core/Cargo.toml",
                "[package]\nname = \"qe-core\"\n[dev-dependencies]\nqe-data.workspace = true\n[target.'cfg(unix)'.dependencies]\nx = { package = \"qe\", workspace = true }\n",
            ),
            ("crates/qe-core/src/lib.rs", "use qe_data::a;\nfn f() { qe::b() }\n"),
            (
                "crates/qe-models/Cargo.toml",
                "[package]\nname = \"qe-models\"\n[dependencies]\nqe-agents.workspace = true\n",
            ),
            ("crates/qe-models/src/lib.rs", "use qe_agents::a;"),
            ("crates/qe-new/Cargo.toml", "[package]\nname = \"qe-new\"\n"),
            ("xtask/Cargo.toml", "[package]\nname = \"xtask\"\n[dependencies]\nqe-core.workspace = true\n"),
            ("xtask/src/main.rs", "use qe_core as _;"),
        ]);
        assert_found(
            &check(&tree.workspace()),
            &[
                ("crates/qe-core/Cargo.toml", 4, "qe-core names qe-data in dev-dependencies"),
                ("crates/qe-core/Cargo.toml", 6, "qe-core names qe in target."),
                ("crates/qe-models/Cargo.toml", 4, "qe-models names qe-agents"),
                ("crates/qe-new/Cargo.toml", 2, "no place"),
                ("xtask/Cargo.toml", 4, "xtask depends on none"),
            ],
        );
    }

    #[test]
    fn sources_and_manifests_must_match() {
        let tree = Tree::new(&[
            CORE,
            ("crates/qe-core/src/lib.rs", "use qe_engine::plan;\n\nfn f() { ::qe_data::x() }"),
            ("crates/qe-data/Cargo.toml", "[package]\nname = \"qe-data\"\n[dependencies]\nqe-core.workspace = true\n"),
            ("crates/qe-data/src/lib.rs", "// qe_core\n"),
        ]);
        assert_found(
            &check(&tree.workspace()),
            &[
                ("crates/qe-core/src/lib.rs", 1, "qe_engine"),
                ("crates/qe-core/src/lib.rs", 3, "qe_data"),
                ("crates/qe-data/Cargo.toml", 4, "no source names it"),
            ],
        );
    }

    #[test]
    fn ours_is_clean() {
        assert_ours_is_clean(check);
    }
}
