//! From a specification to a plan that all points share, and a program for each point.
//!
//! Every expression is compiled by itself first, at the defaults, so that an error names its field and shows the text
//! that people wrote. Then all of them are compiled together for all points. A point that cannot be run, because it
//! fails a requirement or an indicator refuses its parameters, is marked and left out; the others go on.

mod constants;
mod expressions;
mod listing;
mod points;
mod programs;

use std::collections::BTreeMap;
use std::sync::Arc;

use qe_core::param::Value;
use qe_core::point::PointTable;
use qe_factors::expr::{Ast, Compiled, Node, Schema, compile_scoped, parse, substitute};
use qe_factors::plan::{Scope, Ty};

pub(crate) use constants::is_constant;
pub use expressions::SpecExpression;
use listing::Listing;
use points::Survivors;

use crate::costs::Crisis;
use crate::error::{Error, Result};
use crate::expand::{Check, PERIODS_PER_YEAR, Wants, literal};
use crate::market::Held;
use crate::program::{Execution, StrategyPlan};
use crate::spec::StrategySpec;

impl StrategySpec {
    /// Compiles it for all points of a table; without one, for its defaults. A parameter that the table does not have
    /// is as by default. `periods_per_year` is how many bars a year has, which the calendar says: `$periods_per_year`
    /// in expressions.
    ///
    /// # Errors
    /// When a field cannot be used, or an expression does not fit the columns: the field is named and the place shown. What
    /// is wrong with single points is no error: their program says so.
    pub fn compile(&self, schema: &Schema, periods_per_year: f64, points: Option<&PointTable>) -> Result<StrategyPlan> {
        if !(periods_per_year > 0.0 && periods_per_year.is_finite()) {
            let mend = "give how many bars a year has, as the calendar says";
            return Err(Error::spec("periods_per_year", format!("{periods_per_year} is out of range"), mend));
        }
        let expanded = self.expand()?;
        let (spec_id, skeleton_id) = self.ids_of(&expanded)?;
        if let Some(name) = self.series.keys().find(|name| schema.columns().iter().any(|c| **c == ***name)) {
            let field = format!("series.{name}");
            return Err(Error::spec(field, "there is a column of that name", "choose another name"));
        }
        let defaults = self.default_point()?;
        let year = Filling::new(periods_per_year, []);
        for check in &expanded.checks {
            checked(check, schema, &defaults, &year)?;
        }
        let points = points.unwrap_or(&defaults);
        let filling = Filling::new(periods_per_year, self.absent(points)?);
        let listing = Listing::new(&expanded, &filling, crisis(expanded.settings.costs.crisis.as_ref()))?;
        // The defaults must be fit to run: what fails there would fail as a surprise.
        let default = Survivors::new(self, &expanded, &defaults, &filling)?;
        if let Some(reason) = default.failed.first().and_then(Option::as_ref) {
            return Err(Error::spec("params", format!("the defaults cannot be run: {reason}"), "give others"));
        }
        let default_compiled = listing.compile(schema, &defaults)?;
        if let (_, Some(fault)) = listing.programs(&expanded, &default_compiled, &defaults)? {
            return Err(Error::spec(fault.field, format!("at the defaults, {}", fault.reason), fault.mend));
        }
        let mut survivors = Survivors::new(self, &expanded, points, &filling)?;
        let compiled = survivors.compile(&listing, schema, default_compiled)?;
        let programs = survivors.programs(&listing, &expanded, &compiled)?;
        let settings = &expanded.settings;
        let blackout = self.session.blackout.as_ref();
        Ok(StrategyPlan {
            name: self.name.as_str().into(),
            spec_id,
            skeleton_id,
            points: points.clone(),
            spread_multiplier: listing.crisis(&compiled),
            held: Held::default(),
            compiled,
            programs,
            reasons: listing.reasons,
            execution: Execution {
                capital: settings.capital,
                leverage: settings.leverage,
                fill: settings.fill,
                holding: settings.holding,
                path: self.execution.path,
                flat_at_session_end: expanded.flat_at_session_end,
                no_entry_last_bars: self.session.no_entry_last_bars,
                blackout_sessions: blackout.map_or(0, |b| b.sessions),
            },
            blackout_events: blackout.map_or_else(Vec::new, |b| b.events.clone()),
            costs: settings.costs.clone(),
        })
    }

    /// Whether it makes sense by itself, whatever the columns: fields, blocks, parameters, and the texts of
    /// expressions.
    ///
    /// # Errors
    /// As [`StrategySpec::compile`], but for what the columns decide.
    pub fn check(&self) -> Result<()> {
        self.expand().map(|_| ())
    }

    /// A table of one point, the defaults.
    ///
    /// # Errors
    /// When a parameter contradicts itself.
    pub fn default_point(&self) -> Result<PointTable> {
        let params = self.params();
        let values: Vec<Value> = params.iter().map(|p| p.default.clone()).collect();
        let mut table = PointTable::new(params)?;
        table.push(0, &values)?;
        Ok(table)
    }

    /// The parameters that a table does not have, with their defaults.
    fn absent(&self, points: &PointTable) -> Result<Vec<(String, Value)>> {
        let names: Vec<&str> = self.params.keys().map(String::as_str).collect();
        if let Some(param) = points.params().iter().find(|p| !names.contains(&p.name.as_str())) {
            let mend = if names.is_empty() {
                "it has none".to_owned()
            } else {
                crate::catalog::suggestion(&param.name, &names)
            };
            return Err(Error::spec("points", format!("the strategy has no parameter `{}`", param.name), mend));
        }
        let has = |name: &str| points.params().iter().any(|p| p.name == name);
        let absent = self.params.iter().filter(|(name, _)| !has(name));
        Ok(absent.map(|(name, p)| (name.clone(), p.default.clone())).collect())
    }
}

/// What is put in for parameters that no point has.
struct Filling(BTreeMap<String, Ast>);

impl Filling {
    fn new(periods_per_year: f64, absent: impl IntoIterator<Item = (String, Value)>) -> Self {
        let year = (PERIODS_PER_YEAR.to_owned(), literal(&Value::Float(periods_per_year)));
        Self(std::iter::once(year).chain(absent.into_iter().map(|(name, v)| (name, literal(&v)))).collect())
    }

    fn fill(&self, field: &str, ast: &Ast) -> Result<Ast> {
        let with = |node: &Node| match node {
            Node::Param(name) => self.0.get(&**name),
            _ => None,
        };
        substitute(ast, with).ok_or_else(|| Error::spec(field, "it is too long", "make it shorter"))
    }
}

/// Compiles an expression by itself at the defaults.
fn checked(check: &Check, schema: &Schema, defaults: &PointTable, year: &Filling) -> Result<()> {
    let ast = year.fill(&check.field, &check.ast)?;
    let compiled = compile_scoped(&[(&check.field, &ast, check.scope)], schema, Some(defaults))
        .map_err(|e| Error::expression(&check.field, e))?;
    let (reason, mend) = match (check.wants, ty(&compiled, 0, 0)) {
        (Wants::Condition, Some(Ty::Num)) => ("it is a number, and a condition is wanted", "compare it with something"),
        (Wants::Number | Wants::Constant, Some(Ty::Cond)) => {
            ("it is a condition, and a number is wanted", "write `if(..., 1, 0)`")
        }
        _ => return Ok(()),
    };
    Err(Error::spec(&check.field, reason, mend))
}

/// What an expression gives at a point.
fn ty(compiled: &Compiled, expression: usize, point: usize) -> Option<Ty> {
    match compiled.output(expression, point) {
        Some(output) => compiled.plan().outputs().get(output).map(|o| o.ty),
        None => compiled.rule(expression, point).map(|rule| rule.ty()),
    }
}

/// By what spreads widen.
fn crisis(crisis: Option<&Crisis>) -> Option<Arc<str>> {
    widening_of(crisis, &format!("${PERIODS_PER_YEAR}"))
}

/// By what spreads widen, with so many bars a year.
pub(crate) fn widening(crisis: Option<&Crisis>, periods_per_year: f64) -> Option<Arc<str>> {
    widening_of(crisis, &format!("{periods_per_year:?}"))
}

fn widening_of(crisis: Option<&Crisis>, periods_per_year: &str) -> Option<Arc<str>> {
    let Crisis { calm_annual, slope, cap, period } = crisis?;
    let vol = format!("hv(close, period={period}, periods_per_year={periods_per_year})");
    Some(format!("clip(exp({slope:?} * ({vol} / {calm_annual:?} - 1)), 1, {cap:?})").into())
}

/// A text of our own, which reads.
fn own(field: &str, text: &str) -> Result<Ast> {
    parse(text).map_err(|e| Error::expression(field, e.into()))
}

/// An expression to be compiled for all points.
struct Listed {
    field: String,
    ast: Ast,
    scope: Scope,
    wants: Wants,
}

/// What is wrong at a point.
struct Fault {
    field: String,
    reason: String,
    mend: String,
}
