//! `bench`: our criterion benches, or the scripts that run peers beside us, from a venv outside the repo.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::args::{self, Spec};
use crate::digest::sha256_hex;
use crate::run;
use crate::workspace;

/// The text of `cargo xtask bench --help`.
pub(crate) const HELP: &str = "\
cargo xtask bench [NAME] [--peers] [--quick] [--list]

Runs the criterion benches of the workspace, or one of them.

  --peers   run benches/peers/*.py instead, each beside our release command. Their Python lives in a
            venv outside of the repo: $QE_PEERS_VENV, or quant-engine/venv in the user's cache folder
  --quick   fewer repetitions: to see that it runs, not to claim anything
  --list    say which there are
";

/// Where the scripts are.
pub(crate) const PEERS: &str = "benches/peers";
/// The file in the venv that says which requirements it holds.
const STAMP: &str = "quant-engine-requirements.sha256";

/// Runs `cargo xtask bench`.
pub(crate) fn main(words: &[String]) -> anyhow::Result<()> {
    let spec = Spec { max_words: 1, flags: &["--list", "--peers", "--quick"], values: &[] };
    let args = args::parse(words, &spec)?;
    let root = workspace::root()?;
    let benches = names(&root.join("benches/benches"), "rs")?;
    let peers = names(&root.join(PEERS), "py")?;
    if args.has("--list") {
        benches.iter().for_each(|name| println!("bench  {name}"));
        peers.iter().for_each(|name| println!("peer   {name}"));
        return Ok(());
    }
    let wanted = args.words.first().map(String::as_str);
    let quick = args.has("--quick");
    if args.has("--peers") {
        run_peers(&root, &choose("peer", &peers, wanted)?, quick)
    } else {
        run_benches(&root, &choose("bench", &benches, wanted)?, quick)
    }
}

/// The files of a folder with an extension, without it, sorted. A leading `_` marks a helper.
fn names(dir: &Path, extension: &str) -> anyhow::Result<Vec<String>> {
    if !dir.is_dir() {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        if path.extension().is_some_and(|found| found == extension) && !stem.starts_with('_') {
            names.push(stem);
        }
    }
    names.sort();
    Ok(names)
}

/// The one that is wanted, or all.
fn choose<'a>(what: &str, names: &'a [String], wanted: Option<&str>) -> anyhow::Result<Vec<&'a str>> {
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    match wanted {
        Some(name) => match all.iter().find(|known| **known == name) {
            Some(known) => Ok(vec![*known]),
            None => Err(args::unknown(what, name, &all).into()),
        },
        None if all.is_empty() => bail!("there is no {what} yet"),
        None => Ok(all),
    }
}

/// Runs criterion benches. Each is named, so that no other target gets criterion's flags.
fn run_benches(root: &Path, names: &[&str], quick: bool) -> anyhow::Result<()> {
    let mut command = run::cargo(root);
    command.args(["bench", "-p", "benches"]);
    for name in names {
        command.args(["--bench", name]);
    }
    if quick {
        command.args(["--", "--quick"]);
    }
    run::step("bench", &mut command)
}

/// Runs peer scripts one after the other. All run, and one that fails fails the whole.
fn run_peers(root: &Path, names: &[&str], quick: bool) -> anyhow::Result<()> {
    let venv = venv_dir(|name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from))?;
    let python = prepare_venv(&root.join(PEERS).join("requirements.txt"), &venv)?;
    let qe = release_binary(root)?;
    let mut failed = Vec::new();
    for name in names {
        let mut command = Command::new(&python);
        // Unbuffered, so that a long script shows its lines as they come.
        command.current_dir(root).arg("-u").arg(root.join(PEERS).join(format!("{name}.py"))).arg("--qe").arg(&qe);
        if quick {
            command.arg("--quick");
        }
        if let Err(error) = run::step(name, &mut command) {
            eprintln!("{error:#}");
            failed.push(*name);
        }
    }
    anyhow::ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    Ok(())
}

/// The folder of the venv, from the environment.
pub(crate) fn venv_dir(env: impl Fn(&str) -> Option<PathBuf>) -> anyhow::Result<PathBuf> {
    if let Some(dir) = env("QE_PEERS_VENV") {
        return Ok(dir);
    }
    let cache = env("XDG_CACHE_HOME").or_else(|| env("HOME").map(|home| home.join(".cache")));
    Ok(cache.context("set QE_PEERS_VENV: there is no home folder")?.join("quant-engine/venv"))
}

/// Makes the venv if there is none, installs the requirements if they changed, and names its Python.
pub(crate) fn prepare_venv(requirements: &Path, venv: &Path) -> anyhow::Result<PathBuf> {
    let wanted = fs::read(requirements).with_context(|| format!("cannot read {}", requirements.display()))?;
    let wanted = sha256_hex(&wanted);
    let python = venv.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    if !python.exists() {
        let base = if cfg!(windows) { "python" } else { "python3" };
        run::step("venv", Command::new(base).args(["-m", "venv"]).arg(venv))?;
    }
    let stamp = venv.join(STAMP);
    if !is_stamped(&stamp, &wanted) {
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--quiet", "--requirement"]).arg(requirements);
        run::step("install", &mut pip)?;
        fs::write(&stamp, &wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    }
    Ok(python)
}

/// Whether the venv holds these requirements already.
fn is_stamped(stamp: &Path, wanted: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|found| found.trim() == wanted)
}

/// Builds our command in release and names it.
pub(crate) fn release_binary(root: &Path) -> anyhow::Result<PathBuf> {
    run::step(
        "build",
        run::cargo(root).args(["build", "--release", "--locked", "-p", "qe", "-p", "benches", "--bins"]),
    )?;
    let metadata = run::output(run::cargo(root).args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let target = target_directory(&metadata).context("cargo metadata names no target_directory")?;
    let binary = PathBuf::from(target).join("release").join(format!("qe{}", std::env::consts::EXE_SUFFIX));
    anyhow::ensure!(binary.exists(), "the build left no {}", binary.display());
    Ok(binary)
}

/// The target folder in cargo's metadata, which is one line of JSON.
fn target_directory(metadata: &str) -> Option<String> {
    let (_, rest) = metadata.split_once("\"target_directory\":\"")?;
    let mut folder = String::new();
    let mut chars = rest.chars();
    loop {
        match chars.next()? {
            '"' => return Some(folder),
            '\\' => folder.push(chars.next()?),
            c => folder.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Tree;

    #[test]
    fn helpers_are_not_listed() {
        let tree = Tree::new(&[("p/b.py", ""), ("p/a.py", ""), ("p/_common.py", ""), ("p/README.md", "")]);
        assert_eq!(names(&tree.root().join("p"), "py").unwrap(), ["a", "b"]);
        assert!(names(&tree.root().join("gone"), "py").unwrap().is_empty());
    }

    #[test]
    fn one_all_or_an_error_with_the_nearest() {
        let known = ["sweep".to_owned(), "walk".to_owned()];
        assert_eq!(choose("peer", &known, None).unwrap(), ["sweep", "walk"]);
        assert_eq!(choose("peer", &known, Some("walk")).unwrap(), ["walk"]);
        let error = choose("peer", &known, Some("sweeep")).unwrap_err();
        assert!(error.is::<args::Usage>() && error.to_string().contains("\"sweep\""), "{error}");
        assert!(choose("peer", &[], None).is_err());
    }

    #[test]
    fn the_venv_lies_in_the_users_cache() {
        let of = |known: &'static [(&'static str, &'static str)]| {
            venv_dir(move |name| known.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
        };
        assert_eq!(of(&[("QE_PEERS_VENV", "v"), ("HOME", "h")]).unwrap(), Path::new("v"));
        assert_eq!(of(&[("XDG_CACHE_HOME", "c"), ("HOME", "h")]).unwrap(), Path::new("c/quant-engine/venv"));
        assert_eq!(of(&[("HOME", "h")]).unwrap(), Path::new("h/.cache/quant-engine/venv"));
        assert!(of(&[]).is_err());
    }

    #[test]
    fn a_stamp_is_the_digest_of_the_requirements() {
        let tree = Tree::new(&[("venv/stamp", "abc\n")]);
        let stamp = tree.root().join("venv/stamp");
        assert!(is_stamped(&stamp, "abc"));
        assert!(!is_stamped(&stamp, "abd"));
        assert!(!is_stamped(&tree.root().join("gone"), "abc"));
    }

    #[test]
    fn the_target_folder_is_read_from_metadata() {
        let text = "{\"a\":1,\"target_directory\":\"C:\\\\t \\\"x\\\"\",\"b\":2}";
        assert_eq!(target_directory(text).as_deref(), Some("C:\\t \"x\""));
        assert_eq!(target_directory("{}"), None);
    }
}
