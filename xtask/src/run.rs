//! Running other programs from the workspace root, with their output left visible.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, bail};

/// The cargo that runs us, or the one on the path. It is not told of our own package: build scripts of dependencies look at
/// that, and half of them would be compiled anew each time that one builds through us after having built without.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    let is_ours = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_ours)) {
        command.env_remove(name);
    }
    command
}

/// Runs a command to its end. An exit code other than 0 is an error that shows the command.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let shown = show(command);
    let status = command.status().with_context(|| format!("cannot start {shown}"))?;
    if !status.success() {
        bail!("{shown} ended with {status}");
    }
    Ok(())
}

/// Runs a command and hands back what it printed.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let shown = show(command);
    let output = command.output().with_context(|| format!("cannot start {shown}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{shown} ended with {}: {}", output.status, said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a command between two lines that name it and say how long it took.
pub(crate) fn step(name: &str, command: &mut Command) -> anyhow::Result<()> {
    println!("==> {name}: {}", show(command));
    let start = Instant::now();
    let result = run(command);
    let ending = if result.is_ok() { "done" } else { "FAILED" };
    println!("==> {name}: {ending} after {:.1} s", start.elapsed().as_secs_f64());
    result
}

/// The command as one would type it, without folders of the program.
fn show(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned();
    let words = command.get_args().map(|word| word.to_string_lossy().into_owned());
    [name].into_iter().chain(words).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_program_is_an_error_that_names_it() {
        let root = crate::workspace::root().unwrap();
        assert!(output(cargo(&root).arg("--version")).unwrap().starts_with("cargo"));
        let error = output(cargo(&root).arg("no-such-command")).unwrap_err().to_string();
        assert!(error.contains("cargo no-such-command"), "{error}");
    }
}
