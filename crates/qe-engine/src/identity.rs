//! What a strategy *is*: its canonical form, the identity of that, and of its skeleton.
//!
//! The canonical form has every expression as its canonical text, series put in, blocks expanded, filters joined to
//! entries, and every default written out. Names, prose and the words for exit reasons are no part of it. So a
//! shorthand and its expansion written by hand are one strategy, and neither comments nor the order of keys matter.
//!
//! The **skeleton** names the family of hypotheses that trials are counted in. Numbers, yes or no, and parameters are
//! erased from expressions, and what is computed of them alone: `rsi(14) < 30`, `rsi($n) < $level` and `rsi(2 * $n) <
//! 25` are one family, and so are points, ranges and defaults of a sweep. What stays is structure: operators,
//! functions, columns, lags (`close[1]` is another idea than `close`), timeframes and symbols, which exits there are
//! and of which kind, what the size is computed of, what an opposite signal does, which events are avoided. How it is
//! filled and what that costs is no part of the idea.

use std::collections::BTreeMap;
use std::sync::Arc;

use qe_core::ident::{Id, id_of};
use qe_core::param::{Kind, Scale, Value};
use qe_data::events::EventKind;
use qe_factors::expr::{Arg, Ast, Node, NodeId};
use serde::Serialize;

use crate::compile::is_constant;
use crate::costs::CostModel;
use crate::error::{Error, Result};
use crate::expand::{ExitExpr, Expanded, Expr};
use crate::fills::{FillTiming, Holding, PathPolicy};
use crate::program::{ExitKind, SizeKind};
use crate::spec::{
    Condition, Cooldown, EntrySpec, ExecutionSpec, ExitRule, ExitSpec, FillSpec, Num, Opposite, OrderSpec, ParamSpec,
    RestingSpec, SessionSpec, Side, SizeRule, SizingSpec, StrategySpec,
};

/// A strategy without its names.
#[derive(Serialize)]
struct Canonical<'a> {
    params: BTreeMap<&'a str, (&'a Kind, Scale, Value)>,
    require: Vec<&'a str>,
    idea: Idea,
    cooldown: [&'a str; 2],
    limit_frac: &'a str,
    lot: &'a str,
    min_units: &'a str,
    order_bars: Option<&'a str>,
    capital: f64,
    leverage: f64,
    fill: FillTiming,
    holding: Holding,
    path: PathPolicy,
    no_entry_last_bars: u32,
    blackout_sessions: u32,
    costs: &'a CostModel,
}

/// What the skeleton has too: expressions, whole or erased.
#[derive(Serialize)]
struct Idea {
    entry: [Option<Arc<str>>; 2],
    gates: Vec<Arc<str>>,
    order: Option<(&'static str, [Option<Arc<str>>; 2])>,
    exits: [Vec<(&'static str, Arc<str>)>; 2],
    size: (&'static str, Arc<str>),
    scale: Option<Arc<str>>,
    weight: Option<Arc<str>>,
    strength: Option<Arc<str>>,
    opposite: Opposite,
    flat_at_session_end: bool,
    blackout: Vec<EventKind>,
}

impl StrategySpec {
    /// The identity of the strategy with its defaults written out.
    ///
    /// # Errors
    /// As [`StrategySpec::check`].
    pub fn spec_id(&self) -> Result<Id> {
        Ok(self.ids_of(&self.expand()?)?.0)
    }

    /// The identity of the family of hypotheses that it belongs to.
    ///
    /// # Errors
    /// As [`StrategySpec::check`].
    pub fn skeleton_id(&self) -> Result<Id> {
        Ok(self.ids_of(&self.expand()?)?.1)
    }

    /// Both identities.
    pub(crate) fn ids_of<'a>(&'a self, x: &'a Expanded) -> Result<(Id, Id)> {
        let whole = |expr: &Expr| Arc::clone(&expr.text);
        let param = |(name, p): (&'a String, &'a ParamSpec)| {
            // `2` and `2.0` are one default of a parameter that is any number.
            let default = p.named(name).check(&p.default)?;
            Ok((name.as_str(), (&p.kind, p.scale, default)))
        };
        let canonical = Canonical {
            params: self.params.iter().map(param).collect::<Result<_>>()?,
            require: sorted(x.require.iter().map(|e| &*e.text).collect()),
            idea: self.idea(x, whole),
            cooldown: [&x.cooldown[0].text, &x.cooldown[1].text],
            limit_frac: &x.size.limit_frac.text,
            lot: &x.size.lot.text,
            min_units: &x.size.min_units.text,
            order_bars: x.order.as_ref().map(|o| &*o.bars.text),
            capital: x.settings.capital,
            leverage: x.settings.leverage,
            fill: x.settings.fill,
            holding: x.settings.holding,
            path: self.execution.path,
            no_entry_last_bars: self.session.no_entry_last_bars,
            blackout_sessions: self.session.blackout.as_ref().map_or(0, |b| b.sessions),
            costs: &x.settings.costs,
        };
        let skeleton = self.idea(x, |expr| erased(&expr.ast));
        Ok((id_of("strategy", &canonical)?, id_of("strategy skeleton", &skeleton)?))
    }

    fn idea(&self, x: &Expanded, text: impl Fn(&Expr) -> Arc<str>) -> Idea {
        let of = |expr: &Option<Expr>| expr.as_ref().map(&text);
        let exits = |list: &Vec<ExitExpr>| list.iter().map(|e| (exit_word(e.kind), text(&e.expr))).collect();
        let mut blackout = self.session.blackout.as_ref().map_or_else(Vec::new, |b| b.events.clone());
        blackout.sort();
        blackout.dedup();
        Idea {
            entry: [of(&x.entry[0]), of(&x.entry[1])],
            gates: sorted(x.gates.iter().map(&text).collect()),
            order: x.order.as_ref().map(|order| {
                (if order.is_limit { "limit" } else { "stop" }, [of(&order.level[0]), of(&order.level[1])])
            }),
            exits: [exits(&x.exits[0]), exits(&x.exits[1])],
            size: (size_word(x.size.kind), text(&x.size.expr)),
            scale: of(&x.size.scale),
            weight: of(&x.weight),
            strength: of(&x.strength),
            opposite: self.execution.opposite,
            flat_at_session_end: x.flat_at_session_end,
            blackout,
        }
    }

    /// The same strategy with blocks expanded, series put in, and every default written out: what is stored with a
    /// run, so that a later change of a default or of a block cannot change what the run was.
    ///
    /// # Errors
    /// As [`StrategySpec::check`].
    pub fn with_defaults_written(&self) -> Result<Self> {
        let x = self.expand()?;
        let text = |expr: &Expr| expr.text.to_string();
        let condition = |expr: &Option<Expr>| expr.as_ref().map(|e| Condition::Text(text(e)));
        let num = |expr: &Expr| Num::Text(text(expr));
        let order = x.order.as_ref().map(|order| {
            let resting = RestingSpec {
                long: order.level[0].as_ref().map(text),
                short: order.level[1].as_ref().map(text),
                bars: num(&order.bars),
            };
            if order.is_limit { OrderSpec::Limit(resting) } else { OrderSpec::Stop(resting) }
        });
        let mut exits = Vec::new();
        for (side, list) in [Side::Long, Side::Short].into_iter().zip(&x.exits) {
            for exit in list {
                let text = text(&exit.expr);
                let rule = match exit.kind {
                    ExitKind::When => ExitRule::When(Condition::Text(text)),
                    ExitKind::Stop => ExitRule::Stop(text),
                    ExitKind::Target => ExitRule::Target(text),
                    ExitKind::Trail => ExitRule::Trail(text),
                };
                exits.push(ExitSpec { rule, side: Some(side), reason: Some(exit.reason.to_string()) });
            }
        }
        let rule = match (&x.weight, x.size.kind) {
            (Some(weight), _) => {
                let args = BTreeMap::from([("weight".to_owned(), Value::Text(text(weight)))]);
                SizeRule::Block(crate::spec::BlockUse { name: "target_weight".into(), args })
            }
            (None, SizeKind::Fraction) => SizeRule::Fraction(text(&x.size.expr)),
            (None, SizeKind::Value) => SizeRule::Value(text(&x.size.expr)),
            (None, SizeKind::Units) => SizeRule::Units(text(&x.size.expr)),
        };
        let params = self.params.iter().map(|(name, p)| {
            let default = p.named(name).check(&p.default).map_err(Error::Core)?;
            Ok((name.clone(), ParamSpec { default, ..p.clone() }))
        });
        Ok(Self {
            version: self.version,
            name: self.name.clone(),
            about: self.about.clone(),
            source: self.source.clone(),
            profile: self.profile,
            require: sorted(x.require.iter().map(text).collect()),
            filters: x.gates.iter().map(|gate| Condition::Text(text(gate))).collect(),
            params: params.collect::<Result<_>>()?,
            series: BTreeMap::new(),
            entry: EntrySpec {
                long: condition(&x.entry[0]),
                short: condition(&x.entry[1]),
                long_filters: Vec::new(),
                short_filters: Vec::new(),
                strength: x.strength.as_ref().map(text),
                order,
            },
            exits,
            sizing: SizingSpec {
                rule,
                scale: x.size.scale.as_ref().map(text),
                limit_frac: Some(num(&x.size.limit_frac)),
                lot: num(&x.size.lot),
                min_units: num(&x.size.min_units),
            },
            execution: ExecutionSpec {
                capital: Some(x.settings.capital),
                leverage: Some(x.settings.leverage),
                fill: Some(FillSpec(x.settings.fill)),
                holding: Some(x.settings.holding),
                path: self.execution.path,
                opposite: self.execution.opposite,
                cooldown: Cooldown { bars: num(&x.cooldown[0]), sessions: num(&x.cooldown[1]) },
            },
            session: SessionSpec { flat_at_end: x.flat_at_session_end, ..self.session.clone() },
            costs: Some(x.settings.costs),
        })
    }
}

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort();
    list
}

fn exit_word(kind: ExitKind) -> &'static str {
    match kind {
        ExitKind::When => "when",
        ExitKind::Stop => "stop",
        ExitKind::Target => "target",
        ExitKind::Trail => "trail",
    }
}

fn size_word(kind: SizeKind) -> &'static str {
    match kind {
        SizeKind::Fraction => "fraction",
        SizeKind::Value => "value",
        SizeKind::Units => "units",
    }
}

/// The text of an expression in which every part that is computed of numbers and parameters alone is the same mark.
fn erased(ast: &Ast) -> Arc<str> {
    let mut out = Ast::new();
    let mut place: Vec<(NodeId, bool)> = Vec::with_capacity(ast.nodes().len());
    for node in ast.nodes() {
        let mut is_mark = is_leaf_of_numbers(node);
        if !is_mark && is_scalar(node) {
            is_mark = true;
            qe_factors::expr::ast::for_each_child(node, |c| is_mark &= place.get(c.idx()).is_some_and(|p| p.1));
        }
        let at = |id: NodeId| place.get(id.idx()).map_or(id, |p| p.0);
        let node = match node {
            _ if is_mark => Node::Param("_".into()),
            Node::Unary(op, a) => Node::Unary(*op, at(*a)),
            Node::Binary(op, a, b) => Node::Binary(*op, at(*a), at(*b)),
            Node::If(c, a, b) => Node::If(at(*c), at(*a), at(*b)),
            Node::Lag(a, n) => Node::Lag(at(*a), *n),
            Node::Call { name, args, output } => {
                let args = args.iter().map(|a| Arg { name: a.name.clone(), value: at(a.value) }).collect();
                Node::Call { name: name.clone(), args, output: output.clone() }
            }
            leaf => leaf.clone(),
        };
        if let Some(id) = out.push(node) {
            place.push((id, is_mark));
        }
    }
    out.root().map_or_else(|| "".into(), |root| out.print(root).into())
}

fn is_leaf_of_numbers(node: &Node) -> bool {
    matches!(node, Node::Number(_) | Node::Bool(_) | Node::Param(_))
}

/// Whether a node computes one row of its children.
fn is_scalar(node: &Node) -> bool {
    match node {
        Node::Unary(..) | Node::Binary(..) | Node::If(..) => true,
        Node::Call { name, output: None, .. } => {
            let mut alone = Ast::new();
            alone.push(Node::Call { name: name.clone(), args: Box::new([]), output: None });
            is_constant(&alone)
        }
        _ => false,
    }
}
