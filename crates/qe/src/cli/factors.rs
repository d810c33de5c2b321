//! `qe expr factors`: a list of equations and a table of features in, a table of factors out.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Result, bail};
use clap::Args;
use qe_core::time::TimeRange;
use qe_data::DataSpec;
use qe_data::frame::{Loader, check_savable, dated_to_frame, save};
use qe_data::spec::{DataKind, When};
use qe_factors::computer::{FactorSpec, FactorTable, Fitted, Missing, Score};
use qe_factors::expr::Schema;
use serde::Serialize;

use super::Verdict;
use super::equations::Equations;
use super::output::Output;
use super::source::SourceArgs;

/// `qe expr factors`.
#[derive(Debug, Args)]
pub(crate) struct FactorsArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// The equations: one a line, NAME = EQUATION if it has a name, `#` before a comment; or a JSON list of texts, or
    /// of objects with an `equation` and perhaps a `name`.
    #[arg(long, short, value_name = "FILE")]
    equations: PathBuf,
    /// The file to write: `date` and a column a factor, as Parquet or CSV by its ending.
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,
    /// What happens to a value of a factor that is missing: `keep` leaves it missing, `hold:N` holds the last one that
    /// was there for at most N rows.
    #[arg(long, value_name = "POLICY", value_parser = missing)]
    missing: Missing,
    /// Score each factor by its mean and deviation over these days or instants, TO being the first no longer meant:
    /// 2020-01-01..2023-01-01. Rows before TO have no score.
    #[arg(long, value_name = "FROM..TO")]
    score_train: Option<Train>,
    /// Score the rows before the end of the training range too, by what they were fitted on.
    #[arg(long, requires = "score_train")]
    in_sample: bool,
}

/// A training range as it is written.
#[derive(Debug, Clone, Copy)]
struct Train {
    from: When,
    to: When,
}

impl FromStr for Train {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (from, to) = text.split_once("..").ok_or("write FROM..TO, such as 2020-01-01..2023-01-01")?;
        let when = |text: &str| When::from_str(text.trim()).map_err(|e| e.to_string());
        Ok(Self { from: when(from)?, to: when(to)? })
    }
}

fn missing(text: &str) -> Result<Missing, String> {
    const MEND: &str = "write `keep`, or `hold:N` with the most rows that a value is held, such as hold:5";
    match text.split_once(':') {
        None if text == "keep" => Ok(Missing::Keep),
        Some(("hold", n)) => n.parse().ok().filter(|n| *n > 0).map(Missing::HoldLast).ok_or(MEND.into()),
        _ => Err(MEND.into()),
    }
}

/// What was written.
#[derive(Debug, Serialize)]
struct Written {
    out: PathBuf,
    n_rows: usize,
    factors: Vec<Factor>,
}

/// A factor that was written.
#[derive(Debug, Serialize)]
struct Factor {
    name: String,
    equation: String,
    n_missing: u64,
    n_held: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    fitted: Option<Fitted>,
}

pub(crate) fn run(args: &FactorsArgs, out: &Output) -> Result<Verdict> {
    check_savable(&args.out)?;
    let equations = Equations::read(&args.equations)?;
    let spec = args.source.feature_spec()?;
    let score = args.score_train.map(|train| {
        let train = TimeRange { start: train.from.nanos(&spec.calendar), end: train.to.nanos(&spec.calendar) };
        Score { train, in_sample: args.in_sample }
    });
    if score.is_some_and(|s| s.train.is_empty()) {
        bail!("--score-train: nothing lies in it; give a TO after the FROM, which is the first day no longer meant");
    }
    let mut loader = Loader::new(spec.clone())?;
    let files = loader.files()?.files;
    let target = args.out.canonicalize().ok();
    let is_read = |p: &PathBuf| target.is_some() && p.canonicalize().ok() == target;
    if files.iter().any(|f| is_read(&f.path)) || is_read(&args.equations) {
        bail!("{} is read, and would be replaced: choose another file", args.out.display());
    }
    let list = equations.list.iter().map(|e| (e.name.clone(), e.text.clone())).collect();
    let factors = FactorSpec { equations: list, missing: args.missing, score };
    let mut plan = None;
    if spec.kind == DataKind::Features && spec.columns.is_empty() && spec.rename.is_empty() {
        // Of the columns that there are, those that are read are loaded; text among them is read as numbers then.
        let stored = loader.stored_columns()?;
        let compiled = factors.compile(&Schema::new(stored.into_iter().map(|(name, _)| name)));
        let compiled = compiled.map_err(|e| told(e, &equations))?;
        let columns = compiled.columns().map(str::to_owned).collect();
        loader = Loader::new(DataSpec { columns, ..spec })?;
        plan = Some(compiled);
    }
    let tables = loader.load_tables()?;
    let [table] = tables.as_slice() else {
        let symbols: Vec<&str> = tables.iter().take(8).map(|t| t.symbol.as_str()).collect();
        bail!(
            "the features are of {} symbols ({}, …), and factors are of one table: choose one with --symbols",
            tables.len(),
            symbols.join(", ")
        );
    };
    let made = match plan {
        Some(plan) => plan.compute(&table.columns),
        None => factors.compute(&table.columns),
    };
    let made = made.map_err(|e| told(e, &equations))?;
    save(dated_to_frame(&made.factors)?, &args.out)?;
    let written = written(args, &equations, &made);
    out.result(&written, || written.text())?;
    Ok(Verdict::Good)
}

/// An error with its place in the file of equations.
fn told(error: qe_factors::Error, equations: &Equations) -> anyhow::Error {
    match error {
        qe_factors::Error::Factor { idx, error, .. } => equations.error_in(idx, error.at(), &error.to_string()),
        other => other.into(),
    }
}

fn written(args: &FactorsArgs, equations: &Equations, made: &FactorTable) -> Written {
    let factor = |(i, (name, column)): (usize, (&str, &qe_core::columns::Column))| Factor {
        name: name.to_owned(),
        equation: equations.list[i].text.clone(),
        n_missing: column.count_nan() as u64,
        n_held: made.n_held[i],
        fitted: made.fitted.get(i).copied(),
    };
    let factors = made.factors.iter().enumerate().map(factor).collect();
    Written { out: args.out.clone(), n_rows: made.factors.len(), factors }
}

impl Written {
    fn text(&self) -> String {
        let mut text = format!("{} rows of {} factors in {}\n", self.n_rows, self.factors.len(), self.out.display());
        for f in &self.factors {
            let _ = write!(text, "  {}: {} missing", f.name, f.n_missing);
            if f.n_held > 0 {
                let _ = write!(text, ", {} held over", f.n_held);
            }
            if let Some(Fitted { mean, std, n }) = f.fitted {
                let _ = write!(text, ", scored by mean {mean:.6} and deviation {std:.6} of {n} values");
            }
            text.push('\n');
        }
        text
    }
}
