//! Every source file opens with a sentence about itself, and nothing is left to do or passed over.

use super::Finding;
use crate::source::{self, Word};
use crate::workspace::Workspace;

/// Finds files without a header, `todo!`, `unimplemented!` and `#[ignore]`.
pub(crate) fn check(ws: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &ws.sources {
        if wants_header(&file.path) && !has_header(&file.text) {
            findings.push(Finding::new(
                &file.path,
                1,
                "no header",
                "begin the file with `//!` and at least one sentence about what it is",
            ));
        }
        for word in source::words(&file.code) {
            if let Some((what, mend)) = unfinished(word) {
                findings.push(Finding::new(&file.path, word.line, what, mend));
            }
        }
    }
    findings
}

/// Whether a file must have a header: our sources and benches, tests and examples apart.
fn wants_header(path: &str) -> bool {
    let crate_source = path.strip_prefix("crates/").and_then(|path| path.split_once('/'));
    crate_source.is_some_and(|(_, inside)| inside.starts_with("src/"))
        || path.starts_with("xtask/src/")
        || path.starts_with("benches/")
}

/// Whether a text opens with a `//!` block that holds a sentence: three words and a full stop.
fn has_header(text: &str) -> bool {
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    let header = lines.map(str::trim).collect::<Vec<_>>().join(" ");
    let placeholder = header.trim().to_lowercase().starts_with("to come");
    let enough = header.split_whitespace().count() >= 3;
    enough && !placeholder && (header.contains(". ") || header.trim_end().ends_with(['.', '?', '!']))
}

/// What a word leaves undone.
fn unfinished(word: Word<'_>) -> Option<(String, &'static str)> {
    let bang = word.after.starts_with('!') && !word.after.starts_with("!=");
    match word.text {
        "todo" | "unimplemented" if bang => {
            Some((format!("{}! is left", word.text), "write it, or return an error that says what is missing"))
        }
        "ignore" if word.before.trim_end().ends_with("#[") || in_cfg_attr(word) => {
            Some(("an ignored test".to_owned(), "make it run, or take it out"))
        }
        _ => None,
    }
}

/// Whether the word ends a `#[cfg_attr(…, ignore)]`.
fn in_cfg_attr(word: Word<'_>) -> bool {
    word.before.contains("cfg_attr(") && word.before.trim_end().ends_with(',')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Tree, assert_clean, assert_found, assert_ours_is_clean};

    #[test]
    fn good_headers_are_clean() {
        let tree = Tree::new(&[
            ("crates/a/src/lib.rs", "//! What this is.\n#![allow(x)]\n// todo!\nconst A: &str = \"todo!()\";\n"),
            ("crates/a/src/b.rs", "//! # Title\n//!\n//! It says a thing. And\n//! more\n"),
            ("crates/a/tests/it/main.rs", "fn helper(ignore: bool, todo: bool) { if todo != ignore {} }"),
            ("benches/src/lib.rs", "//! Shared by the benches.\n"),
        ]);
        assert_clean(&check(&tree.workspace()));
    }

    #[test]
    fn missing_empty_and_placeholder_headers_are_found() {
        let tree = Tree::new(&[
            ("crates/a/src/lib.rs", "fn f() {}\n"),
            ("crates/a/src/b.rs", "//! To come.\n"),
            ("crates/a/src/c.rs", "//! two words\n"),
            ("crates/a/src/d.rs", "\n//! What this is.\n"),
            ("benches/benches/e.rs", "// What this is.\n"),
            ("xtask/src/main.rs", "fn main() {}\n"),
        ]);
        assert_found(
            &check(&tree.workspace()),
            &[
                ("crates/a/src/lib.rs", 1, "no header"),
                ("crates/a/src/b.rs", 1, "no header"),
                ("crates/a/src/c.rs", 1, "no header"),
                ("crates/a/src/d.rs", 1, "no header"),
                ("benches/benches/e.rs", 1, "no header"),
                ("xtask/src/main.rs", 1, "no header"),
            ],
        );
    }

    #[test]
    fn what_is_left_undone_is_found() {
        let tree = Tree::new(&[
            ("crates/a/src/lib.rs", "//! What this is.\nfn f() { todo!() }\nfn g() { unimplemented!() }\n"),
            (
                "crates/a/tests/it/main.rs",
                "#[test]\n#[ignore]\nfn f() {}\n#[ignore = \"slow\"]\nfn g() {}\n#[cfg_attr(x, ignore)]\nfn h() {}\n",
            ),
        ]);
        assert_found(
            &check(&tree.workspace()),
            &[
                ("crates/a/src/lib.rs", 2, "todo!"),
                ("crates/a/src/lib.rs", 3, "unimplemented!"),
                ("crates/a/tests/it/main.rs", 2, "ignored"),
                ("crates/a/tests/it/main.rs", 4, "ignored"),
                ("crates/a/tests/it/main.rs", 6, "ignored"),
            ],
        );
    }

    #[test]
    fn ours_is_clean() {
        assert_ours_is_clean(check);
    }
}
