//! From what people write to expressions alone: series are put in, blocks become their texts, filters join their
//! entries.
//!
//! The outcome, [`Expanded`], is the canonical form: two ways to write one strategy come to the same. What people
//! wrote is kept beside it as [`Check`]s, each with its field and its own text, so that an error shows what they know.

mod conditions;
mod exits;
mod series;
mod sizing;
mod text;

use std::collections::BTreeMap;
use std::sync::Arc;

use qe_factors::expr::{Ast, Node};
use qe_factors::plan::Scope;

use crate::error::{Error, Result};
use crate::fills::Holding;
use crate::program::{ExitKind, SizeKind};
use crate::spec::profile::Settings;
use crate::spec::{OrderSpec, Side, StrategySpec};
pub(crate) use text::{Expr, literal};

/// A parameter that everything may read: how many bars a year has. The calendar says it.
pub(crate) const PERIODS_PER_YEAR: &str = "periods_per_year";

/// What an expression has to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    /// A condition.
    Condition,
    /// A number.
    Number,
    /// A number that is the same in every row.
    Constant,
    /// Whatever it is.
    Anything,
}

/// An expression as people wrote it, to be compiled by itself for the sake of its errors.
#[derive(Debug, Clone)]
pub(crate) struct Check {
    pub(crate) field: String,
    pub(crate) ast: Ast,
    pub(crate) scope: Scope,
    pub(crate) wants: Wants,
}

/// An exit of one side.
#[derive(Debug, Clone)]
pub(crate) struct ExitExpr {
    pub(crate) kind: ExitKind,
    pub(crate) expr: Expr,
    pub(crate) reason: Arc<str>,
    /// Where it was written.
    pub(crate) field: String,
}

/// How an entry is ordered, if not at the market.
#[derive(Debug, Clone)]
pub(crate) struct OrderExpr {
    pub(crate) is_limit: bool,
    pub(crate) level: [Option<Expr>; 2],
    pub(crate) bars: Expr,
}

/// How much.
#[derive(Debug, Clone)]
pub(crate) struct SizeExpr {
    pub(crate) kind: SizeKind,
    pub(crate) expr: Expr,
    pub(crate) scale: Option<Expr>,
    pub(crate) limit_frac: Expr,
    pub(crate) lot: Expr,
    pub(crate) min_units: Expr,
}

/// A strategy in expressions alone.
#[derive(Debug, Clone)]
pub(crate) struct Expanded {
    pub(crate) settings: Settings,
    pub(crate) require: Vec<Expr>,
    pub(crate) entry: [Option<Expr>; 2],
    pub(crate) gates: Vec<Expr>,
    pub(crate) order: Option<OrderExpr>,
    pub(crate) exits: [Vec<ExitExpr>; 2],
    pub(crate) size: SizeExpr,
    pub(crate) weight: Option<Expr>,
    pub(crate) strength: Option<Expr>,
    pub(crate) cooldown: [Expr; 2],
    pub(crate) opposite: crate::spec::Opposite,
    pub(crate) flat_at_session_end: bool,
    pub(crate) checks: Vec<Check>,
}

/// What is known while a specification is expanded.
pub(crate) struct Expander<'a> {
    pub(crate) spec: &'a StrategySpec,
    /// Named series, other series put in.
    pub(crate) series: BTreeMap<&'a str, Ast>,
    pub(crate) checks: Vec<Check>,
    /// The conditions that enter, long and short, before filters.
    pub(crate) signals: [Option<Ast>; 2],
    pub(crate) flat_at_session_end: bool,
}

impl StrategySpec {
    /// The strategy in expressions alone.
    ///
    /// # Errors
    /// When a field contradicts another, is out of range, names what does not exist, or is no expression.
    pub(crate) fn expand(&self) -> Result<Expanded> {
        if self.version != crate::spec::VERSION {
            let mend = format!("give {}", crate::spec::VERSION);
            return Err(Error::spec("version", format!("{} is not known", self.version), mend));
        }
        let settings = self.settings()?;
        self.check_params()?;
        let flat_at_session_end = self.session.flat_at_end;
        let signals = [None, None];
        let mut x = Expander { spec: self, series: BTreeMap::new(), checks: Vec::new(), signals, flat_at_session_end };
        x.put_in_series()?;
        let mut require = Vec::with_capacity(self.require.len());
        for (i, text) in self.require.iter().enumerate() {
            require.push(x.constant(&format!("require[{i}]"), text, Wants::Condition)?);
        }
        let (entry, gates) = x.entries()?;
        let order = x.order(&entry)?;
        let strength = match &self.entry.strength {
            Some(text) => Some(x.expr("entry.strength", text, Scope::SERIES, Wants::Number)?),
            None => None,
        };
        let (size, weight) = x.size()?;
        if weight.is_none() && entry.iter().all(Option::is_none) {
            return Err(Error::spec(
                "entry",
                "nothing is ever entered",
                "give entry.long, entry.short, or a target_weight",
            ));
        }
        if weight.is_some() {
            x.ensure_no_entries()?;
        }
        if weight.is_some() || settings.holding != Holding::Units {
            self.sizing.ensure_no_lots()?;
        }
        let exits = x.exits(&entry)?;
        let cooldown = &self.execution.cooldown;
        let cooldown = [
            x.constant("execution.cooldown.bars", &cooldown.bars.text(), Wants::Constant)?,
            x.constant("execution.cooldown.sessions", &cooldown.sessions.text(), Wants::Constant)?,
        ];
        if let Some(blackout) = &self.session.blackout {
            blackout.check()?;
        }
        let flat_at_session_end = x.flat_at_session_end;
        let checks = x.checks;
        Ok(Expanded {
            settings,
            require,
            entry,
            gates,
            order,
            exits,
            size,
            weight,
            strength,
            cooldown,
            opposite: self.execution.opposite,
            flat_at_session_end,
            checks,
        })
    }

    fn check_params(&self) -> Result<()> {
        for param in self.params() {
            let field = format!("params.{}", param.name);
            if param.name == PERIODS_PER_YEAR {
                return Err(Error::spec(field, "the name is taken: the calendar says it", "choose another"));
            }
            let is_name = param.name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && param.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !is_name {
                return Err(Error::spec(field, "it is no name", "take letters, digits and `_`, a letter first"));
            }
            param.validated().map_err(|e| Error::spec(field, e.to_string(), "mend its statement"))?;
        }
        Ok(())
    }
}

impl Expander<'_> {
    fn order(&mut self, entry: &[Option<Expr>; 2]) -> Result<Option<OrderExpr>> {
        let (is_limit, name, resting) = match &self.spec.entry.order {
            None => return Ok(None),
            Some(OrderSpec::Limit(resting)) => (true, "limit", resting),
            Some(OrderSpec::Stop(resting)) => (false, "stop", resting),
        };
        let mut level = [None, None];
        for (side, word, text) in [(Side::Long, "long", &resting.long), (Side::Short, "short", &resting.short)] {
            let field = format!("entry.order.{name}.{word}");
            level[side.idx()] = match (text, &entry[side.idx()]) {
                (Some(text), Some(_)) => Some(self.expr(&field, text, Scope::SERIES, Wants::Number)?),
                (None, Some(_)) => {
                    let reason = format!("entry.{word} is ordered by a {name}, and there is no price");
                    return Err(Error::spec(field, reason, "give the price as of the signal, such as `close`"));
                }
                (Some(_), None) => {
                    let reason = format!("nothing is ever entered {word}");
                    return Err(Error::spec(field, reason, format!("leave it out, or give entry.{word}")));
                }
                (None, None) => None,
            };
        }
        let bars = self.constant(&format!("entry.order.{name}.bars"), &resting.bars.text(), Wants::Constant)?;
        Ok(Some(OrderExpr { is_limit, level, bars }))
    }

    fn ensure_no_entries(&self) -> Result<()> {
        let spec = self.spec;
        let given = [
            ("entry.long", spec.entry.long.is_some()),
            ("entry.short", spec.entry.short.is_some()),
            ("entry.order", spec.entry.order.is_some()),
            ("entry.long_filters", !spec.entry.long_filters.is_empty()),
            ("entry.short_filters", !spec.entry.short_filters.is_empty()),
            ("filters", !spec.filters.is_empty()),
            ("exits", spec.exits.iter().any(|e| e.rule.name() != "session_end")),
        ];
        match given.into_iter().find(|g| g.1) {
            Some((field, _)) => {
                let reason = "a target weight says in every row what is held";
                Err(Error::spec(field, reason, "leave it out, or write it into the weight: `if(..., weight, 0)`"))
            }
            None => Ok(()),
        }
    }
}

/// Whether a tree reads the account, by the names of its fields.
pub(crate) fn reads_account(ast: &Ast) -> bool {
    let is_account = |node: &Node| matches!(node, Node::Field(name) if qe_factors::expr::ACCOUNT.contains(&&**name));
    ast.nodes().iter().any(is_account)
}
