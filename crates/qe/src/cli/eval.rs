//! `qe expr eval`: expressions over bars, of one symbol after the other or across the symbols of a panel.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use qe_core::bars::Bars;
use qe_core::columns::Columns;
use qe_core::panel::Panel;
use qe_core::par::{Pool, Threads};
use qe_core::time::Timestamp;
use qe_data::DataSpec;
use qe_data::frame::{Loader, Partition, StoreOptions, check_savable, is_savable, save, store, tables_to_frame};
use qe_data::labels::Labels;
use qe_factors::expr::{Ast, Compiled, Schema};
use qe_factors::plan::Value;
use serde::Serialize;

use super::Verdict;
use super::data::load;
use super::expr::{compiled, read};
use super::output::Output;
use super::source::SourceArgs;

/// `qe expr eval`.
#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// An expression, or NAME=EXPRESSION; as often as wanted.
    #[arg(long = "expr", short = 'e', required = true, value_name = "EXPR")]
    expressions: Vec<String>,
    /// Write the values: into one file with `symbol`, `ts` and the values if this ends in .parquet or .csv, else as
    /// Parquet into this folder, a file a symbol. The last rows are shown all the same.
    #[arg(long, short, value_name = "FILE|DIR")]
    out: Option<PathBuf>,
    /// The labels that `neutralize` reads, as CSV: symbol,sector,… and a line a symbol. Other labels are looked
    /// for in the data's columns.
    #[arg(long, value_name = "FILE")]
    groups: Option<PathBuf>,
    /// How many of the last rows are shown.
    #[arg(long, default_value_t = 10)]
    rows: usize,
}

/// The last rows of a symbol.
#[derive(Debug, Serialize)]
struct Shown {
    symbol: String,
    n_rows: usize,
    rows: Vec<Row>,
}

/// A row: when it opened, and a value for each expression, missing where it is unknown.
#[derive(Debug, Serialize)]
struct Row {
    ts: String,
    values: Vec<Option<f64>>,
}

/// The values of all expressions, each a row of a symbol's bars.
type Values = Vec<Vec<f64>>;

pub(crate) fn run(args: &EvalArgs, out: &Output) -> Result<Verdict> {
    let trees = read(&args.expressions)?;
    let target = args.out.as_deref();
    if let Some(file) = target.filter(|p| is_file(p)) {
        check_savable(file)?;
    }
    let labels = match &args.groups {
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            Labels::from_csv(&text).with_context(|| format!("cannot use {}", path.display()))?
        }
        None => Labels::default(),
    };
    let spec = args.source.spec()?;
    let data = load(spec.clone(), out)?;
    // Whatever the columns of a symbol, `sym` reads those of the others.
    let of_symbol = |known: Schema, b: &Bars| known.with_symbol(b.symbol(), schema(b.columns().names(), &spec));
    let known = data.bars.iter().fold(schema([].into_iter(), &spec), of_symbol);
    let own = |b: &Bars| known.with_columns(b.columns().names().map(str::to_owned));
    let first = data.bars.first().map(|b| compiled(&trees, &own(b))).transpose()?;
    let values = match first {
        Some(first) if first.plan().is_across() => across(&trees, &data.bars, &spec, labels)?,
        _ => data.bars.iter().map(|b| alone(&trees, b, &data.bars, &own(b))).collect::<Result<_>>()?,
    };
    if let Some(target) = target {
        write(&trees, &data.bars, &values, target)?;
    }
    let shown: Vec<Shown> = data.bars.iter().zip(&values).map(|(b, v)| last_rows(b, v, args.rows)).collect();
    out.result(&shown, || text(&trees, &shown))?;
    Ok(Verdict::Good)
}

/// Whether the values go into one file.
fn is_file(target: &Path) -> bool {
    is_savable(target) && !target.is_dir()
}

fn schema<'a>(names: impl Iterator<Item = &'a str>, spec: &DataSpec) -> Schema {
    Schema::new(names.map(str::to_owned)).bars_in(spec.timeframe, spec.calendar.clone(), spec.hours)
}

/// The outputs of a plan by expression.
fn by_expression<'v, T>(trees: &[(String, Ast)], compiled: &Compiled, outputs: &'v [T]) -> Vec<&'v T> {
    (0..trees.len()).filter_map(|i| outputs.get(compiled.output(i, 0)?)).collect()
}

/// The values over one symbol, which may read the rows of all.
fn alone(trees: &[(String, Ast)], bars: &Bars, all: &[Bars], schema: &Schema) -> Result<Values> {
    let compiled = compiled(trees, schema)?;
    let others: Vec<(&str, &Columns)> = all.iter().map(|b| (b.symbol(), b.columns())).collect();
    let table = compiled.plan().with_symbols(bars.columns(), &others)?;
    let outputs = compiled.plan().eval(&table)?.into_outputs();
    Ok(by_expression(trees, &compiled, &outputs).into_iter().map(Value::to_numbers).collect())
}

/// The values over all symbols side by side, each symbol's in the rows that it has.
fn across(trees: &[(String, Ast)], bars: &[Bars], spec: &DataSpec, mut labels: Labels) -> Result<Vec<Values>> {
    let mut panel = Panel::from_bars(spec.calendar.clone(), bars)?;
    let own = schema(panel.fields(), spec).with_symbols(panel.symbols().iter().cloned());
    let compiled = compiled(trees, &own)?;
    for grouping in compiled.plan().groupings() {
        if !labels.has(grouping) {
            let read = Loader::new(spec.clone())?.labels(grouping);
            labels.push(grouping, read.with_context(|| format!("no labels of {grouping}: give them with --groups"))?);
        }
        panel.push_group(grouping, labels.of(grouping, panel.symbols())?)?;
    }
    let outputs = compiled.plan().eval_panel(&panel, &Pool::new(Threads::All)?)?;
    let matrices = by_expression(trees, &compiled, &outputs);
    let (times, n) = (panel.axis().open(), panel.n_times());
    let of_symbol = |(s, bars): (usize, &Bars)| -> Values {
        let mut at = 0;
        let row = |t: &i64| {
            at += times[at..].partition_point(|o| o < t);
            at
        };
        let rows: Vec<usize> = bars.open_time().iter().map(row).collect();
        matrices.iter().map(|m| rows.iter().map(|row| m[s * n + row]).collect()).collect()
    };
    Ok(bars.iter().enumerate().map(of_symbol).collect())
}

/// Writes the values into one file, or a file a symbol.
fn write(trees: &[(String, Ast)], bars: &[Bars], values: &[Values], target: &Path) -> Result<()> {
    let mut tables: Vec<Columns> = Vec::with_capacity(bars.len());
    for (b, columns) in bars.iter().zip(values) {
        let mut table = Columns::new(b.axis().clone());
        for ((name, _), column) in trees.iter().zip(columns) {
            table.push(name.as_str(), column.clone())?;
        }
        tables.push(table);
    }
    if is_file(target) {
        return Ok(save(tables_to_frame(bars.iter().map(Bars::symbol).zip(&tables))?, target)?);
    }
    for (b, table) in bars.iter().zip(&tables) {
        let options = StoreOptions { partition: Partition::Whole, with_available: true, ..StoreOptions::default() };
        store(b.symbol(), table, target, options).with_context(|| format!("cannot write {}", target.display()))?;
    }
    Ok(())
}

fn last_rows(bars: &Bars, values: &Values, n: usize) -> Shown {
    let row = |i: usize| Row {
        ts: Timestamp(bars.open_time()[i]).to_string(),
        values: values.iter().map(|c| Some(c[i]).filter(|v| !v.is_nan())).collect(),
    };
    let rows = (bars.len().saturating_sub(n)..bars.len()).map(row).collect();
    Shown { symbol: bars.symbol().to_owned(), n_rows: bars.len(), rows }
}

/// The last rows as a table a symbol.
fn text(trees: &[(String, Ast)], shown: &[Shown]) -> String {
    let mut text = String::new();
    for s in shown {
        let _ = writeln!(text, "{}, {} rows", s.symbol, s.n_rows);
        let names: Vec<String> = trees.iter().map(|(name, _)| format!("{name:>16}")).collect();
        let _ = writeln!(text, "{:<20} {}", "opened", names.join(" "));
        for row in &s.rows {
            let values = row.values.iter().map(|v| v.map_or_else(|| format!("{:>16}", "-"), |v| format!("{v:>16.6}")));
            let _ = writeln!(text, "{:<20} {}", row.ts, values.collect::<Vec<_>>().join(" "));
        }
    }
    text
}
