//! The `qe` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    qe::cli::run(std::env::args_os())
}
