//! One list of versions, one set of facts: members take both from the workspace.

use toml::Value;

use super::Finding;
use crate::workspace::{Member, Workspace};

/// What members take from the workspace.
const INHERITED: [&str; 4] = ["edition", "license", "repository", "rust-version"];

/// Finds versions outside of the list, facts not inherited, idle entries, and a toolchain that differs.
pub(crate) fn check(ws: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in &ws.members {
        check_dependencies(member, &mut findings);
        check_package(ws, member, &mut findings);
    }
    check_idle(ws, &mut findings);
    check_toolchain(ws, &mut findings);
    findings
}

/// Every dependency takes its version from the workspace.
fn check_dependencies(member: &Member, findings: &mut Vec<Finding>) {
    for dependency in member.manifest.dependencies() {
        let inherited = dependency.value.get("workspace") == Some(&Value::Boolean(true));
        if !inherited {
            let what = format!("{} states its own version or place in {}", dependency.key, dependency.section);
            let mend = "put it into [workspace.dependencies] and write `workspace = true`";
            findings.push(Finding::new(&member.manifest.path, dependency.line, what, mend));
        }
    }
}

/// Every member inherits the facts and the lints, describes itself, and has a readme if published.
fn check_package(ws: &Workspace, member: &Member, findings: &mut Vec<Finding>) {
    let manifest = &member.manifest;
    let mut find = |key: &str, what: String, mend: String| {
        findings.push(Finding::new(&manifest.path, manifest.line("package", key), what, mend));
    };
    for key in INHERITED {
        if manifest.get(&format!("package.{key}.workspace")) != Some(&Value::Boolean(true)) {
            find(key, format!("{key} is not the workspace's"), format!("write `{key}.workspace = true`"));
        }
    }
    let description = manifest.get("package.description").and_then(Value::as_str).unwrap_or("");
    if description.trim().is_empty() {
        find("description", "no description".to_owned(), "say in one line what the crate is".to_owned());
    }
    if manifest.get("lints.workspace") != Some(&Value::Boolean(true)) {
        find(
            "lints",
            "the lints are not the workspace's".to_owned(),
            "write `[lints]` and `workspace = true`".to_owned(),
        );
    }
    if member.is_published() {
        let readme = manifest.get("package.readme").and_then(Value::as_str).unwrap_or("README.md");
        if !ws.has(&format!("{}/{readme}", member.dir)) {
            find("readme", format!("{readme} does not exist"), "write it: the registry shows it".to_owned());
        }
    }
}

/// Every entry of the list of versions has a user.
fn check_idle(ws: &Workspace, findings: &mut Vec<Finding>) {
    let listed = ws.manifest.get("workspace.dependencies").and_then(Value::as_table);
    for name in listed.into_iter().flat_map(|table| table.keys()) {
        let used = ws.members.iter().any(|member| member.manifest.dependencies().iter().any(|d| d.key == *name));
        if !used {
            let line = ws.manifest.line("workspace.dependencies", name);
            findings.push(Finding::new(
                "Cargo.toml",
                line,
                format!("no member uses {name}"),
                "take it out of the list",
            ));
        }
    }
}

/// The toolchain is the version that the workspace promises.
fn check_toolchain(ws: &Workspace, findings: &mut Vec<Finding>) {
    const PATH: &str = "rust-toolchain.toml";
    let Some(text) = ws.read(PATH) else {
        findings.push(Finding::new(PATH, 0, "no pinned toolchain", "write the file with a channel"));
        return;
    };
    let table = text.parse::<toml::Table>().unwrap_or_default();
    let channel = table.get("toolchain").and_then(|toolchain| toolchain.get("channel")).and_then(Value::as_str);
    let promised = ws.manifest.get("workspace.package.rust-version").and_then(Value::as_str).unwrap_or("");
    let same = channel
        .and_then(|channel| channel.strip_prefix(promised))
        .is_some_and(|rest| !promised.is_empty() && (rest.is_empty() || rest.starts_with('.')));
    if !same {
        let what = format!("channel {:?} is not rust-version {promised:?} of Cargo.toml", channel.unwrap_or(""));
        findings.push(Finding::new(PATH, 0, what, "let both say the same version"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Tree, assert_clean, assert_found, assert_ours_is_clean};

    const ROOT: (&str, &str) = (
        "Cargo.toml",
        "[workspace]\nmembers = [\"crates/*\"]\n[workspace.package]\nrust-version = \"1.95\"\n[workspace.dependencies]\nlibm = \"0.2\"\n",
    );
    const TOOLCHAIN: (&str, &str) = ("rust-toolchain.toml", "[toolchain]\nchannel = \"1.95.0\"\n");
    const GOOD: &str = "[package]\nname = \"a\"\ndescription = \"A.\"\nedition.workspace = true\nlicense.workspace = true\n\
                        repository.workspace = true\nrust-version.workspace = true\n[dependencies]\nlibm.workspace = true\n\
                        [lints]\nworkspace = true\n";

    #[test]
    fn inherited_is_clean() {
        let tree = Tree::new(&[ROOT, TOOLCHAIN, ("crates/a/Cargo.toml", GOOD), ("crates/a/README.md", "")]);
        assert_clean(&check(&tree.workspace()));
    }

    #[test]
    fn versions_outside_of_the_list_are_found() {
        let text = format!(
            "{GOOD}[dev-dependencies]\nx = \"1\"\n[target.'cfg(unix)'.dependencies]\ny = {{ version = \"1\" }}\nz = {{ path = \"../z\" }}\n"
        );
        let tree = Tree::new(&[ROOT, TOOLCHAIN, ("crates/a/Cargo.toml", &text), ("crates/a/README.md", "")]);
        assert_found(
            &check(&tree.workspace()),
            &[
                ("crates/a/Cargo.toml", 13, "x states"),
                ("crates/a/Cargo.toml", 15, "y states"),
                ("crates/a/Cargo.toml", 16, "z states"),
            ],
        );
    }

    #[test]
    fn missing_facts_are_found_and_an_unpublished_member_needs_no_readme() {
        let poor = "[package]\nname = \"b\"\nedition = \"2024\"\npublish = false\n";
        let tree = Tree::new(&[ROOT, TOOLCHAIN, ("crates/a/Cargo.toml", GOOD), ("crates/b/Cargo.toml", poor)]);
        assert_found(
            &check(&tree.workspace()),
            &[
                ("crates/a/Cargo.toml", 1, "README.md does not exist"),
                ("crates/b/Cargo.toml", 3, "edition"),
                ("crates/b/Cargo.toml", 1, "license"),
                ("crates/b/Cargo.toml", 1, "repository"),
                ("crates/b/Cargo.toml", 1, "rust-version"),
                ("crates/b/Cargo.toml", 1, "no description"),
                ("crates/b/Cargo.toml", 1, "lints"),
            ],
        );
    }

    #[test]
    fn idle_entries_and_another_toolchain_are_found() {
        let tree = Tree::new(&[ROOT, ("rust-toolchain.toml", "[toolchain]\nchannel = \"1.951.0\"\n")]);
        assert_found(
            &check(&tree.workspace()),
            &[("Cargo.toml", 6, "no member uses libm"), ("rust-toolchain.toml", 0, "1.951.0")],
        );
    }

    #[test]
    fn ours_is_clean() {
        assert_ours_is_clean(check);
    }
}
