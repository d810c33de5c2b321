//! Unsafe code stands only in files listed here, each place with its reason.

use super::Finding;
use crate::source::{self, Word};
use crate::workspace::{Source, Workspace};

/// The files that may hold unsafe code, alphabetical.
const ALLOWED: &[&str] = &[
    "benches/src/counting.rs",
    "crates/qe-core/src/compare.rs",
    "crates/qe-core/src/compare/coarse.rs",
    "crates/qe-core/src/lanes/x86.rs",
    "crates/qe-core/src/places.rs",
    "crates/qe-core/src/wide.rs",
    "crates/qe-engine/tests/memory/counting.rs",
];

/// Finds every other way to unsafe code than `#[expect(unsafe_code, reason = "…")]` in a listed file.
pub(crate) fn check(ws: &Workspace) -> Vec<Finding> {
    check_against(ws, ALLOWED)
}

/// The check against any list of files.
fn check_against(ws: &Workspace, allowed: &[&str]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let level = ws.manifest.get("workspace.lints.rust.unsafe_code").and_then(toml::Value::as_str);
    if !matches!(level, Some("deny" | "forbid")) {
        let line = ws.manifest.line("workspace.lints.rust", "unsafe_code");
        findings.push(Finding::new("Cargo.toml", line, "unsafe code is not denied", "write `unsafe_code = \"deny\"`"));
    }
    for file in &ws.sources {
        let mut expected = false;
        for word in source::words(&file.code).filter(|word| word.text == "unsafe_code") {
            if !is_reasoned_expect(file, word) {
                let mend = "write `#[expect(unsafe_code, reason = \"…\")]` on the item";
                findings.push(Finding::new(&file.path, word.line, "unsafe code is let in without a reason", mend));
            } else if !allowed.contains(&file.path.as_str()) {
                let mend = "do without, or add the file to ALLOWED of xtask/src/tidy/unsafety.rs";
                findings.push(Finding::new(&file.path, word.line, "unsafe code in a file that is not listed", mend));
            }
            expected = true;
        }
        if !expected && allowed.contains(&file.path.as_str()) {
            let mend = "take it out of ALLOWED of xtask/src/tidy/unsafety.rs";
            findings.push(Finding::new(&file.path, 0, "listed for unsafe code and has none", mend));
        }
    }
    for path in allowed.iter().filter(|path| !ws.has(path)) {
        let mend = "take it out of ALLOWED of xtask/src/tidy/unsafety.rs";
        findings.push(Finding::new(path, 0, "listed for unsafe code and does not exist", mend));
    }
    findings
}

/// Whether the word stands in an outer `#[expect(…)]` that also has a reason with words in it.
fn is_reasoned_expect(file: &Source, word: Word<'_>) -> bool {
    let lines: Vec<&str> = file.code.lines().collect();
    let mut before = lines[..word.line - 1].join("\n");
    before.push('\n');
    before.push_str(word.before);
    let attribute = before.rfind("#[").or_else(|| before.rfind("#![")).map(|at| &before[at..]);
    let expect = attribute.is_some_and(|text| text.starts_with("#[expect(") && !text.contains(']'));
    let mut after = word.after.to_owned();
    for line in &lines[word.line..] {
        after.push('\n');
        after.push_str(line);
    }
    let inside = after.split(']').next().unwrap_or("");
    let reason = inside.split_once("reason").and_then(|(_, rest)| rest.split('"').nth(1));
    expect && reason.is_some_and(|text| text.len() > 3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Tree, assert_clean, assert_found, assert_ours_is_clean};

    const ROOT: (&str, &str) =
        ("Cargo.toml", "[workspace]\nmembers = [\"crates/*\"]\n[workspace.lints.rust]\nunsafe_code = \"deny\"\n");
    const FFI: &str = "#[expect(\n    unsafe_code,\n    reason = \"the C data interface\"\n)]\nfn f() {}\n\
                       #[expect(unsafe_code, reason = \"again\")]\nfn g() {}\n";

    #[test]
    fn a_reasoned_expect_in_a_listed_file_is_clean() {
        let tree = Tree::new(&[ROOT, ("a.rs", "// unsafe_code\n"), ("ffi.rs", FFI)]);
        assert_clean(&check_against(&tree.workspace(), &["ffi.rs"]));
    }

    #[test]
    fn every_other_way_is_found() {
        let tree = Tree::new(&[
            ROOT,
            ("a.rs", "#![allow(unsafe_code)]\n#[allow(unsafe_code, reason = \"a reason\")]\nfn f() {}\n"),
            ("b.rs", "#[expect(unsafe_code)]\nfn f() {}\n#[expect(unsafe_code, reason = \"\")]\nfn g() {}\n"),
            ("c.rs", "#![expect(unsafe_code, reason = \"a reason\")]\n"),
            ("ffi.rs", FFI),
            ("idle.rs", ""),
        ]);
        assert_found(
            &check_against(&tree.workspace(), &["gone.rs", "idle.rs"]),
            &[
                ("a.rs", 1, "without a reason"),
                ("a.rs", 2, "without a reason"),
                ("b.rs", 1, "without a reason"),
                ("b.rs", 3, "without a reason"),
                ("c.rs", 1, "without a reason"),
                ("ffi.rs", 2, "not listed"),
                ("ffi.rs", 6, "not listed"),
                ("gone.rs", 0, "does not exist"),
                ("idle.rs", 0, "has none"),
            ],
        );
    }

    #[test]
    fn a_root_that_does_not_deny_is_found() {
        let tree = Tree::new(&[]);
        assert_found(&check_against(&tree.workspace(), &[]), &[("Cargo.toml", 0, "not denied")]);
    }

    #[test]
    fn ours_is_clean() {
        assert_ours_is_clean(check);
    }
}
