//! `conformance`: the same strategies by us and by other backtesters, trade by trade, and the page about it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::args::{self, Spec};
use crate::bench::{PEERS, prepare_venv, release_binary, venv_dir};
use crate::run;
use crate::workspace;

/// The text of `cargo xtask conformance --help`.
pub(crate) const HELP: &str = "\
cargo xtask conformance [--data DIR] [--qe PATH]

Runs the strategies of benches/peers/conformance by us, vectorbt, backtesting.py and Nautilus, writes
docs/conformance.md, and every trade that differs to docs/conformance_trades.csv, without prices, and
to target/conformance.csv, with all digits. Fails where no rule explains a trade. The peers live in two
venvs outside of the repo: that of `bench --peers`, and one beside it for Nautilus; where Nautilus
cannot be installed, it is left out with a line.

  --data DIR   the real series: else $QE_REAL_DATA, else ../shared/data where it is; else none
  --qe PATH    our release command, if it is not to be built
";

/// The page.
const PAGE: &str = "docs/conformance.md";
/// All rows, of which the page shows some, without the prices that may not be kept.
const KEPT: &str = "docs/conformance_trades.csv";
/// All rows with all digits.
const ROWS: &str = "target/conformance.csv";

/// Runs `cargo xtask conformance`.
pub(crate) fn main(words: &[String]) -> anyhow::Result<()> {
    let args = args::parse(words, &Spec { max_words: 0, flags: &[], values: &["--data", "--qe"] })?;
    let root = workspace::root()?;
    let env = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let data = data_dir(args.value("--data"), &root, env);
    let venv = venv_dir(env)?;
    let peers = root.join(PEERS);
    let python = prepare_venv(&peers.join("requirements.txt"), &venv)?;
    let nautilus = prepare_venv(&peers.join("requirements-nautilus.txt"), &beside(&venv, "-nautilus"));
    let qe = match args.value("--qe") {
        Some(path) => std::path::absolute(path).with_context(|| format!("--qe {path}"))?,
        None => release_binary(&root)?,
    };
    fs::create_dir_all(root.join("target")).context("cannot make target")?;
    let mut command = Command::new(python);
    command.current_dir(&root).arg("-u").arg(peers.join("conformance.py")).arg("--qe").arg(qe);
    command.args(["--page", PAGE, "--kept", KEPT, "--rows", ROWS]);
    if let Some(data) = data {
        command.arg("--data").arg(data);
    }
    match nautilus {
        Ok(python) => {
            command.arg("--nautilus").arg(python);
        }
        Err(error) => eprintln!("nautilus is left out: {error:#}"),
    }
    run::step("conformance", &mut command)
}

/// The folder of the real series: as given, from the environment, or the usual place if it is there.
fn data_dir(given: Option<&str>, root: &Path, env: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let usual = || Some(root.join("../shared/data")).filter(|path| path.is_dir());
    given.map(PathBuf::from).or_else(|| env("QE_REAL_DATA")).or_else(usual)
}

/// A path with something after its name.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Tree;

    #[test]
    fn the_data_are_as_given_or_of_the_environment_or_in_the_usual_place() {
        let tree = Tree::new(&[("main/x", ""), ("shared/data/y", "")]);
        let root = tree.root().join("main");
        let set = |name: &str| (name == "QE_REAL_DATA").then(|| PathBuf::from("e"));
        assert_eq!(data_dir(Some("d"), &root, set), Some(PathBuf::from("d")));
        assert_eq!(data_dir(None, &root, set), Some(PathBuf::from("e")));
        assert_eq!(data_dir(None, &root, |_| None), Some(root.join("../shared/data")));
        assert_eq!(data_dir(None, tree.root(), |_| None), None);
    }

    #[test]
    fn the_kept_rows_are_as_many_as_the_page_says() {
        let root = workspace::root().unwrap();
        let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
        let n_rows = read(KEPT).lines().count() - 1;
        let stated = format!(" of {n_rows}: ");
        assert!(n_rows > 0 && read(PAGE).replace(',', "").contains(&stated), "{PAGE} does not say{stated}");
    }

    #[test]
    fn the_second_venv_lies_beside_the_first() {
        assert_eq!(beside(Path::new("c/quant-engine/venv"), "-nautilus"), Path::new("c/quant-engine/venv-nautilus"));
    }
}
