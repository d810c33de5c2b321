//! A strategy written out: blocks expanded, series put in, defaults said.

use std::collections::BTreeMap;

use qe_core::param::Value;

use super::sorted;
use crate::error::{Error, Result};
use crate::expand::Expr;
use crate::program::{ExitKind, SizeKind};
use crate::spec::{
    BlockUse, Condition, Cooldown, EntrySpec, ExecutionSpec, ExitRule, ExitSpec, FillSpec, Num, OrderSpec, ParamSpec,
    RestingSpec, SessionSpec, Side, SizeRule, SizingSpec, StrategySpec,
};

impl StrategySpec {
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
                SizeRule::Block(BlockUse { name: "target_weight".into(), args })
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
