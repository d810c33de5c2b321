//! What the documents promise holds: the README's two commands, relative links, a standing Unreleased.

use super::Finding;
use crate::ci;
use crate::workspace::{Member, Workspace};

const README: &str = "README.md";
const CI: &str = ".ci/run";

/// The commands that the README marks, with what they begin with.
const BLOCKS: [(&str, &str); 2] = [("run", "cargo run"), ("test", "cargo test")];

/// Finds commands that are missing or drifted, links that lead nowhere, a changelog without Unreleased.
pub(crate) fn check(ws: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    check_commands(ws, &mut findings);
    check_default_run(ws, &mut findings);
    check_ci(ws, &mut findings);
    for path in ws.paths.iter().filter(|path| path.ends_with(".md")) {
        let text = ws.read(path).unwrap_or_default();
        for (line, target) in links(&text) {
            if !resolves(ws, path, &target) {
                let what = format!("the link to {target} leads nowhere");
                findings.push(Finding::new(path, line, what, "mend the link, or write the file"));
            }
        }
        let changelog = path == "CHANGELOG.md" || path.ends_with("/CHANGELOG.md");
        if changelog && !text.contains("Unreleased") {
            findings.push(Finding::new(path, 0, "no section Unreleased", "let it stand at the head, always"));
        }
    }
    findings
}

/// The README's command under `<!-- command: NAME -->`, with its line: the one line of the fenced block.
pub(crate) fn command_block(readme: &str, name: &str) -> Option<(usize, String)> {
    let marker = format!("<!-- command: {name} -->");
    let mut lines = readme.lines().enumerate().skip_while(|(_, line)| line.trim() != marker).skip(1);
    let (_, fence) = lines.find(|(_, line)| !line.trim().is_empty())?;
    if !fence.trim().starts_with("```") {
        return None;
    }
    let block: Vec<(usize, &str)> = lines.take_while(|(_, line)| line.trim() != "```").collect();
    match block[..] {
        [(line, command)] => Some((line + 1, command.trim().to_owned())),
        _ => None,
    }
}

/// Both commands stand in the README, once and as one line.
fn check_commands(ws: &Workspace, findings: &mut Vec<Finding>) {
    let Some(text) = ws.read(README) else {
        findings.push(Finding::new(README, 0, "no README", "write it, with the two marked commands"));
        return;
    };
    for (name, begins) in BLOCKS {
        let marker = format!("<!-- command: {name} -->");
        if text.matches(&marker).count() > 1 {
            findings.push(Finding::new(README, 0, format!("{marker} stands twice"), "mark one block"));
        }
        match command_block(&text, name) {
            None => {
                let what = format!("no command under {marker}");
                findings.push(Finding::new(README, 0, what, "put a fenced block of one line right after the marker"));
            }
            Some((line, command)) if !command.starts_with(begins) => {
                let what = format!("the command to {name} is {command:?}");
                findings.push(Finding::new(README, line, what, format!("begin it with `{begins}`")));
            }
            Some(_) => {}
        }
    }
}

/// A bare `cargo run` wants one default among the members with binaries.
fn check_default_run(ws: &Workspace, findings: &mut Vec<Finding>) {
    let default_run = |member: &&Member| member.manifest.get("package.default-run").is_some();
    let binaries = ws.members.iter().filter(|member| ws.has(&format!("{}/src/main.rs", member.dir))).count();
    let defaults: Vec<&Member> = ws.members.iter().filter(default_run).collect();
    if binaries > 1 && defaults.len() != 1 {
        let what = format!("{binaries} members have binaries, {} have a default-run", defaults.len());
        findings.push(Finding::new(
            "Cargo.toml",
            0,
            what,
            "write `default-run` in the one that `cargo run` is to mean",
        ));
    }
}

/// The script of continuous integration takes both commands from the README, and does what `ci` does.
fn check_ci(ws: &Workspace, findings: &mut Vec<Finding>) {
    let Some(text) = ws.read(CI) else {
        findings.push(Finding::new(CI, 0, "no script", "write it: it is what continuous integration runs"));
        return;
    };
    let code: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.starts_with('#')).collect();
    for (name, _) in BLOCKS {
        if !code.iter().any(|line| line.contains(&format!("readme_command {name}"))) {
            let what = format!("does not take the command to {name} from the README");
            findings.push(Finding::new(CI, 0, what, format!("use `$(readme_command {name})`")));
        }
    }
    for step in ci::FIXED_STEPS {
        if !code.iter().any(|line| line.contains(&step.shown())) {
            let what = format!("does not run `{}`, `cargo xtask ci` does", step.shown());
            findings.push(Finding::new(CI, 0, what, "let both run the same steps"));
        }
    }
}

/// Whether a link of a document leads to something in the repository, or outside of it by its scheme.
fn resolves(ws: &Workspace, from: &str, target: &str) -> bool {
    let target = target.split(['#', '?']).next().unwrap_or("");
    if target.is_empty() {
        return true;
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    if target.starts_with('/') {
        parts.clear();
    }
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.pop().is_none() => return false,
            ".." => {}
            name => parts.push(name),
        }
    }
    let path = parts.join("/");
    let below = format!("{path}/");
    path.is_empty() || ws.has(&path) || ws.paths.iter().any(|known| known.starts_with(&below))
}

/// The links of a document that stay in the repository, with their lines. Code is left out.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~") {
            fenced = !fenced;
        } else if !fenced {
            let line = without_code(line);
            let inline = line.match_indices("](").map(|(at, _)| &line[at + 2..]);
            let reference = line.starts_with('[').then(|| line.split_once("]: ").map(|(_, rest)| rest)).flatten();
            let html = ["src=\"", "href=\""]
                .iter()
                .flat_map(|key| line.match_indices(key).map(|(at, k)| &line[at + k.len()..]));
            for rest in inline.chain(reference).chain(html) {
                let rest = rest.trim_start().trim_start_matches('<');
                let target = rest.split([')', '>', '"', ' ']).next().unwrap_or("");
                let outside = target.contains("://") || target.starts_with("mailto:");
                if !target.is_empty() && !outside {
                    found.push((number + 1, target.to_owned()));
                }
            }
        }
    }
    found
}

/// A line with the text between backticks taken out.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("``")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Tree, assert_clean, assert_found, assert_ours_is_clean};

    const GOOD: &str = "# Q\n\n<!-- command: run -->\n```sh\ncargo run -- demo\n```\n\n<!-- command: test -->\n\n```sh\ncargo test\n```\n";

    fn script() -> String {
        let steps: Vec<String> = ci::FIXED_STEPS.iter().map(|step| step.shown()).collect();
        format!("$(readme_command run)\n$(readme_command test)\n{}\n", steps.join("\n"))
    }

    #[test]
    fn true_documents_are_clean() {
        let script = script();
        let tree = Tree::new(&[
            (README, GOOD),
            (CI, &script),
            (
                "docs/a.md",
                "[up](../README.md#q) [out](https://example.org) [here](#x) ![p](img/p.svg \"t\") `[no](gone.md)`\n\
                 [r]: b.md\n```\n[no](gone.md)\n```\n[dir](img/) [root](/README.md)\n",
            ),
            ("docs/b.md", "[angle](<a.md>)"),
            ("docs/img/p.svg", ""),
            ("CHANGELOG.md", "## Unreleased\n"),
        ]);
        assert_clean(&check(&tree.workspace()));
    }

    #[test]
    fn missing_and_drifted_commands_are_found() {
        let script = script().replace("$(readme_command test)", "cargo test --all").replace("fmt --all", "fmt");
        let readme = "<!-- command: run -->\n```sh\nmake\n```\n<!-- command: test -->\nNo block.\n";
        let tree = Tree::new(&[(README, readme), (CI, &script)]);
        assert_found(
            &check(&tree.workspace()),
            &[
                (README, 3, "\"make\""),
                (README, 0, "no command under <!-- command: test -->"),
                (CI, 0, "the command to test"),
                (CI, 0, "cargo fmt --all --check"),
            ],
        );
    }

    #[test]
    fn two_binaries_want_one_default() {
        let script = script();
        let tree = Tree::new(&[
            (README, GOOD),
            (CI, &script),
            ("crates/a/Cargo.toml", "[package]\nname = \"a\"\n"),
            ("crates/a/src/main.rs", ""),
            ("xtask/Cargo.toml", "[package]\nname = \"xtask\"\n"),
            ("xtask/src/main.rs", ""),
        ]);
        assert_found(&check(&tree.workspace()), &[("Cargo.toml", 0, "2 members have binaries, 0 have a default-run")]);
        tree.write("crates/a/Cargo.toml", "[package]\nname = \"a\"\ndefault-run = \"a\"\n");
        assert_clean(&check(&tree.workspace()));
    }

    #[test]
    fn nothing_at_all_is_found() {
        assert_found(&check(&Tree::new(&[]).workspace()), &[(README, 0, "no README"), (CI, 0, "no script")]);
    }

    #[test]
    fn a_block_of_two_lines_or_two_blocks_are_found() {
        let twice = format!("{GOOD}{GOOD}");
        let script = script();
        let tree = Tree::new(&[(README, &twice), (CI, &script)]);
        assert_found(
            &check(&tree.workspace()),
            &[(README, 0, "run --> stands twice"), (README, 0, "test --> stands twice")],
        );
        assert_eq!(command_block("<!-- command: run -->\n```\na\nb\n```\n", "run"), None);
        assert_eq!(command_block(GOOD, "test"), Some((11, "cargo test".to_owned())));
    }

    #[test]
    fn dead_links_and_a_closed_changelog_are_found() {
        let script = script();
        let tree = Tree::new(&[
            (README, GOOD),
            (CI, &script),
            ("docs/a.md", "x\n[a](gone.md) [b](../../out.md)\n[r]: gone/b.md\n<img src=\"p.png\">\n"),
            ("CHANGELOG.md", "## 1.0\n"),
        ]);
        assert_found(
            &check(&tree.workspace()),
            &[
                ("docs/a.md", 2, "gone.md"),
                ("docs/a.md", 2, "../../out.md"),
                ("docs/a.md", 3, "gone/b.md"),
                ("docs/a.md", 4, "p.png"),
                ("CHANGELOG.md", 0, "Unreleased"),
            ],
        );
    }

    #[test]
    fn ours_is_clean() {
        assert_ours_is_clean(check);
    }
}
