//! `qe expr`: what expressions say, how they are computed, and what they give.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use qe_core::bars::OHLCV;
use qe_core::calendar::Calendar;
use qe_core::columns::{Columns, Shared};
use qe_core::time::Timestamp;
use qe_core::timeframe::Timeframe;
use qe_data::frame::{Partition, StoreOptions, store};
use qe_data::market::{Market, MarketSpec};
use qe_factors::expr::{Ast, Compiled, Schema, compile, function_names, parse, reference};
use qe_factors::plan::{Plan, Ty, Value};
use serde::Serialize;

use super::Verdict;
use super::data::{generate, load};
use super::output::Output;
use super::source::SourceArgs;

/// What can be done with expressions.
#[derive(Debug, Subcommand)]
pub(crate) enum ExprCommand {
    /// Read expressions: their canonical text, what they give, and after how many rows.
    Check(CheckArgs),
    /// Compute expressions over bars.
    Eval(EvalArgs),
    /// All functions and fields of the language.
    List(ListArgs),
    /// How expressions are computed: the steps, what is shared, and what each costs on a simulated year of minutes.
    Explain(CheckArgs),
}

/// `qe expr check` and `qe expr explain`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Expressions, or NAME=EXPRESSION.
    #[arg(required = true)]
    expressions: Vec<String>,
    #[command(flatten)]
    schema: SchemaArgs,
}

/// `qe expr list`.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// The whole page of the reference.
    #[arg(long)]
    markdown: bool,
}

/// What the rows are that expressions are about.
#[derive(Debug, Args)]
struct SchemaArgs {
    /// The columns that there are, with commas between them, beside those of bars.
    #[arg(long, value_delimiter = ',')]
    columns: Vec<String>,
    /// How long a bar is.
    #[arg(long, short, default_value = "1m")]
    timeframe: Timeframe,
    /// Whose sessions: us_equities or crypto.
    #[arg(long, default_value = "us_equities")]
    calendar: String,
}

/// `qe expr eval`.
#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// An expression, or NAME=EXPRESSION; as often as wanted.
    #[arg(long = "expr", short = 'e', required = true, value_name = "EXPR")]
    expressions: Vec<String>,
    /// Write the values as Parquet into this folder, a file a symbol, rather than show the last rows.
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How many of the last rows are shown.
    #[arg(long, default_value_t = 10)]
    rows: usize,
}

pub(crate) fn run(command: ExprCommand, out: &Output) -> Result<Verdict> {
    match command {
        ExprCommand::Check(args) => check(&args, out),
        ExprCommand::Eval(args) => eval(&args, out),
        ExprCommand::Explain(args) => explain(&args, out),
        ExprCommand::List(args) => {
            let names: Vec<&str> = function_names().collect();
            out.result(&names, || if args.markdown { reference() } else { names.join("\n") })?;
            Ok(Verdict::Good)
        }
    }
}

impl SchemaArgs {
    fn schema(&self) -> Result<Schema> {
        let columns = OHLCV.iter().map(|c| (*c).to_owned()).chain(self.columns.iter().cloned());
        Ok(Schema::new(columns).bars(self.timeframe, Calendar::by_name(&self.calendar)?))
    }
}

/// Names, texts and trees of expressions. An `=` after a plain name and before anything else names the expression.
fn read(texts: &[String]) -> Result<Vec<(String, Ast)>> {
    let named = |text: &str| -> Result<(String, Ast)> {
        let plain = |n: &str| !n.is_empty() && n.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let (name, body) = match text.split_once('=') {
            Some((name, body)) if plain(name.trim()) && !body.starts_with('=') => (name.trim(), body),
            _ => (text, text),
        };
        Ok((name.to_owned(), parse(body)?))
    };
    texts.iter().map(|t| named(t)).collect()
}

fn compiled(trees: &[(String, Ast)], schema: &Schema) -> Result<Compiled> {
    let named: Vec<(&str, &Ast)> = trees.iter().map(|(name, ast)| (name.as_str(), ast)).collect();
    Ok(compile(&named, schema, None)?)
}

/// What an expression is.
#[derive(Debug, Serialize)]
struct Checked {
    name: String,
    text: String,
    gives: &'static str,
    lookback: usize,
}

fn describe(trees: &[(String, Ast)], compiled: &Compiled) -> Vec<Checked> {
    let outputs = compiled.plan().outputs();
    let of = |(i, (name, ast)): (usize, &(String, Ast))| {
        let output = &outputs[compiled.output(i, 0)?];
        let gives = if output.ty == Ty::Cond { "condition" } else { "number" };
        Some(Checked { name: name.clone(), text: ast.to_string(), gives, lookback: output.lookback })
    };
    trees.iter().enumerate().filter_map(of).collect()
}

fn check(args: &CheckArgs, out: &Output) -> Result<Verdict> {
    let trees = read(&args.expressions)?;
    let checked = describe(&trees, &compiled(&trees, &args.schema.schema()?)?);
    out.result(&checked, || {
        checked.iter().fold(String::new(), |mut text, c| {
            let _ = writeln!(text, "{}\n  a {} from row {} on", c.text, c.gives, c.lookback);
            text
        })
    })?;
    Ok(Verdict::Good)
}

/// What `qe expr explain` says.
#[derive(Debug, Serialize)]
struct Explained {
    expressions: Vec<Checked>,
    n_steps: usize,
    lookback: usize,
    plan: String,
    steps: Vec<Step>,
}

/// A step and what it costs.
#[derive(Debug, Serialize)]
struct Step {
    step: String,
    ns_per_row: f64,
}

fn explain(args: &CheckArgs, out: &Output) -> Result<Verdict> {
    let trees = read(&args.expressions)?;
    let compiled = compiled(&trees, &args.schema.schema()?)?;
    let plan = compiled.plan();
    let steps = cost(plan, out)?;
    let explained = Explained {
        expressions: describe(&trees, &compiled),
        n_steps: plan.n_steps(),
        lookback: plan.lookback(),
        plan: plan.to_string(),
        steps,
    };
    out.result(&explained, || {
        let mut text = explained.plan.clone();
        let _ = writeln!(text, "\n{} steps, all outputs known from row {} on", explained.n_steps, explained.lookback);
        let _ = writeln!(text, "\nns a row, on a simulated year of minutes:");
        for step in &explained.steps {
            let _ = writeln!(text, "{:>8.2}  {}", step.ns_per_row, step.step);
        }
        text
    })?;
    Ok(Verdict::Good)
}

/// What each step costs on simulated bars; columns that they lack are walks like their closes.
fn cost(plan: &Plan, out: &Output) -> Result<Vec<Step>> {
    let spec = MarketSpec { symbols: vec!["SPY".into()], years: 1, ..MarketSpec::default() };
    let market: Market = generate(&spec, 1, out)?;
    let Some(bars) = market.minute_bars().first() else { bail!("the simulated market is empty") };
    let mut table = bars.columns().clone();
    for name in plan.columns() {
        if table.index_of(name).is_none() {
            table.push(name, Shared::from(bars.close().to_vec()))?;
        }
    }
    let begin = Instant::now();
    // Once to warm up, once for the figures.
    plan.profile(&table, || 0)?;
    let steps = plan.profile(&table, || begin.elapsed().as_nanos() as u64)?;
    Ok(steps.into_iter().map(|(step, ns_per_row)| Step { step, ns_per_row }).collect())
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

fn eval(args: &EvalArgs, out: &Output) -> Result<Verdict> {
    let trees = read(&args.expressions)?;
    let spec = args.source.spec()?;
    let data = load(spec.clone(), out)?;
    let mut shown = Vec::with_capacity(data.bars.len());
    for bars in &data.bars {
        let names = bars.columns().names().map(str::to_owned);
        let schema = Schema::new(names).bars_in(spec.timeframe, spec.calendar.clone(), spec.hours);
        let compiled = compiled(&trees, &schema)?;
        let outputs = compiled.plan().eval(bars.columns())?.into_outputs();
        let columns: Vec<Vec<f64>> = (0..trees.len())
            .filter_map(|i| outputs.get(compiled.output(i, 0)?))
            .map(|value| match value {
                Value::Number(v) => v.clone(),
                Value::Condition(m) => {
                    (0..m.len()).map(|i| m.get(i).map_or(f64::NAN, |v| f64::from(u8::from(v)))).collect()
                }
            })
            .collect();
        if let Some(root) = &args.out {
            let mut table = Columns::new(bars.axis().clone());
            for ((name, _), column) in trees.iter().zip(&columns) {
                table.push(name.as_str(), column.clone())?;
            }
            let options = StoreOptions { partition: Partition::Whole, with_available: true, ..StoreOptions::default() };
            store(bars.symbol(), &table, root, options).with_context(|| format!("cannot write {}", root.display()))?;
        }
        let first = bars.len().saturating_sub(args.rows);
        let row = |i: usize| Row {
            ts: Timestamp(bars.open_time()[i]).to_string(),
            values: columns.iter().map(|c| Some(c[i]).filter(|v| !v.is_nan())).collect(),
        };
        let rows = (first..bars.len()).map(row).collect();
        shown.push(Shown { symbol: bars.symbol().to_owned(), n_rows: bars.len(), rows });
    }
    out.result(&shown, || text(&trees, &shown))?;
    Ok(Verdict::Good)
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
