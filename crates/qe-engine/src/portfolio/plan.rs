//! From a portfolio as it is written to sleeves: a compiled strategy, a market and a purse for each.

use std::sync::Arc;

use qe_core::error::nearest;
use qe_core::ident::Id;
use qe_core::point::PointTable;
use qe_factors::expr::Schema;

use super::run::Sleeve;
use super::spec::{PortfolioSpec, SleeveSpec};
use crate::broker;
use crate::costs::CostModel;
use crate::error::{Error, Result};
use crate::fills::PathPolicy;
use crate::market::Market;
use crate::program::StrategyPlan;
use crate::spec::StrategySpec;

/// A portfolio that is ready to be run.
pub(super) struct Folio {
    pub(super) plans: Vec<StrategyPlan>,
    /// Of each sleeve, its plan.
    pub(super) of: Vec<usize>,
    pub(super) sleeves: Vec<Sleeve>,
    pub(super) markets: Vec<Market>,
    /// When each sleeve is warm: the opening of the first bar on which it may decide.
    pub(super) warm: Vec<i64>,
    pub(super) broker: broker::Spec,
    pub(super) spec_ids: Vec<Id>,
}

impl Folio {
    pub(super) fn new(
        spec: &PortfolioSpec,
        give: &dyn Fn(&str) -> Result<StrategySpec>,
        markets: &[Market],
    ) -> Result<Self> {
        spec.check()?;
        let mut folio = Self {
            plans: Vec::new(),
            of: Vec::new(),
            sleeves: Vec::new(),
            markets: Vec::new(),
            warm: Vec::new(),
            broker: broker::Spec::default(),
            spec_ids: Vec::new(),
        };
        for (i, sleeve) in spec.sleeves.iter().enumerate() {
            folio.add(i, sleeve, give, markets)?;
        }
        let costs = spec.costs.clone().map_or_else(|| folio.costs(), Ok)?;
        let path = spec.path.map_or_else(|| folio.path(), Ok)?;
        for plan in &mut folio.plans {
            plan.costs.clone_from(&costs);
            // The broker widens spreads by itself.
            plan.spread_multiplier = None;
            plan.execution.path = path;
            plan.execution.leverage = spec.leverage;
        }
        let is_flat = |at: &usize| folio.plans[folio.of[*at]].execution.flat_at_session_end;
        let flat: Vec<u32> = (0..folio.sleeves.len()).filter(is_flat).map(|at| at as u32).collect();
        folio.broker = broker::Spec {
            capital: spec.capital,
            leverage: spec.leverage,
            path,
            costs,
            processing: spec.processing,
            volume_frac: spec.volume_frac,
            maintenance_frac: spec.maintenance_frac,
            position_limit_frac: spec.limits.position_frac,
            gross_limit_frac: spec.limits.gross_frac,
            flat_at_session_end: !flat.is_empty(),
            flat_markets: flat,
            purses: folio.sleeves.iter().map(|s| s.weight * spec.capital).collect(),
            ..broker::Spec::default()
        };
        Ok(folio)
    }

    /// A strategy over its symbols.
    fn add(
        &mut self,
        i: usize,
        sleeve: &SleeveSpec,
        give: &dyn Fn(&str) -> Result<StrategySpec>,
        markets: &[Market],
    ) -> Result<()> {
        let field = |name: &str| format!("sleeves[{i}].{name}");
        let strategy = give(&sleeve.strategy)?;
        let points = point(&strategy, sleeve, &field("params"))?;
        let spec_id = strategy.spec_id()?;
        let mut compiled: Vec<(Schema, f64, usize)> = Vec::new();
        for (at, symbol) in sleeve.symbols.iter().enumerate() {
            let Some(market) = markets.iter().find(|m| m.symbol() == symbol) else {
                let names: Vec<&str> = markets.iter().map(Market::symbol).collect();
                let mend = match nearest(symbol, names.iter().copied()) {
                    Some(near) => format!("did you mean {near}?"),
                    None => format!("there are {}", names.join(", ")),
                };
                return Err(Error::spec(field(&format!("symbols[{at}]")), format!("{symbol} has no bars"), mend));
            };
            let (schema, years) = (market.schema(), market.steps_per_year());
            // What compiles for one market does so for all that are like it.
            let known = compiled.iter().find(|(other, y, _)| *y == years && other.is_like(&schema)).map(|c| c.2);
            let plan = match known {
                Some(plan) => plan,
                None => {
                    self.plans.push(strategy.compile(&schema, years, Some(&points))?);
                    compiled.push((schema, years, self.plans.len() - 1));
                    self.plans.len() - 1
                }
            };
            let lookback = match self.plans[plan].programs.first() {
                Some(Ok(program)) => program.lookback,
                Some(Err(reason)) => return Err(Error::spec(field("params"), reason.to_string(), "give others")),
                None => 0,
            };
            let opens = market.columns().axis().open();
            self.warm.push(opens.get(lookback).copied().unwrap_or(i64::MAX));
            self.of.push(plan);
            self.markets.push(market.clone());
            self.spec_ids.push(spec_id);
            self.sleeves.push(Sleeve {
                group: i,
                strategy: Arc::from(&*sleeve.strategy),
                symbol: Arc::from(&**symbol),
                weight: sleeve.weight / sleeve.symbols.len() as f64,
            });
        }
        Ok(())
    }

    /// What trading costs, as all strategies say.
    fn costs(&self) -> Result<CostModel> {
        let first = &self.plans[0];
        match self.plans.iter().find(|plan| plan.costs != first.costs) {
            None => Ok(first.costs.clone()),
            Some(other) => Err(Error::spec(
                "costs",
                format!("{} and {} say otherwise what trading costs", first.name, other.name),
                "say it for the portfolio: `[costs]`",
            )),
        }
    }

    /// How the order of prices within a bar is decided, as all strategies say.
    fn path(&self) -> Result<PathPolicy> {
        let first = &self.plans[0];
        match self.plans.iter().find(|plan| plan.execution.path != first.execution.path) {
            None => Ok(first.execution.path),
            Some(other) => Err(Error::spec(
                "path",
                format!("{} and {} take prices within a bar in different orders", first.name, other.name),
                "say it for the portfolio: `path = \"pessimistic\"`",
            )),
        }
    }
}

/// The point at which a sleeve's strategy is played.
fn point(strategy: &StrategySpec, sleeve: &SleeveSpec, field: &str) -> Result<PointTable> {
    let params = strategy.params();
    if let Some(name) = sleeve.params.keys().find(|name| !params.iter().any(|p| p.name == **name)) {
        let known: Vec<&str> = params.iter().map(|p| p.name.as_str()).collect();
        let mend = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("there are {}", known.join(", ")),
        };
        return Err(Error::spec(field, format!("{} has no parameter {name}", strategy.name), mend));
    }
    let values: Vec<_> = params.iter().map(|p| sleeve.params.get(&p.name).unwrap_or(&p.default).clone()).collect();
    let mut points = PointTable::new(params)?;
    points.push(0, &values)?;
    Ok(points)
}
