//! `new`: begins a file of a family from its template and enters it in the family's list.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};

use crate::args::{self, Spec, Usage};
use crate::workspace;

/// The text of `cargo xtask new --help`.
pub(crate) const HELP: &str = "\
cargo xtask new FAMILY NAME

Writes a new file of a family from its template, and enters it in the family's list.

  golden AREA/NAME   a script that makes golden numbers: data-fixtures/gen/AREA/NAME.py
  peer NAME          a script that runs peers beside us: benches/peers/NAME.py
";

/// A family of files that begin alike.
pub(crate) struct Family {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its folder.
    pub(crate) dir: &'static str,
    /// The extension of its files.
    extension: &'static str,
    /// How many folders stand before the name: `AREA/NAME` has one.
    depth: usize,
    /// What a file begins with. `{name}`, `{area}` and `{path}` are filled in.
    template: &'static str,
    /// The file with the list, between `<!-- list -->` and `<!-- /list -->`.
    pub(crate) list: &'static str,
}

/// Every family, alphabetical.
pub(crate) const FAMILIES: &[Family] = &[
    Family {
        name: "golden",
        dir: "data-fixtures/gen",
        extension: "py",
        depth: 1,
        template: include_str!("golden.py"),
        list: "data-fixtures/README.md",
    },
    Family {
        name: "peer",
        dir: "benches/peers",
        extension: "py",
        depth: 0,
        template: include_str!("peer.py"),
        list: "benches/peers/README.md",
    },
];

const BEGIN: &str = "<!-- list -->";
const END: &str = "<!-- /list -->";

impl Family {
    /// The names of its files among some paths, sorted. A leading `_` marks a helper, or a folder of them.
    pub(crate) fn names(&self, paths: &[String]) -> Vec<String> {
        let ending = format!(".{}", self.extension);
        let inside = |path: &str| {
            let name = path.strip_prefix(self.dir)?.strip_prefix('/')?.strip_suffix(&ending)?;
            let helper = name.split('/').any(|part| part.starts_with('_'));
            (!helper).then(|| name.to_owned())
        };
        let mut names: Vec<String> = paths.iter().filter_map(|path| inside(path)).collect();
        names.sort();
        names
    }

    /// The line that enters a name in the list.
    pub(crate) fn entry(&self, name: &str) -> String {
        format!("- `{name}`: say here in a few words what it shows")
    }
}

/// The names in a list, with their lines.
pub(crate) fn listed(text: &str) -> Vec<(usize, &str)> {
    let lines = text.lines().enumerate().skip_while(|(_, line)| line.trim() != BEGIN);
    lines
        .take_while(|(_, line)| line.trim() != END)
        .filter_map(|(number, line)| Some((number + 1, line.strip_prefix("- `")?.split_once('`')?.0)))
        .collect()
}

/// Runs `cargo xtask new`.
pub(crate) fn main(words: &[String]) -> anyhow::Result<()> {
    let args = args::parse(words, &Spec { max_words: 2, flags: &[], values: &[] })?;
    let [family, name] = &args.words[..] else {
        let names: Vec<&str> = FAMILIES.iter().map(|family| family.name).collect();
        return Err(Usage(format!("which family and name? Families: {}", names.join(", "))).into());
    };
    for path in create(&workspace::root()?, family, name)? {
        println!("wrote {path}");
    }
    Ok(())
}

/// Writes the file and enters it in the list. Hands back the paths that were written.
fn create(root: &Path, family: &str, name: &str) -> anyhow::Result<Vec<String>> {
    let Some(family) = FAMILIES.iter().find(|known| known.name == family) else {
        let names: Vec<&str> = FAMILIES.iter().map(|family| family.name).collect();
        return Err(args::unknown("family", family, &names).into());
    };
    check_name(family, name)?;
    let path = format!("{}/{name}.{}", family.dir, family.extension);
    let place = root.join(&path);
    if place.exists() {
        bail!("{path} exists already");
    }
    let list = fs::read_to_string(root.join(family.list)).with_context(|| format!("cannot read {}", family.list))?;
    let list = insert(&list, name, &family.entry(name)).with_context(|| format!("{} has no {BEGIN}", family.list))?;
    let (area, last) = name.rsplit_once('/').unwrap_or(("", name));
    let text = family.template.replace("{path}", &path).replace("{area}", area).replace("{name}", last);
    if let Some(dir) = place.parent() {
        fs::create_dir_all(dir)?;
    }
    fs::write(&place, text).with_context(|| format!("cannot write {path}"))?;
    fs::write(root.join(family.list), list).with_context(|| format!("cannot write {}", family.list))?;
    Ok(vec![path, family.list.to_owned()])
}

/// A name is as many snake-case words as its family wants.
fn check_name(family: &Family, name: &str) -> Result<(), Usage> {
    let snake = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase())
            && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let parts: Vec<&str> = name.split('/').collect();
    if parts.len() != family.depth + 1 || !parts.iter().all(|part| snake(part)) {
        let form = if family.depth == 1 { "AREA/NAME, each" } else { "NAME," };
        return Err(Usage(format!("{name:?} does not do for a {}: write {form} in snake_case", family.name)));
    }
    Ok(())
}

/// The list with an entry put in its place, or nothing when there is no list.
fn insert(text: &str, name: &str, entry: &str) -> Option<String> {
    let mut lines: Vec<&str> = text.lines().collect();
    let begin = lines.iter().position(|line| line.trim() == BEGIN)?;
    let end = begin + lines[begin..].iter().position(|line| line.trim() == END)?;
    let after = listed(text).into_iter().find(|(_, listed)| *listed > name).map(|(line, _)| line - 1);
    lines.insert(after.unwrap_or(end), entry);
    Some(lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Tree;

    const EMPTY: &str = "# Head\n\n<!-- list -->\n<!-- /list -->\n\nTail.\n";

    #[test]
    fn every_family_writes_its_file_and_enters_it_in_order() {
        for family in FAMILIES {
            let tree = Tree::new(&[(family.list, EMPTY)]);
            let prefix = "area/".repeat(family.depth);
            for name in ["m", "z", "a"] {
                let written = create(tree.root(), family.name, &format!("{prefix}{name}")).unwrap();
                let text = tree.read(&written[0]);
                assert!(!text.contains("{name}") && !text.contains("{area}") && !text.contains("{path}"), "{text}");
                assert!(text.contains(name));
            }
            let list = tree.read(family.list);
            let names: Vec<&str> = listed(&list).into_iter().map(|(_, name)| name).collect();
            assert_eq!(names, ["a", "m", "z"].map(|name| format!("{prefix}{name}")));
            assert!(list.ends_with("<!-- /list -->\n\nTail.\n"), "{list}");
            assert_eq!(family.names(&tree.workspace().paths), names);
        }
    }

    #[test]
    fn what_cannot_be_is_refused_and_nothing_is_written() {
        let tree = Tree::new(&[("benches/peers/README.md", EMPTY), ("benches/peers/old.py", "kept")]);
        for (family, name, said) in [
            ("peers", "a", "did you mean \"peer\""),
            ("peer", "Bad", "snake_case"),
            ("peer", "a/b", "snake_case"),
            ("peer", "../a", "snake_case"),
            ("golden", "a", "AREA/NAME"),
            ("golden", "a/b", "cannot read data-fixtures/README.md"),
            ("peer", "old", "exists already"),
        ] {
            let error = create(tree.root(), family, name).unwrap_err();
            assert!(format!("{error:#}").contains(said), "{family} {name}: {error:#}");
        }
        assert_eq!(tree.read("benches/peers/README.md"), EMPTY);
        assert_eq!(tree.read("benches/peers/old.py"), "kept");
        assert!(!tree.root().join("data-fixtures").exists());
    }

    #[test]
    fn families_are_alphabetical_and_in_the_help() {
        assert!(FAMILIES.is_sorted_by_key(|family| family.name));
        for family in FAMILIES {
            assert!(HELP.contains(&format!("  {} ", family.name)), "{}", family.name);
        }
    }
}
