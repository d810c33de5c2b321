//! `qe run-diff`: two stored runs side by side.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueHint};
use qe_engine::diff::{Side, diff};

use super::Verdict;
use super::output::Output;
use super::stored::{Repeated, Stored};

/// `qe run-diff`.
#[derive(Debug, Args)]
pub(crate) struct RunDiffArgs {
    /// A run that `qe backtest --out` has stored: its .run.json, or the folder with it.
    a: PathBuf,
    /// Another one.
    b: PathBuf,
    /// The files of A's data, where they have moved; as often as wanted.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    data_a: Vec<String>,
    /// Those of B's.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    data_b: Vec<String>,
}

pub(crate) fn run(args: &RunDiffArgs, out: &Output) -> Result<Verdict> {
    // Both are read before either is run.
    let (a, b) = (Stored::read(&args.a, &args.data_a)?, Stored::read(&args.b, &args.data_b)?);
    let (a, b) = (a.repeat(out)?, b.repeat(out)?);
    let bar = out.bar(1, "comparing");
    let told = diff(&side(&a), &side(&b))?;
    bar.finish_and_clear();
    out.result(&told, || told.to_string())?;
    Ok(if told.is_one_run() { Verdict::Good } else { Verdict::Bad })
}

fn side(run: &Repeated) -> Side<'_> {
    Side::new(&run.spec, &run.market, &run.options, &run.report).repeated_from(&run.stored.manifest)
}
