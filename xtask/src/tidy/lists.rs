//! Every file is declared, declarations are in order, and a family's list names every leaf.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use toml::Value;

use super::Finding;
use crate::new;
use crate::source::{self, ModLine};
use crate::workspace::{Source, Workspace};

/// A folder whose leaves all stand in one list.
struct Family {
    /// The folder.
    dir: &'static str,
    /// The file that declares and lists them.
    list: &'static str,
}

/// The families of Rust leaves, alphabetical. Each leaf is used in the list as `leaf::`.
const FAMILIES: &[Family] = &[
    Family { dir: "crates/qe-engine/src/catalog/entries", list: "crates/qe-engine/src/catalog/entries/mod.rs" },
    Family { dir: "crates/qe-engine/src/catalog/exits", list: "crates/qe-engine/src/catalog/exits/mod.rs" },
    Family { dir: "crates/qe-engine/src/catalog/filters", list: "crates/qe-engine/src/catalog/filters/mod.rs" },
    Family { dir: "crates/qe-engine/src/catalog/sizers", list: "crates/qe-engine/src/catalog/sizers/mod.rs" },
    Family { dir: "crates/qe-engine/src/metrics", list: "crates/qe-engine/src/metrics/mod.rs" },
    Family { dir: "crates/qe-factors/src/indicators", list: "crates/qe-factors/src/indicators/mod.rs" },
    Family { dir: "crates/qe-factors/src/ops", list: "crates/qe-factors/src/ops/mod.rs" },
    Family { dir: "xtask/src/tidy", list: "xtask/src/tidy/mod.rs" },
];

/// Finds files that no `mod` reaches, `mod` lines out of order, and leaves missing in their list.
pub(crate) fn check(ws: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    check_reached(ws, &mut findings);
    for file in &ws.sources {
        check_order(&file.path, &source::mod_lines(&file.text, &file.code), &mut findings);
    }
    for family in FAMILIES {
        check_family(ws, family, &mut findings);
    }
    check_benches(ws, &mut findings);
    check_scaffolds(ws, &mut findings);
    findings
}

/// Walks the `mod` lines from every crate root and reports the files that were not met.
fn check_reached(ws: &Workspace, findings: &mut Vec<Finding>) {
    let mut reached: BTreeSet<String> = BTreeSet::new();
    let mut open: Vec<(&Source, String)> = Vec::new();
    for file in &ws.sources {
        if let Some(dir) = is_root(ws, &file.path) {
            reached.insert(file.path.clone());
            open.push((file, dir));
        }
    }
    while let Some((file, dir)) = open.pop() {
        for line in source::mod_lines(&file.text, &file.code) {
            let places = [format!("{dir}/{}.rs", line.name), format!("{dir}/{}/mod.rs", line.name)];
            let next = ws.sources.iter().find(|source| places.contains(&source.path));
            if let Some(next) = next.filter(|next| reached.insert(next.path.clone())) {
                open.push((next, format!("{dir}/{}", line.name)));
            }
        }
    }
    for file in &ws.sources {
        let checked = ws
            .owner(&file.path)
            .and_then(|member| member.inside(&file.path))
            .is_some_and(|inside| inside.starts_with("src/") || inside.starts_with("tests/"));
        if checked && !reached.contains(&file.path) {
            let mend = "declare it with `mod` in the file above it, or remove it";
            findings.push(Finding::new(&file.path, 0, "no `mod` reaches this file", mend));
        }
    }
}

/// The folder of a crate root's modules, if the file is a crate root.
fn is_root(ws: &Workspace, path: &str) -> Option<String> {
    let inside = ws.owner(path)?.inside(path)?;
    let (dir, _) = path.rsplit_once('/')?;
    let parts: Vec<&str> = inside.split('/').collect();
    let root = matches!(
        parts[..],
        ["src", "lib.rs" | "main.rs"]
            | ["src", "bin", _]
            | ["src", "bin", _, "main.rs"]
            | ["tests" | "benches" | "examples", _]
            | ["tests" | "benches" | "examples", _, "main.rs"]
    );
    root.then(|| dir.to_owned())
}

/// Reports the first line of each block of `mod` lines that stands out of order.
fn check_order(path: &str, lines: &[ModLine], findings: &mut Vec<Finding>) {
    for pair in lines.windows(2) {
        let [before, after] = pair else { continue };
        if before.block == after.block && compare(&before.name, &after.name) == Ordering::Greater {
            let what = format!("`mod {}` stands after `mod {}`", after.name, before.name);
            findings.push(Finding::new(path, after.line, what, "order them alphabetically, as rustfmt does"));
        }
    }
}

/// The order in which rustfmt puts names: `_` first, runs of digits by their number.
fn compare(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let (Some(x), Some(y)) = (a.chars().next(), b.chars().next()) else { return a.len().cmp(&b.len()) };
        if x.is_ascii_digit() && y.is_ascii_digit() {
            let (x, rest_a) = a.split_at(a.find(|c: char| !c.is_ascii_digit()).unwrap_or(a.len()));
            let (y, rest_b) = b.split_at(b.find(|c: char| !c.is_ascii_digit()).unwrap_or(b.len()));
            let (x, y) = (x.trim_start_matches('0'), y.trim_start_matches('0'));
            match x.len().cmp(&y.len()).then(x.cmp(y)) {
                Ordering::Equal => (a, b) = (rest_a, rest_b),
                unequal => return unequal,
            }
        } else if x == y {
            (a, b) = (&a[x.len_utf8()..], &b[y.len_utf8()..]);
        } else {
            return (x != '_').cmp(&(y != '_')).then(x.cmp(&y));
        }
    }
}

/// Reports the leaves of a family that its list does not use.
fn check_family(ws: &Workspace, family: &Family, findings: &mut Vec<Finding>) {
    let Some(list) = ws.sources.iter().find(|file| file.path == family.list) else {
        if ws.sources.iter().any(|file| file.path.starts_with(&format!("{}/", family.dir))) {
            findings.push(Finding::new(family.list, 0, "the list of the family is missing", "write it"));
        }
        return;
    };
    for file in &ws.sources {
        let leaf = file.path.strip_prefix(family.dir).and_then(|rest| rest.strip_prefix('/')?.strip_suffix(".rs"));
        let Some(leaf) = leaf.filter(|leaf| !leaf.contains('/') && file.path != family.list) else { continue };
        let used = source::words(&list.code).any(|word| {
            word.text == leaf && word.after.starts_with("::") && !word.before.trim_start().starts_with("pub(crate) use")
        });
        if !used {
            let what = format!("{leaf} is not in the list of {}", family.list);
            findings.push(Finding::new(&file.path, 0, what, "add it to the list"));
        }
    }
}

/// Every criterion bench has its entry without the standard harness, and every entry its file.
fn check_benches(ws: &Workspace, findings: &mut Vec<Finding>) {
    let Some(benches) = ws.members.iter().find(|member| member.dir == "benches") else { return };
    let entries = benches.manifest.get("bench").and_then(Value::as_array);
    let mut named: Vec<&str> = Vec::new();
    for entry in entries.into_iter().flatten() {
        let name = entry.get("name").and_then(Value::as_str).unwrap_or("");
        named.push(name);
        let line = benches.manifest.text.lines().position(|text| text.contains(&format!("name = \"{name}\"")));
        let line = line.map_or(0, |line| line + 1);
        let mut find = |what: &str, mend: &str| {
            findings.push(Finding::new(&benches.manifest.path, line, format!("bench {name:?} {what}"), mend));
        };
        if entry.get("harness").and_then(Value::as_bool) != Some(false) {
            find("runs in the standard harness", "write `harness = false`: criterion brings its own");
        }
        if !ws.has(&format!("benches/benches/{name}.rs")) {
            find("has no file", "write benches/benches/NAME.rs, or take the entry out");
        }
    }
    if let Some(pair) = named.windows(2).find(|pair| pair[0] > pair[1]) {
        let what = format!("bench {:?} stands after {:?}", pair[1], pair[0]);
        findings.push(Finding::new(&benches.manifest.path, 0, what, "order the benches alphabetically"));
    }
    for path in &ws.paths {
        let name = path.strip_prefix("benches/benches/").and_then(|name| name.strip_suffix(".rs"));
        if let Some(name) = name.filter(|name| !name.contains('/') && !named.contains(name)) {
            let mend = "add `[[bench]]` with its name and `harness = false` to benches/Cargo.toml";
            findings.push(Finding::new(path, 0, format!("bench {name:?} has no entry"), mend));
        }
    }
}

/// The lists that `cargo xtask new` keeps agree with the folders they list.
fn check_scaffolds(ws: &Workspace, findings: &mut Vec<Finding>) {
    for family in new::FAMILIES {
        let files = family.names(&ws.paths);
        let Some(text) = ws.read(family.list) else {
            if !files.is_empty() {
                findings.push(Finding::new(family.list, 0, "the list of the family is missing", "write it"));
            }
            continue;
        };
        let listed: Vec<(usize, &str)> = new::listed(&text);
        for name in files.iter().filter(|name| listed.iter().all(|(_, listed)| listed != name)) {
            let mend = format!("add `{}`", family.entry(name));
            findings.push(Finding::new(family.list, 0, format!("{name} is not listed"), mend));
        }
        for (line, name) in listed.iter().filter(|(_, name)| !files.iter().any(|file| file == name)) {
            findings.push(Finding::new(family.list, *line, format!("{name} is listed and has no file"), "take it out"));
        }
        if let Some(pair) = listed.windows(2).find(|pair| pair[0].1 > pair[1].1) {
            let what = format!("{} stands after {}", pair[1].1, pair[0].1);
            findings.push(Finding::new(family.list, pair[1].0, what, "order the list alphabetically"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Tree, assert_clean, assert_found, assert_ours_is_clean};

    const MANIFEST: (&str, &str) = ("crates/a/Cargo.toml", "[package]\nname = \"a\"\n");

    #[test]
    fn declared_and_ordered_is_clean() {
        let tree = Tree::new(&[
            MANIFEST,
            ("crates/a/src/lib.rs", "mod b;\n/// Why.\npub mod c;\n\nmod a;\n#[cfg(test)]\nmod tests { }\n"),
            ("crates/a/src/a.rs", "mod deep;"),
            ("crates/a/src/a/deep.rs", ""),
            ("crates/a/src/b.rs", ""),
            ("crates/a/src/c/mod.rs", "mod x_1;\nmod x2;\nmod x10;"),
            ("crates/a/src/c/x_1.rs", ""),
            ("crates/a/src/c/x2.rs", ""),
            ("crates/a/src/c/x10.rs", ""),
            ("crates/a/tests/it/main.rs", "mod one;"),
            ("crates/a/tests/it/one.rs", ""),
            ("crates/a/examples/demo.rs", ""),
        ]);
        assert_clean(&check(&tree.workspace()));
    }

    #[test]
    fn orphans_and_disorder_are_found() {
        let tree = Tree::new(&[
            MANIFEST,
            ("crates/a/src/lib.rs", "mod c;\npub mod b;\n// mod d;\n"),
            ("crates/a/src/b.rs", ""),
            ("crates/a/src/b/lost.rs", ""),
            ("crates/a/src/c.rs", ""),
            ("crates/a/src/d.rs", ""),
            ("crates/a/tests/it/main.rs", ""),
            ("crates/a/tests/it/one.rs", ""),
        ]);
        assert_found(
            &check(&tree.workspace()),
            &[
                ("crates/a/src/lib.rs", 2, "`mod b` stands after `mod c`"),
                ("crates/a/src/b/lost.rs", 0, "no `mod` reaches"),
                ("crates/a/src/d.rs", 0, "no `mod` reaches"),
                ("crates/a/tests/it/one.rs", 0, "no `mod` reaches"),
            ],
        );
    }

    #[test]
    fn a_leaf_that_its_list_forgets_is_found() {
        let tree = Tree::new(&[
            ("xtask/Cargo.toml", "[package]\nname = \"xtask\"\n"),
            ("xtask/src/main.rs", "mod tidy;"),
            ("xtask/src/tidy/mod.rs", "mod a;\nmod b;\npub(crate) use b::x;\nconst ALL: &[F] = &[a::check];"),
            ("xtask/src/tidy/a.rs", ""),
            ("xtask/src/tidy/b.rs", ""),
        ]);
        assert_found(&check(&tree.workspace()), &[("xtask/src/tidy/b.rs", 0, "not in the list")]);
    }

    #[test]
    fn benches_and_their_entries_must_match() {
        let tree = Tree::new(&[
            (
                "benches/Cargo.toml",
                "[package]\nname = \"benches\"\n[[bench]]\nname = \"b\"\nharness = false\n[[bench]]\nname = \"a\"\n",
            ),
            ("benches/benches/a.rs", ""),
            ("benches/benches/c.rs", ""),
        ]);
        assert_found(
            &check(&tree.workspace()),
            &[
                ("benches/Cargo.toml", 4, "has no file"),
                ("benches/Cargo.toml", 7, "standard harness"),
                ("benches/Cargo.toml", 0, "stands after"),
                ("benches/benches/c.rs", 0, "has no entry"),
            ],
        );
    }

    #[test]
    fn lists_of_scripts_must_match_their_folders() {
        let list = "# Peers\n<!-- list -->\n- `w2`: x\n- `w1`: x\n- `gone`: x\n<!-- /list -->\n";
        let tree = Tree::new(&[
            ("benches/peers/README.md", list),
            ("benches/peers/_common.py", ""),
            ("benches/peers/_w/part.py", ""),
            ("benches/peers/w1.py", ""),
            ("benches/peers/w2.py", ""),
            ("benches/peers/w3.py", ""),
        ]);
        assert_found(
            &check(&tree.workspace()),
            &[
                ("benches/peers/README.md", 0, "w3 is not listed"),
                ("benches/peers/README.md", 5, "gone is listed"),
                ("benches/peers/README.md", 4, "stands after"),
            ],
        );
    }

    #[test]
    fn names_are_ordered_as_rustfmt_orders_them() {
        for (a, b) in [("a", "b"), ("a", "ab"), ("a_b", "ab"), ("x2", "x10"), ("a_1", "a1"), ("p9", "p10_a")] {
            assert_eq!(compare(a, b), Ordering::Less, "{a} {b}");
            assert_eq!(compare(b, a), Ordering::Greater, "{b} {a}");
        }
        assert_eq!(compare("same", "same"), Ordering::Equal);
    }

    #[test]
    fn ours_is_clean() {
        assert_ours_is_clean(check);
    }
}
