//! Weights over columns, without a strategy: what a signal that already stands in a table comes to.
//!
//! The seed's vectorised engine multiplies positions by returns. Here one pass over the rows of a symbol does the same with
//! the account of a ledger: cash and units, weights restored by the holding rule, changes paid for. By
//! [`Holding::WeightsFree`] that *is* the product of positions and returns, compounded; by [`Holding::Units`] what was bought is held. The
//! rules are those of docs/simulation.md, and a test holds it to the batch walk.

mod track;

use crate::costs::CostModel;
use crate::error::{Error, Result};
use crate::fills::{Count, FillTiming, Holding};

pub use track::{Row, Scored, Track};

/// How weights are traded.
#[derive(Debug, Clone, PartialEq)]
pub struct Vectorized {
    /// When a changed weight is filled.
    pub fill: FillTiming,
    /// What is held between changes.
    pub holding: Holding,
    /// What trading costs: spread, slippage and fees in proportion to what is traded.
    pub costs: CostModel,
    /// Money at the beginning.
    pub capital: f64,
    /// A weight beyond this is cut to it.
    pub leverage: f64,
}

impl Default for Vectorized {
    /// The seed's formula, a bar later: positions times returns from the next open on, free of cost, all money at most.
    fn default() -> Self {
        Self {
            fill: FillTiming::NEXT_OPEN,
            holding: Holding::WeightsFree,
            costs: CostModel::default(),
            capital: 10_000.0,
            leverage: 1.0,
        }
    }
}

impl Vectorized {
    /// It itself, if one pass over columns can do it.
    ///
    /// # Errors
    /// When a field is out of range, a delay counts sessions, or a cost is not in proportion to what is traded.
    pub fn check(&self) -> Result<&Self> {
        let fault = |field: &str, reason: &str, mend: &str| Err(Error::spec(field, reason, mend));
        if let Some((reason, mend)) = self.fill.fault() {
            return fault("fill", reason, mend);
        }
        if self.fill.count == Count::Sessions {
            return fault("fill.count", "a pass over columns counts bars", "count bars, or run it as a strategy");
        }
        if !(self.capital > 0.0 && self.capital.is_finite()) {
            return fault("capital", "there is no money to begin with", "give a number above 0");
        }
        if self.leverage.is_nan() || self.leverage <= 0.0 {
            return fault("leverage", "nothing may be held", "give a number above 0, such as 1");
        }
        self.costs.check()?;
        let c = &self.costs;
        let others: [(&str, bool); 7] = [
            ("costs.fee_per_unit", c.fee_per_unit != 0.0),
            ("costs.min_fee", c.min_fee != 0.0),
            ("costs.impact_coef", c.impact_coef != 0.0),
            ("costs.market_spread_times", c.market_spread_times != 0.0),
            ("costs.borrow_annual", c.borrow_annual != 0.0),
            ("costs.funding_annual", c.funding_annual != 0.0),
            ("costs.crisis", c.crisis.is_some()),
        ];
        if let Some((field, _)) = others.iter().find(|(_, is_there)| *is_there) {
            let mend = "leave it out, or run the weight as a strategy (sizing.target_weight)";
            return fault(field, "a pass over columns charges in proportion to what is traded", mend);
        }
        Ok(self)
    }
}
