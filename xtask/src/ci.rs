//! `ci`: the steps of `.ci/run` after its installation, stopping at the first that fails.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use crate::args::{self, Spec};
use crate::run;
use crate::tidy::command_block;
use crate::workspace;

/// The text of `cargo xtask ci --help`.
pub(crate) const HELP: &str = "\
cargo xtask ci

Runs what .ci/run runs once everything is installed: format, lints, the README's test command, docs,
and the README's run command into a folder under target. Stops at the first step that fails.
";

/// A step that is the same on every machine.
pub(crate) struct FixedStep {
    name: &'static str,
    words: &'static [&'static str],
    env: Option<(&'static str, &'static str)>,
}

impl FixedStep {
    /// The step as one types it, its environment left out.
    pub(crate) fn shown(&self) -> String {
        format!("cargo {}", self.words.join(" "))
    }

    /// The step as a command.
    fn command(&self, root: &Path) -> Command {
        let mut command = run::cargo(root);
        command.args(self.words).envs(self.env);
        command
    }
}

/// The steps beside the README's commands: format, lints, docs.
pub(crate) const FIXED_STEPS: [FixedStep; 3] = [
    FixedStep { name: "format", words: &["fmt", "--all", "--check"], env: None },
    FixedStep {
        name: "lint",
        words: &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"],
        env: None,
    },
    FixedStep {
        name: "docs",
        words: &["doc", "--workspace", "--no-deps", "--locked"],
        env: Some(("RUSTDOCFLAGS", "-D warnings")),
    },
];

/// Runs `cargo xtask ci`.
pub(crate) fn main(words: &[String]) -> anyhow::Result<()> {
    args::parse(words, &Spec { max_words: 0, flags: &[], values: &[] })?;
    let root = workspace::root()?;
    let readme = std::fs::read_to_string(root.join("README.md")).context("cannot read README.md")?;
    let test = readme_command(&root, &readme, "test")?;
    let smoke = readme_command(&root, &readme, "run")?;
    let [format, lint, docs] = &FIXED_STEPS;
    for step in [format, lint] {
        run::step(step.name, &mut step.command(&root))?;
    }
    run::step("test", &mut words_to_command(&root, &test))?;
    run::step(docs.name, &mut docs.command(&root))?;
    run::step("run", &mut words_to_command(&root, &into_target(&smoke)))
}

/// The README's command, as words after `cargo`.
fn readme_command(root: &Path, readme: &str, name: &str) -> anyhow::Result<Vec<String>> {
    let (_, command) = command_block(readme, name)
        .with_context(|| format!("{} marks no command to {name}", root.join("README.md").display()))?;
    let mut words = command.split_whitespace().map(str::to_owned);
    anyhow::ensure!(
        words.next().as_deref() == Some("cargo"),
        "the README's command to {name} is not cargo's: {command}"
    );
    Ok(words.collect())
}

/// Words after `cargo` as a command.
fn words_to_command(root: &Path, words: &[String]) -> Command {
    let mut command = run::cargo(root);
    command.args(words);
    command
}

/// The run command with its output sent below target, where nothing is kept.
fn into_target(words: &[String]) -> Vec<String> {
    words.iter().map(|word| if word == "demo-out" { "target/demo-out".to_owned() } else { word.clone() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const README: &str = "<!-- command: run -->\n```sh\ncargo run -- demo --out demo-out\n```\n<!-- command: test -->\n```\nmake test\n```\n";

    #[test]
    fn commands_come_from_the_readme() {
        let words = readme_command(Path::new("."), README, "run").unwrap();
        assert_eq!(into_target(&words).join(" "), "run -- demo --out target/demo-out");
        assert!(readme_command(Path::new("."), README, "test").is_err());
        assert!(readme_command(Path::new("."), README, "other").is_err());
    }
}
