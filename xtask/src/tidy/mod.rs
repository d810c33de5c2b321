//! The rules of the house, each a function over the workspace; `cargo test` runs them all.

mod fixtures;
mod headers;
mod heavy;
mod kernels;
mod layers;
mod lists;
mod manifests;
mod readme;
mod unsafety;

use std::fmt;

use crate::args::{self, Spec};
use crate::workspace::Workspace;

pub(crate) use readme::command_block;

/// The text of `cargo xtask tidy --help`.
pub(crate) const HELP: &str = "\
cargo xtask tidy [CHECK] [--list]

Checks the rules of the house and prints what breaks them, with the mend.
With a name, runs that check alone. --list says which there are.
";

/// Something that breaks a rule.
#[derive(Debug)]
pub(crate) struct Finding {
    /// The file, from the root.
    pub(crate) path: String,
    /// The line, or 0 when the whole file is meant.
    pub(crate) line: usize,
    /// What is wrong.
    pub(crate) what: String,
    /// What to do.
    pub(crate) mend: String,
}

impl Finding {
    /// A finding at a line.
    pub(crate) fn new(path: &str, line: usize, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into(), mend: mend.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        write!(f, ": {}; {}", self.what, self.mend)
    }
}

/// A rule with its name.
struct Check {
    name: &'static str,
    about: &'static str,
    run: fn(&Workspace) -> Vec<Finding>,
}

/// Every check, alphabetical.
const CHECKS: &[Check] = &[
    Check { name: "fixtures", about: "goldens, their manifest and their generators agree", run: fixtures::check },
    Check { name: "headers", about: "every file says what it is, nothing is left to do", run: headers::check },
    Check { name: "heavy", about: "heavy dependencies stay in their homes", run: heavy::check },
    Check { name: "kernels", about: "without frames, no dataframe library is compiled", run: kernels::check },
    Check { name: "layers", about: "crates depend strictly downward", run: layers::check },
    Check { name: "lists", about: "every file is declared, in order", run: lists::check },
    Check { name: "manifests", about: "one list of versions, one set of facts", run: manifests::check },
    Check { name: "readme", about: "commands and links of the documents hold", run: readme::check },
    Check { name: "unsafe", about: "unsafe code only where it is listed and reasoned", run: unsafety::check },
];

/// Runs `cargo xtask tidy`.
pub(crate) fn main(words: &[String]) -> anyhow::Result<()> {
    let args = args::parse(words, &Spec { max_words: 1, flags: &["--list"], values: &[] })?;
    if args.has("--list") {
        CHECKS.iter().for_each(|check| println!("{:<12}{}", check.name, check.about));
        return Ok(());
    }
    let wanted = args.words.first();
    if let Some(name) = wanted.filter(|name| CHECKS.iter().all(|check| check.name != **name)) {
        let names: Vec<&str> = CHECKS.iter().map(|check| check.name).collect();
        return Err(args::unknown("check", name, &names).into());
    }
    let ws = Workspace::ours()?;
    let mut total = 0;
    for check in CHECKS.iter().filter(|check| wanted.is_none_or(|name| name == check.name)) {
        let findings = (check.run)(&ws);
        println!("{:<12}{}", check.name, if findings.is_empty() { "clean" } else { "" });
        findings.iter().for_each(|finding| println!("  {finding}"));
        total += findings.len();
    }
    anyhow::ensure!(total == 0, "{total} findings");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_alphabetical() {
        assert!(CHECKS.is_sorted_by_key(|check| check.name));
    }

    #[test]
    fn a_finding_names_its_place_and_the_mend() {
        assert_eq!(Finding::new("a.rs", 3, "no header", "write one").to_string(), "a.rs:3: no header; write one");
        assert_eq!(Finding::new("a.rs", 0, "no header", "write one").to_string(), "a.rs: no header; write one");
    }
}
