//! Goldens agree with their manifest, say where they come from, and can be made again.

use super::Finding;
use crate::golden;
use crate::workspace::Workspace;

const REWRITE: &str = "look at the change, then run `cargo xtask fixtures --manifest`";

/// Finds goldens that are missing, extra, changed, without a header or without a generator.
pub(crate) fn check(ws: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    let manifest = match golden::read_manifest(ws) {
        Ok(manifest) => manifest,
        Err(error) => return vec![Finding::new(golden::MANIFEST, 0, format!("{error:#}"), REWRITE)],
    };
    for entry in manifest.file.iter().filter(|entry| !ws.has(&entry.path)) {
        let what = format!("{} is listed and missing", entry.path);
        findings.push(Finding::new(golden::MANIFEST, 0, what, REWRITE));
    }
    for path in golden::paths(ws) {
        let text = ws.read(path).unwrap_or_default();
        check_header(ws, path, &text, &mut findings);
        let Some(entry) = manifest.file.iter().find(|entry| entry.path == path) else {
            findings.push(Finding::new(path, 0, "not in the manifest", REWRITE));
            continue;
        };
        // A header that cannot be read was reported just now.
        let Ok(found) = golden::entry(ws, path) else { continue };
        if found != *entry {
            let what = format!("changed: {} bytes, was {} bytes", found.bytes, entry.bytes);
            findings.push(Finding::new(path, 0, what, REWRITE));
        }
    }
    findings
}

/// The header names its source with a version, a generator that exists, and a tolerance.
fn check_header(ws: &Workspace, path: &str, text: &str, findings: &mut Vec<Finding>) {
    for name in golden::FIELDS {
        if golden::field(text, name).is_none() {
            let mend = format!("let the generator write a line `# {name}: …` at its head");
            findings.push(Finding::new(path, 1, format!("the header has no {name}"), mend));
        }
    }
    if let Some(source) = golden::field(text, "source").filter(|source| !source.contains(|c: char| c.is_ascii_digit()))
    {
        let what = format!("the source {source:?} has no version, year or page");
        findings.push(Finding::new(path, 1, what, "say which version, or which edition and page"));
    }
    let generator = golden::generator(text);
    if let Some(generator) = generator.filter(|path| !path.starts_with(golden::GEN_DIR) || !ws.has(path)) {
        let what = format!("the generator {generator:?} is no script under {}", golden::GEN_DIR);
        let mend = "commit the script that makes this file, and name it from the root";
        findings.push(Finding::new(path, 1, what, mend));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Tree, assert_clean, assert_found, assert_ours_is_clean};

    const GOOD: &str = "# source: TA-Lib 0.8.2\n# generator: data-fixtures/gen/a/x.py\n# tolerance: 1e-12\nx\n1\n";

    fn tree() -> Tree {
        let tree = Tree::new(&[("data-fixtures/gen/a/x.py", ""), ("data-fixtures/golden/a/x.csv", GOOD)]);
        golden::write_manifest(&tree.workspace()).unwrap();
        tree
    }

    #[test]
    fn goldens_as_listed_are_clean() {
        assert_clean(&check(&tree().workspace()));
    }

    #[test]
    fn one_changed_digit_is_found() {
        let tree = tree();
        tree.write("data-fixtures/golden/a/x.csv", &GOOD.replace("x\n1", "x\n2"));
        assert_found(&check(&tree.workspace()), &[("data-fixtures/golden/a/x.csv", 0, "changed")]);
    }

    #[test]
    fn missing_and_extra_are_found() {
        let tree = tree();
        tree.write("data-fixtures/golden/a/y.csv", GOOD);
        std::fs::remove_file(tree.root().join("data-fixtures/golden/a/x.csv")).unwrap();
        assert_found(
            &check(&tree.workspace()),
            &[
                (golden::MANIFEST, 0, "a/x.csv is listed and missing"),
                ("data-fixtures/golden/a/y.csv", 0, "not in the manifest"),
            ],
        );
    }

    #[test]
    fn a_poor_header_is_found() {
        let tree = Tree::new(&[
            ("data-fixtures/golden/a/x.csv", "x\n1\n"),
            ("data-fixtures/golden/a/y.csv", "# source: somebody\n# generator: gone.py\n# tolerance: 0\n"),
        ]);
        assert_found(
            &check(&tree.workspace()),
            &[
                ("data-fixtures/golden/a/x.csv", 1, "no source"),
                ("data-fixtures/golden/a/x.csv", 1, "no generator"),
                ("data-fixtures/golden/a/x.csv", 1, "no tolerance"),
                ("data-fixtures/golden/a/x.csv", 0, "not in the manifest"),
                ("data-fixtures/golden/a/y.csv", 1, "no version"),
                ("data-fixtures/golden/a/y.csv", 1, "\"gone.py\" is no script"),
                ("data-fixtures/golden/a/y.csv", 0, "not in the manifest"),
            ],
        );
    }

    #[test]
    fn a_broken_manifest_is_found() {
        let tree = Tree::new(&[(golden::MANIFEST, "[[file]]\npath = 1\n")]);
        assert_found(&check(&tree.workspace()), &[(golden::MANIFEST, 0, "cannot be read")]);
    }

    #[test]
    fn ours_is_clean() {
        assert_ours_is_clean(check);
    }
}
