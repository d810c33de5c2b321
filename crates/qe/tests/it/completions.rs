//! Shell completions, by the shells themselves where they are installed.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::command::{error, json, run};

/// What a program prints, or nothing where it is not installed.
fn by(program: &str, dir: &Path, args: &[&str]) -> Option<String> {
    let out = Command::new(program).current_dir(dir).args(args).stdin(Stdio::null()).output().ok()?;
    assert!(out.status.success(), "{program}: {}", String::from_utf8_lossy(&out.stderr));
    Some(String::from_utf8(out.stdout).unwrap())
}

#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn skipped(shell: &str) {
    eprintln!("skipped: there is no {shell}");
}

fn script(dir: &Path, shell: &str) {
    let (code, text, _) = run(dir, &["completions", shell]);
    assert_eq!(code, 0);
    fs::write(dir.join(format!("qe.{shell}")), text).unwrap();
}

/// What bash offers behind these words, the last of which is not finished.
fn bash(dir: &Path, words: &[&str]) -> Option<Vec<String>> {
    let quoted: Vec<String> = words.iter().map(|w| format!("'{w}'")).collect();
    let line = format!(
        "source qe.bash; COMP_WORDS=({}); COMP_CWORD={}; _qe 2>/dev/null; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        quoted.join(" "),
        words.len() - 1
    );
    let text = by("bash", dir, &["--norc", "-c", &line])?;
    Some(text.lines().filter(|l| !l.is_empty()).map(str::to_owned).collect())
}

#[test]
fn bash_offers_what_may_stand_there() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    script(at, "bash");
    fs::write(at.join("Donau bars.csv"), "").unwrap();
    let Some(top) = bash(at, &["qe", ""]) else {
        skipped("bash");
        return;
    };
    // All that the help lists, each with its aliases.
    let help = run(at, &["--help"]).1;
    let listed = help.lines().skip_while(|l| *l != "Commands:").skip(1).take_while(|l| !l.is_empty());
    // What a line says further is indented by more.
    let listed = listed.filter(|l| !l.starts_with("   ")).filter_map(|l| l.split_whitespace().next());
    let mut listed: Vec<&str> = listed.filter(|c| *c != "help").collect();
    listed.push("spec");
    listed.sort_unstable();
    let mut offered: Vec<&str> = top.iter().map(String::as_str).collect();
    offered.sort_unstable();
    assert_eq!(offered, listed);
    let offers = |words: &[&str]| bash(at, words).unwrap();
    assert_eq!(offers(&["qe", "run"]), ["run-diff"]);
    assert_eq!(offers(&["qe", "--json", "spec", "ex"]), ["explain"]);
    assert_eq!(offers(&["qe", "strategy", "check", "--prof"]), ["--profile"]);
    assert_eq!(offers(&["qe", "backtest", "Simple", "--profile", ""]), ["discovery", "research"]);
    assert_eq!(offers(&["qe", "backtest", "--profile", "=", "r"]), ["research"]);
    assert_eq!(offers(&["qe", "backtest", "--profile", "="]), ["discovery", "research"]);
    assert_eq!(offers(&["qe", "completions", "z"]), ["zsh"]);
    assert_eq!(offers(&["qe", "backtest", "--asset-class", "e"]), ["equity", "etf"]);
    // A strategy is a name or a file; a name of a file may have a space.
    assert_eq!(offers(&["qe", "backtest", "Don"]), ["DonchianBreakout", "DonchianTrend", "Donau bars.csv"]);
    assert_eq!(offers(&["qe", "sweep", "x.toml", "--out", "Don"]), ["Donau bars.csv"]);
    assert_eq!(offers(&["qe", "backtest", "x.toml", "--data", "Don"]), ["Donau bars.csv"]);
    // What is not known is not made up.
    assert_eq!(offers(&["qe", "backtest", "--set", "ho"]), [""; 0]);
    assert!(offers(&["qe", "sweep", "--"]).len() > 30);
}

#[test]
fn zsh_and_fish_read_their_scripts() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    for shell in ["zsh", "fish"] {
        script(at, shell);
    }
    match by("zsh", at, &["-f", "-n", "qe.zsh"]) {
        Some(_) => {
            // The offers themselves: completion functions run within an editor, so what they would say is written down.
            let line = "compdef() { :; }; _describe() { print -rl -- ${(P)2}; }; _files() { print files; }; \
                        compset() { :; }; source ./qe.zsh; words=(qe spec ex); CURRENT=3; _qe; \
                        words=(qe backtest --profile ''); CURRENT=4; _qe; words=(qe sweep x --out ''); CURRENT=5; _qe";
            let text = by("zsh", at, &["-f", "-c", line]).unwrap();
            let has = |part: &str| text.lines().any(|l| l.starts_with(part));
            assert!(has("explain:") && has("discovery:") && has("files"), "{text}");
        }
        None => skipped("zsh"),
    }
    match by("fish", at, &["--no-config", "-c", "source qe.fish; complete -C 'qe spec ex'"]) {
        Some(text) => {
            assert!(text.starts_with("explain\t"), "{text}");
            let of = |line: &str| {
                by("fish", at, &["--no-config", "-c", &format!("source qe.fish; complete -C '{line}'")]).unwrap()
            };
            assert!(of("qe backtest x --profile r").starts_with("research"));
            assert!(of("qe backtest Don").contains("DonchianBreakout"));
        }
        None => skipped("fish"),
    }
}

#[test]
fn a_shell_is_named_and_json_holds_the_script() {
    let dir = tempfile::tempdir().unwrap();
    let told = json(dir.path(), 0, &["completions", "fish"]);
    assert!(told["script"].as_str().unwrap().contains("complete -c qe"));
    assert!(error(dir.path(), &["completions", "tcsh"]).contains("bash, zsh, fish"));
}
