//! `qe expr`: what expressions say, how they are computed, and what they give.

use std::fmt::Write as _;
use std::time::Instant;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use qe_core::bars::OHLCV;
use qe_core::calendar::Calendar;
use qe_core::columns::Shared;
use qe_core::timeframe::Timeframe;
use qe_data::market::{Market, MarketSpec};
use qe_factors::expr::{Ast, Compiled, Schema, compile_scoped, function_names, parse, reference};
use qe_factors::plan::{Plan, Rule, Scope, Ty};
use serde::Serialize;

use super::Verdict;
use super::data::generate;
use super::equations::split_name;
use super::eval::{self, EvalArgs};
use super::factors::{self, FactorsArgs};
use super::output::Output;

/// What can be done with expressions.
#[derive(Debug, Subcommand)]
pub(crate) enum ExprCommand {
    /// Read expressions: their canonical text, what they give, and after how many rows.
    Check(CheckArgs),
    /// Compute expressions over bars, of one symbol after the other or across them.
    Eval(EvalArgs),
    /// Compute a list of equations over a table of features, and write the factors.
    Factors(FactorsArgs),
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
    /// What they may read beside the market: an exit the open position, a gate the account, a size both; a label of
    /// research what comes later.
    #[arg(long, value_enum, default_value = "series")]
    scope: ScopeArg,
    #[command(flatten)]
    schema: SchemaArgs,
}

/// A scope by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ScopeArg {
    Series,
    Exit,
    Gate,
    Size,
    Label,
}

impl From<ScopeArg> for Scope {
    fn from(scope: ScopeArg) -> Self {
        match scope {
            ScopeArg::Series => Self::SERIES,
            ScopeArg::Exit => Self::EXIT,
            ScopeArg::Gate => Self::GATE,
            ScopeArg::Size => Self::SIZE,
            ScopeArg::Label => Self::LABEL,
        }
    }
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
    /// Other symbols that there are, with commas between them: `sym("SPY", close)` reads one.
    #[arg(long, value_delimiter = ',')]
    symbols: Vec<String>,
}

pub(crate) fn run(command: ExprCommand, out: &Output) -> Result<Verdict> {
    match command {
        ExprCommand::Check(args) => check(&args, out),
        ExprCommand::Eval(args) => eval::run(&args, out),
        ExprCommand::Explain(args) => explain(&args, out),
        ExprCommand::Factors(args) => factors::run(&args, out),
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
        let schema = Schema::new(columns).bars(self.timeframe, Calendar::by_name(&self.calendar)?);
        Ok(schema.with_symbols(self.symbols.iter().cloned()))
    }
}

/// Names, texts and trees of expressions. An `=` after a plain name and before anything else names the expression.
pub(super) fn read(texts: &[String]) -> Result<Vec<(String, Ast)>> {
    let named = |text: &str| -> Result<(String, Ast)> {
        let (name, body) = split_name(text);
        Ok((name.unwrap_or(text).to_owned(), parse(body)?))
    };
    texts.iter().map(|t| named(t)).collect()
}

pub(super) fn compiled(trees: &[(String, Ast)], schema: &Schema) -> Result<Compiled> {
    compiled_in(trees, schema, Scope::SERIES)
}

fn compiled_in(trees: &[(String, Ast)], schema: &Schema, scope: Scope) -> Result<Compiled> {
    let named: Vec<(&str, &Ast, Scope)> = trees.iter().map(|(name, ast)| (name.as_str(), ast, scope)).collect();
    Ok(compile_scoped(&named, schema, None)?)
}

/// What an expression is.
#[derive(Debug, Serialize)]
pub(super) struct Checked {
    pub(super) name: String,
    pub(super) text: String,
    gives: &'static str,
    lookback: usize,
    /// Of a rule, how many operations it takes in a row beside the plan's columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    n_rule_steps: Option<usize>,
    /// Of a label, how many rows later it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    ahead: Option<u32>,
}

/// An expression, the `i`th of those that were compiled.
pub(super) fn describe(name: &str, ast: &Ast, compiled: &Compiled, i: usize) -> Option<Checked> {
    let outputs = compiled.plan().outputs();
    let rule = compiled.rule(i, 0);
    let (ty, lookback) = match (rule, compiled.output(i, 0)) {
        (Some(rule), _) => (rule.ty(), rule.inputs().iter().map(|o| outputs[*o].lookback).max().unwrap_or(0)),
        (None, output) => output.map(|o| (outputs[o].ty, outputs[o].lookback))?,
    };
    let gives = if ty == Ty::Cond { "condition" } else { "number" };
    let n_rule_steps = rule.map(Rule::n_steps);
    let ahead = compiled.output(i, 0).map(|o| outputs[o].ahead).filter(|ahead| *ahead > 0);
    Some(Checked { name: name.to_owned(), text: ast.to_string(), gives, lookback, n_rule_steps, ahead })
}

fn described(trees: &[(String, Ast)], compiled: &Compiled) -> Vec<Checked> {
    trees.iter().enumerate().filter_map(|(i, (name, ast))| describe(name, ast, compiled, i)).collect()
}

impl Checked {
    /// What it gives, and from when on.
    pub(super) fn about(&self) -> String {
        let mut text = format!("a {} from row {} on", self.gives, self.lookback);
        if let Some(n) = self.n_rule_steps {
            let _ = write!(text, ", by a rule of {n} operations");
        }
        if let Some(n) = self.ahead {
            let _ = write!(text, ", known {n} rows later");
        }
        text
    }
}

fn check(args: &CheckArgs, out: &Output) -> Result<Verdict> {
    let trees = read(&args.expressions)?;
    let checked = described(&trees, &compiled_in(&trees, &args.schema.schema()?, args.scope.into())?);
    out.result(&checked, || {
        checked.iter().fold(String::new(), |mut text, c| {
            let _ = writeln!(text, "{}\n  {}", c.text, c.about());
            text
        })
    })?;
    Ok(Verdict::Good)
}

/// How expressions are computed.
#[derive(Debug, Serialize)]
pub(super) struct Explained {
    pub(super) expressions: Vec<Checked>,
    n_steps: usize,
    lookback: usize,
    plan: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rules: Vec<String>,
    steps: Vec<Step>,
}

impl Explained {
    pub(super) fn of(expressions: Vec<Checked>, compiled: &Compiled, out: &Output) -> Result<Self> {
        let plan = compiled.plan();
        // What works across symbols has no cost on one.
        let steps = if plan.is_across() { Vec::new() } else { cost(plan, out)? };
        Ok(Self {
            expressions,
            n_steps: plan.n_steps(),
            lookback: plan.lookback(),
            plan: plan.to_string(),
            rules: compiled.rules().iter().map(ToString::to_string).collect(),
            steps,
        })
    }

    /// The steps, and what each costs.
    pub(super) fn text(&self) -> String {
        let mut text = self.plan.clone();
        for rule in &self.rules {
            let _ = writeln!(text, "\na rule, run where it is asked for:\n{rule}");
        }
        let _ = writeln!(text, "\n{} steps, all outputs known from row {} on", self.n_steps, self.lookback);
        match self.steps.is_empty() {
            true => drop(writeln!(text, "what a row costs is not measured: it works across the symbols of a panel")),
            false => drop(writeln!(text, "\nns a row, on a simulated year of minutes:")),
        }
        for step in &self.steps {
            let _ = writeln!(text, "{:>8.2}  {}", step.ns_per_row, step.step);
        }
        text
    }
}

/// A step and what it costs.
#[derive(Debug, Serialize)]
struct Step {
    step: String,
    ns_per_row: f64,
}

fn explain(args: &CheckArgs, out: &Output) -> Result<Verdict> {
    let trees = read(&args.expressions)?;
    let compiled = compiled_in(&trees, &args.schema.schema()?, args.scope.into())?;
    let explained = Explained::of(described(&trees, &compiled), &compiled, out)?;
    out.result(&explained, || explained.text())?;
    Ok(Verdict::Good)
}

/// What each step costs on simulated bars; columns that they lack are walks like their closes.
fn cost(plan: &Plan, out: &Output) -> Result<Vec<Step>> {
    let spec = MarketSpec { symbols: vec!["SPY".into()], years: 1, ..MarketSpec::default() };
    let market: Market = generate(&spec, 1, out)?;
    let Some(bars) = market.minute_bars().first() else { bail!("the simulated market is empty") };
    let mut table = bars.columns().clone();
    for name in plan.columns().chain(plan.columns_of_symbols()) {
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
