//! Why two runs may differ, and which fields each cause has.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use qe_core::param::Value as Param;
use qe_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::changed::{Changed, of_values};
use super::{Side, data};
use crate::error::{Error, Result};
use crate::fills::PathPolicy;
use crate::run::{RunIdentity, identity};
use crate::spec::profile::Settings;
use crate::spec::{FillSpec, StrategySpec};

/// Why two runs may differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The market, and what it was given beside its bars; the symbols that are read.
    Data,
    /// The rules: when it is entered and left, how much, what sessions forbid; which parameters there are.
    Spec,
    /// What parameters are that both have.
    Params,
    /// What trading costs.
    Costs,
    /// When decisions are filled, and in which order a bar visits its prices.
    Fill,
    /// What is held between decisions.
    Holding,
    /// Money at the beginning, and leverage.
    Capital,
    /// From when on and until when it was asked to be scored.
    Stretch,
    /// The code: what a stored result differs by from what the same run gives now.
    Version,
}

impl Cause {
    /// Those whose share is found by running mixes: all but the version.
    pub const MIXED: [Self; 8] =
        [Self::Data, Self::Spec, Self::Params, Self::Costs, Self::Fill, Self::Holding, Self::Capital, Self::Stretch];
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Data => "data",
            Self::Spec => "rules",
            Self::Params => "parameters",
            Self::Costs => "costs",
            Self::Fill => "fill rule",
            Self::Holding => "holding rule",
            Self::Capital => "capital",
            Self::Stretch => "stretch",
            Self::Version => "version",
        })
    }
}

/// What one side is made of, taken apart by cause.
pub(super) struct Made<'a> {
    pub(super) side: &'a Side<'a>,
    pub(super) settings: Settings,
    pub(super) path: PathPolicy,
    pub(super) params: &'a BTreeMap<String, Param>,
    /// The rules alone, in canonical form.
    pub(super) rules: Value,
}

impl<'a> Made<'a> {
    /// Of a side, called by a name.
    pub(super) fn of(side: &'a Side<'a>, name: &str) -> Result<Self> {
        let (own, told) = (identity(side.spec, side.market, side.options)?, &side.report.identity);
        if own.run_id != told.run_id {
            let fields = of_values("", &json(&own)?, &json(told)?);
            let fields: Vec<&str> = fields.iter().map(|c| c.field.as_str()).filter(|f| *f != "run_id").collect();
            let reason = format!("its report is of another run: {} differ", fields.join(", "));
            return Err(Error::Market {
                place: format!("side {name}, {} on {}", side.spec.name, side.market.key()),
                reason,
                mend: "give the report of this strategy over this market with these options".into(),
            });
        }
        Ok(Self {
            side,
            settings: side.spec.settings()?,
            path: side.spec.execution.path,
            params: &side.report.identity.params,
            rules: rules(side.spec)?,
        })
    }
}

/// The canonical form of a strategy without what other causes have, and without what is no part of its identity.
fn rules(spec: &StrategySpec) -> Result<Value> {
    let mut rules = json(&spec.with_defaults_written()?)?;
    let leave_out = |value: &mut Value, names: &[&str]| {
        if let Value::Object(map) = value {
            map.retain(|name, _| !names.contains(&name.as_str()));
        }
    };
    leave_out(&mut rules, &["version", "name", "about", "source", "profile", "costs"]);
    if let Some(execution) = rules.get_mut("execution") {
        leave_out(execution, &["capital", "leverage", "fill", "path", "holding"]);
    }
    if let Some(Value::Array(exits)) = rules.get_mut("exits") {
        exits.iter_mut().for_each(|exit| leave_out(exit, &["reason"]));
    }
    // What a parameter may be, and is when nobody says, wins nothing: what it is does.
    if let Some(Value::Object(params)) = rules.get_mut("params") {
        for param in params.values_mut() {
            let kind = match param.get("kind") {
                Some(Value::Object(kind)) => kind.keys().next().cloned().map_or(Value::Null, Value::from),
                kind => kind.cloned().unwrap_or_default(),
            };
            *param = kind;
        }
    }
    // Of these the order is no part of a strategy.
    for path in ["/filters", "/session/blackout/events"] {
        if let Some(Value::Array(list)) = rules.pointer_mut(path) {
            list.sort_by_key(ToString::to_string);
        }
    }
    Ok(rules)
}

/// Anything as JSON.
pub(super) fn json(value: &impl Serialize) -> Result<Value> {
    serde_json::to_value(value).map_err(|e| Error::Market {
        place: "a side of a difference".into(),
        reason: e.to_string(),
        mend: "give numbers that JSON can hold".into(),
    })
}

/// The fields in which two sides differ, by cause; causes that have none are left out.
pub(super) fn of_sides(a: &Made<'_>, b: &Made<'_>) -> Result<BTreeMap<Cause, Vec<Changed>>> {
    let mut out: BTreeMap<Cause, Vec<Changed>> = BTreeMap::new();
    let mut put = |cause: Cause, changed: Vec<Changed>| {
        if !changed.is_empty() {
            out.entry(cause).or_default().extend(changed);
        }
    };
    let reads = |made: &Made<'_>| made.side.report.identity.reads.keys().cloned().collect::<BTreeSet<String>>();
    let reads: BTreeSet<String> = reads(a).union(&reads(b)).cloned().collect();
    let compares = [a, b].iter().any(|made| made.side.report.identity.compared.is_some());
    put(Cause::Data, data::of_markets(a.side.market, b.side.market, &reads, compares)?);
    put(Cause::Spec, of_values("", &a.rules, &b.rules));
    put(Cause::Params, of_params(a.params, b.params)?);
    put(Cause::Costs, of_values("costs", &costs(a)?, &costs(b)?));
    let fill = |made: &Made<'_>| {
        Ok::<_, Error>(json!({ "fill": json(&FillSpec(made.settings.fill))?, "path": json(&made.path)? }))
    };
    put(Cause::Fill, of_values("execution", &fill(a)?, &fill(b)?));
    let holding = |made: &Made<'_>| json(&made.settings.holding);
    put(Cause::Holding, of_values("execution.holding", &holding(a)?, &holding(b)?));
    let capital = |made: &Made<'_>| json!({ "capital": made.settings.capital, "leverage": made.settings.leverage });
    put(Cause::Capital, of_values("execution", &capital(a), &capital(b)));
    let stretch = |made: &Made<'_>| {
        let at = |time: Option<i64>| time.map_or(Value::Null, |t| Value::from(Timestamp(t).to_string()));
        json!({ "eval_start": at(made.side.options.eval_start), "eval_end": at(made.side.options.eval_end) })
    };
    put(Cause::Stretch, of_values("", &stretch(a), &stretch(b)));
    Ok(out)
}

/// The parameters that both have, and that differ; those that one has alone belong to its rules.
fn of_params(a: &BTreeMap<String, Param>, b: &BTreeMap<String, Param>) -> Result<Vec<Changed>> {
    let mut out = Vec::new();
    for (name, x) in a {
        if let Some(y) = b.get(name).filter(|y| *y != x) {
            out.push(Changed::new(format!("params.{name}"), json(x)?, json(y)?));
        }
    }
    Ok(out)
}

/// A cost model with every field written.
fn costs(made: &Made<'_>) -> Result<Value> {
    let mut costs = json(&made.settings.costs)?;
    if let Value::Object(map) = &mut costs {
        map.entry("market_spread_times").or_insert_with(|| Value::from(0.0));
    }
    Ok(costs)
}

/// The fields of its data in which a stored run is not what its side is now: as it is made of the same strategy in the same
/// way, all else is a consequence, or the version's.
pub(super) fn data_since(stored: &RunIdentity, now: &RunIdentity) -> Result<Vec<Changed>> {
    const DATA: [&str; 7] = ["data_id", "calendar_id", "reads", "compared", "vendor", "symbol", "frequency"];
    let mut changed = of_values("", &json(stored)?, &json(now)?);
    // Files of before calendars were told say nothing of theirs.
    let is_told = |c: &Changed| c.field != "calendar_id" || !c.a.is_null();
    changed.retain(|c| is_told(c) && DATA.iter().any(|name| c.field.split(['.', '[']).next() == Some(name)));
    Ok(changed)
}
