//! What trading costs. A cost model is a value: it never changes, has an identity, and is part of every run's.
//!
//! Costs multiply cash. A fill of market kind pays half the spread and the slippage in its price, so the price of a purchase
//! is above the bar's and that of a sale below it; a limit pays neither. Fees are paid in money. The spread is the model's, or
//! the market's own where the model asks for it and the market has one ([`crate::market::Market::with_spread`]).

use qe_core::ident::{Id, id_of};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// What trading costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CostModel {
    /// Between bid and ask, as a fraction of the price: half is paid on each side.
    pub spread_frac: f64,
    /// How many times the market's own spread is paid instead, where that is known; 0 for the model's alone.
    #[serde(skip_serializing_if = "is_none")]
    pub market_spread_times: f64,
    /// Beyond the spread, per fill of market kind.
    pub slippage_bps: f64,
    /// Of the value traded, per fill of market kind.
    pub taker_fee_bps: f64,
    /// Of the value traded, per fill by a limit; below 0 is a rebate.
    pub maker_fee_bps: f64,
    /// Money per unit traded: per contract, where a market has an instrument with a multiplier.
    pub fee_per_unit: f64,
    /// The least fee of a fill, in money.
    pub min_fee: f64,
    /// What a fill moves the price by, as a multiple of daily volatility at a full day's volume: it grows with the square
    /// root of the share of average daily volume.
    pub impact_coef: f64,
    /// Paid on the value of short positions, a year of 365 days.
    pub borrow_annual: f64,
    /// Paid by long positions to short ones, a year of 365 days, where a position is open at a funding time.
    pub funding_annual: f64,
    /// Hours between funding times, counted from midnight UTC; 0 for none.
    pub funding_hours: u32,
    /// How spreads widen in a crisis.
    pub crisis: Option<Crisis>,
}

/// How spreads widen: `exp(slope * (volatility / calm_annual - 1))`, at least 1 and at most `cap`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crisis {
    /// The annual volatility at which nothing widens.
    pub calm_annual: f64,
    /// How fast it widens.
    #[serde(default = "one")]
    pub slope: f64,
    /// The most it widens.
    #[serde(default = "fifteen")]
    pub cap: f64,
    /// Bars over which volatility is measured.
    pub period: u32,
}

/// A field that came later is written only where it is used, so that older identities stay.
fn is_none(x: &f64) -> bool {
    *x == 0.0
}

fn one() -> f64 {
    1.0
}

fn fifteen() -> f64 {
    15.0
}

impl Default for CostModel {
    /// No costs.
    fn default() -> Self {
        Self {
            spread_frac: 0.0,
            market_spread_times: 0.0,
            slippage_bps: 0.0,
            taker_fee_bps: 0.0,
            maker_fee_bps: 0.0,
            fee_per_unit: 0.0,
            min_fee: 0.0,
            impact_coef: 0.0,
            borrow_annual: 0.0,
            funding_annual: 0.0,
            funding_hours: 0,
            crisis: None,
        }
    }
}

impl CostModel {
    /// The seed's own: a spread of 0.0003, half on each side, and nothing else.
    pub fn discovery() -> Self {
        Self { spread_frac: 0.0003, ..Self::default() }
    }

    /// What a small account pays in a liquid market: a spread of 2 bps, 1 bp of slippage, 0.5 bps of fees, 1 % for borrowing,
    /// and spreads that widen in a crisis.
    pub fn research() -> Self {
        Self {
            spread_frac: 0.0002,
            slippage_bps: 1.0,
            taker_fee_bps: 0.5,
            borrow_annual: 0.01,
            crisis: Some(Crisis { calm_annual: 0.15, slope: 1.0, cap: 15.0, period: 20 }),
            ..Self::default()
        }
    }

    /// All of it multiplied: what a stress test asks.
    #[must_use]
    pub fn times(&self, k: f64) -> Self {
        Self {
            spread_frac: self.spread_frac * k,
            market_spread_times: self.market_spread_times * k,
            slippage_bps: self.slippage_bps * k,
            taker_fee_bps: self.taker_fee_bps * k,
            maker_fee_bps: self.maker_fee_bps * k,
            fee_per_unit: self.fee_per_unit * k,
            min_fee: self.min_fee * k,
            impact_coef: self.impact_coef * k,
            borrow_annual: self.borrow_annual * k,
            funding_annual: self.funding_annual * k,
            funding_hours: self.funding_hours,
            crisis: self.crisis,
        }
    }

    /// Its identity.
    ///
    /// # Errors
    /// When a field is no finite number in range.
    pub fn id(&self) -> Result<Id> {
        self.check()?;
        Ok(id_of("cost_model", self)?)
    }

    /// The model itself, if it can be used.
    ///
    /// # Errors
    /// When a field is no finite number in range: the field is named.
    pub fn check(&self) -> Result<()> {
        let share = |x: f64| (0.0..1.0).contains(&x);
        let amount = |x: f64| x >= 0.0 && x.is_finite();
        let bps = |x: f64| (0.0..5000.0).contains(&x);
        let fields: [(&str, bool, &str); 10] = [
            ("spread_frac", share(self.spread_frac), "give a fraction from 0 to below 1"),
            (
                "market_spread_times",
                amount(self.market_spread_times),
                "give 1 for the market's own spread, or 0 for none",
            ),
            ("slippage_bps", bps(self.slippage_bps), "give 0 to below 5000 bps"),
            ("taker_fee_bps", bps(self.taker_fee_bps), "give 0 to below 5000 bps"),
            ("maker_fee_bps", bps(self.maker_fee_bps.abs()), "give -5000 to 5000 bps; below 0 is a rebate"),
            ("fee_per_unit", amount(self.fee_per_unit), "give 0 or more"),
            ("min_fee", amount(self.min_fee), "give 0 or more"),
            ("impact_coef", amount(self.impact_coef), "give 0 or more"),
            ("borrow_annual", share(self.borrow_annual), "give a fraction from 0 to below 1"),
            ("funding_annual", self.funding_annual.abs() < 10.0, "give a fraction a year, below 10"),
        ];
        if let Some((name, _, mend)) = fields.into_iter().find(|f| !f.1) {
            return Err(Error::Spec {
                field: format!("costs.{name}"),
                reason: "it is out of range".into(),
                mend: mend.into(),
            });
        }
        if let Some(c) = self.crisis
            && !(c.calm_annual > 0.0
                && c.slope >= 0.0
                && c.slope.is_finite()
                && c.cap >= 1.0
                && c.cap.is_finite()
                && c.period > 1)
        {
            return Err(Error::Spec {
                field: "costs.crisis".into(),
                reason: "it is out of range".into(),
                mend: "give calm_annual above 0, slope 0 or more, cap 1 or more, period 2 or more".into(),
            });
        }
        Ok(())
    }

    /// What a price is multiplied by when buying at the market (and, turned round, when selling), spread widened `wide` times.
    #[inline]
    pub(crate) fn half_cost(&self, wide: f64) -> f64 {
        self.half_cost_of(self.spread_frac, wide)
    }

    /// As [`CostModel::half_cost`], of another spread than the model's.
    #[inline]
    pub(crate) fn half_cost_of(&self, spread_frac: f64, wide: f64) -> f64 {
        0.5 * spread_frac * wide + self.slippage_bps * 1e-4
    }

    /// Whether spreads are asked of the market.
    #[inline]
    pub(crate) fn asks_market(&self) -> bool {
        self.market_spread_times != 0.0
    }

    /// The fee of a fill, in money.
    #[inline]
    pub(crate) fn fee(&self, units: f64, price: f64, is_maker: bool) -> f64 {
        self.fee_of(units, units * price, is_maker)
    }

    /// The fee of a fill of so many units, which are worth so much.
    #[inline]
    pub(crate) fn fee_of(&self, units: f64, value: f64, is_maker: bool) -> f64 {
        let bps = if is_maker { self.maker_fee_bps } else { self.taker_fee_bps };
        let fee = bps * 1e-4 * value.abs() + self.fee_per_unit * units.abs();
        if units == 0.0 || self.min_fee == 0.0 { fee } else { fee.max(self.min_fee) }
    }

    /// How many units money buys at a price of each, fees included.
    #[inline]
    pub(crate) fn affordable(&self, money: f64, price: f64, is_maker: bool) -> f64 {
        let bps = if is_maker { self.maker_fee_bps } else { self.taker_fee_bps };
        let each = price * (1.0 + bps * 1e-4) + self.fee_per_unit;
        let units = money / each;
        // The least fee itself is compared: the fee of these units differs from what they leave by rounding.
        if self.min_fee > 0.0 && self.min_fee > units * (each - price) {
            return ((money - self.min_fee) / price).max(0.0);
        }
        units
    }

    /// Whether holding a position costs anything.
    #[inline]
    pub(crate) fn has_carry(&self) -> bool {
        self.has_carry_of(-1.0)
    }

    /// Whether holding a position of a side costs anything.
    #[inline]
    pub(crate) fn has_carry_of(&self, side: f64) -> bool {
        (side < 0.0 && self.borrow_annual != 0.0) || (self.funding_annual != 0.0 && self.funding_hours > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-12 * a.abs().max(1.0)
    }

    #[test]
    fn half_the_spread_and_all_of_the_slippage_are_in_the_price() {
        let model = CostModel { spread_frac: 0.0006, slippage_bps: 2.0, ..CostModel::default() };
        assert!(near(model.half_cost(1.0), 0.0003 + 0.0002));
        // A spread five times as wide; slippage stays.
        assert!(near(model.half_cost(5.0), 0.0015 + 0.0002));
        assert_eq!(CostModel::discovery().half_cost(1.0), 0.00015);
        // Another spread than the model's.
        assert!(near(model.half_cost_of(0.002, 1.0), 0.001 + 0.0002));
    }

    #[test]
    fn fees_are_of_value_and_units_and_at_least_the_least() {
        let model = CostModel { taker_fee_bps: 5.0, maker_fee_bps: -1.0, fee_per_unit: 0.01, ..CostModel::default() };
        // 200 units at 50: 10,000 of value.
        assert!(near(model.fee(200.0, 50.0, false), 5.0 + 2.0));
        assert!(near(model.fee(-200.0, 50.0, true), -1.0 + 2.0));
        let least = CostModel { min_fee: 9.0, ..model };
        assert_eq!((least.fee(200.0, 50.0, false), least.fee(0.0, 50.0, false)), (9.0, 0.0));
        assert!(near(least.fee(2000.0, 50.0, false), 50.0 + 20.0));
    }

    #[test]
    fn what_money_buys_takes_all_of_it_fees_included() {
        let plain = CostModel { taker_fee_bps: 7.0, fee_per_unit: 0.02, ..CostModel::default() };
        let least = CostModel { min_fee: 3.0, ..plain.clone() };
        for (model, money) in [(&plain, 10_000.0), (&least, 10_000.0), (&least, 50.0)] {
            let units = model.affordable(money, 25.0, false);
            assert!(near(units * 25.0 + model.fee(units, 25.0, false), money), "{money}");
        }
        // Less money than the least fee buys nothing.
        assert_eq!(least.affordable(2.0, 25.0, false), 0.0);
    }

    #[test]
    fn a_stress_multiplies_what_is_paid() {
        let model = CostModel { borrow_annual: 0.01, funding_hours: 8, ..CostModel::research() };
        for k in [1.0, 2.0, 3.0, 5.0, 15.0] {
            let stressed = model.times(k);
            assert!(near(stressed.half_cost(1.0), k * model.half_cost(1.0)));
            assert!(near(stressed.fee(10.0, 10.0, false), k * model.fee(10.0, 10.0, false)));
            assert!(near(stressed.borrow_annual, k * 0.01) && stressed.funding_hours == 8);
        }
        let of_market = CostModel { market_spread_times: 1.0, ..model.clone() };
        assert_eq!(of_market.times(3.0).market_spread_times, 3.0);
        assert_ne!(of_market.id().unwrap(), model.id().unwrap());
        assert_eq!(model.times(1.0).id().unwrap(), model.id().unwrap());
        assert_ne!(model.times(2.0).id().unwrap(), model.id().unwrap());
    }

    #[test]
    fn what_is_out_of_range_is_named() {
        let error = |model: CostModel| model.check().unwrap_err().to_string();
        let nan = CostModel { spread_frac: f64::NAN, ..CostModel::default() };
        assert!(error(nan).contains("costs.spread_frac"));
        let times = CostModel { market_spread_times: -1.0, ..CostModel::default() };
        assert!(error(times).contains("costs.market_spread_times"));
        assert!(error(CostModel { slippage_bps: -1.0, ..CostModel::default() }).contains("costs.slippage_bps"));
        assert!(error(CostModel { min_fee: f64::INFINITY, ..CostModel::default() }).contains("costs.min_fee"));
        let crisis = Crisis { calm_annual: 0.0, slope: 1.0, cap: 15.0, period: 20 };
        assert!(error(CostModel { crisis: Some(crisis), ..CostModel::default() }).contains("costs.crisis"));
        assert!(CostModel::research().check().is_ok() && CostModel::discovery().check().is_ok());
    }
}
