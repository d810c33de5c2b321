//! The expressions that a strategy comes to, for those who want to read them.

use qe_factors::expr::Ast;
use qe_factors::plan::Scope;

use super::listing::Listing;
use super::{Filling, crisis};
use crate::error::Result;
use crate::spec::{Side, StrategySpec};

/// An expression of a strategy: blocks are expanded and series put in; parameters stay as they are.
#[derive(Debug, Clone)]
pub struct SpecExpression {
    /// Where it belongs: `entry.long`, `exits[1].when`, `sizing`.
    pub field: String,
    /// Of an exit, which side it leaves.
    pub side: Option<Side>,
    /// It.
    pub ast: Ast,
    /// What it may read beside the market.
    pub scope: Scope,
    /// Its place in [`StrategyPlan::compiled`](crate::program::StrategyPlan::compiled); none where it is a number of
    /// parameters alone, which is not computed over rows.
    pub place: Option<usize>,
}

impl StrategySpec {
    /// The expressions that it comes to, in the order in which a plan has them.
    ///
    /// # Errors
    /// As [`StrategySpec::check`].
    pub fn expressions(&self, periods_per_year: f64) -> Result<Vec<SpecExpression>> {
        let expanded = self.expand()?;
        let filling = Filling::new(periods_per_year, []);
        let listing = Listing::new(&expanded, &filling, crisis(expanded.settings.costs.crisis.as_ref()))?;
        let all = listing.listed.into_iter().zip(listing.compiled);
        let mut all: Vec<SpecExpression> = all
            .map(|(l, place)| SpecExpression { field: l.field, side: None, ast: l.ast, scope: l.scope, place })
            .collect();
        for (side, exits) in [Side::Long, Side::Short].into_iter().zip(&listing.exits) {
            exits.iter().for_each(|(idx, _)| all[*idx].side = Some(side));
        }
        Ok(all)
    }
}
