//! `fixtures`: writes the simulated market through the `qe` command, and checks what is committed.

use std::path::PathBuf;

use crate::args::{self, Spec};
use crate::golden;
use crate::run;
use crate::tidy;
use crate::workspace::{self, Workspace};

/// The text of `cargo xtask fixtures --help`.
pub(crate) const HELP: &str = "\
cargo xtask fixtures [--out DIR] [--check | --manifest]

Writes the simulated market as partitioned Parquet with `qe data simulate`, then checks the committed
goldens against data-fixtures/MANIFEST.toml. What it writes is never committed.

  --out DIR    where the market goes; target/fixtures/market otherwise
  --check      check the goldens only
  --manifest   write the manifest anew from the goldens and their `#` headers, and do nothing else
";

/// Runs `cargo xtask fixtures`.
pub(crate) fn main(words: &[String]) -> anyhow::Result<()> {
    let spec = Spec { max_words: 0, flags: &["--check", "--manifest"], values: &["--out"] };
    let args = args::parse(words, &spec)?;
    if args.has("--check") && args.has("--manifest") {
        return Err(args::Usage("--check looks and --manifest writes: give one of them".to_owned()).into());
    }
    if args.value("--out").is_some() && (args.has("--check") || args.has("--manifest")) {
        return Err(args::Usage("--out goes with writing the market alone".to_owned()).into());
    }
    if args.has("--manifest") {
        let manifest = golden::write_manifest(&Workspace::ours()?)?;
        println!("{}: {} goldens", golden::MANIFEST, manifest.file.len());
        return Ok(());
    }
    if !args.has("--check") {
        simulate(args.value("--out"))?;
    }
    tidy::main(&["fixtures".to_owned()])
}

/// Runs `qe data simulate` into a folder: one given from here, or the usual one.
fn simulate(out: Option<&str>) -> anyhow::Result<()> {
    let root = workspace::root()?;
    let out: PathBuf = match out {
        Some(dir) => std::env::current_dir()?.join(dir),
        None => root.join("target/fixtures/market"),
    };
    std::fs::create_dir_all(&out)?;
    let mut command = run::cargo(&root);
    command.args(["run", "--quiet", "-p", "qe", "--", "data", "simulate", "--everything", "--out"]).arg(out);
    run::step("simulate", &mut command)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Usage;

    #[test]
    fn flags_that_contradict_are_a_usage_error() {
        for text in ["--check --manifest", "--check --out x", "--out x --manifest", "word"] {
            let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            assert!(main(&words).unwrap_err().is::<Usage>(), "{text}");
        }
    }
}
