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

mod erase;
mod written;

use std::collections::BTreeMap;
use std::sync::Arc;

use qe_core::ident::{Id, id_of};
use qe_core::param::{Kind, Scale, Value};
use qe_data::events::EventKind;
use serde::Serialize;

use crate::costs::CostModel;
use crate::error::Result;
use crate::expand::{ExitExpr, Expanded, Expr};
use crate::fills::{FillTiming, Holding, PathPolicy};
use crate::program::{ExitKind, SizeKind};
use crate::spec::{Opposite, ParamSpec, StrategySpec};
use erase::erased;

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
