//! `environment`: every environment variable that we or a dependency read at run time, read off their sources, as a page.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::args::{self, Spec};
use crate::run;
use crate::workspace;

/// The text of `cargo xtask environment --help`.
pub(crate) const HELP: &str = "\
cargo xtask environment [--check]

Looks through the sources of every crate that `qe` is built of, at the versions of Cargo.lock, for the
environment variables that they name where they read some, and writes the list into docs/environment.md.
They are found by text, so more stand there than are read in our build: object stores are compiled in
and never asked, and what is for other systems is among them.

  --check   write nothing; fail if the page is another one
";

/// The page; what a person wrote ends where the list begins.
const PAGE: &str = "docs/environment.md";
const BEGIN: &str = "<!-- list: cargo xtask environment -->\n";

/// Runs `cargo xtask environment`.
pub(crate) fn main(words: &[String]) -> anyhow::Result<()> {
    let args = args::parse(words, &Spec { max_words: 0, flags: &["--check"], values: &[] })?;
    let root = workspace::root()?;
    let mut cargo = run::cargo(&root);
    cargo.args(["tree", "-p", "qe", "-e", "normal", "--prefix", "none", "--locked", "--format", "{p}"]);
    let tree = run::output(&mut cargo)?;
    let crates: BTreeSet<(String, String)> = tree.lines().filter_map(name_and_version).collect();
    let sources = registry()?;
    let mut readers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, version) in &crates {
        let folder = format!("{name}-{version}");
        let own = root.join("crates").join(name);
        let found = sources.iter().map(|s| s.join(&folder)).find(|path| path.is_dir());
        let Some(folder) = found.or_else(|| own.is_dir().then_some(own)) else {
            bail!("the sources of {folder} are not there; run cargo fetch --locked");
        };
        for variable in variables(&folder.join("src"))? {
            readers.entry(variable).or_default().insert(name.clone());
        }
    }
    let page = root.join(PAGE);
    let text = fs::read_to_string(&page).with_context(|| format!("cannot read {PAGE}"))?;
    let Some((head, _)) = text.split_once(BEGIN) else { bail!("{PAGE} does not have the line {}", BEGIN.trim_end()) };
    let wanted = format!("{head}{BEGIN}{}", table(&readers));
    match (args.has("--check"), wanted == text) {
        (_, true) => Ok(()),
        (true, false) => bail!("{PAGE} is not what the sources say; run cargo xtask environment"),
        (false, false) => fs::write(&page, wanted).with_context(|| format!("cannot write {PAGE}")),
    }
}

/// `name v1.2.3 (path)` as a name and a version.
fn name_and_version(line: &str) -> Option<(String, String)> {
    let mut words = line.split_whitespace();
    let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
    Some((name.to_owned(), version.to_owned()))
}

/// The folders in which cargo keeps sources.
fn registry() -> anyhow::Result<Vec<PathBuf>> {
    let home = match std::env::var_os("CARGO_HOME") {
        Some(home) => PathBuf::from(home),
        None => Path::new(&std::env::var_os("HOME").context("HOME is not set; set CARGO_HOME")?).join(".cargo"),
    };
    let folder = home.join("registry/src");
    let entries = fs::read_dir(&folder).context("cargo keeps no sources; run cargo fetch --locked")?;
    entries.map(|entry| Ok(entry?.path())).collect()
}

/// The variables that the sources below a folder name: in upper case, in quotes, in a file that reads the environment.
fn variables(folder: &Path) -> anyhow::Result<BTreeSet<String>> {
    let mut out = BTreeSet::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                // Programs and tests of theirs are no part of ours.
                if !["bin", "tests", "test", "benches", "examples"].contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if name.ends_with(".rs") && !["test.rs", "tests.rs"].contains(&name.as_str()) {
                // A byte that is no text is in no name.
                let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
                let text = text.split("#[cfg(test)]").next().unwrap_or_default();
                out.extend(in_text(text));
            }
        }
    }
    Ok(out)
}

/// The variables that a text names.
fn in_text(text: &str) -> BTreeSet<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code: Vec<&str> = code.collect();
    let reads = |line: &str| ["env::var", "var_os(", "getenv(", "env_var"].iter().any(|read| line.contains(read));
    if !code.iter().any(|line| reads(line)) {
        return BTreeSet::new();
    }
    // Where names are constants, they stand away from where they are read.
    let is_constant = |line: &str| line.contains("const ") || line.contains("static ");
    let mut out = BTreeSet::new();
    for (i, line) in code.iter().enumerate() {
        let is_near = reads(line) || i.checked_sub(1).is_some_and(|i| reads(code[i]));
        for word in line.split('"').skip(1).step_by(2) {
            let is_name = word.len() > 1
                && word.starts_with(|c: char| c.is_ascii_uppercase())
                && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
            if is_name && (is_near || is_constant(line) || word.starts_with("POLARS_")) && !word.starts_with("CARGO_") {
                out.insert(word.to_owned());
            }
        }
    }
    out
}

fn table(readers: &BTreeMap<String, BTreeSet<String>>) -> String {
    let mut text = "\n| variable | named by |\n| --- | --- |\n".to_owned();
    for (variable, crates) in readers {
        let crates: Vec<&str> = crates.iter().map(String::as_str).collect();
        let _ = writeln!(text, "| `{variable}` | {} |", crates.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_where_something_is_read_and_nowhere_else() {
        let text = r#"
            const DEPTH: &str = "MY_DEPTH";
            // std::env::var("IN_A_COMMENT")
            let a = std::env::var("MY_THREADS").ok();
            let b = std::env::var_os(
                "ON_THE_NEXT_LINE",
            );
            let c = "NO_VARIABLE";
            let d = config("POLARS_SOMETHING");
        "#;
        let found: Vec<String> = in_text(text).into_iter().collect();
        assert_eq!(found, ["MY_DEPTH", "MY_THREADS", "ON_THE_NEXT_LINE", "POLARS_SOMETHING"]);
        assert!(in_text("const A: &str = \"LIKE_A_NAME\";").is_empty());
        assert_eq!(name_and_version("qe v0.1.0 (/somewhere)"), Some(("qe".into(), "0.1.0".into())));
    }
}
