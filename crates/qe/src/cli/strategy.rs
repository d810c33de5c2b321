//! `qe strategy`: the strategies that come with the engine, the blocks they are made of, and whether a file is one.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, Subcommand, ValueEnum, ValueHint};
use qe_core::bars::OHLCV;
use qe_core::calendar::Calendar;
use qe_core::ident::Id;
use qe_core::param::Param;
use qe_core::timeframe::Timeframe;
use qe_engine::catalog::{self, Slot, entries, exits, filters, sizers};
use qe_engine::fills::FillTiming;
use qe_engine::program::StrategyPlan;
use qe_engine::spec::{Profile, Side};
use qe_engine::{StrategySpec, strategies};
use qe_factors::expr::Schema;
use serde::Serialize;

use super::Verdict;
use super::expr::{Explained, describe};
use super::output::Output;

/// What can be asked of strategies.
#[derive(Debug, Subcommand)]
pub(crate) enum StrategyCommand {
    /// The strategies that come with the engine.
    List,
    /// The text of one of them, to read or to begin a file of your own with.
    Show {
        /// Its name.
        name: String,
    },
    /// Read a strategy, compile it at its defaults, and say what it is.
    Check(CheckArgs),
    /// What a strategy comes to: its expressions with blocks expanded, how they are computed, and what each step costs.
    Explain(CheckArgs),
    /// The blocks that conditions, exits and sizes can be made of.
    Blocks,
}

/// `qe strategy check` and `qe strategy explain`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// A file (.toml or .json), or the name of a strategy that comes with the engine.
    #[arg(value_hint = ValueHint::AnyPath)]
    strategy: String,
    /// The columns that there are, with commas between them, beside those of bars.
    #[arg(long, value_delimiter = ',')]
    columns: Vec<String>,
    /// How long a bar is.
    #[arg(long, short, default_value = "1h")]
    timeframe: Timeframe,
    /// Whose sessions: us_equities or crypto.
    #[arg(long, default_value = "us_equities")]
    calendar: String,
    /// Other symbols that there are, with commas between them: `sym("SPY", close)` reads one.
    #[arg(long, visible_alias = "read", value_delimiter = ',')]
    symbols: Vec<String>,
    /// Under which settings, if not the strategy's own.
    #[arg(long, value_enum)]
    profile: Option<ProfileArg>,
}

/// A profile by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProfileArg {
    /// The first engine's settings, pinned: filled at the close of the signal's own bar.
    Discovery,
    /// What can be had: filled at the next open, with costs.
    Research,
}

impl From<ProfileArg> for Profile {
    fn from(profile: ProfileArg) -> Self {
        match profile {
            ProfileArg::Discovery => Self::Discovery,
            ProfileArg::Research => Self::Research,
        }
    }
}

pub(crate) fn run(command: StrategyCommand, out: &Output) -> Result<Verdict> {
    match command {
        StrategyCommand::List => list(out)?,
        StrategyCommand::Show { name } => {
            let text = strategies::text(&name)?;
            out.result(&serde_json::json!({ "name": name, "toml": text }), || text.to_owned())?;
        }
        StrategyCommand::Check(args) => check(&args, out)?,
        StrategyCommand::Explain(args) => explain(&args, out)?,
        StrategyCommand::Blocks => {
            out.result(&blocks(), catalog::reference)?;
        }
    }
    Ok(Verdict::Good)
}

/// The strategy of a file, or of a name.
pub(crate) fn read(strategy: &str, profile: Option<ProfileArg>) -> Result<StrategySpec> {
    let path = Path::new(strategy);
    let ending = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
    let spec = match ending.as_deref() {
        Some(ending @ ("toml" | "json")) => {
            let place = || path.display().to_string();
            let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            let spec = if ending == "json" { StrategySpec::from_json(&text) } else { StrategySpec::from_toml(&text) };
            spec.with_context(place)?
        }
        _ if path.exists() => bail!("{strategy}: its name does not say how to read it; end it with .toml or .json"),
        _ => strategies::by_name(strategy).map_err(|e| {
            anyhow!("{e}. The name of a file ends in .toml or .json; `qe strategy list` has the others")
        })?,
    };
    Ok(profile.map_or_else(|| spec.clone(), |p| spec.under(p.into())))
}

/// What to say beside every result that is filled at a price that its decisions were made from.
pub(crate) const SAME_BAR: &str =
    "same bar: decisions are filled at the price that they were made from, which nobody can have for certain";

/// A strategy that comes with the engine.
#[derive(Debug, Serialize)]
struct Listed {
    name: &'static str,
    about: String,
}

fn list(out: &Output) -> Result<()> {
    let listed: Vec<Listed> = strategies::names()
        .map(|name| Ok(Listed { name, about: first_sentence(&strategies::by_name(name)?.about) }))
        .collect::<Result<_>>()?;
    let width = listed.iter().map(|l| l.name.len()).max().unwrap_or(0);
    out.result(&listed, || {
        listed.iter().fold(String::new(), |mut text, l| {
            let _ = writeln!(text, "{:<width$}  {}", l.name, l.about);
            text
        })
    })
}

/// The first sentence of a text, in one line.
fn first_sentence(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.find(". ") {
        Some(end) => line[..=end].to_owned(),
        None => line,
    }
}

/// What a strategy is.
#[derive(Debug, Serialize)]
struct Checked {
    name: String,
    spec_id: Id,
    skeleton_id: Id,
    profile: Profile,
    fill_timing: FillTiming,
    is_same_bar: bool,
    lookback: usize,
    reasons: Vec<String>,
    n_grid_points: Option<u64>,
    params: Vec<Param>,
}

impl CheckArgs {
    /// The strategy, its plan at the defaults, and how many bars a year has.
    fn compiled(&self) -> Result<(StrategySpec, StrategyPlan, f64)> {
        let spec = read(&self.strategy, self.profile)?;
        let calendar = Calendar::by_name(&self.calendar)?;
        let columns = OHLCV.iter().map(|c| (*c).to_owned()).chain(self.columns.iter().cloned());
        let schema =
            Schema::new(columns).bars(self.timeframe, calendar.clone()).with_symbols(self.symbols.iter().cloned());
        let n_a_year = calendar.periods_per_year(self.timeframe);
        let plan = spec.compile(&schema, n_a_year, None).with_context(|| self.strategy.clone())?;
        Ok((spec, plan, n_a_year))
    }
}

/// How a strategy is computed.
#[derive(Debug, Serialize)]
struct ExplainedStrategy {
    name: String,
    spec_id: Id,
    /// What are numbers of parameters alone, by field.
    numbers: Vec<(String, String)>,
    #[serde(flatten)]
    explained: Explained,
}

fn explain(args: &CheckArgs, out: &Output) -> Result<()> {
    let (spec, plan, n_a_year) = args.compiled()?;
    let (mut numbers, mut expressions) = (Vec::new(), Vec::new());
    for of in spec.expressions(n_a_year)? {
        let name = match of.side {
            Some(Side::Long) => format!("{} of long", of.field),
            Some(Side::Short) => format!("{} of short", of.field),
            None => of.field,
        };
        match of.place {
            Some(place) => expressions.extend(describe(&name, &of.ast, &plan.compiled, place)),
            None => numbers.push((name, of.ast.to_string())),
        }
    }
    let explained = Explained::of(expressions, &plan.compiled, out)?;
    let told = ExplainedStrategy { name: spec.name.clone(), spec_id: plan.spec_id, numbers, explained };
    out.result(&told, || {
        let mut text = format!("{}, spec {}\n\n", told.name, told.spec_id.short());
        for c in &told.explained.expressions {
            let _ = writeln!(text, "{} = {}\n  {}", c.name, c.text, c.about());
        }
        for (field, number) in &told.numbers {
            let _ = writeln!(text, "{field} = {number}\n  a number of parameters alone");
        }
        let _ = writeln!(text, "\nthe plan, at the defaults:");
        text + &told.explained.text()
    })
}

fn check(args: &CheckArgs, out: &Output) -> Result<()> {
    let (spec, plan, _) = args.compiled()?;
    let params = spec.params();
    let mut n_values = params.iter().map(Param::n_values);
    let checked = Checked {
        name: spec.name.clone(),
        spec_id: plan.spec_id,
        skeleton_id: plan.skeleton_id,
        profile: spec.profile,
        fill_timing: plan.execution.fill,
        is_same_bar: plan.execution.fill.is_same_bar(),
        lookback: plan.programs.iter().flatten().map(|p| p.lookback).max().unwrap_or(0),
        reasons: plan.reasons.iter().map(ToString::to_string).collect(),
        n_grid_points: n_values.try_fold(1_u64, |n, p| Some(n.saturating_mul(p?))),
        params,
    };
    out.result(&checked, || checked.text())
}

impl Checked {
    fn text(&self) -> String {
        let mut text = format!("{}\n", self.name);
        let mut line = |what: &str, is: &str| {
            let _ = writeln!(text, "  {what:<9} {is}");
        };
        line("spec", &self.spec_id.to_string());
        line("skeleton", &self.skeleton_id.to_string());
        line("profile", &format!("{:?}", self.profile).to_lowercase());
        line("filled", &self.fill_timing.to_string());
        if self.is_same_bar {
            line("", SAME_BAR);
        }
        line("warm", &format!("after {} bars, at the defaults", self.lookback));
        line("exits", &if self.reasons.is_empty() { "none of its own".to_owned() } else { self.reasons.join(", ") });
        match self.n_grid_points {
            Some(n) => line("grid", &format!("{n} points")),
            None => line("grid", "none: a parameter has no step"),
        }
        for param in &self.params {
            let _ = writeln!(text, "  {param}");
        }
        text
    }
}

/// A block of the catalogue.
#[derive(Debug, Serialize)]
struct Block {
    family: &'static str,
    name: &'static str,
    about: &'static str,
    source: &'static str,
    slots: Vec<Taken>,
    expands_to: Vec<&'static str>,
}

/// What a block takes.
#[derive(Debug, Serialize)]
struct Taken {
    name: String,
    default: Option<String>,
}

fn blocks() -> Vec<Block> {
    let taken = |slots: Vec<Slot>| -> Vec<Taken> {
        let of = |s: &Slot| Taken { name: s.name().to_owned(), default: s.default().map(Into::into) };
        slots.iter().map(of).collect()
    };
    let conditions = [("entry", entries::ALL), ("filter", filters::ALL)];
    let conditions = conditions.into_iter().flat_map(|(family, list)| list.iter().map(move |b| (family, *b)));
    let conditions = conditions.map(|(family, b)| (family, b.name, b.about, b.source, (b.slots)(), vec![b.text]));
    let exits = exits::ALL.iter().map(|b| {
        let texts = b.rules.iter().map(|rule| rule.texts[0]).collect();
        ("exit", b.name, b.about, b.source, (b.slots)(), texts)
    });
    let sizers = sizers::ALL.iter().map(|b| ("sizer", b.name, b.about, b.source, (b.slots)(), vec![b.text]));
    let all = conditions.chain(exits).chain(sizers);
    all.map(|(family, name, about, source, slots, expands_to)| Block {
        family,
        name,
        about,
        source,
        slots: taken(slots),
        expands_to,
    })
    .collect()
}
