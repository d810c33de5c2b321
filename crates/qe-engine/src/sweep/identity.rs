//! What each row of a sweep is a result of.

use std::collections::BTreeMap;

use qe_core::eval::{Fidelity, Window};
use qe_core::param::{Param, Value};
use qe_core::point::PointTable;
use qe_factors::expr::{ACROSS, Node};

use super::{Compiled, Sweep, scored};
use crate::error::{Error, Result};
use crate::run::RunIdentity;
use crate::spec::StrategySpec;

impl Sweep {
    /// The identity of one point, as [`run`](crate::run::run) gives it of that point alone over the same bars: the same
    /// `run_id`. A point that fails has one, too. It costs a compilation of this point.
    ///
    /// The table of outcomes has the evaluator's [`Evaluator::id`](qe_core::eval::Evaluator::id) in common, and nothing
    /// of this in its columns: whoever stores a row asks for it. A point that is not warm, and may wait
    /// ([`Warmup::Idle`](crate::batch::Warmup::Idle)), has an identity that no run alone has.
    ///
    /// # Errors
    /// When the table does not fit the strategy, it has no such row, or no bar lies in the window.
    pub fn identity(
        &self,
        points: &PointTable,
        row: usize,
        fidelity: Fidelity,
        window: &Window,
    ) -> Result<RunIdentity> {
        if row >= points.len() {
            return Err(Error::spec(
                "points",
                format!("there is no row {row} of {}", points.len()),
                "give a row of it",
            ));
        }
        let order = self.order_of(points)?;
        let market = &self.markets[self.market_of_each(points, &order)(row)];
        let Compiled(plan, _) = self.plan(points, &order[..self.spec.params().len()], market, &[row])?;
        RunIdentity::of(&self.spec, &plan, market, &scored(market, fidelity, window)?, 0, self.options.warmup, 0)
    }

    /// The identity of every point, as [`Sweep::identity`] gives it. Where points must be warm and no expression reads
    /// another symbol, those of one market differ in their parameters alone, so one compilation a market is enough.
    ///
    /// # Errors
    /// As [`Sweep::identity`].
    pub fn identities(&self, points: &PointTable, fidelity: Fidelity, window: &Window) -> Result<Vec<RunIdentity>> {
        if !self.options.warmup.is_required() || names_symbols(&self.spec)? {
            return (0..points.len()).map(|row| self.identity(points, row, fidelity, window)).collect();
        }
        let params = self.spec.params();
        let order = self.order_of(points)?;
        let market_of = self.market_of_each(points, &order);
        let mut of_market: BTreeMap<usize, RunIdentity> = BTreeMap::new();
        let mut out = Vec::with_capacity(points.len());
        for row in 0..points.len() {
            let market = market_of(row);
            let first = match of_market.get(&market) {
                Some(first) => first,
                None => of_market.entry(market).or_insert(self.identity(points, row, fidelity, window)?),
            };
            let value = |(param, &at): (&Param, &usize)| -> Result<(String, Value)> {
                let value = points.value(row, at).unwrap_or_else(|| param.default.clone());
                Ok((param.name.clone(), param.check(&value)?))
            };
            let params = params.iter().zip(&order).map(value).collect::<Result<_>>()?;
            let mut identity = RunIdentity { params, ..first.clone() };
            identity.run_id = identity.own_id()?;
            out.push(identity);
        }
        Ok(out)
    }
}

/// Whether some expression of a strategy reads another symbol, or compares symbols, at whatever point.
///
/// # Errors
/// As [`StrategySpec::check`].
pub(super) fn names_symbols(spec: &StrategySpec) -> Result<bool> {
    let is_of_others = |name: &str| name == "sym" || ACROSS.contains(&name);
    let is_of_others = |node: &Node| matches!(node, Node::Call { name, .. } if is_of_others(name));
    Ok(spec.expand()?.checks.iter().any(|check| check.ast.nodes().iter().any(is_of_others)))
}
